/* The fields that conditions on journal entries can be about, for journal_match.c. */
#ifndef EMULATOR_JOURNAL_FIELDS_H
#define EMULATOR_JOURNAL_FIELDS_H

#include "emulator/journal_match.h"

struct match_field {
    const char *name;
    enum journal_text text;
    /* One glob against one entry. */
    bool (*fits)(const struct match_condition *condition, const char *glob,
                 const struct journal *journal, size_t index);
    /* May be NULL: false with what is expected in `error`. */
    bool (*check)(struct match_condition *condition, const char *glob, struct buf *error);
    bool single; /* takes no list */
};

extern const struct match_field match_fields[];
extern const size_t match_field_count;

#endif

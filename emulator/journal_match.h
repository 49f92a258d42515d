/*
 * Conditions on journal entries, as a query string or a JSON object gives them:
 * {"plane": "redis", "command": ["GET", "MGET"], "key": "user:*"}. Values are globs or lists of
 * them; a condition holds when one of its globs fits, a match when all of its conditions hold.
 */
#ifndef EMULATOR_JOURNAL_MATCH_H
#define EMULATOR_JOURNAL_MATCH_H

#include "emulator/journal.h"

enum { MATCH_CONDITIONS = 20 };

struct match_field;

struct match_condition {
    const struct match_field *field;
    char **globs; /* owned, as is each */
    size_t count;
    int64_t number;
};

/* Zeroed: fits everything. */
struct journal_match {
    struct match_condition conditions[MATCH_CONDITIONS];
    size_t count;
};

/* False with one line in `error` that names the bad member; finish it in either case. */
bool journal_match_parse(struct journal_match *match, const cJSON *object, struct buf *error);
/* "plane=redis&key=user%3A*"; the names in `others` (NULL-terminated) are the caller's own. */
bool journal_match_parse_query(struct journal_match *match, struct bytes query,
                               const char *const *others, struct buf *error);
void journal_match_finish(struct journal_match *match);

/* How many conditions do not hold for entry `index`; *missed is the name of the last of them. */
size_t journal_match_misses(const struct journal_match *match, const struct journal *journal,
                            size_t index, const char **missed);
bool journal_match_fits(const struct journal_match *match, const struct journal *journal,
                        size_t index);
/* Whether the match can fit Redis commands at all, which are recorded only when asked for. */
bool journal_match_wants_commands(const struct journal_match *match);
/* "plane redis, command GET, key user:1" or "anything". */
void journal_match_describe(const struct journal_match *match, struct buf *text);

#endif

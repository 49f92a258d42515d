/*
 * Expectations of what an application did, judged against the journal: "exactly two GETs of this
 * key", "no KEYS", "every SET has a TTL". In the manner of WireMock's verification.
 */
#ifndef EMULATOR_JOURNAL_VERIFY_H
#define EMULATOR_JOURNAL_VERIFY_H

#include "emulator/journal.h"

struct verify_question {
    const struct journal *journal;
    bool commands_recorded; /* since the journal was last cleared */
    const cJSON *body;      /* one expectation, a list of them, or {"expectations": [...]} */
};

/* Owned by the caller; NULL with one line in `error` when the body is malformed. */
cJSON *journal_verify(const struct verify_question *question, struct buf *error);

#endif

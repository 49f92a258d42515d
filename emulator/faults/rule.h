/*
 * A fault rule: parsed and checked once, so that what was accepted is honoured. Its JSON is what
 * the admin API takes and shows.
 */
#ifndef EMULATOR_FAULTS_RULE_H
#define EMULATOR_FAULTS_RULE_H

#include "base/clock.h"
#include "emulator/faults/match.h"

enum { FAULT_LONGEST_ID = 63 };

struct faults;

struct fault_rule {
    char id[FAULT_LONGEST_ID + 1]; /* empty: none was given */
    enum fault_plane plane;
    const struct fault_kind *kind;
    struct fault_match match;
    struct fault_value values[FAULT_MOST_ATTRIBUTES];
    int64_t priority;
    double probability;
    uint64_t times, after; /* times 0: without end */
    int64_t start_after_ms;
    int64_t duration_ms; /* 0: without end */
    bool enabled;

    /* The engine's: where the rule is in its life. */
    struct faults *owner;
    uint64_t place;             /* in the list: among those of one priority, the lower first */
    uint64_t serial, activated; /* of its present form; of becoming active (0: never yet) */
    int64_t begins_ms, ends_ms; /* INT64_MAX: never */
    bool active;                /* enabled, and within its window */
    uint64_t hits, fired;
    unsigned step;
    struct timer edge; /* of the window */
    struct timer next_step;
};

/*
 * Reads one rule. NULL with one line in `error` that names what is wrong, and the nearest allowed
 * word. Owned by the caller.
 */
struct fault_rule *fault_rule_parse(const cJSON *document, struct buf *error);
void fault_rule_destroy(struct fault_rule *rule); /* not in an engine; NULL is fine */
/* With every default filled in; owned by the caller. */
cJSON *fault_rule_document(const struct fault_rule *rule);
struct fault fault_rule_view(const struct fault_rule *rule, int64_t now_ms, struct random *random);
/* "startAfter", "match" ...: whether a rule has such a field. */
bool fault_field_known(struct bytes name);

#endif

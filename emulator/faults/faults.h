/*
 * The fault engine: rules in order, their windows on the emulator's clock, and the one question
 * that all planes ask: does a rule act on this? Opens no socket and carries nothing out.
 *
 * Without rules for a plane the question is one test of faults_armed.
 */
#ifndef EMULATOR_FAULTS_FAULTS_H
#define EMULATOR_FAULTS_FAULTS_H

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "emulator/faults/fault.h"
#include "emulator/faults/rule.h"

enum { FAULTS_MOST_RULES = 10000 };

/* The part that hot paths look at. */
struct faults_summary {
    unsigned planes; /* FAULT_BITs: a rule is active there and not spent */
};

struct faults;

/* Told whenever rules came, went, began or ended. Embedded in its owner, zeroed at first. */
struct faults_listener {
    void (*changed)(struct faults_listener *listener);
    struct faults_listener *next, **at; /* private: `at` is NULL when not listening */
};

struct faults_config {
    struct clock *clock;
    struct random *random;
    /* A rule with steps (a failover) has one to be taken now. May be NULL. */
    void (*step)(void *context, const struct fault_rule *rule, const struct fault_verdict *verdict);
    /* A rule has fired, for the journal. May be NULL. */
    void (*fired)(void *context, const struct fault_subject *subject,
                  const struct fault_verdict *verdict);
    void *context;
};

struct faults *faults_create(const struct faults_config *config);
void faults_destroy(struct faults *faults); /* NULL is fine; listeners must have left */

static inline bool faults_armed(const struct faults *faults, enum fault_plane plane)
{
    return (((const struct faults_summary *)faults)->planes & FAULT_BIT(plane)) != 0;
}

/*
 * The first rule that acts decides: lowest priority, then list order. False: none does, and the
 * verdict (which is large, so nobody clears it for nothing) is as it was, or zero.
 */
bool faults_decide(struct faults *faults, const struct fault_subject *subject,
                   struct fault_verdict *verdict);
/* Whether nobody gets in on that port, whatever else is known later: counts as no firing. */
bool faults_port_down(const struct faults *faults, struct bytes port);
/* Whether the rule that gave a verdict with this serial is still there, enabled and in its window.
 */
bool faults_acting(const struct faults *faults, uint64_t serial);
/* The order number of the latest rule that became active: for fault_subject.since. */
uint64_t faults_order(const struct faults *faults);

/* The seeded generator, for chances that come after a verdict. */
struct random *faults_random(struct faults *faults);

void faults_listen(struct faults *faults, struct faults_listener *listener);
void faults_leave(struct faults *faults, struct faults_listener *listener);

/* ---- Rules ---- */

enum faults_result {
    FAULTS_DONE,
    FAULTS_BAD_RULE,  /* `error` names what is wrong */
    FAULTS_DUPLICATE, /* a rule with that id is there */
    FAULTS_TOO_MANY,
    FAULTS_NOT_FOUND,
};

/* One rule, or a list of rules: all or none. *answer is the rule, or the list, as shown. */
enum faults_result faults_add(struct faults *faults, const cJSON *document, cJSON **answer,
                              struct buf *error);
/* Fields of `patch` replace those of the rule; `attributes` and `match` merge, null removes. */
enum faults_result faults_change(struct faults *faults, struct bytes id, const cJSON *patch,
                                 cJSON **answer, struct buf *error);
bool faults_remove(struct faults *faults, struct bytes id);
void faults_clear(struct faults *faults);
size_t faults_count(const struct faults *faults);
/* Owned by the caller; NULL: no such rule. */
cJSON *faults_show(const struct faults *faults, struct bytes id);
cJSON *faults_list(const struct faults *faults);
/* Id, plane, type and counts of those that are active, at most a hundred. */
cJSON *faults_summary_list(const struct faults *faults);

/* ---- Snapshots ---- */

cJSON *faults_save(const struct faults *faults);
/* Whether faults_load would take it; NULL stands for no rules. */
bool faults_check(const cJSON *document, struct buf *error);
/* Replaces all rules, with what is left of their windows. A document that was checked. */
void faults_load(struct faults *faults, const cJSON *document);

#endif

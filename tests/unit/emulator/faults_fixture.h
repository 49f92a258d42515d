/* An engine on a frozen clock, and rules as JSON text, for the tests of faults. */
#ifndef TESTS_UNIT_EMULATOR_FAULTS_FIXTURE_H
#define TESTS_UNIT_EMULATOR_FAULTS_FIXTURE_H

#include "emulator/faults/faults.h"
#include "emulator/faults/families.h"

struct faults_fixture {
    struct clock *clock;
    struct random random;
    struct faults *faults;
    unsigned steps; /* taken by rules */
    struct fault_verdict step;
    struct fault_verdict verdict; /* of the last fixture_ask */
};

void fixture_init(struct faults_fixture *fixture);
void fixture_finish(struct faults_fixture *fixture);
/* The message of the refusal, or NULL when the rule (or list) was taken. Borrowed until the next.
 */
const char *fixture_add(struct faults_fixture *fixture, const char *json);
/* Whether a rule acts on a command of that cache and key (NULL: none). */
bool fixture_command(struct faults_fixture *fixture, const char *cache, const char *command,
                     const char *key);
bool fixture_ask(struct faults_fixture *fixture, const struct fault_subject *subject);
/* What a kind decides by itself, with these attributes (JSON). False also for bad attributes. */
bool fixture_decide(const char *type, enum fault_plane plane, const char *attributes,
                    const struct fault_subject *subject, struct fault_verdict *verdict);
/* The same, so long after the rule became active. */
bool fixture_decide_at(const char *type, enum fault_plane plane, const char *attributes,
                       int64_t elapsed_ms, const struct fault_subject *subject,
                       struct fault_verdict *verdict);

#endif

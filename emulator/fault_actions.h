/*
 * Faults that do something of themselves (a failover, a rotated key), carried out on the caches;
 * and what the journal is told of faults that fired.
 */
#ifndef EMULATOR_FAULT_ACTIONS_H
#define EMULATOR_FAULT_ACTIONS_H

#include "emulator/faults/faults.h"

struct app;

/* As faults_config.step and .fired; the context is the app. */
void fault_actions_step(void *context, const struct fault_rule *rule,
                        const struct fault_verdict *verdict);
void fault_actions_fired(void *context, const struct fault_subject *subject,
                         const struct fault_verdict *verdict);

/* Rules have changed: maintenance that was planned by one that is gone does not happen. */
void fault_actions_call_off(struct app *app);

#endif

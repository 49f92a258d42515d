/* One scenario while it runs, for scenarios.c. */
#ifndef EMULATOR_SCENARIOS_RUN_H
#define EMULATOR_SCENARIOS_RUN_H

#include "emulator/scenarios/scenarios.h"

struct scenario_run;

/* Both are borrowed until the stop. What begins at once has happened on return. */
struct scenario_run *scenario_run_start(const struct scenarios_config *config,
                                        const cJSON *document, struct bytes cache);
void scenario_run_stop(struct scenario_run *run); /* its faults go, the clock goes as before */
/* The journal has a new last entry. */
void scenario_run_heard(struct scenario_run *run);
cJSON *scenario_run_show(const struct scenario_run *run); /* owned by the caller */

#endif

/*
 * A scenario as a document: a story, steps on a timeline, and what fixes it. docs/scenarios.md
 * describes the fields. Once checked, a document is read without asking again.
 */
#ifndef EMULATOR_SCENARIOS_SCENARIO_H
#define EMULATOR_SCENARIOS_SCENARIO_H

#include <cjson/cJSON.h>

#include "base/bytes.h"

enum {
    SCENARIO_LONGEST_NAME = 40,
    SCENARIO_LONGEST_LABEL = 20, /* of a fault in it */
    SCENARIO_MOST_STEPS = 200,
};

/* False with one line in `error` that names the step and what is wrong with it. */
bool scenario_check(const cJSON *document, struct buf *error);

const char *scenario_name(const cJSON *document);
/* The id that a rule of the scenario has in the engine: "NAME.LABEL"; memory_free. */
char *scenario_fault_id(const cJSON *document, const char *label);
/* The `index`th rule of a step, ready to be added; owned by the caller. NULL: there is none. */
cJSON *scenario_fault(const cJSON *document, int step, int index);

/* Ended by a NULL text. */
struct scenario_text {
    const char *name;
    const char *text;
};
/* Those of fixtures/scenarios, in order of their names. */
extern const struct scenario_text scenario_texts[];

#endif

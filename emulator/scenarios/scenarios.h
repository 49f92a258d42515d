/*
 * Scenarios that run: their steps fall due on the emulator's clock or when a recorded request
 * fits; several run at a time, and each is taken away without trace.
 */
#ifndef EMULATOR_SCENARIOS_SCENARIOS_H
#define EMULATOR_SCENARIOS_SCENARIOS_H

#include <cjson/cJSON.h>

#include "emulator/faults/faults.h"
#include "emulator/loop.h"
#include "emulator/recorder.h"

struct scenarios;

struct scenarios_config {
    struct loop *loop; /* and its clock */
    struct faults *faults;
    struct journal *journal;
    struct recorder *recorder;
    /* The clock was changed by a step. May be NULL. */
    void (*clock_changed)(void *context);
    void *context;
};

struct scenarios *scenarios_create(const struct scenarios_config *config);
void scenarios_destroy(struct scenarios *scenarios); /* before the faults; NULL is fine */

enum scenarios_result {
    SCENARIOS_DONE,
    SCENARIOS_UNKNOWN,
    SCENARIOS_BAD,     /* `error` says what is wrong with the document */
    SCENARIOS_RUNNING, /* already */
    SCENARIOS_STOPPED, /* it does not run */
    SCENARIOS_TOO_MANY,
};

/* A document of the user's own, known until the end; one of its name is replaced. */
enum scenarios_result scenarios_add(struct scenarios *scenarios, const cJSON *document,
                                    struct buf *error);
/* `cache` not empty: faults of the data plane that name no cache act on this one only. */
enum scenarios_result scenarios_start(struct scenarios *scenarios, struct bytes name,
                                      struct bytes cache, struct buf *error);
enum scenarios_result scenarios_stop(struct scenarios *scenarios, struct bytes name);
void scenarios_stop_all(struct scenarios *scenarios);
/* The file's scenario, or a known one of that name, is added and started. */
bool scenarios_start_given(struct scenarios *scenarios, const char *name_or_file,
                           struct buf *error);

cJSON *scenarios_list(struct scenarios *scenarios);
/* With how its steps fared, while it runs; owned by the caller. NULL: there is none. */
cJSON *scenarios_show(struct scenarios *scenarios, struct bytes name);

#endif

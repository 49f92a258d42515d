/*
 * Commands that may run long (scripts, transactions with scripts): their handler has a stack of
 * its own, so that it can stop in the middle once busy-reply-threshold is over, and the server goes
 * on answering the others with BUSY. Or it waits for the host (MIGRATE within them), and so do the
 * others. One per instance at a time.
 */
#ifndef RESP_LONG_RUN_H
#define RESP_LONG_RUN_H

#include "resp/command.h"

struct command_entry;
struct long_run;

void long_run_destroy(struct long_run *run); /* NULL is fine */

/* True: the handler is done. False: it goes on from the loop, and settles the session itself. */
bool long_run_start(struct call *call, struct command_entry *entry, int64_t start_us);
/* From within: lets the server look after its other clients. */
void long_run_pause(struct instance *instance);
/* From within: nothing goes on until it is woken. False: there is nothing to wait on any more. */
bool long_run_wait(struct instance *instance);
void long_run_wake(struct instance *instance);
bool long_run_waits(const struct instance *instance);
/* A handler is under way; and it has been stopped in the middle. */
bool long_run_active(const struct instance *instance);
bool long_run_paused(const struct instance *instance);
/* Its client goes, or the instance: it is killed and run to its end. */
void long_run_abandon(struct instance *instance);

#endif

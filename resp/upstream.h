/*
 * Someone whose commands an instance runs as they come, past all gates: a primary that it follows,
 * or another instance that writes to the same data. No client: nobody counts or lists it.
 */
#ifndef RESP_UPSTREAM_H
#define RESP_UPSTREAM_H

#include "base/bytes.h"

struct instance;
struct upstream;

struct upstream *upstream_create(struct instance *instance);
void upstream_destroy(struct upstream *upstream); /* NULL is fine */
/*
 * Runs whole commands; what is not whole yet waits for the next piece. False: none can run now (a
 * script does, on its own stack); the piece has not been taken.
 */
bool upstream_run(struct upstream *upstream, struct bytes commands);
/* It stands at the end of a command, not in a transaction, but for so many bytes. */
bool upstream_rests(const struct upstream *upstream, size_t *pending);
/* The database that its commands are about. */
int upstream_database(const struct upstream *upstream);
void upstream_select(struct upstream *upstream, int database);
/* What the commands left to be done: waiting clients, invalidations. */
void upstream_settle(struct upstream *upstream);

#endif

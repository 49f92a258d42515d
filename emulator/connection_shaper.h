/*
 * The bytes of a connection under a fault, beneath TLS: later, slower, in pieces, not at all; and
 * how it ends. All on the emulator's clock.
 */
#ifndef EMULATOR_CONNECTION_SHAPER_H
#define EMULATOR_CONNECTION_SHAPER_H

#include "emulator/connection_state.h"

/* From now on; ends the connection where that is the verdict. There must be no shaper yet. */
void connection_shaper_begin(struct connection *connection, const struct fault_verdict *verdict);
/* The fault is over: all that it held passes now, in order, and it leaves no trace. */
void connection_shaper_release(struct connection *connection);
/* Frees the shaper with what it holds; there may be none. */
void connection_shaper_finish(struct connection *connection);
uint64_t connection_shaper_serial(const struct connection *connection); /* 0: there is none */

/* True: the bytes are held, or dropped, for now; false: they go their way. */
bool connection_shaper_hold_output(struct connection *connection, struct bytes data);
bool connection_shaper_hold_input(struct connection *connection, struct bytes data);
bool connection_shaper_hold_end(struct connection *connection); /* of input */
/* Everything is sent: whether the end is to be told later. */
bool connection_shaper_hold_close(struct connection *connection);
size_t connection_shaper_held(const struct connection *connection); /* bytes to be sent */

#endif

/*
 * MIGRATE: keys on their way to another server. The client waits; so do writes of other clients,
 * for what is on its way must not change. How bytes travel is the host's affair: it is told where
 * to (instance_host_info.migrate), asks for the request once it is connected, hands over what is
 * answered, and says when nothing more will come.
 */
#ifndef RESP_MIGRATION_H
#define RESP_MIGRATION_H

#include "resp/command.h"

struct migration;

/* Where and how, as MIGRATE's arguments say. Everything is borrowed. */
struct migration_order {
    struct bytes host;
    int port;
    int64_t timeout_ms; /* without a sign of life of the other server */
    int64_t database;
    bool keep, replace; /* COPY, REPLACE */
    bool signs_in;      /* with user (empty: the default one) and password */
    struct bytes user, password;
    int first_key, key_count; /* arguments of the call */
};

/*
 * Parks the call's client until the keys have arrived; the handler then runs again, resumed. In a
 * transaction or a script it is the whole of that which waits. False after answering.
 */
bool migration_begin_or_reply(struct call *call, const struct migration_order *order);
/* The resumed handler: what has arrived goes, and the client is answered. */
void migration_finish(struct call *call);
/* Its client went: nothing goes. Also when the instance ends. */
void migration_forget(struct instance *instance);

/* ---- For the host ---- */

/* What to send; empty: nothing is on its way any more. Borrowed until the next call. */
struct bytes migration_request(const struct instance *instance);
/* True: the last answer was among it; the connection is not needed any more. */
bool migration_hear(struct instance *instance, struct bytes data);
/* The connection, or the time, is over: "connecting to the client", "reading from ...". */
void migration_break(struct instance *instance, const char *what);

#endif

/*
 * The way out: connections of the front door that lead to hosts which are not emulated. Bytes go
 * both ways as they are, with back-pressure; nothing is looked at.
 */
#ifndef EMULATOR_PROXY_H
#define EMULATOR_PROXY_H

#include "emulator/connection.h"

struct proxy;

struct proxy *proxy_create(struct loop *loop);
/* Cuts what is still open; the clients' connections must be gone. NULL is fine. */
void proxy_destroy(struct proxy *proxy);
/*
 * Takes the connection over: from now on its bytes go to host:port and back. Once connected
 * `greeting` is sent to the client and `opening` to the host; all are copied. When there is no
 * connection the client is answered 502 with the reason.
 */
void proxy_lead(struct proxy *proxy, struct connection *client, struct bytes host, int port,
                struct bytes greeting, struct bytes opening);

#endif

/*
 * Tunnels to foreign hosts, for CONNECT requests that no site answers: bytes pass unseen.
 */
#ifndef EMULATOR_PROXY_H
#define EMULATOR_PROXY_H

#include "emulator/listener.h"

struct tunnel;

/*
 * Connects to `host`:`port` and answers the CONNECT on `client` when that is done, with 200 or 502.
 * `failed` is told when the far end is gone or never came; the owner closes the client then.
 */
struct tunnel *tunnel_open(struct loop *loop, struct connection *client, const char *host,
                           const char *port);
void tunnel_send(struct tunnel *tunnel, struct bytes data); /* from the client to the host */
void tunnel_drained(struct tunnel *tunnel);                 /* the client takes bytes again */
void tunnel_close(struct tunnel *tunnel);                   /* the client is gone; frees itself */

#endif

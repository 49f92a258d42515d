/*
 * Sends JSON to webhooks over HTTP, each on a connection of its own, once and without following
 * redirects: what comes of it is logged. https goes through TLS with the system's authorities and
 * the emulator's own.
 */
#ifndef EMULATOR_WEBHOOKS_H
#define EMULATOR_WEBHOOKS_H

#include "emulator/loop.h"
#include "emulator/tls.h"

struct webhooks;

/* `offline`: only this machine is told. */
struct webhooks *webhooks_create(struct loop *loop, const struct tls_authority *authority,
                                 bool offline);
/* What is under way is dropped. NULL is fine. */
void webhooks_destroy(struct webhooks *webhooks);
/* The body is copied. A URL that is none is logged. */
void webhooks_post(struct webhooks *webhooks, const char *url, struct bytes body);

#endif

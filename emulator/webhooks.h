/* Sends JSON to webhooks, once and without following redirects: what comes of it is logged. */
#ifndef EMULATOR_WEBHOOKS_H
#define EMULATOR_WEBHOOKS_H

#include "emulator/web_client.h"

/* The body is copied. */
void webhooks_post(struct web_client *web, const char *url, struct bytes body);

#endif

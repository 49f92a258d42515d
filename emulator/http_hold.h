/*
 * Answers that faults hold back: sent later, or never. Until then the client is answered nothing
 * else. Ends with its time, on the emulator's clock, or when the fault is over.
 */
#ifndef EMULATOR_HTTP_HOLD_H
#define EMULATOR_HTTP_HOLD_H

#include "emulator/faults/faults.h"
#include "emulator/http_client.h"

struct http_hold {
    struct http_client *client;
    struct faults *faults;
    struct site_fate fate;
    struct buf answer; /* whole, as it will be sent */
    bool keep_alive;
    struct timer end;
    struct faults_listener listener;
};

/* Keeps the answer, if its fate is to come late or never. False: it is to be sent. */
bool http_hold_begin(struct http_client *client, struct faults *faults,
                     const struct site_fate *fate, const struct http_request *request,
                     const struct http_response *response);
/* The client is leaving. NULL is fine. */
void http_hold_abandon(struct http_hold *hold);

#endif

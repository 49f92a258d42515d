/*
 * Gets a document over http or https while the caller waits: a template that a deployment links to.
 * Nothing else is answered meanwhile, so that it may take ten seconds at most.
 */
#ifndef EMULATOR_CONTENT_FETCH_H
#define EMULATOR_CONTENT_FETCH_H

#include "base/bytes.h"
#include "emulator/tls.h"

struct content_source {
    const struct tls_authority *authority; /* trusted, besides the system's */
    bool offline;                          /* only this machine is asked */
};

/* Into the buf, up to its limit. False: `reason` says why, for people. */
bool content_fetch(const struct content_source *source, const char *url, struct buf *content,
                   struct buf *reason);

#endif

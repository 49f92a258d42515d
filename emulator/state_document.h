/*
 * The JSON document of the control plane: {"format", "savedBy", "savedAt", "clock", "arm"}, and
 * with "data" (base64 of an RDB dump per cache) a snapshot of everything.
 */
#ifndef EMULATOR_STATE_DOCUMENT_H
#define EMULATOR_STATE_DOCUMENT_H

#include <cjson/cJSON.h>

#include "arm/service.h"
#include "base/clock.h"
#include "emulator/cache_host.h"

#define STATE_DOCUMENT_FORMAT 1

/*
 * The document as a file's text. It begins with a checksum of what follows: bits that turn inside
 * a string would still be JSON. A file without one, edited by hand, is taken as it is.
 */
void state_document_write(const struct clock *clock, const struct clock *wall,
                          const struct arm_service *service, struct buf *text);
/* Owned by the caller. `wall` is real time. */
cJSON *state_document_create(const struct clock *clock, const struct clock *wall,
                             const struct arm_service *service);
void state_document_add_data(cJSON *document, struct cache_host *caches);

enum state_document_result {
    STATE_DOCUMENT_APPLIED,
    STATE_DOCUMENT_BROKEN,  /* nothing changed; `error` says why */
    STATE_DOCUMENT_TOO_NEW, /* the same, and it must be left as it is */
};
/* At start: resources, and the clock carried on so that it never goes back. */
enum state_document_result state_document_apply(struct bytes text, struct clock *clock,
                                                const struct clock *wall,
                                                struct arm_service *service, struct buf *error);
/* A snapshot back in place, its clock and data included: all or nothing. */
bool state_document_restore(const cJSON *document, struct clock *clock, const struct clock *wall,
                            struct arm_service *service, struct cache_host *caches,
                            struct buf *error);

#endif

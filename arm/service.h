/*
 * The management API as a library: a request in, a response out, the pipeline a list of steps.
 * Knows no socket, no TLS and no Redis; time comes from the clock, effects go to the host.
 */
#ifndef ARM_SERVICE_H
#define ARM_SERVICE_H

#include <cjson/cJSON.h>

#include "arm/host.h"
#include "base/clock.h"
#include "base/http.h"
#include "base/random.h"

struct arm_service;
struct saved_shape;

enum arm_provisioning {
    ARM_PROVISIONING_INSTANT,   /* operations are over before they are answered */
    ARM_PROVISIONING_FAST,      /* create 3 s, the rest 1 s */
    ARM_PROVISIONING_REALISTIC, /* as Azure: each resource type's own durations */
    ARM_PROVISIONING_SECONDS,   /* everything takes provisioning_seconds */
};

enum arm_polling {
    ARM_POLLING_FAST,  /* Retry-After: 1 on long-running operations */
    ARM_POLLING_AZURE, /* no Retry-After, as Microsoft.Cache */
};

/* Requests that a principal may make in an hour. */
enum arm_limit { ARM_LIMIT_READS, ARM_LIMIT_WRITES, ARM_LIMIT_DELETES, ARM_LIMITS };

struct arm_service_config {
    struct clock *clock;
    struct random *random;
    const struct arm_host *host; /* copied */
    enum arm_provisioning provisioning;
    double provisioning_seconds;
    enum arm_polling polling;
    const char *tenant_id, *subscription_id, *subscription_name;
    uint64_t limits[ARM_LIMITS]; /* 0: Azure's own: 12000, 1200, 15000 */
    bool azure_host_names; /* vault URIs and the like are Azure's, whatever the client calls us */
};

struct arm_service *arm_service_create(const struct arm_service_config *config);
void arm_service_destroy(struct arm_service *service);

struct arm_call;
/*
 * Answers one request. `authority` is what the client called us ("management.azure.com",
 * "localhost:8443"): absolute URLs in headers and bodies are built on it. NULL: it is answered.
 * Else it waits for a document from elsewhere: all four stay as they are until `answered` has run,
 * or the call is abandoned.
 */
struct arm_call *arm_service_handle(struct arm_service *service, const struct http_request *request,
                                    struct bytes authority, struct http_response *response);
void arm_call_when_answered(struct arm_call *call, void (*answered)(void *context), void *context);
void arm_call_abandon(struct arm_call *call);

/*
 * Puts resources in place at once, without a request: {"resourceGroups": [{name, location, tags}],
 * "resources": [{id, location, sku..., properties...}]}. A cache may carry its keys in
 * properties.accessKeys. False: `error` names the entry and what is wrong with it; nothing changed.
 */
bool arm_service_seed(struct arm_service *service, const cJSON *document, struct buf *error);
/* The same for a document that was accepted in this place before: without the rehearsal. */
bool arm_service_seed_again(struct arm_service *service, const cJSON *document, struct buf *error);

/* The whole state as JSON (owned by the caller), running operations included; and back. */
cJSON *arm_service_save(const struct arm_service *service);
/* Replaces everything and tells the host of each cache. False: nothing changed. */
bool arm_service_load(struct arm_service *service, const cJSON *document, struct buf *error);
/*
 * A document of the host's own that is saved and loaded with the state and gone after a reset: the
 * directory's new applications. Takes it. `restored` hears of it after each load; NULL: none. What
 * is loaded fits `shape`, whose rows stay the caller's.
 */
void arm_service_keep(struct arm_service *service, cJSON *document);
void arm_service_on_restore(struct arm_service *service, const struct saved_shape *shape,
                            void (*restored)(void *context, const cJSON *kept), void *context);
/* Back to one empty subscription; the host is told of each cache that goes. */
void arm_service_reset(struct arm_service *service);

/* What a DNS name stands for, by the rules of private link. */
enum arm_name_kind {
    ARM_NAME_FOREIGN, /* of no resource; the host may know it */
    ARM_NAME_MISSING, /* it would be a resource's, but there is none, or its zone has no record */
    ARM_NAME_PUBLIC,  /* the emulator's own address */
    ARM_NAME_ALIAS,   /* `text` is another name */
    ARM_NAME_ADDRESS, /* `text` is an IPv4 address */
};
struct arm_name {
    enum arm_name_kind kind;
    char text[256];
};
void arm_service_resolve(const struct arm_service *service, struct bytes name,
                         struct arm_name *answer);

/* Visits the public name of every resource that has one, those in linked private zones, too. */
void arm_service_each_name(const struct arm_service *service,
                           void (*visit)(void *context, const char *name), void *context);

/* A minute of the clock is over and its metrics are there: alert rules are evaluated. */
void arm_service_minute(struct arm_service *service);
/* Whether there are any: otherwise arm_service_minute does nothing. */
bool arm_service_watches_minutes(const struct arm_service *service);

typedef void arm_visit_cache(void *context, const struct arm_cache *cache,
                             const char *provisioning_state);
/*
 * Visits every cache with its state ("Creating", "Succeeded" ...) and id: those of
 * Microsoft.Cache/Redis, then the databases of Azure Managed Redis.
 */
void arm_service_each_cache(struct arm_service *service, arm_visit_cache *visit, void *context);

#endif

/*
 * The inside of the service, for the modules of arm/ only: what a request carries through the
 * pipeline, what a resource is, and the rows that types and routes register.
 */
#ifndef ARM_SERVICE_STATE_H
#define ARM_SERVICE_STATE_H

#include "arm/locations.h"
#include "arm/schema.h"
#include "arm/service.h"

#define MOST_SEGMENTS 24
#define ID_SIZE 512

struct arm_resource;
struct arm_operation;
struct arm_resource_type;

enum arm_method {
    ARM_GET = 1u << 0,
    ARM_PUT = 1u << 1,
    ARM_PATCH = 1u << 2,
    ARM_POST = 1u << 3,
    ARM_DELETE = 1u << 4,
    ARM_HEAD = 1u << 5,
};

struct arm_group {
    char *name;
    const struct arm_location *location;
    cJSON *tags; /* an object, or NULL */
    struct arm_operation *deleting;
    struct arm_group *next;
};

struct arm_resource {
    const struct arm_resource_type *type;
    char *id, *name;
    struct arm_group *group;
    const struct arm_location *location;
    cJSON *body;       /* as stored: tags, sku, properties...; without id, name and type */
    cJSON *pending;    /* the body once the running update is over */
    cJSON *secrets;    /* never shown by GET */
    const char *state; /* "Creating", "Succeeded"... */
    struct arm_operation *operation; /* the running one */
    int64_t created_ms, changed_ms;
    struct arm_resource *next;
};

enum arm_operation_kind {
    ARM_OPERATION_CREATE,
    ARM_OPERATION_UPDATE,
    ARM_OPERATION_DELETE,
    ARM_OPERATION_ACTION, /* changes nothing when it ends (flush has acted already) */
    ARM_OPERATION_GROUP_DELETE,
};

struct arm_operation {
    struct arm_service *service;
    enum arm_operation_kind kind;
    char id[GUID_SIZE + 1];
    char *action;       /* "Microsoft.Cache/redis/write" */
    char *resource_id;  /* of the resource or group */
    char *location;     /* display name, for the polling URLs */
    const char *status; /* "InProgress", "Succeeded", "Failed" */
    struct arm_error error;
    struct timer due;
    struct arm_operation *next;
};

struct arm_provider_state {
    bool registered, changing; /* changing: Registering or Unregistering */
    struct arm_service *service;
    struct timer due;
};

struct arm_service {
    struct arm_service_config config;
    struct arm_host host;
    struct clock *clock;
    struct random *random;
    struct arm_group *groups;
    struct arm_resource *resources;
    struct arm_operation *operations; /* newest first */
    struct arm_provider_state *providers;
    uint64_t reads, writes, deletes; /* for the rate-limit headers */
};

/* One request on its way through the pipeline. */
struct arm_call {
    struct arm_service *service;
    const struct http_request *request;
    struct bytes authority;
    struct http_response *response;
    enum arm_method method;
    char path[2048]; /* decoded segments, each terminated, one behind the other */
    const char *segments[MOST_SEGMENTS];
    size_t segment_count;
    struct bytes wildcards[8]; /* what the route's {} stand for, as the client wrote it */
    char api_version[40];
    struct arm_principal principal;
    cJSON *body; /* NULL when there was none */
    char request_id[GUID_SIZE + 1];
    struct arm_error error;
};

/* A handler answers through the call; false: call->error is to be answered. */
typedef bool arm_handler(struct arm_call *call);

/* A route: segments, "{}" is any one, compared in any case. */
struct arm_route {
    unsigned methods;
    const char *path;
    arm_handler *handle;
};
struct arm_routes {
    const struct arm_route *rows;
    size_t count;
};

/* An action of a resource type: POST {id}/{name}. */
struct arm_action {
    const char *name;
    bool (*handle)(struct arm_call *call, struct arm_resource *resource);
};

struct arm_durations {
    int create_s, update_s, delete_s; /* as Azure's own, for "realistic" */
};

/* A resource type is this row, its property rows and a few functions. */
struct arm_resource_type {
    const char *name;      /* as ids show it: "Microsoft.Cache/Redis" */
    const char *name_rule; /* for the message of a bad name */
    bool (*name_fits)(struct bytes name);
    bool unique; /* names are global, not per group */
    const struct arm_property *schema;
    struct arm_durations durations;
    const struct arm_action *actions; /* ends with a NULL name */
    /* Before storing: rules across properties. `old` is NULL at creation. */
    bool (*check)(struct arm_call *call, const struct arm_resource *old, cJSON *body);
    /* Fills in what the client left out, in a new body. */
    void (*complete)(struct arm_service *service, cJSON *body);
    void (*create_secrets)(struct arm_service *service, struct arm_resource *resource);
    /* "Updating", "Scaling", or NULL when the change takes no time. */
    const char *(*update_state)(const cJSON *old, const cJSON *changed);
    /* The resource is in force, or changed, or is going. */
    void (*apply)(struct arm_service *service, const struct arm_resource *resource);
    void (*remove)(struct arm_service *service, const struct arm_resource *resource);
    /* What a client sees. With `secrets`: the answer to a PUT. */
    cJSON *(*show)(struct arm_call *call, const struct arm_resource *resource, bool secrets);
};

/* ---- router.c ---- */
bool arm_route(struct arm_call *call);

/* ---- resource_store.c ---- */
struct arm_group *arm_group_find(const struct arm_service *service, struct bytes name);
struct arm_group *arm_group_add(struct arm_service *service, struct bytes name,
                                const struct arm_location *location);
void arm_group_remove(struct arm_service *service, struct arm_group *group);
struct arm_resource *arm_resource_find(const struct arm_service *service,
                                       const struct arm_resource_type *type,
                                       const struct arm_group *group, struct bytes name);
struct arm_resource *arm_resource_find_id(const struct arm_service *service, const char *id);
struct arm_resource *arm_resource_add(struct arm_service *service,
                                      const struct arm_resource_type *type, struct arm_group *group,
                                      struct bytes name, const struct arm_location *location,
                                      cJSON *body);
/* Tells the type and frees it. */
void arm_resource_remove(struct arm_service *service, struct arm_resource *resource);
void arm_store_clear(struct arm_service *service);
void arm_changed(struct arm_service *service);

/* ---- operations.c ---- */
/* Starts one; in instant mode it is over when this returns. */
struct arm_operation *arm_operation_start(struct arm_service *service, enum arm_operation_kind kind,
                                          const char *action, const char *resource_id,
                                          const char *location, int realistic_s);
/* Books a loaded one again. */
struct arm_operation *arm_operation_resume(struct arm_service *service, const cJSON *document);
cJSON *arm_operation_save(const struct arm_operation *operation);
void arm_operations_clear(struct arm_service *service);
struct arm_operation *arm_operation_find(const struct arm_service *service, struct bytes id);
/* Polling headers. `path` is "asyncOperations" or "operationresults". */
void arm_operation_header(struct arm_call *call, const struct arm_operation *operation,
                          const char *header, const char *path);
void arm_retry_after(struct arm_call *call, int azure_s);
int64_t arm_duration_ms(const struct arm_service *service, bool create, int realistic_s);

/* ---- service.c ---- */
void arm_answer(struct arm_call *call, int status, cJSON *body); /* takes body; NULL: empty */
char *arm_url(const struct arm_call *call, const char *path);    /* absolute; memory_free */
/* Decoded value of a query parameter; false when absent. */
bool arm_query(const struct arm_call *call, const char *name, struct buf *value);

/* ---- resources.c: what all resource types do alike ---- */
bool arm_resource_request(struct arm_call *call, const struct arm_resource_type *type,
                          struct bytes group, struct bytes name, const char *action);
bool arm_resource_list(struct arm_call *call, const struct arm_resource_type *type,
                       const struct arm_group *group);
/* Without a request: seed and load. */
bool arm_resource_place(struct arm_service *service, const cJSON *document, bool loaded,
                        struct arm_error *error);
const struct arm_resource_type *const *arm_resource_types(size_t *count);

/* ---- types ---- */
extern const struct arm_routes arm_subscription_routes, arm_provider_routes, arm_group_routes,
    arm_resource_routes, arm_operation_routes, arm_redis_routes;
extern const struct arm_resource_type arm_redis_type;
struct arm_provider_state *arm_provider_find(const struct arm_service *service, struct bytes name);
void arm_providers_init(struct arm_service *service);
void arm_providers_finish(struct arm_service *service);
cJSON *arm_providers_save(const struct arm_service *service);
void arm_providers_load(struct arm_service *service, const cJSON *document);
cJSON *arm_group_show(const struct arm_service *service, const struct arm_group *group);
/* Ends the group's deletion: everything in it goes. */
void arm_group_deleted(struct arm_service *service, struct arm_group *group);

#endif

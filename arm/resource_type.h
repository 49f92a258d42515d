/*
 * What a resource type is: a row. Each file in arm/types/ ends with its rows and a module that
 * registers them; routing, validation, defaults, polling headers, permission checks, listings and
 * the provider's own description are derived from the row.
 */
#ifndef ARM_RESOURCE_TYPE_H
#define ARM_RESOURCE_TYPE_H

#include <stddef.h>
#include <stdint.h>

#include "arm/name_rule.h"
#include "arm/saved_shape.h"
#include "arm/schema.h"
#include "base/bytes.h"

struct arm_call;
struct arm_location;
struct arm_resource;
struct arm_service;

enum arm_method {
    ARM_GET = 1u << 0,
    ARM_PUT = 1u << 1,
    ARM_PATCH = 1u << 2,
    ARM_POST = 1u << 3,
    ARM_DELETE = 1u << 4,
    ARM_HEAD = 1u << 5,
};

enum arm_trait {
    ARM_TRACKED = 1u << 0,            /* lies in a group and a region, has tags, is listed */
    ARM_UNIQUE_NAME = 1u << 1,        /* one name in all of Azure, not per group */
    ARM_PATH_NAME = 1u << 2,          /* shown as "cache/rule", not "rule" */
    ARM_DISPLAY_LOCATION = 1u << 3,   /* shows "West US 2" for "westus2" */
    ARM_INHERITED_LOCATION = 1u << 4, /* shows its parent's */
    ARM_SCOPED = 1u << 5,             /* extends a resource, a group or the subscription */
    ARM_LISTS_BELOW = 1u << 6,        /* its lists hold what lies above and below the scope, too */
    ARM_NO_STATE = 1u << 7,           /* shows no provisioningState */
    ARM_ETAG = 1u << 8,               /* shows one, which changes with each write */
    ARM_FELT = 1u << 11,              /* other requests or planes heed it; for the documentation */
    ARM_GLOBAL = 1u << 10,            /* may lie in no region: "global" */
    ARM_BUSY_PARENT = 1u << 9,        /* may not change while its parent is busy */
};

/* Headers of an answer that begins a long-running operation. */
enum arm_polling_header {
    ARM_STATUS_HEADER = 1u << 0,   /* Azure-AsyncOperation: the operation's status */
    ARM_STATUS_LOCATION = 1u << 1, /* Location: the same */
    ARM_RESULT_STATUS = 1u << 2,   /* Azure-AsyncOperation: the operation's result */
    ARM_RESULT_LOCATION = 1u << 3, /* Location: the operation's result */
    ARM_SELF_LOCATION = 1u << 4,   /* Location: the resource */
};

enum arm_status_shape {
    ARM_STATUS_FULL,  /* id, name, status and six members that are null */
    ARM_STATUS_TIMED, /* id, name, status, startTime, endTime */
    ARM_STATUS_BARE,  /* status alone */
};

/* How a resource provider lets its clients poll. */
struct arm_polling_style {
    const char *name;            /* in saved operations */
    const char *status, *result; /* segments of the URLs: "asyncOperations", "operationresults" */
    bool display_location;       /* "West%20US%202" in the URLs */
    bool result_below_resource;  /* {resource}/operationresults/{id} */
    enum arm_status_shape shape;
    unsigned create, replace, patch, remove, act; /* arm_polling_header */
    const char *create_status_since; /* api-version of create's Azure-AsyncOperation; may be NULL */
};
extern const struct arm_polling_style arm_polling_redis, arm_polling_redis_links,
    arm_polling_enterprise, arm_polling_network, arm_polling_common;

/* An action of a resource: POST {id}/{name}, or a GET of something that is no resource. */
struct arm_action {
    const char *name;
    bool (*handle)(struct arm_call *call, struct arm_resource *resource);
    unsigned methods; /* 0: POST */
    /* For one that takes time: what it does when it is over. `parameters` is the request's body. */
    bool (*finish)(struct arm_service *service, struct arm_resource *resource,
                   const cJSON *parameters, struct arm_error *error);
};

struct arm_durations {
    int create_s, update_s, delete_s; /* as Azure's own, for "realistic" */
};

struct arm_resource_type {
    const char *name;    /* as bodies show it: "Microsoft.Cache/Redis/PatchSchedules" */
    const char *id_name; /* as ids spell it, if otherwise */
    struct arm_name_rule names;
    const char *only_name; /* a singleton's: "default" */
    unsigned traits;
    const char *const *api_versions;         /* newest first, NULL-terminated; NULL: not told */
    const struct arm_property *schema;       /* NULL: anything */
    const struct arm_polling_style *polling; /* NULL: everything is over when it is answered */
    struct arm_durations durations;
    int created, removed, absent;     /* statuses; 0: 201, 200 (202 when it takes time), 204 */
    const struct arm_action *actions; /* ends with a NULL name; may be NULL */
    /* All below may be NULL. */
    /* Answers all requests for the type; may end in arm_resource_ordinary_request. */
    bool (*request)(struct arm_call *call);
    /* Before storing: rules across properties. `old` is NULL at creation. */
    bool (*check)(struct arm_call *call, const struct arm_resource *old, cJSON *body);
    /* What must stand in a saved one beside its schema: its "secrets" above all. */
    const struct saved_shape *saved;
    /* What of these rules the rest relies on: asked of what was saved, too. */
    bool (*sound)(const cJSON *body);
    bool (*check_removal)(struct arm_call *call, const struct arm_resource *resource);
    /* Fills in what schema rows cannot, in a new body. */
    void (*complete)(struct arm_service *service, cJSON *body);
    void (*create_secrets)(struct arm_service *service, struct arm_resource *resource);
    /* Adds what belongs to it from the start, unless it is there. */
    void (*furnish)(struct arm_service *service, struct arm_resource *resource);
    /* "Updating", "Scaling", or NULL when the change takes no time. */
    const char *(*update_state)(const cJSON *old, const cJSON *changed);
    /* The resource is in force, or changed, or is going. */
    void (*apply)(struct arm_service *service, struct arm_resource *resource);
    void (*remove)(struct arm_service *service, struct arm_resource *resource);
    /* 404 in the provider's own words, when they are not the gateway's. Always false. */
    bool (*missing)(struct arm_call *call);
    /* What DELETE answers; NULL: nothing. */
    cJSON *(*removal_body)(struct arm_call *call, const struct arm_resource *resource);
    /* What a client sees. With `secrets`: the answer to a PUT. */
    cJSON *(*show)(struct arm_call *call, const struct arm_resource *resource, bool secrets);
};

/* A handler answers through the call; false: call->error is to be answered. */
typedef bool arm_handler(struct arm_call *call);

/* A path that is no resource's: segments, "{}" is any one, compared in any case. */
struct arm_route {
    unsigned methods;
    const char *path;
    arm_handler *handle;
    const char *type; /* for permissions: "Microsoft.Resources/tags"; NULL: anyone may */
};

/* What one file of arm/types/ registers. */
struct arm_module {
    const struct arm_resource_type *const *types;
    size_t type_count;
    const struct arm_route *routes;
    size_t route_count;
};

extern const struct arm_module *const arm_modules[];
extern const size_t arm_module_count;

/* The location of that name which the type allows, or NULL. */
const struct arm_location *arm_type_location(const struct arm_resource_type *type,
                                             struct bytes name);
/* The row of a type, or NULL; in any case of letters, by either spelling. */
const struct arm_resource_type *arm_type_find(struct bytes name);
/* The action of a type, or NULL. */
const struct arm_action *arm_action_find(const struct arm_resource_type *type, struct bytes name);

#endif

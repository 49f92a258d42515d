/*
 * The inside of the service, for the modules of arm/ only: what a request carries through the
 * pipeline, what a resource is, and what the modules do for each other.
 */
#ifndef ARM_SERVICE_STATE_H
#define ARM_SERVICE_STATE_H

#include "arm/documents.h"
#include "arm/locations.h"
#include "arm/odata_filter.h"
#include "arm/resource_type.h"
#include "arm/service.h"
#include "base/dict.h"

#define MOST_SEGMENTS 48
#define ID_SIZE 1536
#define TYPE_NAME_SIZE 256
#define ACTION_SIZE (TYPE_NAME_SIZE + 128)

struct arm_operation;

struct arm_group {
    char *name;
    const struct arm_location *location;
    cJSON *tags;      /* an object, or NULL */
    char *managed_by; /* NULL: nobody */
    struct arm_operation *deleting;
    struct arm_group *next;
};

struct arm_resource {
    const struct arm_resource_type *type; /* arm_generic_type for those without a row */
    char *type_name;                      /* as shown */
    char *id, *name;                      /* name: the last segment of the id */
    struct arm_resource *parent; /* whose child or extension it is; NULL: of a group or higher */
    struct arm_group *group;     /* NULL: of the subscription */
    const struct arm_location *location; /* NULL: it has none */
    cJSON *body;       /* as stored: tags, sku, properties...; without id, name and type */
    cJSON *pending;    /* the body once the running update is over */
    cJSON *secrets;    /* never shown by GET */
    const char *state; /* "Creating", "Succeeded"... */
    struct arm_operation *operation; /* the running one */
    int64_t created_ms, changed_ms;
    struct arm_resource *next;
    struct arm_resource *children, *last_child, *next_sibling; /* in order of creation */
};

enum arm_operation_kind {
    ARM_OPERATION_CREATE,
    ARM_OPERATION_UPDATE,
    ARM_OPERATION_DELETE,
    ARM_OPERATION_ACTION, /* what the action's row says is done when it ends */
    ARM_OPERATION_GROUP_DELETE,
    ARM_OPERATION_MOVE, /* of resources to another group */
};

struct arm_operation {
    struct arm_service *service;
    enum arm_operation_kind kind;
    const struct arm_polling_style *polling;
    char id[GUID_SIZE + 1];
    char *action;                        /* "Microsoft.Cache/redis/write" */
    char *resource_id;                   /* of the resource or group */
    const struct arm_location *location; /* for the polling URLs */
    cJSON *parameters;                   /* of an action; may be NULL */
    const char *status;                  /* "InProgress", "Succeeded", "Failed" */
    struct arm_error error;
    int64_t started_ms, ended_ms;
    char correlation[GUID_SIZE + 1], caller[128]; /* of the request that began it */
    struct timer due;
    bool postponed;  /* it should have ended already */
    uint64_t holder; /* who keeps it from ending; 0: nobody */
    struct arm_operation *next;
};

struct arm_event;
struct arm_provider;
struct arm_quota;
struct arm_deployment_run;

struct arm_service {
    struct arm_service_config config;
    struct arm_host host;
    struct clock *clock;
    struct random *random;
    struct arm_group *groups;
    struct arm_resource *resources;
    struct arm_resource *last_resource;
    struct dict resource_ids;         /* in lower case -> struct arm_resource * */
    struct arm_operation *operations; /* newest first */
    struct arm_provider *providers;
    struct arm_event *events; /* newest first */
    size_t event_count;
    struct arm_call *calling; /* the request being answered; NULL: none */
    cJSON *kept;              /* the host's own document; NULL: none */
    const struct saved_shape *kept_shape;
    void (*restored)(void *context, const cJSON *kept);
    void *restored_context;
    cJSON *tag_names;                           /* defined ahead: {"env": ["test", "prod"]} */
    struct arm_deployment_run *deployment_runs; /* deployments that are not over */
    size_t role_assignments;                    /* how many of the resources are one */
    struct arm_quota *quotas;                   /* the caller's first */
};

/* What a request's path names: a resource, the resources of a type, or an action. */
struct arm_target {
    bool resource; /* false: a route's, or nothing known */
    const struct arm_resource_type *type;
    char type_name[TYPE_NAME_SIZE];
    struct bytes namespace;
    struct bytes group;   /* empty: of the subscription */
    struct bytes name;    /* empty: the resources of the type */
    const char *action;   /* NULL: none */
    char id[ID_SIZE];     /* of the resource; without a name: of what holds the list */
    char holder[ID_SIZE]; /* of the resource, group or subscription it hangs on */
};

/* What a request waits for. */
struct arm_wait {
    struct arm_documents documents;
    bool waits;  /* the handler is to run again when they are here; it has done nothing yet */
    cJSON *kept; /* but this, for itself; NULL: nothing */
    void (*answered)(void *context);
    void *context;
};

/* One request on its way through the pipeline. */
struct arm_call {
    struct arm_service *service;
    const struct http_request *request;
    struct bytes authority;
    struct http_response *response;
    enum arm_method method;
    char path[4096]; /* decoded segments, each terminated, one behind the other */
    const char *segments[MOST_SEGMENTS];
    size_t segment_count;
    const struct arm_route *route;
    struct bytes wildcards[8]; /* what the route's {} stand for, as the client wrote it */
    struct arm_target target;
    char action[ACTION_SIZE]; /* "Microsoft.Cache/Redis/write"; empty: anyone may */
    char scope[ID_SIZE];      /* the id that the action is performed on */
    char api_version[40];
    struct arm_principal principal;
    cJSON *body; /* NULL when there was none */
    char request_id[GUID_SIZE + 1], correlation_id[GUID_SIZE + 1];
    bool began; /* an operation */
    struct arm_error error;
    struct arm_wait wait_storage, *wait; /* a call inside another shares that one's */
    cJSON *error_info;                   /* what the error's "additionalInfo" says; NULL: nothing */
    struct arm_interference interference;
};

/* ---- interference.c: what the host makes of a request ---- */
bool arm_interfere(struct arm_call *call);
void arm_ending_of(const struct arm_operation *operation, struct arm_ending *ending);

/* ---- target.c: from the path to what it names ---- */
bool arm_target_read(struct arm_call *call);
bool arm_route(struct arm_call *call);
/* 405, in the gateway's words. Always false. */
bool arm_fail_method(struct arm_call *call);

/* ---- action.c: what a request does, and over which scope ---- */
bool arm_step_action(struct arm_call *call);
void arm_action_spell(char *action); /* types begin with small letters there */
/* What an id hangs on: all before its last "/providers/". */
struct bytes arm_scope_of(const char *id);
/* Whether the id is the scope's own or one below it. */
bool arm_id_below(struct bytes id, struct bytes scope);

/* ---- resource_store.c ---- */
struct arm_group *arm_group_find(const struct arm_service *service, struct bytes name);
struct arm_group *arm_group_add(struct arm_service *service, struct bytes name,
                                const struct arm_location *location);
void arm_group_remove(struct arm_service *service, struct arm_group *group);
struct arm_resource *arm_resource_find_id(const struct arm_service *service, const char *id);
/* Any of that type and name, wherever it is. */
struct arm_resource *arm_resource_find_name(const struct arm_service *service,
                                            const struct arm_resource_type *type,
                                            struct bytes name);
/* The child of that type (its last segment, as ids spell it) and name, or NULL. */
struct arm_resource *arm_resource_child(const struct arm_service *service,
                                        const struct arm_resource *parent,
                                        const struct arm_resource_type *type, struct bytes name);
/* The next resource of that type below `parent` after `last`; NULL begins, NULL ends. */
struct arm_resource *arm_resource_next_child(const struct arm_service *service,
                                             const struct arm_resource *parent,
                                             const struct arm_resource_type *type,
                                             const struct arm_resource *last);
/* Takes body. The id is copied; parent and group follow from it. */
struct arm_resource *arm_resource_add(struct arm_service *service,
                                      const struct arm_resource_type *type, const char *type_name,
                                      const char *id, const struct arm_location *location,
                                      cJSON *body);
/* Gives it another id, which is taken, in that group. Those below it keep theirs. */
void arm_resource_rename(struct arm_service *service, struct arm_resource *resource, char *id,
                         struct arm_group *group);
/* Tells the type and frees it, after everything below it. */
void arm_resource_remove(struct arm_service *service, struct arm_resource *resource);
void arm_store_clear(struct arm_service *service);
void arm_changed(struct arm_service *service);

/* ---- operations.c ---- */
/* Starts one; in instant mode it is over when this returns. */
struct arm_operation *arm_operation_start(struct arm_service *service, enum arm_operation_kind kind,
                                          const struct arm_polling_style *polling,
                                          const char *action, const char *resource_id,
                                          const struct arm_location *location, int realistic_s);
/* Books a loaded one again. */
/* Whether what was saved can be resumed; otherwise the text says what is wrong. */
bool arm_operation_sound(const cJSON *document, struct buf *why);
struct arm_operation *arm_operation_resume(struct arm_service *service, const cJSON *document);
cJSON *arm_operation_save(const struct arm_operation *operation);
void arm_operations_clear(struct arm_service *service);
struct arm_operation *arm_operation_find(const struct arm_service *service, struct bytes id);
bool arm_operation_running(const struct arm_operation *operation);
/* The polling headers of an answer (arm_polling_header). */
void arm_operation_headers(struct arm_call *call, const struct arm_operation *operation,
                           unsigned headers);
void arm_retry_after(struct arm_call *call, int azure_s);
int64_t arm_duration_ms(const struct arm_service *service, bool create, int realistic_s);

/* ---- answers.c ---- */
void arm_answer(struct arm_call *call, int status, cJSON *body); /* takes body; NULL: empty */
char *arm_url(const struct arm_call *call, const char *path);    /* absolute; memory_free */
/* Decoded value of a query parameter; false when absent. */
bool arm_query(const struct arm_call *call, const char *name, struct buf *value);
/*
 * Answers {"value": [...]} with the items that $top and $skiptoken ask for, at most `most`, and a
 * nextLink when there are more. Takes the list.
 */
bool arm_answer_page(struct arm_call *call, cJSON *list, int most);
/*
 * $filter, into a buf that it initialises: empty when there is none. False: 400, it is malformed or
 * speaks of something else than `names`, which a NULL ends.
 */
bool arm_filter_or_fail(struct arm_call *call, const char *const *names, struct buf *filter);
/* Takes the item: into the list when the filter, asked of it through `holds`, wants it. */
void arm_add_filtered(cJSON *list, struct bytes filter, odata_holds *holds, cJSON *item);
void arm_answer_error(struct arm_call *call); /* call->error, in Azure's envelope */
void arm_start_headers(struct arm_call *call);

/* ---- snapshot.c ---- */
void arm_set_tag_names(struct arm_service *service, const cJSON *names); /* NULL: back to none */

/* ---- service.c ---- */
/*
 * A request of the service to itself, on behalf of `principal`: all steps but the network's. The
 * path and the query are as on the wire; `body` is taken and may be NULL. There is no answer when
 * the call around it waits from now on.
 */
void arm_call_inside(struct arm_service *service, const struct arm_principal *principal,
                     enum arm_method method, const char *path, const char *query, cJSON *body,
                     struct http_response *response);

/* ---- resource_list.c: those of the target's type that its scope holds ---- */
bool arm_resource_list(struct arm_call *call);

/* ---- precondition.c ---- */
/* 412 unless the headers' conditions on the etag hold; `resource` may be NULL. */
bool arm_precondition_or_fail(struct arm_call *call, const struct arm_resource *resource);

/* ---- resources.c: what all resource types do alike ---- */
bool arm_resource_request(struct arm_call *call);
/* The same for a type with a `request` of its own, once that has done its part. */
bool arm_resource_ordinary_request(struct arm_call *call);
/* The group and the resource that the target hangs on are there, or the error says what is not. */
bool arm_holder_or_fail(struct arm_call *call);
/* 404, for the resource of that id. Always false. */
bool arm_fail_not_found(struct arm_call *call, const char *id);
/* An operation that an action begins: the resource is busy until it ends. Answers 202. */
bool arm_resource_act(struct arm_call *call, struct arm_resource *resource, const char *name,
                      int realistic_s);
/* The running operation is over: what it did takes effect. */
void arm_resource_settle(struct arm_service *service, struct arm_operation *operation,
                         struct arm_resource *resource);
enum { ETAG_SIZE = 32 };
void arm_resource_etag(const struct arm_resource *resource, char etag[ETAG_SIZE]);
/* id, name, type, location, tags and all else that is stored, as most types show themselves. */
cJSON *arm_resource_show_plain(struct arm_call *call, const struct arm_resource *resource);
cJSON *arm_resource_show(struct arm_call *call, const struct arm_resource *resource, bool secrets);
/* The name of the type's last segment: "firewallRules". */
const char *arm_type_leaf(const char *type_name);
extern const struct arm_resource_type arm_generic_type;

/* ---- placement.c: resources without a request, for seed and load ---- */
bool arm_resource_place(struct arm_service *service, const cJSON *document, bool loaded,
                        struct arm_error *error);

/* ---- types/locks.c ---- */
bool arm_step_unlocked(struct arm_call *call); /* 409 where a lock forbids the request */
/* Whether a lock at that scope or above it keeps what lies there. */
bool arm_locked_against_removal(const struct arm_service *service, const char *scope);

/* ---- types/moves.c ---- */
/* The operation is over: what it kept busy is free, and moved unless it failed. */
void arm_move_finish(struct arm_service *service, struct arm_operation *operation);

/* ---- throttle.c ---- */
bool arm_step_throttle(struct arm_call *call); /* 429 when the hour's requests are spent */
void arm_throttle_headers(struct arm_call *call);
void arm_throttle_clear(struct arm_service *service);

/* ---- types/policy_assignments.c ---- */
bool arm_step_policy(struct arm_call *call); /* 403 where a policy denies what is to be made */

/* ---- roles.c ---- */
bool arm_step_authorized(struct arm_call *call); /* 403 unless the caller may do it */
/* Whether a list shows the caller this. */
bool arm_may_read(const struct arm_call *call, const char *type_name, const char *id);

/* ---- identity.c ---- */
/* A known type, and identities that are there; a body without an identity fits. */
bool arm_identity_fits(struct arm_call *call);

/* ---- types/tags.c ---- */
/* At most 50 tags, their names and values of the right length and characters. NULL fits. */
bool arm_tags_fit(const cJSON *tags, struct arm_error *error);
/*
 * Of names that differ only in the case of letters the last stays, as it is written. For tags that
 * fit (there are few of them). Source: MicrosoftDocs/azure-docs issue 57888.
 */
void arm_tags_unite(cJSON *tags);

/* ---- types ---- */
extern const struct arm_resource_type arm_redis_type;
/* The cache is told to the host again, with what its children say. */
void arm_redis_apply(struct arm_service *service, struct arm_resource *resource);

/* For arm_service_each_cache. */
void arm_redis_each_cache(struct arm_service *service, arm_visit_cache *visit, void *context);
void arm_enterprise_each_cache(struct arm_service *service, arm_visit_cache *visit, void *context);

/* An operation is over: deployments that wait for it go on. */
void arm_deployments_wake(struct arm_service *service);

struct arm_provider *arm_provider_find(struct arm_service *service, struct bytes name);
bool arm_provider_registered(const struct arm_provider *provider);
void arm_providers_init(struct arm_service *service);
void arm_providers_finish(struct arm_service *service);
cJSON *arm_providers_save(const struct arm_service *service);
void arm_providers_load(struct arm_service *service, const cJSON *document);
cJSON *arm_group_show(const struct arm_service *service, const struct arm_group *group);
/* Ends the group's deletion: everything in it goes. */
void arm_group_deleted(struct arm_service *service, struct arm_group *group);

#endif

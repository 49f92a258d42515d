/*
 * A template with its parameters: what it deploys, in which order, and what it puts out. Pure:
 * what resources exist and look like is asked of a host. Errors carry Azure's words and codes.
 */
#ifndef ARM_TEMPLATES_TEMPLATE_H
#define ARM_TEMPLATES_TEMPLATE_H

#include "arm/templates/expression.h"

/* Azure's limits. */
#define TEMPLATE_MOST_PARAMETERS 256
#define TEMPLATE_MOST_VARIABLES 512
#define TEMPLATE_MOST_RESOURCES 800
#define TEMPLATE_MOST_OUTPUTS 64
/* Ours: units of the budget that a resource costs, so that nested loops come to an end. */
#define TEMPLATE_RESOURCE_COST 500

/* What a deployment asks of its surroundings. Callbacks that fail fill the error. */
struct template_host {
    void *context;
    /* Owned by the caller, as are all that give cJSON. */
    cJSON *(*object)(void *context, enum expression_object which, struct template_error *error);
    /* The whole resource as a GET shows it. */
    cJSON *(*resource)(void *context, const char *id, const char *api_version,
                       struct template_error *error);
    cJSON *(*list)(void *context, const char *function, const char *id, const char *api_version,
                   const cJSON *body, struct template_error *error);
    cJSON *(*providers)(void *context, const char *name, const char *type,
                        struct template_error *error);
    int (*zone_count)(void *context, const char *location);
    /* A secret that a parameter refers to; `version` may be NULL. */
    cJSON *(*secret)(void *context, const char *vault_id, const char *name, const char *version,
                     struct template_error *error);
};

struct template_settings {
    const cJSON *template;
    const cJSON *parameters; /* {"name": {"value": ...}}; NULL: none */
    /* What template_outer gave, for a nested template whose expressions are its parent's. */
    const cJSON *outer;
    const char *subscription_id, *resource_group; /* where it deploys; NULL in wider scopes */
    int64_t now_ms;
    int64_t budget; /* of a nested one: what its parent has left; 0: EXPRESSION_BUDGET */
    struct random *random;
    const struct template_host *host; /* borrowed until the template is destroyed */
    /* The text the template came in, and its path there, for line numbers. Empty: none. */
    struct bytes source;
    const char *source_path;
};

struct template_resource {
    char *id, *type, *name, *api_version;
    char *symbol; /* of a template with symbolic names; or NULL */
    char *loop;   /* the name of its copy; or NULL */
    /* Where it goes; NULL for wider scopes. Of a nested deployment: where that one deploys. */
    char *subscription_id, *resource_group;
    bool deployed; /* its condition holds, and it is not "existing" */
    bool existing;
    bool nested; /* a Microsoft.Resources/deployments */
    int copy_index;
    int batch;            /* how many of a serial copy run at once; 0: all */
    size_t *dependencies; /* indexes of resources that come first */
    size_t dependency_count;
    const cJSON *source; /* borrowed from the template */
    const struct expression_loop *loops;
};

struct template;

/* Checks everything that can be told without deploying. NULL: see the error. */
struct template *template_create(const struct template_settings *settings,
                                 struct template_error *error);
void template_destroy(struct template *template); /* NULL is fine */

/* What is left to spend; and what a nested template spent. */
int64_t template_budget(const struct template *template);
void template_spend(struct template *template, int64_t units);

/* {"name": {"type": "String", "value": ...}} in the template's order; secure ones have no value. */
cJSON *template_shown_parameters(const struct template *template);
/* {"name": {"value": ...}} of all, secure ones included: to create the same template again. */
cJSON *template_saved_parameters(const struct template *template);

size_t template_resource_count(const struct template *template);
const struct template_resource *template_resource_at(const struct template *template, size_t index);
/*
 * What a PUT of the resource sends. Its dependencies must be deployed. A nested deployment keeps
 * its template as it is written. NULL: see the error.
 */
cJSON *template_resource_body(struct template *template, size_t index,
                              struct template_error *error);
/* The same without asking for any resource: expressions that would are left as they are. */
cJSON *template_resource_preview(struct template *template, size_t index,
                                 struct template_error *error);
/* For template_settings.outer: of a nested deployment whose expressions are evaluated here. */
cJSON *template_outer(struct template *template, size_t index, struct template_error *error);

/* {"name": {"type": "String", "value": ...}}, once everything is deployed. NULL: see the error. */
cJSON *template_outputs(struct template *template, struct template_error *error);

/* "storageName" for "StorageName", as Azure writes names of parameters and outputs in answers. */
char *template_camel_case(const char *name);

#endif

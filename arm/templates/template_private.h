/* A template's insides, for the files template_*.c only. */
#ifndef ARM_TEMPLATES_TEMPLATE_PRIVATE_H
#define ARM_TEMPLATES_TEMPLATE_PRIVATE_H

#include "arm/templates/function.h"
#include "arm/templates/template.h"

struct template
{
    cJSON *document;
    cJSON *parameters; /* name: value */
    cJSON *variables;  /* name: value, of those evaluated so far */
    cJSON *outer;
    bool symbolic; /* resources have names of their own: languageVersion 2.0 */
    char *subscription_id, *resource_group;             /* where it deploys */
    char *outer_subscription_id, *outer_resource_group; /* where its expressions stand */
    const struct template_host *host;
    struct expression_budget budget;
    struct expression_scope scope;
    struct template_resource *resources;
    size_t resource_count;
    struct expression_loop **loops; /* those of resources, owned */
    size_t loop_count;
    cJSON *evaluating;    /* names of variables being evaluated, against circles */
    const cJSON *current; /* the resource whose body is evaluated, for messages */
    int64_t now_ms;
    struct random *random;
    char *source; /* owned text for line numbers */
    char *source_path;
};

/* Where the element at `path` of the template stands in its source. */
void template_locate(const struct template *template, const char *path, int *line, int *column);
/* Fills line, column and path as well. Always false. */
bool template_fail_at(const struct template *template, struct template_error *error,
                      const char *path, const char *format, ...) PRINTF_LIKE(4, 5);
/* The path of an element of `document`: "resources[0]"; owned by the caller. */
char *template_path_of(const struct template *template, const cJSON *element);

bool template_read_parameters(struct template *template, const cJSON *given,
                              struct template_error *error);
/* Against "type", "allowedValues", "minLength" and the like, "$ref" included. */
bool template_check_type(const struct template *template, const cJSON *schema, const cJSON *value,
                         const char *name, const char *kind, struct template_error *error);
/* The schema that "$ref" names, or `schema` itself. */
const cJSON *template_resolve_type(const struct template *template, const cJSON *schema);
bool template_type_is_secure(const struct template *template, const cJSON *schema);
/* "String" for "string". */
const char *template_type_name(const struct template *template, const cJSON *schema);

const cJSON *template_variable(void *context, const char *name, struct template_error *error);
cJSON *template_call_function(void *context, const char *space, const char *name,
                              const cJSON *const *arguments, size_t count,
                              struct template_error *error);

bool template_expand_resources(struct template *template, struct template_error *error);
bool template_connect_resources(struct template *template, struct template_error *error);

/*
 * The resources that `text` names: a symbol, a loop, an id, a name, or a type and a name. Indexes,
 * memory_free; `count` 0: none.
 */
size_t *template_find_resources(const struct template *template, const char *text, size_t *count);

cJSON *template_reference(void *context, const char *name, const char *api_version, bool full,
                          struct template_error *error);
cJSON *template_references(void *context, const char *loop, bool full,
                           struct template_error *error);
cJSON *template_list(void *context, const char *function, const char *name, const char *api_version,
                     const cJSON *body, struct template_error *error);

#endif

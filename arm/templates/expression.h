/*
 * The template language: what stands between the brackets of "[concat('a', parameters('b'))]".
 * Pure: text and JSON in, JSON out. All that depends on a deployment comes through the scope.
 *
 * Values are cJSON items; integers have 64 bits (exact_number.h). Functions, comparisons and
 * messages follow Azure's documentation of the template functions and its recorded error texts.
 */
#ifndef ARM_TEMPLATES_EXPRESSION_H
#define ARM_TEMPLATES_EXPRESSION_H

#include <cjson/cJSON.h>

#include "base/bytes.h"
#include "base/random.h"

/* Azure's own limits. */
#define EXPRESSION_MOST_CHARACTERS 24576
#define EXPRESSION_MOST_RESULT 131072
/* Ours: how deep calls may nest, variables that name variables included. */
#define EXPRESSION_MOST_DEPTH 200
/* What one deployment may spend; about one unit for each value made and each 64 bytes of text. */
#define EXPRESSION_BUDGET 4000000
/* Azure's limit of one loop. */
#define EXPRESSION_MOST_COPIES 800

struct template_error {
    char code[64]; /* empty: the caller's choice, InvalidTemplate as a rule */
    char message[2048];
    char path[256]; /* of the offending element in the template; may be empty */
    int line, column;
};

/* Always false, so that a function can return it. */
bool template_fail(struct template_error *error, const char *format, ...) PRINTF_LIKE(2, 3);

/* What every evaluation of one deployment shares. */
struct expression_budget {
    int64_t left;
    int depth;
};

/* The objects that functions without arguments give. */
enum expression_object {
    EXPRESSION_DEPLOYMENT,
    EXPRESSION_RESOURCE_GROUP,
    EXPRESSION_SUBSCRIPTION,
    EXPRESSION_TENANT,
    EXPRESSION_MANAGEMENT_GROUP,
    EXPRESSION_ENVIRONMENT,
    EXPRESSION_DEPLOYER,
};

/* A copy loop that runs, for copyIndex. */
struct expression_loop {
    const char *name; /* NULL: it has none, only copyIndex() finds it */
    int64_t index;
    bool named_only; /* a loop of properties: copyIndex() passes it by */
    const struct expression_loop *outer;
};

/*
 * Where an expression stands. Callbacks may be NULL: the function is then "not expected at this
 * location". Those that fail fill the error and give NULL or false.
 */
struct expression_scope {
    void *context;
    struct expression_budget *budget;
    int64_t now_ms;
    struct random *random;               /* for newGuid; NULL: not expected here, nor is utcNow */
    const char *subscription_id;         /* NULL in a tenant's deployment */
    const char *resource_group;          /* NULL in a subscription's */
    const struct expression_loop *loops; /* innermost first */
    bool keep_waiting;                   /* texts that ask for resources stay as they are */
    /* Borrowed until the scope ends. */
    const cJSON *(*parameter)(void *context, const char *name, struct template_error *error);
    const cJSON *(*variable)(void *context, const char *name, struct template_error *error);
    /* Owned by the caller. */
    cJSON *(*object)(void *context, enum expression_object which, struct template_error *error);
    /* `name` may be an id, a name or a symbol; `api_version` may be NULL. */
    cJSON *(*reference)(void *context, const char *name, const char *api_version, bool full,
                        struct template_error *error);
    cJSON *(*references)(void *context, const char *loop, bool full, struct template_error *error);
    /* listKeys and its kin; `body` may be NULL. */
    cJSON *(*list)(void *context, const char *function, const char *name, const char *api_version,
                   const cJSON *body, struct template_error *error);
    cJSON *(*providers)(void *context, const char *name, const char *type,
                        struct template_error *error);
    /* A function the template defines. */
    cJSON *(*call)(void *context, const char *space, const char *name,
                   const cJSON *const *arguments, size_t count, struct template_error *error);
    /* A function of another language that has these, too: Azure Policy's. */
    cJSON *(*other)(void *context, const char *name, const cJSON *const *arguments, size_t count,
                    struct template_error *error);
    int (*zone_count)(void *context, const char *location); /* for pickZones; NULL: none */
};

/* "[...]", but not "[[...]". */
bool expression_is(const char *text);

/* The value of a template's string: evaluated, or the text itself. NULL: see the error. */
cJSON *expression_evaluate(const char *text, const struct expression_scope *scope,
                           struct template_error *error);
/*
 * The same for every string inside `value`. Property names are evaluated too, as Azure does, and
 * a member "copy": [{"name", "count", "input"}] becomes the arrays it describes.
 */
cJSON *expression_evaluate_all(const cJSON *value, const struct expression_scope *scope,
                               struct template_error *error);

/* Whether it calls reference, references or list*: then its value waits for resources. */
bool expression_needs_resources(const char *text);

/*
 * The first arguments of its calls of reference and list*, evaluated: an array of strings, those
 * that cannot be told yet left out. Owned by the caller. For implicit dependencies.
 */
cJSON *expression_references(const char *text, const struct expression_scope *scope);

/*
 * The array of a loop of values: {"count", "input"} under `name`. NULL: see the error.
 */
cJSON *expression_copy(const cJSON *copy, const char *name, const struct expression_scope *scope,
                       struct template_error *error);
/* Count of a "copy", checked. -1: see the error. */
int expression_copy_count(const cJSON *copy, const struct expression_scope *scope,
                          struct template_error *error);

/* "String", "Integer", "Object"... as messages name it. */
const char *expression_type_name(const cJSON *value);

#endif

/*
 * Deployments, for the files deployment*.c only. A deployment is a resource of the store: its body
 * is what a GET shows, its secrets are what it needs to go on: the template, the parameters'
 * values, the caller, and a step for each resource.
 */
#ifndef ARM_TYPES_DEPLOYMENT_H
#define ARM_TYPES_DEPLOYMENT_H

#include "arm/service_state.h"
#include "arm/templates/template.h"

extern const struct arm_resource_type arm_deployment_type;

/* Where a deployment stands, and who asks. */
struct deployment_scope {
    const char *group; /* NULL: of the subscription */
    const char *name;
};

/* What a deployment is begun with. All is borrowed. */
struct deployment_request {
    struct deployment_scope scope;
    const struct arm_principal *principal;
    const cJSON *properties;    /* mode, template, parameters */
    const char *location;       /* of a subscription's; may be NULL */
    const cJSON *tags;          /* may be NULL */
    const cJSON *outer;         /* template_settings.outer; may be NULL */
    struct bytes source;        /* the request's text; may be empty */
    const char *correlation_id; /* NULL: a new one */
    const char *parent;         /* id of the deployment around it; NULL: none */
    int depth;                  /* how many are around it */
    struct template *around;    /* its template, whose budget they share; may be NULL */
};

/* ---- deployment_host.c: what templates ask ---- */

/* Everything a template's callbacks need; `host` points back into it. */
struct deployment_host {
    struct template_host host;
    struct arm_service *service;
    struct arm_documents *documents; /* of the request that asks; NULL: none does */
    struct arm_principal principal;
    char *group, *name; /* whose resourceGroup() and deployment() are asked; group may be NULL */
    const cJSON *shown, *template; /* for deployment(); borrowed, may be NULL */
    const char *location;          /* borrowed, may be NULL */
};

void deployment_host_init(struct deployment_host *host, struct arm_service *service,
                          const struct arm_principal *principal,
                          const struct deployment_scope *scope);
void deployment_host_finish(struct deployment_host *host);
/* A call to the service's own API; the answer's body, or NULL. `status` is set. */
cJSON *deployment_call(struct arm_service *service, const struct arm_principal *principal,
                       enum arm_method method, const char *id, const char *action,
                       const char *api_version, cJSON *body, int *status);

/* The template of a request; NULL: see the error. The host must outlive it. */
struct template *deployment_template(const struct deployment_request *request,
                                     struct deployment_host *host, struct template_error *error);
/* "expressionEvaluationOptions": {"scope": "inner"} */
bool deployment_is_inner(const cJSON *properties);

/* ---- deployment_record.c ---- */

/* What a saved deployment must hold, so that it can go on and be shown. */
extern const struct saved_shape deployment_saved[];

/* ---- deployment_run.c: progress ---- */

/* Begins it: the resource, with its first answer as body. NULL: `error` says why. */
struct arm_resource *deployment_begin(struct arm_service *service,
                                      const struct deployment_request *request,
                                      struct template_error *error);
/* Nothing more is started; what runs goes on. */
void deployment_cancel(struct arm_service *service, struct arm_resource *deployment);
bool deployment_active(const struct arm_resource *deployment);
/* After loading: goes on where it was. */
void deployment_resume(struct arm_service *service, struct arm_resource *deployment);
void deployment_forget(struct arm_service *service, struct arm_resource *deployment);

/* ---- deployment_show.c: JSON ---- */

char *deployment_id(const struct arm_service *service, const struct deployment_scope *scope);
cJSON *deployment_providers(const struct template *template);
cJSON *deployment_dependencies(const struct template *template);
/* "PT1M10.622181S" */
void deployment_duration(int64_t milliseconds, char text[32]);
/* {"code", "message", "additionalInfo"} of a template's error. */
cJSON *deployment_template_error(const struct template_error *error);
/* 400 with that error. Always true: it is answered. */
bool deployment_answer_error(struct arm_call *call, const struct template_error *error);
/* Indented as .NET does, with CR LF: how details quote a provider's answer. */
char *deployment_quote(const cJSON *body);
/* One item of the operations list. */
cJSON *deployment_show_step(const struct arm_resource *deployment, const cJSON *step);
/* A properties object from the template on: templateHash, parameters, mode... */
cJSON *deployment_properties(const struct template *template, const cJSON *document,
                             const char *mode);

/* ---- deployment_history.c; `group` NULL: of the subscription ---- */
/* Whether one more is remembered; otherwise the oldest go now, and the next one may succeed. */
bool deployment_has_room(struct arm_service *service, const struct arm_group *group,
                         const char *name, struct template_error *error);
void deployment_groom(struct arm_service *service, const struct arm_group *group);

/* ---- deployment_links.c ---- */
/* Whether the template is elsewhere; then its expressions are its own. */
bool deployment_is_linked(const cJSON *properties);
enum deployment_links { DEPLOYMENT_LINKS_FOLLOWED, DEPLOYMENT_LINKS_COMING, DEPLOYMENT_LINKS_BAD };
/*
 * templateLink and parametersLink: what they lead to becomes `template` and `parameters`, when both
 * are here. `around` is the templateLink of the deployment around this one; NULL: none.
 */
enum deployment_links deployment_follow_links(struct arm_documents *documents, cJSON *properties,
                                              const cJSON *around, struct template_error *error);
/* The links without what may be secret. */
void deployment_show_links(const cJSON *properties, cJSON *shown);

/* ---- deployment_checks.c, deployment_export.c: the POSTs ---- */
bool deployment_validate(struct arm_call *call);
bool deployment_what_if(struct arm_call *call);
bool deployment_what_if_result(struct arm_call *call);
bool deployment_export(struct arm_call *call);
bool deployment_export_group(struct arm_call *call);

/* ---- deployments.c ---- */
/* Reads scope, properties and the rest from the call; false: call->error. */
bool deployment_read_request(struct arm_call *call, struct deployment_request *request);

#endif

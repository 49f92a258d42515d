/*
 * The inside of running deployments, for deployment_run.c and what it is split into. A step is one
 * resource of the template, a JSON object in the deployment's record: id, type, name,
 * provisioningOperation, provisioningState ("Waiting", "Skipped", "Running", "Succeeded",
 * "Failed"), startedMs, endedMs, statusCode, statusMessage; fetching, while a template that it
 * links to is on its way.
 */
#ifndef ARM_TYPES_DEPLOYMENT_RUN_H
#define ARM_TYPES_DEPLOYMENT_RUN_H

#include "arm/types/deployment.h"

/* A deployment that is not over. Everything that must survive is in the resource. */
struct arm_deployment_run {
    struct arm_service *service;
    char *id; /* of the deployment; the resource itself may go */
    struct deployment_host host;
    struct template *template;
    struct timer due;
    struct arm_documents documents; /* that its nested deployments link to */
    bool holding;                   /* the clock, while they come */
    bool stopping;                  /* canceled: nothing more is started */
    struct arm_deployment_run *next;
};

/* ---- deployment_record.c ---- */
const char *deployment_text(const cJSON *step, const char *name); /* empty when absent */
bool deployment_step_in(const cJSON *step, const char *state);
bool deployment_any_step(const cJSON *steps, const char *state);
void deployment_step_set(cJSON *step, const char *state);
void deployment_step_finish(struct arm_service *service, cJSON *step, const char *state,
                            const char *status_code, cJSON *message);
void deployment_set_time(struct arm_service *service, cJSON *step, const char *name);
void deployment_set_guid(struct arm_service *service, cJSON *object, const char *name);
cJSON *deployment_add_step(struct arm_service *service, cJSON *steps, const char *operation,
                           const char *id, const char *type, const char *name,
                           const char *deployment);
cJSON *deployment_make_record(struct arm_deployment_run *run,
                              const struct deployment_request *request, const char *mode);
void deployment_read_principal(const cJSON *record, struct arm_principal *principal);
/* The shown state, with time and duration. */
void deployment_set_state(struct arm_service *service, struct arm_resource *deployment,
                          const char *state);

/* ---- deployment_steps.c ---- */
const char *deployment_status_name(int status);
void deployment_step_start(struct arm_deployment_run *run, const struct arm_resource *deployment,
                           size_t index, cJSON *step);
/* Whether what the step started is over. */
void deployment_step_check(struct arm_service *service, cJSON *step);

/* ---- deployment_end.c ---- */
/* DeploymentFailed with each failed step's answer, quoted. */
cJSON *deployment_failure(const struct arm_resource *deployment, const cJSON *steps);
cJSON *deployment_output_resources(const struct arm_service *service, const cJSON *steps);
/* As a last step; NULL, or the error the deployment fails with. */
cJSON *deployment_evaluate_outputs(struct arm_deployment_run *run, struct arm_resource *deployment);
/* Complete mode: what lies in the group and not in the template goes. */
void deployment_remove_others(struct arm_deployment_run *run, struct arm_resource *deployment);

#endif

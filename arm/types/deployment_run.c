/*
 * Progress of deployments: each resource is put as soon as what it depends on is there, through
 * the service's own API and on behalf of the caller. Nothing is polled: a run sleeps until an
 * operation ends.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arm/json.h"
#include "arm/types/deployment_run.h"
#include "base/log.h"

enum { MOST_DEPTH = 8, EVALUATE_S = 2 };

static struct arm_resource *resource_of(const struct arm_deployment_run *run)
{
    return arm_resource_find_id(run->service, run->id);
}

/* ---- Runs ---- */

static struct arm_deployment_run *find_run(const struct arm_service *service, const char *id)
{
    struct arm_deployment_run *run = service->deployment_runs;
    while (run != NULL && strcasecmp(run->id, id) != 0) {
        run = run->next;
    }
    return run;
}

/* What is downloaded takes real time: an advance of the clock waits for it. */
static void hold_clock(struct arm_deployment_run *run, bool hold)
{
    if (hold && !run->holding) {
        clock_hold(run->service->clock);
    } else if (!hold && run->holding) {
        clock_release(run->service->clock);
    }
    run->holding = hold;
}

static void free_run(struct arm_deployment_run *run)
{
    hold_clock(run, false);
    clock_disarm(run->service->clock, &run->due);
    arm_documents_forget(&run->documents);
    template_destroy(run->template);
    deployment_host_finish(&run->host);
    memory_free(run->id);
    memory_free(run);
}

static void end_run(struct arm_deployment_run *run)
{
    struct arm_deployment_run **at = &run->service->deployment_runs;
    while (*at != run) {
        at = &(*at)->next;
    }
    *at = run->next;
    free_run(run);
}

static void advance(struct timer *timer);
static void documents_arrived(struct arm_documents *documents);

static struct arm_deployment_run *make_run(struct arm_service *service,
                                           const struct arm_principal *principal,
                                           const struct deployment_scope *scope)
{
    struct arm_deployment_run *run = memory_allocate_zeroed(sizeof(*run));
    run->service = service;
    run->id = deployment_id(service, scope);
    run->due.fire = advance;
    run->documents.service = service;
    run->documents.arrived = documents_arrived;
    deployment_host_init(&run->host, service, principal, scope);
    return run;
}

static void wake(struct arm_deployment_run *run, int64_t due_ms)
{
    clock_arm(run->service->clock, &run->due, due_ms);
}

static void documents_arrived(struct arm_documents *documents)
{
    struct arm_deployment_run *run = CONTAINER_OF(documents, struct arm_deployment_run, documents);
    wake(run, clock_now_ms(run->service->clock));
    hold_clock(run, false);
}

void arm_deployments_wake(struct arm_service *service)
{
    for (struct arm_deployment_run *run = service->deployment_runs; run != NULL; run = run->next) {
        wake(run, clock_now_ms(service->clock));
    }
}

/* The deployment around this one may go on. */
static void wake_parent(struct arm_service *service, const struct arm_resource *deployment)
{
    const char *parent = arm_json_text(deployment->secrets, "parent");
    struct arm_deployment_run *run = parent != NULL ? find_run(service, parent) : NULL;
    if (run != NULL) {
        wake(run, clock_now_ms(service->clock));
    }
}

/* ---- The whole ---- */

static const cJSON *step_at(const cJSON *steps, size_t index)
{
    return cJSON_GetArrayItem(steps, (int)index);
}

static bool ready(const struct arm_deployment_run *run, const cJSON *steps, size_t index)
{
    const struct template_resource *resource = template_resource_at(run->template, index);
    for (size_t i = 0; i < resource->dependency_count; i++) {
        const cJSON *other = step_at(steps, resource->dependencies[i]);
        if (!deployment_step_in(other, "Succeeded") && !deployment_step_in(other, "Skipped")) {
            return false;
        }
    }
    return true;
}

/* Starts all that may start; what ends at once may let others begin. */
static void start_ready(struct arm_deployment_run *run, const struct arm_resource *deployment,
                        cJSON *steps)
{
    bool changed = true;
    while (changed && !deployment_any_step(steps, "Failed")) {
        changed = false;
        cJSON *step = steps->child;
        for (size_t i = 0; i < template_resource_count(run->template); i++, step = step->next) {
            if (deployment_step_in(step, "Waiting") && ready(run, steps, i)) {
                deployment_step_start(run, deployment, i, step);
                if (template_budget(run->template) <= 1 && deployment_step_in(step, "Failed")) {
                    return; /* so would all others */
                }
                changed = changed || !deployment_step_in(step, "Running");
            }
        }
    }
}

static void finish(struct arm_deployment_run *run, struct arm_resource *deployment,
                   const char *state, cJSON *error)
{
    struct arm_service *service = run->service;
    if (error != NULL) {
        arm_json_put(deployment->body, "properties.error", error);
    }
    arm_json_put(deployment->body, "properties.outputResources",
                 deployment_output_resources(service, arm_json_at(deployment->secrets, "steps")));
    deployment_set_time(service, deployment->secrets, "endedMs");
    deployment_set_state(service, deployment, state);
    /* Secure values are kept no longer than they are needed. */
    static const char *const secret[] = {"source", "parameters", "outer", "templateLink"};
    for (size_t i = 0; i < ARRAY_LEN(secret); i++) {
        arm_json_remove(deployment->secrets, secret[i]);
    }
    log_info("arm", "deployment finished state=%s id=%s", state, deployment->id);
    wake_parent(service, deployment);
    end_run(run);
}

static bool creating(const struct arm_deployment_run *run, const cJSON *steps)
{
    const cJSON *step = steps->child;
    for (size_t i = 0; i < template_resource_count(run->template); i++, step = step->next) {
        if (deployment_step_in(step, "Waiting") || deployment_step_in(step, "Running")) {
            return true;
        }
    }
    return false;
}

static void advance(struct timer *timer)
{
    struct arm_deployment_run *run = CONTAINER_OF(timer, struct arm_deployment_run, due);
    struct arm_service *service = run->service;
    struct arm_resource *deployment = resource_of(run);
    if (deployment == NULL) {
        end_run(run);
        return;
    }
    cJSON *record = deployment->secrets, *steps = arm_json_at(record, "steps"), *step;
    if (strcmp(deployment->state, "Accepted") == 0) {
        deployment_set_state(service, deployment, "Running");
    }
    cJSON_ArrayForEach(step, steps)
    {
        if (!deployment_step_in(step, "Running")) {
            continue;
        }
        if (arm_json_at(step, "fetching") == NULL) {
            deployment_step_check(service, step);
        } else if (run->documents.coming == 0) {
            arm_json_remove(step, "fetching");
            deployment_step_set(step, "Waiting");
        }
    }
    if (!run->stopping) {
        start_ready(run, deployment, steps);
    }
    hold_clock(run, run->documents.coming > 0);
    if (!run->holding) {
        arm_documents_forget(&run->documents);
    }
    bool failed = deployment_any_step(steps, "Failed");
    bool complete = strcasecmp(deployment_text(record, "mode"), "Complete") == 0;
    if (complete && !failed && !run->stopping && !creating(run, steps)) {
        deployment_remove_others(run, deployment);
        failed = deployment_any_step(steps, "Failed");
    }
    if (deployment_any_step(steps, "Running")) {
        arm_changed(service); /* the end of any of them wakes the run */
    } else if (run->stopping) {
        finish(run, deployment, "Canceled", NULL);
    } else if (failed) {
        finish(run, deployment, "Failed", deployment_failure(deployment, steps));
    } else {
        cJSON *error = deployment_evaluate_outputs(run, deployment);
        finish(run, deployment, error == NULL ? "Succeeded" : "Failed", error);
    }
}

/* ---- Life ---- */

static bool check_request(struct arm_service *service, const struct deployment_request *request,
                          const struct arm_resource *present, struct template_error *error)
{
    const struct arm_group *group =
        request->scope.group != NULL
            ? arm_group_find(service, bytes_from_string(request->scope.group))
            : NULL;
    if (request->scope.group != NULL && group == NULL) {
        template_fail(error, "Resource group '%.90s' could not be found.", request->scope.group);
        snprintf(error->code, sizeof(error->code), "ResourceGroupNotFound");
        return false;
    }
    if (group != NULL && group->deleting != NULL) {
        template_fail(error,
                      "The resource group '%s' is in deprovisioning state and cannot perform this "
                      "operation.",
                      group->name);
        snprintf(error->code, sizeof(error->code), "ResourceGroupBeingDeleted");
        return false;
    }
    const struct arm_location *location =
        request->location != NULL ? arm_location_find(bytes_from_string(request->location)) : NULL;
    if (present != NULL && group == NULL && present->location != location) {
        template_fail(error,
                      "Invalid deployment location '%s'. The deployment '%.64s' already exists in "
                      "location '%s'.",
                      location != NULL ? location->name : "", request->scope.name,
                      present->location != NULL ? present->location->name : "");
        snprintf(error->code, sizeof(error->code), "InvalidDeploymentLocation");
        return false;
    }
    if (present != NULL && deployment_active(present)) {
        const cJSON *started = arm_json_at(present->secrets, "startedMs");
        char from[32], until[32];
        int64_t began = cJSON_IsNumber(started) ? (int64_t)started->valuedouble : 0;
        timestamp_format(began, from);
        timestamp_format(began + INT64_C(7) * 86400000, until);
        template_fail(error,
                      "Unable to edit or replace deployment '%.64s': previous deployment from '%s' "
                      "is still active (expiration time is '%s'). Please see "
                      "https://aka.ms/arm-deploy for usage details.",
                      request->scope.name, from, until);
        snprintf(error->code, sizeof(error->code), "DeploymentActive");
        return false;
    }
    if (present == NULL && !deployment_has_room(service, group, request->scope.name, error)) {
        return false;
    }
    if (request->depth > MOST_DEPTH) {
        template_fail(error,
                      "Deployment template validation failed: 'Deployments are nested deeper than "
                      "the maximum of '%d' levels.'.",
                      MOST_DEPTH);
        snprintf(error->code, sizeof(error->code), "InvalidTemplate");
        return false;
    }
    return true;
}

static const char *mode_of(const cJSON *properties)
{
    const char *mode = arm_json_text(properties, "mode");
    return mode != NULL && strcasecmp(mode, "Complete") == 0 ? "Complete" : "Incremental";
}

struct arm_resource *deployment_begin(struct arm_service *service,
                                      const struct deployment_request *request,
                                      struct template_error *error)
{
    struct arm_deployment_run *run = make_run(service, request->principal, &request->scope);
    struct arm_resource *present = arm_resource_find_id(service, run->id);
    if (check_request(service, request, present, error)) {
        run->template = deployment_template(request, &run->host, error);
    }
    if (run->template == NULL) {
        free_run(run);
        return NULL;
    }
    const char *mode = mode_of(request->properties);
    cJSON *body = cJSON_CreateObject();
    cJSON *properties =
        deployment_properties(run->template, arm_json_at(request->properties, "template"), mode);
    deployment_show_links(request->properties, properties);
    static const char *const later[] = {"provisioningState", "timestamp", "duration"};
    for (size_t i = 0; i < ARRAY_LEN(later); i++) {
        cJSON_AddStringToObject(properties, later[i], "");
    }
    if (request->correlation_id != NULL) {
        cJSON_AddStringToObject(properties, "correlationId", request->correlation_id);
    } else {
        deployment_set_guid(service, properties, "correlationId");
    }
    cJSON_AddItemToObject(properties, "providers", deployment_providers(run->template));
    cJSON_AddItemToObject(properties, "dependencies", deployment_dependencies(run->template));
    cJSON_AddItemToObject(body, "properties", properties);
    if (cJSON_IsObject(request->tags)) {
        cJSON_AddItemToObject(body, "tags", cJSON_Duplicate(request->tags, true));
    }
    if (present != NULL) {
        arm_resource_remove(service, present);
    }
    const struct arm_location *location =
        request->location != NULL ? arm_location_find(bytes_from_string(request->location)) : NULL;
    struct arm_resource *deployment = arm_resource_add(
        service, &arm_deployment_type, arm_deployment_type.name, run->id, location, body);
    deployment->secrets = deployment_make_record(run, request, mode);
    /* What the request lends is gone when the answer is. */
    run->host.shown = arm_json_at(deployment->body, "properties");
    run->host.template = arm_json_at(deployment->secrets, "template");
    run->host.location = location != NULL ? location->name : NULL;
    deployment_set_state(service, deployment, "Accepted");
    run->next = service->deployment_runs;
    service->deployment_runs = run;
    bool slow = service->config.provisioning == ARM_PROVISIONING_REALISTIC;
    wake(run, clock_now_ms(service->clock) + (slow ? EVALUATE_S * 1000 : 0));
    deployment_groom(service, deployment->group);
    log_info("arm", "deployment started id=%s resources=%zu", run->id,
             template_resource_count(run->template));
    return deployment;
}

void deployment_cancel(struct arm_service *service, struct arm_resource *deployment)
{
    struct arm_deployment_run *run = find_run(service, deployment->id);
    const cJSON *step;
    cJSON_ArrayForEach(step, arm_json_at(deployment->secrets, "steps"))
    {
        struct arm_resource *nested =
            deployment_step_in(step, "Running")
                ? arm_resource_find_id(service, deployment_text(step, "id"))
                : NULL;
        if (nested != NULL && nested->type == &arm_deployment_type && deployment_active(nested)) {
            deployment_cancel(service, nested);
        }
    }
    arm_json_put(deployment->secrets, "canceled", cJSON_CreateTrue());
    if (run != NULL) {
        run->stopping = true;
        finish(run, deployment, "Canceled", NULL);
    }
}

static void fail_loaded(struct arm_service *service, struct arm_resource *deployment,
                        const char *why)
{
    cJSON *error = cJSON_CreateObject();
    cJSON_AddStringToObject(error, "code", "DeploymentFailed");
    cJSON_AddStringToObject(error, "target", deployment->id);
    char *message =
        string_format("The deployment could not go on after its state was loaded: %s", why);
    cJSON_AddStringToObject(error, "message", message);
    memory_free(message);
    arm_json_put(deployment->body, "properties.error", error);
    deployment_set_state(service, deployment, "Failed");
}

void deployment_resume(struct arm_service *service, struct arm_resource *deployment)
{
    static const char *const states[] = {"Accepted", "Running",   "Canceled",
                                         "Failed",   "Succeeded", "Creating"};
    const char *shown = arm_json_text(deployment->body, "properties.provisioningState");
    for (size_t i = 0; shown != NULL && i < ARRAY_LEN(states); i++) {
        if (strcmp(states[i], shown) == 0) {
            deployment->state = states[i];
        }
    }
    if (!deployment_active(deployment) || find_run(service, deployment->id) != NULL) {
        return;
    }
    const cJSON *record = deployment->secrets;
    struct arm_principal principal;
    deployment_read_principal(record, &principal);
    struct deployment_scope scope = {deployment->group != NULL ? deployment->group->name : NULL,
                                     deployment->name};
    struct arm_deployment_run *run = make_run(service, &principal, &scope);
    struct template_error error = {0};
    struct deployment_request request = {
        .scope = scope,
        .principal = &principal,
        .properties = record,
        .location = deployment->location != NULL ? deployment->location->name : NULL,
        .outer = arm_json_at(record, "outer"),
        .source = bytes_from_string(arm_json_text(record, "source")),
    };
    run->template = deployment_template(&request, &run->host, &error);
    size_t steps = (size_t)cJSON_GetArraySize(arm_json_at(record, "steps"));
    if (run->template == NULL || steps < template_resource_count(run->template)) {
        fail_loaded(service, deployment, error.message);
        free_run(run);
        return;
    }
    run->host.shown = arm_json_at(deployment->body, "properties");
    run->host.template = arm_json_at(deployment->secrets, "template");
    run->next = service->deployment_runs;
    service->deployment_runs = run;
    wake(run, clock_now_ms(service->clock));
}

void deployment_forget(struct arm_service *service, struct arm_resource *deployment)
{
    struct arm_deployment_run *run = find_run(service, deployment->id);
    if (run != NULL) {
        end_run(run);
    }
}

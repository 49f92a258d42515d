/* Microsoft.Resources/deployments of groups and of the subscription. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arm/json.h"
#include "arm/odata_filter.h"
#include "arm/types/deployment.h"

enum { LONGEST_NAME = 64 };

/* ---- What the path and the body say ---- */

static size_t find_segment(const struct arm_call *call, const char *word)
{
    for (size_t i = 2; i < call->segment_count; i++) {
        if (strcasecmp(call->segments[i], word) == 0) {
            return i;
        }
    }
    return call->segment_count;
}

static struct deployment_scope scope_of(const struct arm_call *call)
{
    size_t at = find_segment(call, "deployments") + 1;
    bool grouped = call->segment_count > 3 && strcasecmp(call->segments[2], "resourceGroups") == 0;
    return (struct deployment_scope){grouped ? call->segments[3] : NULL,
                                     at < call->segment_count ? call->segments[at] : ""};
}

static struct arm_resource *named(const struct arm_call *call)
{
    struct deployment_scope scope = scope_of(call);
    char *id = deployment_id(call->service, &scope);
    struct arm_resource *deployment = arm_resource_find_id(call->service, id);
    memory_free(id);
    return deployment;
}

static bool group_or_fail(struct arm_call *call)
{
    struct deployment_scope scope = scope_of(call);
    struct bytes group = bytes_from_string(scope.group);
    return scope.group == NULL || arm_group_find(call->service, group) != NULL ||
           arm_fail_group_not_found(&call->error, group);
}

static struct arm_resource *named_or_fail(struct arm_call *call)
{
    struct arm_resource *deployment = group_or_fail(call) ? named(call) : NULL;
    if (deployment == NULL && call->error.code[0] == '\0') {
        arm_fail(&call->error, 404, "DeploymentNotFound", "Deployment '%.64s' could not be found.",
                 scope_of(call).name);
    }
    return deployment;
}

static bool name_or_fail(struct arm_call *call, const char *name)
{
    char invalid[80] = "";
    size_t size = 0;
    for (const char *at = name; *at != '\0'; at++) {
        bool letter = (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'z') ||
                      (*at >= 'A' && *at <= 'Z') || strchr("-_.()", *at) != NULL;
        if (!letter && size + 1 < sizeof(invalid)) {
            invalid[size++] = *at;
            invalid[size] = '\0';
        }
    }
    if (size > 0) {
        return arm_fail(&call->error, 400, "InvalidDeploymentName",
                        "The provided deployment name '%.80s' has these invalid characters: '%s'. "
                        "The name can only be a letter, digit, '-', '.', '(', ')' or '_'. Please "
                        "see https://aka.ms/arm-deploy for usage details.",
                        name, invalid);
    }
    return strlen(name) <= LONGEST_NAME ||
           arm_fail(&call->error, 400, "InvalidDeploymentName",
                    "The provided deployment name '%.80s' has a length of '%zu' which exceeds the "
                    "maximum length of '%d'. Please see https://aka.ms/arm-deploy for usage "
                    "details.",
                    name, strlen(name), LONGEST_NAME);
}

static bool fail_member(struct arm_call *call, const char *member, const char *path)
{
    return arm_fail(&call->error, 400, "InvalidRequestContent",
                    "The request content was invalid and could not be deserialized: 'Required "
                    "property '%s' not found in JSON. Path '%s', line 1, position 1.'.",
                    member, path);
}

static bool mode_or_fail(struct arm_call *call, const cJSON *properties, bool grouped)
{
    const char *mode = arm_json_text(properties, "mode");
    if (mode == NULL) {
        return fail_member(call, "mode", "properties");
    }
    if (strcasecmp(mode, "Incremental") != 0 && strcasecmp(mode, "Complete") != 0) {
        return arm_fail(&call->error, 400, "InvalidRequestContent",
                        "The request content was invalid and could not be deserialized: 'Error "
                        "converting value \"%.64s\" to type 'DeploymentMode': it is 'Incremental' "
                        "or 'Complete'. Path 'properties.mode'.'.",
                        mode);
    }
    return grouped || strcasecmp(mode, "Incremental") == 0 ||
           arm_fail(&call->error, 400, "InvalidDeployment",
                    "The 'Complete' mode is not supported by deployments at subscription scope. "
                    "Please see https://aka.ms/arm-deploy for usage details.");
}

/* Each is {"value": ...} or {"reference": ...}: the file around them was given as it is, else. */
static bool parameters_or_fail(struct arm_call *call, const cJSON *properties)
{
    const cJSON *one, *parameters = arm_json_at(properties, "parameters");
    if (parameters != NULL && !cJSON_IsObject(parameters) && !cJSON_IsNull(parameters)) {
        return arm_fail(&call->error, 400, "InvalidRequestContent",
                        "The request content was invalid and could not be deserialized: 'The "
                        "parameters must be an object. Path 'properties.parameters'.'.");
    }
    cJSON_ArrayForEach(one, parameters)
    {
        if (!cJSON_IsObject(one) && !cJSON_IsNull(one)) {
            const char *text = cJSON_GetStringValue(one);
            return arm_fail(&call->error, 400, "InvalidRequestContent",
                            "The request content was invalid and could not be deserialized: 'Error "
                            "converting value \"%.100s\" to type 'DeploymentParameterDefinition'. "
                            "Path 'properties.parameters.%.100s'.'.",
                            text == NULL ? "" : text, one->string);
        }
    }
    return true;
}

/* A template that is linked to must be here first. */
static bool template_or_fail(struct arm_call *call, struct deployment_request *request)
{
    cJSON *properties = arm_json_at(call->body, "properties");
    struct template_error error = {0};
    if (!parameters_or_fail(call, properties)) {
        return false;
    }
    switch (deployment_follow_links(&call->wait->documents, properties, NULL, &error)) {
    case DEPLOYMENT_LINKS_FOLLOWED:
        break;
    case DEPLOYMENT_LINKS_COMING:
        call->wait->waits = true;
        return false;
    case DEPLOYMENT_LINKS_BAD:
        return arm_fail(&call->error, 400, error.code, "%s", error.message);
    }
    if (deployment_is_linked(properties)) {
        request->source = (struct bytes){0}; /* lines would be those of the request */
    }
    return cJSON_IsObject(arm_json_at(properties, "template")) ||
           fail_member(call, "template", "properties");
}

bool deployment_read_request(struct arm_call *call, struct deployment_request *request)
{
    const cJSON *properties = arm_json_at(call->body, "properties");
    *request = (struct deployment_request){
        .scope = scope_of(call),
        .principal = &call->principal,
        .properties = properties,
        .location = arm_json_text(call->body, "location"),
        .tags = arm_json_at(call->body, "tags"),
        .source = call->request->body,
    };
    if (!group_or_fail(call) || !name_or_fail(call, request->scope.name)) {
        return false;
    }
    if (!cJSON_IsObject(properties)) {
        return fail_member(call, "properties", "");
    }
    if (request->scope.group == NULL && request->location == NULL) {
        return arm_fail(&call->error, 400, "LocationRequired",
                        "The location property is required for this definition.");
    }
    if (request->location != NULL &&
        arm_location_find(bytes_from_string(request->location)) == NULL) {
        return arm_fail(&call->error, 400, "LocationNotAvailableForDeployment",
                        "The provided location '%.64s' is not available for deployment.",
                        request->location);
    }
    return mode_or_fail(call, properties, request->scope.group != NULL) &&
           template_or_fail(call, request);
}

/* ---- Answers ---- */

static cJSON *show(struct arm_call *call, const struct arm_resource *deployment, bool secrets)
{
    (void)secrets;
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "id", deployment->id);
    cJSON_AddStringToObject(item, "name", deployment->name);
    if (strcmp(call->api_version, "2019-05-01") >= 0) {
        cJSON_AddStringToObject(item, "type", arm_deployment_type.name);
    }
    if (deployment->location != NULL && deployment->group == NULL) {
        cJSON_AddStringToObject(item, "location", deployment->location->name);
    }
    arm_json_copy_member(item, deployment->body, "tags");
    arm_json_copy_member(item, deployment->body, "properties");
    return item;
}

static void status_header(struct arm_call *call, const struct arm_resource *deployment)
{
    char *path =
        string_format("%s/operationStatuses/%s?api-version=%s", deployment->id,
                      arm_json_text(deployment->secrets, "operationId"), call->api_version);
    char *url = arm_url(call, path);
    http_response_header(call->response, "Azure-AsyncOperation", "%s", url);
    memory_free(url);
    memory_free(path);
    arm_retry_after(call, 0);
}

static bool put(struct arm_call *call)
{
    struct deployment_request request;
    struct template_error error = {0};
    if (!deployment_read_request(call, &request)) {
        return false;
    }
    bool created = named(call) == NULL;
    struct arm_resource *deployment = deployment_begin(call->service, &request, &error);
    if (deployment == NULL) {
        return deployment_answer_error(call, &error);
    }
    status_header(call, deployment);
    arm_answer(call, created ? 201 : 200, show(call, deployment, false));
    return true;
}

static bool get(struct arm_call *call)
{
    const struct arm_resource *deployment = named_or_fail(call);
    if (deployment == NULL) {
        return false;
    }
    arm_answer(call, 200, show(call, deployment, false));
    return true;
}

static bool head(struct arm_call *call)
{
    if (named_or_fail(call) == NULL) {
        return false;
    }
    arm_answer(call, 204, NULL);
    return true;
}

static bool remove_one(struct arm_call *call)
{
    if (!group_or_fail(call)) {
        return false;
    }
    struct arm_resource *deployment = named(call);
    if (deployment == NULL) {
        arm_answer(call, 204, NULL);
        return true;
    }
    if (deployment_active(deployment)) {
        return arm_fail(&call->error, 409, "DeploymentBeingActive",
                        "Unable to delete deployment '%s': it is still active. Please see "
                        "https://aka.ms/arm-deploy for usage details.",
                        deployment->name);
    }
    if (deployment->operation == NULL) {
        deployment->operation = arm_operation_start(
            call->service, ARM_OPERATION_DELETE, &arm_polling_common,
            "Microsoft.Resources/deployments/delete", deployment->id, deployment->location, 5);
    }
    arm_changed(call->service);
    arm_operation_headers(call, deployment->operation, ARM_RESULT_LOCATION);
    arm_retry_after(call, 15);
    arm_answer(call, 202, NULL);
    return true;
}

/* $filter=provisioningState eq 'Failed' */
static const char *const filter_names[] = {"provisioningState", NULL};

static bool holds(void *context, const struct odata_condition *condition)
{
    const struct arm_resource *deployment = context;
    return odata_text_fits(condition, deployment->state);
}

static bool wanted(struct arm_resource *deployment, struct bytes filter)
{
    bool fits;
    odata_filter(filter, holds, deployment, &fits);
    return fits;
}

static bool list(struct arm_call *call)
{
    struct buf filter, top;
    int64_t most = INT64_MAX;
    if (!group_or_fail(call) || !arm_filter_or_fail(call, filter_names, &filter)) {
        return false;
    }
    buf_init(&top, 32);
    if (arm_query(call, "$top", &top)) {
        bytes_to_int64(buf_bytes(&top), &most);
    }
    const char *name = scope_of(call).group;
    const struct arm_group *group =
        name != NULL ? arm_group_find(call->service, bytes_from_string(name)) : NULL;
    cJSON *body = cJSON_CreateObject(), *value = cJSON_AddArrayToObject(body, "value");
    /* Newest first. */
    for (struct arm_resource *resource = call->service->resources; resource != NULL;
         resource = resource->next) {
        if (resource->type == &arm_deployment_type && resource->group == group &&
            wanted(resource, buf_bytes(&filter))) {
            cJSON_InsertItemInArray(value, 0, show(call, resource, false));
        }
    }
    while (cJSON_GetArraySize(value) > most && most >= 0) {
        cJSON_DeleteItemFromArray(value, cJSON_GetArraySize(value) - 1);
    }
    buf_finish(&filter);
    buf_finish(&top);
    arm_answer(call, 200, body);
    return true;
}

static bool cancel(struct arm_call *call)
{
    struct arm_resource *deployment = named_or_fail(call);
    if (deployment == NULL) {
        return false;
    }
    if (!deployment_active(deployment)) {
        return arm_fail(&call->error, 409, "DeploymentCannotBeCancelled",
                        "The deployment '%s' cannot be cancelled: it is not running, its "
                        "provisioning state is '%s'.",
                        deployment->name, deployment->state);
    }
    deployment_cancel(call->service, deployment);
    arm_answer(call, 204, NULL);
    return true;
}

static bool get_status(struct arm_call *call)
{
    const struct arm_resource *deployment = named_or_fail(call);
    if (deployment == NULL) {
        return false;
    }
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "status",
                            deployment_active(deployment) ? "Running" : deployment->state);
    const cJSON *error = arm_json_at(deployment->body, "properties.error");
    if (error != NULL) {
        cJSON_AddItemToObject(body, "error", cJSON_Duplicate(error, true));
    }
    if (deployment_active(deployment)) {
        arm_retry_after(call, 0);
    }
    arm_answer(call, 200, body);
    return true;
}

static bool is_begun(const cJSON *step)
{
    const char *state = arm_json_text(step, "provisioningState");
    return state != NULL && strcmp(state, "Waiting") != 0 && strcmp(state, "Skipped") != 0;
}

static bool list_operations(struct arm_call *call)
{
    const struct arm_resource *deployment = named_or_fail(call);
    if (deployment == NULL) {
        return false;
    }
    cJSON *body = cJSON_CreateObject(), *value = cJSON_AddArrayToObject(body, "value");
    const cJSON *step;
    cJSON_ArrayForEach(step, arm_json_at(deployment->secrets, "steps"))
    {
        if (is_begun(step)) {
            cJSON_AddItemToArray(value, deployment_show_step(deployment, step));
        }
    }
    arm_answer(call, 200, body);
    return true;
}

static bool get_operation(struct arm_call *call)
{
    const struct arm_resource *deployment = named_or_fail(call);
    const char *wanted_id = call->segments[call->segment_count - 1];
    const cJSON *step;
    cJSON_ArrayForEach(step,
                       (deployment != NULL ? arm_json_at(deployment->secrets, "steps") : NULL))
    {
        if (is_begun(step) && strcasecmp(arm_json_text(step, "operationId"), wanted_id) == 0) {
            arm_answer(call, 200, deployment_show_step(deployment, step));
            return true;
        }
    }
    return deployment != NULL &&
           arm_fail(&call->error, 404, "DeploymentOperationNotFound",
                    "The deployment operation '%.64s' could not be found.", wanted_id);
}

const struct arm_resource_type arm_deployment_type = {
    .name = "Microsoft.Resources/deployments",
    .traits = ARM_SCOPED,
    .show = show,
    .apply = deployment_resume,
    .remove = deployment_forget,
    .saved = deployment_saved,
};
static const struct arm_resource_type *const types[] = {&arm_deployment_type};

#define TYPE "Microsoft.Resources/deployments"
static const char type[] = TYPE;
#define GROUP "/subscriptions/{}/resourceGroups/{}"
#define SUBSCRIPTION "/subscriptions/{}"
#define DEPLOYMENTS "/providers/Microsoft.Resources/deployments"
#define ROUTES(scope)                                                                              \
    {ARM_GET, scope DEPLOYMENTS, list, type}, {ARM_PUT, scope DEPLOYMENTS "/{}", put, type},       \
        {ARM_GET, scope DEPLOYMENTS "/{}", get, type},                                             \
        {ARM_HEAD, scope DEPLOYMENTS "/{}", head, type},                                           \
        {ARM_DELETE, scope DEPLOYMENTS "/{}", remove_one, type},                                   \
        {ARM_POST, scope DEPLOYMENTS "/{}/cancel", cancel, TYPE "/cancel"},                        \
        {ARM_POST, scope DEPLOYMENTS "/{}/validate", deployment_validate, TYPE "/validate"},       \
        {ARM_POST, scope DEPLOYMENTS "/{}/whatIf", deployment_what_if, TYPE "/whatIf"},            \
        {ARM_POST, scope DEPLOYMENTS "/{}/exportTemplate", deployment_export,                      \
         TYPE "/exportTemplate"},                                                                  \
        {ARM_GET, scope DEPLOYMENTS "/{}/operations", list_operations, TYPE "/operations"},        \
        {ARM_GET, scope DEPLOYMENTS "/{}/operations/{}", get_operation, TYPE "/operations"},       \
        {ARM_GET, scope "/deployments/{}/operations", list_operations, TYPE "/operations"},        \
        {ARM_GET, scope "/deployments/{}/operations/{}", get_operation, TYPE "/operations"},       \
    {                                                                                              \
        ARM_GET, scope DEPLOYMENTS "/{}/operationStatuses/{}", get_status, type                    \
    }

static const struct arm_route routes[] = {
    ROUTES(GROUP),
    ROUTES(SUBSCRIPTION),
    {ARM_POST, GROUP "/exportTemplate", deployment_export_group,
     "Microsoft.Resources/subscriptions/resourceGroups/exportTemplate"},
    {ARM_GET, "/subscriptions/{}/providers/Microsoft.Resources/deploymentWhatIfResults/{}",
     deployment_what_if_result, type},
};
const struct arm_module arm_module_deployments = {types, ARRAY_LEN(types), routes,
                                                  ARRAY_LEN(routes)};

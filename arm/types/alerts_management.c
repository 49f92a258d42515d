/*
 * Microsoft.AlertsManagement/alerts: what fired. They hang on the resource that they are about;
 * clients read them and change their state, but cannot make them.
 */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/insights.h"

enum { MOST_ALERTS = 500 };

#define ESSENTIALS "properties.essentials."

static const char *essential(const struct arm_resource *alert, const char *name)
{
    char path[96];
    snprintf(path, sizeof(path), ESSENTIALS "%s", name);
    const char *text = arm_json_text(alert->body, path);
    return text == NULL ? "" : text;
}

struct arm_resource *arm_alert_on(const struct arm_service *service,
                                  const struct arm_resource *rule,
                                  const struct arm_resource *target)
{
    struct arm_resource *alert = service->resources;
    while (alert != NULL && (alert->type != &arm_alert_type || alert->parent != target ||
                             strcmp(essential(alert, "monitorCondition"), "Fired") != 0 ||
                             !bytes_equal_string_nocase(
                                 bytes_from_string(essential(alert, "alertRule")), rule->id))) {
        alert = alert->next;
    }
    return alert;
}

static void put_time(struct arm_resource *alert, const char *path, int64_t time_ms)
{
    char text[32];
    timestamp_format(time_ms, text);
    arm_json_put_text(alert->body, path, text);
}

/* The oldest that is over makes room; while all are on, the oldest of them. */
static void make_room(struct arm_service *service)
{
    struct arm_resource *oldest = NULL;
    size_t count = 0;
    for (struct arm_resource *alert = service->resources; alert != NULL; alert = alert->next) {
        if (alert->type == &arm_alert_type) {
            bool over = strcmp(essential(alert, "monitorCondition"), "Fired") != 0;
            bool first = oldest == NULL ||
                         (over && strcmp(essential(oldest, "monitorCondition"), "Fired") == 0);
            oldest = first ? alert : oldest;
            count++;
        }
    }
    if (count >= MOST_ALERTS) {
        arm_resource_remove(service, oldest);
    }
}

struct arm_resource *arm_alert_add(struct arm_service *service, const struct arm_resource *rule,
                                   const struct arm_resource *target, int64_t now_ms)
{
    char guid[GUID_SIZE + 1], severity[8];
    cJSON *body = cJSON_CreateObject();
    make_room(service);
    random_guid(service->random, guid);
    snprintf(severity, sizeof(severity), "Sev%d",
             arm_json_number(rule->body, "properties.severity", 3));
    const struct {
        const char *path, *text;
    } texts[] = {
        {ESSENTIALS "severity", severity},
        {ESSENTIALS "signalType", "Metric"},
        {ESSENTIALS "alertState", "New"},
        {ESSENTIALS "monitorCondition", "Fired"},
        {ESSENTIALS "targetResource", target->id},
        {ESSENTIALS "targetResourceName", target->name},
        {ESSENTIALS "targetResourceGroup", target->group == NULL ? "" : target->group->name},
        {ESSENTIALS "targetResourceType", arm_type_leaf(target->type_name)},
        {ESSENTIALS "monitorService", "Platform"},
        {ESSENTIALS "alertRule", rule->id},
        {ESSENTIALS "sourceCreatedId", guid},
        {ESSENTIALS "description", arm_json_text(rule->body, "properties.description")},
        {ESSENTIALS "lastModifiedUserName", "System"},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        arm_json_put_text(body, texts[i].path, texts[i].text == NULL ? "" : texts[i].text);
    }
    arm_json_put(body, ESSENTIALS "actionStatus.isSuppressed", cJSON_CreateFalse());
    char *id = string_format("%s/providers/Microsoft.AlertsManagement/alerts/%s", target->id, guid);
    struct arm_resource *alert =
        arm_resource_add(service, &arm_alert_type, arm_alert_type.name, id, NULL, body);
    memory_free(id);
    alert->secrets = cJSON_CreateObject();
    alert->created_ms = now_ms;
    put_time(alert, ESSENTIALS "startDateTime", now_ms);
    put_time(alert, ESSENTIALS "lastModifiedDateTime", now_ms);
    return alert;
}

void arm_alert_resolve(struct arm_service *service, struct arm_resource *alert, int64_t now_ms)
{
    (void)service;
    arm_json_put_text(alert->body, ESSENTIALS "monitorCondition", "Resolved");
    put_time(alert, ESSENTIALS "monitorConditionResolvedDateTime", now_ms);
    put_time(alert, ESSENTIALS "lastModifiedDateTime", now_ms);
}

/* ---- Requests ---- */

static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    (void)old;
    (void)body;
    return arm_fail_method(call);
}

static bool check_removal(struct arm_call *call, const struct arm_resource *resource)
{
    (void)resource;
    return arm_fail_method(call);
}

static cJSON *show(struct arm_call *call, const struct arm_resource *alert, bool secrets)
{
    (void)secrets;
    cJSON *item = arm_resource_show_plain(call, alert);
    cJSON_ReplaceItemInObject(item, "name",
                              cJSON_CreateString(arm_type_leaf(essential(alert, "alertRule"))));
    return item;
}

/* ?monitorCondition=Fired&alertRule=... */
static bool asked_for(const struct arm_call *call, const struct arm_resource *alert)
{
    static const char *const filters[] = {
        "targetResource",   "targetResourceType", "targetResourceGroup", "monitorService",
        "monitorCondition", "severity",           "alertState",          "alertRule"};
    bool fits = true;
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        struct buf value;
        buf_init(&value, ID_SIZE);
        if (arm_query(call, filters[i], &value) && value.size > 0) {
            const char *text = essential(alert, filters[i]);
            struct bytes wanted = buf_bytes(&value);
            fits = fits && (bytes_equal_string_nocase(wanted, text) ||
                            bytes_equal_string_nocase(wanted, arm_type_leaf(text)));
        }
        buf_finish(&value);
    }
    return fits;
}

static bool list(struct arm_call *call)
{
    cJSON *body = cJSON_CreateObject();
    cJSON *value = cJSON_AddArrayToObject(body, "value");
    for (const struct arm_resource *alert = call->service->resources; alert != NULL;
         alert = alert->next) {
        if (alert->type == &arm_alert_type && asked_for(call, alert)) {
            cJSON_InsertItemInArray(value, 0, show(call, alert, false)); /* newest first */
        }
    }
    arm_answer(call, 200, body);
    return true;
}

static struct arm_resource *alert_or_fail(struct arm_call *call)
{
    struct arm_resource *alert =
        arm_resource_find_name(call->service, &arm_alert_type, call->wildcards[1]);
    if (alert == NULL) {
        arm_fail(&call->error, 404, "NotFound", "There is no alert '%.*s'.",
                 (int)bytes_slice(call->wildcards[1], 0, 64).size, call->wildcards[1].data);
    }
    return alert;
}

static bool get(struct arm_call *call)
{
    const struct arm_resource *alert = alert_or_fail(call);
    if (alert == NULL) {
        return false;
    }
    arm_answer(call, 200, show(call, alert, false));
    return true;
}

static bool change_state(struct arm_call *call)
{
    static const char *const states[] = {"New", "Acknowledged", "Closed"};
    struct arm_resource *alert = alert_or_fail(call);
    struct buf wanted;
    bool good = false;
    if (alert == NULL) {
        return false;
    }
    buf_init(&wanted, 64);
    arm_query(call, "newState", &wanted);
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        if (bytes_equal_string_nocase(buf_bytes(&wanted), states[i])) {
            arm_json_put_text(alert->body, ESSENTIALS "alertState", states[i]);
            put_time(alert, ESSENTIALS "lastModifiedDateTime", clock_now_ms(call->service->clock));
            good = true;
        }
    }
    buf_finish(&wanted);
    if (!good) {
        return arm_fail(&call->error, 400, "BadRequest",
                        "newState must be New, Acknowledged or Closed.");
    }
    arm_changed(call->service);
    arm_answer(call, 200, show(call, alert, false));
    return true;
}

static const struct saved_shape saved[] = {
    {"secrets", SAVED_OBJECT, true},
    {"secrets.healthy", SAVED_NUMBER, false},
    {NULL, SAVED_TEXT, false},
};

const struct arm_resource_type arm_alert_type = {
    .name = "Microsoft.AlertsManagement/alerts",
    .traits = ARM_SCOPED | ARM_LISTS_BELOW | ARM_NO_STATE,
    .check = check,
    .check_removal = check_removal,
    .show = show,
    .saved = saved,
};

#define ALERTS "/subscriptions/{}/providers/Microsoft.AlertsManagement/alerts"
static const struct arm_route routes[] = {
    {ARM_GET, ALERTS, list, "Microsoft.AlertsManagement/alerts"},
    {ARM_GET, ALERTS "/{}", get, "Microsoft.AlertsManagement/alerts"},
    {ARM_POST, ALERTS "/{}/changestate", change_state, "Microsoft.AlertsManagement/alerts"},
};
static const struct arm_resource_type *const types[] = {&arm_alert_type};
const struct arm_module arm_module_alerts_management = {types, ARRAY_LEN(types), routes,
                                                        ARRAY_LEN(routes)};

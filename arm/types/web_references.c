/*
 * What became of a web app's references to secrets (sites/config/configreferences), and whether
 * user name and password may publish (sites/basicPublishingCredentialsPolicies).
 */
#include <string.h>

#include "arm/json.h"
#include "arm/types/web.h"

/* ---- What became of references to secrets ---- */

static cJSON *show_reference(struct arm_service *service, const struct arm_resource *site,
                             const char *kind, const char *name, const char *value)
{
    const char *identity = arm_json_text(site->body, "properties.keyVaultReferenceIdentity");
    struct app_reference reference;
    if (value == NULL || !app_reference_read(service, site, value, identity, &reference)) {
        return NULL;
    }
    cJSON *item = cJSON_CreateObject();
    char *id = string_format("%s/config/configreferences/%s/%s", site->id, kind, name);
    cJSON_AddStringToObject(item, "id", id);
    cJSON_AddStringToObject(item, "name", name);
    cJSON_AddStringToObject(item, "type", "Microsoft.Web/sites/config/configreferences");
    cJSON_AddStringToObject(item, "location", site->location->display_name);
    arm_json_put_text(item, "properties.reference", value);
    arm_json_put_text(item, "properties.status", reference.status);
    arm_json_put_text(item, "properties.vaultName", reference.vault);
    arm_json_put_text(item, "properties.secretName", reference.secret);
    arm_json_put_text(item, "properties.secretVersion", reference.version);
    arm_json_put_text(item, "properties.identityType",
                      identity == NULL || strcmp(identity, "SystemAssigned") == 0 ? "SystemAssigned"
                                                                                  : "UserAssigned");
    arm_json_put_text(item, "properties.details", reference.details);
    arm_json_put_text(item, "properties.source", "KeyVault");
    memory_free(id);
    return item;
}

static const char *value_of(const cJSON *item)
{
    return cJSON_IsObject(item) ? arm_json_text(item, "value") : cJSON_GetStringValue(item);
}

static bool references(struct arm_call *call)
{
    struct arm_resource *site = web_site_or_fail(call);
    const char *kind = site == NULL ? NULL : web_config_kind_or_fail(call);
    if (kind == NULL) {
        return false;
    }
    cJSON *body = cJSON_CreateObject(), *value = cJSON_AddArrayToObject(body, "value");
    const cJSON *item;
    cJSON_ArrayForEach(item, web_config(site, kind))
    {
        cJSON *shown = show_reference(call->service, site, kind, item->string, value_of(item));
        if (shown != NULL) {
            cJSON_AddItemToArray(value, shown);
        }
    }
    arm_answer(call, 200, body);
    return true;
}

static bool one_reference(struct arm_call *call)
{
    struct arm_resource *site = web_site_or_fail(call);
    const char *kind = site == NULL ? NULL : web_config_kind_or_fail(call);
    if (kind == NULL) {
        return false;
    }
    char *name = bytes_to_string(call->wildcards[4]);
    const cJSON *item = cJSON_GetObjectItem(web_config(site, kind), name);
    cJSON *shown = item == NULL
                       ? NULL
                       : show_reference(call->service, site, kind, item->string, value_of(item));
    if (shown == NULL) {
        arm_fail(&call->error, 404, "NotFound", "The setting '%.200s' refers to no secret.", name);
    } else {
        arm_answer(call, 200, shown);
    }
    memory_free(name);
    return shown != NULL;
}

/* ---- Whether user name and password may publish ---- */

static bool publishing_policy(struct arm_call *call)
{
    struct arm_resource *site = web_site_or_fail(call);
    struct bytes name = call->wildcards[3];
    const char *kind = bytes_equal_string_nocase(name, "scm")   ? "scm"
                       : bytes_equal_string_nocase(name, "ftp") ? "ftp"
                                                                : NULL;
    if (site == NULL) {
        return false;
    }
    if (kind == NULL) {
        return arm_fail(&call->error, 404, "NotFound", "The policy must be 'scm' or 'ftp'.");
    }
    cJSON *policies = web_config(site, "publishingpolicies");
    const cJSON *allow = arm_json_at(call->body, "properties.allow");
    if (call->method == ARM_PUT) {
        if (!cJSON_IsBool(allow)) {
            return arm_fail(&call->error, 400, "BadRequest",
                            "The parameter properties.allow must be true or false.");
        }
        cJSON_DeleteItemFromObject(policies, kind);
        cJSON_AddBoolToObject(policies, kind, cJSON_IsTrue(allow));
        arm_changed(call->service);
    }
    cJSON *item = cJSON_CreateObject();
    char *id = string_format("%s/basicPublishingCredentialsPolicies/%s", site->id, kind);
    cJSON_AddStringToObject(item, "id", id);
    cJSON_AddStringToObject(item, "name", kind);
    cJSON_AddStringToObject(item, "type", "Microsoft.Web/sites/basicPublishingCredentialsPolicies");
    cJSON_AddStringToObject(item, "location", site->location->display_name);
    arm_json_put(item, "properties.allow",
                 cJSON_CreateBool(!cJSON_IsFalse(cJSON_GetObjectItem(policies, kind))));
    memory_free(id);
    arm_answer(call, 200, item);
    return true;
}

#define SITE "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Web/sites/{}"
static const struct arm_route routes[] = {
    {ARM_GET, SITE "/config/configreferences/{}", references, "Microsoft.Web/sites/config"},
    {ARM_GET, SITE "/config/configreferences/{}/{}", one_reference, "Microsoft.Web/sites/config"},
    {ARM_GET | ARM_PUT, SITE "/basicPublishingCredentialsPolicies/{}", publishing_policy,
     "Microsoft.Web/sites/basicPublishingCredentialsPolicies"},
};
const struct arm_module arm_module_web_references = {NULL, 0, routes, ARRAY_LEN(routes)};

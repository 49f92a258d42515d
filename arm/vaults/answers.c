/* How a vault answers: secrets as its clients see them, and errors in the service's texts. */
#include "arm/json.h"
#include "arm/vaults/operations.h"

void vault_answer(struct vault_call *call, int status, cJSON *body)
{
    call->response->status = status;
    if (body != NULL) {
        char *text = cJSON_PrintUnformatted(body);
        http_response_header(call->response, "Content-Type", "application/json; charset=utf-8");
        buf_append_string(&call->response->body, text);
        cJSON_free(text);
        cJSON_Delete(body);
    }
}

void arm_vault_answer_error(struct http_response *response, const struct arm_error *error,
                            const char *inner)
{
    struct vault_call call = {.response = response};
    cJSON *body = cJSON_CreateObject(), *object = cJSON_AddObjectToObject(body, "error");
    cJSON_AddStringToObject(object, "code", error->code);
    cJSON_AddStringToObject(object, "message", error->message);
    if (inner != NULL) {
        arm_json_put_text(object, "innererror.code", inner);
    }
    vault_answer(&call, error->status, body);
}

bool vault_fail_missing(struct vault_call *call, const char *name)
{
    return arm_fail(&call->error, 404, "SecretNotFound",
                    "A secret with (name/id) %s was not found in this key vault. If you recently "
                    "deleted this secret you may be able to recover it using the correct recovery "
                    "command. For help resolving this issue, please see "
                    "https://go.microsoft.com/fwlink/?linkid=2125182",
                    name);
}

bool vault_fail_deleted(struct vault_call *call, const char *name)
{
    call->inner = "ObjectIsDeletedButRecoverable";
    return arm_fail(&call->error, 409, "Conflict",
                    "Secret %s is currently in a deleted but recoverable state, and its name "
                    "cannot be reused; in this state, the secret can only be recovered or purged.",
                    name);
}

char *vault_url(const struct arm_service *service, const struct arm_resource *vault,
                struct bytes authority)
{
    struct bytes host = bytes_slice(authority, 0, bytes_find(authority, ':'));
    struct bytes port = bytes_slice(authority, host.size, authority.size);
    bool azure = service->config.azure_host_names || bytes_end_with(host, BYTES(".azure.net")) ||
                 bytes_end_with(host, BYTES(".azure.com")) ||
                 bytes_end_with(host, BYTES(".windows.net"));
    if (azure) {
        return string_format("https://%s.vault.azure.net", vault->name);
    }
    return string_format("https://%s.vault.localhost%.*s", vault->name, (int)port.size, port.data);
}

char *vault_own_url(const struct vault_call *call, const char *format, ...)
{
    struct buf url;
    va_list arguments;
    char *base = vault_url(call->service, call->vault, call->request->authority);
    buf_init(&url, 8192);
    buf_append_string(&url, base);
    va_start(arguments, format);
    buf_vprintf(&url, format, arguments);
    va_end(arguments);
    memory_free(base);
    char *text = string_duplicate(buf_string(&url));
    buf_finish(&url);
    return text;
}

void vault_add_url(cJSON *object, const char *name, char *url)
{
    cJSON_AddStringToObject(object, name, url);
    memory_free(url);
}

/* What is said of a version everywhere: all but its id and its value. */
void vault_show_attributes(const struct vault_call *call, cJSON *item, const cJSON *version)
{
    static const char *const dates[] = {"nbf", "exp", "created", "updated"};
    cJSON *attributes = cJSON_AddObjectToObject(item, "attributes");
    const cJSON *enabled = cJSON_GetObjectItem(version, "enabled");
    cJSON_AddBoolToObject(attributes, "enabled", !cJSON_IsFalse(enabled));
    for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
        arm_json_copy_member(attributes, version, dates[i]);
    }
    cJSON_AddStringToObject(attributes, "recoveryLevel", vault_recovery_level(call->vault));
    if (vault_soft_delete(call->vault)) {
        cJSON_AddNumberToObject(attributes, "recoverableDays", vault_retention_days(call->vault));
    }
    arm_json_copy_member(item, version, "contentType");
    arm_json_copy_member(item, version, "tags");
}

cJSON *vault_show_version(const struct vault_call *call, const char *name, const cJSON *version,
                          bool value)
{
    cJSON *item = cJSON_CreateObject();
    if (value) {
        arm_json_copy_member(item, version, "value");
    }
    vault_add_url(item, "id",
                  vault_own_url(call, "/secrets/%s/%s", name, arm_json_text(version, "version")));
    vault_show_attributes(call, item, version);
    return item;
}

cJSON *vault_show_deleted(const struct vault_call *call, const cJSON *deleted, bool with_version)
{
    const cJSON *version = vault_secret_version(cJSON_GetObjectItem(deleted, "versions"), NULL);
    cJSON *item = cJSON_CreateObject();
    const char *name = vault_secret_name(deleted);
    vault_add_url(item, "recoveryId", vault_own_url(call, "/deletedsecrets/%s", name));
    arm_json_copy_member(item, deleted, "deletedDate");
    arm_json_copy_member(item, deleted, "scheduledPurgeDate");
    vault_add_url(item, "id",
                  with_version ? vault_own_url(call, "/secrets/%s/%s", name,
                                               arm_json_text(version, "version"))
                               : vault_own_url(call, "/secrets/%s", name));
    vault_show_attributes(call, item, version);
    return item;
}

bool vault_query(const struct vault_call *call, const char *name, struct buf *value)
{
    return call->request->http->query.data != NULL &&
           http_form_get(call->request->http->query, name, value);
}

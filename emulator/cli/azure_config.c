/* Files of the Azure CLI, as azure.cli.core (cloud.py, _profile.py, auth/identity.py) reads them.
 */
#include "emulator/cli/azure_config.h"

#include <string.h>
#include <unistd.h>

#include "emulator/files.h"

#define CLOUD_NAME "Redurite"

/* Written only when nothing of that name is there. */
static int write_missing(const char *directory, const char *name, const char *content)
{
    char *path = string_format("%s/%s", directory, name);
    int failure =
        access(path, F_OK) == 0 ? 0 : file_replace(path, bytes_from_string(content), 0600);
    memory_free(path);
    return failure;
}

static int write_missing_json(const char *directory, const char *name, cJSON *document)
{
    char *text = cJSON_Print(document);
    int failure = write_missing(directory, name, text);
    cJSON_free(text);
    cJSON_Delete(document);
    return failure;
}

/* azureProfile.json: which subscriptions there are and who is signed in. */
static cJSON *profile_document(const cJSON *info, bool cloud)
{
    cJSON *document = cJSON_CreateObject();
    cJSON *subscriptions = cJSON_AddArrayToObject(document, "subscriptions");
    cJSON *subscription = cJSON_CreateObject();
    const char *tenant = json_text(info, "tenantId");

    cJSON_AddItemToArray(subscriptions, subscription);
    cJSON_AddStringToObject(subscription, "id", json_text(info, "subscriptionId"));
    cJSON_AddStringToObject(subscription, "name", json_text(info, "subscriptionName"));
    cJSON_AddStringToObject(subscription, "state", "Enabled");
    cJSON *user = cJSON_AddObjectToObject(subscription, "user");
    cJSON_AddStringToObject(user, "name", json_text(info, "clientId"));
    cJSON_AddStringToObject(user, "type", "servicePrincipal");
    cJSON_AddTrueToObject(subscription, "isDefault");
    cJSON_AddStringToObject(subscription, "tenantId", tenant);
    cJSON_AddStringToObject(subscription, "environmentName", cloud ? CLOUD_NAME : "AzureCloud");
    cJSON_AddStringToObject(subscription, "homeTenantId", tenant);
    cJSON_AddArrayToObject(subscription, "managedByTenants");
    return document;
}

/* service_principal_entries.json: how to get tokens for that sign-in. */
static cJSON *credential_document(const cJSON *info)
{
    cJSON *document = cJSON_CreateArray();
    cJSON *entry = cJSON_CreateObject();

    cJSON_AddItemToArray(document, entry);
    cJSON_AddStringToObject(entry, "client_id", json_text(info, "clientId"));
    cJSON_AddStringToObject(entry, "tenant", json_text(info, "tenantId"));
    cJSON_AddStringToObject(entry, "client_secret", json_text(info, "clientSecret"));
    return document;
}

/* An authority that ends in /adfs spares az a question to login.microsoftonline.com. */
static char *clouds_text(const cJSON *info)
{
    static const char *const endpoints[] = {
        "management",
        "resource_manager",
        "active_directory_resource_id",
        "active_directory_graph_resource_id",
        "microsoft_graph_resource_id",
        "gallery",
    };
    char *base =
        string_format("https://localhost:%lld", (long long)json_number(info, "ports.https"));
    struct buf text;

    buf_init(&text, 16 * 1024);
    buf_append_string(&text, "[" CLOUD_NAME "]\n");
    for (size_t i = 0; i < ARRAY_LEN(endpoints); i++) {
        buf_printf(&text, "endpoint_%s = %s/\n", endpoints[i], base);
    }
    buf_printf(&text,
               "endpoint_active_directory = %s/adfs\n"
               "endpoint_log_analytics_resource_id = %s\n"
               "endpoint_app_insights_resource_id = %s\n"
               "suffix_keyvault_dns = .vault.localhost:%lld\n"
               "suffix_storage_endpoint = core.localhost\n"
               "subscription = %s\n",
               base, base, base, (long long)json_number(info, "ports.https"),
               json_text(info, "subscriptionId"));
    char *result = bytes_to_string(buf_bytes(&text));
    buf_finish(&text);
    memory_free(base);
    return result;
}

enum exit_status azure_config_prepare(const cJSON *info, const char *directory, bool cloud,
                                      char **path)
{
    /* The CLI keeps what it knows of a host and port, so each port gets a directory. */
    *path = cloud ? string_format("%s/azure-cli/cloud-%lld", directory,
                                  (long long)json_number(info, "ports.https"))
                  : string_format("%s/azure-cli/proxy", directory);
    int failure = directory_make(*path, 0700);
    if (failure == 0 && cloud) {
        char *clouds = clouds_text(info);
        failure = write_missing(*path, "clouds.config", clouds);
        memory_free(clouds);
    }
    if (failure == 0) {
        failure = write_missing(*path, "config",
                                cloud ? "[cloud]\nname = " CLOUD_NAME "\n"
                                        "[core]\ncollect_telemetry = no\n"
                                        "instance_discovery = false\n"
                                      : "[cloud]\nname = AzureCloud\n"
                                        "[core]\ncollect_telemetry = no\n");
    }
    if (failure == 0) {
        failure =
            write_missing_json(*path, "service_principal_entries.json", credential_document(info));
    }
    if (failure == 0) {
        failure = write_missing_json(*path, "azureProfile.json", profile_document(info, cloud));
    }
    if (failure != 0) {
        return cli_fail(EXIT_FAILED, "cannot write %s: %s", *path, strerror(failure));
    }
    return EXIT_DONE;
}

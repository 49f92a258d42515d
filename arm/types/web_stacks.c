/*
 * GET /providers/Microsoft.Web/webAppStacks: the runtimes a web app may be created with. None has
 * an end: what is set up here goes on working.
 */
#include "arm/json.h"
#include "arm/types/web.h"

/* One minor version. Rows of one stack, and of one major version, stand together. */
static const struct {
    const char *stack, *stack_text, *preferred;
    const char *major, *major_text, *minor;
    const char *linux_runtime, *windows_runtime; /* NULL: not on that system */
} stacks[] = {
    {"dotnet", ".NET", "windows", "dotnet10", ".NET 10 (LTS)", "10", "DOTNETCORE|10.0", "v10.0"},
    {"dotnet", ".NET", "windows", "dotnet9", ".NET 9 (STS)", "9", "DOTNETCORE|9.0", "v9.0"},
    {"dotnet", ".NET", "windows", "dotnet8", ".NET 8 (LTS)", "8", "DOTNETCORE|8.0", "v8.0"},
    {"dotnet", ".NET", "windows", "aspdotnet4", "ASP.NET V4", "4.8", NULL, "v4.0"},
    {"node", "Node", "linux", "24", "Node 24 LTS", "24-lts", "NODE|24-lts", "~24"},
    {"node", "Node", "linux", "22", "Node 22 LTS", "22-lts", "NODE|22-lts", "~22"},
    {"node", "Node", "linux", "20", "Node 20 LTS", "20-lts", "NODE|20-lts", "~20"},
    {"python", "Python", "linux", "3", "Python 3", "3.13", "PYTHON|3.13", NULL},
    {"python", "Python", "linux", "3", "Python 3", "3.12", "PYTHON|3.12", NULL},
    {"python", "Python", "linux", "3", "Python 3", "3.11", "PYTHON|3.11", NULL},
    {"python", "Python", "linux", "3", "Python 3", "3.10", "PYTHON|3.10", NULL},
    {"php", "PHP", "linux", "8", "PHP 8", "8.4", "PHP|8.4", NULL},
    {"php", "PHP", "linux", "8", "PHP 8", "8.3", "PHP|8.3", NULL},
};

static void add_runtime(cJSON *settings, const char *name, const char *runtime, size_t row)
{
    if (runtime == NULL) {
        return;
    }
    cJSON *item = cJSON_AddObjectToObject(settings, name);
    cJSON_AddStringToObject(item, "runtimeVersion", runtime);
    cJSON_AddBoolToObject(item, "remoteDebuggingSupported", false);
    arm_json_put(item, "appInsightsSettings.isSupported", cJSON_CreateTrue());
    arm_json_put(item, "gitHubActionSettings.isSupported", cJSON_CreateTrue());
    arm_json_put_text(item, "gitHubActionSettings.supportedVersion", stacks[row].minor);
    cJSON_AddBoolToObject(item, "isHidden", false);
    cJSON_AddBoolToObject(item, "isDeprecated", false);
    cJSON_AddBoolToObject(item, "isPreview", false);
    cJSON_AddBoolToObject(item, "isEarlyAccess", false);
    cJSON_AddBoolToObject(item, "isAutoUpdate", true);
}

/* The member with that value, made when it is not the list's last. */
static cJSON *group_of(cJSON *list, const char *value, const char *text, const char *inner)
{
    cJSON *last = cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1);
    const char *present = last == NULL ? NULL : arm_json_text(last, "value");
    if (present == NULL || !bytes_equal_string(bytes_from_string(present), value)) {
        last = cJSON_CreateObject();
        cJSON_AddStringToObject(last, "displayText", text);
        cJSON_AddStringToObject(last, "value", value);
        cJSON_AddArrayToObject(last, inner);
        cJSON_AddItemToArray(list, last);
    }
    return last;
}

static bool list_stacks(struct arm_call *call)
{
    cJSON *body = cJSON_CreateObject(), *value = cJSON_AddArrayToObject(body, "value");
    cJSON *groups = cJSON_CreateArray(), *stack;
    for (size_t i = 0; i < ARRAY_LEN(stacks); i++) {
        stack = group_of(groups, stacks[i].stack, stacks[i].stack_text, "majorVersions");
        if (cJSON_GetObjectItem(stack, "preferredOs") == NULL) {
            cJSON_AddStringToObject(stack, "preferredOs", stacks[i].preferred);
        }
        cJSON *major = group_of(cJSON_GetObjectItem(stack, "majorVersions"), stacks[i].major,
                                stacks[i].major_text, "minorVersions");
        cJSON *minor = cJSON_CreateObject();
        cJSON_AddStringToObject(minor, "displayText", stacks[i].major_text);
        cJSON_AddStringToObject(minor, "value", stacks[i].minor);
        cJSON *settings = cJSON_AddObjectToObject(minor, "stackSettings");
        add_runtime(settings, "linuxRuntimeSettings", stacks[i].linux_runtime, i);
        add_runtime(settings, "windowsRuntimeSettings", stacks[i].windows_runtime, i);
        cJSON_AddItemToArray(cJSON_GetObjectItem(major, "minorVersions"), minor);
    }
    while ((stack = cJSON_DetachItemFromArray(groups, 0)) != NULL) {
        cJSON *item = cJSON_CreateObject();
        char *id = string_format("/providers/Microsoft.Web/webAppStacks/%s",
                                 arm_json_text(stack, "value"));
        cJSON_AddStringToObject(item, "id", id);
        cJSON_AddStringToObject(item, "name", arm_json_text(stack, "value"));
        cJSON_AddStringToObject(item, "type", "Microsoft.Web/webAppStacks");
        cJSON_AddItemToObject(item, "properties", stack);
        cJSON_AddItemToArray(value, item);
        memory_free(id);
    }
    cJSON_Delete(groups);
    arm_answer(call, 200, body);
    return true;
}

static const struct arm_route routes[] = {
    {ARM_GET, "/providers/Microsoft.Web/webAppStacks", list_stacks, NULL},
};
const struct arm_module arm_module_web_stacks = {NULL, 0, routes, ARRAY_LEN(routes)};

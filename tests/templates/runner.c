/*
 * Deploys every fixtures/templates/NAME.json with NAME.parameters.json, if there is one, into a
 * pretended subscription, and compares what was put, in which order, and the outputs with
 * NAME.expected.json. With --record the latter is written: read the difference before you keep it.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "arm/json.h"
#include "arm/templates/template.h"

#define SUBSCRIPTION "00000000-0000-0000-0000-000000000000"

struct world {
    cJSON *resources; /* id in lower case: the whole resource */
    cJSON *put;       /* in order: {"id", "apiVersion", "body"} */
    const char *group;
    const char *deployment;
    struct random random;
};

static char *lower(const char *text)
{
    char *copy = string_duplicate(text);
    for (char *at = copy; *at != '\0'; at++) {
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at + 32) : *at;
    }
    return copy;
}

static cJSON *give_object(void *context, enum expression_object which, struct template_error *error)
{
    struct world *world = context;
    static const char *const texts[] = {
        [EXPRESSION_SUBSCRIPTION] =
            "{\"id\":\"/subscriptions/" SUBSCRIPTION "\",\"subscriptionId\":\"" SUBSCRIPTION
            "\",\"tenantId\":\"11111111-1111-1111-1111-111111111111\","
            "\"displayName\":\"Redurite\"}",
        [EXPRESSION_TENANT] = "{\"tenantId\":\"11111111-1111-1111-1111-111111111111\"}",
        [EXPRESSION_ENVIRONMENT] = "{\"name\":\"AzureCloud\",\"suffixes\":{\"storage\":"
                                   "\"core.windows.net\",\"keyvaultDns\":\".vault.azure.net\"}}",
    };
    cJSON *result = NULL;
    if (which == EXPRESSION_RESOURCE_GROUP) {
        result = cJSON_Parse("{\"location\":\"westeurope\",\"tags\":{\"team\":\"web\"}}");
        char *id = string_format("/subscriptions/%s/resourceGroups/%s", SUBSCRIPTION, world->group);
        cJSON_AddStringToObject(result, "id", id);
        cJSON_AddStringToObject(result, "name", world->group);
        memory_free(id);
    } else if (which == EXPRESSION_DEPLOYMENT) {
        result = cJSON_CreateObject();
        cJSON_AddStringToObject(result, "name", world->deployment);
    } else if (which < (int)ARRAY_LEN(texts) && texts[which] != NULL) {
        result = cJSON_Parse(texts[which]);
    } else {
        template_fail(error, "not here");
    }
    return result;
}

static cJSON *give_resource(void *context, const char *id, const char *api_version,
                            struct template_error *error)
{
    struct world *world = context;
    (void)api_version;
    char *key = lower(id);
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(world->resources, key);
    memory_free(key);
    if (found == NULL) {
        template_fail(error, "The Resource '%s' was not found.", id);
        return NULL;
    }
    return cJSON_Duplicate(found, true);
}

static cJSON *give_list(void *context, const char *function, const char *id,
                        const char *api_version, const cJSON *body, struct template_error *error)
{
    cJSON *resource = give_resource(context, id, api_version, error);
    if (resource == NULL) {
        return NULL;
    }
    cJSON_Delete(resource);
    cJSON *result = cJSON_CreateObject();
    char *key = string_format("%s of %s", function, strrchr(id, '/') + 1);
    cJSON_AddStringToObject(result, "primaryKey", key);
    cJSON_AddBoolToObject(result, "body", body != NULL);
    memory_free(key);
    return result;
}

static cJSON *give_secret(void *context, const char *vault_id, const char *name,
                          const char *version, struct template_error *error)
{
    (void)context;
    (void)version;
    (void)error;
    char *text = string_format("%s in %s", name, strrchr(vault_id, '/') + 1);
    cJSON *secret = cJSON_CreateString(text);
    memory_free(text);
    return secret;
}

static int zone_count(void *context, const char *location)
{
    (void)context;
    return strcmp(location, "westeurope") == 0 ? 3 : 0;
}

static struct template_host host_of(struct world *world)
{
    return (struct template_host){
        .context = world,
        .object = give_object,
        .resource = give_resource,
        .list = give_list,
        .zone_count = zone_count,
        .secret = give_secret,
    };
}

/* What a provider would add. */
static cJSON *make_whole(const struct template_resource *resource, const cJSON *body)
{
    cJSON *whole = cJSON_Duplicate(body, true);
    cJSON_AddStringToObject(whole, "id", resource->id);
    cJSON_AddStringToObject(whole, "name", resource->name);
    cJSON_AddStringToObject(whole, "type", resource->type);
    arm_json_put_text(whole, "properties.provisioningState", "Succeeded");
    if (strcasecmp(resource->type, "Microsoft.Cache/redis") == 0) {
        char *name = string_format("%s.redis.cache.windows.net", resource->name);
        arm_json_put_text(whole, "properties.hostName", name);
        memory_free(name);
    }
    return whole;
}

static cJSON *deploy(struct world *world, const struct template_settings *settings,
                     struct template_error *error);

static cJSON *deploy_nested(struct world *world, struct template *template, size_t index,
                            const cJSON *body, struct template_error *error)
{
    const struct template_resource *resource = template_resource_at(template, index);
    const char *scope = arm_json_text(body, "properties.expressionEvaluationOptions.scope");
    bool inner = scope != NULL && strcasecmp(scope, "inner") == 0;
    cJSON *outer = inner ? NULL : template_outer(template, index, error);
    struct world around = *world;
    around.group = inner ? resource->resource_group : world->group;
    around.deployment = resource->name;
    struct template_host host = host_of(&around);
    struct template_settings settings = {
        .template = arm_json_at(body, "properties.template"),
        .parameters = arm_json_at(body, "properties.parameters"),
        .outer = outer,
        .subscription_id = resource->subscription_id,
        .resource_group = resource->resource_group,
        .random = &world->random,
        .host = &host,
    };
    cJSON *outputs = deploy(&around, &settings, error);
    cJSON_Delete(outer);
    return outputs;
}

static bool deploy_one(struct world *world, struct template *template, size_t index,
                       struct template_error *error)
{
    const struct template_resource *resource = template_resource_at(template, index);
    cJSON *body = template_resource_body(template, index, error);
    if (body == NULL) {
        return false;
    }
    cJSON *shown = cJSON_CreateObject();
    cJSON_AddStringToObject(shown, "id", resource->id);
    cJSON_AddStringToObject(shown, "apiVersion", resource->api_version);
    cJSON_AddItemToArray(world->put, shown);
    cJSON *whole = make_whole(resource, body), *outputs = NULL;
    if (resource->nested) {
        outputs = deploy_nested(world, template, index, body, error);
        cJSON_AddNullToObject(shown, "body");
    } else {
        cJSON_AddItemToObject(shown, "body", cJSON_Duplicate(body, true));
    }
    if (outputs != NULL) {
        arm_json_put(whole, "properties.outputs", outputs);
    }
    char *key = lower(resource->id);
    cJSON_AddItemToObject(world->resources, key, whole);
    memory_free(key);
    cJSON_Delete(body);
    return !resource->nested || outputs != NULL;
}

/* One after the other, each as soon as what it waits for is there. */
static cJSON *deploy(struct world *world, const struct template_settings *settings,
                     struct template_error *error)
{
    struct template *template = template_create(settings, error);
    if (template == NULL) {
        return NULL;
    }
    size_t count = template_resource_count(template), left = count;
    bool *done = memory_allocate_zeroed(count + 1), valid = true;
    for (size_t i = 0; i < count; i++) {
        done[i] = !template_resource_at(template, i)->deployed;
        left -= done[i];
    }
    while (valid && left > 0) {
        for (size_t i = 0; valid && i < count; i++) {
            const struct template_resource *resource = template_resource_at(template, i);
            bool ready = !done[i];
            for (size_t j = 0; ready && j < resource->dependency_count; j++) {
                ready = done[resource->dependencies[j]];
            }
            if (ready) {
                valid = deploy_one(world, template, i, error);
                done[i] = true;
                left--;
            }
        }
    }
    cJSON *outputs = valid ? template_outputs(template, error) : NULL;
    memory_free(done);
    template_destroy(template);
    return outputs;
}

static char *read_file(const char *folder, const char *name, const char *suffix)
{
    char *path = string_format("%s/%s%s", folder, name, suffix);
    FILE *file = fopen(path, "rb");
    memory_free(path);
    if (file == NULL) {
        return NULL;
    }
    struct buf text;
    buf_init(&text, 4 * 1024 * 1024);
    char block[4096];
    size_t size;
    while ((size = fread(block, 1, sizeof(block), file)) > 0) {
        buf_append(&text, (struct bytes){block, size});
    }
    fclose(file);
    char *result = bytes_to_string(buf_bytes(&text));
    buf_finish(&text);
    return result;
}

static cJSON *run(const char *folder, const char *name)
{
    char *text = read_file(folder, name, ".json");
    char *given = read_file(folder, name, ".parameters.json");
    cJSON *document = cJSON_Parse(text), *parameters = cJSON_Parse(given != NULL ? given : "{}");
    const cJSON *values = cJSON_GetObjectItem(parameters, "parameters");
    struct world world = {
        .resources = cJSON_CreateObject(),
        .put = cJSON_CreateArray(),
        .group = "apps",
        .deployment = name,
    };
    random_init(&world.random, 1);
    static const char existing[] = "/subscriptions/" SUBSCRIPTION
                                   "/resourcegroups/apps/providers/microsoft.cache/redis/existing";
    cJSON_AddItemToObject(world.resources, existing,
                          cJSON_Parse("{\"name\":\"existing\",\"properties\":{\"sslPort\":6380}}"));
    struct template_host host = host_of(&world);
    bool subscription = text != NULL && strstr(text, "subscriptionDeploymentTemplate") != NULL;
    struct template_settings settings = {
        .template = document,
        .parameters = values,
        .subscription_id = SUBSCRIPTION,
        .resource_group = subscription ? NULL : world.group,
        .now_ms = 1700000000000,
        .random = &world.random,
        .host = &host,
        .source = bytes_from_string(text),
        .source_path = "",
    };
    struct template_error error;
    cJSON *outputs = deploy(&world, &settings, &error), *result = cJSON_CreateObject();
    cJSON_AddItemToObject(result, "resources", world.put);
    if (outputs != NULL) {
        cJSON_AddItemToObject(result, "outputs", outputs);
    } else {
        cJSON *failure = cJSON_AddObjectToObject(result, "error");
        cJSON_AddStringToObject(failure, "code", error.code);
        cJSON_AddStringToObject(failure, "message", error.message);
        cJSON_AddStringToObject(failure, "path", error.path);
    }
    cJSON_Delete(world.resources);
    cJSON_Delete(document);
    cJSON_Delete(parameters);
    memory_free(text);
    memory_free(given);
    return result;
}

static bool check(const char *folder, const char *name, bool record)
{
    cJSON *got = run(folder, name);
    char *printed = cJSON_Print(got), *expected = read_file(folder, name, ".expected.json");
    cJSON *wanted = cJSON_Parse(expected != NULL ? expected : "");
    bool same = wanted != NULL && cJSON_Compare(got, wanted, true);
    if (!same && record) {
        char *path = string_format("%s/%s.expected.json", folder, name);
        FILE *file = fopen(path, "wb");
        if (file != NULL) {
            /* Two blanks for each tab, as the other fixtures are indented. */
            for (const char *at = printed; *at != '\0'; at++) {
                fputs(*at == '\t' && at[-1] != ':' ? "  "
                      : *at == '\t'                ? " "
                                                   : (char[]){*at, 0},
                      file);
            }
            fputc('\n', file);
            fclose(file);
        }
        memory_free(path);
    } else if (!same) {
        printf("# got %s\n", cJSON_PrintUnformatted(got));
    }
    cJSON_free(printed);
    memory_free(expected);
    cJSON_Delete(got);
    cJSON_Delete(wanted);
    return same || record;
}

static int is_template(const struct dirent *entry)
{
    const char *dot = strchr(entry->d_name, '.');
    return dot != NULL && dot != entry->d_name && strcmp(dot, ".json") == 0;
}

int main(int argc, char **argv)
{
    struct dirent **entries;
    bool record = argc > 2 && strcmp(argv[2], "--record") == 0;
    int count = argc > 1 ? scandir(argv[1], &entries, is_template, alphasort) : -1;
    if (count <= 0) {
        fprintf(stderr, "usage: template_runner FOLDER [--record]\n");
        return 2;
    }
    printf("1..%d\n", count);
    bool all = true;
    for (int i = 0; i < count; i++) {
        entries[i]->d_name[strlen(entries[i]->d_name) - 5] = '\0';
        bool same = check(argv[1], entries[i]->d_name, record);
        printf("%s %d - %s\n", same ? "ok" : "not ok", i + 1, entries[i]->d_name);
        all = all && same;
        free(entries[i]);
    }
    free(entries);
    return all ? 0 : 1;
}

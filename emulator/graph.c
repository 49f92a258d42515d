/*
 * Graph's requests as rows. The identity plane owns who may sign in; here is only what the
 * directory tells of them: names, ids, when passwords end. What identity forgets is forgotten.
 */
#include "emulator/graph.h"

#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/saved_shape.h"
#include "emulator/graph_state.h"

enum { MOST_OBJECTS = 500, MOST_PASSWORDS = 100 };

static const char *const hosts[] = {"graph.microsoft.com", "graph.windows.net", NULL};
/* Of a custom cloud, under the emulator's own names. */
static const char *const paths[] = {"/v1.0/*", "/beta/*", NULL};
static const char *const audiences[] = {
    "https://graph.microsoft.com",
    "https://graph.microsoft.com/",
    "https://graph.windows.net",
    "https://graph.windows.net/",
    "00000003-0000-0000-c000-000000000000*",
    "00000002-0000-0000-c000-000000000000*",
    "https://localhost*",
    "https://127.0.0.1*",
    NULL,
};

/* ---- Answers ---- */

bool graph_fail(struct graph_call *call, int status, const char *code, const char *format, ...)
{
    va_list arguments;
    char message[512], time[32], id[GUID_SIZE + 1];
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    timestamp_format(clock_now_ms(call->graph->clock), time);
    random_guid(call->graph->random, id);
    cJSON *body = cJSON_CreateObject();
    arm_json_put_text(body, "error.code", code);
    arm_json_put_text(body, "error.message", message);
    arm_json_put_text(body, "error.innerError.date", time);
    arm_json_put_text(body, "error.innerError.request-id", id);
    arm_json_put_text(body, "error.innerError.client-request-id", id);
    graph_answer(call, status, body);
    return false;
}

void graph_answer(struct graph_call *call, int status, cJSON *body)
{
    call->response->status = status;
    if (body != NULL) {
        char *text = cJSON_PrintUnformatted(body);
        http_response_header(call->response, "Content-Type",
                             "application/json;odata.metadata=minimal;charset=utf-8");
        buf_append_string(&call->response->body, text);
        cJSON_free(text);
        cJSON_Delete(body);
    }
}

void graph_answer_list(struct graph_call *call, const char *kind, cJSON *list)
{
    cJSON *body = cJSON_CreateObject();
    char *context = string_format("https://graph.microsoft.com/v1.0/$metadata#%s", kind);
    cJSON_AddStringToObject(body, "@odata.context", context);
    memory_free(context);
    cJSON_AddItemToObject(body, "value", list);
    graph_answer(call, 200, body);
}

/* ---- The directory ---- */

static void free_object(struct graph_object *object)
{
    memory_free(object->app_id);
    memory_free(object->principal_id);
    memory_free(object->name);
    memory_free(object->resource_id);
    cJSON_Delete(object->passwords);
    cJSON_Delete(object->secrets);
    cJSON_Delete(object->keys);
    memory_free(object);
}

/* The application's own object id: its first digit tells it from the client id. */
static void make_application_id(const char *app_id, char id[GUID_SIZE + 1])
{
    static const char digits[] = "0123456789abcdef";
    snprintf(id, GUID_SIZE + 1, "%s", app_id);
    const char *digit = strchr(digits, id[0] >= 'A' && id[0] <= 'F' ? id[0] + 32 : id[0]);
    if (digit != NULL) {
        id[0] = digits[(size_t)(digit - digits) ^ 8];
    }
}

struct graph_object *graph_find(const struct graph *graph, struct bytes id, enum graph_ids ids)
{
    for (struct graph_object *object = graph->objects; object != NULL; object = object->next) {
        if (((ids & GRAPH_APP_ID) != 0 && bytes_equal_string_nocase(id, object->app_id)) ||
            ((ids & GRAPH_APPLICATION_ID) != 0 && object->resource_id == NULL &&
             bytes_equal_string_nocase(id, object->application_id)) ||
            ((ids & GRAPH_PRINCIPAL_ID) != 0 && object->principal &&
             bytes_equal_string_nocase(id, object->principal_id))) {
            return object;
        }
    }
    return NULL;
}

static void note(void *context, const struct identity_application *application)
{
    struct graph *graph = context;
    struct graph_object *object =
        graph_find(graph, bytes_from_string(application->client_id), GRAPH_APP_ID);
    if (object == NULL) {
        struct graph_object **end = &graph->objects;
        object = memory_allocate_zeroed(sizeof(*object));
        object->app_id = string_duplicate(application->client_id);
        object->principal_id = string_duplicate(application->object_id);
        object->name = string_duplicate(application->name);
        object->resource_id =
            application->resource_id == NULL ? NULL : string_duplicate(application->resource_id);
        object->principal = true;
        object->created_ms = clock_now_ms(graph->clock);
        object->passwords = cJSON_CreateArray();
        object->secrets = cJSON_CreateObject();
        object->keys = cJSON_CreateArray();
        make_application_id(object->app_id, object->application_id);
        while (*end != NULL) {
            end = &(*end)->next;
        }
        *end = object;
    }
    object->known = true;
}

/* Brings the directory to what the identity plane knows. */
static void settle(struct graph *graph)
{
    for (struct graph_object *object = graph->objects; object != NULL; object = object->next) {
        object->known = false;
    }
    identity_each_application(graph->identity, note, graph);
    for (struct graph_object **at = &graph->objects; *at != NULL;) {
        struct graph_object *object = *at;
        if (object->known) {
            at = &object->next;
        } else {
            *at = object->next;
            free_object(object);
        }
    }
}

struct graph_object *graph_add_application(struct graph_call *call, const char *name)
{
    struct graph *graph = call->graph;
    char app_id[GUID_SIZE + 1], principal_id[GUID_SIZE + 1];
    size_t count = 0;
    for (const struct graph_object *object = graph->objects; object != NULL;
         object = object->next) {
        count++;
    }
    if (count >= MOST_OBJECTS) {
        graph_fail(call, 403, "Directory_QuotaExceeded",
                   "The directory object quota limit for the Tenant has been exceeded.");
        return NULL;
    }
    random_guid(graph->random, app_id);
    random_guid(graph->random, principal_id);
    const struct identity_application application = {
        .client_id = app_id, .object_id = principal_id, .name = name};
    identity_register(graph->identity, &application);
    settle(graph);
    struct graph_object *object = graph_find(graph, bytes_from_string(app_id), GRAPH_APP_ID);
    object->principal = false; /* until POST /servicePrincipals */
    object->made = true;
    return object;
}

void graph_forget(struct graph *graph, struct graph_object *object)
{
    identity_forget(graph->identity, object->app_id);
    settle(graph);
    graph_changed(graph);
}

bool graph_add_key(struct graph *graph, struct graph_object *object, const char *pem)
{
    bool good = identity_add_certificate(graph->identity, object->app_id, bytes_from_string(pem));
    if (good) {
        cJSON_AddItemToArray(object->keys, cJSON_CreateString(pem));
    }
    return good;
}

/* ---- What is kept with the state ---- */

void graph_changed(struct graph *graph)
{
    cJSON *list = cJSON_CreateArray();
    for (const struct graph_object *object = graph->objects; object != NULL;
         object = object->next) {
        if (object->made) {
            cJSON *item = cJSON_CreateObject();
            cJSON_AddStringToObject(item, "appId", object->app_id);
            cJSON_AddStringToObject(item, "principalId", object->principal_id);
            cJSON_AddStringToObject(item, "name", object->name);
            cJSON_AddBoolToObject(item, "principal", object->principal);
            cJSON_AddNumberToObject(item, "createdMs", (double)object->created_ms);
            cJSON_AddItemToObject(item, "passwords", cJSON_Duplicate(object->passwords, true));
            cJSON_AddItemToObject(item, "secrets", cJSON_Duplicate(object->secrets, true));
            cJSON_AddItemToObject(item, "keys", cJSON_Duplicate(object->keys, true));
            cJSON_AddItemToArray(list, item);
        }
    }
    arm_service_keep(graph->service, list);
}

static void take_over(cJSON **present, const cJSON *kept)
{
    if (kept != NULL) {
        cJSON_Delete(*present);
        *present = cJSON_Duplicate(kept, true);
    }
}

static const struct saved_shape kept_shape[] = {
    {"", SAVED_LIST, false},
    {"[]", SAVED_OBJECT, false},
    {"[].appId", SAVED_TEXT, true},
    {"[].principalId", SAVED_TEXT, true},
    {"[].name", SAVED_TEXT, true},
    {"[].principal", SAVED_TRUTH, true},
    {"[].createdMs", SAVED_TIME, true},
    {"[].passwords", SAVED_LIST, true},
    {"[].passwords.[]", SAVED_OBJECT, false},
    {"[].passwords.[].keyId", SAVED_TEXT, true},
    {"[].passwords.[].startDateTime", SAVED_TEXT, true},
    {"[].passwords.[].endDateTime", SAVED_TEXT, true},
    {"[].secrets", SAVED_OBJECT, true},
    {"[].secrets.{}", SAVED_TEXT, false},
    {"[].keys", SAVED_LIST, true},
    {"[].keys.[]", SAVED_TEXT, false},
    {NULL, SAVED_TEXT, false},
};

static void restore_one(struct graph *graph, const cJSON *item)
{
    const struct identity_application application = {
        .client_id = arm_json_text(item, "appId"),
        .object_id = arm_json_text(item, "principalId"),
        .name = arm_json_text(item, "name"),
    };
    const cJSON *secret, *key;
    if (application.client_id == NULL || application.object_id == NULL ||
        application.name == NULL) {
        return;
    }
    identity_register(graph->identity, &application);
    note(graph, &application);
    struct graph_object *object =
        graph_find(graph, bytes_from_string(application.client_id), GRAPH_APP_ID);
    const cJSON *created = arm_json_at(item, "createdMs");
    object->made = true;
    object->principal = arm_json_truth(item, "principal");
    object->created_ms = cJSON_IsNumber(created) ? (int64_t)created->valuedouble : 0;
    take_over(&object->passwords, arm_json_at(item, "passwords"));
    take_over(&object->secrets, arm_json_at(item, "secrets"));
    cJSON_ArrayForEach(secret, object->secrets)
    {
        identity_add_secret(graph->identity, object->app_id,
                            bytes_from_string(cJSON_GetStringValue(secret)));
    }
    const cJSON *keys = arm_json_at(item, "keys");
    cJSON_ArrayForEach(key, keys)
    {
        if (cJSON_IsString(key)) {
            graph_add_key(graph, object, key->valuestring);
        }
    }
}

static void restore(void *context, const cJSON *kept)
{
    struct graph *graph = context;
    const cJSON *item;
    for (const struct graph_object *object = graph->objects; object != NULL;
         object = object->next) {
        if (object->made) {
            identity_forget(graph->identity, object->app_id);
        }
    }
    settle(graph);
    cJSON_ArrayForEach(item, kept)
    {
        restore_one(graph, item);
    }
}

/* ---- Passwords ---- */

static void make_password(struct random *random, char text[41])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    for (size_t i = 0; i < 40; i++) {
        text[i] = letters[random_below(random, sizeof(letters) - 1)];
    }
    text[3] = '8'; /* as Entra's, which begin with three characters, an 8 and a Q~ */
    text[4] = 'Q';
    text[5] = '~';
    text[40] = '\0';
}

static void put_time(cJSON *credential, const char *name, const cJSON *asked, int64_t time_ms)
{
    char time[32];
    const char *text = cJSON_GetStringValue(asked);
    timestamp_format(time_ms, time);
    cJSON_AddStringToObject(credential, name, text == NULL ? time : text);
}

bool graph_add_password(struct graph_call *call, struct graph_object *object)
{
    struct graph *graph = call->graph;
    const cJSON *asked = arm_json_at(call->body, "passwordCredential");
    const char *name = arm_json_text(asked, "displayName");
    const int64_t two_years_ms = (int64_t)730 * 24 * 3600 * 1000;
    char password[41], key[GUID_SIZE + 1];
    if (cJSON_GetArraySize(object->passwords) >= MOST_PASSWORDS) {
        return graph_fail(call, 400, "Request_BadRequest",
                          "The application has %d passwords already.", MOST_PASSWORDS);
    }
    make_password(graph->random, password);
    random_guid(graph->random, key);
    identity_add_secret(graph->identity, object->app_id, bytes_from_string(password));
    cJSON_AddStringToObject(object->secrets, key, password);
    cJSON *credential = cJSON_CreateObject();
    cJSON_AddNullToObject(credential, "customKeyIdentifier");
    cJSON_AddItemToObject(credential, "displayName",
                          name == NULL ? cJSON_CreateNull() : cJSON_CreateString(name));
    put_time(credential, "endDateTime", arm_json_at(asked, "endDateTime"),
             clock_now_ms(graph->clock) + two_years_ms);
    cJSON_AddItemToObject(credential, "hint", arm_json_text_bytes((struct bytes){password, 3}));
    cJSON_AddStringToObject(credential, "keyId", key);
    cJSON_AddNullToObject(credential, "secretText");
    put_time(credential, "startDateTime", arm_json_at(asked, "startDateTime"),
             clock_now_ms(graph->clock));
    cJSON_AddItemToArray(object->passwords, cJSON_Duplicate(credential, true));
    graph_changed(graph);
    arm_json_put_text(credential, "secretText", password);
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(
        body, "@odata.context",
        "https://graph.microsoft.com/v1.0/$metadata#microsoft.graph.passwordCredential");
    const cJSON *member;
    cJSON_ArrayForEach(member, credential)
    {
        cJSON_AddItemToObject(body, member->string, cJSON_Duplicate(member, true));
    }
    cJSON_Delete(credential);
    graph_answer(call, 200, body);
    return true;
}

/* ---- The site ---- */

static bool authenticated(struct graph_call *call)
{
    struct token_claims claims;
    struct arm_error error = {0};
    struct bytes header = http_headers_get(&call->request->headers, "Authorization");
    if (header.size < 8 || !bytes_equal_string_nocase(bytes_slice(header, 0, 7), "Bearer ")) {
        return graph_fail(call, 401, "InvalidAuthenticationToken", "Access token is empty.");
    }
    if (!identity_verify(call->graph->identity, bytes_slice(header, 7, header.size), audiences,
                         &claims, &error)) {
        return graph_fail(call, 401, "InvalidAuthenticationToken", "%s", error.message);
    }
    call->principal = claims.principal;
    return true;
}

/* "servicePrincipals(appId='x')" is "servicePrincipals/x". */
static bool read_path(struct graph_call *call)
{
    struct bytes path = call->request->path;
    size_t used = 0;
    while (path.size > 0) {
        size_t size = bytes_find(path, '/');
        struct bytes segment = bytes_slice(path, 0, size);
        path = bytes_slice(path, size + 1, path.size);
        struct buf decoded;
        buf_init(&decoded, sizeof(call->path));
        bool good = http_url_decode(segment, false, &decoded);
        struct bytes text = buf_bytes(&decoded);
        size_t open = bytes_find(text, '(');
        for (int part = 0; good && part < 2; part++) {
            struct bytes word =
                part == 0 ? bytes_slice(text, 0, open) : bytes_slice(text, open + 1, text.size);
            if (part == 1) {
                word = bytes_slice(word, bytes_find(word, '\'') + 1, word.size);
                word = bytes_slice(word, 0, bytes_find(word, '\''));
            }
            if (word.size == 0) {
                continue;
            }
            good = call->segment_count < ARRAY_LEN(call->segments) &&
                   used + word.size < sizeof(call->path);
            if (good) {
                memcpy(call->path + used, word.data, word.size);
                call->segments[call->segment_count++] =
                    (struct bytes){call->path + used, word.size};
                used += word.size;
            }
        }
        buf_finish(&decoded);
        if (!good) {
            return graph_fail(call, 400, "BadRequest", "The path of the request is malformed.");
        }
    }
    return true;
}

static bool read_body(struct graph_call *call)
{
    struct bytes body = call->request->body;
    if (body.size == 0) {
        return true;
    }
    call->body = cJSON_ParseWithLength(body.data, body.size);
    return cJSON_IsObject(call->body) ||
           graph_fail(call, 400, "BadRequest", "Unable to read JSON request payload.");
}

static bool read_filter(struct graph_call *call)
{
    if (call->request->query.data == NULL ||
        !http_form_get(call->request->query, "$filter", &call->filter) ||
        odata_filter_well_formed(buf_bytes(&call->filter))) {
        return true;
    }
    return graph_fail(call, 400, "BadRequest", "Invalid filter clause: %.200s",
                      buf_string(&call->filter));
}

static void handle(void *context, const struct site_request *request,
                   struct http_response *response)
{
    struct graph_call *call = memory_allocate_zeroed(sizeof(*call));
    call->graph = context;
    call->request = request->http;
    call->response = response;
    buf_init(&call->filter, 4096);
    settle(call->graph);
    if (authenticated(call) && read_path(call) && read_body(call) && read_filter(call)) {
        graph_route(call);
    }
    buf_finish(&call->filter);
    cJSON_Delete(call->body);
    memory_free(call);
}

struct graph *graph_create(struct identity *identity, struct arm_service *service,
                           struct clock *clock, struct random *random, const char *tenant_id)
{
    struct graph *graph = memory_allocate_zeroed(sizeof(*graph));
    graph->identity = identity;
    graph->service = service;
    arm_service_on_restore(service, kept_shape, restore, graph);
    graph->clock = clock;
    graph->random = random;
    graph->tenant_id = tenant_id;
    for (size_t i = 0; i < ARRAY_LEN(graph->sites); i++) {
        graph->sites[i] = (struct site){
            .name = "graph",
            .plane = "entra",
            .hosts = i == 0 ? hosts : NULL,
            .paths = i == 0 ? NULL : paths,
            .handle = handle,
            .context = graph,
        };
    }
    return graph;
}

void graph_destroy(struct graph *graph)
{
    if (graph != NULL) {
        while (graph->objects != NULL) {
            struct graph_object *object = graph->objects;
            graph->objects = object->next;
            free_object(object);
        }
        memory_free(graph);
    }
}

const struct site *graph_sites(struct graph *graph, size_t *count)
{
    *count = ARRAY_LEN(graph->sites);
    return graph->sites;
}

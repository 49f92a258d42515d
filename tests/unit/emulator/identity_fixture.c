/* Requests to the identity plane without sockets. */
#include "identity_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/tokens.h"

static int64_t start_us(void *context)
{
    (void)context;
    return START_MS * 1000;
}

void fixture_start(struct fixture *fixture, const char *key_file)
{
    *fixture = (struct fixture){0};
    fixture->clock = clock_create(start_us, NULL);
    clock_freeze(fixture->clock);
    random_init(&fixture->random, 42);
    const struct identity_config config = {
        .clock = fixture->clock,
        .random = &fixture->random,
        .tenant_id = TENANT,
        .client_id = CLIENT,
        .client_secret = SECRET,
        .subscription_id = SUBSCRIPTION,
        .key_file = key_file,
    };
    struct buf error;
    buf_init(&error, 1024);
    fixture->identity = identity_create(&config, &error);
    if (fixture->identity == NULL) {
        fprintf(stderr, "%s\n", buf_string(&error));
        exit(1);
    }
    buf_finish(&error);
}

void fixture_stop(struct fixture *fixture)
{
    cJSON_Delete(fixture->json);
    identity_destroy(fixture->identity);
    clock_destroy(fixture->clock);
}

void fixture_header(struct fixture *fixture, const char *name, const char *value)
{
    size_t i = 0;
    while (fixture->header_names[i] != NULL) {
        i++;
    }
    fixture->header_names[i] = name;
    fixture->header_values[i] = value;
}

static bool any_fits(const char *const *globs, struct bytes text)
{
    bool fits = globs == NULL;
    for (size_t i = 0; globs != NULL && globs[i] != NULL; i++) {
        fits |= bytes_match_glob(bytes_from_string(globs[i]), text, true);
    }
    return fits;
}

static const struct site *site_find(struct fixture *fixture, struct bytes host, struct bytes path)
{
    size_t count;
    const struct site *sites = identity_sites(fixture->identity, &count);
    for (size_t i = 0; i < count; i++) {
        if (any_fits(sites[i].hosts, host) && any_fits(sites[i].paths, path)) {
            return &sites[i];
        }
    }
    return NULL;
}

static void request_make(struct http_request *http, const char *method, const char *authority,
                         const char *target, const char *body)
{
    struct bytes whole = bytes_from_string(target);
    size_t question = bytes_find(whole, '?');
    struct bytes name = bytes_from_string(authority);
    *http = (struct http_request){
        .method = bytes_from_string(method),
        .target = whole,
        .host = bytes_slice(name, 0, bytes_find(name, ':')),
        .path = bytes_slice(whole, 0, question),
        .body = bytes_from_string(body),
        .minor_version = 1,
        .keep_alive = true,
    };
    if (question < whole.size) {
        http->query = bytes_slice(whole, question + 1, whole.size);
    }
}

static int request_send(struct fixture *fixture, const char *method, const char *authority,
                        const char *target, const char *body)
{
    struct http_request http;
    struct http_header headers[4];
    request_make(&http, method, authority, target, body);
    for (size_t i = 0; i < 4 && fixture->header_names[i] != NULL; i++) {
        headers[i].name = bytes_from_string(fixture->header_names[i]);
        headers[i].value = bytes_from_string(fixture->header_values[i]);
        http.headers.count++;
        fixture->header_names[i] = NULL;
    }
    http.headers.list = headers;
    http.headers.capacity = 4;
    cJSON_Delete(fixture->json);
    fixture->json = NULL;
    fixture->status = 0;
    const struct site *site = site_find(fixture, http.host, http.path);
    if (site == NULL) {
        return 0;
    }
    const struct site_request request = {
        .http = &http,
        .authority = bytes_from_string(authority),
        .tls = !site->plain_allowed,
        .peer = BYTES("127.0.0.1:50000"),
    };
    struct http_response response;
    http_response_init(&response, 200);
    site->handle(site->context, &request, &response);
    fixture->status = response.status;
    snprintf(fixture->headers, sizeof(fixture->headers), "%s", buf_string(&response.headers));
    snprintf(fixture->body, sizeof(fixture->body), "%s", buf_string(&response.body));
    fixture->json = cJSON_Parse(fixture->body);
    http_response_finish(&response);
    return fixture->status;
}

int fixture_get(struct fixture *fixture, const char *authority, const char *target)
{
    return request_send(fixture, "GET", authority, target, "");
}

int fixture_post(struct fixture *fixture, const char *authority, const char *target,
                 const char *body)
{
    return request_send(fixture, "POST", authority, target, body);
}

bool fixture_plain_allowed(struct fixture *fixture, const char *authority, const char *target)
{
    struct http_request http;
    request_make(&http, "GET", authority, target, "");
    const struct site *site = site_find(fixture, http.host, http.path);
    return site != NULL && site->plain_allowed;
}

static const cJSON *find(const struct fixture *fixture, const char *path)
{
    const cJSON *item = fixture->json;
    struct bytes rest = bytes_from_string(path);
    while (item != NULL && rest.size > 0) {
        size_t end = bytes_find(rest, '.');
        char *name = bytes_to_string(bytes_slice(rest, 0, end));
        item = cJSON_IsArray(item) ? cJSON_GetArrayItem(item, atoi(name))
                                   : cJSON_GetObjectItemCaseSensitive(item, name);
        memory_free(name);
        rest = bytes_slice(rest, end + 1, rest.size);
    }
    return item;
}

const char *fixture_string(const struct fixture *fixture, const char *path)
{
    const cJSON *item = find(fixture, path);
    return cJSON_IsString(item) ? item->valuestring : "";
}

double fixture_number(const struct fixture *fixture, const char *path)
{
    const cJSON *item = find(fixture, path);
    return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

cJSON *fixture_claims(const struct fixture *fixture, const char *path)
{
    cJSON *header = NULL, *payload = NULL;
    token_read(bytes_from_string(fixture_string(fixture, path)), &header, &payload);
    cJSON_Delete(header);
    return payload;
}

const char *json_text(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(item) ? item->valuestring : "";
}

bool fixture_verify(struct fixture *fixture, const char *token, struct token_claims *claims,
                    struct arm_error *error)
{
    static const char *const audiences[] = {
        "https://management.azure.com/",
        "https://management.azure.com",
        "https://management.core.windows.net/",
        "https://management.core.windows.net",
        "https://localhost:*",
        NULL,
    };
    return identity_verify(fixture->identity, bytes_from_string(token), audiences, claims, error);
}

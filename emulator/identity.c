/* The identity plane as a whole: its state, the routes of the login hosts, and its sites. */
#include "emulator/identity.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "emulator/identity_documents.h"
#include "emulator/identity_errors.h"
#include "emulator/identity_grants.h"
#include "emulator/identity_sign_in.h"
#include "emulator/identity_state.h"
#include "emulator/managed_identity.h"
#include "emulator/metadata.h"

#define FIELD_LIMIT 65536

/* A path of the login hosts; {tenant} and {user} stand for any segment. First fit wins. */
struct login_route {
    const char *path;
    enum login_flavour flavour;
    void (*answer)(struct login *login);
};

static const struct login_route routes[] = {
    {"common/discovery/instance", LOGIN_V1, documents_answer_instance},
    {"common/userrealm/{user}", LOGIN_V1, documents_answer_user_realm},
    {"adfs/userrealm/{user}", LOGIN_ADFS, documents_answer_user_realm},
    {"devicelogin", LOGIN_V2, sign_in_answer_device_page},
    {"common/oauth2/deviceauth", LOGIN_V2, sign_in_answer_device_page},

    {"adfs/.well-known/openid-configuration", LOGIN_ADFS, documents_answer_configuration},
    {"adfs/discovery/keys", LOGIN_ADFS, documents_answer_keys},
    {"adfs/oauth2/token", LOGIN_ADFS, grants_answer_token},
    {"adfs/oauth2/authorize", LOGIN_ADFS, sign_in_answer_authorize},
    {"adfs/oauth2/devicecode", LOGIN_ADFS, sign_in_answer_device_code},
    {"adfs/oauth2/logout", LOGIN_ADFS, sign_in_answer_logout},

    {"adfs/{tenant}/.well-known/openid-configuration", LOGIN_ADFS, documents_answer_configuration},
    {"adfs/{tenant}/v2.0/.well-known/openid-configuration", LOGIN_ADFS,
     documents_answer_configuration},
    {"adfs/{tenant}/oauth2/token", LOGIN_ADFS, grants_answer_token},
    {"adfs/{tenant}/oauth2/v2.0/token", LOGIN_V2, grants_answer_token},
    {"adfs/{tenant}/oauth2/authorize", LOGIN_ADFS, sign_in_answer_authorize},
    {"adfs/{tenant}/oauth2/devicecode", LOGIN_ADFS, sign_in_answer_device_code},

    {"discovery/keys", LOGIN_V1, documents_answer_keys},
    {"discovery/v2.0/keys", LOGIN_V2, documents_answer_keys},
    {"{tenant}/discovery/keys", LOGIN_V1, documents_answer_keys},
    {"{tenant}/discovery/v2.0/keys", LOGIN_V2, documents_answer_keys},
    {"{tenant}/.well-known/openid-configuration", LOGIN_V1, documents_answer_configuration},
    {"{tenant}/v2.0/.well-known/openid-configuration", LOGIN_V2, documents_answer_configuration},
    {"{tenant}/oauth2/token", LOGIN_V1, grants_answer_token},
    {"{tenant}/oauth2/v2.0/token", LOGIN_V2, grants_answer_token},
    {"{tenant}/oauth2/authorize", LOGIN_V1, sign_in_answer_authorize},
    {"{tenant}/oauth2/v2.0/authorize", LOGIN_V2, sign_in_answer_authorize},
    {"{tenant}/oauth2/devicecode", LOGIN_V1, sign_in_answer_device_code},
    {"{tenant}/oauth2/v2.0/devicecode", LOGIN_V2, sign_in_answer_device_code},
    {"{tenant}/oauth2/logout", LOGIN_V1, sign_in_answer_logout},
    {"{tenant}/oauth2/v2.0/logout", LOGIN_V2, sign_in_answer_logout},
};

static const char *const login_hosts[] = {
    "login.microsoftonline.com", "login.windows.net",     "login.microsoft.com",
    "sts.windows.net",           "*.login.microsoft.com", NULL,
};

/* The same paths under any name of ours, for custom clouds; slashes may be doubled. */
static const char *const login_paths[] = {
    "*/.well-known/openid-configuration",
    "*/discovery/instance",
    "*/userrealm/*",
    "*/discovery/keys",
    "*/discovery/v2.0/keys",
    "*/oauth2/token",
    "*/oauth2/authorize",
    "*/oauth2/devicecode",
    "*/oauth2/deviceauth",
    "*/oauth2/logout",
    "*/oauth2/v2.0/token",
    "*/oauth2/v2.0/authorize",
    "*/oauth2/v2.0/devicecode",
    "*/oauth2/v2.0/logout",
    "/devicelogin",
    NULL,
};

static const char *const metadata_paths[] = {"*/metadata/endpoints", "*/metadata/endpoints/", NULL};
static const char *const machine_hosts[] = {"169.254.169.254", NULL};
static const char *const machine_paths[] = {"*/metadata/identity/*", "*/metadata/instance",
                                            "*/metadata/instance/*", "*/msi/token",
                                            "*/msi/token/",          NULL};

const char *json_string(const cJSON *document, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(document, name);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

bool json_seconds(const cJSON *document, const char *name, int64_t *seconds)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(document, name);
    /* Beyond year 9999 nothing is a date. */
    if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble) || item->valuedouble < 0 ||
        item->valuedouble > 253402300799.0) {
        return false;
    }
    *seconds = (int64_t)item->valuedouble;
    return true;
}

void identity_reply_json(struct http_response *response, int status, cJSON *document)
{
    char *text = cJSON_PrintUnformatted(document);
    response->status = status;
    http_response_header(response, "Content-Type", "application/json; charset=utf-8");
    http_response_header(response, "Cache-Control", "no-store, no-cache");
    http_response_header(response, "Pragma", "no-cache");
    buf_append_string(&response->body, text);
    cJSON_free(text);
    cJSON_Delete(document);
}

void identity_reply_text(struct http_response *response, int status, const char *type,
                         const char *text)
{
    response->status = status;
    http_response_header(response, "Content-Type", "%s", type);
    http_response_header(response, "Cache-Control", "no-store, no-cache");
    buf_append_string(&response->body, text);
}

char *text_make_valid(struct bytes text)
{
    struct buf valid;
    buf_init(&valid, 3 * text.size + 1);
    while (text.size > 0) {
        size_t size = bytes_utf8_size(text);
        if (size == 0 || text.data[0] == '\0') {
            buf_append(&valid, BYTES("\xef\xbf\xbd"));
            size = 1;
        } else {
            buf_append(&valid, bytes_slice(text, 0, size));
        }
        text = bytes_slice(text, size, text.size);
    }
    char *copy = bytes_to_string(buf_bytes(&valid));
    buf_finish(&valid);
    return copy;
}

int path_segments(struct bytes path, char **segments, size_t limit)
{
    size_t count = 0;
    struct buf decoded;
    buf_init(&decoded, FIELD_LIMIT);
    for (struct bytes rest = path; rest.size > 0;) {
        size_t end = bytes_find(rest, '/');
        struct bytes segment = bytes_slice(rest, 0, end);
        rest = bytes_slice(rest, end + 1, rest.size);
        if (segment.size == 0) {
            continue;
        }
        buf_clear(&decoded);
        if (count == limit || !http_url_decode(segment, false, &decoded)) {
            path_segments_free(segments, count);
            buf_finish(&decoded);
            return -1;
        }
        segments[count++] = text_make_valid(buf_bytes(&decoded));
    }
    buf_finish(&decoded);
    return (int)count;
}

void path_segments_free(char **segments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memory_free(segments[i]);
    }
}

const char *login_field(struct login *login, const char *name)
{
    for (size_t i = 0; i < login->field_count; i++) {
        if (strcmp(login->fields[i].name, name) == 0) {
            return login->fields[i].value;
        }
    }
    const struct http_request *http = login->site->http;
    bool post = bytes_equal_string(http->method, "POST");
    struct buf value;
    buf_init(&value, FIELD_LIMIT);
    char *text = NULL;
    if (http_form_get(post ? http->body : http->query, name, &value) && value.size > 0) {
        text = text_make_valid(buf_bytes(&value));
    }
    buf_finish(&value);
    if (login->field_count == LOGIN_FIELDS) {
        memory_free(text);
        return NULL;
    }
    login->fields[login->field_count++] = (struct login_field){name, text};
    return text;
}

char *login_url(const struct login *login, const char *format, ...)
{
    struct buf url;
    buf_init(&url, FIELD_LIMIT);
    buf_append_string(&url, "https://");
    buf_append(&url, login->site->authority);
    buf_append_byte(&url, '/');
    va_list arguments;
    va_start(arguments, format);
    buf_vprintf(&url, format, arguments);
    va_end(arguments);
    char *text = bytes_to_string(buf_bytes(&url));
    buf_finish(&url);
    return text;
}

/* Fits the path and finds the tenant in it. */
static bool route_fits(const char *path, struct login *login)
{
    struct bytes rest = bytes_from_string(path);
    login->tenant = NULL;
    for (size_t i = 0; i < login->segment_count; i++) {
        size_t end = bytes_find(rest, '/');
        struct bytes part = bytes_slice(rest, 0, end);
        rest = bytes_slice(rest, end + 1, rest.size);
        if (bytes_equal_string(part, "{tenant}")) {
            login->tenant = login->segments[i];
        } else if (!bytes_equal_string(part, "{user}") &&
                   !bytes_equal_string_nocase(part, login->segments[i])) {
            return false;
        }
    }
    return rest.size == 0;
}

static const struct login_route *route_find(struct login *login)
{
    for (size_t i = 0; login->segment_count > 0 && i < ARRAY_LEN(routes); i++) {
        if (route_fits(routes[i].path, login)) {
            return &routes[i];
        }
    }
    return NULL;
}

static bool tenant_or_reply(struct login *login, const struct login_route *route)
{
    bool discovery = route->answer == documents_answer_configuration;
    if (login->tenant == NULL) {
        return true;
    }
    switch (tenant_recognize(&login->identity->tenant, login->tenant)) {
    case TENANT_OURS:
    case TENANT_ANY:
        return true;
    case TENANT_UNKNOWN:
        login_reply_error(login, discovery ? LOGIN_UNKNOWN_TENANT_DISCOVERY : LOGIN_UNKNOWN_TENANT,
                          login->tenant, NULL, NULL);
        break;
    case TENANT_INVALID:
        login_reply_error(login, LOGIN_INVALID_TENANT, login->tenant, NULL, NULL);
        break;
    }
    return false;
}

static struct bytes field_bytes(struct login *login, const char *name)
{
    return bytes_from_string(login_field(login, name));
}

/* What faults have to say of a request for a token. */
static bool admitted_or_reply(struct login *login, const struct login_route *route)
{
    const struct identity_faults *faults = &login->identity->faults;
    struct token_refusal_words words = {0};

    if (faults->admit == NULL || route->answer != grants_answer_token) {
        return true;
    }
    const struct token_attempt attempt = {
        .client = field_bytes(login, "client_id"),
        .tenant = bytes_from_string(login->tenant),
        .grant = field_bytes(login, "grant_type"),
    };
    if (faults->admit(faults->context, login->site, &attempt, &words)) {
        return true;
    }
    login_reply_refusal(login, &words);
    return false;
}

struct token_shape identity_shape(struct identity *identity, const struct token_attempt *attempt)
{
    struct token_shape shape = {0};
    if (identity->faults.shape != NULL) {
        identity->faults.shape(identity->faults.context, attempt, &shape);
    }
    return shape;
}

struct tokens *identity_tokens(struct identity *identity, bool other_key)
{
    if (other_key && identity->other_tokens == NULL) {
        struct buf error;
        buf_init(&error, 1024);
        identity->other_tokens = tokens_create(NULL, &error);
        buf_finish(&error);
    }
    return other_key && identity->other_tokens != NULL ? identity->other_tokens : identity->tokens;
}

struct tokens *identity_check_tokens(struct identity *identity, const struct token_attempt *attempt)
{
    const struct identity_faults *faults = &identity->faults;
    return identity_tokens(identity, faults->other_key != NULL &&
                                         faults->other_key(faults->context, attempt));
}

/*
 * The client's own id for the exchange, from the header or (MSAL for JavaScript) the query,
 * becomes the correlation id, and is echoed if that is asked for.
 */
static void correlate(struct login *login)
{
    struct identity *identity = login->identity;
    const struct http_request *http = login->site->http;
    struct buf query;
    buf_init(&query, 256);
    struct bytes id = http_headers_get(&http->headers, "client-request-id");
    if (id.size == 0 && http_form_get(http->query, "client-request-id", &query)) {
        id = buf_bytes(&query);
    }
    random_guid(identity->random, login->trace_id);
    random_guid(identity->random, login->correlation_id);
    if (id.size == GUID_SIZE) {
        char text[GUID_SIZE + 1];
        memcpy(text, id.data, GUID_SIZE);
        text[GUID_SIZE] = '\0';
        if (is_guid(text)) {
            memcpy(login->correlation_id, text, sizeof(text));
        }
    }
    buf_finish(&query);
    http_response_header(login->response, "x-ms-request-id", "%s", login->trace_id);
    struct bytes echo = http_headers_get(&http->headers, "return-client-request-id");
    if (bytes_equal_string_nocase(echo, "true")) {
        http_response_header(login->response, "client-request-id", "%s", login->correlation_id);
    }
}

static void handle_login(void *context, const struct site_request *request,
                         struct http_response *response)
{
    struct login login = {
        .identity = context,
        .site = request,
        .response = response,
        .flavour = LOGIN_V2,
    };
    login.now_ms = clock_now_ms(login.identity->clock);
    int count = path_segments(request->http->path, login.segments, LOGIN_SEGMENTS);
    login.segment_count = count > 0 ? (size_t)count : 0;
    correlate(&login);
    const struct login_route *route = route_find(&login);
    if (route == NULL) {
        identity_reply_text(response, 404, "text/plain; charset=utf-8",
                            "The resource you are looking for has been removed, had its name "
                            "changed, or is temporarily unavailable.\n");
    } else {
        login.flavour = route->flavour;
        if (tenant_or_reply(&login, route) && admitted_or_reply(&login, route)) {
            route->answer(&login);
        }
    }
    for (size_t i = 0; i < login.field_count; i++) {
        memory_free(login.fields[i].value);
    }
    path_segments_free(login.segments, login.segment_count);
}

static void make_sites(struct identity *identity)
{
    const struct site sites[SITE_COUNT] = {
        {
            .name = "metadata endpoints",
            .plane = "metadata",
            .paths = metadata_paths,
            .plain_allowed = true,
            .handle = metadata_handle,
        },
        {
            .name = "instance metadata",
            .plane = "managed identity",
            .hosts = machine_hosts,
            .plain_allowed = true,
            .handle = managed_identity_handle,
            .context = identity,
        },
        {
            .name = "managed identity",
            .plane = "managed identity",
            .paths = machine_paths,
            .plain_allowed = true,
            .handle = managed_identity_handle,
            .context = identity,
        },
        {
            .name = "login",
            .plane = "entra",
            .hosts = login_hosts,
            .handle = handle_login,
            .context = identity,
        },
        {
            .name = "login of a custom cloud",
            .plane = "entra",
            .paths = login_paths,
            .handle = handle_login,
            .context = identity,
        },
    };
    memcpy(identity->sites, sites, sizeof(sites));
}

static void register_well_known(struct identity *identity)
{
    struct application *application = tenant_register(&identity->tenant, identity->client_id,
                                                      IDENTITY_CLIENT_OBJECT_ID, "redurite", NULL);
    application_add_secret(application, bytes_from_string(identity->client_secret));
    char *id = string_format("/subscriptions/%s/resourcegroups/redurite/providers/"
                             "Microsoft.Compute/virtualMachines/redurite",
                             identity->subscription_id);
    tenant_register(&identity->tenant, IDENTITY_MANAGED_CLIENT_ID, IDENTITY_MANAGED_OBJECT_ID,
                    "redurite-machine", id);
    memory_free(id);
}

struct identity *identity_create(const struct identity_config *config, struct buf *error)
{
    struct tokens *tokens = tokens_create(config->key_file, error);
    if (tokens == NULL) {
        return NULL;
    }
    struct identity *identity = memory_allocate_zeroed(sizeof(*identity));
    identity->clock = config->clock;
    identity->random = config->random;
    identity->tenant_id = string_duplicate(config->tenant_id);
    identity->subscription_id = string_duplicate(config->subscription_id);
    identity->tokens = tokens;
    identity->faults = config->faults;
    identity->tenant.tenant_id = identity->tenant_id;
    identity->client_id = string_duplicate(config->client_id);
    identity->client_secret = string_duplicate(config->client_secret);
    register_well_known(identity);
    make_sites(identity);
    return identity;
}

static void sign_ins_forget(struct identity *identity)
{
    for (size_t i = 0; i < DEVICE_SIGN_INS; i++) {
        memory_free(identity->device_sign_ins[i].scope);
        identity->device_sign_ins[i] = (struct device_sign_in){0};
    }
}

void identity_reset(struct identity *identity)
{
    sign_ins_forget(identity);
    tenant_finish(&identity->tenant);
    register_well_known(identity);
}

void identity_destroy(struct identity *identity)
{
    if (identity == NULL) {
        return;
    }
    sign_ins_forget(identity);
    tenant_finish(&identity->tenant);
    tokens_destroy(identity->tokens);
    tokens_destroy(identity->other_tokens);
    memory_free(identity->tenant_id);
    memory_free(identity->subscription_id);
    memory_free(identity->client_id);
    memory_free(identity->client_secret);
    memory_free(identity);
}

const struct site *identity_sites(struct identity *identity, size_t *count)
{
    *count = SITE_COUNT;
    return identity->sites;
}

void identity_register(struct identity *identity, const struct identity_application *application)
{
    tenant_register(&identity->tenant, application->client_id, application->object_id,
                    application->name, application->resource_id);
}

bool identity_add_secret(struct identity *identity, const char *client_id, struct bytes secret)
{
    struct application *application = tenant_application(&identity->tenant, client_id);
    if (application == NULL || secret.size == 0) {
        return false;
    }
    application_add_secret(application, secret);
    return true;
}

bool identity_add_certificate(struct identity *identity, const char *client_id, struct bytes pem)
{
    struct application *application = tenant_application(&identity->tenant, client_id);
    struct token_certificate *certificate =
        application != NULL ? token_certificate_create(pem) : NULL;
    if (certificate == NULL) {
        return false;
    }
    application_add_certificate(application, certificate);
    return true;
}

bool identity_forget(struct identity *identity, const char *client_id)
{
    return tenant_forget(&identity->tenant, client_id);
}

const char *identity_principal_type(const struct identity *identity, struct bytes object_id)
{
    char *id = bytes_to_string(object_id);
    const char *type = tenant_user_by_object_id(id) != NULL ? "User"
                       : tenant_application_by_object_id(&identity->tenant, id) != NULL
                           ? "ServicePrincipal"
                           : NULL;
    memory_free(id);
    return type;
}

void identity_remove_secret(struct identity *identity, const char *client_id, struct bytes secret)
{
    struct application *application = tenant_application(&identity->tenant, client_id);
    if (application != NULL) {
        application_remove_secret(application, secret);
    }
}

void identity_each_application(const struct identity *identity,
                               void (*visit)(void *context,
                                             const struct identity_application *application),
                               void *context)
{
    for (const struct application *application = identity->tenant.applications; application != NULL;
         application = application->next) {
        const struct identity_application shown = {application->client_id, application->object_id,
                                                   application->name, application->resource_id};
        visit(context, &shown);
    }
}

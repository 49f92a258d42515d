/* Tokens for whatever runs on this machine, as a managed identity. */
#include "emulator/managed_identity.h"

#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "emulator/identity_claims.h"
#include "emulator/identity_errors.h"

#define RESOURCE_GROUP "redurite"
#define MACHINE "redurite"
#define LOCATION "westeurope"

/* One request, with the parameters both endpoints share. */
struct managed {
    struct identity *identity;
    const struct site_request *site;
    struct http_response *response;
    struct bytes parameters; /* of the query or the form */
};

/* The parameter's value or NULL; owned by the caller. */
static char *parameter(const struct managed *managed, const char *name)
{
    struct buf value;
    buf_init(&value, 8192);
    char *text = NULL;
    if (http_form_get(managed->parameters, name, &value) && value.size > 0) {
        text = text_make_valid(buf_bytes(&value));
    }
    buf_finish(&value);
    return text;
}

static bool header_given(const struct managed *managed, const char *name)
{
    return http_headers_get(&managed->site->http->headers, name).size > 0;
}

static bool metadata_header(const struct managed *managed)
{
    struct bytes value = http_headers_get(&managed->site->http->headers, "Metadata");
    return bytes_equal_string_nocase(value, "true");
}

static void reply_error(const struct managed *managed, int status, const char *error,
                        const char *description)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "error", error);
    cJSON_AddStringToObject(document, "error_description", description);
    log_info("identity", "managed identity refused error=%s", error);
    identity_reply_json(managed->response, status, document);
}

/* The identity asked for by client id, object id or resource id; else the machine's own. */
static const struct application *find_or_reply(const struct managed *managed)
{
    static const char *const names[] = {"client_id",    "clientid",  "object_id",
                                        "principal_id", "mi_res_id", "msi_res_id"};
    const struct tenant *tenant = &managed->identity->tenant;
    const struct application *application = NULL;
    bool asked = false;
    for (size_t i = 0; i < ARRAY_LEN(names) && !asked; i++) {
        char *id = parameter(managed, names[i]);
        if (id != NULL) {
            asked = true;
            application = i < 2   ? tenant_application(tenant, id)
                          : i < 4 ? tenant_application_by_object_id(tenant, id)
                                  : tenant_application_by_resource_id(tenant, id);
        }
        memory_free(id);
    }
    if (!asked) {
        application = tenant_application(tenant, IDENTITY_MANAGED_CLIENT_ID);
    }
    if (application == NULL) {
        reply_error(managed, 400, "invalid_request", "Identity not found");
    }
    return application;
}

static void add_number(cJSON *document, const char *name, int64_t number)
{
    char *text = string_format("%lld", (long long)number);
    cJSON_AddStringToObject(document, name, text);
    memory_free(text);
}

static void reply_token(const struct managed *managed)
{
    struct identity *identity = managed->identity;
    char *resource = parameter(managed, "resource");
    const struct application *application = NULL;
    if (resource == NULL) {
        reply_error(managed, 400, "invalid_request", "Required audience parameter not specified");
    } else if ((application = find_or_reply(managed)) != NULL &&
               !tenant_has_resource(&identity->tenant, resource, managed->site->authority)) {
        char *text = login_error_text(LOGIN_UNKNOWN_RESOURCE, resource, identity->tenant_id);
        reply_error(managed, 400, "invalid_resource", text);
        memory_free(text);
    } else if (application != NULL) {
        const struct token_subject subject = {
            .client_id = application->client_id,
            .application = application,
            .proof = CLIENT_ASSERTION, /* as managed identities have it */
        };
        const struct token_attempt attempt = {
            .client = bytes_from_string(application->client_id),
            .tenant = bytes_from_string(identity->tenant_id),
            .grant = BYTES("managed_identity"),
        };
        const struct token_shape shape = identity_shape(identity, &attempt);
        int64_t now = clock_now_ms(identity->clock) / 1000;
        int64_t seconds = shape.seconds == 0 ? MANAGED_TOKEN_SECONDS : shape.seconds;
        char *token = claims_access_token(identity, &subject, resource, NULL, seconds, &shape);
        cJSON *document = cJSON_CreateObject();
        cJSON_AddStringToObject(document, "access_token", token);
        cJSON_AddStringToObject(document, "client_id", application->client_id);
        add_number(document, "expires_in", seconds);
        add_number(document, "expires_on", now + seconds);
        add_number(document, "ext_expires_in", seconds);
        add_number(document, "not_before", now);
        cJSON_AddStringToObject(document, "resource", resource);
        cJSON_AddStringToObject(document, "token_type", "Bearer");
        memory_free(token);
        log_info("identity", "managed identity token issued client=%s resource=%s",
                 application->client_id, resource);
        identity_reply_json(managed->response, 200, document);
    }
    memory_free(resource);
}

/* IMDS: clients probe it without the header and want a 400 from it. */
static void answer_imds_token(const struct managed *managed)
{
    char *version = parameter(managed, "api-version");
    if (!metadata_header(managed)) {
        reply_error(managed, 400, "invalid_request", "Required metadata header not specified");
    } else if (!bytes_equal_string(managed->site->http->method, "GET")) {
        reply_error(managed, 405, "invalid_request", "The request method is not allowed");
    } else if (version == NULL) {
        reply_error(managed, 400, "invalid_request",
                    "Required query variable 'api-version' is missing");
    } else {
        reply_token(managed);
    }
    memory_free(version);
}

/* What runs here, for programs that ask the metadata service where they are. */
static void answer_imds_instance(const struct managed *managed)
{
    if (!metadata_header(managed)) {
        reply_error(managed, 400, "invalid_request", "Required metadata header not specified");
        return;
    }
    const char *subscription_id = managed->identity->subscription_id;
    cJSON *document = cJSON_CreateObject();
    cJSON *compute = cJSON_AddObjectToObject(document, "compute");
    char *id = string_format("/subscriptions/%s/resourceGroups/" RESOURCE_GROUP
                             "/providers/Microsoft.Compute/virtualMachines/" MACHINE,
                             subscription_id);
    cJSON_AddStringToObject(compute, "azEnvironment", "AzurePublicCloud");
    cJSON_AddStringToObject(compute, "location", LOCATION);
    cJSON_AddStringToObject(compute, "name", MACHINE);
    cJSON_AddStringToObject(compute, "osType", "Linux");
    cJSON_AddStringToObject(compute, "provider", "Microsoft.Compute");
    cJSON_AddStringToObject(compute, "resourceGroupName", RESOURCE_GROUP);
    cJSON_AddStringToObject(compute, "resourceId", id);
    cJSON_AddStringToObject(compute, "subscriptionId", subscription_id);
    cJSON_AddStringToObject(compute, "vmId", IDENTITY_MANAGED_OBJECT_ID);
    cJSON_AddStringToObject(compute, "zone", "");
    memory_free(id);
    identity_reply_json(managed->response, 200, document);
}

/*
 * The local endpoint: App Service (GET, X-IDENTITY-HEADER or, before 2019, secret) and Cloud
 * Shell (POST, Metadata). The header's value is whatever the user put into the variable.
 */
static void answer_local_token(const struct managed *managed)
{
    if (header_given(managed, "X-IDENTITY-HEADER") || header_given(managed, "secret") ||
        metadata_header(managed)) {
        reply_token(managed);
    } else {
        reply_error(managed, 401, "unauthorized_client",
                    "The header X-IDENTITY-HEADER (App Service) or Metadata (Cloud Shell) is "
                    "missing.");
    }
}

void managed_identity_handle(void *context, const struct site_request *request,
                             struct http_response *response)
{
    char *segments[LOGIN_SEGMENTS];
    int count = path_segments(request->http->path, segments, LOGIN_SEGMENTS);
    struct managed managed = {
        .identity = context,
        .site = request,
        .response = response,
        .parameters = request->http->query,
    };
    if (bytes_equal_string(request->http->method, "POST") && request->http->body.size > 0) {
        managed.parameters = request->http->body;
    }
    const char *first = count > 0 ? segments[0] : "";
    const char *second = count > 1 ? segments[1] : "";
    const char *last = count > 0 ? segments[count - 1] : "";
    if (strcasecmp(first, "msi") == 0 && strcasecmp(last, "token") == 0) {
        answer_local_token(&managed);
    } else if (strcasecmp(second, "identity") == 0 && strcasecmp(last, "token") == 0) {
        answer_imds_token(&managed);
    } else if (strcasecmp(second, "instance") == 0) {
        answer_imds_instance(&managed);
    } else {
        reply_error(&managed, 404, "not_found", "The requested resource was not found");
    }
    path_segments_free(segments, count > 0 ? (size_t)count : 0);
}

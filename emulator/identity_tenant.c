/* The tenant's applications, its user, and the resources of Azure that have tokens. */
#include "emulator/identity_tenant.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "emulator/identity.h"
#include "emulator/tokens.h"

static const struct user users[] = {
    {
        .object_id = IDENTITY_USER_OBJECT_ID,
        .name = IDENTITY_USER_NAME,
        .display_name = "Dev Eloper",
        .given_name = "Dev",
        .family_name = "Eloper",
        .password = IDENTITY_USER_PASSWORD,
    },
};

static const struct public_client {
    const char *client_id, *name;
} public_clients[] = {
    {"04b07795-8ddb-461a-bbee-02f9e1bf7b46", "Microsoft Azure CLI"},
    {"1950a258-227b-4e31-a9cf-717495945fc2", "Microsoft Azure PowerShell"},
    {"aebc6443-996d-45c2-90f0-388ff96faa56", "Visual Studio Code"},
    {"04f0c124-f2bc-4f59-8241-bf6df9866bbd", "Visual Studio"},
    {"872cd9fa-d31f-45e0-9eab-6e460a02d1f1", "Visual Studio - Legacy"},
    {"c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "Azure Portal"},
};

/* Globs of the resources that tokens are given for; ids are the services' application ids. */
static const char *const resources[] = {
    "https://management.azure.com",
    "https://management.azure.com/",
    "https://management.core.windows.net",
    "https://management.core.windows.net/",
    "797f4846-ba00-4fd7-ba43-dac1f8f63013", /* Azure Resource Manager */
    "https://graph.microsoft.com*",
    "00000003-0000-0000-c000-000000000000", /* Microsoft Graph */
    "https://graph.windows.net*",
    "00000002-0000-0000-c000-000000000000", /* Azure AD Graph */
    "https://redis.azure.com*",
    "acca5fbb-b7e4-4009-81f1-37e38fd66d78", /* Azure Cache for Redis */
    "https://vault.azure.net*",
    "https://*.vault.azure.net*",
    "https://vault.localhost*",
    "https://managedhsm.azure.net*",
    "cfa8b339-82a2-471a-a3c9-0fc0be7a4093", /* Azure Key Vault */
    "https://storage.azure.com*",
    "https://*.core.windows.net*",
    "https://monitor.azure.com*",
    "https://api.loganalytics.io*",
    "https://api.applicationinsights.io*",
    "https://appservice.azure.com*",
    "https://*.azurewebsites.net*",
    "https://database.windows.net*",
    "https://*-aad.database.windows.net*",
    "https://servicebus.azure.net*",
    "https://eventhubs.azure.net*",
    "https://*.servicebus.windows.net*",
    "https://cognitiveservices.azure.com*",
    "https://containerregistry.azure.net*",
    "https://azconfig.io*",
    "https://*.azconfig.io*",
    "https://attest.azure.net*",
    "https://dev.azuresynapse.net*",
    "https://datalake.azure.net*",
    "https://batch.core.windows.net*",
    "api://AzureADTokenExchange*",
    "https://localhost",
    "https://localhost/*",
    "https://localhost:*",
    "https://127.0.0.1",
    "https://127.0.0.1/*",
    "https://127.0.0.1:*",
    "https://*.localhost*",
};

static void application_free(struct application *application)
{
    for (size_t i = 0; i < application->secret_count; i++) {
        memory_free(application->secrets[i]);
    }
    for (size_t i = 0; i < application->certificate_count; i++) {
        token_certificate_destroy(application->certificates[i]);
    }
    memory_free(application->secrets);
    memory_free(application->certificates);
    memory_free(application->client_id);
    memory_free(application->object_id);
    memory_free(application->name);
    memory_free(application->resource_id);
    memory_free(application);
}

void tenant_finish(struct tenant *tenant)
{
    while (tenant->applications != NULL) {
        struct application *application = tenant->applications;
        tenant->applications = application->next;
        application_free(application);
    }
}

static void replace(char **text, const char *value)
{
    memory_free(*text);
    *text = value != NULL ? string_duplicate(value) : NULL;
}

struct application *tenant_register(struct tenant *tenant, const char *client_id,
                                    const char *object_id, const char *name,
                                    const char *resource_id)
{
    struct application *application = tenant_application(tenant, client_id);
    if (application == NULL) {
        application = memory_allocate_zeroed(sizeof(*application));
        application->client_id = string_duplicate(client_id);
        application->next = tenant->applications;
        tenant->applications = application;
    }
    replace(&application->object_id, object_id);
    replace(&application->name, name);
    replace(&application->resource_id, resource_id);
    return application;
}

bool tenant_forget(struct tenant *tenant, const char *client_id)
{
    struct application **link = &tenant->applications;
    for (; *link != NULL; link = &(*link)->next) {
        if (strcasecmp((*link)->client_id, client_id) == 0) {
            struct application *application = *link;
            *link = application->next;
            application_free(application);
            return true;
        }
    }
    return false;
}

struct application *tenant_application(const struct tenant *tenant, const char *client_id)
{
    struct application *application = tenant->applications;
    while (application != NULL && strcasecmp(application->client_id, client_id) != 0) {
        application = application->next;
    }
    return application;
}

struct application *tenant_application_by_object_id(const struct tenant *tenant, const char *id)
{
    struct application *application = tenant->applications;
    while (application != NULL && strcasecmp(application->object_id, id) != 0) {
        application = application->next;
    }
    return application;
}

struct application *tenant_application_by_resource_id(const struct tenant *tenant, const char *id)
{
    struct application *application = tenant->applications;
    while (application != NULL &&
           (application->resource_id == NULL || strcasecmp(application->resource_id, id) != 0)) {
        application = application->next;
    }
    return application;
}

void application_add_secret(struct application *application, struct bytes secret)
{
    size_t count = application->secret_count + 1;
    application->secrets = memory_resize(application->secrets, count * sizeof(char *));
    application->secrets[application->secret_count++] = bytes_to_string(secret);
}

void application_remove_secret(struct application *application, struct bytes secret)
{
    size_t kept = 0;
    for (size_t i = 0; i < application->secret_count; i++) {
        if (bytes_equal_string(secret, application->secrets[i])) {
            memory_free(application->secrets[i]);
        } else {
            application->secrets[kept++] = application->secrets[i];
        }
    }
    application->secret_count = kept;
}

void application_add_certificate(struct application *application,
                                 struct token_certificate *certificate)
{
    size_t size = (application->certificate_count + 1) * sizeof(struct token_certificate *);
    application->certificates = memory_resize(application->certificates, size);
    application->certificates[application->certificate_count++] = certificate;
}

bool application_has_secret(const struct application *application, const char *secret)
{
    bool found = false;
    for (size_t i = 0; i < application->secret_count; i++) {
        found |= bytes_equal_secret(bytes_from_string(application->secrets[i]),
                                    bytes_from_string(secret));
    }
    return found;
}

const char *public_client_name(const char *client_id)
{
    for (size_t i = 0; i < ARRAY_LEN(public_clients); i++) {
        if (strcasecmp(public_clients[i].client_id, client_id) == 0) {
            return public_clients[i].name;
        }
    }
    return NULL;
}

const struct user *tenant_user(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(users); i++) {
        if (strcasecmp(users[i].name, name) == 0) {
            return &users[i];
        }
    }
    return NULL;
}

const struct user *tenant_user_by_object_id(const char *object_id)
{
    for (size_t i = 0; i < ARRAY_LEN(users); i++) {
        if (strcasecmp(users[i].object_id, object_id) == 0) {
            return &users[i];
        }
    }
    return NULL;
}

bool is_guid(const char *text)
{
    if (strlen(text) != 36) {
        return false;
    }
    for (size_t i = 0; i < 36; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? text[i] != '-' : !isxdigit((unsigned char)text[i])) {
            return false;
        }
    }
    return true;
}

static bool is_domain_name(const char *text)
{
    bool dot = false;
    for (const char *c = text; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && *c != '-' && *c != '.') {
            return false;
        }
        dot |= *c == '.';
    }
    return dot;
}

enum tenant_kind tenant_recognize(const struct tenant *tenant, const char *name)
{
    if (strcasecmp(name, tenant->tenant_id) == 0 ||
        bytes_match_glob(BYTES("*.onmicrosoft.com"), bytes_from_string(name), true)) {
        return TENANT_OURS;
    }
    if (strcasecmp(name, "common") == 0 || strcasecmp(name, "organizations") == 0) {
        return TENANT_ANY;
    }
    return is_guid(name) || is_domain_name(name) ? TENANT_UNKNOWN : TENANT_INVALID;
}

bool tenant_has_resource(const struct tenant *tenant, const char *resource, struct bytes authority)
{
    struct bytes text = bytes_from_string(resource);
    for (size_t i = 0; i < ARRAY_LEN(resources); i++) {
        if (bytes_match_glob(bytes_from_string(resources[i]), text, true)) {
            return true;
        }
    }
    if (bytes_start_with(text, BYTES("https://"))) {
        struct bytes rest = bytes_slice(text, sizeof("https://") - 1, text.size);
        struct bytes host = bytes_slice(rest, 0, bytes_find(rest, '/'));
        return bytes_equal_nocase(host, authority);
    }
    if (bytes_start_with(text, BYTES("api://"))) {
        resource += sizeof("api://") - 1;
    }
    return tenant_application(tenant, resource) != NULL;
}

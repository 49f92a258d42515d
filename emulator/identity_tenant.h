/*
 * Who is in the tenant: applications with their credentials, the user, and the resources that
 * tokens may be asked for. Knows no HTTP.
 */
#ifndef EMULATOR_IDENTITY_TENANT_H
#define EMULATOR_IDENTITY_TENANT_H

#include "base/bytes.h"

struct token_certificate;

struct application {
    char *client_id, *object_id, *name;
    char *resource_id; /* of a managed identity; else NULL */
    char **secrets;
    size_t secret_count;
    struct token_certificate **certificates;
    size_t certificate_count;
    struct application *next;
};

struct user {
    const char *object_id, *name, *display_name, *given_name, *family_name, *password;
};

struct tenant {
    const char *tenant_id; /* borrowed */
    struct application *applications;
};

void tenant_finish(struct tenant *tenant);

/* Adds an application or changes its names; the credentials stay. */
struct application *tenant_register(struct tenant *tenant, const char *client_id,
                                    const char *object_id, const char *name,
                                    const char *resource_id);
bool tenant_forget(struct tenant *tenant, const char *client_id);
struct application *tenant_application(const struct tenant *tenant, const char *client_id);
/* The managed identity or application with that object id or resource id; NULL: none. */
struct application *tenant_application_by_object_id(const struct tenant *tenant, const char *id);
struct application *tenant_application_by_resource_id(const struct tenant *tenant, const char *id);
void application_add_secret(struct application *application, struct bytes secret);
void application_remove_secret(struct application *application, struct bytes secret);
/* Takes the certificate over. */
void application_add_certificate(struct application *application,
                                 struct token_certificate *certificate);
bool application_has_secret(const struct application *application, const char *secret);

/*
 * Microsoft's own public clients (az, PowerShell, Visual Studio), which sign users in everywhere
 * and have no secret. Their name, or NULL.
 */
const char *public_client_name(const char *client_id);

/* The user with that name, in any case; NULL: none. */
const struct user *tenant_user(const char *name);
const struct user *tenant_user_by_object_id(const char *object_id);

enum tenant_kind {
    TENANT_OURS,    /* by id or domain name */
    TENANT_ANY,     /* common, organizations */
    TENANT_UNKNOWN, /* well-formed, but not there */
    TENANT_INVALID, /* neither an id nor a domain name */
};
enum tenant_kind tenant_recognize(const struct tenant *tenant, const char *name);

/*
 * Whether tokens for that resource exist: Azure's services, applications of the tenant, and this
 * emulator under the name the client calls it ("localhost:8443").
 */
bool tenant_has_resource(const struct tenant *tenant, const char *resource, struct bytes authority);

bool is_guid(const char *text);

#endif

/* Scopes and resources. */
#include "emulator/identity_scopes.h"

#include <string.h>
#include <strings.h>

#include "emulator/identity_errors.h"

#define SCOPE_LIMIT 16384
#define GRAPH "https://graph.microsoft.com"
#define GRAPH_BEFORE "00000002-0000-0000-c000-000000000000" /* what v1 means by nothing */

static bool standard_scope(struct bytes scope, struct scopes *scopes)
{
    if (bytes_equal_string_nocase(scope, "openid")) {
        scopes->openid = true;
    } else if (bytes_equal_string_nocase(scope, "offline_access")) {
        scopes->offline = true;
    } else if (!bytes_equal_string_nocase(scope, "profile") &&
               !bytes_equal_string_nocase(scope, "email")) {
        return false;
    }
    return true;
}

/*
 * "https://host//.default" is the resource "https://host/" and its permission ".default";
 * "User.Read" is a permission on Microsoft Graph. False: neither.
 */
static bool scope_split(struct bytes scope, struct bytes *resource, struct bytes *permission)
{
    size_t slash = scope.size;
    while (slash > 0 && scope.data[slash - 1] != '/') {
        slash--;
    }
    if (slash == 0) {
        *resource = BYTES(GRAPH);
        *permission = scope;
        return true;
    }
    *resource = bytes_slice(scope, 0, slash - 1);
    *permission = bytes_slice(scope, slash, scope.size);
    return permission->size > 0 && resource->size > 0 && !bytes_end_with(*resource, BYTES(":/")) &&
           !bytes_end_with(*resource, BYTES(":"));
}

static void append_word(struct buf *buf, struct bytes word)
{
    if (buf->size > 0) {
        buf_append_byte(buf, ' ');
    }
    buf_append(buf, word);
}

static bool one_scope_or_reply(struct login *login, bool application, struct bytes scope,
                               struct scopes *scopes, struct buf *permissions)
{
    struct bytes resource, permission;
    char *text = bytes_to_string(scope);
    bool good = false;
    bool splits = scope_split(scope, &resource, &permission);
    if (application && (!splits || !bytes_equal_string(permission, ".default"))) {
        login_reply_error(login, LOGIN_SCOPE_NOT_DEFAULT, text, NULL, NULL);
    } else if (!splits) {
        login_reply_error(login, LOGIN_INVALID_SCOPE, text, NULL, NULL);
    } else if (scopes->resource != NULL && !bytes_equal_string_nocase(resource, scopes->resource)) {
        login_reply_error(login, LOGIN_SCOPE_SEVERAL_RESOURCES, text, NULL, NULL);
    } else {
        if (scopes->resource == NULL) {
            scopes->resource = bytes_to_string(resource);
        }
        if (!bytes_equal_string(permission, ".default")) {
            append_word(permissions, permission);
        }
        good = true;
    }
    memory_free(text);
    return good;
}

static bool scope_list_or_reply(struct login *login, bool application, const char *list,
                                struct scopes *scopes, struct buf *permissions)
{
    struct bytes rest = bytes_from_string(list);
    bool good = true;
    while (good && rest.size > 0) {
        size_t end = bytes_find(rest, ' ');
        struct bytes scope = bytes_slice(rest, 0, end);
        rest = bytes_slice(rest, end + 1, rest.size);
        bool standard = scope.size == 0 || standard_scope(scope, scopes);
        good = standard || one_scope_or_reply(login, application, scope, scopes, permissions);
    }
    if (application) { /* MSAL for Go adds them to every request; no application gets what they ask
                          for. */
        scopes->openid = false;
        scopes->offline = false;
    }
    return good;
}

static void grant(struct scopes *scopes, const char *list, struct buf *permissions)
{
    bool graph = strncasecmp(scopes->resource, GRAPH, sizeof(GRAPH) - 1) == 0;
    if (permissions->size == 0) {
        buf_append_string(permissions, graph ? "User.Read" : "user_impersonation");
    }
    scopes->permissions = bytes_to_string(buf_bytes(permissions));

    struct buf granted;
    buf_init(&granted, SCOPE_LIMIT);
    struct bytes rest = bytes_from_string(list);
    while (rest.size > 0) {
        size_t end = bytes_find(rest, ' ');
        struct bytes scope = bytes_slice(rest, 0, end);
        rest = bytes_slice(rest, end + 1, rest.size);
        if (scope.size > 0 && !bytes_equal_string_nocase(scope, "offline_access")) {
            append_word(&granted, scope);
        }
    }
    char *permission =
        string_format("%s/%s", scopes->resource, graph ? "User.Read" : "user_impersonation");
    append_word(&granted, bytes_from_string(permission));
    memory_free(permission);
    scopes->granted = bytes_to_string(buf_bytes(&granted));
    buf_finish(&granted);
}

bool scopes_read_or_reply(struct login *login, bool application, const char *kept,
                          struct scopes *scopes)
{
    const char *list = login_field(login, "scope");
    const char *resource = login_field(login, "resource");
    *scopes = (struct scopes){0};
    bool by_resource =
        login->flavour == LOGIN_V1 || (login->flavour == LOGIN_ADFS && resource != NULL);
    if (by_resource) {
        scopes->offline = true;
        if (resource == NULL) {
            resource = kept != NULL ? kept : GRAPH_BEFORE;
        }
        scopes->resource = string_duplicate(resource);
    } else if (list == NULL) {
        list = kept;
    }
    if (list == NULL && !by_resource) {
        login_reply_error(login, LOGIN_MISSING_PARAMETER, "scope", NULL, NULL);
        return false;
    }
    struct buf permissions;
    buf_init(&permissions, SCOPE_LIMIT);
    bool good = true;
    if (by_resource) {
        /* Only openid counts here; whatever else v1 finds in `scope` it ignores. */
        scopes->openid =
            list != NULL && bytes_match_glob(BYTES("*openid*"), bytes_from_string(list), true);
    } else {
        good = scope_list_or_reply(login, application, list, scopes, &permissions);
    }
    if (good && scopes->resource == NULL) {
        if (application) {
            login_reply_error(login, LOGIN_SCOPE_NOT_DEFAULT, list, NULL, NULL);
            good = false;
        } else {
            scopes->resource = string_duplicate(GRAPH);
        }
    }
    if (good &&
        !tenant_has_resource(&login->identity->tenant, scopes->resource, login->site->authority)) {
        login_reply_error(login, LOGIN_UNKNOWN_RESOURCE, scopes->resource,
                          login->identity->tenant_id, NULL);
        good = false;
    }
    if (good) {
        grant(scopes, by_resource ? "" : list, &permissions);
    }
    buf_finish(&permissions);
    return good;
}

void scopes_finish(struct scopes *scopes)
{
    memory_free(scopes->resource);
    memory_free(scopes->permissions);
    memory_free(scopes->granted);
}

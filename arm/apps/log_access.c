/* Who may follow the log of an app. */
#include "arm/apps/log_access.h"

#include <string.h>

#include "arm/apps/apps.h"
#include "arm/json.h"
#include "arm/types/web.h"

enum { CREDENTIALS_LIMIT = 1024 };

static bool fail_login(struct arm_error *error)
{
    return arm_fail(error, 401, "Unauthorized", "The credentials do not open this app's log.");
}

/* "Bearer ..." or "Basic ...": what stands behind, or nothing. */
static struct bytes behind(struct bytes authorization, const char *scheme)
{
    size_t size = strlen(scheme);
    return bytes_equal_string_nocase(bytes_slice(authorization, 0, size), scheme)
               ? bytes_slice(authorization, size, authorization.size)
               : (struct bytes){0};
}

static bool manager(struct arm_service *service, struct bytes authorization,
                    struct arm_error *error)
{
    struct arm_principal principal;
    struct bytes token = behind(authorization, "Bearer ");
    return token.size > 0 &&
           service->host.authenticate(service->host.context, token, &principal, error);
}

static bool publisher(const struct arm_resource *site, struct bytes authorization)
{
    const char *password = arm_json_text(site->secrets, "config.publishingcredentials.password");
    struct bytes encoded = behind(authorization, "Basic ");
    struct buf text;
    bool fits = false;
    buf_init(&text, CREDENTIALS_LIMIT);
    if (password != NULL && encoded.size > 0 && buf_append_base64_decoded(&text, encoded)) {
        char *wanted = string_format("$%s:%s", site->name, password);
        fits = bytes_equal_secret(buf_bytes(&text), bytes_from_string(wanted));
        memory_free(wanted);
    }
    buf_finish(&text);
    return fits;
}

bool arm_site_exists(const struct arm_service *service, struct bytes site)
{
    return arm_resource_find_name(service, &arm_web_site_type, site) != NULL;
}

const char *arm_site_log(struct arm_service *service, struct bytes site, struct bytes authorization,
                         struct arm_error *error)
{
    const struct arm_resource *found = arm_resource_find_name(service, &arm_web_site_type, site);
    if (found == NULL) {
        arm_fail(error, 404, "NotFound", "There is no web app '%.*s'.",
                 (int)bytes_slice(site, 0, 100).size, site.data);
        return NULL;
    }
    if (publisher(found, authorization) || manager(service, authorization, error)) {
        return found->id;
    }
    fail_login(error);
    return NULL;
}

const char *arm_container_log(struct arm_service *service, struct bytes id,
                              struct bytes authorization, struct arm_error *error)
{
    char *text = bytes_to_string(id);
    const struct arm_resource *app = arm_resource_find_id(service, text);
    const char *token = app == NULL ? NULL : arm_json_text(app->secrets, "logToken.token");
    const cJSON *until = app == NULL ? NULL : arm_json_at(app->secrets, "logToken.expiresMs");
    bool good = token != NULL && cJSON_IsNumber(until) &&
                until->valuedouble > (double)clock_now_ms(service->clock) &&
                bytes_equal_secret(behind(authorization, "Bearer "), bytes_from_string(token));
    if (app == NULL) {
        arm_fail(error, 404, "NotFound", "There is no container app '%.300s'.", text);
    } else if (!good) {
        fail_login(error);
    }
    memory_free(text);
    return app != NULL && good ? app->id : NULL;
}

void arm_app_log_each(const struct arm_service *service, const char *id, size_t most,
                      void (*visit)(void *context, struct bytes line), void *context)
{
    const struct arm_resource *app = arm_resource_find_id(service, id);
    const cJSON *lines = app == NULL ? NULL : app_log_lines(app), *line;
    size_t skipped = (size_t)cJSON_GetArraySize(lines);
    skipped = skipped > most ? skipped - most : 0;
    cJSON_ArrayForEach(line, lines)
    {
        if (skipped > 0) {
            skipped--;
        } else {
            visit(context, bytes_from_string(cJSON_GetStringValue(line)));
        }
    }
}

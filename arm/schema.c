/* Property rows against a request body. */
#include "arm/schema.h"

#include <stdio.h>
#include <string.h>

#include "arm/json.h"

static void list_choices(const struct arm_property *row, char text[256])
{
    size_t size = 0;
    text[0] = '\0';
    for (size_t i = 0; row->choices[i] != NULL && size < 200; i++) {
        size += (size_t)snprintf(text + size, 256 - size, "%s'%s'", i == 0 ? "" : ", ",
                                 row->choices[i]);
    }
}

static bool accept_choice(const struct arm_property *row, cJSON *item, struct arm_error *error)
{
    const char *text = cJSON_GetStringValue(item);
    for (size_t i = 0; text != NULL && row->choices[i] != NULL; i++) {
        if (bytes_equal_string_nocase(bytes_from_string(text), row->choices[i])) {
            cJSON_SetValuestring(item, row->choices[i]);
            return true;
        }
    }
    char allowed[256];
    list_choices(row, allowed);
    return arm_fail_property(error, row->path, allowed);
}

static bool accept_texts(const struct arm_property *row, const cJSON *item, struct arm_error *error)
{
    const cJSON *member;
    cJSON_ArrayForEach(member, item)
    {
        if (!cJSON_IsString(member) && !cJSON_IsNull(member)) {
            char path[128];
            snprintf(path, sizeof(path), "%s.%.60s", row->path, member->string);
            return arm_fail_property(error, path, "a string");
        }
    }
    return cJSON_IsObject(item) || arm_fail_property(error, row->path, "an object of strings");
}

bool arm_ipv4_read(const char *text, uint32_t *address)
{
    *address = 0;
    for (int part = 0; part < 4; part++) {
        unsigned number = 0;
        size_t digits = strspn(text, "0123456789");
        for (size_t i = 0; i < digits && digits <= 3; i++) {
            number = number * 10 + (unsigned)(text[i] - '0');
        }
        char after = part < 3 ? '.' : '\0';
        if (digits == 0 || digits > 3 || number > 255 || text[digits] != after) {
            return false;
        }
        *address = *address << 8 | number;
        text += digits + 1;
    }
    return true;
}

bool arm_guid_like(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    for (size_t i = 0; i < sizeof(shape) - 1; i++) {
        bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f') ||
                   (text[i] >= 'A' && text[i] <= 'F');
        if (shape[i] == 'x' ? !hex : text[i] != '-') {
            return false;
        }
    }
    return text[sizeof(shape) - 1] == '\0';
}

static bool accept_text(const struct arm_property *row, const cJSON *item, struct arm_error *error)
{
    const char *text = cJSON_GetStringValue(item);
    uint32_t address;
    switch (row->kind) {
    case ARM_IPV4:
        return (text != NULL && arm_ipv4_read(text, &address)) ||
               arm_fail_property(error, row->path, "an IPv4 address");
    case ARM_GUID:
        return (text != NULL && arm_guid_like(text)) ||
               arm_fail_property(error, row->path, "a GUID");
    case ARM_RESOURCE_ID:
        if (text != NULL && text[0] == '/' &&
            (bytes_start_with(bytes_from_string(text), BYTES("/subscriptions/")) ||
             bytes_start_with(bytes_from_string(text), BYTES("/providers/")))) {
            return true;
        }
        return arm_fail(error, 400, "LinkedInvalidPropertyId",
                        "Property id '%s' at path '%s' is invalid. Expect fully qualified "
                        "resource Id that start with '/subscriptions/{subscriptionId}' or "
                        "'/providers/{resourceProviderNamespace}/'.",
                        text == NULL ? "" : text, row->path);
    default:
        return text != NULL || arm_fail_property(error, row->path, "a string");
    }
}

static bool accept(const struct arm_property *row, cJSON *item, struct arm_error *error)
{
    char range[64];
    switch (row->kind) {
    case ARM_CHOICE:
        return accept_choice(row, item, error);
    case ARM_INTEGER:
        if (cJSON_IsNumber(item) && item->valuedouble == (double)item->valueint &&
            (row->maximum <= row->minimum ||
             (item->valueint >= row->minimum && item->valueint <= row->maximum))) {
            return true;
        }
        snprintf(range, sizeof(range), "a whole number from %d to %d", row->minimum, row->maximum);
        return arm_fail_property(error, row->path,
                                 row->maximum > row->minimum ? range : "a whole number");
    case ARM_TRUTH:
        return cJSON_IsBool(item) || arm_fail_property(error, row->path, "true, false");
    case ARM_OBJECT:
        return cJSON_IsObject(item) || arm_fail_property(error, row->path, "an object");
    case ARM_TEXTS:
        return accept_texts(row, item, error);
    case ARM_ARRAY:
        return cJSON_IsArray(item) || arm_fail_property(error, row->path, "an array");
    default:
        return accept_text(row, item, error);
    }
}

static bool unchanged(const struct arm_property *row, const cJSON *item, const cJSON *stored)
{
    const cJSON *old = arm_json_at(stored, row->path);
    if (cJSON_IsString(old) && cJSON_IsString(item)) {
        return bytes_equal_nocase(bytes_from_string(old->valuestring),
                                  bytes_from_string(item->valuestring));
    }
    return cJSON_Compare(old, item, false);
}

/* In all of a body null is nothing; in a change it takes away. */
static void drop_nulls(cJSON *item)
{
    for (cJSON *member = item->child, *next; member != NULL; member = next) {
        next = member->next;
        if (cJSON_IsNull(member)) {
            cJSON_Delete(cJSON_DetachItemViaPointer(item, member));
        }
    }
}

bool arm_schema_accept(const struct arm_property *rows, cJSON *body, const cJSON *stored,
                       bool whole, const char *api_version, struct arm_error *error)
{
    if (!cJSON_IsObject(arm_json_at(body, "properties")) &&
        arm_json_at(body, "properties") != NULL) {
        return arm_fail_property(error, "properties", "an object");
    }
    for (const struct arm_property *row = rows; row != NULL && row->path != NULL; row++) {
        cJSON *item = arm_json_at(body, row->path);
        bool known = row->since == NULL || strcmp(api_version, row->since) >= 0;
        if (item != NULL && (cJSON_IsNull(item) || (row->rules & ARM_READ_ONLY) != 0 || !known)) {
            arm_json_remove(body, row->path);
            item = NULL;
        }
        if (item == NULL) {
            if ((row->rules & ARM_REQUIRED) != 0 && whole && known) {
                char allowed[256] = "it is required";
                if (row->choices != NULL) {
                    list_choices(row, allowed);
                }
                return arm_fail_property(error, row->path, allowed);
            }
            continue;
        }
        if (!accept(row, item, error)) {
            return false;
        }
        if (whole && row->kind == ARM_TEXTS) {
            drop_nulls(item);
        }
        if (stored != NULL && (row->rules & ARM_CREATE_ONLY) != 0 &&
            !unchanged(row, item, stored)) {
            return arm_fail_provider(error, 400, "BadRequest",
                                     "The requested update to the resource is not permitted. The "
                                     "following properties(s) cannot be modified: '%s'.",
                                     row->path);
        }
    }
    return true;
}

bool arm_schema_accept_saved(const struct arm_property *rows, cJSON *body, struct arm_error *error)
{
    for (const struct arm_property *row = rows; row != NULL && row->path != NULL; row++) {
        cJSON *item = arm_json_at(body, row->path);
        bool unseen = cJSON_IsNull(item) || (row->rules & ARM_READ_ONLY) != 0;
        if (item != NULL && unseen && !accept(row, item, error)) {
            return false;
        }
    }
    return arm_schema_accept(rows, body, NULL, true, "9999-12-31", error);
}

void arm_schema_complete(const struct arm_property *rows, cJSON *body)
{
    for (const struct arm_property *row = rows; row != NULL && row->path != NULL; row++) {
        if (row->fallback != NULL && arm_json_at(body, row->path) == NULL) {
            arm_json_put(body, row->path, cJSON_Parse(row->fallback));
        }
    }
}

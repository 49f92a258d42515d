/* The list of families, and what kinds ask of their attributes. */
#include <stdio.h>
#include <string.h>

#include "emulator/faults/families.h"

static const struct fault_family *const families[] = {
#define FAMILY(name) &fault_##name##_family,
    FAULT_FAMILIES
#undef FAMILY
};

const struct fault_family *const *fault_families(size_t *count)
{
    *count = ARRAY_LEN(families);
    return families;
}

const struct fault_kind *fault_kind_find(struct bytes name, enum fault_plane plane)
{
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        for (size_t k = 0; k < families[i]->count; k++) {
            const struct fault_kind *kind = &families[i]->kinds[k];
            if (bytes_equal_string(name, kind->name) &&
                (plane == FAULT_PLANES || (kind->planes & FAULT_BIT(plane)) != 0)) {
                return kind;
            }
        }
    }
    return NULL;
}

unsigned fault_kind_planes(struct bytes name)
{
    unsigned planes = 0;
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        for (size_t k = 0; k < families[i]->count; k++) {
            const struct fault_kind *kind = &families[i]->kinds[k];
            planes |= bytes_equal_string(name, kind->name) ? kind->planes : 0;
        }
    }
    return planes;
}

/* ---- Attributes ---- */

static const struct fault_value *value_of(const struct fault *fault, const char *name)
{
    const struct fault_attribute *attributes = fault->kind->attributes;
    for (size_t i = 0; attributes != NULL && attributes[i].name != NULL; i++) {
        if (strcmp(attributes[i].name, name) == 0) {
            return &fault->values[i];
        }
    }
    return NULL;
}

double fault_number(const struct fault *fault, const char *name)
{
    const struct fault_value *value = value_of(fault, name);
    return value == NULL ? 0 : value->number;
}

bool fault_flag(const struct fault *fault, const char *name)
{
    return fault_number(fault, name) != 0;
}

const char *fault_text(const struct fault *fault, const char *name)
{
    const struct fault_value *value = value_of(fault, name);
    return value == NULL || value->text == NULL ? "" : value->text;
}

bool fault_has(const struct fault *fault, const char *name)
{
    const struct fault_value *value = value_of(fault, name);
    return value != NULL && (value->number != 0 || value->text != NULL);
}

/* ---- Texts ---- */

static const struct {
    const char *name;
    enum fault_key key;
} parts[] = {
    {"cache", FAULT_KEY_CACHE},
    {"command", FAULT_KEY_COMMAND},
    {"key", FAULT_KEY_KEY},
    {"client", FAULT_KEY_CLIENT},
    {"operation", FAULT_KEY_OPERATION},
    {"resource", FAULT_KEY_RESOURCE},
    {"type", FAULT_KEY_RESOURCE_TYPE},
    {"location", FAULT_KEY_LOCATION},
    {"sku", FAULT_KEY_SKU},
    {"principal", FAULT_KEY_PRINCIPAL},
    {"tenant", FAULT_KEY_TENANT},
    {"vault", FAULT_KEY_VAULT},
    {"secret", FAULT_KEY_SECRET},
    {"host", FAULT_KEY_NAME},
};

static struct bytes last_segment(struct bytes id)
{
    size_t start = id.size;
    while (start > 0 && id.data[start - 1] != '/') {
        start--;
    }
    return bytes_slice(id, start, id.size);
}

/* The segment behind "/{word}/" of a resource id, any case. */
static struct bytes segment_behind(struct bytes id, const char *word)
{
    while (id.size > 0) {
        struct bytes segment = bytes_slice(id, 0, bytes_find(id, '/'));
        id = bytes_slice(id, segment.size + 1, id.size);
        if (bytes_equal_string_nocase(segment, word)) {
            return bytes_slice(id, 0, bytes_find(id, '/'));
        }
    }
    return BYTES("");
}

static bool append_part(struct buf *output, struct bytes name, const struct fault *fault,
                        const struct fault_subject *subject)
{
    struct bytes resource = subject->values[FAULT_KEY_RESOURCE];

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (bytes_equal_string(name, parts[i].name)) {
            struct bytes value = subject->values[parts[i].key];
            if (parts[i].key == FAULT_KEY_PRINCIPAL) {
                value = bytes_slice(value, 0, bytes_find(value, '|')); /* its first name */
            }
            return buf_append(output, bytes_slice(value, 0, 512));
        }
    }
    if (bytes_equal_string(name, "name")) {
        return buf_append(output, last_segment(resource));
    }
    if (bytes_equal_string(name, "group")) {
        return buf_append(output, segment_behind(resource, "resourceGroups"));
    }
    if (bytes_equal_string(name, "subscription")) {
        return buf_append(output, segment_behind(resource, "subscriptions"));
    }
    if (!bytes_equal_string(name, "retryAfter")) {
        return false;
    }
    double seconds = fault_number(fault, "retryAfter") / 1000;
    return buf_printf(output, "%.0f", seconds > 0 ? seconds : fault->kind->preset.retry_after_s);
}

void fault_fill(const char *text, const struct fault *fault, const struct fault_subject *subject,
                char *target, size_t size)
{
    struct bytes rest = bytes_from_string(text);
    struct buf output;

    buf_init(&output, size - 1);
    while (rest.size > 0) {
        size_t open = bytes_find(rest, '{');
        size_t close = open + bytes_find(bytes_slice(rest, open, rest.size), '}');
        bool good = buf_append(&output, bytes_slice(rest, 0, open));
        struct bytes name = bytes_slice(rest, open + 1, close);
        if (!good || open == rest.size) {
            break;
        }
        if (close == rest.size || !append_part(&output, name, fault, subject)) {
            buf_append_byte(&output, '{'); /* a brace of its own */
            close = open;
        }
        rest = bytes_slice(rest, close + 1, rest.size);
    }
    memcpy(target, buf_string(&output), output.size);
    target[output.size] = '\0';
    buf_finish(&output);
}

void fault_copy(const char *text, char *target, size_t size)
{
    snprintf(target, size, "%s", text);
}

/* The state's JSON document: made, checked and put in place. */
#include "emulator/state_document.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "arm/templates/exact_number.h"
#include "emulator/state_writer.h"
#include "emulator/version.h"
#include "resp/rdb.h"

#define DUMP_LIMIT ((size_t)4 << 30)
/* Below this a difference between the clocks is chance, not a clock that was moved. */
#define OFFSET_THAT_COUNTS_MS 1000

static cJSON *clock_document(const struct clock *clock, const struct clock *wall)
{
    cJSON *document = cJSON_CreateObject();
    int64_t now_ms = clock_now_ms(clock);
    char text[32];

    timestamp_format(now_ms, text);
    cJSON_AddStringToObject(document, "now", text);
    cJSON_AddStringToObject(document, "mode",
                            clock_mode(clock) == CLOCK_FROZEN ? "frozen" : "real");
    cJSON_AddNumberToObject(document, "scale", clock_scale(clock));
    cJSON_AddNumberToObject(document, "offsetMs", (double)(now_ms - clock_now_ms(wall)));
    return document;
}

cJSON *state_document_create(const struct clock *clock, const struct clock *wall,
                             const struct arm_service *service)
{
    cJSON *document = cJSON_CreateObject();
    char text[32];

    timestamp_format(clock_now_ms(wall), text);
    cJSON_AddNumberToObject(document, "format", STATE_DOCUMENT_FORMAT);
    cJSON_AddStringToObject(document, "savedBy", "redurite " REDURITE_VERSION);
    cJSON_AddStringToObject(document, "savedAt", text);
    cJSON_AddItemToObject(document, "clock", clock_document(clock, wall));
    cJSON_AddItemToObject(document, "arm", arm_service_save(service));
    return document;
}

/* FNV-1a: against accidents, not against anyone. */
static uint64_t checksum(struct bytes text)
{
    uint64_t sum = 0xcbf29ce484222325;

    for (size_t i = 0; i < text.size; i++) {
        sum = (sum ^ (unsigned char)text.data[i]) * 0x100000001b3;
    }
    return sum;
}

#define CHECKSUM_HEAD "{\"checksum\":\""
#define CHECKSUM_DIGITS 16

void state_document_write(const struct clock *clock, const struct clock *wall,
                          const struct arm_service *service, struct buf *text)
{
    cJSON *document = state_document_create(clock, wall, service);
    char *plain = exact_print(document);
    /* What follows the checksum's own member: from behind the opening brace to the end. */
    struct bytes rest = bytes_from_string(plain + 1);

    buf_printf(text, CHECKSUM_HEAD "%016llx\",", (unsigned long long)checksum(rest));
    buf_append(text, rest);
    buf_append_byte(text, '\n');
    cJSON_free(plain);
    cJSON_Delete(document);
}

static bool checksum_holds(struct bytes text)
{
    const struct bytes head = BYTES(CHECKSUM_HEAD);
    char expected[CHECKSUM_DIGITS + 1];

    if (!bytes_start_with(text, head)) {
        return true;
    }
    size_t rest_at = head.size + CHECKSUM_DIGITS + 2;
    struct bytes rest = bytes_slice(text, rest_at, text.size);
    if (rest.size > 0 && rest.data[rest.size - 1] == '\n') {
        rest.size--;
    }
    snprintf(expected, sizeof(expected), "%016llx", (unsigned long long)checksum(rest));
    return bytes_equal_string(bytes_slice(text, head.size, head.size + CHECKSUM_DIGITS), expected);
}

void state_document_add_data(cJSON *document, struct cache_host *caches)
{
    cJSON *data = cJSON_AddObjectToObject(document, "data");

    for (struct cache *cache = cache_host_first(caches); cache != NULL; cache = cache->next) {
        struct buf dump, text;
        buf_init(&dump, DUMP_LIMIT);
        buf_init(&text, DUMP_LIMIT);
        if (instance_dump(cache->instance, &dump) && buf_append_base64(&text, buf_bytes(&dump))) {
            cJSON_AddStringToObject(data, cache->name, buf_string(&text));
        }
        buf_finish(&dump);
        buf_finish(&text);
    }
}

/* Format and parts: what must hold before anything is touched. */
static enum state_document_result check(const cJSON *document, struct buf *error)
{
    const cJSON *format = cJSON_GetObjectItemCaseSensitive(document, "format");

    if (!cJSON_IsObject(document) || !cJSON_IsNumber(format) || format->valuedouble < 1) {
        buf_append_string(error, "is not a state document of Redurite");
        return STATE_DOCUMENT_BROKEN;
    }
    if (format->valuedouble > STATE_DOCUMENT_FORMAT) {
        buf_printf(error,
                   "has format %g and was written by a newer Redurite; this one knows format %d. "
                   "Use that version, or another directory with --data-dir",
                   format->valuedouble, STATE_DOCUMENT_FORMAT);
        return STATE_DOCUMENT_TOO_NEW;
    }
    if (!cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(document, "arm"))) {
        buf_append_string(error, "has no \"arm\" object");
        return STATE_DOCUMENT_BROKEN;
    }
    return STATE_DOCUMENT_APPLIED;
}

enum state_document_result state_document_apply(struct bytes text, struct clock *clock,
                                                const struct clock *wall,
                                                struct arm_service *service, struct buf *error)
{
    if (!checksum_holds(text)) {
        buf_append_string(error, "does not have the content that its checksum says");
        return STATE_DOCUMENT_BROKEN;
    }
    cJSON *document = cJSON_ParseWithLength(text.data, text.size);
    exact_number_restore(document, text);
    if (document == NULL) {
        buf_append_string(error, "is not valid JSON");
        return STATE_DOCUMENT_BROKEN;
    }
    enum state_document_result result = check(document, error);
    int64_t before_ms = clock_now_ms(clock);
    if (result == STATE_DOCUMENT_APPLIED) {
        /* First the time, so that operations which are due by now end at once. */
        const cJSON *offset = cJSON_GetObjectItemCaseSensitive(
            cJSON_GetObjectItemCaseSensitive(document, "clock"), "offsetMs");
        if (cJSON_IsNumber(offset) && offset->valuedouble > OFFSET_THAT_COUNTS_MS &&
            offset->valuedouble < 1e15) {
            clock_set(clock, clock_now_ms(wall) + (int64_t)offset->valuedouble);
        }
        if (!arm_service_load(service, cJSON_GetObjectItemCaseSensitive(document, "arm"), error)) {
            result = STATE_DOCUMENT_BROKEN;
            clock_set(clock, before_ms);
        }
    }
    cJSON_Delete(document);
    return result;
}

/* ---- Snapshots ---- */

static bool restore_clock(const cJSON *document, struct clock *clock, const struct clock *wall,
                          bool apply, struct buf *error)
{
    const cJSON *saved = cJSON_GetObjectItemCaseSensitive(document, "clock");
    if (saved == NULL) {
        return true;
    }
    const cJSON *mode = cJSON_GetObjectItemCaseSensitive(saved, "mode");
    const cJSON *scale = cJSON_GetObjectItemCaseSensitive(saved, "scale");
    const cJSON *offset = cJSON_GetObjectItemCaseSensitive(saved, "offsetMs");
    const cJSON *now = cJSON_GetObjectItemCaseSensitive(saved, "now");
    int64_t now_ms = 0;

    if (!cJSON_IsString(mode) || !cJSON_IsNumber(scale) || !(scale->valuedouble >= 0.001) ||
        !(scale->valuedouble <= 1e6) || !cJSON_IsNumber(offset) ||
        !(fabs(offset->valuedouble) < 1e15) || !cJSON_IsString(now) ||
        !timestamp_parse(bytes_from_string(now->valuestring), &now_ms)) {
        buf_append_string(error, "has a \"clock\" without mode, scale, offsetMs and now");
        return false;
    }
    if (apply && strcmp(mode->valuestring, "frozen") == 0) {
        clock_freeze(clock);
        clock_set(clock, now_ms);
    } else if (apply) {
        clock_set(clock, clock_now_ms(wall) + (int64_t)offset->valuedouble);
        clock_set_real(clock, scale->valuedouble);
    }
    return true;
}

static bool decode_dump(const cJSON *item, struct buf *dump)
{
    return cJSON_IsString(item) &&
           buf_append_base64_decoded(dump, bytes_from_string(item->valuestring));
}

/* "c1" is a cache of Microsoft.Cache/redis, "c1.westeurope" a managed one. */
static bool has_cache(const cJSON *document, const char *name)
{
    const cJSON *arm = cJSON_GetObjectItemCaseSensitive(document, "arm");
    const cJSON *resource;
    size_t size = strcspn(name, ".");
    char *ending = string_format("/providers/Microsoft.Cache/%s/%.*s",
                                 name[size] == '.' ? "redisEnterprise" : "redis",
                                 (int)(size > 200 ? 200 : size), name);
    struct bytes wanted = bytes_from_string(ending);
    bool found = false;

    cJSON_ArrayForEach(resource, cJSON_GetObjectItemCaseSensitive(arm, "resources"))
    {
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(resource, "id"));
        struct bytes id = bytes_from_string(text);
        found =
            found || (id.size > wanted.size &&
                      bytes_equal_nocase(bytes_slice(id, id.size - wanted.size, id.size), wanted));
    }
    memory_free(ending);
    return found;
}

/* Each dump into an instance that is thrown away, so that a bad one is found in time. */
static bool check_data(const cJSON *document, struct cache_host *caches, struct buf *error)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(document, "data");
    const cJSON *item;
    bool good = true;

    if (!cJSON_IsObject(data)) {
        buf_append_string(error, "has no \"data\" object");
        return false;
    }
    cJSON_ArrayForEach(item, data)
    {
        if (!has_cache(document, item->string)) {
            buf_printf(error, "has data of '%.100s', but no such cache", item->string);
            return false;
        }
        struct buf dump, why;
        buf_init(&dump, DUMP_LIMIT);
        buf_init(&why, 1024);
        good = decode_dump(item, &dump) && cache_host_try_dump(caches, buf_bytes(&dump), &why);
        if (!good) {
            buf_printf(error, "has bad data for cache '%.100s': %s", item->string,
                       why.size == 0 ? "not base64" : buf_string(&why));
        }
        buf_finish(&dump);
        buf_finish(&why);
        if (!good) {
            break;
        }
    }
    return good;
}

static void load_data(const cJSON *data, struct cache_host *caches)
{
    for (struct cache *cache = cache_host_first(caches); cache != NULL; cache = cache->next) {
        struct buf dump, error;
        buf_init(&dump, DUMP_LIMIT);
        buf_init(&error, 1024);
        cache_host_flush(caches, bytes_from_string(cache->name));
        const cJSON *item = cJSON_GetObjectItem(data, cache->name);
        if (item != NULL && decode_dump(item, &dump)) {
            rdb_load(cache->instance, buf_bytes(&dump), &error);
        }
        buf_finish(&dump);
        buf_finish(&error);
    }
}

bool state_document_restore(const cJSON *document, struct clock *clock, const struct clock *wall,
                            struct arm_service *service, struct cache_host *caches,
                            struct buf *error)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(document, "data");

    if (check(document, error) != STATE_DOCUMENT_APPLIED ||
        !restore_clock(document, clock, wall, false, error) ||
        !check_data(document, caches, error)) {
        return false;
    }
    /* First the time, so that operations are due when they were. */
    int64_t now_ms = clock_now_ms(clock);
    enum clock_mode mode = clock_mode(clock);
    double scale = clock_scale(clock);
    restore_clock(document, clock, wall, true, error);
    /* Caches that are in both keep their connections. */
    cache_host_hold(caches);
    bool good = arm_service_load(service, cJSON_GetObjectItemCaseSensitive(document, "arm"), error);
    cache_host_release(caches);
    if (good) {
        load_data(data, caches);
        return true;
    }
    clock_set(clock, now_ms);
    if (mode == CLOCK_FROZEN) {
        clock_freeze(clock);
    } else {
        clock_set_real(clock, scale);
    }
    return false;
}

/* Microsoft.Cache/Redis/patchSchedules: when the service may maintain a cache. */
#include <stdlib.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/redis.h"

static const char *const days[] = {"Monday",   "Tuesday", "Wednesday", "Thursday", "Friday",
                                   "Saturday", "Sunday",  "Everyday",  "Weekend"};

static const struct arm_property schema[] = {
    {.path = "properties", .kind = ARM_OBJECT, .rules = ARM_REQUIRED},
    {.path = "properties.scheduleEntries", .kind = ARM_ARRAY, .rules = ARM_REQUIRED},
    {0},
};

/* "PT5H", "PT6H30M": at least five hours, at most a day; 0: it is none. */
static long window_seconds(const char *text)
{
    static const struct {
        char unit;
        long seconds;
    } units[] = {{'H', 3600}, {'M', 60}, {'S', 1}};
    long total = 0;
    if (strncmp(text, "PT", 2) != 0) {
        return 0;
    }
    text += 2;
    for (size_t i = 0; i < ARRAY_LEN(units) && *text != '\0'; i++) {
        char *end;
        long number = strtol(text, &end, 10);
        if (end != text && *end == units[i].unit && number >= 0 && number < 100000) {
            total += number * units[i].seconds;
            text = end + 1;
        }
    }
    return *text == '\0' && total >= 5 * 3600 && total <= 24 * 3600 ? total : 0;
}

static bool check_entry(struct arm_call *call, cJSON *entry)
{
    struct bytes day = bytes_from_string(arm_json_text(entry, "dayOfWeek"));
    const char *window = arm_json_text(entry, "maintenanceWindow");
    int hour = arm_json_number(entry, "startHourUtc", -1);
    size_t found = 0;
    while (found < ARRAY_LEN(days) && !bytes_equal_string_nocase(day, days[found])) {
        found++;
    }
    if (found == ARRAY_LEN(days)) {
        return arm_fail_property(&call->error, "properties.scheduleEntries.dayOfWeek",
                                 "'Monday' to 'Sunday', 'Everyday', 'Weekend'");
    }
    if (hour < 0 || hour > 23) {
        return arm_fail_property(&call->error, "properties.scheduleEntries.startHourUtc",
                                 "a whole number from 0 to 23");
    }
    if (window != NULL && window_seconds(window) == 0) {
        return arm_fail_property(&call->error, "properties.scheduleEntries.maintenanceWindow",
                                 "'PT5H' to 'PT24H'");
    }
    arm_json_put_text(entry, "dayOfWeek", days[found]);
    if (window == NULL) {
        arm_json_put_text(entry, "maintenanceWindow", "PT5H");
    }
    return true;
}

static bool check(struct arm_call *call, const struct arm_resource *old, cJSON *body)
{
    (void)old;
    cJSON *entry, *entries = arm_json_at(body, "properties.scheduleEntries");
    if (cJSON_GetArraySize(entries) == 0) {
        return arm_fail_property(&call->error, "properties.scheduleEntries",
                                 "at least one day with its hour");
    }
    cJSON_ArrayForEach(entry, entries)
    {
        if (!check_entry(call, entry)) {
            return false;
        }
    }
    return true;
}

/* Bits of the days from Sunday on, in the order of `days`. */
static const unsigned masks[] = {1u << 1, 1u << 2, 1u << 3, 1u << 4,     1u << 5,
                                 1u << 6, 1u << 0, 0x7f,    1u | 1u << 6};

size_t arm_redis_windows(const struct arm_service *service, const struct arm_resource *cache,
                         struct arm_patch_window *windows, size_t most)
{
    const cJSON *entry;
    size_t count = 0;
    const struct arm_resource *schedule =
        arm_resource_next_child(service, cache, &arm_redis_patch_schedule_type, NULL);
    const cJSON *entries =
        schedule == NULL ? NULL : arm_json_at(schedule->body, "properties.scheduleEntries");
    cJSON_ArrayForEach(entry, entries)
    {
        struct bytes day = bytes_from_string(arm_json_text(entry, "dayOfWeek"));
        const char *window = arm_json_text(entry, "maintenanceWindow");
        for (size_t i = 0; i < ARRAY_LEN(days) && window != NULL && count < most; i++) {
            if (bytes_equal_string(day, days[i])) {
                windows[count++] = (struct arm_patch_window){
                    .days = masks[i],
                    .start_hour = arm_json_number(entry, "startHourUtc", 0),
                    .length_ms = (int64_t)window_seconds(window) * 1000,
                };
            }
        }
    }
    return count;
}

const struct arm_resource_type arm_redis_patch_schedule_type = {
    .name = "Microsoft.Cache/Redis/PatchSchedules",
    .id_name = "Microsoft.Cache/Redis/patchSchedules",
    .only_name = "default",
    .traits =
        ARM_PATH_NAME | ARM_NO_STATE | ARM_DISPLAY_LOCATION | ARM_INHERITED_LOCATION | ARM_FELT,
    .schema = schema,
    .created = 200,
    .check = check,
    .apply = arm_redis_apply_parent,
    .remove = arm_redis_apply_parent,
};

static const struct arm_resource_type *const types[] = {&arm_redis_patch_schedule_type};
const struct arm_module arm_module_redis_patch_schedules = {types, ARRAY_LEN(types), NULL, 0};

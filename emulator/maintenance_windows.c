#include "emulator/maintenance_windows.h"

#include <string.h>

#define HOUR_MS ((int64_t)3600 * 1000)
#define DAY_MS (24 * HOUR_MS)

void maintenance_windows_set(struct maintenance_windows *windows, const struct arm_cache *cache)
{
    size_t size = cache->window_count * sizeof(*windows->windows);
    windows->windows = memory_resize(windows->windows, size + 1);
    if (size > 0) {
        memcpy(windows->windows, cache->windows, size);
    }
    windows->count = cache->window_count;
}

void maintenance_windows_finish(struct maintenance_windows *windows)
{
    memory_free(windows->windows);
    *windows = (struct maintenance_windows){0};
}

/* The earliest in this one, whose length is at most a day: yesterday's may still be open. */
static int64_t next_in(const struct arm_patch_window *window, int64_t from_ms)
{
    int64_t today = from_ms / DAY_MS;
    for (int64_t day = today - 1; day <= today + 7; day++) {
        int weekday = (int)((day + 4) % 7); /* the first of January 1970 was a Thursday */
        int64_t start_ms = day * DAY_MS + window->start_hour * HOUR_MS;
        if ((window->days & 1u << weekday) != 0 && from_ms < start_ms + window->length_ms) {
            return start_ms > from_ms ? start_ms : from_ms;
        }
    }
    return INT64_MAX;
}

int64_t maintenance_windows_next(const struct maintenance_windows *windows, int64_t from_ms)
{
    int64_t earliest_ms = INT64_MAX;
    for (size_t i = 0; i < windows->count; i++) {
        int64_t at_ms = next_in(&windows->windows[i], from_ms);
        earliest_ms = at_ms < earliest_ms ? at_ms : earliest_ms;
    }
    return earliest_ms == INT64_MAX ? from_ms : earliest_ms;
}

static void forget_notice(struct maintenance_windows *windows, size_t at)
{
    windows->notice_count--;
    memmove(&windows->notices[at], &windows->notices[at + 1],
            (windows->notice_count - at) * sizeof(windows->notices[0]));
}

void maintenance_windows_note(struct maintenance_windows *windows, int64_t now_ms,
                              int64_t starts_ms)
{
    if (windows->notice_count == MAINTENANCE_MOST_NOTICES) {
        forget_notice(windows, 0);
    }
    windows->notices[windows->notice_count++] = (struct arm_notice){now_ms, starts_ms};
}

void maintenance_windows_withdraw(struct maintenance_windows *windows, int64_t starts_ms)
{
    for (size_t i = windows->notice_count; i-- > 0;) {
        if (windows->notices[i].starts_ms == starts_ms) {
            forget_notice(windows, i);
        }
    }
}

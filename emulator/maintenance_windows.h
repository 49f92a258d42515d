/*
 * When planned maintenance may fall on a cache: the windows of its patch schedule, in UTC, and what
 * has been announced to its owner.
 */
#ifndef EMULATOR_MAINTENANCE_WINDOWS_H
#define EMULATOR_MAINTENANCE_WINDOWS_H

#include "arm/host.h"

enum { MAINTENANCE_MOST_NOTICES = 16 }; /* the latest are kept */

/* A zeroed one has no windows and no notices. */
struct maintenance_windows {
    struct arm_patch_window *windows;
    size_t count;
    struct arm_notice notices[MAINTENANCE_MOST_NOTICES];
    size_t notice_count;
};

void maintenance_windows_set(struct maintenance_windows *windows, const struct arm_cache *cache);
void maintenance_windows_finish(struct maintenance_windows *windows);

/* The earliest time from then on that lies in a window; without windows any does. */
int64_t maintenance_windows_next(const struct maintenance_windows *windows, int64_t from_ms);
void maintenance_windows_note(struct maintenance_windows *windows, int64_t now_ms,
                              int64_t starts_ms);
/* What was announced for that time does not happen. */
void maintenance_windows_withdraw(struct maintenance_windows *windows, int64_t starts_ms);

#endif

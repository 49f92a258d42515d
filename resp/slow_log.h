/*
 * SLOWLOG: the commands that took longest, newest first, as many as slowlog-max-len. Real time
 * decides; the time shown is the emulator's.
 */
#ifndef RESP_SLOW_LOG_H
#define RESP_SLOW_LOG_H

#include "resp/command.h"

struct slow_command {
    struct slow_command *next;
    int64_t id, time_s, duration_us;
    int argc;
    struct bytes *argv; /* shortened; words behind it in the same block */
    char *address, *name;
};

struct slow_log {
    struct slow_command *first;
    size_t count, maximum;
    int64_t next_id;
    int64_t threshold_us; /* negative: nothing is recorded */
};

void slow_log_finish(struct slow_log *log);
void slow_log_clear(struct slow_log *log);
/* Records the command if it was slow enough. */
void slow_log_record(struct slow_log *log, const struct call *call, int64_t duration_us);

#endif

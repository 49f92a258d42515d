/* What the sections of INFO share. */
#ifndef RESP_INFO_STATE_H
#define RESP_INFO_STATE_H

#include "resp/instance_state.h"

typedef unsigned long long ull;

struct info_writer {
    struct instance *instance;
    const struct session *session; /* who asks */
    int64_t now_ms;
    struct buf *text;
    bool middle, modern; /* 6.2 and 7.0 */
};

/* One line, with its end. */
void info_line(struct info_writer *writer, const char *format, ...) PRINTF_LIKE(2, 3);

/* Sections in files of their own. */
void info_memory(struct info_writer *writer);
void info_replication(struct info_writer *writer);

#endif

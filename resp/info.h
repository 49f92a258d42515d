/*
 * INFO: the sections and their live figures.
 */
#ifndef RESP_INFO_H
#define RESP_INFO_H

#include "base/bytes.h"

struct session;

/* Appends the sections named (none: the default ones) in the words of its instance's version. */
void info_write(const struct session *session, const struct bytes *names, int count, int64_t now_ms,
                struct buf *text);

#endif

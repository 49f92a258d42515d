/*
 * The process log: one line per event, "area event key=value". The sink is the only mutable
 * global of the project. Never pass keys, tokens, passwords or values of commands.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/bytes.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* `message` is borrowed: "finished id=7 ms=3". Called on the thread that logs. */
typedef void log_sink(void *context, enum log_level level, const char *area, const char *message);

/* Lines above `level` are dropped. A NULL sink writes text lines to stderr. */
void log_configure(enum log_level level, log_sink *sink, void *context);
bool log_enabled(enum log_level level);
const char *log_level_name(enum log_level level);
bool log_level_from_name(struct bytes name, enum log_level *level);

void log_error(const char *area, const char *format, ...) PRINTF_LIKE(2, 3);
void log_warn(const char *area, const char *format, ...) PRINTF_LIKE(2, 3);
void log_info(const char *area, const char *format, ...) PRINTF_LIKE(2, 3);
void log_debug(const char *area, const char *format, ...) PRINTF_LIKE(2, 3);

#endif

/* The process log. The sink below is the project's only mutable global. */
#include "base/log.h"

#include <stdio.h>

static struct {
    enum log_level level;
    log_sink *sink;
    void *context;
} target = {.level = LOG_INFO};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_configure(enum log_level level, log_sink *sink, void *context)
{
    target.level = level;
    target.sink = sink;
    target.context = context;
}

bool log_enabled(enum log_level level)
{
    return level <= target.level;
}

const char *log_level_name(enum log_level level)
{
    return level_names[level];
}

bool log_level_from_name(struct bytes name, enum log_level *level)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
        if (bytes_equal_string_nocase(name, level_names[i])) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

static void write_line(enum log_level level, const char *area, const char *format,
                       va_list arguments)
{
    if (!log_enabled(level)) {
        return;
    }
    char message[2048];
    vsnprintf(message, sizeof(message), format, arguments);
    if (target.sink != NULL) {
        target.sink(target.context, level, area, message);
    } else {
        fprintf(stderr, "%s %s %s\n", level_names[level], area, message);
    }
}

void log_error(const char *area, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(LOG_ERROR, area, format, arguments);
    va_end(arguments);
}

void log_warn(const char *area, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(LOG_WARN, area, format, arguments);
    va_end(arguments);
}

void log_info(const char *area, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(LOG_INFO, area, format, arguments);
    va_end(arguments);
}

void log_debug(const char *area, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(LOG_DEBUG, area, format, arguments);
    va_end(arguments);
}

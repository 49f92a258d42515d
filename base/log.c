/* The process log: formats an event into one line and hands it to the sink. */
#include "base/log.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LONGEST_MESSAGE = 2048 };

static struct {
    enum log_level level;
    log_sink *sink;
    void *context;
} output = {.level = LOG_INFO};

static const char *const level_names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

void log_configure(enum log_level level, log_sink *sink, void *context)
{
    output.level = level;
    output.sink = sink;
    output.context = context;
}

bool log_enabled(enum log_level level)
{
    return level <= output.level;
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

/* Log lines carry the time of the machine, not of the emulated clock: they are for people. */
static void write_to_stderr(enum log_level level, const char *area, const char *message)
{
    struct timespec now;
    char stamp[32];
    clock_gettime(CLOCK_REALTIME, &now);
    timestamp_format((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, stamp);
    fprintf(stderr, "%s %-5s %s %s\n", stamp, level_names[level], area, message);
}

/* One event is one line, whatever a client managed to put into it. */
static void drop_control_bytes(char *message)
{
    for (char *at = message; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f) {
            *at = ' ';
        }
    }
}

static void write_event(enum log_level level, const char *area, const char *format,
                        va_list arguments) PRINTF_LIKE(3, 0);

static void write_event(enum log_level level, const char *area, const char *format,
                        va_list arguments)
{
    if (!log_enabled(level)) {
        return;
    }
    char message[LONGEST_MESSAGE];
    vsnprintf(message, sizeof(message), format, arguments);
    drop_control_bytes(message);
    if (output.sink != NULL) {
        output.sink(output.context, level, area, message);
    } else {
        write_to_stderr(level, area, message);
    }
}

void log_error(const char *area, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_event(LOG_ERROR, area, format, arguments);
    va_end(arguments);
}

void log_warn(const char *area, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_event(LOG_WARN, area, format, arguments);
    va_end(arguments);
}

void log_info(const char *area, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_event(LOG_INFO, area, format, arguments);
    va_end(arguments);
}

void log_debug(const char *area, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_event(LOG_DEBUG, area, format, arguments);
    va_end(arguments);
}

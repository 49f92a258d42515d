/* Writes each log line with one system call, so that lines of several threads do not mix. */
#include "emulator/log_output.h"

#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

/* Real time: logs of a frozen or scaled emulator are read beside those of other programs. */
static void wall_time(char text[32])
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    timestamp_format((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, text);
}

static void write_line(const struct buf *line)
{
    ssize_t written = write(STDERR_FILENO, line->data, line->size);
    (void)written; /* stderr is gone: there is nowhere to say so */
}

static void write_text(void *context, enum log_level level, const char *area, const char *message)
{
    struct buf line;
    char time[32];

    (void)context;
    wall_time(time);
    buf_init(&line, 8192);
    buf_printf(&line, "%s %-5s %s: %s\n", time, log_level_name(level), area, message);
    write_line(&line);
    buf_finish(&line);
}

static void append_quoted(struct buf *line, const char *text)
{
    buf_append_byte(line, '"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            buf_append_byte(line, '\\');
            buf_append_byte(line, (char)c);
        } else if (c < 0x20) {
            buf_printf(line, "\\u%04x", c);
        } else {
            buf_append_byte(line, (char)c);
        }
    }
    buf_append_byte(line, '"');
}

static void write_json(void *context, enum log_level level, const char *area, const char *message)
{
    struct buf line;
    char time[32];

    (void)context;
    wall_time(time);
    buf_init(&line, 32 * 1024);
    buf_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"area\":\"%s\",\"message\":", time,
               log_level_name(level), area);
    append_quoted(&line, message);
    buf_append_string(&line, "}\n");
    write_line(&line);
    buf_finish(&line);
}

void log_output_configure(enum log_level level, enum log_format format)
{
    log_configure(level, format == LOG_FORMAT_JSON ? write_json : write_text, NULL);
}

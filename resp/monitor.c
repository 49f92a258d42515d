/* The lines of MONITOR. */
#include "resp/monitor.h"

#include "resp/instance_state.h"

void append_quoted(struct buf *line, struct bytes text)
{
    static const char plain[] = "\n\r\t\a\b", letters[] = "nrtab";
    buf_append_byte(line, '"');
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        size_t known = bytes_find((struct bytes){plain, sizeof(plain) - 1}, (char)byte);
        if (byte == '"' || byte == '\\') {
            buf_printf(line, "\\%c", byte);
        } else if (known < sizeof(plain) - 1) {
            buf_printf(line, "\\%c", letters[known]);
        } else if (byte >= ' ' && byte <= '~') {
            buf_append_byte(line, (char)byte);
        } else {
            buf_printf(line, "\\x%02x", byte);
        }
    }
    buf_append_byte(line, '"');
}

void monitor_feed(const struct call *call, bool from_script)
{
    struct instance *instance = call->instance;
    int64_t now_us = clock_now_us(instance->clock);
    struct buf line;
    buf_init(&line, SIZE_MAX);
    buf_printf(&line, "+%lld.%06lld [%d %s]", (long long)(now_us / 1000000),
               (long long)(now_us % 1000000), keyspace_index(call->db),
               from_script ? "lua" : call->session->address);
    for (int i = 0; i < call->argc; i++) {
        buf_append_byte(&line, ' ');
        append_quoted(&line, call->argv[i]);
    }
    buf_append_string(&line, "\r\n");
    for (struct session *session = instance->sessions; session != NULL; session = session->next) {
        if (session->monitor) {
            bool muted = session_push_begin(session);
            reply_raw(&session->reply, buf_bytes(&line));
            session_push_end(session, muted);
        }
    }
    buf_finish(&line);
}

/* The verbs of DEBUG that answer something for clients to try themselves on. */
#include "base/log.h"
#include "resp/commands/debug.h"
#include "resp/instance_state.h"

enum { LONGEST_LOG_TEXT = 1024 };

static void reply_string(struct reply *reply)
{
    reply_bulk(reply, BYTES("Hello World"));
}

static void reply_number(struct reply *reply)
{
    reply_integer(reply, 12345);
}

static void reply_pi(struct reply *reply)
{
    reply_double(reply, 3.141);
}

static void reply_numbers(struct reply *reply)
{
    for (int i = 0; i < 3; i++) {
        reply_integer(reply, i);
    }
}

static void reply_three(struct reply *reply)
{
    reply_array(reply, 3);
    reply_numbers(reply);
}

static void reply_three_members(struct reply *reply)
{
    reply_set(reply, 3);
    reply_numbers(reply);
}

static void reply_pairs(struct reply *reply)
{
    reply_map(reply, 3);
    for (int i = 0; i < 3; i++) {
        reply_integer(reply, i);
        reply_bool(reply, i == 1);
    }
}

static void reply_with_attribute(struct reply *reply)
{
    if (reply->protocol > 2) {
        reply_attribute(reply, 1);
        reply_bulk_string(reply, "key-popularity");
        reply_array(reply, 2);
        reply_bulk_string(reply, "key:123");
        reply_integer(reply, 90);
    }
    reply_bulk_string(reply, "Some real reply following the attribute");
}

static void reply_pushed(struct reply *reply)
{
    if (reply->protocol < 3) {
        reply_error(reply, "ERR RESP2 is not supported by this command");
        return;
    }
    reply_push(reply, 2);
    reply_bulk_string(reply, "server-cpu-usage");
    reply_integer(reply, 42);
    reply_bulk_string(reply, "Some real reply following the push reply");
}

static void reply_plain_text(struct reply *reply)
{
    reply_verbatim(reply, "txt", BYTES("This is a verbatim\nstring"));
}

static void reply_true(struct reply *reply)
{
    reply_bool(reply, true);
}

static void reply_false(struct reply *reply)
{
    reply_bool(reply, false);
}

static void reply_digits(struct reply *reply)
{
    reply_big_number(reply, BYTES("1234567999999999999999999999999999999"));
}

static const struct {
    const char *name;
    void (*answer)(struct reply *reply);
} shapes[] = {
    {"string", reply_string},     {"integer", reply_number},      {"double", reply_pi},
    {"bignum", reply_digits},     {"null", reply_null},           {"array", reply_three},
    {"set", reply_three_members}, {"map", reply_pairs},           {"attrib", reply_with_attribute},
    {"push", reply_pushed},       {"verbatim", reply_plain_text}, {"true", reply_true},
    {"false", reply_false},
};

static void debug_protocol(struct call *call)
{
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        if (bytes_equal_string_nocase(call->argv[2], shapes[i].name)) {
            shapes[i].answer(call->reply);
            return;
        }
    }
    struct buf names;
    buf_init(&names, 1024);
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        buf_printf(&names, "%s%s", i == 0 ? "" : "|", shapes[i].name);
    }
    reply_errorf(call->reply, "ERR Wrong protocol type name. Please use one of the following: %s",
                 buf_string(&names));
    buf_finish(&names);
}

/* Whatever the client asks for; error statistics do not count it. */
static void debug_error(struct call *call)
{
    struct bytes text = call->argv[2];
    struct buf line;
    buf_init(&line, SIZE_MAX);
    buf_append_byte(&line, '-');
    for (size_t i = 0; i < text.size; i++) {
        bool ends = text.data[i] == '\r' || text.data[i] == '\n';
        buf_append_byte(&line, ends ? ' ' : text.data[i]);
    }
    buf_append_string(&line, "\r\n");
    reply_raw(call->reply, buf_bytes(&line));
    buf_finish(&line);
}

/* The one text of a client that goes to the log: it is what the client asks for. */
static void debug_log(struct call *call)
{
    struct bytes text = bytes_slice(call->argv[2], 0, LONGEST_LOG_TEXT);
    struct buf line;
    buf_init(&line, SIZE_MAX);
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        buf_append_byte(&line, byte < ' ' || byte == 0x7f ? ' ' : (char)byte);
    }
    log_warn("redis", "DEBUG LOG: %s", buf_string(&line));
    buf_finish(&line);
    reply_ok(call->reply);
}

const struct debug_verb debug_reply_verbs[] = {
    {"ERROR", 1, 1, debug_error},
    {"LOG", 1, 1, debug_log},
    {"PROTOCOL", 1, 1, debug_protocol},
    {0},
};

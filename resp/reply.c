/* The writer of RESP2 and RESP3. */
#include "resp/reply.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void reply_init(struct reply *reply, size_t limit)
{
    *reply = (struct reply){.protocol = 2};
    buf_init(&reply->output, limit);
}

void reply_finish(struct reply *reply)
{
    buf_finish(&reply->output);
}

/* "<letter><number>CRLF" */
static void write_head(struct reply *reply, char letter, int64_t number)
{
    if (reply->muted) {
        return;
    }
    char *place = buf_reserve(&reply->output, 24);
    if (place == NULL) {
        return;
    }
    size_t size = 0;
    place[size++] = letter;
    if (number >= 0 && number < 10) {
        place[size++] = (char)('0' + number);
    } else {
        size += int64_to_digits(number, place + size);
    }
    place[size++] = '\r';
    place[size++] = '\n';
    reply->output.size += size;
}

static void write_text(struct reply *reply, struct bytes text)
{
    if (!reply->muted) {
        buf_append(&reply->output, text);
    }
}

void reply_raw(struct reply *reply, struct bytes resp)
{
    write_text(reply, resp);
}

void reply_status(struct reply *reply, const char *text)
{
    write_text(reply, BYTES("+"));
    write_text(reply, bytes_from_string(text));
    write_text(reply, BYTES("\r\n"));
}

void reply_ok(struct reply *reply)
{
    write_text(reply, BYTES("+OK\r\n"));
}

static void write_error(struct reply *reply, struct bytes text)
{
    if (reply->on_error != NULL) {
        reply->on_error(reply->on_error_context, text);
    }
    write_text(reply, BYTES("-"));
    char *place = reply->muted ? NULL : buf_reserve(&reply->output, text.size);
    if (place != NULL) {
        for (size_t i = 0; i < text.size; i++) {
            char byte = text.data[i];
            place[i] = byte == '\r' || byte == '\n' ? ' ' : byte;
        }
        reply->output.size += text.size;
    }
    write_text(reply, BYTES("\r\n"));
}

void reply_error(struct reply *reply, const char *text)
{
    write_error(reply, bytes_from_string(text));
}

enum { LONGEST_ERROR = 1 << 30 }; /* the longest string that a script can make */

void reply_errorf(struct reply *reply, const char *format, ...)
{
    struct buf text;
    buf_init(&text, LONGEST_ERROR);
    va_list arguments;
    va_start(arguments, format);
    buf_vprintf(&text, format, arguments);
    va_end(arguments);
    write_error(reply, buf_bytes(&text));
    buf_finish(&text);
}

void reply_integer(struct reply *reply, int64_t number)
{
    write_head(reply, ':', number);
}

void reply_bulk(struct reply *reply, struct bytes text)
{
    if (reply->muted) {
        return;
    }
    /* One reservation for head, text and end: the commonest reply of all. */
    char *place = buf_reserve(&reply->output, text.size + 26);
    if (place == NULL) {
        return;
    }
    size_t size = 0;
    place[size++] = '$';
    size += int64_to_digits((int64_t)text.size, place + size);
    place[size++] = '\r';
    place[size++] = '\n';
    if (text.size > 0) {
        memcpy(place + size, text.data, text.size);
        size += text.size;
    }
    place[size++] = '\r';
    place[size++] = '\n';
    reply->output.size += size;
}

void reply_bulk_string(struct reply *reply, const char *text)
{
    reply_bulk(reply, bytes_from_string(text));
}

void reply_bulk_integer(struct reply *reply, int64_t number)
{
    char digits[24];
    reply_bulk(reply, (struct bytes){digits, int64_to_digits(number, digits)});
}

void reply_bulkf(struct reply *reply, const char *format, ...)
{
    struct buf text;
    buf_init(&text, 1024 * 1024);
    va_list arguments;
    va_start(arguments, format);
    buf_vprintf(&text, format, arguments);
    va_end(arguments);
    reply_bulk(reply, buf_bytes(&text));
    buf_finish(&text);
}

void reply_null(struct reply *reply)
{
    write_text(reply, reply->protocol >= 3 ? BYTES("_\r\n") : BYTES("$-1\r\n"));
}

void reply_null_array(struct reply *reply)
{
    write_text(reply, reply->protocol >= 3 ? BYTES("_\r\n") : BYTES("*-1\r\n"));
}

size_t double_to_text(double number, char text[64])
{
    if (isinf(number)) {
        return (size_t)snprintf(text, 64, "%s", number > 0 ? "inf" : "-inf");
    }
    if (isnan(number)) {
        return (size_t)snprintf(text, 64, "%s", signbit(number) ? "-nan" : "nan");
    }
    /* Whole numbers that doubles hold exactly print without exponent, as Redis does. */
    if (number > -4503599627370496.0 && number < 4503599627370496.0 &&
        number == (double)(int64_t)number) {
        if (number == 0 && signbit(number)) {
            return (size_t)snprintf(text, 64, "-0");
        }
        return int64_to_digits((int64_t)number, text);
    }
    return (size_t)snprintf(text, 64, "%.17g", number);
}

static void reply_number_text(struct reply *reply, struct bytes digits)
{
    if (reply->protocol < 3) {
        reply_bulk(reply, digits);
        return;
    }
    write_text(reply, BYTES(","));
    write_text(reply, digits);
    write_text(reply, BYTES("\r\n"));
}

void reply_double(struct reply *reply, double number)
{
    char text[64];
    reply_number_text(reply, (struct bytes){text, double_to_text(number, text)});
}

void reply_long_double(struct reply *reply, long double number)
{
    char text[LONG_DOUBLE_TEXT];
    reply_number_text(reply, (struct bytes){text, long_double_to_text(number, text)});
}

void reply_bool(struct reply *reply, bool truth)
{
    if (reply->protocol < 3) {
        reply_integer(reply, truth ? 1 : 0);
    } else {
        write_text(reply, truth ? BYTES("#t\r\n") : BYTES("#f\r\n"));
    }
}

void reply_big_number(struct reply *reply, struct bytes digits)
{
    if (reply->protocol < 3) {
        reply_bulk(reply, digits);
        return;
    }
    write_text(reply, BYTES("("));
    write_text(reply, digits);
    write_text(reply, BYTES("\r\n"));
}

void reply_verbatim(struct reply *reply, const char *format, struct bytes text)
{
    if (reply->protocol < 3) {
        reply_bulk(reply, text);
        return;
    }
    write_head(reply, '=', (int64_t)text.size + 4);
    write_text(reply, (struct bytes){format, 3});
    write_text(reply, BYTES(":"));
    write_text(reply, text);
    write_text(reply, BYTES("\r\n"));
}

/* An aggregate's head; RESP2 knows arrays only. */
static void write_aggregate(struct reply *reply, char letter, size_t count)
{
    bool plain = reply->protocol < 3;
    write_head(reply, plain ? '*' : letter, (int64_t)(plain && letter == '%' ? count * 2 : count));
}

void reply_array(struct reply *reply, size_t count)
{
    write_aggregate(reply, '*', count);
}

void reply_map(struct reply *reply, size_t pairs)
{
    write_aggregate(reply, '%', pairs);
}

void reply_set(struct reply *reply, size_t count)
{
    write_aggregate(reply, '~', count);
}

void reply_push(struct reply *reply, size_t count)
{
    write_aggregate(reply, '>', count);
}

void reply_attribute(struct reply *reply, size_t pairs)
{
    if (reply->protocol >= 3) {
        write_head(reply, '|', (int64_t)pairs);
    }
}

size_t reply_defer(struct reply *reply)
{
    return reply->output.size;
}

void reply_insert(struct reply *reply, size_t mark, struct bytes resp)
{
    size_t end = reply->output.size;
    if (reply->muted || mark > end || buf_reserve(&reply->output, resp.size) == NULL) {
        return;
    }
    memmove(reply->output.data + mark + resp.size, reply->output.data + mark, end - mark);
    memcpy(reply->output.data + mark, resp.data, resp.size);
    reply->output.size += resp.size;
}

static void settle(struct reply *reply, size_t mark, char letter, size_t count)
{
    bool plain = reply->protocol < 3;
    char head[32];
    head[0] = plain ? '*' : letter;
    size_t size =
        1 + int64_to_digits((int64_t)(plain && letter == '%' ? count * 2 : count), head + 1);
    head[size++] = '\r';
    head[size++] = '\n';
    reply_insert(reply, mark, (struct bytes){head, size});
}

void reply_array_at(struct reply *reply, size_t mark, size_t count)
{
    settle(reply, mark, '*', count);
}

void reply_map_at(struct reply *reply, size_t mark, size_t pairs)
{
    settle(reply, mark, '%', pairs);
}

void reply_set_at(struct reply *reply, size_t mark, size_t count)
{
    settle(reply, mark, '~', count);
}

size_t long_double_to_text(long double number, char text[LONG_DOUBLE_TEXT])
{
    int size = snprintf(text, LONG_DOUBLE_TEXT, "%.17Lf", number);
    while (size > 0 && text[size - 1] == '0') {
        size--;
    }
    if (size > 0 && text[size - 1] == '.') {
        size--;
    }
    if (size == 2 && memcmp(text, "-0", 2) == 0) {
        text[0] = '0';
        size = 1;
    }
    return (size_t)size;
}

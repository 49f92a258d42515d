/*
 * Replies: the one writer of RESP2 and RESP3. A handler says what it answers; which bytes that
 * takes is decided here from the session's protocol.
 */
#ifndef RESP_REPLY_H
#define RESP_REPLY_H

#include "base/bytes.h"

struct reply {
    struct buf output;
    int protocol; /* 2 or 3 */
    bool muted;   /* CLIENT REPLY OFF/SKIP: everything is dropped */
    /* Told of each error reply, for error statistics; may be NULL. `text` has no '-' and CRLF. */
    void (*on_error)(void *context, struct bytes text);
    void *on_error_context;
    bool failed; /* set by the owner of on_error; dispatch clears it before each command */
};

void reply_init(struct reply *reply, size_t limit);
void reply_finish(struct reply *reply);

void reply_status(struct reply *reply, const char *text); /* +OK */
void reply_ok(struct reply *reply);
/* A whole error text with its code: "ERR syntax error". CR and LF become spaces. */
void reply_error(struct reply *reply, const char *text);
void reply_errorf(struct reply *reply, const char *format, ...) PRINTF_LIKE(2, 3);
void reply_integer(struct reply *reply, int64_t number);
void reply_bulk(struct reply *reply, struct bytes text);
void reply_bulk_string(struct reply *reply, const char *text);
void reply_bulk_integer(struct reply *reply, int64_t number); /* digits as a bulk string */
void reply_bulkf(struct reply *reply, const char *format, ...) PRINTF_LIKE(2, 3);
void reply_null(struct reply *reply);                  /* RESP2 $-1, RESP3 _ */
void reply_null_array(struct reply *reply);            /* RESP2 *-1, RESP3 _ */
void reply_double(struct reply *reply, double number); /* RESP2: bulk, 17 digits as Redis */
/* All digits, no exponent (long_double_to_text); RESP2: bulk. */
void reply_long_double(struct reply *reply, long double number);
void reply_bool(struct reply *reply, bool truth); /* RESP2: :1 or :0 */
void reply_big_number(struct reply *reply, struct bytes digits);
/* `format` is three letters, "txt". RESP2: a plain bulk string. */
void reply_verbatim(struct reply *reply, const char *format, struct bytes text);
void reply_array(struct reply *reply, size_t count);
void reply_map(struct reply *reply, size_t pairs);       /* RESP2: an array twice as long */
void reply_set(struct reply *reply, size_t count);       /* RESP2: an array */
void reply_push(struct reply *reply, size_t count);      /* RESP2: an array */
void reply_attribute(struct reply *reply, size_t pairs); /* RESP3 only: nothing in RESP2 */

/*
 * For aggregates whose length is known only afterwards:
 *     size_t mark = reply_defer(reply); ... ; reply_array_at(reply, mark, count);
 * Marks nest: settle the inner one first.
 */
size_t reply_defer(struct reply *reply);
void reply_array_at(struct reply *reply, size_t mark, size_t count);
void reply_map_at(struct reply *reply, size_t mark, size_t pairs);
void reply_set_at(struct reply *reply, size_t mark, size_t count);

/* Puts RESP bytes in front of what was written since `mark`. */
void reply_insert(struct reply *reply, size_t mark, struct bytes resp);

/* Bytes already in RESP, copied as they are (queued replies, scripts). */
void reply_raw(struct reply *reply, struct bytes resp);

/* How Redis prints a double in replies and scores ("3", "3.1", "inf", 17 significant digits). */
size_t double_to_text(double number, char text[64]);
/* The form of INCRBYFLOAT: all digits before the point, up to 17 behind it, no trailing zeros. */
#define LONG_DOUBLE_TEXT 5120
size_t long_double_to_text(long double number, char text[LONG_DOUBLE_TEXT]);

#endif

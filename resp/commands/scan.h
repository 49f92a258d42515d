/*
 * What SCAN, HSCAN, SSCAN and ZSCAN share: cursor, options, and the reply around what they find.
 *     size_t mark = scan_begin(call); ...reply elements...; scan_end(call, mark, cursor, elements);
 */
#ifndef RESP_COMMANDS_SCAN_H
#define RESP_COMMANDS_SCAN_H

#include "resp/command.h"

struct scan_request {
    struct bytes pattern; /* data NULL: everything */
    struct bytes type;    /* data NULL: every type */
    int64_t count;
};

bool scan_cursor_or_reply(struct call *call, int index, uint64_t *cursor);
/* Reads argv[from...]; TYPE only when `typed`. */
bool scan_options_or_reply(struct call *call, int from, bool typed, struct scan_request *request);
bool scan_wants(const struct scan_request *request, struct bytes name);

size_t scan_begin(struct call *call);
void scan_end(struct call *call, size_t mark, uint64_t cursor, size_t elements);
/* The whole answer for a key that is not there. */
void scan_reply_empty(struct call *call);

#endif

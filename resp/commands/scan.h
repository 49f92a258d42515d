/*
 * What SCAN, HSCAN, SSCAN and ZSCAN share: cursor, options, and the reply around what they find.
 *     size_t mark = scan_begin(call); ...reply elements...; scan_end(call, mark, cursor, elements);
 */
#ifndef RESP_COMMANDS_SCAN_H
#define RESP_COMMANDS_SCAN_H

#include "resp/command.h"

struct value_type;

struct scan_request {
    struct bytes pattern; /* data NULL: everything */
    struct bytes type;    /* data NULL: every type */
    int64_t count;
    bool names_only; /* HSCAN NOVALUES */
};

bool scan_cursor_or_reply(struct call *call, int index, uint64_t *cursor);
/* Reads argv[from...] for the given type; NULL: SCAN itself, which alone knows TYPE. */
bool scan_options_or_reply(struct call *call, int from, const struct value_type *type,
                           struct scan_request *request);
bool scan_wants(const struct scan_request *request, struct bytes name);

size_t scan_begin(struct call *call);
void scan_end(struct call *call, size_t mark, uint64_t cursor, size_t elements);

/* What one HSCAN, SSCAN or ZSCAN has seen so far. */
struct scan_progress {
    struct reply *reply;
    struct scan_request request;
    size_t visited, elements;
};

/* True when the element is asked for: its `words` (1 or 2) are then to be replied. */
bool scan_meets(struct scan_progress *progress, struct bytes name, size_t words);
/* The whole command; `step` visits what lies at the cursor and returns the next one. */
void scan_collection(struct call *call, const struct value_type *type,
                     uint64_t (*step)(const void *data, uint64_t cursor,
                                      struct scan_progress *progress));

#endif

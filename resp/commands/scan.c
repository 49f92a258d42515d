/* What the SCAN commands share. */
#include "resp/commands/scan.h"

#include "resp/arguments.h"
#include "resp/errors.h"
#include "resp/keyspace.h"
#include "resp/reply.h"
#include "resp/types/hash.h"

static const struct option options[] = {
    {"MATCH", OPTION_BYTES, 0, NULL, 0},
    {"COUNT", OPTION_INTEGER, 0, NULL, 0},
    {"TYPE", OPTION_BYTES, 0, "6.0.0", 0},
    {"NOVALUES", OPTION_FLAG, 0, "7.4.0", 0},
    {0},
};
enum { SCAN_MATCH, SCAN_COUNT, SCAN_TYPE, SCAN_NOVALUES, SCAN_OPTIONS };

/* As C's strtoul reads it: nothing is 0, and a sign is allowed. */
bool scan_cursor_or_reply(struct call *call, int index, uint64_t *cursor)
{
    struct bytes text = call->argv[index];
    bool negative = text.size > 1 && text.data[0] == '-', fits = true;
    *cursor = 0;
    for (size_t i = negative || (text.size > 1 && text.data[0] == '+') ? 1 : 0;
         fits && i < text.size; i++) {
        unsigned digit = (unsigned)(text.data[i] - '0');
        fits = digit <= 9 && *cursor <= (UINT64_MAX - digit) / 10;
        *cursor = *cursor * 10 + digit;
    }
    *cursor = negative ? -*cursor : *cursor;
    if (!fits) {
        reply_error(call->reply, "ERR invalid cursor");
    }
    return fits;
}

bool scan_options_or_reply(struct call *call, int from, const struct value_type *type,
                           struct scan_request *request)
{
    struct option_found found[SCAN_OPTIONS];
    *request = (struct scan_request){.count = 10};
    if (!arguments_options_or_reply(call, from, options, found)) {
        return false;
    }
    if (found[SCAN_COUNT].present) {
        request->count = found[SCAN_COUNT].integer;
    }
    if (request->count < 1 || (found[SCAN_TYPE].present && type != NULL)) {
        reply_syntax_error(call);
        return false;
    }
    if (found[SCAN_NOVALUES].present && type != &hash_type) {
        reply_error(call->reply, "ERR NOVALUES option can only be used in HSCAN");
        return false;
    }
    request->names_only = found[SCAN_NOVALUES].present;
    if (found[SCAN_MATCH].present) {
        request->pattern = found[SCAN_MATCH].bytes;
    }
    if (found[SCAN_TYPE].present) {
        request->type = found[SCAN_TYPE].bytes;
    }
    return true;
}

bool scan_wants(const struct scan_request *request, struct bytes name)
{
    return request->pattern.data == NULL || bytes_match_glob(request->pattern, name, false);
}

size_t scan_begin(struct call *call)
{
    return reply_defer(call->reply);
}

void scan_end(struct call *call, size_t mark, uint64_t cursor, size_t elements)
{
    struct buf head, digits;
    buf_init(&head, 128);
    buf_init(&digits, 32);
    reply_array_at(call->reply, mark, elements);
    buf_printf(&digits, "%llu", (unsigned long long)cursor);
    buf_printf(&head, "*2\r\n$%zu\r\n%s\r\n", digits.size, buf_string(&digits));
    reply_insert(call->reply, mark, buf_bytes(&head));
    buf_finish(&head);
    buf_finish(&digits);
}

bool scan_meets(struct scan_progress *progress, struct bytes name, size_t words)
{
    progress->visited += words;
    if (!scan_wants(&progress->request, name)) {
        return false;
    }
    progress->elements += words;
    return true;
}

void scan_collection(struct call *call, const struct value_type *type,
                     uint64_t (*step)(const void *data, uint64_t cursor,
                                      struct scan_progress *progress))
{
    struct scan_progress progress = {.reply = call->reply};
    uint64_t cursor;
    void *data;
    if (!scan_cursor_or_reply(call, 2, &cursor) || !value_read_or_reply(call, 1, type, &data)) {
        return;
    }
    if (data == NULL) {
        reply_array(call->reply, 2);
        reply_bulk_string(call->reply, "0");
        reply_array(call->reply, 0);
        return;
    }
    if (!scan_options_or_reply(call, 3, type, &progress.request)) {
        return;
    }
    size_t mark = scan_begin(call);
    int64_t count = progress.request.count;
    int64_t rounds = count > INT64_MAX / 10 ? INT64_MAX : count * 10;
    do {
        cursor = step(data, cursor, &progress);
    } while (cursor != 0 && --rounds > 0 && progress.visited < (uint64_t)count);
    scan_end(call, mark, cursor, progress.elements);
}

/*
 * The parser alone: the first byte picks the limits and where the input is cut, the rest is fed.
 * Fed whole or in pieces, the same commands come out, in the same order, and the same end.
 */
#include <assert.h>

#include "resp/parser.h"
#include "tests/fuzz/fuzz.h"

enum { MOST_OUTPUT = 1 << 22 };

/* Everything that comes out, as text. */
static void take_all(struct parser *parser, struct parser_limits limits, struct buf *output,
                     bool *broken)
{
    struct bytes keys[PARSER_AHEAD];
    while (!*broken) {
        switch (parser_next(parser, limits)) {
        case PARSER_STARVED:
            return;
        case PARSER_BROKEN:
            buf_printf(output, "%s\n", parser->error);
            *broken = true;
            break;
        case PARSER_COMMAND:
            assert(parser_keys_ahead(parser, keys) <= PARSER_AHEAD);
            buf_printf(output, "%d", parser->argc);
            for (int i = 0; i < parser->argc; i++) {
                buf_printf(output, " %zu:", parser->argv[i].size);
                buf_append(output, parser->argv[i]);
            }
            buf_append_byte(output, '\n');
            break;
        }
    }
}

static void play(struct bytes input, size_t piece, struct parser_limits limits, struct buf *output)
{
    struct parser parser;
    bool broken = false;
    parser_init(&parser);
    while (input.size > 0 && !broken) {
        struct bytes part = bytes_slice(input, 0, piece);
        parser_feed(&parser, part);
        take_all(&parser, limits, output, &broken);
        parser_hold(&parser); /* what was fed may go now */
        input = bytes_slice(input, part.size, input.size);
    }
    assert(parser_memory(&parser) < ((size_t)64 << 20));
    parser_finish(&parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const struct parser_limits limits = {
        .words = 1024 * 1024,
        .word_size = (int64_t)512 << 20,
        .unauthenticated = (data[0] & 0x80) != 0,
    };
    struct bytes input = {(const char *)data + 1, size - 1};
    struct buf whole, pieces;
    buf_init(&whole, MOST_OUTPUT);
    buf_init(&pieces, MOST_OUTPUT);
    play(input, input.size, limits, &whole);
    play(input, (size_t)(data[0] & 0x7f) + 1, limits, &pieces);
    assert(bytes_equal(buf_bytes(&whole), buf_bytes(&pieces)));
    buf_finish(&whole);
    buf_finish(&pieces);
    return 0;
}

#include "resp/shebang.h"

enum shebang_result shebang_read(struct shebang *shebang, struct bytes body)
{
    const struct parser_limits limits = {INT32_MAX, INT32_MAX, false};
    *shebang = (struct shebang){.rest = body};
    buf_init(&shebang->line, SIZE_MAX);
    parser_init(&shebang->parser);
    if (!bytes_start_with(body, BYTES("#!"))) {
        return SHEBANG_NONE;
    }
    size_t end = bytes_find(body, '\n');
    if (end == body.size) {
        return SHEBANG_ENDLESS;
    }
    shebang->rest = bytes_slice(body, end, body.size);
    buf_append(&shebang->line, bytes_slice(body, 0, end));
    buf_append_string(&shebang->line, "\r\n");
    parser_feed(&shebang->parser, buf_bytes(&shebang->line));
    if (parser_next(&shebang->parser, limits) != PARSER_COMMAND) {
        return SHEBANG_BROKEN;
    }
    shebang->words = shebang->parser.argv;
    shebang->count = shebang->parser.argc;
    return SHEBANG_READ;
}

void shebang_finish(struct shebang *shebang)
{
    parser_finish(&shebang->parser);
    buf_finish(&shebang->line);
}

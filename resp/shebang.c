#include "resp/shebang.h"

#include "resp/inline_words.h"

/* False: quotes do not balance. */
static bool read_words(struct shebang *shebang, struct bytes line)
{
    enum inline_result result;
    size_t at = 0, start = 0;
    while ((result = inline_word_read(line, &at, &shebang->text)) == INLINE_WORD) {
        size_t count = (size_t)++shebang->count;
        shebang->words = memory_resize(shebang->words, count * sizeof(*shebang->words));
        shebang->words[count - 1].size = shebang->text.size - start;
        start = shebang->text.size;
    }
    /* The text does not move any more. */
    start = 0;
    for (int i = 0; i < shebang->count; i++) {
        shebang->words[i].data = shebang->text.data + start;
        start += shebang->words[i].size;
    }
    return result == INLINE_END;
}

enum shebang_result shebang_read(struct shebang *shebang, struct bytes body)
{
    *shebang = (struct shebang){.rest = body};
    buf_init(&shebang->text, SIZE_MAX);
    if (!bytes_start_with(body, BYTES("#!"))) {
        return SHEBANG_NONE;
    }
    size_t end = bytes_find(body, '\n');
    if (end == body.size) {
        return SHEBANG_ENDLESS;
    }
    shebang->rest = bytes_slice(body, end, body.size);
    return read_words(shebang, bytes_slice(body, 0, end)) ? SHEBANG_READ : SHEBANG_BROKEN;
}

void shebang_finish(struct shebang *shebang)
{
    memory_free(shebang->words);
    buf_finish(&shebang->text);
}

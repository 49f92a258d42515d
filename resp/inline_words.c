#include "resp/inline_words.h"

static int hex_digit(char byte)
{
    return byte >= '0' && byte <= '9'   ? byte - '0'
           : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
           : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                        : -1;
}

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* One byte of a double-quoted word; *at moves behind it. */
static char unescape(struct bytes line, size_t *at)
{
    char byte = line.data[(*at)++];
    if (byte != '\\' || *at == line.size) {
        return byte;
    }
    char escaped = line.data[*at];
    if (escaped == 'x' && *at + 2 < line.size && hex_digit(line.data[*at + 1]) >= 0 &&
        hex_digit(line.data[*at + 2]) >= 0) {
        byte = (char)(hex_digit(line.data[*at + 1]) * 16 + hex_digit(line.data[*at + 2]));
        *at += 3;
        return byte;
    }
    (*at)++;
    switch (escaped) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'b':
        return '\b';
    case 'a':
        return '\a';
    default:
        return escaped;
    }
}

/* False: quotes do not balance. */
static bool read_word(struct bytes line, size_t *at, struct buf *words)
{
    while (*at < line.size && !is_space(line.data[*at])) {
        char quote = line.data[*at];
        if (quote != '"' && quote != '\'') {
            buf_append_byte(words, quote);
            (*at)++;
            continue;
        }
        for ((*at)++;;) {
            if (*at >= line.size) {
                return false;
            }
            if (line.data[*at] == quote) {
                (*at)++;
                break;
            }
            if (quote == '"') {
                buf_append_byte(words, unescape(line, at));
            } else if (line.data[*at] == '\\' && *at + 1 < line.size &&
                       line.data[*at + 1] == '\'') {
                buf_append_byte(words, '\'');
                *at += 2;
            } else {
                buf_append_byte(words, line.data[(*at)++]);
            }
        }
        /* A closing quote ends the word. */
        return *at == line.size || is_space(line.data[*at]);
    }
    return true;
}

enum inline_result inline_word_read(struct bytes line, size_t *at, struct buf *words)
{
    while (*at < line.size && is_space(line.data[*at])) {
        (*at)++;
    }
    return *at == line.size             ? INLINE_END
           : read_word(line, at, words) ? INLINE_WORD
                                        : INLINE_UNBALANCED;
}

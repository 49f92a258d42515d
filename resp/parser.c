/* Requests out of a byte stream. */
#include "resp/parser.h"

#include <stdio.h>
#include <string.h>

#include "resp/inline_words.h"

enum { LONGEST_LINE = 64 * 1024, KEPT_BYTES = 16 * 1024, KEPT_WORDS = 64, KEPT_STORED = 256 };

/* Redis's limit of a client's query buffer. */
#define HELD_LIMIT ((size_t)1 << 30)

void parser_init(struct parser *parser)
{
    *parser = (struct parser){.word_size = -1};
    buf_init(&parser->held, HELD_LIMIT);
    buf_init(&parser->inline_words, LONGEST_LINE);
}

void parser_finish(struct parser *parser)
{
    buf_finish(&parser->held);
    buf_finish(&parser->inline_words);
    memory_free(parser->words);
    memory_free(parser->stored);
}

/* What was read ahead is read again: its bytes move. */
static void forget_ahead(struct parser *parser)
{
    parser->ahead_next = parser->ahead_count = 0;
}

static struct bytes region(const struct parser *parser)
{
    return parser->held.size > 0
               ? bytes_slice(buf_bytes(&parser->held), parser->held_start, parser->held.size)
               : parser->input;
}

void parser_feed(struct parser *parser, struct bytes input)
{
    if (parser->held.size == 0 && parser->input.size == 0) {
        parser->input = input;
        return;
    }
    parser_hold(parser);
    if (!buf_append(&parser->held, input)) {
        snprintf(parser->error, sizeof(parser->error),
                 "ERR Protocol error: query buffer limit exceeded");
    }
}

void parser_hold(struct parser *parser)
{
    forget_ahead(parser);
    if (parser->held_start > 0) {
        buf_consume(&parser->held, parser->held_start);
        parser->held_start = 0;
    }
    if (parser->held.size == 0 && parser->input.size > 0) {
        buf_append(&parser->held, parser->input);
    } else if (parser->held.size == 0 && parser->held.capacity > KEPT_BYTES) {
        buf_finish(&parser->held);
    }
    parser->input = (struct bytes){0};
    if (parser->held.size == 0 &&
        (parser->words_capacity > KEPT_WORDS || parser->stored_capacity > KEPT_STORED)) {
        memory_free(parser->words);
        memory_free(parser->stored);
        parser->words = NULL;
        parser->stored = NULL;
        parser->argv = NULL;
        parser->words_capacity = parser->stored_capacity = 0;
    }
}

void parser_put_back(struct parser *parser)
{
    forget_ahead(parser);
    parser->at = 0;
}

size_t parser_pending(const struct parser *parser)
{
    return region(parser).size;
}

size_t parser_memory(const struct parser *parser)
{
    return parser->held.capacity + parser->inline_words.capacity +
           (size_t)parser->words_capacity * sizeof(struct parser_word) +
           (size_t)parser->stored_capacity * sizeof(struct bytes);
}

/* Drops the whole command in front; what was parsed of the next one is nothing yet. */
static void consume(struct parser *parser)
{
    size_t size = parser->at;
    parser->at = 0;
    if (parser->held.size > 0) {
        parser->held_start += size;
        if (parser->held_start == parser->held.size) {
            buf_clear(&parser->held);
            parser->held_start = 0;
        }
    } else {
        parser->input = (struct bytes){parser->input.data + size, parser->input.size - size};
    }
}

static enum parser_result broken(struct parser *parser, const char *what)
{
    snprintf(parser->error, sizeof(parser->error), "ERR Protocol error: %s", what);
    return PARSER_BROKEN;
}

static void add_word(struct parser *parser, size_t at, size_t size)
{
    if (parser->argc == parser->words_capacity) {
        parser->words_capacity = parser->words_capacity == 0 ? 8 : parser->words_capacity * 2;
        parser->words =
            memory_resize(parser->words, (size_t)parser->words_capacity * sizeof(*parser->words));
    }
    parser->words[parser->argc++] = (struct parser_word){at, size};
}

/* Room for `count` words. */
static void store_reserve(struct parser *parser, int count)
{
    if (count > parser->stored_capacity) {
        int doubled = parser->stored_capacity < 4 ? 8 : parser->stored_capacity * 2;
        parser->stored_capacity = count > doubled ? count : doubled;
        parser->stored = memory_resize(parser->stored,
                                       (size_t)parser->stored_capacity * sizeof(*parser->stored));
    }
}

static void make_argv(struct parser *parser, const char *base)
{
    forget_ahead(parser);
    store_reserve(parser, parser->argc);
    for (int i = 0; i < parser->argc; i++) {
        parser->stored[i] = (struct bytes){base + parser->words[i].at, parser->words[i].size};
    }
    parser->argv = parser->stored;
}

static enum parser_result next_inline(struct parser *parser)
{
    struct bytes text = region(parser);
    size_t end = bytes_find(text, '\n');
    if (end == text.size) {
        return text.size > LONGEST_LINE ? broken(parser, "too big inline request") : PARSER_STARVED;
    }
    if (end > LONGEST_LINE) {
        return broken(parser, "too big inline request");
    }
    struct bytes line = bytes_slice(text, 0, end > 0 && text.data[end - 1] == '\r' ? end - 1 : end);
    buf_clear(&parser->inline_words);
    parser->argc = 0;
    size_t at = 0, start = 0;
    enum inline_result result;
    while ((result = inline_word_read(line, &at, &parser->inline_words)) == INLINE_WORD) {
        add_word(parser, start, parser->inline_words.size - start);
        start = parser->inline_words.size;
    }
    if (result == INLINE_UNBALANCED) {
        return broken(parser, "unbalanced quotes in request");
    }
    parser->at = end + 1;
    make_argv(parser, buf_bytes(&parser->inline_words).data);
    return PARSER_COMMAND;
}

/* The number of a "*3" or "$5" line at parser->at. STARVED until the line is whole. */
static enum parser_result read_number_line(struct parser *parser, int64_t *number,
                                           const char *too_long)
{
    struct bytes text = region(parser);
    struct bytes rest = bytes_slice(text, parser->at, text.size);
    size_t end = bytes_find(rest, '\r');
    if (end == rest.size) {
        return rest.size > LONGEST_LINE ? broken(parser, too_long) : PARSER_STARVED;
    }
    if (end + 1 == rest.size) {
        return PARSER_STARVED; /* the LF is still to come */
    }
    if (!bytes_to_int64(bytes_slice(rest, 1, end), number)) {
        *number = INT64_MAX; /* beyond every limit: the caller says which */
    }
    parser->at += end + 2;
    return PARSER_COMMAND;
}

static enum parser_result next_bulk(struct parser *parser, struct parser_limits limits)
{
    struct bytes text = region(parser);
    if (parser->word_size < 0) {
        if (parser->at >= text.size) {
            return PARSER_STARVED;
        }
        if (text.data[parser->at] != '$') {
            char what[32];
            snprintf(what, sizeof(what), "expected '$', got '%c'", text.data[parser->at]);
            return broken(parser, what);
        }
        int64_t size;
        enum parser_result result = read_number_line(parser, &size, "too big bulk count string");
        if (result != PARSER_COMMAND) {
            return result;
        }
        if (size < 0 || size > limits.word_size) {
            return broken(parser, limits.unauthenticated && size > 0 && size < INT64_MAX
                                      ? "unauthenticated bulk length"
                                      : "invalid bulk length");
        }
        parser->word_size = size;
    }
    size_t size = (size_t)parser->word_size;
    if (text.size - parser->at < size + 2) {
        return PARSER_STARVED;
    }
    add_word(parser, parser->at, size);
    parser->at += size + 2;
    parser->word_size = -1;
    parser->words_left--;
    return PARSER_COMMAND;
}

static enum parser_result next_multibulk(struct parser *parser, struct parser_limits limits)
{
    if (parser->words_left == 0) {
        parser->argc = 0;
        enum parser_result result =
            read_number_line(parser, &parser->words_left, "too big mbulk count string");
        if (result != PARSER_COMMAND) {
            parser->words_left = 0;
            return result;
        }
        if (parser->words_left > limits.words) {
            return broken(parser, limits.unauthenticated && parser->words_left < INT64_MAX
                                      ? "unauthenticated multibulk length"
                                      : "invalid multibulk length");
        }
        if (parser->words_left < 0) {
            parser->words_left = 0;
        }
    }
    while (parser->words_left > 0) {
        enum parser_result result = next_bulk(parser, limits);
        if (result != PARSER_COMMAND) {
            return result;
        }
    }
    make_argv(parser, region(parser).data);
    return PARSER_COMMAND;
}

/* ---- Whole commands, read ahead ---- */

/* The number of a "*3" or "$5" line at `at`, as Redis writes them; NULL: anything else. */
static const char *read_head(const char *at, const char *end, char mark, int64_t *number)
{
    enum { SHORTEST_LINE = 4, MOST_DIGITS = 9 };
    if (end - at < SHORTEST_LINE || *at != mark) {
        return NULL;
    }
    const char *start = at + 1;
    int64_t value = 0;
    const char *last = end - start > MOST_DIGITS ? start + MOST_DIGITS : end;
    for (at = start; at < last; at++) {
        unsigned digit = (unsigned char)*at - (unsigned)'0';
        if (digit > 9) {
            break;
        }
        value = value * 10 + digit;
    }
    *number = value;
    bool plain = at > start && (*start != '0' || at - start == 1);
    return plain && end - at >= 2 && *at == '\r' ? at + 2 : NULL;
}

/* The command at `at`, its words stored from `first` on; NULL when it is not whole, or not plain.
 */
static const char *read_whole(struct parser *parser, const char *at, const char *end,
                              struct parser_limits limits, struct parser_command *command)
{
    enum { SHORTEST_WORD = 5 }; /* "$0", two line ends */
    const char *start = at;
    int64_t words, size;
    at = read_head(at, end, '*', &words);
    if (at == NULL || words == 0 || words > limits.words || words > (end - at) / SHORTEST_WORD) {
        return NULL;
    }
    store_reserve(parser, command->first + (int)words);
    struct bytes *word = parser->stored + command->first;
    for (int64_t i = 0; i < words; i++) {
        at = read_head(at, end, '$', &size);
        if (at == NULL || size > limits.word_size || end - at < size + 2) {
            return NULL;
        }
        *word++ = (struct bytes){at, (size_t)size};
        at += size + 2;
    }
    command->argc = (int)words;
    command->size = (size_t)(at - start);
    return at;
}

/* Reads what whole commands there are: the usual ones in one go, next_multibulk the others. */
static void read_ahead(struct parser *parser, struct bytes text, struct parser_limits limits)
{
    const char *at = text.data, *end = text.data + text.size;
    int first = 0;
    forget_ahead(parser);
    parser->ahead_limits = limits;
    while (parser->ahead_count < PARSER_AHEAD) {
        struct parser_command *command = &parser->ahead[parser->ahead_count];
        command->first = first;
        at = read_whole(parser, at, end, limits, command);
        if (at == NULL) {
            return;
        }
        first += command->argc;
        parser->ahead_count++;
    }
}

static bool take_ahead(struct parser *parser, struct parser_limits limits)
{
    if (parser->ahead_next == parser->ahead_count ||
        parser->ahead_limits.unauthenticated != limits.unauthenticated) {
        return false;
    }
    const struct parser_command *command = &parser->ahead[parser->ahead_next++];
    parser->argv = parser->stored + command->first;
    parser->argc = command->argc;
    parser->at = command->size;
    return true;
}

size_t parser_keys_ahead(const struct parser *parser, struct bytes keys[PARSER_AHEAD])
{
    if (parser->ahead_next != 1) {
        return 0;
    }
    for (size_t i = 0; i < parser->ahead_count; i++) {
        const struct parser_command *command = &parser->ahead[i];
        keys[i] = command->argc > 1 ? parser->stored[command->first + 1] : BYTES("");
    }
    return parser->ahead_count;
}

enum parser_result parser_next(struct parser *parser, struct parser_limits limits)
{
    if (parser->error[0] != '\0') {
        return PARSER_BROKEN;
    }
    for (;;) {
        /* Words of the last command were borrowed until now. */
        if (parser->words_left == 0 && parser->at > 0) {
            consume(parser);
        }
        if (take_ahead(parser, limits)) {
            return PARSER_COMMAND;
        }
        struct bytes text = region(parser);
        if (text.size == 0) {
            parser_hold(parser);
            return PARSER_STARVED;
        }
        if (parser->words_left == 0) {
            read_ahead(parser, text, limits);
            if (take_ahead(parser, limits)) {
                return PARSER_COMMAND;
            }
        }
        enum parser_result result = parser->words_left > 0 || text.data[0] == '*'
                                        ? next_multibulk(parser, limits)
                                        : next_inline(parser);
        if (result == PARSER_STARVED) {
            parser_hold(parser);
        }
        if (result != PARSER_COMMAND || parser->argc > 0) {
            return result;
        }
    }
}

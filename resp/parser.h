/*
 * Requests out of a byte stream: RESP arrays of bulk strings, or inline commands. The words of a
 * command are borrowed from what was fed; only an incomplete tail is copied. Progress inside an
 * incomplete command is kept, so no byte is looked at twice.
 */
#ifndef RESP_PARSER_H
#define RESP_PARSER_H

#include "base/bytes.h"

struct parser_word {
    size_t at, size; /* in the present region */
};

struct parser {
    struct bytes input; /* borrowed, what of it is not consumed */
    struct buf held;    /* copied: while it holds anything, input has been appended to it */
    size_t held_start;  /* consumed bytes in front of held */
    struct buf inline_words;
    size_t at;          /* where parsing goes on, in the region */
    int64_t words_left; /* of a multibulk in progress; 0: between commands */
    int64_t word_size;  /* of a bulk in progress, -1: its head is not read yet */
    struct parser_word *words;
    struct bytes *argv;
    int argc, words_capacity, argv_capacity;
    char error[96];
};

enum parser_result {
    PARSER_STARVED,
    PARSER_COMMAND, /* parser->argv, argc; valid until the next call */
    PARSER_BROKEN,  /* parser->error: what Redis answers, "ERR Protocol error: ..." */
};

struct parser_limits {
    int64_t words, word_size;
    bool unauthenticated; /* the limits are those before AUTH, with their own error texts */
};

void parser_init(struct parser *parser);
void parser_finish(struct parser *parser);
void parser_feed(struct parser *parser, struct bytes input);
enum parser_result parser_next(struct parser *parser, struct parser_limits limits);
/*
 * Looks ahead without consuming: the first argument (mostly the key) of each of the next commands
 * that are there whole, empty where there is none. Stops at whatever it does not know.
 */
size_t parser_preview(const struct parser *parser, struct bytes *keys, size_t most);
/* Copies what is still borrowed; also gives back memory that is no longer needed. */
void parser_hold(struct parser *parser);
size_t parser_pending(const struct parser *parser); /* bytes fed and not consumed */
size_t parser_memory(const struct parser *parser);

#endif

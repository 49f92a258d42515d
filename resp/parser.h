/*
 * Requests out of a byte stream: RESP arrays of bulk strings, or inline commands. The words of a
 * command are borrowed from what was fed; only an incomplete tail is copied. Progress inside an
 * incomplete command is kept, so no byte is looked at twice.
 */
#ifndef RESP_PARSER_H
#define RESP_PARSER_H

#include "base/bytes.h"

enum { PARSER_AHEAD = 16 };

struct parser_limits {
    int64_t words, word_size;
    bool unauthenticated; /* the limits are those before AUTH, with their own error texts */
};

struct parser_word {
    size_t at, size; /* in the present region */
};

/* A whole command that has been read but not taken yet. */
struct parser_command {
    size_t size;     /* in bytes */
    int first, argc; /* its words among those stored */
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
    struct bytes *stored; /* the words of the present command and of those ahead */
    const struct bytes *argv;
    int argc, words_capacity, stored_capacity;
    struct parser_command ahead[PARSER_AHEAD];
    size_t ahead_next, ahead_count;
    struct parser_limits ahead_limits; /* what was in force when they were read */
    char error[96];
};

enum parser_result {
    PARSER_STARVED,
    PARSER_COMMAND, /* parser->argv, argc; valid until the next call */
    PARSER_BROKEN,  /* parser->error: what Redis answers, "ERR Protocol error: ..." */
};

void parser_init(struct parser *parser);
void parser_finish(struct parser *parser);
void parser_feed(struct parser *parser, struct bytes input);
enum parser_result parser_next(struct parser *parser, struct parser_limits limits);
/*
 * After PARSER_COMMAND: the first argument (mostly the key) of this command and of those that were
 * read with it, empty where there is none. 0 when nothing was read now: each is told of once.
 */
size_t parser_keys_ahead(const struct parser *parser, struct bytes keys[PARSER_AHEAD]);
/* The command of the last PARSER_COMMAND is read again. */
void parser_put_back(struct parser *parser);
/* Copies what is still borrowed; also gives back memory that is no longer needed. */
void parser_hold(struct parser *parser);
size_t parser_pending(const struct parser *parser); /* bytes fed and not consumed */
size_t parser_memory(const struct parser *parser);

#endif

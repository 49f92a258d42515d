/*
 * Reading arguments: numbers, and option tables. A helper that ends in _or_reply answers the
 * client in Redis's words when it returns false.
 */
#ifndef RESP_ARGUMENTS_H
#define RESP_ARGUMENTS_H

#include "resp/command.h"

/* "ERR value is not an integer or out of range" */
bool argument_integer_or_reply(struct call *call, int index, int64_t *number);
/* As above within limits, with `message` for what lies outside (NULL: Redis's own range text). */
bool argument_integer_in_range_or_reply(struct call *call, int index, int64_t minimum,
                                        int64_t maximum, int64_t *number, const char *message);
/* "ERR value is not a valid float" */
bool argument_double_or_reply(struct call *call, int index, double *number);
bool argument_long_double_or_reply(struct call *call, int index, long double *number);
/* Whole text as Redis's string2ld / strtod reads it: "inf" allowed, "nan" and spaces not. */
bool bytes_to_double(struct bytes text, double *number);
bool bytes_to_long_double(struct bytes text, long double *number);

/*
 * Options of a command are rows, because they carry their own `since`: an option newer than the
 * cache's Redis is a syntax error there.
 */
enum option_value { OPTION_FLAG, OPTION_INTEGER, OPTION_DOUBLE, OPTION_BYTES };

struct option {
    const char *token; /* upper case; matched in any case */
    enum option_value value;
    int group; /* options of one group > 0 exclude each other (syntax error) */
    const char *since;
    int extra; /* further arguments of this kind, kept by the handler: they start at index + 2 */
};

struct option_found {
    bool present;
    int index; /* of the token in argv */
    int64_t integer;
    double number;
    struct bytes bytes;
};

/*
 * Reads argv[from..argc-1] by `options` (ended by a zero row) into found[], in the same order.
 * A repeated option keeps its last value. Syntax errors, and numbers that do not parse, are
 * answered in Redis's words, whichever comes first. Where Redis reads a command's numbers only
 * after its tokens, the row says OPTION_BYTES and the handler reads them.
 */
bool arguments_options_or_reply(struct call *call, int from, const struct option *options,
                                struct option_found *found);

/* True when the call's instance runs at least `since` ("6.2.0"). NULL: always. */
bool call_supports(const struct call *call, const char *since);

/* Replies used by many families. */
void reply_syntax_error(struct call *call);
void reply_wrong_type(struct call *call);
void reply_wrong_arity(struct call *call);
/* "ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP." */
void reply_subcommand_syntax_error(struct call *call);

#endif

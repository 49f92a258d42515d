/*
 * Lexer and parser of the template language. Knows no function and no value; positions in its
 * messages count from the character behind the opening bracket, as Azure's do.
 */
#include "arm/templates/expression_node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum token_kind {
    TOKEN_END,
    TOKEN_IDENTIFIER,
    TOKEN_STRING,
    TOKEN_INTEGER,
    TOKEN_FLOAT,
    TOKEN_LEFT_PARENTHESIS,
    TOKEN_RIGHT_PARENTHESIS,
    TOKEN_LEFT_BRACKET,
    TOKEN_RIGHT_BRACKET,
    TOKEN_COMMA,
    TOKEN_DOT,
};

static const char *const token_names[] = {
    [TOKEN_END] = "EndOfData",
    [TOKEN_IDENTIFIER] = "Identifier",
    [TOKEN_STRING] = "StringLiteral",
    [TOKEN_INTEGER] = "IntegerLiteral",
    [TOKEN_FLOAT] = "FloatLiteral",
    [TOKEN_LEFT_PARENTHESIS] = "LeftParenthesis",
    [TOKEN_RIGHT_PARENTHESIS] = "RightParenthesis",
    [TOKEN_LEFT_BRACKET] = "LeftSquareBracket",
    [TOKEN_RIGHT_BRACKET] = "RightSquareBracket",
    [TOKEN_COMMA] = "Comma",
    [TOKEN_DOT] = "Dot",
};

struct parser {
    struct bytes text;
    size_t at; /* behind the present token */
    enum token_kind token;
    struct bytes span; /* of the present token, quotes included */
    int depth;
    struct template_error *error;
};

static int shown(const struct parser *parser)
{
    return parser->text.size < 1024 ? (int)parser->text.size : 1024;
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           byte == '$';
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool fail_character(struct parser *parser, size_t at)
{
    struct bytes rest = bytes_slice(parser->text, at, parser->text.size);
    size_t size = bytes_utf8_size(rest);
    return template_fail(parser->error,
                         "The language expression '%.*s' is not valid: the string character '%.*s' "
                         "at position '%zu' is not expected.",
                         shown(parser), parser->text.data, (int)(size > 0 ? size : 1),
                         parser->text.data + at, at);
}

static bool fail_number(struct parser *parser, size_t from, size_t to)
{
    return template_fail(parser->error,
                         "The language expression '%.*s' is not valid: the value '%.*s' at "
                         "position '%zu' cannot be converted to number.",
                         shown(parser), parser->text.data, (int)(to - from),
                         parser->text.data + from, from);
}

/* Offset behind the string that opens at `at`; 0: it is never closed. */
static size_t string_end(struct bytes text, size_t at)
{
    for (size_t i = at + 1; i < text.size; i++) {
        if (text.data[i] != '\'') {
            continue;
        }
        if (i + 1 < text.size && text.data[i + 1] == '\'') {
            i++;
            continue;
        }
        return i + 1;
    }
    return 0;
}

static bool read_number(struct parser *parser, size_t from)
{
    struct bytes text = parser->text;
    size_t at = from + 1;
    bool whole = true;
    while (at < text.size && (is_digit(text.data[at]) || strchr(".eE+-", text.data[at]) != NULL)) {
        whole = whole && is_digit(text.data[at]);
        at++;
    }
    if (at < text.size && is_letter(text.data[at])) {
        return fail_character(parser, at);
    }
    parser->span = bytes_slice(text, from, at);
    char digits[64], *end;
    if (parser->span.size >= sizeof(digits)) {
        return fail_number(parser, from, at);
    }
    memcpy(digits, parser->span.data, parser->span.size);
    digits[parser->span.size] = '\0';
    errno = 0;
    if (whole) {
        strtoll(digits, &end, 10);
    } else {
        strtod(digits, &end);
    }
    if (*end != '\0' || end == digits || errno != 0) {
        return fail_number(parser, from, at);
    }
    parser->token = whole ? TOKEN_INTEGER : TOKEN_FLOAT;
    parser->at = at;
    return true;
}

/* Moves to the next token. */
static bool advance(struct parser *parser)
{
    struct bytes text = parser->text;
    size_t at = parser->at;
    while (at < text.size && strchr(" \t\r\n", text.data[at]) != NULL && text.data[at] != '\0') {
        at++;
    }
    if (at == text.size) {
        parser->token = TOKEN_END;
        parser->span = bytes_slice(text, at, at);
        parser->at = at;
        return true;
    }
    char first = text.data[at];
    if (is_digit(first) || first == '-') {
        return read_number(parser, at);
    }
    size_t end = at + 1;
    if (first == '\'') {
        end = string_end(text, at);
        if (end == 0) {
            return template_fail(
                parser->error,
                "The language expression '%.*s' is not valid: the string constant at position "
                "'%zu' is not terminated. String constants must be enclosed within a pair of "
                "single quotes. Please see https://aka.ms/arm-functions for usage details.",
                shown(parser), text.data, at);
        }
        parser->token = TOKEN_STRING;
    } else if (is_letter(first)) {
        while (end < text.size && (is_letter(text.data[end]) || is_digit(text.data[end]))) {
            end++;
        }
        parser->token = TOKEN_IDENTIFIER;
    } else {
        static const char marks[] = "()[],.";
        const char *mark = first == '\0' ? NULL : strchr(marks, first);
        if (mark == NULL) {
            return fail_character(parser, at);
        }
        parser->token = TOKEN_LEFT_PARENTHESIS + (enum token_kind)(mark - marks);
    }
    parser->span = bytes_slice(text, at, end);
    parser->at = end;
    return true;
}

static bool fail_token(struct parser *parser, enum token_kind expected)
{
    return template_fail(parser->error,
                         "Unable to parse language expression '%.*s': expected token '%s' and "
                         "actual '%s'.",
                         shown(parser), parser->text.data, token_names[expected],
                         token_names[parser->token]);
}

static bool expect(struct parser *parser, enum token_kind kind)
{
    return parser->token == kind ? advance(parser) : fail_token(parser, kind);
}

static struct expression_node *node_create(enum expression_node_kind kind)
{
    struct expression_node *node = memory_allocate_zeroed(sizeof(*node));
    node->kind = kind;
    return node;
}

void expression_node_destroy(struct expression_node *node)
{
    if (node == NULL) {
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        expression_node_destroy(node->arguments[i]);
    }
    memory_free(node->arguments);
    memory_free(node->text);
    memory_free(node->space);
    memory_free(node);
}

static void add_argument_take(struct expression_node *node, struct expression_node *argument)
{
    if ((node->count & (node->count - 1)) == 0) {
        size_t room = node->count == 0 ? 1 : node->count * 2;
        node->arguments = memory_resize(node->arguments, room * sizeof(struct expression_node *));
    }
    node->arguments[node->count++] = argument;
}

/* Without the quotes, and each doubled quote once. */
static char *unquote(struct bytes span)
{
    char *text = memory_allocate(span.size);
    size_t size = 0;
    for (size_t i = 1; i + 1 < span.size; i++) {
        text[size++] = span.data[i];
        if (span.data[i] == '\'') {
            i++;
        }
    }
    text[size] = '\0';
    return text;
}

static struct expression_node *parse_expression(struct parser *parser);

/* The arguments and the closing parenthesis. */
static bool parse_arguments(struct parser *parser, struct expression_node *node)
{
    if (parser->token == TOKEN_RIGHT_PARENTHESIS) {
        return advance(parser);
    }
    for (;;) {
        struct expression_node *argument = parse_expression(parser);
        if (argument == NULL) {
            return false;
        }
        add_argument_take(node, argument);
        if (parser->token != TOKEN_COMMA) {
            return expect(parser, TOKEN_RIGHT_PARENTHESIS);
        }
        if (!advance(parser)) {
            return false;
        }
    }
}

static bool parse_call(struct parser *parser, struct expression_node *node)
{
    node->text = bytes_to_string(parser->span);
    if (!advance(parser)) {
        return false;
    }
    if (parser->token == TOKEN_DOT) {
        if (!advance(parser)) {
            return false;
        }
        node->space = node->text;
        node->text = bytes_to_string(parser->span);
        if (!expect(parser, TOKEN_IDENTIFIER)) {
            return false;
        }
    }
    return expect(parser, TOKEN_LEFT_PARENTHESIS) && parse_arguments(parser, node);
}

static struct expression_node *parse_primary(struct parser *parser)
{
    struct expression_node *node;
    bool parsed;
    switch (parser->token) {
    case TOKEN_STRING:
        node = node_create(NODE_STRING);
        node->text = unquote(parser->span);
        parsed = advance(parser);
        break;
    case TOKEN_INTEGER:
    case TOKEN_FLOAT: {
        node = node_create(NODE_NUMBER);
        char *digits = bytes_to_string(parser->span);
        node->number = strtod(digits, NULL);
        node->whole = bytes_to_int64(parser->span, &node->integer);
        memory_free(digits);
        parsed = advance(parser);
        break;
    }
    case TOKEN_IDENTIFIER:
        node = node_create(NODE_CALL);
        parsed = parse_call(parser, node);
        break;
    default:
        fail_token(parser, TOKEN_IDENTIFIER);
        return NULL;
    }
    if (!parsed) {
        expression_node_destroy(node);
        return NULL;
    }
    return node;
}

/* One ".name" or "[index]" behind what `node` holds. */
static bool parse_access(struct parser *parser, struct expression_node *node)
{
    bool member = parser->token == TOKEN_DOT;
    node->kind = member ? NODE_MEMBER : NODE_INDEX;
    if (!advance(parser)) {
        return false;
    }
    if (member) {
        node->text = bytes_to_string(parser->span);
        return expect(parser, TOKEN_IDENTIFIER);
    }
    struct expression_node *index = parse_expression(parser);
    if (index == NULL) {
        return false;
    }
    add_argument_take(node, index);
    return expect(parser, TOKEN_RIGHT_BRACKET);
}

static bool descend(struct parser *parser)
{
    if (++parser->depth <= EXPRESSION_MOST_DEPTH) {
        return true;
    }
    return template_fail(parser->error,
                         "The language expression '%.*s' is not valid: it is nested deeper than "
                         "the maximum allowed depth '%d'.",
                         shown(parser), parser->text.data, EXPRESSION_MOST_DEPTH);
}

static struct expression_node *parse_expression(struct parser *parser)
{
    int depth = parser->depth;
    if (!descend(parser)) {
        return NULL;
    }
    struct expression_node *node = parse_primary(parser);
    while (node != NULL && (parser->token == TOKEN_DOT || parser->token == TOKEN_LEFT_BRACKET)) {
        /* Each access nests the tree by one as well. */
        struct expression_node *access = node_create(NODE_MEMBER);
        add_argument_take(access, node);
        node = access;
        if (!descend(parser) || !parse_access(parser, access)) {
            expression_node_destroy(node);
            node = NULL;
        }
    }
    parser->depth = depth;
    return node;
}

struct expression_node *expression_parse(struct bytes text, struct template_error *error)
{
    struct parser parser = {.text = text, .error = error};
    if (text.size > EXPRESSION_MOST_CHARACTERS) {
        template_fail(error,
                      "The language expression length limit exceeded. Limit: '%d' and actual: "
                      "'%zu'.",
                      EXPRESSION_MOST_CHARACTERS, text.size);
        return NULL;
    }
    if (!advance(&parser)) {
        return NULL;
    }
    struct expression_node *node = parse_expression(&parser);
    if (node != NULL && parser.token != TOKEN_END) {
        fail_token(&parser, TOKEN_END);
        expression_node_destroy(node);
        return NULL;
    }
    return node;
}

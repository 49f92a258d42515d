/* Reading ahead in a pipeline: what is there whole, and nothing else. */
#include <string.h>

#include "resp/parser.h"

#include "tests/support/test.h"

static const struct parser_limits limits = {.words = 1024, .word_size = 1 << 20};

TEST(the_keys_of_whole_commands_are_told_once)
{
    struct parser parser;
    struct bytes keys[PARSER_AHEAD];
    parser_init(&parser);
    CHECK_INT(parser_keys_ahead(&parser, keys), 0);
    parser_feed(&parser,
                BYTES("*2\r\n$3\r\nGET\r\n$1\r\na\r\n*3\r\n$3\r\nSET\r\n$2\r\nbb\r\n$0\r\n\r\n"
                      "*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$3\r\nccc"));
    CHECK_INT(parser_next(&parser, limits), PARSER_COMMAND);
    CHECK_INT(parser_keys_ahead(&parser, keys), 3);
    CHECK_BYTES(keys[0], BYTES("a"));
    CHECK_BYTES(keys[1], BYTES("bb"));
    CHECK_INT(keys[2].size, 0);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(parser_next(&parser, limits), PARSER_COMMAND);
        CHECK_INT(parser_keys_ahead(&parser, keys), 0);
    }
    CHECK_INT(parser.argc, 1);
    CHECK_INT(parser_next(&parser, limits), PARSER_STARVED);
    parser_feed(&parser, BYTES("\r\n*1\r\n$4\r\nQUIT\r\n"));
    CHECK_INT(parser_next(&parser, limits), PARSER_COMMAND);
    CHECK_BYTES(parser.argv[1], BYTES("ccc"));
    CHECK_INT(parser_next(&parser, limits), PARSER_COMMAND);
    CHECK_BYTES(parser.argv[0], BYTES("QUIT"));
    parser_finish(&parser);
}

TEST(what_was_read_ahead_survives_being_moved)
{
    struct parser parser;
    char input[] = "*2\r\n$3\r\nGET\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\n";
    parser_init(&parser);
    parser_feed(&parser, (struct bytes){input, sizeof(input) - 1});
    CHECK_INT(parser_next(&parser, limits), PARSER_COMMAND);
    parser_hold(&parser);
    memset(input, 'x', sizeof(input)); /* as the reader of a socket does */
    CHECK_INT(parser_next(&parser, limits), PARSER_COMMAND);
    CHECK_BYTES(parser.argv[1], BYTES("b"));
    CHECK_INT(parser_next(&parser, limits), PARSER_STARVED);
    parser_finish(&parser);
}

TEST(the_limits_are_those_of_the_command_s_turn)
{
    static const struct parser_limits strict = {
        .words = 2, .word_size = 8, .unauthenticated = true};
    struct parser parser;
    parser_init(&parser);
    parser_feed(&parser, BYTES("*1\r\n$5\r\nRESET\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"));
    CHECK_INT(parser_next(&parser, limits), PARSER_COMMAND);
    CHECK_INT(parser_next(&parser, strict), PARSER_BROKEN);
    CHECK_TEXT(parser.error, "ERR Protocol error: unauthenticated multibulk length");
    parser_finish(&parser);
}

TEST(what_is_no_plain_command_is_not_read_ahead)
{
    static const char *const texts[] = {
        "PING\r\n",
        "*01\r\n$4\r\nPING\r\n",
        "*1\r\n$04\r\nPING\r\n",
        "*1\r\n+PING\r\n",
        "*1\r\n$-1\r\n",
        "*1\r\n$5\r\nPING\r\n",
        "*99999999999999999999\r\n$1\r\na\r\n",
        "*1\r\n$99999999\r\na\r\n",
        "*2\r\n$3\r\nGET\r\n$1",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct parser parser;
        struct bytes keys[PARSER_AHEAD];
        parser_init(&parser);
        parser_feed(&parser, bytes_from_string(texts[i]));
        parser_next(&parser, limits);
        CHECK_INT(parser_keys_ahead(&parser, keys), 0);
        parser_finish(&parser);
    }
}

static const struct test_case cases[] = {
    CASE(the_keys_of_whole_commands_are_told_once),
    CASE(what_was_read_ahead_survives_being_moved),
    CASE(the_limits_are_those_of_the_command_s_turn),
    CASE(what_is_no_plain_command_is_not_read_ahead),
};

TEST_MAIN(cases)

/* Looking ahead in a pipeline: what is there whole, and nothing consumed. */
#include "resp/parser.h"

#include "tests/support/test.h"

static const struct parser_limits limits = {.words = 1024, .word_size = 1 << 20};

TEST(the_keys_of_whole_commands_are_seen)
{
    struct parser parser;
    struct bytes keys[8];
    parser_init(&parser);
    parser_feed(&parser,
                BYTES("*2\r\n$3\r\nGET\r\n$1\r\na\r\n*3\r\n$3\r\nSET\r\n$2\r\nbb\r\n$0\r\n\r\n"
                      "*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$3\r\nccc"));
    CHECK_INT(parser_preview(&parser, keys, ARRAY_LEN(keys)), 3);
    CHECK_BYTES(keys[0], BYTES("a"));
    CHECK_BYTES(keys[1], BYTES("bb"));
    CHECK_INT(keys[2].size, 0);
    CHECK_INT(parser_preview(&parser, keys, 1), 1);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(parser_next(&parser, limits), PARSER_COMMAND);
    }
    CHECK_INT(parser.argc, 1);
    CHECK_INT(parser_preview(&parser, keys, ARRAY_LEN(keys)), 0);
    CHECK_INT(parser_next(&parser, limits), PARSER_STARVED);
    parser_feed(&parser, BYTES("\r\n*1\r\n$4\r\nQUIT\r\n"));
    CHECK_INT(parser_next(&parser, limits), PARSER_COMMAND);
    CHECK_BYTES(parser.argv[1], BYTES("ccc"));
    CHECK_INT(parser_preview(&parser, keys, ARRAY_LEN(keys)), 1);
    parser_finish(&parser);
}

TEST(what_is_no_command_ends_the_look)
{
    static const char *const texts[] = {
        "",
        "PING\r\n",
        "*",
        "*1",
        "*1\r",
        "*0\r\n",
        "*-1\r\n",
        "*x\r\n",
        "*1\r\n+PING\r\n",
        "*1\r\n$-1\r\n",
        "*1\r\n$5\r\nPING\r\n",
        "*99999999999999999999\r\n$1\r\na\r\n",
        "*1\r\n$99999999\r\na\r\n",
        "*2\r\n$3\r\nGET\r\n$1",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct parser parser;
        struct bytes keys[4];
        parser_init(&parser);
        parser_feed(&parser, bytes_from_string(texts[i]));
        CHECK_INT(parser_preview(&parser, keys, ARRAY_LEN(keys)), 0);
        parser_finish(&parser);
    }
}

static const struct test_case cases[] = {
    CASE(the_keys_of_whole_commands_are_seen),
    CASE(what_is_no_command_ends_the_look),
};

TEST_MAIN(cases)

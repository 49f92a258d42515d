/* Views, buffers, numbers, globs and encodings. */
#include "base/bytes.h"

#include <limits.h>
#include <string.h>

#include "tests/support/test.h"

TEST(views_compare_as_bytes_and_shorter_first)
{
    CHECK(bytes_compare(BYTES("a"), BYTES("b")) < 0);
    CHECK(bytes_compare(BYTES("ab"), BYTES("a")) > 0);
    CHECK(bytes_compare(BYTES("a\xff"), BYTES("aa")) > 0);
    CHECK(bytes_compare(BYTES(""), (struct bytes){NULL, 0}) == 0);
}

TEST(equality_ignores_ascii_case_only_when_asked)
{
    CHECK(bytes_equal_nocase(BYTES("Host"), BYTES("hOST")));
    CHECK(!bytes_equal(BYTES("Host"), BYTES("hOST")));
    CHECK(!bytes_equal_nocase(BYTES("\xc4"), BYTES("\xe4")));
    CHECK(!bytes_equal_nocase(BYTES("[a"), BYTES("{a")));
    CHECK(bytes_equal_string((struct bytes){NULL, 0}, ""));
    CHECK(bytes_equal_secret(BYTES("key"), BYTES("key")));
    CHECK(!bytes_equal_secret(BYTES("key"), BYTES("kez")));
    CHECK(!bytes_equal_secret(BYTES("key"), BYTES("keyy")));
}

TEST(slices_are_clamped_to_the_view)
{
    CHECK_BYTES(bytes_slice(BYTES("hello"), 1, 3), BYTES("el"));
    CHECK_BYTES(bytes_slice(BYTES("hello"), 3, 99), BYTES("lo"));
    CHECK_BYTES(bytes_slice(BYTES("hello"), 9, 99), BYTES(""));
    CHECK_BYTES(bytes_slice(BYTES("hello"), 4, 2), BYTES(""));
    CHECK_BYTES(bytes_slice((struct bytes){NULL, 0}, 1, 2), BYTES(""));
}

TEST(prefixes_suffixes_and_bytes_are_found)
{
    CHECK(bytes_start_with(BYTES("/metadata/x"), BYTES("/metadata")));
    CHECK(!bytes_start_with(BYTES("/m"), BYTES("/metadata")));
    CHECK(bytes_end_with(BYTES("a.vault.azure.net"), BYTES(".azure.net")));
    CHECK(!bytes_end_with(BYTES("net"), BYTES(".azure.net")));
    CHECK_INT(bytes_find(BYTES("a:b:c"), ':'), 1);
    CHECK_INT(bytes_find(BYTES("abc"), ':'), 3);
}

static bool reads_as(const char *text, int64_t expected)
{
    int64_t number = 77;
    return bytes_to_int64(bytes_from_string(text), &number) && number == expected;
}

static bool is_no_number(const char *text)
{
    int64_t number = 77;
    return !bytes_to_int64(bytes_from_string(text), &number) && number == 77;
}

TEST(utf8_has_no_overlong_forms_and_no_surrogates)
{
    static const char *const good[] = {"", "a", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80 x"};
    static const char *const bad[] = {
        "\xff",         "\xc3",         "a\xc3(",           "\xc0\x80",
        "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
        "\xe2\x82"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        CHECK(bytes_are_utf8(bytes_from_string(good[i])));
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CHECK(!bytes_are_utf8(bytes_from_string(bad[i])));
    }
    CHECK_INT((int64_t)bytes_utf8_size(BYTES("\xe2\x82\xac..")), 3);
}

TEST(integers_are_read_as_redis_reads_them)
{
    CHECK(reads_as("0", 0));
    CHECK(reads_as("-1", -1));
    CHECK(reads_as("9223372036854775807", INT64_MAX));
    CHECK(reads_as("-9223372036854775808", INT64_MIN));
    static const char *const refused[] = {
        "",
        "-",
        "+1",
        " 1",
        "1 ",
        "01",
        "-0",
        "1.0",
        "0x1",
        "1e3",
        "--1",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999",
        "18446744073709551617",
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        if (!CHECK(is_no_number(refused[i]))) {
            printf("# it was \"%s\"\n", refused[i]);
        }
    }
}

TEST(integers_are_written_in_full)
{
    static const int64_t numbers[] = {
        0,        1,  9,   10,  11,   99,        100,       101,        999,     1000,
        12345678, -1, -10, -99, -100, INT64_MAX, INT64_MIN, 1000000000, INT_MAX, INT64_MIN + 1};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        char expected[32], got[32];
        snprintf(expected, sizeof(expected), "%" PRId64, numbers[i]);
        size_t size = int64_to_digits(numbers[i], got);
        CHECK_BYTES(((struct bytes){got, size}), bytes_from_string(expected));
    }
}

static bool matches(const char *pattern, const char *text)
{
    return bytes_match_glob(bytes_from_string(pattern), bytes_from_string(text), false);
}

TEST(glob_matches_as_keys_does)
{
    CHECK(matches("*", ""));
    CHECK(matches("h?llo", "hallo"));
    CHECK(!matches("h?llo", "hllo"));
    CHECK(matches("h*llo", "heeeello"));
    CHECK(matches("h[ae]llo", "hello"));
    CHECK(!matches("h[^e]llo", "hello"));
    CHECK(matches("h[a-c]llo", "hbllo"));
    CHECK(matches("h[c-a]llo", "hbllo"));
    CHECK(matches("a\\*c", "a*c"));
    CHECK(!matches("a\\*c", "abc"));
    CHECK(matches("[\\]]", "]"));
    CHECK(matches("[abc", "b"));
    CHECK(matches("a\\", "a\\"));
    CHECK(!matches("[]", "a"));
    CHECK(matches("*a*b", "xaxbxb"));
    CHECK(!matches("a", "ab"));
    CHECK(!matches("", "a"));
    CHECK(matches("", ""));
}

TEST(glob_folds_case_when_asked)
{
    CHECK(bytes_match_glob(BYTES("H[A-C]*"), BYTES("hbX"), true));
    CHECK(!bytes_match_glob(BYTES("H[A-C]*"), BYTES("hbX"), false));
}

TEST(glob_does_not_take_exponential_time)
{
    char text[2000];
    memset(text, 'a', sizeof(text));
    CHECK(!bytes_match_glob(BYTES("a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b"),
                            (struct bytes){text, sizeof(text)}, false));
}

TEST(buffer_refuses_what_passes_its_limit_and_stays_as_it_was)
{
    struct buf buf;
    buf_init(&buf, 10);
    CHECK(buf_append(&buf, BYTES("12345")));
    CHECK(!buf_append(&buf, BYTES("678901")));
    CHECK(!buf_printf(&buf, "%d", 678901));
    CHECK(!buf_append_hex(&buf, BYTES("abc")));
    CHECK(!buf_append_base64(&buf, BYTES("abcd")));
    CHECK(buf_reserve(&buf, SIZE_MAX) == NULL);
    CHECK_BYTES(buf_bytes(&buf), BYTES("12345"));
    CHECK(buf_printf(&buf, "%d", 67890));
    CHECK(!buf_append_byte(&buf, 'x'));
    CHECK_TEXT(buf_string(&buf), "1234567890");
    buf_finish(&buf);
}

TEST(buffer_grows_by_doubling)
{
    struct buf buf;
    size_t moves = 0, capacity = 0;
    buf_init(&buf, 1 << 20);
    for (size_t i = 0; i < 1 << 20; i++) {
        CHECK(buf_append_byte(&buf, (char)i));
        moves += buf.capacity != capacity;
        capacity = buf.capacity;
    }
    CHECK(moves < 20);
    CHECK_INT((unsigned char)buf.data[255], 255);
    buf_finish(&buf);
}

TEST(buffer_formats_texts_longer_than_its_room)
{
    struct buf buf;
    buf_init(&buf, 4096);
    CHECK(buf_printf(&buf, "%s:%0200d:%s", "a", 7, "z"));
    CHECK_INT(buf.size, 204);
    CHECK(bytes_end_with(buf_bytes(&buf), BYTES("7:z")));
    CHECK(buf_append_int64(&buf, -42));
    CHECK(bytes_end_with(buf_bytes(&buf), BYTES("z-42")));
    buf_finish(&buf);
}

TEST(buffer_drops_from_the_front)
{
    struct buf buf;
    buf_init(&buf, 100);
    buf_append_string(&buf, "hello world");
    buf_consume(&buf, 6);
    CHECK_TEXT(buf_string(&buf), "world");
    buf_consume(&buf, 5);
    CHECK_INT(buf.size, 0);
    buf_finish(&buf);
}

TEST(zeroed_buffer_can_be_finished_and_read)
{
    struct buf buf = {0};
    CHECK_TEXT(buf_string(&buf), "");
    CHECK_BYTES(buf_bytes(&buf), BYTES(""));
    CHECK(!buf_append_byte(&buf, 'a'));
    buf_finish(&buf);
    buf_finish(&buf);
}

TEST(strings_are_copied_and_formatted)
{
    char *text = string_format("%s-%d", "a", 5), *copy = string_duplicate(text);
    CHECK_TEXT(copy, "a-5");
    memory_free(text);
    memory_free(copy);
    copy = bytes_to_string(bytes_slice(BYTES("hello"), 1, 3));
    CHECK_TEXT(copy, "el");
    memory_free(copy);
}

TEST(memory_size_is_at_least_what_was_asked_for)
{
    void *memory = memory_allocate(100);
    CHECK(memory_size(memory) >= 100);
    memory = memory_resize(memory, 0);
    CHECK(memory != NULL);
    memory_free(memory);
    memory_free(NULL);
    CHECK_INT(memory_size(NULL), 0);
}

/* RFC 4648, section 10. */
static const struct {
    const char *plain, *encoded;
} base64_vectors[] = {{"", ""},
                      {"f", "Zg=="},
                      {"fo", "Zm8="},
                      {"foo", "Zm9v"},
                      {"foob", "Zm9vYg=="},
                      {"fooba", "Zm9vYmE="},
                      {"foobar", "Zm9vYmFy"}};

TEST(base64_follows_the_rfc)
{
    for (size_t i = 0; i < ARRAY_LEN(base64_vectors); i++) {
        struct buf encoded, decoded;
        buf_init(&encoded, 100);
        buf_init(&decoded, 100);
        CHECK(buf_append_base64(&encoded, bytes_from_string(base64_vectors[i].plain)));
        CHECK_TEXT(buf_string(&encoded), base64_vectors[i].encoded);
        CHECK(buf_append_base64_decoded(&decoded, buf_bytes(&encoded)));
        CHECK_TEXT(buf_string(&decoded), base64_vectors[i].plain);
        buf_finish(&encoded);
        buf_finish(&decoded);
    }
}

TEST(base64url_has_no_padding_and_both_alphabets_are_read)
{
    struct buf buf;
    buf_init(&buf, 100);
    buf_append_base64url(&buf, BYTES("\xfb\xff\xfe\xff"));
    CHECK_TEXT(buf_string(&buf), "-__-_w");
    buf_clear(&buf);
    CHECK(buf_append_base64_decoded(&buf, BYTES("-__-_w")));
    CHECK(buf_append_base64_decoded(&buf, BYTES("+//+/w==")));
    CHECK_BYTES(buf_bytes(&buf), BYTES("\xfb\xff\xfe\xff\xfb\xff\xfe\xff"));
    buf_finish(&buf);
}

TEST(base64_refuses_all_else)
{
    static const char *const refused[] = {
        "Z", "Zg=", "Zg===", "Zm9v=", "Zm9vYg==Zg==", "Zm 9v", "Zh==", "Zm9=", "====", "Zm9v\n"};
    struct buf buf;
    buf_init(&buf, 100);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        if (!CHECK(!buf_append_base64_decoded(&buf, bytes_from_string(refused[i])))) {
            printf("# it was \"%s\"\n", refused[i]);
        }
    }
    CHECK_INT(buf.size, 0);
    buf_finish(&buf);
}

TEST(hex_is_lower_case)
{
    struct buf buf;
    buf_init(&buf, 100);
    CHECK(buf_append_hex(&buf, BYTES("\x01\xab\xff")));
    CHECK_TEXT(buf_string(&buf), "01abff");
    buf_finish(&buf);
}

static const struct test_case cases[] = {
    CASE(views_compare_as_bytes_and_shorter_first),
    CASE(equality_ignores_ascii_case_only_when_asked),
    CASE(slices_are_clamped_to_the_view),
    CASE(prefixes_suffixes_and_bytes_are_found),
    CASE(utf8_has_no_overlong_forms_and_no_surrogates),
    CASE(integers_are_read_as_redis_reads_them),
    CASE(integers_are_written_in_full),
    CASE(glob_matches_as_keys_does),
    CASE(glob_folds_case_when_asked),
    CASE(glob_does_not_take_exponential_time),
    CASE(buffer_refuses_what_passes_its_limit_and_stays_as_it_was),
    CASE(buffer_grows_by_doubling),
    CASE(buffer_formats_texts_longer_than_its_room),
    CASE(buffer_drops_from_the_front),
    CASE(zeroed_buffer_can_be_finished_and_read),
    CASE(strings_are_copied_and_formatted),
    CASE(memory_size_is_at_least_what_was_asked_for),
    CASE(base64_follows_the_rfc),
    CASE(base64url_has_no_padding_and_both_alphabets_are_read),
    CASE(base64_refuses_all_else),
    CASE(hex_is_lower_case),
};

TEST_MAIN(cases)

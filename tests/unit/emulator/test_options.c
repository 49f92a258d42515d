/* Options: their three spellings, their order, and what is said about bad ones. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/config.h"
#include "tests/support/test.h"

static struct config config;
static struct buf error; /* of the last reading */
static enum config_result result;

/* Reads words as `redurite start` would; the former config is finished first. */
static void read_words(char *const *environment, int count, const char **words)
{
    char *copies[16] = {0};

    config_finish(&config);
    config = (struct config){0};
    buf_finish(&error);
    buf_init(&error, 8192);
    for (int i = 0; i < count; i++) {
        copies[i] = string_duplicate(words[i]);
    }
    char *order[16];
    memcpy(order, copies, sizeof(order));
    result = config_read(&config, order, count, environment, &error);
    for (int i = 0; i < count; i++) {
        memory_free(copies[i]);
    }
}

#define READ(environment, ...)                                                                     \
    read_words(environment, (int)ARRAY_LEN(((const char *[]){__VA_ARGS__})),                       \
               (const char *[]){__VA_ARGS__})

static char *no_environment[] = {"HOME=/home/ada", NULL};

static void check_refused(const char *expected)
{
    CHECK_INT(result, CONFIG_BAD_USAGE);
    CHECK_TEXT(buf_string(&error), expected);
}

TEST(defaults_are_those_of_the_contract)
{
    read_words(no_environment, 0, NULL);
    CHECK_INT(result, CONFIG_READY);
    CHECK_TEXT(config.bind, "127.0.0.1");
    CHECK_INT(config.redis_port, 6379);
    CHECK_INT(config.redis_tls_port, 6380);
    CHECK_INT(config.https_port, 8443);
    CHECK_INT(config.provisioning.mode, ARM_PROVISIONING_FAST);
    CHECK_INT(config.polling, ARM_POLLING_FAST);
    CHECK_INT(config.clock.mode, CLOCK_REAL);
    CHECK(config.clock.scale == 1);
    CHECK_INT(config.profile, PROFILE_AZURE);
    CHECK_INT(config.host_names, HOST_NAMES_LOCAL);
    CHECK_INT(config.log_level, LOG_INFO);
    CHECK(!config.ephemeral && !config.no_devcache && !config.offline);
    CHECK(config.ready_file == NULL);
    CHECK_INT(config.seeds.count, 0);
}

TEST(command_line_takes_both_spellings)
{
    READ(no_environment, "--redis-port", "0", "--https-port=off", "--ephemeral", "--clock", "60",
         "--provisioning", "5m", "--seed", "a.json", "--seed=b.json", "--profile", "redis",
         "--bind", "::1");
    CHECK_INT(result, CONFIG_READY);
    CHECK_INT(config.redis_port, 0);
    CHECK_INT(config.https_port, PORT_OFF);
    CHECK(config.ephemeral);
    CHECK(config.clock.scale == 60);
    CHECK_INT(config.provisioning.mode, ARM_PROVISIONING_SECONDS);
    CHECK(config.provisioning.seconds == 300);
    CHECK_INT(config.seeds.count, 2);
    CHECK_TEXT(config.seeds.items[1], "b.json");
    CHECK_INT(config.profile, PROFILE_REDIS);
}

TEST(mistakes_name_the_nearest)
{
    READ(no_environment, "--redis-prot", "1");
    check_refused("unknown option '--redis-prot'; did you mean '--redis-port'?");
    READ(no_environment, "--xyzzy");
    check_refused("unknown option '--xyzzy'");
    READ(no_environment, "--redis-port");
    check_refused("--redis-port needs a value: --redis-port N|off");
    READ(no_environment, "--redis-port", "70000");
    check_refused("'70000' is no value for --redis-port: expected a port from 1 to 65535, 0 for "
                  "any free one, or off");
    READ(no_environment, "--polling", "never");
    check_refused("'never' is no value for --polling: expected fast or azure");
    READ(no_environment, "--clock", "0");
    check_refused("'0' is no value for --clock: expected real, frozen or a scale from 0.001 to "
                  "1000000");
    READ(no_environment, "--bind", "localhost");
    check_refused("'localhost' is no value for --bind: expected an IP address such as 127.0.0.1 or "
                  "0.0.0.0");
    READ(no_environment, "-p", "1");
    CHECK_INT(result, CONFIG_BAD_USAGE);
    READ(no_environment, "extra");
    check_refused("'extra' is no option of start");
}

TEST(environment_is_below_the_command_line)
{
    char *environment[] = {"HOME=/home/ada",
                           "REDURITE_REDIS_PORT=7000",
                           "REDURITE_EPHEMERAL=1",
                           "REDURITE_LOG_LEVEL=debug",
                           "REDURITE_SEED=x.json",
                           "REDURITE_ENDPOINT=http://127.0.0.1:1",
                           NULL};

    read_words(environment, 0, NULL);
    CHECK_INT(result, CONFIG_READY);
    CHECK_INT(config.redis_port, 7000);
    CHECK(config.ephemeral);
    CHECK_INT(config.log_level, LOG_DEBUG);
    CHECK_INT(config.seeds.count, 1);

    READ(environment, "--redis-port", "7001", "--ephemeral=false", "--seed", "y.json");
    CHECK_INT(config.redis_port, 7001);
    CHECK(!config.ephemeral);
    CHECK_INT(config.seeds.count, 1);
    CHECK_TEXT(config.seeds.items[0], "y.json");

    char *bad[] = {"HOME=/home/ada", "REDURITE_HTTPS_PORT=many", NULL};
    read_words(bad, 0, NULL);
    check_refused("'many' is no value for REDURITE_HTTPS_PORT: expected a port from 1 to 65535, 0 "
                  "for any free one, or off");
}

/* Writes the text to a file and reads it with --config. */
static void read_file(char *const *environment, const char *text)
{
    char path[] = "/tmp/redurite-test-XXXXXX";
    int descriptor = mkstemp(path);

    CHECK(write(descriptor, text, strlen(text)) == (ssize_t)strlen(text));
    close(descriptor);
    READ(environment, "--config", path, "--https-port", "9000");
    unlink(path);
}

TEST(file_is_below_both)
{
    char *environment[] = {"HOME=/home/ada", "REDURITE_REDIS_PORT=7000", NULL};

    read_file(environment, "{\"redisPort\": 1, \"redis-tls-port\": \"off\", \"httpsPort\": 2, "
                           "\"noDevcache\": true, \"clock\": 2.5, \"seed\": [\"a\", \"b\"]}");
    CHECK_INT(result, CONFIG_READY);
    CHECK_INT(config.redis_port, 7000);
    CHECK_INT(config.redis_tls_port, PORT_OFF);
    CHECK_INT(config.https_port, 9000);
    CHECK(config.no_devcache);
    CHECK(config.clock.scale == 2.5);
    CHECK_INT(config.seeds.count, 2);
}

static void check_file_refused(const char *text, const char *expected)
{
    read_file(no_environment, text);
    CHECK_INT(result, CONFIG_BAD_USAGE);
    if (strstr(buf_string(&error), expected) == NULL) {
        CHECK_TEXT(buf_string(&error), expected);
    }
}

TEST(file_mistakes_are_named)
{
    check_file_refused("{\"hostnamez\": \"local\"}",
                       ": unknown key 'hostnamez'; did you mean 'hostnames'?");
    check_file_refused("{\"colour\": 1}", ": unknown key 'colour'");
    check_file_refused("{\"redisPort\": {}}", ": 'redisPort' must be");
    check_file_refused("{\"redisPort\": -1}", ": '-1' is no value for redisPort");
    check_file_refused("{\"bind\":\n 1,\n}", ":3: not valid JSON");
    check_file_refused("[]", ": must hold one JSON object");
    check_file_refused("", ":1: not valid JSON");

    READ(no_environment, "--config", "/nonexistent/file.json");
    CHECK_INT(result, CONFIG_UNREADABLE);
    CHECK_TEXT(buf_string(&error),
               "cannot read the configuration /nonexistent/file.json: No such file or directory");
}

TEST(data_directory_follows_the_system)
{
    char *environment[] = {"HOME=/home/ada", "XDG_STATE_HOME=/state", NULL};
    char *nothing[] = {NULL};

#ifndef __APPLE__
    read_words(no_environment, 0, NULL);
    CHECK_TEXT(config.data_dir, "/home/ada/.local/state/redurite");
    read_words(environment, 0, NULL);
    CHECK_TEXT(config.data_dir, "/state/redurite");
#endif
    READ(environment, "--data-dir", "/elsewhere");
    CHECK_TEXT(config.data_dir, "/elsewhere");
    read_words(nothing, 0, NULL);
    CHECK_INT(result, CONFIG_BAD_USAGE);
}

TEST(words_of_another_command_are_left_alone)
{
    const struct option_set none = {NULL, 0};
    char *words[] = {"az", "group", "list", "-o", "table", "--help"};
    int rest = 0;

    CHECK(options_apply_words(none, WORDS_AFTER_OPTIONS, NULL, words, 6, &rest, &error));
    CHECK_INT(rest, 6);
    char *separated[] = {"--", "--odd", "--", "x"};
    CHECK(options_apply_words(none, WORDS_AFTER_OPTIONS, NULL, separated, 4, &rest, &error));
    CHECK_INT(rest, 3);
    CHECK_TEXT(separated[0], "--odd");
    CHECK_TEXT(separated[1], "--");
}

TEST(nearest_is_near)
{
    const char *names[] = {"redis-port", "redis-tls-port", "https-port", "seed"};

    CHECK_TEXT(nearest_name(BYTES("redsi-port"), names, 4), "redis-port");
    CHECK_TEXT(nearest_name(BYTES("SEDE"), names, 4), "seed");
    CHECK_TEXT(nearest_name(BYTES("http-port"), names, 4), "https-port");
    CHECK(nearest_name(BYTES("completely-different"), names, 4) == NULL);
    CHECK(nearest_name(BYTES(""), names, 4) == NULL);
}

TEST(everything_read_is_freed)
{
    config_finish(&config);
    buf_finish(&error);
}

static const struct test_case cases[] = {
    CASE(defaults_are_those_of_the_contract),
    CASE(command_line_takes_both_spellings),
    CASE(mistakes_name_the_nearest),
    CASE(environment_is_below_the_command_line),
    CASE(file_is_below_both),
    CASE(file_mistakes_are_named),
    CASE(data_directory_follows_the_system),
    CASE(words_of_another_command_are_left_alone),
    CASE(nearest_is_near),
    CASE(everything_read_is_freed),
};

TEST_MAIN(cases)

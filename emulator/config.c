/* The options of `redurite start` and the order in which their sources are read. */
#include "emulator/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/files.h"
#include "resp/configuration.h"

#define CONFIG_FILE_LIMIT (1024 * 1024)

static bool parse_number(struct bytes text, double least, double most, double *number)
{
    char copy[64];
    char *end;

    if (text.size == 0 || text.size >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (strspn(copy, "0123456789.") != text.size) {
        return false;
    }
    double value = strtod(copy, &end);
    if (*end != '\0' || !isfinite(value) || value < least || value > most) {
        return false;
    }
    *number = value;
    return true;
}

static bool parse_provisioning(struct bytes text, void *target, struct buf *expected)
{
    struct provisioning_choice *choice = target;
    int64_t duration_ms;

    buf_append_string(expected, "instant, fast, realistic or a duration such as 30 or 5m");
    choice->seconds = 0;
    if (bytes_equal_string_nocase(text, "instant")) {
        choice->mode = ARM_PROVISIONING_INSTANT;
    } else if (bytes_equal_string_nocase(text, "fast")) {
        choice->mode = ARM_PROVISIONING_FAST;
    } else if (bytes_equal_string_nocase(text, "realistic")) {
        choice->mode = ARM_PROVISIONING_REALISTIC;
    } else if (duration_parse(text, &duration_ms) && duration_ms >= 0) {
        choice->mode = ARM_PROVISIONING_SECONDS;
        choice->seconds = (double)duration_ms / 1000;
    } else {
        return false;
    }
    return true;
}

static bool check_redis_setting(struct bytes text, struct buf *expected)
{
    size_t equals = bytes_find(text, '=');
    struct buf why;

    if (equals == text.size) {
        buf_append_string(expected, "NAME=VALUE, such as maxmemory=100mb");
        return false;
    }
    buf_init(&why, 1024);
    bool good = setting_give(NULL, bytes_slice(text, 0, equals),
                             bytes_slice(text, equals + 1, text.size), &why);
    buf_printf(expected, "a setting that CONFIG GET shows, and a value for it (%s)",
               buf_string(&why));
    buf_finish(&why);
    return good;
}

static bool parse_limits(struct bytes text, void *target, struct buf *expected)
{
    struct limits_choice *choice = target;
    buf_append_string(expected, "three numbers from 1 to 1000000, such as 12000,1200,15000");
    for (size_t i = 0; i < ARM_LIMITS; i++) {
        int64_t number;
        size_t size = bytes_find(text, ',');
        if (!bytes_to_int64(bytes_slice(text, 0, size), &number) || number < 1 ||
            number > 1000000 || (size == text.size) != (i + 1 == ARM_LIMITS)) {
            return false;
        }
        choice->an_hour[i] = (uint64_t)number;
        text = bytes_slice(text, size + 1, text.size);
    }
    return true;
}

static bool parse_clock(struct bytes text, void *target, struct buf *expected)
{
    struct clock_choice *choice = target;
    double scale = 1;

    buf_append_string(expected, "real, frozen or a scale from 0.001 to 1000000");
    if (bytes_equal_string_nocase(text, "frozen")) {
        *choice = (struct clock_choice){CLOCK_FROZEN, 1};
        return true;
    }
    if (!bytes_equal_string_nocase(text, "real") && !parse_number(text, 0.001, 1e6, &scale)) {
        return false;
    }
    *choice = (struct clock_choice){CLOCK_REAL, scale};
    return true;
}

static bool parse_random_seed(struct bytes text, void *target, struct buf *expected)
{
    struct random_choice *choice = target;
    int64_t number;

    buf_append_string(expected, "a number from 0 up");
    if (!bytes_to_int64(text, &number) || number < 0) {
        return false;
    }
    *choice = (struct random_choice){true, (uint64_t)number};
    return true;
}

/* An address and no name: what is listened on must not depend on a resolver. */
static bool check_address(struct bytes text, struct buf *expected)
{
    struct in6_addr parsed;
    char copy[INET6_ADDRSTRLEN];

    buf_append_string(expected, "an IP address such as 127.0.0.1 or 0.0.0.0");
    if (text.size == 0 || text.size >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return inet_pton(AF_INET, copy, &parsed) == 1 || inet_pton(AF_INET6, copy, &parsed) == 1;
}

static const char *const host_name_choices[] = {"local", "azure", NULL};
static const char *const polling_choices[] = {"fast", "azure", NULL};
static const char *const profile_choices[] = {"azure", "redis", NULL};
static const char *const log_level_choices[] = {"error", "warn", "info", "debug", NULL};
static const char *const log_format_choices[] = {"text", "json", NULL};

#define AT(member) .offset = offsetof(struct config, member)

static const struct option rows[] = {
    {
        .name = "config",
        .placeholder = "FILE",
        .help = "JSON file with any of these options as keys",
        .value = OPTION_TEXT,
        AT(config_file),
    },
    {
        .name = "bind",
        .placeholder = "ADDRESS",
        .help = "address to listen at",
        .fallback = "127.0.0.1",
        .value = OPTION_TEXT,
        .check = check_address,
        AT(bind),
    },
    {
        .name = "redis-port",
        .placeholder = "N|off",
        .help = "plain Redis; 0 takes any free port",
        .fallback = "6379",
        .value = OPTION_PORT,
        AT(redis_port),
    },
    {
        .name = "redis-tls-port",
        .placeholder = "N|off",
        .help = "Redis over TLS",
        .fallback = "6380",
        .value = OPTION_PORT,
        AT(redis_tls_port),
    },
    {
        .name = "https-port",
        .placeholder = "N|off",
        .help = "management API, tokens, proxy and admin API, plain and TLS",
        .fallback = "8443",
        .value = OPTION_PORT,
        AT(https_port),
    },
    {
        .name = "enterprise-port",
        .placeholder = "N|off",
        .help = "Azure Managed Redis, open while there is such a cache",
        .fallback = "10000",
        .value = OPTION_PORT,
        AT(enterprise_port),
    },
    {
        .name = "sentinel-port",
        .placeholder = "N|off",
        .help = "Redis Sentinel, plain and TLS: caches are masters under their names (26379)",
        .fallback = "off",
        .value = OPTION_PORT,
        AT(sentinel_port),
    },
    {
        .name = "fault-injector-port",
        .placeholder = "N|off",
        .help = "a second port of the front door, where client libraries' scenario tests expect "
                "POST /action (20324)",
        .fallback = "off",
        .value = OPTION_PORT,
        AT(fault_injector_port),
    },
    {
        .name = "dns-port",
        .placeholder = "N|off",
        .help = "a DNS responder for the emulated names, UDP and TCP",
        .fallback = "off",
        .value = OPTION_PORT,
        AT(dns_port),
    },
    {
        .name = "data-dir",
        .placeholder = "DIR",
        .help = "certificate authority and saved state [the user's state directory]",
        .value = OPTION_TEXT,
        AT(data_dir),
    },
    {
        .name = "ephemeral",
        .help = "keep nothing but the certificate authority",
        .value = OPTION_FLAG,
        AT(ephemeral),
    },
    {
        .name = "hostnames",
        .help = "host names in answers: localhost, or the real ones",
        .fallback = "local",
        .choices = host_name_choices,
        .value = OPTION_CHOICE,
        AT(host_names),
    },
    {
        .name = "provisioning",
        .placeholder = "instant|fast|realistic|SECONDS",
        .help = "how long operations take on the emulator's clock",
        .fallback = "fast",
        .value = OPTION_CUSTOM,
        .parse = parse_provisioning,
        AT(provisioning),
    },
    {
        .name = "arm-limits",
        .placeholder = "READS,WRITES,DELETES",
        .help = "requests an hour that the management API takes of each principal",
        .fallback = "12000,1200,15000",
        .value = OPTION_CUSTOM,
        .parse = parse_limits,
        AT(limits),
    },
    {
        .name = "polling",
        .help = "ask clients to poll each second, or as Azure does",
        .fallback = "fast",
        .choices = polling_choices,
        .value = OPTION_CHOICE,
        AT(polling),
    },
    {
        .name = "clock",
        .placeholder = "real|frozen|SCALE",
        .help = "the emulator's time; 60 is a minute a second",
        .fallback = "real",
        .value = OPTION_CUSTOM,
        .parse = parse_clock,
        AT(clock),
    },
    {
        .name = "random-seed",
        .placeholder = "N",
        .help = "repeat a run: the seed of every arbitrary choice",
        .value = OPTION_CUSTOM,
        .parse = parse_random_seed,
        AT(random),
    },
    {
        .name = "scenario",
        .placeholder = "NAME|FILE",
        .help = "scenario to start with, and after each reset; may be repeated",
        .value = OPTION_LIST,
        AT(scenarios),
    },
    {
        .name = "seed",
        .placeholder = "FILE",
        .help = "JSON file with resources to start with",
        .value = OPTION_LIST,
        AT(seeds),
    },
    {
        .name = "profile",
        .help = "devcache is an Azure Standard C1, or plain Redis 7.0 without AUTH",
        .fallback = "azure",
        .choices = profile_choices,
        .value = OPTION_CHOICE,
        AT(profile),
    },
    {
        .name = "redis-config",
        .placeholder = "NAME=VALUE",
        .help = "Redis setting of devcache in profile redis, as in redis.conf",
        .value = OPTION_LIST,
        .check = check_redis_setting,
        AT(redis_settings),
    },
    {
        .name = "no-devcache",
        .help = "start without the well-known cache",
        .value = OPTION_FLAG,
        AT(no_devcache),
    },
    {
        .name = "offline",
        .help = "refuse to tunnel to hosts that are not emulated",
        .value = OPTION_FLAG,
        AT(offline),
    },
    {
        .name = "record-commands",
        .help = "record Redis commands from the start, for /_redurite/requests",
        .value = OPTION_FLAG,
        AT(record_commands),
    },
    {
        .name = "ready-file",
        .placeholder = "FILE",
        .help = "JSON file to write when every port answers",
        .value = OPTION_TEXT,
        AT(ready_file),
    },
    {
        .name = "log-level",
        .help = "what is logged to stderr",
        .fallback = "info",
        .choices = log_level_choices,
        .value = OPTION_CHOICE,
        AT(log_level),
    },
    {
        .name = "log-format",
        .help = "lines for people or for programs",
        .fallback = "text",
        .choices = log_format_choices,
        .value = OPTION_CHOICE,
        AT(log_format),
    },
};

const struct option_set config_options = {rows, ARRAY_LEN(rows)};

static const char *environment_value(char *const *environment, const char *name)
{
    size_t length = strlen(name);

    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=' &&
            (*environment)[length + 1] != '\0') {
            return *environment + length + 1;
        }
    }
    return NULL;
}

char *default_data_directory(char *const *environment)
{
    const char *home = environment_value(environment, "HOME");
#ifdef __APPLE__
    return home == NULL ? NULL : string_format("%s/Library/Application Support/redurite", home);
#else
    const char *state = environment_value(environment, "XDG_STATE_HOME");
    if (state != NULL && state[0] == '/') {
        return string_format("%s/redurite", state);
    }
    return home == NULL ? NULL : string_format("%s/.local/state/redurite", home);
#endif
}

static enum config_result read_config_file(struct config *config, const char *file,
                                           struct buf *error)
{
    struct buf text;
    enum config_result result = CONFIG_BAD_USAGE;

    buf_init(&text, CONFIG_FILE_LIMIT);
    int failure = file_read(file, &text);
    if (failure != 0) {
        buf_printf(error, "cannot read the configuration %s: %s", file, strerror(failure));
        result = CONFIG_UNREADABLE;
        goto finish;
    }
    const char *stop = NULL;
    cJSON *document = cJSON_ParseWithOpts(buf_string(&text), &stop, true);
    if (document == NULL) {
        size_t line = 1;
        for (const char *at = text.data; stop != NULL && at < stop; at++) {
            line += *at == '\n';
        }
        buf_printf(error, "%s:%zu: not valid JSON", file, line);
        goto finish;
    }
    if (options_apply_json(config_options, config, document, file, error)) {
        result = CONFIG_READY;
    }
    cJSON_Delete(document);
finish:
    buf_finish(&text);
    return result;
}

enum config_result config_read(struct config *config, char **words, int count,
                               char *const *environment, struct buf *error)
{
    /* Read twice: the command line says first where the file is, and then has the last word. */
    struct config first = {0};
    int rest;
    char **copy = memory_allocate(((size_t)count + 1) * sizeof(*copy));

    memcpy(copy, words, (size_t)count * sizeof(*copy));
    bool good =
        options_apply_words(config_options, WORDS_ANYWHERE, &first, copy, count, &rest, error);
    if (good && rest > 0) {
        buf_printf(error, "'%.100s' is no option of start", copy[0]);
        good = false;
    }
    enum config_result result = good ? CONFIG_READY : CONFIG_BAD_USAGE;
    options_apply_defaults(config_options, config);
    const char *file = first.config_file != NULL
                           ? first.config_file
                           : environment_value(environment, "REDURITE_CONFIG");
    if (result == CONFIG_READY && file != NULL) {
        result = read_config_file(config, file, error);
    }
    if (result == CONFIG_READY) {
        good =
            options_apply_environment(config_options, config, environment, error) &&
            options_apply_words(config_options, WORDS_ANYWHERE, config, words, count, &rest, error);
        result = good ? CONFIG_READY : CONFIG_BAD_USAGE;
    }
    if (result == CONFIG_READY && config->data_dir == NULL) {
        config->data_dir = default_data_directory(environment);
        if (config->data_dir == NULL) {
            buf_append_string(error,
                              "HOME is not set; say with --data-dir DIR where to keep state");
            result = CONFIG_BAD_USAGE;
        }
    }
    if (result == CONFIG_READY && config->redis_settings.count > 0 &&
        config->profile != PROFILE_REDIS) {
        buf_append_string(error, "--redis-config is for --profile redis: an Azure cache takes its "
                                 "settings from its resource");
        result = CONFIG_BAD_USAGE;
    }
    config_finish(&first);
    memory_free(copy);
    return result;
}

void config_finish(struct config *config)
{
    options_finish(config_options, config);
}

/* The values of settings: from what is written to Redis's normal form. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "resp/configuration.h"
#include "resp/instance_state.h"

enum { LEAST_BACKLOG = 16 * 1024 };

/*
 * As Redis reads an amount: no digits are none, and one that is too large for 64 bits is cut, which
 * the limits of most settings refuse then.
 */
static bool read_amount(const char *text, uint64_t *amount)
{
    static const struct {
        const char *unit;
        uint64_t bytes;
    } units[] = {
        {"", 1},
        {"b", 1},
        {"k", 1000},
        {"kb", 1024},
        {"m", 1000 * 1000},
        {"mb", 1024 * 1024},
        {"g", 1000 * 1000 * 1000},
        {"gb", 1024 * 1024 * 1024},
    };
    size_t digits = strspn(text, "0123456789");
    struct bytes unit = bytes_from_string(text + digits);
    for (size_t i = 0; i < ARRAY_LEN(units) && digits < 127; i++) {
        if (bytes_equal_string_nocase(unit, units[i].unit)) {
            *amount = (digits == 0 ? 0 : strtoull(text, NULL, 10)) * units[i].bytes;
            return true;
        }
    }
    return false;
}

bool memory_amount_parse(struct bytes text, int64_t *amount)
{
    uint64_t number;
    char *copy = bytes_to_string(text);
    bool good = read_amount(copy, &number) && number <= INT64_MAX;
    memory_free(copy);
    *amount = good ? (int64_t)number : 0;
    return good;
}

static char *normal_amount(const struct setting *setting, const char *text, struct buf *error)
{
    uint64_t amount, most = setting->maximum == 0 ? INT64_MAX : (uint64_t)setting->maximum;
    if (!read_amount(text, &amount)) {
        buf_append_string(error, "argument must be a memory value");
        return NULL;
    }
    if (amount < (uint64_t)setting->minimum || amount > most) {
        buf_printf(error, "argument must be between %llu and %llu inclusive",
                   (unsigned long long)setting->minimum, (unsigned long long)most);
        return NULL;
    }
    return string_format("%llu", (unsigned long long)amount);
}

static char *normal_number(const struct setting *setting, struct bytes value, struct buf *error)
{
    int64_t number;
    if (!bytes_to_int64(value, &number)) {
        buf_append_string(error, "argument couldn't be parsed into an integer");
        return NULL;
    }
    if (number < setting->minimum || number > setting->maximum) {
        buf_printf(error, "argument must be between %lld and %lld inclusive",
                   (long long)setting->minimum, (long long)setting->maximum);
        return NULL;
    }
    return string_format("%lld", (long long)number);
}

static char *normal_switch(struct bytes value, struct buf *error)
{
    if (bytes_equal_string_nocase(value, "yes") || bytes_equal_string_nocase(value, "no")) {
        return string_duplicate(value.size == 3 ? "yes" : "no");
    }
    buf_append_string(error, "argument must be 'yes' or 'no'");
    return NULL;
}

static char *normal_choice(const struct setting *setting, struct bytes value, struct buf *error)
{
    for (const char *const *choice = setting->choices; *choice != NULL; choice++) {
        if (bytes_equal_string_nocase(value, *choice)) {
            return string_duplicate(*choice);
        }
    }
    buf_append_string(error, "argument(s) must be one of the following: ");
    for (const char *const *choice = setting->choices; *choice != NULL; choice++) {
        buf_printf(error, "%s%s", choice == setting->choices ? "" : ", ", *choice);
    }
    return NULL;
}

/* ---- Forms of single settings: `present` is the value so far ---- */

/* A text cut at each space: two of them have an empty word between them. */
struct words {
    char *text;
    char **list;
    size_t count;
};

static void words_split(struct words *words, const char *text)
{
    *words = (struct words){.text = string_duplicate(text)};
    words->list = memory_allocate((strlen(text) + 1) * sizeof(char *));
    for (char *at = words->text; at != NULL && text[0] != '\0';) {
        char *space = strchr(at, ' ');
        words->list[words->count++] = at;
        if (space != NULL) {
            *space++ = '\0';
        }
        at = space;
    }
}

static void words_finish(struct words *words)
{
    memory_free(words->list);
    memory_free(words->text);
}

static char *fail_form(struct buf *error, const char *text)
{
    buf_append_string(error, text);
    return NULL;
}

static char *normal_events(const char *text, const char *present, struct buf *error)
{
    int classes;
    char normal[32];
    (void)present;
    if (!notify_parse(bytes_from_string(text), &classes)) {
        buf_append_string(error, "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
        return NULL;
    }
    notify_format(classes, normal);
    return string_duplicate(normal);
}

/* Pairs of seconds and changes; none switches saving off. */
static char *normal_save_points(const char *text, const char *present, struct buf *error)
{
    const char *at = text;
    char *end;
    (void)present;
    int numbers = 0;
    for (;; numbers++) {
        long number = strtol(at, &end, 10);
        if (end == at || number < (numbers % 2 == 0 ? 1 : 0)) {
            break;
        }
        at = end;
    }
    at += strspn(at, " ");
    if (*at != '\0' || numbers % 2 != 0) {
        buf_append_string(error, "Invalid save parameters");
        return NULL;
    }
    return string_duplicate(text);
}

/* "normal 0 0 0 pubsub 32mb 8mb 60": the classes that are not named stay as they are. */
struct output_limit {
    uint64_t hard, soft;
    long long seconds;
};
static const char *const output_classes[] = {"normal", "slave", "pubsub"};

/* NULL, or what is wrong. */
static const char *read_output_limits(const char *text,
                                      struct output_limit limits[ARRAY_LEN(output_classes)])
{
    struct words words;
    const char *failure = NULL;
    words_split(&words, text);
    if (words.count % 4 != 0) {
        failure = "Wrong number of arguments in buffer limit configuration.";
    }
    for (size_t i = 0; failure == NULL && i < words.count; i += 4) {
        char **word = words.list + i, *end;
        const char *name = strcasecmp(word[0], "replica") == 0 ? "slave" : word[0];
        struct output_limit limit;
        size_t at = 0;
        while (at < ARRAY_LEN(output_classes) && strcasecmp(name, output_classes[at]) != 0) {
            at++;
        }
        bool readable = read_amount(word[1], &limit.hard) && read_amount(word[2], &limit.soft);
        limit.seconds = strtoll(word[3], &end, 10);
        if (at == ARRAY_LEN(output_classes)) {
            failure = "Invalid client class specified in buffer limit configuration.";
        } else if (!readable || limit.seconds < 0 || *end != '\0') {
            failure = "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
        } else {
            limits[at] = limit;
        }
    }
    words_finish(&words);
    return failure;
}

static char *normal_output_limits(const char *text, const char *present, struct buf *error)
{
    struct output_limit limits[ARRAY_LEN(output_classes)] = {0};
    struct buf normal;
    read_output_limits(present, limits);
    const char *failure = read_output_limits(text, limits);
    if (failure != NULL) {
        return fail_form(error, failure);
    }
    buf_init(&normal, 512);
    for (size_t i = 0; i < ARRAY_LEN(output_classes); i++) {
        buf_printf(&normal, "%s%s %llu %llu %lld", i == 0 ? "" : " ", output_classes[i],
                   (unsigned long long)limits[i].hard, (unsigned long long)limits[i].soft,
                   limits[i].seconds);
    }
    char *made = string_duplicate(buf_string(&normal));
    buf_finish(&normal);
    return made;
}

static char *normal_percentiles(const char *text, const char *present, struct buf *error)
{
    struct words words;
    struct buf normal;
    const char *failure = NULL;
    (void)present;
    words_split(&words, text);
    buf_init(&normal, SIZE_MAX);
    for (size_t i = 0; failure == NULL && i < words.count; i++) {
        const char *word = words.list[i];
        char *end;
        double percentile = strtod(word, &end);
        if (word[0] == '\0' || *end != '\0' || isspace((unsigned char)word[0]) ||
            isnan(percentile)) {
            failure = "Invalid latency-tracking-info-percentiles parameters";
        } else if (percentile < 0 || percentile > 100) {
            failure = "latency-tracking-info-percentiles parameters should sit between "
                      "[0.0,100.0]";
        }
        buf_printf(&normal, "%s%f", i == 0 ? "" : " ", percentile);
        while (normal.data[normal.size - 1] == '0') {
            normal.size--;
        }
        normal.size -= normal.data[normal.size - 1] == '.' ? 1 : 0;
    }
    words_finish(&words);
    char *made =
        failure == NULL ? string_duplicate(buf_string(&normal)) : fail_form(error, failure);
    buf_finish(&normal);
    return made;
}

static char *normal_oom_scores(const char *text, const char *present, struct buf *error)
{
    struct words words;
    long long scores[3] = {0};
    bool good = true;
    (void)present;
    words_split(&words, text);
    if (words.count != ARRAY_LEN(scores)) {
        words_finish(&words);
        return fail_form(error, "wrong number of arguments");
    }
    for (size_t i = 0; i < ARRAY_LEN(scores); i++) {
        char *end;
        scores[i] = strtoll(words.list[i], &end, 10);
        good = good && *end == '\0' && scores[i] >= -2000 && scores[i] <= 2000;
    }
    words_finish(&words);
    return good ? string_format("%lld %lld %lld", scores[0], scores[1], scores[2])
                : fail_form(error, "Invalid oom-score-adj-values, elements must be between -2000 "
                                   "and 2000.");
}

/* "{title} {port}": of what it says something has to be left. */
static char *normal_title(const char *text, const char *present, struct buf *error)
{
    static const struct {
        const char *name;
        bool empty; /* there is none of it here */
    } variables[] = {{"title", false},       {"config-file", false}, {"listen-addr", false},
                     {"server-mode", false}, {"port", false},        {"tls-port", false},
                     {"unixsocket", true}};
    bool good = true, left = false;
    (void)present;
    for (const char *at = text; good && *at != '\0'; at++) {
        if (at[0] != '{' || at[1] == '{') {
            left = left || *at != ' ';
            at += at[0] == '{' ? 1 : 0;
            continue;
        }
        size_t size = strcspn(at + 1, "}"), i = 0;
        while (i < ARRAY_LEN(variables) &&
               !bytes_equal_string((struct bytes){at + 1, size}, variables[i].name)) {
            i++;
        }
        good = i < ARRAY_LEN(variables) && at[1 + size] == '}';
        left = left || (good && !variables[i].empty);
        at += size + (good ? 1 : 0);
    }
    return good && left ? string_duplicate(text)
                        : fail_form(error, "template format is invalid or contains unknown "
                                           "variables");
}

/* Redis keeps it within what is sensible. */
static char *normal_frequency(const char *text, const char *present, struct buf *error)
{
    static const struct setting limits = {.minimum = 0, .maximum = INT32_MAX};
    char *normal = normal_number(&limits, bytes_from_string(text), error);
    long long number = normal == NULL ? 0 : strtoll(normal, NULL, 10);
    (void)present;
    if (normal != NULL && (number < 1 || number > 500)) {
        memory_free(normal);
        normal = string_duplicate(number < 1 ? "1" : "500");
    }
    return normal;
}

static char *normal_backlog_size(const char *text, const char *present, struct buf *error)
{
    static const struct setting limits = {.minimum = 1};
    char *normal = normal_amount(&limits, text, error);
    (void)present;
    if (normal != NULL && strtoull(normal, NULL, 10) < LEAST_BACKLOG) {
        memory_free(normal);
        normal = string_format("%d", LEAST_BACKLOG);
    }
    return normal;
}

/* Bytes, or a share of maxmemory: "5%". Amounts beyond 63 bits are shares, as in Redis. */
static char *normal_clients_memory(const char *text, const char *present, struct buf *error)
{
    size_t size = strlen(text);
    uint64_t amount;
    int64_t share;
    (void)present;
    if (read_amount(text, &amount)) {
        share = (int64_t)amount < 0 ? (int64_t)(0 - amount) : 0;
    } else if (size < 2 || text[size - 1] != '%' ||
               !bytes_to_int64((struct bytes){text, size - 1}, &share) || share < 0) {
        return fail_form(error, "argument must be a memory or percent value");
    } else {
        amount = 0;
    }
    if (share < 0 || share > 100) {
        return fail_form(error, "percentage argument must be less or equal to 100");
    }
    return share > 0 ? string_format("%lld%%", (long long)share)
                     : string_format("%llu", (unsigned long long)amount);
}

/* The packaged redis-server's allocator, like ours, knows nothing of it. */
static char *normal_defragmentation(const char *text, const char *present, struct buf *error)
{
    (void)present;
    if (strcasecmp(text, "no") == 0) {
        return string_duplicate("no");
    }
    return fail_form(error, strcasecmp(text, "yes") != 0
                                ? "argument must be 'yes' or 'no'"
                                : "Active defragmentation cannot be enabled: it requires a Redis "
                                  "server compiled with a modified Jemalloc like the one shipped "
                                  "by default with the Redis source distribution");
}

static const struct {
    const char *name;
    char *(*normalize)(const char *text, const char *present, struct buf *error);
} own_forms[] = {
    {"activedefrag", normal_defragmentation},
    {"client-output-buffer-limit", normal_output_limits},
    {"hz", normal_frequency},
    {"latency-tracking-info-percentiles", normal_percentiles},
    {"maxmemory-clients", normal_clients_memory},
    {"notify-keyspace-events", normal_events},
    {"oom-score-adj-values", normal_oom_scores},
    {"proc-title-template", normal_title},
    {"repl-backlog-size", normal_backlog_size},
    {"save", normal_save_points},
};

char *setting_normalize(const struct setting *setting, struct bytes value, const char *present,
                        struct buf *error)
{
    char *text = bytes_to_string(value), *normal = NULL;
    size_t own = 0;
    while (own < ARRAY_LEN(own_forms) && strcmp(own_forms[own].name, setting->name) != 0) {
        own++;
    }
    if (own < ARRAY_LEN(own_forms)) {
        normal = own_forms[own].normalize(text, present, error);
    } else if (setting->kind == SETTING_BOOL) {
        normal = normal_switch(value, error);
    } else if (setting->kind == SETTING_NUMBER) {
        normal = normal_number(setting, value, error);
    } else if (setting->kind == SETTING_MEMORY) {
        normal = normal_amount(setting, text, error);
    } else if (setting->kind == SETTING_CHOICE) {
        normal = normal_choice(setting, value, error);
    } else {
        normal = string_duplicate(text);
    }
    memory_free(text);
    return normal;
}

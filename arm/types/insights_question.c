/* What is asked of metrics: parameters of the query, each with its forms. */
#include "arm/types/insights_question.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
    MINUTE_MS = 60 * 1000,
    HOUR_MS = 60 * MINUTE_MS,
    MOST_POINTS = 20000,
    MOST_SPAN_DAYS = 93,
};

void metric_decode_again(struct buf *text)
{
    struct buf decoded;
    buf_init(&decoded, text->limit);
    if (bytes_find(buf_bytes(text), '%') < text->size &&
        http_url_decode(buf_bytes(text), false, &decoded)) {
        buf_clear(text);
        buf_append(text, buf_bytes(&decoded));
    }
    /* A '+' of an offset that was not encoded. */
    for (size_t i = 0; i < text->size; i++) {
        text->data[i] = text->data[i] == ' ' ? '+' : text->data[i];
    }
    buf_finish(&decoded);
}

static bool read_time(struct bytes text, int64_t *time_ms)
{
    return text.size < 64 && timestamp_parse(text, time_ms);
}

/* "start/end", "start/PT1H", or "PT1H" up to now; the last hour when nothing is said. */
static bool read_span(struct arm_call *call, struct metric_question *question)
{
    struct buf text;
    int64_t length_ms = HOUR_MS, now_ms = clock_now_ms(call->service->clock);
    bool good = true;
    buf_init(&text, 512);
    question->to_ms = now_ms;
    question->from_ms = now_ms - HOUR_MS;
    if (arm_query(call, "timespan", &text) && text.size > 0) {
        metric_decode_again(&text);
        struct bytes whole = buf_bytes(&text);
        size_t slash = bytes_find(whole, '/');
        struct bytes first = bytes_slice(whole, 0, slash);
        struct bytes second = bytes_slice(whole, slash + 1, whole.size);
        if (slash == whole.size) {
            good = duration_parse(first, &length_ms);
            question->from_ms = now_ms - length_ms;
        } else if (read_time(first, &question->from_ms)) {
            good = read_time(second, &question->to_ms);
            if (!good && duration_parse(second, &length_ms)) {
                good = true;
                question->to_ms = question->from_ms + length_ms;
            }
        } else {
            good = duration_parse(first, &length_ms) && read_time(second, &question->to_ms);
            question->from_ms = question->to_ms - length_ms;
        }
    }
    good = good && question->from_ms <= question->to_ms && question->from_ms >= 0 &&
           question->to_ms - question->from_ms <= (int64_t)MOST_SPAN_DAYS * 24 * HOUR_MS;
    if (!good) {
        arm_fail(
            &call->error, 400, "BadRequest",
            "The timespan '%.100s' is invalid: give start/end in ISO 8601, of at most %d days.",
            buf_string(&text), MOST_SPAN_DAYS);
    }
    buf_finish(&text);
    return good;
}

static bool read_interval(struct arm_call *call, struct metric_question *question)
{
    static const struct {
        const char *name;
        int minutes;
    } grains[] = {{"PT1M", 1},  {"PT5M", 5},   {"PT15M", 15},  {"PT30M", 30},
                  {"PT1H", 60}, {"PT6H", 360}, {"PT12H", 720}, {"P1D", 1440}};
    struct buf text;
    bool good = true;
    buf_init(&text, 64);
    snprintf(question->interval, sizeof(question->interval), "PT1M");
    question->interval_ms = MINUTE_MS;
    if (arm_query(call, "interval", &text) && text.size > 0 &&
        !bytes_equal_string_nocase(buf_bytes(&text), "FULL")) {
        good = false;
        for (size_t i = 0; i < ARRAY_LEN(grains); i++) {
            if (bytes_equal_string_nocase(buf_bytes(&text), grains[i].name)) {
                good = true;
                question->interval_ms = (int64_t)grains[i].minutes * MINUTE_MS;
                snprintf(question->interval, sizeof(question->interval), "%s", grains[i].name);
            }
        }
    } else if (text.size > 0) {
        question->interval_ms = question->to_ms - question->from_ms + MINUTE_MS;
        snprintf(question->interval, sizeof(question->interval), "FULL");
    }
    if (!good) {
        arm_fail(&call->error, 400, "BadRequest",
                 "Detected invalid time grain input: '%.40s', supported ones are: "
                 "PT1M,PT5M,PT15M,PT30M,PT1H,PT6H,PT12H,P1D",
                 buf_string(&text));
    } else if ((question->to_ms - question->from_ms) / question->interval_ms > MOST_POINTS) {
        good = arm_fail(&call->error, 400, "BadRequest",
                        "The timespan holds more than %d intervals of %s: ask for a longer "
                        "interval.",
                        MOST_POINTS, question->interval);
    }
    buf_finish(&text);
    return good;
}

bool metric_next_part(struct bytes list, size_t *at, struct bytes *part)
{
    if (*at >= list.size) {
        return false;
    }
    struct bytes rest = bytes_slice(list, *at, list.size);
    *part = bytes_slice(rest, 0, bytes_find(rest, ','));
    *at += part->size + 1;
    while (part->size > 0 && part->data[0] == ' ') {
        *part = bytes_slice(*part, 1, part->size);
    }
    return true;
}

static bool read_aggregations(struct arm_call *call, struct metric_question *question)
{
    struct buf text;
    struct bytes part;
    bool good = true;
    buf_init(&text, 256);
    if (arm_query(call, "aggregation", &text)) {
        for (size_t at = 0; good && metric_next_part(buf_bytes(&text), &at, &part);) {
            unsigned aggregation = arm_aggregation_find(part);
            question->aggregations |= aggregation;
            good = aggregation != 0 ||
                   arm_fail(&call->error, 400, "BadRequest",
                            "The aggregation '%.*s' is invalid: average, minimum, maximum, total "
                            "and count are.",
                            (int)bytes_slice(part, 0, 40).size, part.data);
        }
    }
    buf_finish(&text);
    return good;
}

/* ---- $filter: "ShardId eq '*' and ErrorType eq 'Failover'" ---- */

static struct bytes trimmed(struct bytes text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '(')) {
        text = bytes_slice(text, 1, text.size);
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == ')')) {
        text.size--;
    }
    return text;
}

/* A bit for the value; shards beyond those that exist have none. */
static bool read_shard(struct bytes value, uint64_t *bits)
{
    int64_t number;
    bool exists = bytes_to_int64(value, &number) && number >= 0 && number < 64;
    *bits = exists ? UINT64_C(1) << number : 0;
    return true;
}

static bool read_error_type(struct bytes value, uint64_t *bits)
{
    *bits = 0;
    for (size_t i = 0; i < arm_error_type_count; i++) {
        if (bytes_equal_string_nocase(value, arm_error_types[i].name)) {
            *bits = UINT64_C(1) << i;
        }
    }
    return *bits != 0;
}

static const struct dimension {
    const char *name;
    size_t split;
    bool (*read)(struct bytes value, uint64_t *bits);
} dimensions[] = {
    {"ShardId", offsetof(struct metric_question, shard), read_shard},
    {"ErrorType", offsetof(struct metric_question, error), read_error_type},
};

static const struct dimension *find_dimension(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(dimensions); i++) {
        if (bytes_equal_string_nocase(name, dimensions[i].name)) {
            return &dimensions[i];
        }
    }
    return NULL; /* not told apart here */
}

/* "ShardId eq '0'": the bits of a dimension that is told apart, all of another one. */
static bool read_alternative(struct bytes text, struct bytes *name, uint64_t *bits)
{
    size_t open = bytes_find(text, '\'');
    struct bytes head = trimmed(bytes_slice(text, 0, open));
    struct bytes value = bytes_slice(text, open + 1, text.size);
    value = bytes_slice(value, 0, bytes_find(value, '\''));
    *name = bytes_slice(head, 0, bytes_find(head, ' '));
    struct bytes operator= trimmed(bytes_slice(head, name->size, head.size));
    const struct dimension *dimension = find_dimension(*name);
    *bits = UINT64_MAX;
    return open < text.size && name->size > 0 && bytes_equal_string_nocase(operator, "eq") &&
           (bytes_equal_string(value, "*") || dimension == NULL || dimension->read(value, bits));
}

/* Where the word begins, in any case; the size when it does not. */
static size_t find_word(struct bytes text, const char *word)
{
    size_t size = strlen(word);
    for (size_t i = 0; i + size <= text.size; i++) {
        if (bytes_equal_string_nocase(bytes_slice(text, i, i + size), word)) {
            return i;
        }
    }
    return text.size;
}

static void note_dimension(struct metric_question *question, struct bytes name)
{
    size_t used = strlen(question->dimensions);
    for (size_t i = 0; i < name.size && used + 2 < sizeof(question->dimensions); i++) {
        char c = name.data[i];
        if (i == 0 && used > 0) {
            question->dimensions[used++] = ',';
        }
        question->dimensions[used++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    question->dimensions[used] = '\0';
}

/* "ShardId eq '0' or ShardId eq '1'": what lies between two "and" is about one dimension. */
static bool read_clause(struct bytes clause, struct metric_question *question)
{
    struct bytes first = {NULL, 0}, name;
    uint64_t wanted = 0, bits;
    while (clause.size > 0) {
        struct bytes alternative = bytes_slice(clause, 0, find_word(clause, " or "));
        clause = bytes_slice(clause, alternative.size + 4, clause.size);
        if (!read_alternative(alternative, &name, &bits) ||
            (first.size > 0 && !bytes_equal_nocase(first, name))) {
            return false;
        }
        first = name;
        wanted |= bits;
    }
    const struct dimension *dimension = find_dimension(first);
    note_dimension(question, first);
    if (dimension != NULL) {
        struct metric_split *split = (struct metric_split *)((char *)question + dimension->split);
        split->apart = true;
        split->wanted &= wanted;
    }
    return first.size > 0;
}

static bool read_filter(struct arm_call *call, struct metric_question *question)
{
    struct buf text;
    bool good = true;
    buf_init(&text, 1024);
    question->shard.wanted = question->error.wanted = UINT64_MAX;
    if (arm_query(call, "$filter", &text)) {
        struct bytes rest = buf_bytes(&text);
        while (good && rest.size > 0) {
            struct bytes clause = bytes_slice(rest, 0, find_word(rest, " and "));
            rest = bytes_slice(rest, clause.size + 5, rest.size);
            good = read_clause(clause, question);
        }
    }
    if (!good) {
        arm_fail(&call->error, 400, "BadRequest",
                 "The filter '%.200s' is invalid: give dimensions and their values, ShardId eq '*' "
                 "and ErrorType eq 'Failover'.",
                 buf_string(&text));
    }
    buf_finish(&text);
    return good;
}

bool metric_split_has(const struct metric_split *split, int index)
{
    return (split->wanted >> index & 1) != 0;
}

static bool read_result_type(struct arm_call *call, struct metric_question *question)
{
    struct buf text;
    bool good = true;
    buf_init(&text, 64);
    if (arm_query(call, "resultType", &text)) {
        question->only_metadata = bytes_equal_string_nocase(buf_bytes(&text), "Metadata");
        good = question->only_metadata || bytes_equal_string_nocase(buf_bytes(&text), "Data") ||
               arm_fail(&call->error, 400, "BadRequest",
                        "The resultType '%.40s' is invalid: Data and Metadata are.",
                        buf_string(&text));
    }
    buf_finish(&text);
    return good;
}

bool metric_question_or_fail(struct arm_call *call, struct metric_question *question)
{
    *question = (struct metric_question){0};
    return read_span(call, question) && read_interval(call, question) &&
           read_aggregations(call, question) && read_result_type(call, question) &&
           read_filter(call, question);
}

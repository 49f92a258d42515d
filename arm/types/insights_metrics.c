/*
 * Microsoft.Insights' metrics, metricDefinitions and metricNamespaces of a resource. Only caches
 * have any; figures come from the host.
 */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/enterprise.h"
#include "arm/types/insights.h"
#include "arm/types/redis.h"

enum {
    MINUTE_MS = 60 * 1000,
    HOUR_MS = 60 * MINUTE_MS,
    MOST_POINTS = 20000,
    MOST_METRICS = 20,
    MOST_SPAN_DAYS = 93,
};

/* What the host calls the cache; memory_free. NULL: it is none. */
static char *cache_name(const struct arm_resource *resource)
{
    return resource->type == &arm_redis_type        ? string_duplicate(resource->name)
           : resource->type == &arm_enterprise_type ? arm_enterprise_cache_name(resource)
                                                    : NULL;
}

bool arm_metric_has(const struct arm_resource *resource)
{
    return resource->type == &arm_redis_type || resource->type == &arm_enterprise_type;
}

/* Azure Managed Redis has the metrics of the whole only. */
static bool metric_fits(const struct arm_resource *resource, const struct arm_metric *metric,
                        int numbered)
{
    return resource->type == &arm_redis_type ||
           (numbered == -1 && strncmp(metric->name, "all", 3) != 0);
}

int arm_metric_shards(const struct arm_service *service, const struct arm_resource *resource)
{
    char *name = service->host.cache_shards == NULL ? NULL : cache_name(resource);
    int shards = name == NULL
                     ? 0
                     : service->host.cache_shards(service->host.context, bytes_from_string(name));
    memory_free(name);
    return shards;
}

struct arm_sample arm_metric_sample(const struct arm_service *service,
                                    const struct arm_resource *resource, int shard,
                                    enum arm_figure figure, int64_t from_ms, int64_t to_ms)
{
    char *name = cache_name(resource);
    struct arm_sample sample = service->host.cache_sample(
        service->host.context, bytes_from_string(name), shard, figure, from_ms, to_ms);
    memory_free(name);
    return sample;
}

const char *arm_metric_namespace(const struct arm_resource *resource)
{
    return resource->type == &arm_redis_type        ? "Microsoft.Cache/redis"
           : resource->type == &arm_enterprise_type ? "Microsoft.Cache/redisEnterprise"
                                                    : resource->type_name;
}

/* ---- What is asked for ---- */

struct question {
    int64_t from_ms, to_ms, interval_ms;
    char interval[32];
    unsigned aggregations; /* 0: each metric's own first */
    bool split;            /* by shard */
    int shard;             /* -1: all */
};

/* Once more, for clients that encode twice. */
static void decode_again(struct buf *text)
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
static bool read_span(struct arm_call *call, struct question *question)
{
    struct buf text;
    int64_t length_ms = HOUR_MS, now_ms = clock_now_ms(call->service->clock);
    bool good = true;
    buf_init(&text, 512);
    question->to_ms = now_ms;
    question->from_ms = now_ms - HOUR_MS;
    if (arm_query(call, "timespan", &text) && text.size > 0) {
        decode_again(&text);
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

static bool read_interval(struct arm_call *call, struct question *question)
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

/* The next part of "a,b" from `*at` on; false at the end. */
static bool next_part(struct bytes list, size_t *at, struct bytes *part)
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

static bool read_aggregations(struct arm_call *call, struct question *question)
{
    struct buf text;
    struct bytes part;
    bool good = true;
    buf_init(&text, 256);
    if (arm_query(call, "aggregation", &text)) {
        for (size_t at = 0; good && next_part(buf_bytes(&text), &at, &part);) {
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

/* "ShardId eq '*'" splits, "ShardId eq '1'" picks. */
static void read_filter(struct arm_call *call, struct question *question)
{
    struct buf text;
    buf_init(&text, 512);
    question->shard = -1;
    if (arm_query(call, "$filter", &text)) {
        for (size_t i = 0; i < text.size; i++) {
            char byte = text.data[i];
            text.data[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
        }
        const char *name = strstr(buf_string(&text), "shardid");
        const char *value = name == NULL ? NULL : strchr(name, '\'');
        int64_t shard;
        if (value != NULL && value[1] == '*') {
            question->split = true;
        } else if (value != NULL &&
                   bytes_to_int64((struct bytes){value + 1, strcspn(value + 1, "'")}, &shard) &&
                   shard >= 0 && shard < 1000) {
            question->split = true;
            question->shard = (int)shard;
        }
    }
    buf_finish(&text);
}

/* ---- Answers ---- */

static void add_name(cJSON *item, const char *value, const char *shown)
{
    cJSON *name = cJSON_AddObjectToObject(item, "name");
    cJSON_AddStringToObject(name, "value", value);
    cJSON_AddStringToObject(name, "localizedValue", shown);
}

static void add_time(cJSON *item, const char *name, int64_t time_ms)
{
    char text[32];
    timestamp_format(time_ms, text);
    snprintf(text + 19, sizeof(text) - 19, "Z"); /* no fractions */
    cJSON_AddStringToObject(item, name, text);
}

static void add_point(cJSON *data, const struct arm_sample *sample, unsigned aggregations,
                      int64_t time_ms)
{
    cJSON *point = cJSON_CreateObject();
    cJSON_AddItemToArray(data, point);
    add_time(point, "timeStamp", time_ms);
    for (size_t i = 0; arm_aggregation_name(i) != NULL; i++) {
        double value;
        if ((aggregations & 1u << i) != 0 && arm_sample_value(sample, 1u << i, &value)) {
            char name[16];
            snprintf(name, sizeof(name), "%s", arm_aggregation_name(i));
            name[0] = (char)(name[0] - 'A' + 'a');
            cJSON_AddNumberToObject(point, name, value);
        }
    }
}

static unsigned first_of(unsigned aggregations)
{
    return aggregations & (~aggregations + 1);
}

static void add_series(const struct arm_call *call, const struct arm_resource *resource,
                       const struct question *question, const struct arm_metric *metric, int shard,
                       cJSON *list)
{
    unsigned aggregations =
        question->aggregations != 0 ? question->aggregations : first_of(metric->aggregations);
    cJSON *series = cJSON_CreateObject();
    cJSON *metadata = cJSON_AddArrayToObject(series, "metadatavalues");
    if (question->split && shard != -1) {
        cJSON *value = cJSON_CreateObject();
        char *text = string_format("%d", shard);
        add_name(value, "shardid", "shardid");
        cJSON_AddStringToObject(value, "value", text);
        memory_free(text);
        cJSON_AddItemToArray(metadata, value);
    }
    cJSON *data = cJSON_AddArrayToObject(series, "data");
    int64_t from_ms = question->from_ms - question->from_ms % MINUTE_MS;
    for (int64_t at_ms = from_ms; at_ms < question->to_ms; at_ms += question->interval_ms) {
        int64_t end_ms = at_ms + question->interval_ms;
        struct arm_sample sample =
            arm_metric_sample(call->service, resource, shard, metric->figure, at_ms,
                              end_ms < question->to_ms ? end_ms : question->to_ms);
        add_point(data, &sample, aggregations, at_ms);
    }
    cJSON_AddItemToArray(list, series);
}

static void add_metric(const struct arm_call *call, const struct arm_resource *resource,
                       const struct question *question, const struct arm_metric *metric,
                       int numbered, int shards, cJSON *list)
{
    cJSON *item = cJSON_CreateObject();
    char *digit = numbered == -1 ? string_duplicate("") : string_format("%d", numbered);
    char *name = string_format("%s%s", metric->name, digit);
    char *shown = numbered == -1 ? string_duplicate(metric->display_name)
                                 : string_format("%s (Shard %d)", metric->display_name, numbered);
    char *id = string_format("%s/providers/Microsoft.Insights/metrics/%s", resource->id, name);
    cJSON_AddStringToObject(item, "id", id);
    cJSON_AddStringToObject(item, "type", "Microsoft.Insights/metrics");
    add_name(item, name, shown);
    cJSON_AddStringToObject(item, "displayDescription", shown);
    cJSON_AddStringToObject(item, "unit", metric->unit);
    cJSON *series = cJSON_AddArrayToObject(item, "timeseries");
    bool shard_known = metric->dimensions[0] != '\0';
    if (numbered != -1) {
        if (numbered < shards) {
            add_series(call, resource, question, metric, numbered, series);
        }
    } else if (question->split && shard_known) {
        for (int i = 0; i < shards; i++) {
            if (question->shard == -1 || question->shard == i) {
                add_series(call, resource, question, metric, i, series);
            }
        }
    } else {
        add_series(call, resource, question, metric, -1, series);
    }
    cJSON_AddStringToObject(item, "errorCode", "Success");
    cJSON_AddItemToArray(list, item);
    memory_free(id);
    memory_free(shown);
    memory_free(name);
    memory_free(digit);
}

static bool fail_metric(struct arm_call *call, const struct arm_resource *resource,
                        struct bytes name)
{
    struct buf valid;
    buf_init(&valid, 700);
    for (size_t i = 0; i < arm_metric_count; i++) {
        buf_printf(&valid, "%s%s", i == 0 ? "" : ",", arm_metrics[i].name);
    }
    arm_fail(&call->error, 400, "BadRequest",
             "Failed to find metric configuration for provider: Microsoft.Cache, resource Type: "
             "%s, metric: %.*s, Valid metrics: %s",
             arm_type_leaf(arm_metric_namespace(resource)), (int)bytes_slice(name, 0, 80).size,
             name.data, buf_string(&valid));
    buf_finish(&valid);
    return false;
}

static bool add_metrics(struct arm_call *call, const struct arm_resource *resource,
                        const struct question *question, int shards, cJSON *list)
{
    struct buf names;
    struct bytes name;
    int count = 0;
    bool good = true;
    buf_init(&names, 4096);
    if (!arm_query(call, "metricnames", &names) || names.size == 0) {
        buf_append_string(&names, arm_metrics[0].name);
    }
    decode_again(&names);
    for (size_t at = 0; good && next_part(buf_bytes(&names), &at, &name);) {
        int numbered;
        const struct arm_metric *metric = arm_metric_find(name, &numbered);
        if (metric == NULL || !metric_fits(resource, metric, numbered)) {
            good = fail_metric(call, resource, name);
        } else if (++count > MOST_METRICS) {
            good = arm_fail(&call->error, 400, "BadRequest",
                            "At most %d metrics can be asked for at once.", MOST_METRICS);
        } else {
            add_metric(call, resource, question, metric, numbered, shards, list);
        }
    }
    buf_finish(&names);
    return good;
}

/* The resource that the path is about; NULL: an answer was found. */
static struct arm_resource *resource_or_fail(struct arm_call *call)
{
    const struct bytes *words = call->wildcards;
    if (arm_group_find(call->service, words[1]) == NULL) {
        arm_fail_group_not_found(&call->error, words[1]);
        return NULL;
    }
    char *path =
        string_format("%.*s/%.*s/%.*s", (int)words[2].size, words[2].data, (int)words[3].size,
                      words[3].data, (int)words[4].size, words[4].data);
    char *id = string_format("/subscriptions/%s/resourceGroups/%.*s/providers/%s",
                             call->service->config.subscription_id, (int)words[1].size,
                             words[1].data, path);
    struct arm_resource *resource = arm_resource_find_id(call->service, id);
    if (resource == NULL) {
        arm_fail_resource_not_found(&call->error, path, words[1]);
    }
    memory_free(id);
    memory_free(path);
    return resource;
}

static bool get_metrics(struct arm_call *call)
{
    struct question question = {0};
    struct arm_resource *resource = resource_or_fail(call);
    if (resource == NULL || !read_span(call, &question) || !read_interval(call, &question) ||
        !read_aggregations(call, &question)) {
        return false;
    }
    read_filter(call, &question);
    int shards = arm_metric_shards(call->service, resource);
    cJSON *body = cJSON_CreateObject();
    cJSON_AddNumberToObject(body, "cost",
                            (double)((question.to_ms - question.from_ms) / MINUTE_MS));
    char from[32], to[32];
    timestamp_format(question.from_ms, from);
    timestamp_format(question.to_ms, to);
    char *span = string_format("%.19sZ/%.19sZ", from, to);
    cJSON_AddStringToObject(body, "timespan", span);
    memory_free(span);
    cJSON_AddStringToObject(body, "interval", question.interval);
    cJSON *value = cJSON_AddArrayToObject(body, "value");
    if (arm_metric_has(resource) && !add_metrics(call, resource, &question, shards, value)) {
        cJSON_Delete(body);
        return false;
    }
    cJSON_AddStringToObject(body, "namespace", arm_metric_namespace(resource));
    cJSON_AddStringToObject(body, "resourceregion",
                            resource->location == NULL ? "global" : resource->location->name);
    arm_answer(call, 200, body);
    return true;
}

/* ---- Definitions ---- */

static void add_dimensions(cJSON *item, const char *dimensions)
{
    struct bytes part;
    if (dimensions[0] == '\0') {
        return;
    }
    cJSON *list = cJSON_AddArrayToObject(item, "dimensions");
    for (size_t at = 0; next_part(bytes_from_string(dimensions), &at, &part);) {
        cJSON *dimension = cJSON_CreateObject();
        cJSON_AddItemToObject(dimension, "value", arm_json_text_bytes(part));
        cJSON_AddItemToObject(dimension, "localizedValue", arm_json_text_bytes(part));
        cJSON_AddItemToArray(list, dimension);
    }
}

static void add_definition(cJSON *list, const struct arm_resource *resource,
                           const struct arm_metric *metric, int numbered)
{
    static const char *const grains[] = {"PT1M", "PT5M", "PT15M", "PT30M",
                                         "PT1H", "PT6H", "PT12H", "P1D"};
    cJSON *item = cJSON_CreateObject();
    char *name = numbered == -1 ? string_duplicate(metric->name)
                                : string_format("%s%d", metric->name, numbered);
    char *shown = numbered == -1 ? string_duplicate(metric->display_name)
                                 : string_format("%s (Shard %d)", metric->display_name, numbered);
    char *id =
        string_format("%s/providers/Microsoft.Insights/metricdefinitions/%s", resource->id, name);
    cJSON_AddStringToObject(item, "id", id);
    cJSON_AddStringToObject(item, "resourceId", resource->id);
    cJSON_AddStringToObject(item, "namespace", arm_metric_namespace(resource));
    add_name(item, name, shown);
    cJSON_AddStringToObject(item, "displayDescription", shown);
    cJSON_AddFalseToObject(item, "isDimensionRequired");
    cJSON_AddStringToObject(item, "unit", metric->unit);
    for (size_t i = 0; arm_aggregation_name(i) != NULL; i++) {
        if (first_of(metric->aggregations) == 1u << i) {
            cJSON_AddStringToObject(item, "primaryAggregationType", arm_aggregation_name(i));
        }
    }
    cJSON *supported = cJSON_AddArrayToObject(item, "supportedAggregationTypes");
    for (size_t i = 0; arm_aggregation_name(i) != NULL; i++) {
        if ((metric->aggregations & 1u << i) != 0) {
            cJSON_AddItemToArray(supported, cJSON_CreateString(arm_aggregation_name(i)));
        }
    }
    cJSON *availabilities = cJSON_AddArrayToObject(item, "metricAvailabilities");
    for (size_t i = 0; i < ARRAY_LEN(grains); i++) {
        cJSON *availability = cJSON_CreateObject();
        cJSON_AddStringToObject(availability, "timeGrain", grains[i]);
        cJSON_AddStringToObject(availability, "retention", "P93D");
        cJSON_AddItemToArray(availabilities, availability);
    }
    if (numbered == -1) {
        add_dimensions(item, metric->dimensions);
    }
    cJSON_AddItemToArray(list, item);
    memory_free(id);
    memory_free(shown);
    memory_free(name);
}

static bool get_definitions(struct arm_call *call)
{
    const struct arm_resource *resource = resource_or_fail(call);
    if (resource == NULL) {
        return false;
    }
    cJSON *body = cJSON_CreateObject();
    cJSON *value = cJSON_AddArrayToObject(body, "value");
    for (size_t i = 0; arm_metric_has(resource) && i < arm_metric_count; i++) {
        int last = arm_metrics[i].numbered ? ARM_NUMBERED_SHARDS : 0;
        for (int shard = -1; shard < last; shard++) {
            if (metric_fits(resource, &arm_metrics[i], shard)) {
                add_definition(value, resource, &arm_metrics[i], shard);
            }
        }
    }
    arm_answer(call, 200, body);
    return true;
}

static bool get_namespaces(struct arm_call *call)
{
    const struct arm_resource *resource = resource_or_fail(call);
    if (resource == NULL) {
        return false;
    }
    cJSON *body = cJSON_CreateObject(), *item = cJSON_CreateObject();
    const char *name = arm_metric_namespace(resource);
    char *id =
        string_format("%s/providers/microsoft.insights/metricNamespaces/%s", resource->id, name);
    cJSON_AddStringToObject(item, "id", id);
    cJSON_AddStringToObject(item, "type", "Microsoft.Insights/metricNamespaces");
    cJSON_AddStringToObject(item, "name", name);
    cJSON_AddStringToObject(item, "classification", "Platform");
    arm_json_put_text(item, "properties.metricNamespaceName", name);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(body, "value"), item);
    memory_free(id);
    arm_answer(call, 200, body);
    return true;
}

#define OF_RESOURCE "/subscriptions/{}/resourceGroups/{}/providers/{}/{}/{}/providers/"
static const struct arm_route routes[] = {
    {ARM_GET, OF_RESOURCE "Microsoft.Insights/metrics", get_metrics, "Microsoft.Insights/metrics"},
    {ARM_GET, OF_RESOURCE "Microsoft.Insights/metricDefinitions", get_definitions,
     "Microsoft.Insights/metricDefinitions"},
    {ARM_GET, OF_RESOURCE "Microsoft.Insights/metricNamespaces", get_namespaces,
     "Microsoft.Insights/metricNamespaces"},
};
const struct arm_module arm_module_insights_metrics = {NULL, 0, routes, ARRAY_LEN(routes)};

/*
 * Microsoft.Insights' metrics, metricDefinitions and metricNamespaces of a resource. Only caches
 * have any; figures come from the host.
 */
#include <stdio.h>
#include <string.h>

#include "arm/json.h"
#include "arm/types/enterprise.h"
#include "arm/types/insights.h"
#include "arm/types/insights_question.h"
#include "arm/types/redis.h"

enum { MINUTE_MS = 60 * 1000, MOST_METRICS = 20 };

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

/* Azure Managed Redis has the metrics of the whole only, and no passive geo-replication. */
static bool metric_fits(const struct arm_resource *resource, const struct arm_metric *metric,
                        int numbered)
{
    static const char *const missing[] = {"GeoReplicationConnectivityLag",
                                          "GeoReplicationDataSyncOffset",
                                          "GeoReplicationFullSyncEventFinished",
                                          "GeoReplicationFullSyncEventStarted",
                                          "ConnectedClientsUsingAADToken",
                                          "cachemissrate",
                                          "LatencyP99",
                                          "usedmemoryRss"};
    if (resource->type == &arm_redis_type) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(missing); i++) {
        if (strcmp(metric->name, missing[i]) == 0) {
            return false;
        }
    }
    return numbered == -1 && strncmp(metric->name, "all", 3) != 0;
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

static void add_dimension(cJSON *metadata, const char *name, const char *value)
{
    cJSON *item = cJSON_CreateObject();
    add_name(item, name, name);
    cJSON_AddStringToObject(item, "value", value);
    cJSON_AddItemToArray(metadata, item);
}

/* One line of the picture; shard and type of error are -1 where they are not told apart. */
static void add_series(const struct arm_call *call, const struct arm_resource *resource,
                       const struct metric_question *question, const struct arm_metric *metric,
                       int shard, int error, cJSON *list)
{
    unsigned aggregations =
        question->aggregations != 0 ? question->aggregations : first_of(metric->aggregations);
    cJSON *series = cJSON_CreateObject();
    cJSON *metadata = cJSON_AddArrayToObject(series, "metadatavalues");
    if (question->shard.apart && shard != -1) {
        char *text = string_format("%d", shard);
        add_dimension(metadata, "shardid", text);
        memory_free(text);
    }
    if (error != -1) {
        add_dimension(metadata, "errortype", arm_error_types[error].name);
    }
    cJSON_AddItemToArray(list, series);
    if (question->only_metadata) {
        return;
    }
    cJSON *data = cJSON_AddArrayToObject(series, "data");
    int64_t from_ms = question->from_ms - question->from_ms % MINUTE_MS;
    enum arm_figure figure = error == -1 ? metric->figure : arm_error_types[error].figure;
    for (int64_t at_ms = from_ms; at_ms < question->to_ms; at_ms += question->interval_ms) {
        int64_t end_ms = at_ms + question->interval_ms;
        struct arm_sample sample =
            arm_metric_sample(call->service, resource, shard, figure, at_ms,
                              end_ms < question->to_ms ? end_ms : question->to_ms);
        add_point(data, &sample, aggregations, at_ms);
    }
}

/* By type of error where that is asked for. */
static void add_split(const struct arm_call *call, const struct arm_resource *resource,
                      const struct metric_question *question, const struct arm_metric *metric,
                      int shard, cJSON *list)
{
    if (!question->error.apart || metric->figure != ARM_FIGURE_ERRORS) {
        add_series(call, resource, question, metric, shard, -1, list);
        return;
    }
    for (int i = 0; i < (int)arm_error_type_count; i++) {
        if (metric_split_has(&question->error, i)) {
            add_series(call, resource, question, metric, shard, i, list);
        }
    }
}

static void add_metric(const struct arm_call *call, const struct arm_resource *resource,
                       const struct metric_question *question, const struct arm_metric *metric,
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
            add_series(call, resource, question, metric, numbered, -1, series);
        }
    } else if (question->shard.apart && shard_known) {
        for (int i = 0; i < shards; i++) {
            if (metric_split_has(&question->shard, i)) {
                add_split(call, resource, question, metric, i, series);
            }
        }
    } else {
        add_split(call, resource, question, metric, -1, series);
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

/* A filter may name what the metric has; validatedimensions=false passes the rest over. */
static bool check_dimensions(struct arm_call *call, const struct metric_question *question,
                             const struct arm_metric *metric, int numbered)
{
    struct bytes asked, one;
    const char *has = numbered == -1 ? metric->dimensions : "";
    struct buf text;
    bool good = true, checked = true;
    buf_init(&text, 64);
    if (arm_query(call, "validatedimensions", &text)) {
        checked = !bytes_equal_string_nocase(buf_bytes(&text), "false");
    }
    buf_finish(&text);
    for (size_t at = 0; checked && good &&
                        metric_next_part(bytes_from_string(question->dimensions), &at, &asked);) {
        good = false;
        for (size_t i = 0; !good && metric_next_part(bytes_from_string(has), &i, &one);) {
            good = bytes_equal_nocase(asked, one);
        }
    }
    return good || arm_fail(&call->error, 400, "BadRequest",
                            "Metric: %s does not support requested dimension combination: %s, "
                            "supported ones are: %s, TraceId: {%s}",
                            metric->name, question->dimensions, has, call->request_id);
}

static bool add_metrics(struct arm_call *call, const struct arm_resource *resource,
                        const struct metric_question *question, int shards, cJSON *list)
{
    struct buf names;
    struct bytes name;
    int count = 0;
    bool good = true;
    buf_init(&names, 4096);
    if (!arm_query(call, "metricnames", &names) || names.size == 0) {
        buf_append_string(&names, arm_metrics[0].name);
    }
    metric_decode_again(&names);
    for (size_t at = 0; good && metric_next_part(buf_bytes(&names), &at, &name);) {
        int numbered;
        const struct arm_metric *metric = arm_metric_find(name, &numbered);
        if (metric == NULL || !metric_fits(resource, metric, numbered)) {
            good = fail_metric(call, resource, name);
        } else if (++count > MOST_METRICS) {
            good = arm_fail(&call->error, 400, "BadRequest",
                            "At most %d metrics can be asked for at once.", MOST_METRICS);
        } else if (!check_dimensions(call, question, metric, numbered)) {
            good = false;
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
    struct metric_question question;
    struct arm_resource *resource = resource_or_fail(call);
    if (resource == NULL || !metric_question_or_fail(call, &question)) {
        return false;
    }
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
    for (size_t at = 0; metric_next_part(bytes_from_string(dimensions), &at, &part);) {
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

/* What each type of action does is a row; a sequence is the steps of its actions, one by one. */
#include <math.h>
#include <string.h>

#include "emulator/actions_state.h"
#include "emulator/options.h"
#include "emulator/rladmin.h"

enum {
    MOST_MS = 24 * 3600 * 1000,
    MOST_OUTPUT = 1 << 20,
};

/* ---- Types ---- */

struct action_type {
    const char *name;
    const char *plane, *kind;     /* of the rule; kind NULL: `network_restore` */
    bool lasts;                   /* for `delay` seconds; otherwise it acts once */
    const char *attributes[3][2]; /* of the rule <- of the parameters */
};

static const struct action_type types[] = {
    {"failover", "redis", "failover", false, {{NULL}}},
    {"cluster_failover", "redis", "failover", false, {{NULL}}},
    {"reshard", "redis", "scale", false, {{NULL}}},
    {"cluster_reshard", "redis", "scale", false, {{NULL}}},
    {"migrate", "redis", "scale", false, {{NULL}}},
    {"cluster_migrate", "redis", "scale", false, {{NULL}}},
    {"bind", "redis", "scale", false, {{NULL}}},
    {"dmc_restart", "redis", "scale", false, {{NULL}}},
    {"node_restart", "redis", "reboot", false, {{NULL}}},
    {"maintenance_mode", "redis", "maintenance", false, {{NULL}}},
    {"network_failure", "tcp", "down", true, {{NULL}}},
    {"network_partition", "tcp", "timeout", true, {{NULL}}},
    {"network_latency", "tcp", "latency", true, {{"latency", "latency"}, {"jitter", "jitter"}}},
    {"network_bandwidth", "tcp", "bandwidth", true, {{"rate", "bandwidth"}}},
    {"network_restore", NULL, NULL, false, {{NULL}}},
};

static const char sequence_name[] = "sequence_of_actions";
static const char rladmin_name[] = "execute_rladmin_command";

static const struct action_type *find_type(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (strcmp(types[i].name, name) == 0) {
            return &types[i];
        }
    }
    return NULL;
}

/* In the order of the rows, then what is no row. */
static void list_names(const char *names[ARRAY_LEN(types) + 2])
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        names[i] = types[i].name;
    }
    names[ARRAY_LEN(types)] = sequence_name;
    names[ARRAY_LEN(types) + 1] = rladmin_name;
}

cJSON *actions_types(void)
{
    const char *names[ARRAY_LEN(types) + 2];

    list_names(names);
    return cJSON_CreateStringArray(names, ARRAY_LEN(names));
}

static void explain_type(const char *name, struct buf *error)
{
    const char *names[ARRAY_LEN(types) + 2];

    list_names(names);
    const char *nearest = nearest_name(bytes_from_string(name), names, ARRAY_LEN(names));
    buf_printf(error, "there is no action '%.100s'", name);
    if (nearest != NULL) {
        buf_printf(error, "; did you mean '%s'?", nearest);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        buf_printf(error, "%s%s", i == 0 ? "; there are " : ", ", names[i]);
    }
}

/* ---- Reading a request ---- */

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/*
 * Seconds as a number, a duration as text, or Go's nanoseconds: what is a million seconds or more
 * can only be that.
 */
static bool read_time(const cJSON *value, const char *name, int64_t *time_ms, struct buf *error)
{
    bool good = value == NULL;

    if (cJSON_IsNumber(value) && value->valuedouble >= 0) {
        double number = value->valuedouble;
        double milliseconds = number >= 1e6 ? number / 1e6 : number * 1000;
        *time_ms = milliseconds > MOST_MS ? MOST_MS + 1 : (int64_t)llround(milliseconds);
        good = *time_ms <= MOST_MS;
    } else if (cJSON_IsString(value)) {
        good = duration_parse(bytes_from_string(value->valuestring), time_ms) && *time_ms >= 0 &&
               *time_ms <= MOST_MS;
    }
    if (!good) {
        buf_printf(error, "'%s' must be a number of seconds or a duration, up to a day", name);
    }
    return good;
}

/* A name, or the number of a cache in the order of creation, from 1. */
static const struct cache *find_cache(const struct actions *actions, const cJSON *id)
{
    int64_t number = 0;

    if (cJSON_IsString(id)) {
        struct bytes name = bytes_from_string(id->valuestring);
        const struct cache *named = cache_host_find(actions->caches, name);
        if (named != NULL || !bytes_to_int64(name, &number)) {
            return named;
        }
    } else if (cJSON_IsNumber(id) && id->valuedouble >= 1 && id->valuedouble < 1e6) {
        number = (int64_t)id->valuedouble;
    }
    const struct cache *cache = cache_host_first(actions->caches);
    while (cache != NULL && --number > 0) {
        cache = cache->next;
    }
    return number < 0 ? NULL : cache;
}

static bool add_match(const struct actions *actions, const cJSON *parameters, cJSON *rule,
                      struct buf *error)
{
    const cJSON *id = member(parameters, "bdb_id");

    if (id == NULL) {
        return true; /* all caches */
    }
    const struct cache *cache = find_cache(actions, id);
    if (cache == NULL) {
        buf_append_string(error, "'bdb_id' must be the name of a cache, or its number from 1");
        return false;
    }
    cJSON *match = cJSON_AddObjectToObject(rule, "match");
    cJSON_AddStringToObject(match, "cache", cache->name);
    return true;
}

static bool add_step(struct action *action, const struct action_type *type, const cJSON *parameters,
                     int64_t delay_ms, struct buf *error)
{
    struct action_step *step = &action->steps[action->count];

    *step = (struct action_step){.delay_ms = delay_ms,
                                 .lasting_ms = type->lasts ? ACTION_DEFAULT_MS : ACTION_LIFE_MS};
    action->count++;
    if (type->kind == NULL) {
        return true;
    }
    step->rule = cJSON_CreateObject();
    cJSON_AddStringToObject(step->rule, "plane", type->plane);
    cJSON_AddStringToObject(step->rule, "type", type->kind);
    cJSON *attributes = cJSON_AddObjectToObject(step->rule, "attributes");
    for (size_t i = 0; i < ARRAY_LEN(type->attributes) && type->attributes[i][0] != NULL; i++) {
        const cJSON *value = member(parameters, type->attributes[i][1]);
        if (value != NULL) {
            cJSON_AddItemToObject(attributes, type->attributes[i][0], cJSON_Duplicate(value, true));
        }
    }
    if (type->lasts &&
        !read_time(member(parameters, "duration"), "duration", &step->lasting_ms, error)) {
        return false;
    }
    return add_match(action->owner, parameters, step->rule, error) &&
           (!type->lasts ||
            read_time(member(parameters, "delay"), "delay", &step->lasting_ms, error));
}

/* What an administrator would have typed: it tells something, or is another name of an action. */
static bool add_command(struct action *action, const cJSON *parameters, int64_t delay_ms,
                        struct buf *error)
{
    const cJSON *command = member(parameters, "rladmin_command");
    const char *type = NULL;
    struct buf output;

    if (!cJSON_IsString(command)) {
        buf_append_string(error, "'rladmin_command' must be a text");
        return false;
    }
    buf_init(&output, MOST_OUTPUT);
    bool good = rladmin_read(action->owner->caches, bytes_from_string(command->valuestring), &type,
                             &output, error);
    if (good && type != NULL) {
        good = add_step(action, find_type(type), parameters, delay_ms, error);
    } else if (good) {
        memory_free(action->output);
        action->output = string_duplicate(buf_string(&output));
    }
    buf_finish(&output);
    return good;
}

/*
 * One action, outside of a sequence or in it; parameters are called "params" there. An action of a
 * sequence may be nothing but the name of its type.
 */
static bool add_action(struct action *action, const cJSON *request, const cJSON *around,
                       int64_t delay_ms, struct buf *error)
{
    const cJSON *name = cJSON_IsString(request) ? request : member(request, "type");
    const cJSON *given = member(request, "parameters");

    if (!cJSON_IsString(name)) {
        buf_append_string(error, "an action needs a 'type'");
        return false;
    }
    const struct action_type *type = find_type(name->valuestring);
    bool command = strcmp(name->valuestring, rladmin_name) == 0;
    if (type == NULL && !command) {
        explain_type(name->valuestring, error);
        return false;
    }
    given = given != NULL ? given : member(request, "params");
    if (given != NULL && !cJSON_IsNull(given) && !cJSON_IsObject(given)) {
        buf_append_string(error, "'parameters' must be an object");
        return false;
    }
    /* The database of the sequence is that of its actions, unless they say otherwise. */
    cJSON *parameters = cJSON_IsObject(given) ? cJSON_Duplicate(given, true) : cJSON_CreateObject();
    const cJSON *database = member(around, "bdb_id");
    if (database != NULL && member(parameters, "bdb_id") == NULL) {
        cJSON_AddItemToObject(parameters, "bdb_id", cJSON_Duplicate(database, true));
    }
    if (action->type == NULL) {
        action->type = command ? rladmin_name : type->name;
    }
    bool good = command ? add_command(action, parameters, delay_ms, error)
                        : add_step(action, type, parameters, delay_ms, error);
    cJSON_Delete(parameters);
    return good;
}

static bool add_actions(struct action *action, const cJSON *list, const cJSON *parameters,
                        struct buf *error)
{
    const cJSON *item;

    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) < 1 ||
        cJSON_GetArraySize(list) > ACTION_MOST_STEPS) {
        buf_printf(error, "'actions' must be a list of 1 to %d actions", ACTION_MOST_STEPS);
        return false;
    }
    cJSON_ArrayForEach(item, list)
    {
        int64_t delay_ms = 0;
        if (!read_time(member(item, "delay"), "delay", &delay_ms, error) ||
            !add_action(action, item, parameters, delay_ms, error)) {
            return false;
        }
    }
    return true;
}

/* Jedis sends the list as a text that holds JSON. */
static bool add_sequence(struct action *action, const cJSON *parameters, struct buf *error)
{
    const cJSON *list = member(parameters, "actions");
    cJSON *parsed = cJSON_IsString(list) ? cJSON_Parse(list->valuestring) : NULL;

    action->type = sequence_name;
    bool good = add_actions(action, parsed != NULL ? parsed : list, parameters, error);
    cJSON_Delete(parsed);
    return good;
}

bool action_read(struct action *action, const cJSON *request, struct buf *error)
{
    const cJSON *type = member(request, "type");
    bool sequence = cJSON_IsString(type) && strcmp(type->valuestring, sequence_name) == 0;

    return sequence ? add_sequence(action, member(request, "parameters"), error)
                    : add_action(action, request, NULL, 0, error);
}

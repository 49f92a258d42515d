/* What each type of action does is a row; a sequence is the steps of its actions, one by one. */
#include "emulator/actions.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "emulator/options.h"

enum {
    MOST_ACTIONS = 200, /* older ones that have ended are forgotten */
    MOST_STEPS = 100,
    LIFE_MS = 2000, /* of rules that act once */
    DEFAULT_MS = 10000,
    MOST_MS = 24 * 3600 * 1000,
};

struct step {
    cJSON *rule; /* NULL: all rules of earlier actions go */
    int64_t delay_ms, lasting_ms;
};

enum status { PENDING, RUNNING, SUCCESS, FAILED };

struct action {
    struct actions *owner;
    struct action *next;
    struct timer timer;
    uint64_t number;
    const char *type; /* of its row */
    struct step steps[MOST_STEPS];
    size_t count, at;
    bool in_force;
    enum status status;
    char *error;
    char fault[64]; /* the rule of the present step */
    int64_t submitted_ms, started_ms, ended_ms;
};

struct actions {
    struct clock *clock;
    struct faults *faults;
    struct cache_host *caches;
    struct action *first; /* newest first */
    size_t count;
    uint64_t numbers;
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
    {"migrate", "redis", "scale", false, {{NULL}}},
    {"cluster_migrate", "redis", "scale", false, {{NULL}}},
    {"bind", "redis", "scale", false, {{NULL}}},
    {"dmc_restart", "redis", "scale", false, {{NULL}}},
    {"node_restart", "redis", "reboot", false, {{NULL}}},
    {"maintenance_mode", "redis", "maintenance", false, {{NULL}}},
    {"network_failure", "tcp", "timeout", true, {{NULL}}},
    {"network_partition", "tcp", "timeout", true, {{NULL}}},
    {"network_latency", "tcp", "latency", true, {{"latency", "latency"}, {"jitter", "jitter"}}},
    {"network_bandwidth", "tcp", "bandwidth", true, {{"rate", "bandwidth"}}},
    {"network_restore", NULL, NULL, false, {{NULL}}},
};

static const char sequence_name[] = "sequence_of_actions";

static const struct action_type *find_type(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (strcmp(types[i].name, name) == 0) {
            return &types[i];
        }
    }
    return NULL;
}

static void explain_type(const char *name, struct buf *error)
{
    const char *names[ARRAY_LEN(types) + 1];

    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        names[i] = types[i].name;
    }
    names[ARRAY_LEN(types)] = sequence_name;
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
    struct step *step = &action->steps[action->count];

    *step = (struct step){.delay_ms = delay_ms, .lasting_ms = type->lasts ? DEFAULT_MS : LIFE_MS};
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

/* One action, outside of a sequence or in it; parameters are called "params" there. */
static bool add_action(struct action *action, const cJSON *request, const cJSON *around,
                       int64_t delay_ms, struct buf *error)
{
    const cJSON *name = member(request, "type");
    const cJSON *given = member(request, "parameters");

    if (!cJSON_IsString(name)) {
        buf_append_string(error, "an action needs a 'type'");
        return false;
    }
    const struct action_type *type = find_type(name->valuestring);
    if (type == NULL) {
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
        action->type = type->name;
    }
    bool good = add_step(action, type, parameters, delay_ms, error);
    cJSON_Delete(parameters);
    return good;
}

static bool add_sequence(struct action *action, const cJSON *parameters, struct buf *error)
{
    const cJSON *list = member(parameters, "actions"), *item;

    action->type = sequence_name;
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) < 1 ||
        cJSON_GetArraySize(list) > MOST_STEPS) {
        buf_printf(error, "'actions' must be a list of 1 to %d actions", MOST_STEPS);
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

/* ---- Running ---- */

static void end(struct action *action, enum status status, const char *error)
{
    struct actions *actions = action->owner;

    clock_disarm(actions->clock, &action->timer);
    if (action->in_force) {
        faults_remove(actions->faults, bytes_from_string(action->fault));
        action->in_force = false;
    }
    action->status = status;
    action->ended_ms = clock_now_ms(actions->clock);
    action->error = error == NULL ? NULL : string_duplicate(error);
    log_info("action", "ended id=%llu type=%s status=%s", (unsigned long long)action->number,
             action->type, status == SUCCESS ? "success" : "failed");
}

static void end_others(struct action *action)
{
    for (struct action *other = action->owner->first; other != NULL; other = other->next) {
        if (other != action && other->status <= RUNNING) {
            end(other, SUCCESS, NULL);
        }
    }
}

static void begin_step(struct action *action)
{
    struct actions *actions = action->owner;
    struct step *step = &action->steps[action->at];
    struct buf error;
    cJSON *answer = NULL;

    if (step->rule == NULL) {
        end_others(action);
        clock_arm(actions->clock, &action->timer, clock_now_ms(actions->clock));
        return;
    }
    buf_init(&error, 4096);
    char *id = string_format("action-%llu-%zu", (unsigned long long)action->number, action->at);
    cJSON_AddStringToObject(step->rule, "id", id);
    if (faults_add(actions->faults, step->rule, &answer, &error) == FAULTS_DONE) {
        memcpy(action->fault, id, strlen(id) + 1);
        action->in_force = true;
        cJSON_Delete(answer);
        clock_arm(actions->clock, &action->timer, clock_now_ms(actions->clock) + step->lasting_ms);
    } else {
        end(action, FAILED, buf_string(&error));
    }
    memory_free(id);
    buf_finish(&error);
}

static void fire(struct timer *timer)
{
    struct action *action = CONTAINER_OF(timer, struct action, timer);
    struct actions *actions = action->owner;

    if (action->status == PENDING) {
        action->status = RUNNING;
        action->started_ms = clock_now_ms(actions->clock);
        begin_step(action);
        return;
    }
    if (action->in_force) {
        faults_remove(actions->faults, bytes_from_string(action->fault));
        action->in_force = false;
    }
    action->at++;
    if (action->at == action->count) {
        end(action, SUCCESS, NULL);
        return;
    }
    /* A delay is a step of its own: the timer comes back with the delay spent. */
    struct step *step = &action->steps[action->at];
    if (step->delay_ms > 0) {
        int64_t delay_ms = step->delay_ms;
        step->delay_ms = 0;
        action->at--;
        clock_arm(actions->clock, &action->timer, clock_now_ms(actions->clock) + delay_ms);
        return;
    }
    begin_step(action);
}

static void free_action(struct action *action)
{
    for (size_t i = 0; i < action->count; i++) {
        cJSON_Delete(action->steps[i].rule);
    }
    memory_free(action->error);
    memory_free(action);
}

/* The oldest that has ended makes room. False: all are running. */
static bool make_room(struct actions *actions)
{
    struct action **oldest = NULL;

    if (actions->count < MOST_ACTIONS) {
        return true;
    }
    for (struct action **at = &actions->first; *at != NULL; at = &(*at)->next) {
        oldest = (*at)->status > RUNNING ? at : oldest;
    }
    if (oldest == NULL) {
        return false;
    }
    struct action *gone = *oldest;
    *oldest = gone->next;
    free_action(gone);
    actions->count--;
    return true;
}

static const char *status_text(const struct action *action)
{
    static const char *const texts[] = {"pending", "running", "success", "failed"};
    return texts[action->status];
}

static void add_id(cJSON *document, const char *name, const struct action *action)
{
    char *id = string_format("%llu", (unsigned long long)action->number);
    cJSON_AddStringToObject(document, name, id);
    memory_free(id);
}

cJSON *actions_start(struct actions *actions, const cJSON *request, struct buf *error)
{
    const cJSON *type = member(request, "type");
    struct action *action = memory_allocate_zeroed(sizeof(*action));

    action->owner = actions;
    action->timer.fire = fire;
    bool sequence = cJSON_IsString(type) && strcmp(type->valuestring, sequence_name) == 0;
    bool good = sequence ? add_sequence(action, member(request, "parameters"), error)
                         : add_action(action, request, NULL, 0, error);
    if (good && !make_room(actions)) {
        buf_printf(error, "%d actions are running already", MOST_ACTIONS);
        good = false;
    }
    if (!good) {
        free_action(action);
        return NULL;
    }
    action->number = ++actions->numbers;
    action->submitted_ms = clock_now_ms(actions->clock);
    action->next = actions->first;
    actions->first = action;
    actions->count++;
    clock_arm(actions->clock, &action->timer, action->submitted_ms + action->steps[0].delay_ms);
    cJSON *answer = cJSON_CreateObject();
    add_id(answer, "action_id", action);
    cJSON_AddStringToObject(answer, "status", status_text(action));
    return answer;
}

/* ---- Showing ---- */

static void add_time(cJSON *document, const char *name, int64_t time_ms)
{
    char text[32];

    if (time_ms != 0) {
        timestamp_format(time_ms, text);
        cJSON_AddStringToObject(document, name, text);
    }
}

cJSON *actions_show(const struct actions *actions, struct bytes id)
{
    int64_t number;
    const struct action *action = actions->first;

    while (action != NULL && (!bytes_to_int64(id, &number) || action->number != (uint64_t)number)) {
        action = action->next;
    }
    if (action == NULL) {
        return NULL;
    }
    cJSON *document = cJSON_CreateObject();
    add_id(document, "action_id", action);
    cJSON_AddStringToObject(document, "status", status_text(action));
    if (action->error != NULL) {
        cJSON_AddStringToObject(document, "error", action->error);
    } else {
        cJSON_AddNullToObject(document, "error");
    }
    cJSON_AddNumberToObject(
        document, "progress",
        action->status == SUCCESS ? 100.0 : 100.0 * (double)action->at / (double)action->count);
    add_time(document, "start_time", action->started_ms);
    add_time(document, "end_time", action->ended_ms);
    return document;
}

cJSON *actions_list(const struct actions *actions)
{
    cJSON *document = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(document, "actions");

    for (const struct action *action = actions->first; action != NULL; action = action->next) {
        cJSON *item = cJSON_CreateObject();
        add_id(item, "job_id", action);
        cJSON_AddStringToObject(item, "action_type", action->type);
        cJSON_AddStringToObject(item, "status", status_text(action));
        add_time(item, "submitted_at", action->submitted_ms);
        cJSON_AddItemToArray(list, item);
    }
    return document;
}

/* ---- Life ---- */

struct actions *actions_create(struct clock *clock, struct faults *faults,
                               struct cache_host *caches)
{
    struct actions *actions = memory_allocate_zeroed(sizeof(*actions));
    *actions = (struct actions){.clock = clock, .faults = faults, .caches = caches};
    return actions;
}

void actions_clear(struct actions *actions)
{
    while (actions->first != NULL) {
        struct action *action = actions->first;
        if (action->status <= RUNNING) {
            end(action, SUCCESS, NULL);
        }
        actions->first = action->next;
        free_action(action);
    }
    actions->count = 0;
}

void actions_destroy(struct actions *actions)
{
    if (actions != NULL) {
        actions_clear(actions);
        memory_free(actions);
    }
}

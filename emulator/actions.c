/* Actions on the clock: each step a fault rule for a while. */
#include <string.h>

#include "base/log.h"
#include "emulator/actions_state.h"

enum { MOST_ACTIONS = 200 }; /* older ones that have ended are forgotten */

/* ---- Running ---- */

static void end(struct action *action, enum action_status status, const char *error)
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
             action->type, status == ACTION_SUCCESS ? "success" : "failed");
}

static void end_others(struct action *action)
{
    for (struct action *other = action->owner->first; other != NULL; other = other->next) {
        if (other != action && other->status <= ACTION_RUNNING) {
            end(other, ACTION_SUCCESS, NULL);
        }
    }
}

static void begin_step(struct action *action)
{
    struct actions *actions = action->owner;
    struct action_step *step = &action->steps[action->at];
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
        end(action, ACTION_FAILED, buf_string(&error));
    }
    memory_free(id);
    buf_finish(&error);
}

static void fire(struct timer *timer)
{
    struct action *action = CONTAINER_OF(timer, struct action, timer);
    struct actions *actions = action->owner;

    if (action->status == ACTION_PENDING) {
        action->status = ACTION_RUNNING;
        action->started_ms = clock_now_ms(actions->clock);
        if (action->count == 0) {
            end(action, ACTION_SUCCESS, NULL); /* it only tells something */
        } else {
            begin_step(action);
        }
        return;
    }
    if (action->in_force) {
        faults_remove(actions->faults, bytes_from_string(action->fault));
        action->in_force = false;
    }
    action->at++;
    if (action->at == action->count) {
        end(action, ACTION_SUCCESS, NULL);
        return;
    }
    /* A delay is a step of its own: the timer comes back with the delay spent. */
    struct action_step *step = &action->steps[action->at];
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
    memory_free(action->output);
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
        oldest = (*at)->status > ACTION_RUNNING ? at : oldest;
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
    struct action *action = memory_allocate_zeroed(sizeof(*action));

    action->owner = actions;
    action->timer.fire = fire;
    bool good = action_read(action, request, error);
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
    if (action->output != NULL && action->status == ACTION_SUCCESS) {
        cJSON_AddStringToObject(cJSON_AddObjectToObject(document, "output"), "output",
                                action->output);
    }
    cJSON_AddNumberToObject(document, "progress",
                            action->status == ACTION_SUCCESS || action->count == 0
                                ? 100.0
                                : 100.0 * (double)action->at / (double)action->count);
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
        if (action->status <= ACTION_RUNNING) {
            end(action, ACTION_SUCCESS, NULL);
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

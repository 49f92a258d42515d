/* Steps of faults on whole caches, and their traces in the journal. */
#include "emulator/fault_actions.h"

#include <string.h>

#include "arm/interference.h"
#include "base/log.h"
#include "emulator/app.h"
#include "emulator/cache_nodes.h"

/* ---- Steps ---- */

/* True: the cache has windows, and its maintenance takes its own course from here. */
static bool plan(struct app *app, struct cache *cache, const struct fault_verdict *verdict)
{
    int64_t now_ms = clock_now_ms(app->clock);
    bool windows = cache->maintenance.count > 0;
    if (verdict->plan_ms >= 0) {
        int64_t starts_ms =
            maintenance_windows_next(&cache->maintenance, now_ms + verdict->plan_ms);
        maintenance_windows_note(&cache->maintenance, now_ms, starts_ms);
        if (windows) {
            cache_host_maintain(app->caches, cache, -1, starts_ms, verdict->serial);
        }
    }
    return windows;
}

static bool stands(void *context, uint64_t owner)
{
    const struct app *app = context;
    return faults_acting(app->faults, owner);
}

void fault_actions_call_off(struct app *app)
{
    cache_nodes_call_off(app->caches, stands, app);
}

static void act(struct app *app, struct cache *cache, const struct fault_verdict *verdict)
{
    int64_t starts_at_ms =
        verdict->event_starts_ms <= 0 ? -1 : clock_now_ms(app->clock) + verdict->event_starts_ms;

    if (verdict->planned && plan(app, cache, verdict)) {
        return;
    }
    if (verdict->event != NULL) {
        cache_nodes_tell(cache, -1, verdict->event, starts_at_ms, verdict->event_replica);
    }
    if (verdict->cut) {
        cache_nodes_cut(cache, -1, "a fault");
    }
    if (verdict->zone != '\0') {
        cache_nodes_lose_zone(app->caches, cache, verdict->zone);
    }
    /* Without a replica nobody takes over, and the data is gone. */
    if (verdict->promote && cache->replicas > 0) {
        cache_nodes_promote(app->caches, cache, -1);
    } else if (verdict->promote || verdict->lose_data) {
        cache_nodes_lose_data(app->caches, cache, -1);
    }
}

void fault_actions_step(void *context, const struct fault_rule *rule,
                        const struct fault_verdict *verdict)
{
    struct app *app = context;

    for (struct cache *cache = cache_host_first(app->caches), *next; cache != NULL; cache = next) {
        struct bytes name = bytes_from_string(cache->name);
        next = cache->next;
        if (!fault_match_fits_key(&rule->match, FAULT_KEY_CACHE, name)) {
            continue;
        }
        log_info("fault", "acted on a cache rule=%s type=%s name=%s", rule->id, rule->kind->name,
                 cache->name);
        act(app, cache, verdict);
        journal_blame(app->journal, bytes_from_string(rule->id));
        journal_add(app->journal,
                    &(struct journal_event){
                        .plane = "redis",
                        .texts =
                            {
                                [JOURNAL_OPERATION] = bytes_from_string(rule->kind->name),
                                [JOURNAL_CACHE] = name,
                                [JOURNAL_OUTCOME] = bytes_from_string(
                                    verdict->event == NULL ? "done" : verdict->event),
                            },
                        .database = -1,
                        .ttl_ms = JOURNAL_TTL_ABSENT,
                        .duration_us = -1,
                    });
        if (verdict->rotate_key != NULL) {
            arm_service_rotate_key(management_service(app->management), name, verdict->rotate_key);
        }
    }
}

/* ---- The journal ---- */

/* What is told of elsewhere, and only has to name the fault. */
static bool recorded_anyway(const struct app *app, const struct fault_subject *subject)
{
    switch (subject->plane) {
    case FAULT_ARM:
    case FAULT_MONITOR:
    case FAULT_ENTRA:
    case FAULT_KEYVAULT:
        return true;
    case FAULT_REDIS:
        return subject->moment == FAULT_AT_REQUEST && app->recorder.commands;
    default:
        return subject->moment == FAULT_AT_POLL;
    }
}

static const char *outcome_of(const struct fault_verdict *verdict)
{
    return verdict->error[0] != '\0'          ? verdict->error
           : verdict->code[0] != '\0'         ? verdict->code
           : verdict->drop_answer             ? "answer dropped"
           : verdict->lose_message            ? "message lost"
           : verdict->stall_handshake         ? "stalled"
           : verdict->no_such_name            ? "no such name"
           : verdict->later_ms != 0           ? "postponed"
           : verdict->silent || verdict->down ? "no answer"
           : verdict->delay_ms > 0            ? "late"
                                              : "changed";
}

/* Azure Monitor counts what Redis says of backups that fail. */
static void note_persistence(struct app *app, const struct fault_subject *subject,
                             const struct fault_verdict *verdict)
{
    const struct cache *cache = strncmp(verdict->error, "MISCONF", 7) == 0
                                    ? cache_host_find(app->caches, subject->values[FAULT_KEY_CACHE])
                                    : NULL;
    if (cache != NULL) {
        cache_host_trouble(app->caches, cache, -1,
                           cache->appends ? ARM_FIGURE_AOF_ERRORS : ARM_FIGURE_RDB_ERRORS);
    }
}

void fault_actions_fired(void *context, const struct fault_subject *subject,
                         const struct fault_verdict *verdict)
{
    static const enum fault_key names[] = {FAULT_KEY_COMMAND, FAULT_KEY_OPERATION, FAULT_KEY_NAME};
    struct app *app = context;
    struct bytes operation = {0}, outcome = bytes_from_string(outcome_of(verdict));

    note_persistence(app, subject, verdict);
    if (recorded_anyway(app, subject)) {
        journal_blame(app->journal, bytes_from_string(verdict->rule));
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(names) && operation.size == 0; i++) {
        operation = subject->values[names[i]];
    }
    if (operation.size == 0) {
        operation = subject->plane == FAULT_TLS ? BYTES("handshake") : BYTES("connect");
    }
    journal_blame(app->journal, bytes_from_string(verdict->rule));
    journal_add(app->journal,
                &(struct journal_event){
                    .plane = fault_plane_name(subject->plane),
                    .texts =
                        {
                            [JOURNAL_OPERATION] = operation,
                            [JOURNAL_CACHE] = subject->values[FAULT_KEY_CACHE],
                            [JOURNAL_CLIENT] = subject->values[FAULT_KEY_ADDRESS],
                            [JOURNAL_CLIENT_NAME] = subject->plane == FAULT_REDIS
                                                        ? subject->values[FAULT_KEY_CLIENT]
                                                        : (struct bytes){0},
                            [JOURNAL_OUTCOME] = bytes_slice(outcome, 0, bytes_find(outcome, ' ')),
                        },
                    .keys = subject->keys,
                    .key_count = subject->key_count,
                    .database = -1,
                    .failed = true,
                    .ttl_ms = JOURNAL_TTL_ABSENT,
                    .duration_us = -1,
                });
}

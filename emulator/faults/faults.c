/* Rules in order, and the question. */
#include "emulator/faults/faults.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "emulator/faults/engine.h"

/* ---- Listeners ---- */

void faults_listen(struct faults *faults, struct faults_listener *listener)
{
    if (listener->at != NULL) {
        return;
    }
    listener->next = faults->listeners;
    listener->at = &faults->listeners;
    if (listener->next != NULL) {
        listener->next->at = &listener->next;
    }
    faults->listeners = listener;
}

void faults_leave(struct faults *faults, struct faults_listener *listener)
{
    if (listener->at == NULL) {
        return;
    }
    if (faults->told == listener) {
        faults->told = listener->next;
    }
    *listener->at = listener->next;
    if (listener->next != NULL) {
        listener->next->at = listener->at;
    }
    listener->at = NULL;
}

/* Takes steps of its own, and fires once: when it becomes active. */
static bool has_steps(const struct fault_rule *rule)
{
    return (rule->kind->moments & FAULT_BIT(FAULT_AT_STEP)) != 0;
}

static bool spent(const struct fault_rule *rule)
{
    return rule->times > 0 && rule->fired >= rule->times && !has_steps(rule);
}

static void summarize(struct faults *faults)
{
    faults->summary.planes = 0;
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault_rule *rule = faults->rules[i];
        if (rule->active && !spent(rule)) {
            faults->summary.planes |= FAULT_BIT(rule->plane);
        }
    }
}

/* Listeners may leave while they are told. */
static void tell(struct faults *faults)
{
    if (faults->held > 0) {
        faults->untold = true;
        return;
    }
    faults->untold = false;
    summarize(faults);
    for (struct faults_listener *listener = faults->listeners; listener != NULL;
         listener = faults->told) {
        faults->told = listener->next;
        listener->changed(listener);
    }
    faults->told = NULL;
}

void faults_hold(struct faults *faults)
{
    faults->held++;
}

void faults_release(struct faults *faults)
{
    if (--faults->held == 0 && faults->untold) {
        tell(faults);
    }
}

/* ---- The life of a rule ---- */

static void take_step(struct fault_rule *rule)
{
    struct faults *faults = rule->owner;
    struct fault_verdict *verdict = memory_allocate_zeroed(sizeof(*verdict));
    const struct fault_subject subject = {
        .plane = rule->plane,
        .moment = FAULT_AT_STEP,
        .step = rule->step,
    };
    int64_t now_ms = clock_now_ms(faults->config.clock);
    struct fault view = fault_rule_view(rule, now_ms, faults->config.random);

    if (rule->kind->decide(&view, &subject, verdict)) {
        fault_copy(rule->id, verdict->rule, sizeof(verdict->rule));
        verdict->serial = rule->serial;
        rule->hits += rule->step == 0 ? 1 : 0;
        rule->fired += rule->step == 0 ? 1 : 0;
        rule->step++;
        log_debug("fault", "step rule=%s type=%s step=%u", rule->id, rule->kind->name, rule->step);
        if (verdict->next_ms >= 0) {
            clock_arm(faults->config.clock, &rule->next_step, now_ms + verdict->next_ms);
        }
        if (faults->config.step != NULL) {
            faults->config.step(faults->config.context, rule, verdict);
        }
    }
    memory_free(verdict);
}

static void step_due(struct timer *timer)
{
    take_step(CONTAINER_OF(timer, struct fault_rule, next_step));
}

static void edge_reached(struct timer *timer);

static void begin(struct fault_rule *rule)
{
    struct faults *faults = rule->owner;

    rule->active = true;
    rule->activated = ++faults->order;
    if (rule->ends_ms != INT64_MAX) {
        clock_arm(faults->config.clock, &rule->edge, rule->ends_ms);
    }
    log_debug("fault", "began rule=%s type=%s", rule->id, rule->kind->name);
    tell(faults);
    if (has_steps(rule) && rule->step == 0 &&
        (rule->probability >= 1 || random_unit(faults->config.random) < rule->probability)) {
        take_step(rule);
    }
}

static void end(struct fault_rule *rule)
{
    struct faults *faults = rule->owner;

    rule->active = false;
    clock_disarm(faults->config.clock, &rule->edge);
    clock_disarm(faults->config.clock, &rule->next_step);
    log_debug("fault", "ended rule=%s type=%s", rule->id, rule->kind->name);
    tell(faults);
}

static void edge_reached(struct timer *timer)
{
    struct fault_rule *rule = CONTAINER_OF(timer, struct fault_rule, edge);

    if (rule->active) {
        end(rule);
    } else {
        begin(rule);
    }
}

void faults_settle(struct fault_rule *rule)
{
    struct clock *clock = rule->owner->config.clock;
    int64_t now_ms = clock_now_ms(clock);

    if (!rule->enabled || now_ms >= rule->ends_ms) {
        return;
    }
    if (now_ms >= rule->begins_ms) {
        begin(rule);
    } else {
        clock_arm(clock, &rule->edge, rule->begins_ms);
    }
}

void faults_open_window(struct fault_rule *rule, int64_t now_ms)
{
    rule->begins_ms = now_ms + rule->start_after_ms;
    rule->ends_ms = rule->duration_ms == 0 ? INT64_MAX : rule->begins_ms + rule->duration_ms;
}

/* ---- The lists ---- */

/* Behind those of the same priority that were there before. */
static void list_insert(struct fault_list *list, struct fault_rule *rule)
{
    size_t at = list->count;

    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 8 : list->capacity * 2;
        list->rules = memory_resize(list->rules, list->capacity * sizeof(*list->rules));
    }
    while (at > 0 && (list->rules[at - 1]->priority > rule->priority ||
                      (list->rules[at - 1]->priority == rule->priority &&
                       list->rules[at - 1]->place > rule->place))) {
        list->rules[at] = list->rules[at - 1];
        at--;
    }
    list->rules[at] = rule;
    list->count++;
}

static void list_remove(struct fault_list *list, const struct fault_rule *rule)
{
    size_t at = 0;
    while (list->rules[at] != rule) {
        at++;
    }
    memmove(&list->rules[at], &list->rules[at + 1], (--list->count - at) * sizeof(*list->rules));
}

void faults_place(struct faults *faults, struct fault_rule *rule, size_t at)
{
    if (faults->count == faults->capacity) {
        faults->capacity = faults->capacity == 0 ? 8 : faults->capacity * 2;
        faults->rules = memory_resize(faults->rules, faults->capacity * sizeof(*faults->rules));
    }
    memmove(&faults->rules[at + 1], &faults->rules[at],
            (faults->count++ - at) * sizeof(*faults->rules));
    faults->rules[at] = rule;
    rule->owner = faults;
    rule->edge.fire = edge_reached;
    rule->next_step.fire = step_due;
    list_insert(&faults->planes[rule->plane], rule);
}

void faults_take_out(struct faults *faults, size_t at)
{
    struct fault_rule *rule = faults->rules[at];

    clock_disarm(faults->config.clock, &rule->edge);
    clock_disarm(faults->config.clock, &rule->next_step);
    list_remove(&faults->planes[rule->plane], rule);
    memmove(&faults->rules[at], &faults->rules[at + 1],
            (--faults->count - at) * sizeof(*faults->rules));
    tell(faults);
}

size_t faults_index(const struct faults *faults, struct bytes id)
{
    size_t at = 0;
    while (at < faults->count && !bytes_equal_string(id, faults->rules[at]->id)) {
        at++;
    }
    return at;
}

/* ---- The question ---- */

static bool asked(const struct fault_rule *rule, const struct fault_subject *subject)
{
    return rule->active && (rule->kind->moments & FAULT_BIT(subject->moment)) != 0 &&
           rule->activated > subject->since && !spent(rule) &&
           (!has_steps(rule) || rule->step > 0) &&
           (subject->only_keys == 0 || (rule->match.keys & subject->only_keys) != 0) &&
           fault_match_fits(&rule->match, subject);
}

/* Whether it is this rule's turn, by its counts and by chance. */
static bool fires(struct faults *faults, struct fault_rule *rule)
{
    if (++rule->hits <= rule->after) {
        return false;
    }
    if (rule->probability < 1 && random_unit(faults->config.random) >= rule->probability) {
        return false;
    }
    rule->fired++;
    if (spent(rule)) {
        summarize(faults);
    }
    return true;
}

bool faults_decide(struct faults *faults, const struct fault_subject *subject,
                   struct fault_verdict *verdict)
{
    const struct fault_list *list = &faults->planes[subject->plane];
    int64_t now_ms = list->count == 0 ? 0 : clock_now_ms(faults->config.clock);
    bool touched = false;

    for (size_t i = 0; i < list->count; i++) {
        struct fault_rule *rule = list->rules[i];
        if (!asked(rule, subject)) {
            continue;
        }
        struct fault view = fault_rule_view(rule, now_ms, faults->config.random);
        *verdict = (struct fault_verdict){.byte_limit = -1};
        touched = true;
        if (!rule->kind->decide(&view, subject, verdict)) {
            continue;
        }
        if (!verdict->quiet && !has_steps(rule) && !fires(faults, rule)) {
            continue;
        }
        fault_copy(rule->id, verdict->rule, sizeof(verdict->rule));
        verdict->serial = rule->serial;
        if (!verdict->quiet) {
            log_debug("fault", "fired rule=%s type=%s plane=%s", rule->id, rule->kind->name,
                      fault_plane_name(rule->plane));
            if (faults->config.fired != NULL) {
                faults->config.fired(faults->config.context, subject, verdict);
            }
        }
        return true;
    }
    if (touched) {
        *verdict = (struct fault_verdict){.byte_limit = -1};
    }
    return false;
}

bool faults_port_down(const struct faults *faults, struct bytes port)
{
    const struct fault_list *list = &faults->planes[FAULT_TCP];
    struct fault_subject subject = {.plane = FAULT_TCP, .moment = FAULT_AT_CONNECT};

    subject.values[FAULT_KEY_PORT] = port;
    for (size_t i = 0; i < list->count; i++) {
        const struct fault_rule *rule = list->rules[i];
        struct fault_verdict verdict = {0};
        struct fault view = fault_rule_view(rule, 0, NULL);
        bool certain = rule->probability >= 1 && rule->times == 0 && rule->after == 0;
        if (certain && asked(rule, &subject) && rule->kind->decide(&view, &subject, &verdict) &&
            verdict.down) {
            return true;
        }
    }
    return false;
}

bool faults_acting(const struct faults *faults, uint64_t serial)
{
    for (size_t i = 0; i < faults->count; i++) {
        if (faults->rules[i]->serial == serial) {
            return faults->rules[i]->active;
        }
    }
    return false;
}

uint64_t faults_order(const struct faults *faults)
{
    return faults->order;
}

struct random *faults_random(struct faults *faults)
{
    return faults->config.random;
}

/* ---- Life ---- */

struct faults *faults_create(const struct faults_config *config)
{
    struct faults *faults = memory_allocate_zeroed(sizeof(*faults));
    faults->config = *config;
    return faults;
}

void faults_clear(struct faults *faults)
{
    faults_hold(faults);
    while (faults->count > 0) {
        struct fault_rule *rule = faults->rules[faults->count - 1];
        faults_take_out(faults, faults->count - 1);
        fault_rule_destroy(rule);
    }
    faults_release(faults);
}

void faults_destroy(struct faults *faults)
{
    if (faults == NULL) {
        return;
    }
    faults->listeners = NULL;
    faults_clear(faults);
    for (size_t i = 0; i < FAULT_PLANES; i++) {
        memory_free(faults->planes[i].rules);
    }
    memory_free(faults->rules);
    memory_free(faults);
}

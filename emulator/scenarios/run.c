/* Steps: when they fall due, what they do, and how they fared. */
#include "emulator/scenarios/run.h"

#include <string.h>

#include "base/log.h"
#include "emulator/journal_match.h"
#include "emulator/journal_verify.h"
#include "emulator/scenarios/scenario.h"

enum step_state { STEP_WAITING, STEP_DUE, STEP_DONE, STEP_FAILED };

struct step {
    struct scenario_run *run;
    const cJSON *document;
    struct timer timer;
    enum step_state state;
    bool awaits; /* a request that fits `when` */
    struct journal_match when;
    int64_t seen, wanted, wait_ms, done_ms;
    char *message;
};

struct scenario_run {
    const struct scenarios_config *config;
    const cJSON *document;
    int64_t started_ms;
    uint64_t since; /* number of the last request before it */
    char *cache;    /* empty: all */
    struct step *steps;
    int count;
    struct loop_task advance; /* a clock cannot be moved from within its own timers */
    int64_t advance_ms;
    bool clock_touched;
    enum clock_mode mode;
    double scale;
};

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static struct clock *clock_of(const struct scenario_run *run)
{
    return run->config->loop->clock;
}

static int64_t duration_of(const cJSON *value)
{
    int64_t duration_ms = 0;
    if (cJSON_IsString(value)) {
        duration_parse(bytes_from_string(value->valuestring), &duration_ms);
    }
    return duration_ms;
}

/* ---- What a step does ---- */

static void fail(struct step *step, const char *message)
{
    step->state = STEP_FAILED;
    if (step->message == NULL) {
        step->message = string_duplicate(message);
    }
}

/* Faults of the data plane that name no cache. */
static void narrow(cJSON *rule, const char *cache)
{
    static const char *const planes[] = {"redis", "tcp", "tls"};
    const char *plane = cJSON_GetStringValue(member(rule, "plane"));

    for (size_t i = 0; cache[0] != '\0' && plane != NULL && i < ARRAY_LEN(planes); i++) {
        if (strcmp(plane, planes[i]) != 0) {
            continue;
        }
        cJSON *match = cJSON_GetObjectItemCaseSensitive(rule, "match");
        if (match == NULL) {
            match = cJSON_AddObjectToObject(rule, "match");
        }
        if (member(match, "cache") == NULL) {
            cJSON_AddStringToObject(match, "cache", cache);
        }
    }
}

static void add_faults(struct step *step, int index)
{
    const struct scenario_run *run = step->run;
    cJSON *rule;

    for (int i = 0; (rule = scenario_fault(run->document, index, i)) != NULL; i++) {
        struct buf error;
        cJSON *answer = NULL;
        buf_init(&error, 4096);
        narrow(rule, run->cache);
        /* A step may come again with the same fault: the new one counts. */
        faults_remove(run->config->faults, bytes_from_string(member(rule, "id")->valuestring));
        if (faults_add(run->config->faults, rule, &answer, &error) != FAULTS_DONE) {
            fail(step, buf_string(&error));
        }
        cJSON_Delete(answer);
        cJSON_Delete(rule);
        buf_finish(&error);
    }
}

static void remove_all_faults(const struct scenario_run *run)
{
    const cJSON *document = run->document;
    cJSON *rule;

    for (int step = 0; step < run->count; step++) {
        for (int i = 0; (rule = scenario_fault(document, step, i)) != NULL; i++) {
            faults_remove(run->config->faults, bytes_from_string(member(rule, "id")->valuestring));
            cJSON_Delete(rule);
        }
    }
}

static void remove_faults(const struct scenario_run *run, const cJSON *value)
{
    const cJSON *label = cJSON_IsArray(value) ? value->child : value;

    for (; label != NULL; label = cJSON_IsArray(value) ? label->next : NULL) {
        if (strcmp(label->valuestring, "all") == 0) {
            remove_all_faults(run);
            continue;
        }
        char *id = scenario_fault_id(run->document, label->valuestring);
        faults_remove(run->config->faults, bytes_from_string(id));
        memory_free(id);
    }
}

static void tell_clock_changed(const struct scenario_run *run)
{
    if (run->config->clock_changed != NULL) {
        run->config->clock_changed(run->config->context);
    }
}

static void advance(struct loop_task *task)
{
    struct scenario_run *run = CONTAINER_OF(task, struct scenario_run, advance);
    const struct scenario_run kept = *run; /* what falls due may end the scenario */

    run->advance_ms = 0;
    clock_advance(clock_of(&kept), kept.advance_ms);
    tell_clock_changed(&kept);
}

static void change_clock(struct scenario_run *run, const cJSON *value)
{
    struct clock *clock = clock_of(run);
    const cJSON *mode = member(value, "mode"), *scale = member(value, "scale");

    if (value == NULL) {
        return;
    }
    if (mode != NULL || scale != NULL) {
        if (!run->clock_touched) {
            run->clock_touched = true;
            run->mode = clock_mode(clock);
            run->scale = clock_scale(clock);
        }
        if (mode != NULL && strcmp(mode->valuestring, "frozen") == 0) {
            clock_freeze(clock);
        } else {
            clock_set_real(clock, scale != NULL ? scale->valuedouble : clock_scale(clock));
        }
        tell_clock_changed(run);
    }
    if (member(value, "advance") != NULL) {
        run->advance_ms += duration_of(member(value, "advance"));
        loop_defer(run->config->loop, &run->advance);
    }
}

/* ---- Expectations ---- */

static void begin_at(cJSON *expectation, uint64_t since)
{
    cJSON *match = cJSON_GetObjectItemCaseSensitive(expectation, "match");
    if (match != NULL && member(match, "since") == NULL) {
        cJSON_AddNumberToObject(match, "since", (double)since);
    }
}

/* Whether all hold for what was done since the start; why not in `message`. */
static bool hold(const struct scenario_run *run, const cJSON *expectations, struct buf *message)
{
    cJSON *body = cJSON_Duplicate(expectations, true), *each;

    if (cJSON_IsArray(body)) {
        cJSON_ArrayForEach(each, body)
        {
            begin_at(each, run->since);
        }
    } else {
        begin_at(body, run->since);
    }
    const struct verify_question question = {run->config->journal, true, body};
    cJSON *answer = journal_verify(&question, message);
    bool good = answer != NULL && cJSON_IsTrue(member(answer, "passed"));
    const cJSON *result;
    cJSON_ArrayForEach(result, member(answer, "results"))
    {
        const char *text = cJSON_GetStringValue(member(result, "message"));
        if (text != NULL) {
            buf_printf(message, "%s%s", message->size == 0 ? "" : "; ", text);
        }
    }
    cJSON_Delete(answer);
    cJSON_Delete(body);
    return good;
}

static void run_step(struct step *step)
{
    struct scenario_run *run = step->run;
    const cJSON *expect = member(step->document, "expect");
    const char *say = cJSON_GetStringValue(member(step->document, "say"));
    struct buf message;

    step->state = STEP_DONE;
    step->done_ms = clock_now_ms(clock_of(run));
    remove_faults(run, member(step->document, "remove"));
    add_faults(step, (int)(step - run->steps));
    change_clock(run, member(step->document, "clock"));
    buf_init(&message, 16 * 1024);
    if (expect != NULL && !hold(run, expect, &message)) {
        fail(step, buf_string(&message));
    }
    buf_finish(&message);
    log_info("scenario", "step done name=%s step=%d%s%s", scenario_name(run->document),
             (int)(step - run->steps) + 1, say == NULL ? "" : " ", say == NULL ? "" : say);
}

static void fire(struct timer *timer)
{
    run_step(CONTAINER_OF(timer, struct step, timer));
}

/* ---- Requests that steps wait for ---- */

void scenario_run_heard(struct scenario_run *run)
{
    const struct journal *journal = run->config->journal;
    size_t latest = journal_count(journal) - 1;

    for (int i = 0; i < run->count; i++) {
        struct step *step = &run->steps[i];
        if (step->state != STEP_WAITING || !step->awaits ||
            !journal_match_fits(&step->when, journal, latest) || ++step->seen < step->wanted) {
            continue;
        }
        /* Not now: whoever is served just now knows nothing of it yet. */
        step->state = STEP_DUE;
        clock_arm(clock_of(run), &step->timer, clock_now_ms(clock_of(run)) + step->wait_ms);
    }
}

/* ---- Showing ---- */

static void add_time(cJSON *document, const char *name, int64_t time_ms)
{
    char text[32];
    timestamp_format(time_ms, text);
    cJSON_AddStringToObject(document, name, text);
}

static cJSON *show_step(const struct step *step)
{
    static const char *const states[] = {"waiting", "due", "done", "failed"};
    cJSON *document = cJSON_CreateObject();
    const char *say = cJSON_GetStringValue(member(step->document, "say"));

    cJSON_AddStringToObject(document, "state", states[step->state]);
    if (say != NULL) {
        cJSON_AddStringToObject(document, "say", say);
    }
    if (step->state >= STEP_DONE) {
        add_time(document, "time", step->done_ms);
    } else if (timer_armed(&step->timer)) {
        add_time(document, "due", step->timer.due_ms);
    } else {
        cJSON_AddNumberToObject(document, "seen", (double)step->seen);
    }
    if (step->message != NULL) {
        cJSON_AddStringToObject(document, "message", step->message);
    }
    return document;
}

cJSON *scenario_run_show(const struct scenario_run *run)
{
    cJSON *shown = cJSON_CreateObject();
    const cJSON *solved = member(run->document, "solved");
    struct buf message;

    add_time(shown, "started", run->started_ms);
    if (run->cache[0] != '\0') {
        cJSON_AddStringToObject(shown, "cache", run->cache);
    }
    cJSON *steps = cJSON_AddArrayToObject(shown, "steps");
    for (int i = 0; i < run->count; i++) {
        cJSON_AddItemToArray(steps, show_step(&run->steps[i]));
    }
    buf_init(&message, 16 * 1024);
    if (solved != NULL) {
        cJSON_AddBoolToObject(shown, "solved", hold(run, solved, &message));
        if (message.size > 0) {
            cJSON_AddStringToObject(shown, "message", buf_string(&message));
        }
    }
    buf_finish(&message);
    return shown;
}

/* ---- Start and stop ---- */

static void start_step(struct step *step, struct scenario_run *run, const cJSON *document)
{
    const cJSON *when = member(document, "when"), *count = member(document, "count");
    struct buf error;

    *step = (struct step){.run = run, .document = document, .timer = {.fire = fire}};
    step->wait_ms = duration_of(member(document, "wait"));
    step->wanted = count == NULL ? 1 : (int64_t)count->valuedouble;
    if (when == NULL) {
        clock_arm(clock_of(run), &step->timer,
                  run->started_ms + duration_of(member(document, "at")) + step->wait_ms);
        return;
    }
    buf_init(&error, 4096);
    step->awaits = journal_match_parse(&step->when, when, &error);
    buf_finish(&error);
}

struct scenario_run *scenario_run_start(const struct scenarios_config *config,
                                        const cJSON *document, struct bytes cache)
{
    const cJSON *steps = member(document, "steps");
    struct scenario_run *run = memory_allocate_zeroed(sizeof(*run));

    run->config = config;
    run->document = document;
    run->advance.run = advance;
    run->started_ms = clock_now_ms(clock_of(run));
    run->since = journal_total(config->journal);
    run->cache = bytes_to_string(cache);
    run->count = cJSON_GetArraySize(steps);
    run->steps = memory_allocate_zeroed((size_t)run->count * sizeof(*run->steps));
    for (int i = 0; i < run->count; i++) {
        start_step(&run->steps[i], run, cJSON_GetArrayItem(steps, i));
    }
    /* What begins at once holds on return. */
    for (int i = 0; i < run->count; i++) {
        struct step *step = &run->steps[i];
        if (timer_armed(&step->timer) && step->timer.due_ms <= run->started_ms) {
            clock_disarm(clock_of(run), &step->timer);
            run_step(step);
        }
    }
    return run;
}

void scenario_run_stop(struct scenario_run *run)
{
    struct clock *clock = clock_of(run);

    remove_all_faults(run);
    loop_cancel(run->config->loop, &run->advance);
    if (run->clock_touched && run->mode == CLOCK_FROZEN) {
        clock_freeze(clock);
    } else if (run->clock_touched) {
        clock_set_real(clock, run->scale);
    }
    for (int i = 0; i < run->count; i++) {
        clock_disarm(clock, &run->steps[i].timer);
        journal_match_finish(&run->steps[i].when);
        memory_free(run->steps[i].message);
    }
    memory_free(run->steps);
    memory_free(run->cache);
    memory_free(run);
}

/* Runs scenarios; scenario.c knows their documents. */
#include "emulator/scenarios/scenarios.h"

#include <string.h>

#include "base/log.h"
#include "emulator/files.h"
#include "emulator/journal_match.h"
#include "emulator/options.h"
#include "emulator/scenarios/run.h"
#include "emulator/scenarios/scenario.h"

enum { MOST_SCENARIOS = 200, MOST_RUNNING = 50, FILE_LIMIT = 1024 * 1024 };

struct known {
    cJSON *document;
    struct scenario_run *run; /* NULL: it does not run */
    bool shipped;
    struct known *next;
};

struct scenarios {
    struct scenarios_config config;
    struct known *first; /* in order of name */
    size_t count, running;
    struct journal_listener listener;
    bool recorded_before;
    bool loaded; /* the shipped ones are among those known */
};

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static void insert(struct scenarios *scenarios, cJSON *document, bool shipped)
{
    struct known *known = memory_allocate_zeroed(sizeof(*known));
    struct known **at = &scenarios->first;

    known->document = document;
    known->shipped = shipped;
    while (*at != NULL && strcmp(scenario_name((*at)->document), scenario_name(document)) < 0) {
        at = &(*at)->next;
    }
    known->next = *at;
    *at = known;
    scenarios->count++;
}

/* Not at the start, which most runs without any scenario need not wait for. */
static void load_shipped(struct scenarios *scenarios)
{
    for (const struct scenario_text *text = scenario_texts;
         !scenarios->loaded && text->text != NULL; text++) {
        insert(scenarios, cJSON_Parse(text->text), true);
    }
    scenarios->loaded = true;
}

static struct known *find(struct scenarios *scenarios, struct bytes name)
{
    load_shipped(scenarios);
    struct known *known = scenarios->first;
    while (known != NULL && !bytes_equal_string(name, scenario_name(known->document))) {
        known = known->next;
    }
    return known;
}

/* ---- Requests that steps wait for ---- */

static void heard(struct journal_listener *listener, const struct journal_entry *entry)
{
    struct scenarios *scenarios = CONTAINER_OF(listener, struct scenarios, listener);

    (void)entry;
    for (struct known *known = scenarios->first; known != NULL; known = known->next) {
        if (known->run != NULL) {
            scenario_run_heard(known->run);
        }
    }
}

static bool wants_commands(const cJSON *match)
{
    struct journal_match parsed;
    struct buf error;

    buf_init(&error, 4096);
    bool wants = match != NULL && journal_match_parse(&parsed, match, &error) &&
                 journal_match_wants_commands(&parsed);
    if (match != NULL) {
        journal_match_finish(&parsed);
    }
    buf_finish(&error);
    return wants;
}

static bool any_wants_commands(const cJSON *expectations)
{
    const cJSON *each = cJSON_IsArray(expectations) ? expectations->child : expectations;

    for (; each != NULL; each = cJSON_IsArray(expectations) ? each->next : NULL) {
        if (wants_commands(member(each, "match"))) {
            return true;
        }
    }
    return false;
}

static void record_for(struct scenarios *scenarios, const cJSON *document)
{
    const cJSON *step;
    bool wanted = any_wants_commands(member(document, "solved"));

    cJSON_ArrayForEach(step, member(document, "steps"))
    {
        wanted = wanted || wants_commands(member(step, "when")) ||
                 any_wants_commands(member(step, "expect"));
    }
    if (scenarios->running == 0) {
        scenarios->recorded_before = scenarios->config.recorder->commands;
        journal_listen(scenarios->config.journal, &scenarios->listener);
    }
    if (wanted && !scenarios->config.recorder->commands) {
        recorder_record_commands(scenarios->config.recorder, true);
    }
}

/* ---- Start and stop ---- */

enum scenarios_result scenarios_start(struct scenarios *scenarios, struct bytes name,
                                      struct bytes cache, struct buf *error)
{
    struct known *known = find(scenarios, name);

    if (known == NULL) {
        return SCENARIOS_UNKNOWN;
    }
    if (known->run != NULL) {
        return SCENARIOS_RUNNING;
    }
    if (scenarios->running == MOST_RUNNING) {
        buf_printf(error, "%d scenarios are running already", MOST_RUNNING);
        return SCENARIOS_TOO_MANY;
    }
    record_for(scenarios, known->document);
    scenarios->running++;
    log_info("scenario", "started name=%s", scenario_name(known->document));
    known->run = scenario_run_start(&scenarios->config, known->document, cache);
    return SCENARIOS_DONE;
}

static void stop(struct scenarios *scenarios, struct known *known)
{
    scenario_run_stop(known->run);
    known->run = NULL;
    if (--scenarios->running == 0) {
        journal_unlisten(scenarios->config.journal, &scenarios->listener);
        if (!scenarios->recorded_before) {
            recorder_record_commands(scenarios->config.recorder, false);
        }
    }
    log_info("scenario", "stopped name=%s", scenario_name(known->document));
}

enum scenarios_result scenarios_stop(struct scenarios *scenarios, struct bytes name)
{
    struct known *known = find(scenarios, name);

    if (known == NULL || known->run == NULL) {
        return known == NULL ? SCENARIOS_UNKNOWN : SCENARIOS_STOPPED;
    }
    stop(scenarios, known);
    return SCENARIOS_DONE;
}

void scenarios_stop_all(struct scenarios *scenarios)
{
    for (struct known *known = scenarios->first; known != NULL; known = known->next) {
        if (known->run != NULL) {
            stop(scenarios, known);
        }
    }
}

/* ---- Documents ---- */

enum scenarios_result scenarios_add(struct scenarios *scenarios, const cJSON *document,
                                    struct buf *error)
{
    if (!scenario_check(document, error)) {
        return SCENARIOS_BAD;
    }
    struct known *known = find(scenarios, bytes_from_string(scenario_name(document)));
    if (known == NULL && scenarios->count == MOST_SCENARIOS) {
        buf_printf(error, "there are %d scenarios already", MOST_SCENARIOS);
        return SCENARIOS_TOO_MANY;
    }
    if (known != NULL && known->run != NULL) {
        return SCENARIOS_RUNNING;
    }
    if (known == NULL) {
        insert(scenarios, cJSON_Duplicate(document, true), false);
    } else {
        cJSON_Delete(known->document);
        known->document = cJSON_Duplicate(document, true);
        known->shipped = false;
    }
    return SCENARIOS_DONE;
}

/* The name of the file's scenario, memory_free; NULL with `error`. */
static char *add_file(struct scenarios *scenarios, const char *file, struct buf *error)
{
    struct buf text;
    char *name = NULL;

    buf_init(&text, FILE_LIMIT);
    int failure = file_read(file, &text);
    cJSON *document = failure != 0 ? NULL : cJSON_ParseWithLength(text.data, text.size);
    buf_printf(error, "the scenario %s: ", file);
    if (failure != 0) {
        buf_printf(error, "%s", strerror(failure));
    } else if (document == NULL) {
        buf_append_string(error, "it is not valid JSON");
    } else if (scenarios_add(scenarios, document, error) == SCENARIOS_DONE) {
        name = string_duplicate(scenario_name(document));
        buf_clear(error);
    }
    cJSON_Delete(document);
    buf_finish(&text);
    return name;
}

static void explain_name(const struct scenarios *scenarios, const char *name, struct buf *error)
{
    const char *names[MOST_SCENARIOS];
    size_t count = 0;

    for (const struct known *known = scenarios->first; known != NULL; known = known->next) {
        names[count++] = scenario_name(known->document);
    }
    const char *nearest = nearest_name(bytes_from_string(name), names, count);
    buf_printf(error, "there is no scenario '%.100s'%s%s%s", name,
               nearest == NULL ? "; 'redurite scenario list' shows all" : "; did you mean '",
               nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
}

bool scenarios_start_given(struct scenarios *scenarios, const char *name_or_file, struct buf *error)
{
    bool file = strchr(name_or_file, '/') != NULL || strchr(name_or_file, '.') != NULL;
    char *name = file ? add_file(scenarios, name_or_file, error) : string_duplicate(name_or_file);
    bool good = false;

    if (name != NULL) {
        enum scenarios_result result =
            scenarios_start(scenarios, bytes_from_string(name), BYTES(""), error);
        good = result == SCENARIOS_DONE || result == SCENARIOS_RUNNING;
        if (result == SCENARIOS_UNKNOWN) {
            explain_name(scenarios, name, error);
        }
    }
    memory_free(name);
    return good;
}

/* ---- Showing ---- */

cJSON *scenarios_list(struct scenarios *scenarios)
{
    cJSON *list = cJSON_CreateArray();

    load_shipped(scenarios);
    for (const struct known *known = scenarios->first; known != NULL; known = known->next) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "name", scenario_name(known->document));
        cJSON_AddStringToObject(item, "title", member(known->document, "title")->valuestring);
        cJSON_AddBoolToObject(item, "shipped", known->shipped);
        cJSON_AddBoolToObject(item, "running", known->run != NULL);
        cJSON_AddItemToArray(list, item);
    }
    return list;
}

cJSON *scenarios_show(struct scenarios *scenarios, struct bytes name)
{
    struct known *known = find(scenarios, name);

    if (known == NULL) {
        return NULL;
    }
    cJSON *document = cJSON_Duplicate(known->document, true);
    if (known->run == NULL) {
        cJSON_AddNullToObject(document, "running");
    } else {
        cJSON_AddItemToObject(document, "running", scenario_run_show(known->run));
    }
    return document;
}

/* ---- Life ---- */

struct scenarios *scenarios_create(const struct scenarios_config *config)
{
    struct scenarios *scenarios = memory_allocate_zeroed(sizeof(*scenarios));

    scenarios->config = *config;
    scenarios->listener.heard = heard;
    return scenarios;
}

void scenarios_destroy(struct scenarios *scenarios)
{
    if (scenarios == NULL) {
        return;
    }
    scenarios_stop_all(scenarios);
    while (scenarios->first != NULL) {
        struct known *known = scenarios->first;
        scenarios->first = known->next;
        cJSON_Delete(known->document);
        memory_free(known);
    }
    memory_free(scenarios);
}

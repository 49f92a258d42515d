/* Checks documents, and reads what is not plain in them. */
#include "emulator/scenarios/scenario.h"

#include <string.h>

#include "base/clock.h"
#include "emulator/faults/faults.h"
#include "emulator/journal_match.h"
#include "emulator/journal_verify.h"
#include "emulator/options.h"

enum { LONGEST_TEXT = 4000, MOST_LINES = 50, MOST_FAULTS = 20 };

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* ---- Shapes ---- */

static bool members_known(const cJSON *object, const char *const *names, const char *what,
                          struct buf *error)
{
    size_t count = 0;
    const cJSON *each;

    while (names[count] != NULL) {
        count++;
    }
    if (!cJSON_IsObject(object)) {
        buf_printf(error, "%s must be an object", what);
        return false;
    }
    cJSON_ArrayForEach(each, object)
    {
        bool known = false;
        for (size_t i = 0; i < count; i++) {
            known = known || strcmp(names[i], each->string) == 0;
        }
        if (!known) {
            const char *nearest = nearest_name(bytes_from_string(each->string), names, count);
            buf_printf(error, "%s has no '%.100s'%s%s%s", what, each->string,
                       nearest == NULL ? "" : "; did you mean '", nearest == NULL ? "" : nearest,
                       nearest == NULL ? "" : "'?");
            return false;
        }
        if (member(object, each->string) != each) {
            buf_printf(error, "%s has '%.100s' twice", what, each->string);
            return false;
        }
    }
    return true;
}

static bool is_text(const cJSON *value)
{
    return cJSON_IsString(value) && value->valuestring[0] != '\0' &&
           strlen(value->valuestring) <= LONGEST_TEXT;
}

static bool texts_fit(const cJSON *document, const char *name, struct buf *error)
{
    const cJSON *value = member(document, name), *line;
    bool good = value == NULL || is_text(value);

    if (cJSON_IsArray(value)) {
        good = cJSON_GetArraySize(value) <= MOST_LINES;
        cJSON_ArrayForEach(line, value)
        {
            good = good && is_text(line);
        }
    }
    if (!good) {
        buf_printf(error, "'%s' must be a text, or a list of up to %d texts", name, MOST_LINES);
    }
    return good;
}

static bool name_fits(const char *name, size_t longest)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return size > 0 && size <= longest && name[size] == '\0' && name[0] != '-';
}

static bool time_fits(const cJSON *value, const char *what, struct buf *error)
{
    int64_t duration_ms;

    if (value == NULL ||
        (cJSON_IsString(value) &&
         duration_parse(bytes_from_string(value->valuestring), &duration_ms) && duration_ms >= 0)) {
        return true;
    }
    buf_printf(error, "'%s' must be a duration such as \"90s\" or \"20m\"", what);
    return false;
}

/* ---- Names of faults ---- */

const char *scenario_name(const cJSON *document)
{
    return member(document, "name")->valuestring;
}

char *scenario_fault_id(const cJSON *document, const char *label)
{
    return string_format("%s.%s", scenario_name(document), label);
}

cJSON *scenario_fault(const cJSON *document, int step, int index)
{
    const cJSON *fault = member(cJSON_GetArrayItem(member(document, "steps"), step), "fault");
    const cJSON *item = cJSON_IsArray(fault) ? cJSON_GetArrayItem(fault, index)
                        : index == 0         ? fault
                                             : NULL;
    if (item == NULL) {
        return NULL;
    }
    cJSON *rule = cJSON_Duplicate(item, true);
    const cJSON *given = member(rule, "id");
    char *label = cJSON_IsString(given) ? string_duplicate(given->valuestring)
                                        : string_format("%d-%d", step + 1, index + 1);
    char *id = scenario_fault_id(document, label);
    cJSON_DeleteItemFromObjectCaseSensitive(rule, "id");
    cJSON_AddStringToObject(rule, "id", id);
    memory_free(id);
    memory_free(label);
    return rule;
}

/* ---- Steps ---- */

static bool check_faults(const cJSON *document, int step, struct faults *trial, struct buf *error)
{
    const cJSON *fault = member(cJSON_GetArrayItem(member(document, "steps"), step), "fault");
    const cJSON *item = cJSON_IsArray(fault) ? fault->child : fault;

    if (cJSON_IsArray(fault) && cJSON_GetArraySize(fault) > MOST_FAULTS) {
        buf_printf(error, "it has more than %d faults", MOST_FAULTS);
        return false;
    }
    for (int i = 0; item != NULL; item = cJSON_IsArray(fault) ? item->next : NULL, i++) {
        const cJSON *label = member(item, "id");
        if (!cJSON_IsObject(item) ||
            (label != NULL &&
             (!cJSON_IsString(label) || !name_fits(label->valuestring, SCENARIO_LONGEST_LABEL)))) {
            buf_printf(
                error,
                "a fault must be a rule, and its 'id' up to %d small letters, digits and '-'",
                SCENARIO_LONGEST_LABEL);
            return false;
        }
        cJSON *rule = scenario_fault(document, step, i), *answer = NULL;
        bool good = faults_add(trial, rule, &answer, error) == FAULTS_DONE;
        cJSON_Delete(answer);
        cJSON_Delete(rule);
        if (!good) {
            return false;
        }
    }
    return true;
}

static bool check_remove(const cJSON *document, const cJSON *value, struct faults *trial,
                         struct buf *error)
{
    const cJSON *label = cJSON_IsArray(value) ? value->child : value;

    for (; label != NULL; label = cJSON_IsArray(value) ? label->next : NULL) {
        char *id = cJSON_IsString(label) ? scenario_fault_id(document, label->valuestring) : NULL;
        cJSON *known = id == NULL ? NULL : faults_show(trial, bytes_from_string(id));
        bool good =
            known != NULL || (cJSON_IsString(label) && strcmp(label->valuestring, "all") == 0);
        cJSON_Delete(known);
        memory_free(id);
        if (!good) {
            buf_append_string(error, "'remove' must name faults of steps before it, or be \"all\"");
            return false;
        }
    }
    return true;
}

static bool check_clock(const cJSON *value, struct buf *error)
{
    static const char *const names[] = {"mode", "scale", "advance", NULL};
    const cJSON *mode = member(value, "mode"), *scale = member(value, "scale");

    if (value == NULL) {
        return true;
    }
    if (!members_known(value, names, "'clock'", error) ||
        !time_fits(member(value, "advance"), "advance", error)) {
        return false;
    }
    bool good =
        mode == NULL || (cJSON_IsString(mode) && (strcmp(mode->valuestring, "real") == 0 ||
                                                  strcmp(mode->valuestring, "frozen") == 0));
    good = good && (scale == NULL || (cJSON_IsNumber(scale) && scale->valuedouble >= 0.001 &&
                                      scale->valuedouble <= 1e6));
    if (!good) {
        buf_append_string(error,
                          "'clock' has \"mode\": \"real\" or \"frozen\", \"scale\": 0.001 to "
                          "1000000, and \"advance\": a duration");
    }
    return good;
}

static bool check_when(const cJSON *step, struct buf *error)
{
    const cJSON *when = member(step, "when"), *count = member(step, "count");
    struct journal_match match = {0};

    if ((when == NULL) == (member(step, "at") == NULL)) {
        buf_append_string(error, "it needs 'at' or 'when', one of them");
        return false;
    }
    bool good = when == NULL || journal_match_parse(&match, when, error);
    journal_match_finish(&match);
    if (good && count != NULL &&
        (when == NULL || !cJSON_IsNumber(count) || count->valuedouble < 1 ||
         count->valuedouble > 1e6)) {
        buf_append_string(error, "'count' must be a number from 1 up, and goes with 'when'");
        good = false;
    }
    return good && time_fits(member(step, "at"), "at", error) &&
           time_fits(member(step, "wait"), "wait", error);
}

/* By judging nothing with them. */
static bool check_expectations(const cJSON *list, struct buf *error)
{
    struct clock *clock = clock_create(NULL, NULL);
    struct journal *journal = journal_create(clock);
    const struct verify_question question = {journal, true, list};
    cJSON *answer = list == NULL ? cJSON_CreateObject() : journal_verify(&question, error);
    bool good = answer != NULL;

    cJSON_Delete(answer);
    journal_destroy(journal);
    clock_destroy(clock);
    return good;
}

static bool check_step(const cJSON *document, int index, struct faults *trial, struct buf *error)
{
    static const char *const names[] = {"name",  "at",    "when",   "count",  "wait", "say",
                                        "fault", "clock", "remove", "expect", NULL};
    const cJSON *step = cJSON_GetArrayItem(member(document, "steps"), index);

    return members_known(step, names, "it", error) && texts_fit(step, "name", error) &&
           texts_fit(step, "say", error) && check_when(step, error) &&
           check_remove(document, member(step, "remove"), trial, error) &&
           check_faults(document, index, trial, error) &&
           check_clock(member(step, "clock"), error) &&
           check_expectations(member(step, "expect"), error);
}

static bool check_steps(const cJSON *document, struct buf *error)
{
    const cJSON *steps = member(document, "steps");
    struct clock *clock = clock_create(NULL, NULL);
    struct random random;
    bool good = cJSON_IsArray(steps) && cJSON_GetArraySize(steps) >= 1 &&
                cJSON_GetArraySize(steps) <= SCENARIO_MOST_STEPS;

    if (!good) {
        buf_printf(error, "'steps' must be a list of 1 to %d steps", SCENARIO_MOST_STEPS);
    }
    random_init(&random, 0);
    const struct faults_config config = {.clock = clock, .random = &random};
    struct faults *trial = faults_create(&config);
    for (int i = 0; good && i < cJSON_GetArraySize(steps); i++) {
        size_t before = error->size;
        buf_printf(error, "step %d: ", i + 1);
        size_t said = error->size;
        good = check_step(document, i, trial, error);
        if (good && error->size == said) {
            error->size = before;
        }
    }
    faults_destroy(trial);
    clock_destroy(clock);
    return good;
}

bool scenario_check(const cJSON *document, struct buf *error)
{
    static const char *const names[] = {"name",   "title", "story",  "observe", "fix",
                                        "source", "steps", "solved", NULL};
    const cJSON *name = member(document, "name");

    if (!members_known(document, names, "a scenario", error)) {
        return false;
    }
    if (!cJSON_IsString(name) || !name_fits(name->valuestring, SCENARIO_LONGEST_NAME)) {
        buf_printf(error, "'name' must be up to %d small letters, digits and '-'",
                   SCENARIO_LONGEST_NAME);
        return false;
    }
    if (!is_text(member(document, "title"))) {
        buf_append_string(error, "a scenario needs a 'title'");
        return false;
    }
    return texts_fit(document, "story", error) && texts_fit(document, "observe", error) &&
           texts_fit(document, "fix", error) && texts_fit(document, "source", error) &&
           check_expectations(member(document, "solved"), error) && check_steps(document, error);
}

/* Rules come, change and go; and how they are saved. */
#include <stdio.h>
#include <string.h>

#include "emulator/faults/engine.h"

/* ---- Showing ---- */

static cJSON *shown(const struct fault_rule *rule)
{
    cJSON *document = fault_rule_document(rule);
    bool spent = rule->times > 0 && rule->fired >= rule->times;

    cJSON_AddNumberToObject(document, "hits", (double)rule->hits);
    cJSON_AddNumberToObject(document, "fired", (double)rule->fired);
    cJSON_AddBoolToObject(document, "active", rule->active && !spent);
    return document;
}

cJSON *faults_show(const struct faults *faults, struct bytes id)
{
    size_t at = faults_index(faults, id);
    return at == faults->count ? NULL : shown(faults->rules[at]);
}

cJSON *faults_list(const struct faults *faults)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < faults->count; i++) {
        cJSON_AddItemToArray(list, shown(faults->rules[i]));
    }
    return list;
}

cJSON *faults_summary_list(const struct faults *faults)
{
    enum { MOST_SHOWN = 100 };
    cJSON *list = cJSON_CreateArray();
    int shown_count = 0;

    for (size_t i = 0; i < faults->count && shown_count < MOST_SHOWN; i++) {
        const struct fault_rule *rule = faults->rules[i];
        if (rule->active && (rule->times == 0 || rule->fired < rule->times)) {
            cJSON *item = cJSON_CreateObject();
            cJSON_AddStringToObject(item, "id", rule->id);
            cJSON_AddStringToObject(item, "plane", fault_plane_name(rule->plane));
            cJSON_AddStringToObject(item, "type", rule->kind->name);
            cJSON_AddNumberToObject(item, "fired", (double)rule->fired);
            cJSON_AddItemToArray(list, item);
            shown_count++;
        }
    }
    return list;
}

size_t faults_count(const struct faults *faults)
{
    return faults->count;
}

/* ---- Adding ---- */

/* "latency-1": a name that no rule has. */
static void name_rule(struct faults *faults, struct fault_rule *rule)
{
    while (rule->id[0] == '\0' ||
           faults_index(faults, bytes_from_string(rule->id)) < faults->count) {
        snprintf(rule->id, sizeof(rule->id), "%.40s-%llu", rule->kind->name,
                 (unsigned long long)++faults->names);
    }
}

static bool id_taken(const struct faults *faults, struct fault_rule *const *others, size_t count,
                     const char *id)
{
    if (id[0] == '\0') {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(others[i]->id, id) == 0) {
            return true;
        }
    }
    return faults_index(faults, bytes_from_string(id)) < faults->count;
}

static enum faults_result parse_all(const struct faults *faults, const cJSON *list,
                                    struct fault_rule **rules, size_t *count, struct buf *error)
{
    bool single = !cJSON_IsArray(list);
    const cJSON *item = single ? list : list->child;

    for (*count = 0; single ? *count == 0 : item != NULL; item = single ? item : item->next) {
        struct buf why;
        buf_init(&why, 8192);
        struct fault_rule *rule = fault_rule_parse(item, &why);
        if (rule == NULL && !single) {
            buf_printf(error, "rule %zu: ", *count + 1);
        }
        buf_append(error, buf_bytes(&why));
        buf_finish(&why);
        if (rule == NULL) {
            return FAULTS_BAD_RULE;
        }
        if (id_taken(faults, rules, *count, rule->id)) {
            buf_printf(error, "there is a rule '%s' already: change it, or choose another id",
                       rule->id);
            fault_rule_destroy(rule);
            return FAULTS_DUPLICATE;
        }
        rules[(*count)++] = rule;
    }
    return FAULTS_DONE;
}

enum faults_result faults_add(struct faults *faults, const cJSON *document, cJSON **answer,
                              struct buf *error)
{
    bool list = cJSON_IsArray(document);
    size_t most = list ? (size_t)cJSON_GetArraySize(document) : 1, count;
    int64_t now_ms = clock_now_ms(faults->config.clock);

    *answer = NULL;
    if (most > FAULTS_MOST_RULES - faults->count) {
        buf_printf(error, "there would be more than %d rules: remove some first",
                   FAULTS_MOST_RULES);
        return FAULTS_TOO_MANY;
    }
    struct fault_rule **rules = memory_allocate((most + 1) * sizeof(struct fault_rule *));
    enum faults_result result = parse_all(faults, document, rules, &count, error);
    faults_hold(faults);
    for (size_t i = 0; i < count; i++) {
        if (result != FAULTS_DONE) {
            fault_rule_destroy(rules[i]);
            continue;
        }
        name_rule(faults, rules[i]);
        rules[i]->place = rules[i]->serial = ++faults->serials;
        faults_open_window(rules[i], now_ms);
        faults_place(faults, rules[i], faults->count);
    }
    if (result == FAULTS_DONE) {
        *answer = list ? cJSON_CreateArray() : NULL;
    }
    for (size_t i = 0; i < count && result == FAULTS_DONE; i++) {
        faults_settle(rules[i]);
        if (list) {
            cJSON_AddItemToArray(*answer, shown(rules[i]));
        } else {
            *answer = shown(rules[i]);
        }
    }
    faults_release(faults);
    memory_free(rules);
    return result;
}

/* ---- Changing ---- */

static void merge(cJSON *target, const cJSON *patch)
{
    const cJSON *member;

    cJSON_ArrayForEach(member, patch)
    {
        cJSON_DeleteItemFromObjectCaseSensitive(target, member->string);
        if (!cJSON_IsNull(member)) {
            cJSON_AddItemToObject(target, member->string, cJSON_Duplicate(member, true));
        }
    }
}

/* The rule's document with the patch over it; owned by the caller. */
static cJSON *patched(const struct fault_rule *rule, const cJSON *patch)
{
    static const char *const nested[] = {"match", "attributes"};
    static const char *const chances[] = {"probability", "toxicity", "percentage"};
    cJSON *document = fault_rule_document(rule);
    cJSON *flat = cJSON_Duplicate(patch, true);
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(patch, "type");

    if (cJSON_IsString(type) && strcmp(type->valuestring, rule->kind->name) != 0) {
        cJSON_DeleteItemFromObjectCaseSensitive(document, "attributes");
        if (cJSON_GetObjectItemCaseSensitive(patch, "plane") == NULL) {
            unsigned planes = fault_kind_planes(bytes_from_string(type->valuestring));
            if ((planes & FAULT_BIT(rule->plane)) == 0) {
                cJSON_DeleteItemFromObjectCaseSensitive(document, "plane");
            }
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(chances); i++) {
        if (cJSON_GetObjectItemCaseSensitive(patch, chances[i]) != NULL) {
            cJSON_DeleteItemFromObjectCaseSensitive(document, "probability");
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(nested); i++) {
        cJSON *own = cJSON_GetObjectItemCaseSensitive(document, nested[i]);
        cJSON *change = cJSON_GetObjectItemCaseSensitive(flat, nested[i]);
        if (cJSON_IsObject(own) && cJSON_IsObject(change)) {
            merge(own, change);
            cJSON_DeleteItemFromObjectCaseSensitive(flat, nested[i]);
        }
    }
    merge(document, flat);
    cJSON_Delete(flat);
    return document;
}

enum faults_result faults_change(struct faults *faults, struct bytes id, const cJSON *patch,
                                 cJSON **answer, struct buf *error)
{
    size_t at = faults_index(faults, id);

    *answer = NULL;
    if (at == faults->count) {
        return FAULTS_NOT_FOUND;
    }
    if (!cJSON_IsObject(patch)) {
        buf_append_string(error, "a change must be a JSON object");
        return FAULTS_BAD_RULE;
    }
    struct fault_rule *old = faults->rules[at];
    cJSON *document = patched(old, patch);
    struct fault_rule *rule = fault_rule_parse(document, error);
    cJSON_Delete(document);
    if (rule == NULL) {
        return FAULTS_BAD_RULE;
    }
    if (rule->id[0] == '\0') {
        fault_copy(old->id, rule->id, sizeof(rule->id));
    }
    size_t other = faults_index(faults, bytes_from_string(rule->id));
    if (other < faults->count && other != at) {
        buf_printf(error, "there is a rule '%s' already", rule->id);
        fault_rule_destroy(rule);
        return FAULTS_DUPLICATE;
    }
    faults_hold(faults);
    rule->hits = old->hits;
    rule->fired = old->fired;
    rule->step = old->step;
    rule->place = old->place;
    rule->serial = ++faults->serials;
    rule->begins_ms = old->begins_ms;
    rule->ends_ms = old->ends_ms;
    if (cJSON_GetObjectItemCaseSensitive(patch, "startAfter") != NULL ||
        cJSON_GetObjectItemCaseSensitive(patch, "duration") != NULL) {
        rule->step = 0;
        faults_open_window(rule, clock_now_ms(faults->config.clock));
    }
    int64_t next_ms = timer_armed(&old->next_step) ? old->next_step.due_ms : -1;
    faults_take_out(faults, at);
    faults_place(faults, rule, at);
    faults_settle(rule);
    if (next_ms >= 0 && rule->active && !timer_armed(&rule->next_step)) {
        clock_arm(faults->config.clock, &rule->next_step, next_ms);
    }
    fault_rule_destroy(old);
    faults_release(faults);
    *answer = shown(rule);
    return FAULTS_DONE;
}

bool faults_remove(struct faults *faults, struct bytes id)
{
    size_t at = faults_index(faults, id);

    if (at == faults->count) {
        return false;
    }
    struct fault_rule *rule = faults->rules[at];
    faults_take_out(faults, at);
    fault_rule_destroy(rule);
    return true;
}

/* ---- Snapshots ---- */

cJSON *faults_save(const struct faults *faults)
{
    cJSON *list = cJSON_CreateArray();

    for (size_t i = 0; i < faults->count; i++) {
        const struct fault_rule *rule = faults->rules[i];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToObject(item, "rule", fault_rule_document(rule));
        cJSON_AddNumberToObject(item, "beginsMs", (double)rule->begins_ms);
        if (rule->ends_ms != INT64_MAX) {
            cJSON_AddNumberToObject(item, "endsMs", (double)rule->ends_ms);
        }
        cJSON_AddNumberToObject(item, "hits", (double)rule->hits);
        cJSON_AddNumberToObject(item, "fired", (double)rule->fired);
        cJSON_AddNumberToObject(item, "steps", rule->step);
        if (timer_armed(&rule->next_step)) {
            cJSON_AddNumberToObject(item, "nextStepMs", (double)rule->next_step.due_ms);
        }
        cJSON_AddItemToArray(list, item);
    }
    return list;
}

static double number_of(const cJSON *item, const char *name, double fallback)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(item, name);
    return cJSON_IsNumber(member) && member->valuedouble >= 0 && member->valuedouble < 9e15
               ? member->valuedouble
               : fallback;
}

/* NULL with one line in `error`; owned by the caller. */
static struct fault_rule *read_saved(const cJSON *item, struct buf *error)
{
    const cJSON *document = cJSON_GetObjectItemCaseSensitive(item, "rule");
    const cJSON *begins = cJSON_GetObjectItemCaseSensitive(item, "beginsMs");
    struct fault_rule *rule = NULL;

    if (document == NULL || !cJSON_IsNumber(begins)) {
        buf_append_string(error, "has a fault without \"rule\" and \"beginsMs\"");
        return NULL;
    }
    rule = fault_rule_parse(document, error);
    if (rule == NULL) {
        return NULL;
    }
    if (rule->id[0] == '\0') {
        buf_append_string(error, "has a fault without \"id\"");
        fault_rule_destroy(rule);
        return NULL;
    }
    rule->begins_ms = (int64_t)number_of(item, "beginsMs", 0);
    rule->ends_ms =
        cJSON_HasObjectItem(item, "endsMs") ? (int64_t)number_of(item, "endsMs", 0) : INT64_MAX;
    rule->hits = (uint64_t)number_of(item, "hits", 0);
    rule->fired = (uint64_t)number_of(item, "fired", 0);
    rule->step = (unsigned)number_of(item, "steps", 0);
    return rule;
}

bool faults_check(const cJSON *document, struct buf *error)
{
    const cJSON *item;

    if (document == NULL) {
        return true;
    }
    if (!cJSON_IsArray(document) || cJSON_GetArraySize(document) > FAULTS_MOST_RULES) {
        buf_printf(error, "has \"faults\" that are no list of at most %d", FAULTS_MOST_RULES);
        return false;
    }
    cJSON_ArrayForEach(item, document)
    {
        struct fault_rule *rule = read_saved(item, error);
        if (rule == NULL) {
            return false;
        }
        fault_rule_destroy(rule);
    }
    return true;
}

void faults_load(struct faults *faults, const cJSON *document)
{
    const cJSON *item;
    struct buf ignored;

    buf_init(&ignored, 8192);
    faults_hold(faults);
    faults_clear(faults);
    cJSON_ArrayForEach(item, document)
    {
        struct fault_rule *rule = read_saved(item, &ignored);
        if (rule == NULL || faults_index(faults, bytes_from_string(rule->id)) < faults->count) {
            fault_rule_destroy(rule);
            continue;
        }
        rule->place = rule->serial = ++faults->serials;
        faults_place(faults, rule, faults->count);
        faults_settle(rule);
        if (rule->active && cJSON_HasObjectItem(item, "nextStepMs")) {
            clock_arm(faults->config.clock, &rule->next_step,
                      (int64_t)number_of(item, "nextStepMs", 0));
        }
    }
    faults_release(faults);
    buf_finish(&ignored);
}

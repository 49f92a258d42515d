/* What each field of a condition compares; the rows are at the end. */
#include "emulator/journal_fields.h"

#include <string.h>

#include "resp/command_table.h"

/* ---- Texts and numbers ---- */

static bool glob_fits(const char *glob, struct bytes text, bool nocase)
{
    return bytes_match_glob(bytes_from_string(glob), text, nocase);
}

static bool text_fits(const struct match_condition *condition, const char *glob,
                      const struct journal *journal, size_t index)
{
    return glob_fits(glob, journal_at(journal, index)->texts[condition->field->text], true);
}

static bool plane_fits(const struct match_condition *condition, const char *glob,
                       const struct journal *journal, size_t index)
{
    (void)condition;
    return glob_fits(glob, bytes_from_string(journal_at(journal, index)->plane), true);
}

static bool key_fits(const struct match_condition *condition, const char *glob,
                     const struct journal *journal, size_t index)
{
    const struct journal_entry *entry = journal_at(journal, index);

    (void)condition;
    for (size_t i = 0; i < entry->key_count; i++) {
        if (glob_fits(glob, entry->keys[i], false)) {
            return true;
        }
    }
    return false;
}

static bool client_fits(const struct match_condition *condition, const char *glob,
                        const struct journal *journal, size_t index)
{
    const struct journal_entry *entry = journal_at(journal, index);

    (void)condition;
    return glob_fits(glob, entry->texts[JOURNAL_CLIENT], true) ||
           (entry->texts[JOURNAL_CLIENT_NAME].size > 0 &&
            glob_fits(glob, entry->texts[JOURNAL_CLIENT_NAME], true));
}

static bool outcome_fits(const struct match_condition *condition, const char *glob,
                         const struct journal *journal, size_t index)
{
    const struct journal_entry *entry = journal_at(journal, index);

    if (strcmp(glob, "ok") == 0) {
        return !entry->failed;
    }
    return strcmp(glob, "error") == 0 ? entry->failed : text_fits(condition, glob, journal, index);
}

static bool check_number(struct match_condition *condition, const char *glob, struct buf *error)
{
    if (!bytes_to_int64(bytes_from_string(glob), &condition->number) || condition->number < 0) {
        buf_append_string(error, "a number");
        return false;
    }
    return true;
}

static bool database_fits(const struct match_condition *condition, const char *glob,
                          const struct journal *journal, size_t index)
{
    (void)glob;
    return journal_at(journal, index)->database == condition->number;
}

/* Entries behind that ID, or from that time on. */
static bool check_since(struct match_condition *condition, const char *glob, struct buf *error)
{
    struct bytes text = bytes_from_string(glob);

    if (bytes_find(text, 'T') < text.size) {
        if (timestamp_parse(text, &condition->number)) {
            condition->number = -condition->number - 1;
            return true;
        }
    } else if (bytes_to_int64(text, &condition->number) && condition->number >= 0) {
        return true;
    }
    buf_append_string(error, "the id of a request or a time such as 2026-01-31T12:00:00Z");
    return false;
}

static bool since_fits(const struct match_condition *condition, const char *glob,
                       const struct journal *journal, size_t index)
{
    const struct journal_entry *entry = journal_at(journal, index);

    (void)glob;
    return condition->number >= 0 ? entry->number > (uint64_t)condition->number
                                  : entry->time_ms >= -(condition->number + 1);
}

/* ---- TTL: "every SET has one" ---- */

enum ttl_wish { TTL_ABSENT, TTL_PRESENT, TTL_EVENTUALLY };

static bool check_ttl(struct match_condition *condition, const char *glob, struct buf *error)
{
    static const char *const wishes[] = {"false", "true", "eventually"};

    for (size_t i = 0; i < ARRAY_LEN(wishes); i++) {
        if (strcmp(glob, wishes[i]) == 0) {
            condition->number = (int64_t)i;
            return true;
        }
    }
    buf_append_string(error, "true, false or \"eventually\"");
    return false;
}

/* A later command gave the same key an expiry. */
static bool gets_ttl_later(const struct journal *journal, size_t index)
{
    const struct journal_entry *entry = journal_at(journal, index);

    for (size_t i = index + 1; i < journal_count(journal) && entry->key_count > 0; i++) {
        const struct journal_entry *later = journal_at(journal, i);
        if (later->ttl_ms >= 0 && later->key_count > 0 && later->database == entry->database &&
            bytes_equal(later->keys[0], entry->keys[0]) &&
            bytes_equal(later->texts[JOURNAL_CACHE], entry->texts[JOURNAL_CACHE])) {
            return true;
        }
    }
    return false;
}

static bool ttl_fits(const struct match_condition *condition, const char *glob,
                     const struct journal *journal, size_t index)
{
    int64_t ttl_ms = journal_at(journal, index)->ttl_ms;

    (void)glob;
    if (condition->number == TTL_ABSENT) {
        return ttl_ms == JOURNAL_TTL_NONE;
    }
    return ttl_ms >= 0 || (condition->number == TTL_EVENTUALLY && gets_ttl_later(journal, index));
}

/* ---- Commands: names, and groups such as @write or @hash ---- */

static bool same_group(const char *name, const char *group)
{
    while (*name != '\0' || *group != '\0') {
        if (*name == '-') {
            name++;
        } else if (*group == '-') {
            group++;
        } else if (*name++ != *group++) {
            return false;
        }
    }
    return true;
}

static const struct command *find_command(struct bytes operation)
{
    size_t space = bytes_find(operation, ' ');
    const struct command *command = command_rows_find(bytes_slice(operation, 0, space));

    if (command == NULL || command->subcommands == NULL || space == operation.size) {
        return command;
    }
    struct bytes rest = bytes_slice(operation, space + 1, operation.size);
    for (const struct command *sub = command->subcommands; sub->name != NULL; sub++) {
        if (bytes_equal_string_nocase(rest, sub->name)) {
            return sub;
        }
    }
    return command;
}

static bool family_has(const struct command_family *family, struct bytes operation)
{
    struct bytes name = bytes_slice(operation, 0, bytes_find(operation, ' '));

    for (size_t i = 0; i < family->count; i++) {
        if (bytes_equal_string_nocase(name, family->commands[i].name)) {
            return true;
        }
    }
    return false;
}

static const struct command_family *find_family(const char *group)
{
    size_t count;
    const struct command_family *const *families = command_families(&count);

    for (size_t i = 0; i < count; i++) {
        if (same_group(families[i]->name, group)) {
            return families[i];
        }
    }
    return NULL;
}

static bool check_command(struct match_condition *condition, const char *glob, struct buf *error)
{
    (void)condition;
    if (glob[0] != '@' || strcmp(glob, "@all") == 0 || strcmp(glob, "@read") == 0 ||
        strcmp(glob, "@write") == 0 || find_family(glob + 1) != NULL) {
        return true;
    }
    buf_append_string(error, "a command, @read, @write, @all or a group such as @hash");
    return false;
}

static bool command_fits(const struct match_condition *condition, const char *glob,
                         const struct journal *journal, size_t index)
{
    const struct journal_entry *entry = journal_at(journal, index);
    struct bytes operation = entry->texts[JOURNAL_OPERATION];

    if (entry->database < 0) {
        return false; /* no command */
    }
    if (glob[0] != '@') {
        struct bytes name = bytes_slice(operation, 0, bytes_find(operation, ' '));
        return text_fits(condition, glob, journal, index) || glob_fits(glob, name, true);
    }
    const struct command *command = find_command(operation);
    const struct command_family *family = find_family(glob + 1);
    if (strcmp(glob, "@read") == 0) {
        return command != NULL && (command->flags & CMD_READONLY) != 0;
    }
    if (strcmp(glob, "@write") == 0) {
        return command != NULL && (command->flags & CMD_WRITE) != 0;
    }
    return family == NULL || family_has(family, operation);
}

/* ---- Rows ---- */

const struct match_field match_fields[] = {
    {"plane", 0, plane_fits, NULL, false},
    {"operation", JOURNAL_OPERATION, text_fits, NULL, false},
    {"command", JOURNAL_OPERATION, command_fits, check_command, false},
    {"method", JOURNAL_METHOD, text_fits, NULL, false},
    {"host", JOURNAL_HOST, text_fits, NULL, false},
    {"path", JOURNAL_PATH, text_fits, NULL, false},
    {"cache", JOURNAL_CACHE, text_fits, NULL, false},
    {"key", 0, key_fits, NULL, false},
    {"database", 0, database_fits, check_number, true},
    {"client", 0, client_fits, NULL, false},
    {"inside", JOURNAL_INSIDE, text_fits, NULL, false},
    {"outcome", JOURNAL_OUTCOME, outcome_fits, NULL, false},
    {"fault", JOURNAL_FAULT, text_fits, NULL, false},
    {"ttl", 0, ttl_fits, check_ttl, true},
    {"since", 0, since_fits, check_since, true},
};

const size_t match_field_count = ARRAY_LEN(match_fields);
_Static_assert(ARRAY_LEN(match_fields) <= MATCH_CONDITIONS, "room for a condition on each");

/* redurite commands: the supported-command matrix, from the very rows that serve the commands. */
#include "emulator/cli/commands.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "resp/command_table.h"

struct commands_settings {
    bool json;
    char *version;
};

/* A blocked container blocks what is in it. */
static const char *status(enum azure_rule rule, enum azure_rule container)
{
    static const char *const names[] = {"allowed", "blocked", "blocked when clustered"};
    return names[container == AZURE_BLOCKED ? container : rule];
}

/* Whether one call can name several keys, which then must be of one slot. */
static bool takes_keys(const struct command *command)
{
    const struct key_spec *first = &command->keys[0];
    bool several = first->begin != KEY_BEGIN_NONE && first->find != KEY_FIND_RANGE;
    bool range = first->begin != KEY_BEGIN_NONE && first->last != 0;
    return several || range || command->keys[1].begin != KEY_BEGIN_NONE;
}

/* On a clustered Azure cache. */
static const char *clustered_status(const struct command *command, enum azure_rule container)
{
    if (command->azure != AZURE_ALLOWED || container == AZURE_BLOCKED) {
        return "blocked";
    }
    return takes_keys(command) ? "keys of one slot" : "allowed";
}

static cJSON *describe(const struct command *command, const struct command_family *family,
                       const struct command *container)
{
    static const struct command none;
    container = container == NULL ? &none : container;
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "name", command->name);
    cJSON_AddStringToObject(item, "group", command->group != NULL ? command->group : family->name);
    cJSON_AddStringToObject(item, "since", command->since);
    cJSON_AddStringToObject(item, "azure", status(command->azure, container->azure));
    cJSON_AddStringToObject(item, "clustered", clustered_status(command, container->azure));
    cJSON_AddStringToObject(item, "managed", status(command->managed, container->managed));
    cJSON_AddStringToObject(item, "summary", command->summary);
    return item;
}

static void add(cJSON *list, const struct command *command, const struct command_family *family,
                const struct command *container, unsigned version)
{
    if (!command_known_at(command, version)) {
        return;
    }
    cJSON *item = describe(command, family, container);
    cJSON_AddItemToArray(list, item);
    if (command->subcommands == NULL) {
        return;
    }
    cJSON *subcommands = cJSON_AddArrayToObject(item, "subcommands");
    for (const struct command *row = command->subcommands; row->name != NULL; row++) {
        add(subcommands, row, family, command, version);
    }
}

static void print_row(const cJSON *item, const char *container)
{
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(item, "name"));
    printf("| %s%s%s | %s | %s | %s | %s | %s |\n", container, *container == '\0' ? "" : " ", name,
           cJSON_GetStringValue(cJSON_GetObjectItem(item, "group")),
           cJSON_GetStringValue(cJSON_GetObjectItem(item, "since")),
           cJSON_GetStringValue(cJSON_GetObjectItem(item, "azure")),
           cJSON_GetStringValue(cJSON_GetObjectItem(item, "clustered")),
           cJSON_GetStringValue(cJSON_GetObjectItem(item, "managed")));
    const cJSON *sub;
    cJSON_ArrayForEach(sub, cJSON_GetObjectItem(item, "subcommands"))
    {
        print_row(sub, name);
    }
}

static enum exit_status commands_run(void *context, char **words, int count)
{
    struct commands_settings *settings = context;
    if (count > 0) {
        return cli_fail(EXIT_USAGE, "commands takes no words, not '%.100s'", words[0]);
    }
    unsigned version =
        version_number(bytes_from_string(settings->version == NULL ? "255" : settings->version));
    if (version == 0) {
        return cli_fail(EXIT_USAGE, "--redis-version takes a version such as 6.0, not '%.100s'",
                        settings->version);
    }
    size_t family_count;
    const struct command_family *const *families = command_families(&family_count);
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < family_count; i++) {
        for (size_t row = 0; row < families[i]->count; row++) {
            add(list, &families[i]->commands[row], families[i], NULL, version);
        }
    }
    if (settings->json) {
        char *text = cJSON_Print(list);
        puts(text);
        cJSON_free(text);
    } else {
        puts("| command | group | since Redis | on Azure | clustered | on Managed Redis "
             "|\n|---|---|---|---|---|---|");
        const cJSON *item;
        cJSON_ArrayForEach(item, list)
        {
            print_row(item, "");
        }
    }
    cJSON_Delete(list);
    return EXIT_DONE;
}

static const struct option rows[] = {
    {
        .name = "json",
        .help = "as JSON, for programs",
        .value = OPTION_FLAG,
        .offset = offsetof(struct commands_settings, json),
    },
    {
        .name = "redis-version",
        .placeholder = "V",
        .help = "only what that version of Redis has",
        .value = OPTION_TEXT,
        .offset = offsetof(struct commands_settings, version),
    },
};

static const struct option_set options = {rows, ARRAY_LEN(rows)};

const struct cli_command cli_commands_command = {
    .name = "commands",
    .usage = "[options]",
    .summary = "Prints the table of supported Redis commands",
    .options = &options,
    .settings_size = sizeof(struct commands_settings),
    .run = commands_run,
};

/* redurite env [--format F] [--mode M] */
#include "emulator/cli/commands.h"

#include <string.h>

#include "emulator/cli/environment.h"

enum env_format { FORMAT_SH, FORMAT_POWERSHELL, FORMAT_DOTENV, FORMAT_JSON };

static const char *const format_choices[] = {"sh", "powershell", "dotenv", "json", NULL};

struct env_settings {
    char *endpoint;
    int format, mode;
};

/* Writes `value`, each `special` character (of those listed) as `instead`. */
static void print_replaced(const char *value, const char *specials, const char *instead)
{
    for (; *value != '\0'; value++) {
        if (strchr(specials, *value) != NULL) {
            for (const char *c = instead; *c != '\0'; c++) {
                putchar(*c == '$' ? *value : *c);
            }
        } else {
            putchar(*value);
        }
    }
}

static void print_variable(enum env_format format, const struct variable *variable)
{
    switch (format) {
    case FORMAT_SH:
        printf("export %s='", variable->name);
        print_replaced(variable->value, "'", "'\\''");
        puts("'");
        break;
    case FORMAT_POWERSHELL:
        printf("$env:%s = '", variable->name);
        print_replaced(variable->value, "'", "''");
        puts("'");
        break;
    case FORMAT_DOTENV:
        printf("%s=\"", variable->name);
        print_replaced(variable->value, "\"\\$", "\\$");
        puts("\"");
        break;
    case FORMAT_JSON:
        break;
    }
}

static void print_json(const struct environment *environment)
{
    cJSON *document = cJSON_CreateObject();
    for (size_t i = 0; i < environment->count; i++) {
        cJSON_AddStringToObject(document, environment->list[i].name, environment->list[i].value);
    }
    char *text = cJSON_Print(document);
    puts(text);
    cJSON_free(text);
    cJSON_Delete(document);
}

static enum exit_status env_run(void *context, char **words, int count)
{
    struct env_settings *settings = context;
    struct environment environment = {0};

    if (count > 0) {
        return cli_fail(EXIT_USAGE,
                        "env takes no words, not '%.100s'; to run a command use "
                        "'redurite exec -- %.100s'",
                        words[0], words[0]);
    }
    enum exit_status status = environment_prepare(
        settings->endpoint, (enum environment_mode)settings->mode, &environment);
    if (status == EXIT_DONE && settings->format == FORMAT_JSON) {
        print_json(&environment);
    } else if (status == EXIT_DONE) {
        for (size_t i = 0; i < environment.count; i++) {
            print_variable((enum env_format)settings->format, &environment.list[i]);
        }
    }
    environment_finish(&environment);
    return status;
}

static const struct option rows[] = {
    CLIENT_ENDPOINT_OPTION(struct env_settings),
    {
        .name = "format",
        .help = "for which shell or tool",
        .fallback = "sh",
        .choices = format_choices,
        .value = OPTION_CHOICE,
        .offset = offsetof(struct env_settings, format),
    },
    {
        .name = "mode",
        .help = "through a proxy, or as a cloud of its own",
        .fallback = "proxy",
        .choices = environment_mode_choices,
        .value = OPTION_CHOICE,
        .offset = offsetof(struct env_settings, mode),
    },
};

static const struct option_set options = {rows, ARRAY_LEN(rows)};

const struct cli_command cli_env_command = {
    .name = "env",
    .usage = "[options]",
    .summary = "Prints the variables that point Azure tools at the running emulator",
    .details = "    eval \"$(redurite env)\"                          # bash, zsh\n"
               "    redurite env --format powershell | Invoke-Expression\n",
    .options = &options,
    .settings_size = sizeof(struct env_settings),
    .run = env_run,
};

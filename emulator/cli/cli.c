/* Finds the command on the command line, reads its options and runs it. */
#include "emulator/cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/cli/commands.h"

const struct cli_command *const cli_commands[] = {
    &cli_start_command,    &cli_env_command,     &cli_exec_command,     &cli_status_command,
    &cli_cache_command,    &cli_clock_command,   &cli_fault_command,    &cli_scenario_command,
    &cli_requests_command, &cli_state_command,   &cli_commands_command, &cli_ca_command,
    &cli_hosts_command,    &cli_version_command, &cli_help_command,     NULL,
};

enum exit_status cli_fail(enum exit_status status, const char *format, ...)
{
    va_list arguments;

    fflush(stdout);
    fputs("redurite: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return status;
}

static const struct cli_command *find_command(struct bytes name)
{
    for (size_t i = 0; cli_commands[i] != NULL; i++) {
        if (bytes_equal_string(name, cli_commands[i]->name)) {
            return cli_commands[i];
        }
    }
    return NULL;
}

void cli_print_help(FILE *stream)
{
    fputs("Redurite, an emulator of Azure Cache for Redis and its management plane.\n\n"
          "Usage: redurite COMMAND [options]\n\nCommands:\n",
          stream);
    for (size_t i = 0; cli_commands[i] != NULL; i++) {
        fprintf(stream, "  %-10s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
    }
    fputs("\n'redurite help COMMAND' tells more. Commands that talk to a running emulator find it\n"
          "at --endpoint URL, REDURITE_ENDPOINT, or http://127.0.0.1:8443.\n",
          stream);
}

bool cli_print_command_help(struct bytes name, FILE *stream)
{
    const struct cli_command *command = find_command(name);
    if (command == NULL) {
        return false;
    }
    fprintf(stream, "Usage: redurite %s%s%s\n\n%s.\n", command->name,
            command->usage[0] == '\0' ? "" : " ", command->usage, command->summary);
    if (command->details != NULL) {
        fprintf(stream, "\n%s", command->details);
    }
    if (command->options != NULL) {
        fputs("\nOptions:\n", stream);
        options_print_help(*command->options, stream);
    }
    return true;
}

static enum exit_status unknown_command(const char *name)
{
    const char *names[32];
    size_t count = 0;

    for (; cli_commands[count] != NULL && count < ARRAY_LEN(names); count++) {
        names[count] = cli_commands[count]->name;
    }
    const char *nearest = nearest_name(bytes_from_string(name), names, count);
    if (nearest != NULL) {
        return cli_fail(EXIT_USAGE, "unknown command '%.100s'; did you mean '%s'?", name, nearest);
    }
    return cli_fail(EXIT_USAGE, "unknown command '%.100s'; 'redurite help' lists them", name);
}

/* --help or -h where the command's own options may stand. */
static bool asks_for_help(const struct cli_command *command, char **words, int count)
{
    for (int i = 0; i < count && strcmp(words[i], "--") != 0; i++) {
        if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0) {
            return true;
        }
        if (words[i][0] != '-' && command->words == WORDS_AFTER_OPTIONS) {
            return false;
        }
    }
    return false;
}

static enum exit_status run_command(const struct cli_command *command, char **words, int count)
{
    if (asks_for_help(command, words, count)) {
        cli_print_command_help(bytes_from_string(command->name), stdout);
        return EXIT_DONE;
    }
    if (command->settings_size == CLI_RAW_WORDS) {
        return command->run(NULL, words, count);
    }

    const struct option_set set =
        command->options == NULL ? (struct option_set){NULL, 0} : *command->options;
    void *settings = memory_allocate_zeroed(command->settings_size);
    struct buf error;
    enum exit_status status;
    int rest = 0;

    buf_init(&error, 4096);
    options_apply_defaults(set, settings);
    if (options_apply_words(set, command->words, settings, words, count, &rest, &error)) {
        status = command->run(settings, words, rest);
    } else {
        status =
            cli_fail(EXIT_USAGE, "%s; see 'redurite help %s'", buf_string(&error), command->name);
    }
    buf_finish(&error);
    options_finish(set, settings);
    memory_free(settings);
    return status;
}

int cli_run(int argc, char **argv)
{
    if (argc < 2) {
        cli_print_help(stderr);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        name = "help";
    } else if (strcmp(name, "--version") == 0) {
        name = "version";
    }
    const struct cli_command *command = find_command(bytes_from_string(name));
    if (command == NULL) {
        return unknown_command(name);
    }
    return run_command(command, argv + 2, argc - 2);
}

/*
 * The command line: one file per command, each ending in its row; cli.c finds the row, prints
 * help from it and runs it.
 */
#ifndef EMULATOR_CLI_CLI_H
#define EMULATOR_CLI_CLI_H

#include "emulator/options.h"

enum exit_status {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 3,
};

struct cli_command {
    const char *name;
    const char *usage;                /* behind the name: "list | show NAME"; may be empty */
    const char *summary;              /* one line */
    const char *details;              /* more lines for `help NAME`; NULL: none */
    const struct option_set *options; /* NULL: none */
    enum option_words words;
    size_t settings_size; /* of the structure that the options fill */
    /*
     * `settings` has the options applied; `words` are the `count` others. What the options own is
     * freed by the caller.
     */
    enum exit_status (*run)(void *settings, char **words, int count);
};

/* For start, whose options have more sources than the command line: words unread, no settings. */
#define CLI_RAW_WORDS 0

int cli_run(int argc, char **argv);
/* One line on stderr, "redurite: ...", and the status to return. */
enum exit_status cli_fail(enum exit_status status, const char *format, ...) PRINTF_LIKE(2, 3);
void cli_print_help(FILE *stream);                            /* of all commands */
bool cli_print_command_help(struct bytes name, FILE *stream); /* false: no such command */

/* NULL-terminated, in the order help shows them. */
extern const struct cli_command *const cli_commands[];

#endif

/* redurite help [COMMAND] */
#include "emulator/cli/commands.h"

struct help_settings {
    bool unused;
};

static enum exit_status help_run(void *settings, char **words, int count)
{
    (void)settings;
    if (count == 0) {
        cli_print_help(stdout);
        return EXIT_DONE;
    }
    if (!cli_print_command_help(bytes_from_string(words[0]), stdout)) {
        return cli_fail(EXIT_USAGE, "unknown command '%.100s'; 'redurite help' lists them",
                        words[0]);
    }
    return EXIT_DONE;
}

const struct cli_command cli_help_command = {
    .name = "help",
    .usage = "[COMMAND]",
    .summary = "Prints help",
    .settings_size = sizeof(struct help_settings),
    .run = help_run,
};

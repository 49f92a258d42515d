/* redurite version */
#include "emulator/cli/commands.h"

#include "emulator/version.h"

struct version_settings {
    bool unused;
};

static enum exit_status version_run(void *settings, char **words, int count)
{
    (void)settings;
    if (count > 0) {
        return cli_fail(EXIT_USAGE, "version takes no words, not '%.100s'", words[0]);
    }
    puts("redurite " REDURITE_VERSION);
    return EXIT_DONE;
}

const struct cli_command cli_version_command = {
    .name = "version",
    .usage = "",
    .summary = "Prints the version",
    .settings_size = sizeof(struct version_settings),
    .run = version_run,
};

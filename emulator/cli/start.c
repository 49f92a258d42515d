/* redurite start [options] */
#include "emulator/cli/commands.h"

#include <stdlib.h>

#include "emulator/app.h"
#include "emulator/config.h"

static enum exit_status start_run(void *settings, char **words, int count)
{
    extern char **environ;
    struct config config = {0};
    struct buf error;
    enum exit_status status;

    (void)settings;
    buf_init(&error, 8192);
    switch (config_read(&config, words, count, environ, &error)) {
    case CONFIG_READY:
        status = app_run(&config, &error) ? EXIT_DONE : EXIT_FAILED;
        break;
    case CONFIG_UNREADABLE:
        status = EXIT_FAILED;
        break;
    case CONFIG_BAD_USAGE:
    default:
        status = EXIT_USAGE;
        break;
    }
    if (error.size > 0) {
        cli_fail(status, "%s%s", buf_string(&error),
                 status == EXIT_USAGE ? "; see 'redurite help start'" : "");
    }
    config_finish(&config);
    buf_finish(&error);
    return status;
}

const struct cli_command cli_start_command = {
    .name = "start",
    .usage = "[options]",
    .summary = "Runs the emulator in the foreground; Ctrl-C stops it",
    .details =
        "Each option is also a key of the configuration file (redisPort) and an environment\n"
        "variable (REDURITE_REDIS_PORT). The command line wins over the environment, and\n"
        "that over the file.\n",
    .options = &config_options,
    .settings_size = CLI_RAW_WORDS,
    .run = start_run,
};

/* redurite exec [--mode M] -- COMMAND ... */
#include "emulator/cli/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/cli/environment.h"

struct exec_settings {
    char *endpoint;
    int mode;
};

static enum exit_status exec_run(void *context, char **words, int count)
{
    struct exec_settings *settings = context;
    struct environment environment = {0};

    if (count == 0) {
        return cli_fail(EXIT_USAGE, "exec needs a command: redurite exec -- az group list");
    }
    enum exit_status status = environment_prepare(
        settings->endpoint, (enum environment_mode)settings->mode, &environment);
    if (status != EXIT_DONE) {
        environment_finish(&environment);
        return status;
    }
    for (size_t i = 0; i < environment.count; i++) {
        setenv(environment.list[i].name, environment.list[i].value, 1);
    }
    environment_finish(&environment);
    if (settings->mode == ENVIRONMENT_CLOUD) {
        /* Left over from proxy mode, they would send the tools around the registered cloud. */
        unsetenv("ARM_CLOUD_METADATA_URL");
        unsetenv("ARM_ENVIRONMENT");
    }

    char **command = memory_allocate(((size_t)count + 1) * sizeof(*command));
    memcpy(command, words, (size_t)count * sizeof(*command));
    command[count] = NULL;
    /* In its own stead, so that signals and the exit status are the command's without relaying. */
    execvp(command[0], command);
    int failure = errno;
    memory_free(command);
    cli_fail(EXIT_FAILED, "cannot run %s: %s", words[0], strerror(failure));
    return (enum exit_status)(failure == ENOENT ? 127 : 126); /* as shells do */
}

static const struct option rows[] = {
    CLIENT_ENDPOINT_OPTION(struct exec_settings),
    {
        .name = "mode",
        .help = "through a proxy, or as a cloud of its own",
        .fallback = "proxy",
        .choices = environment_mode_choices,
        .value = OPTION_CHOICE,
        .offset = offsetof(struct exec_settings, mode),
    },
};

static const struct option_set options = {rows, ARRAY_LEN(rows)};

const struct cli_command cli_exec_command = {
    .name = "exec",
    .usage = "[options] -- COMMAND ...",
    .summary = "Runs a command with those variables; its exit status is the command's",
    .details = "    redurite exec -- az redis list -o table\n"
               "    redurite exec -- terraform apply\n",
    .options = &options,
    .words = WORDS_AFTER_OPTIONS,
    .settings_size = sizeof(struct exec_settings),
    .run = exec_run,
};

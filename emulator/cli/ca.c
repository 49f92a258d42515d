/* redurite ca [--path]: the development certificate authority, made when there is none yet. */
#include "emulator/cli/commands.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/config.h"
#include "emulator/files.h"
#include "emulator/tls.h"

struct ca_settings {
    char *data_dir;
    bool path;
};

static enum exit_status ca_run(void *context, char **words, int count)
{
    extern char **environ;
    struct ca_settings *settings = context;
    enum exit_status status = EXIT_DONE;

    if (count > 0) {
        return cli_fail(EXIT_USAGE, "ca takes no words, not '%.100s'", words[0]);
    }
    const char *variable = getenv("REDURITE_DATA_DIR");
    char *directory = settings->data_dir != NULL ? string_duplicate(settings->data_dir)
                      : variable != NULL         ? string_duplicate(variable)
                                                 : default_data_directory(environ);
    if (directory == NULL) {
        return cli_fail(EXIT_USAGE, "HOME is not set; say with --data-dir DIR where it is");
    }
    int failure = directory_make(directory, 0700);
    if (failure != 0) {
        status = cli_fail(EXIT_FAILED, "cannot make %s: %s", directory, strerror(failure));
        memory_free(directory);
        return status;
    }

    struct buf error;
    struct clock *clock = clock_create(NULL, NULL);
    buf_init(&error, 4096);
    struct tls_authority *authority = tls_authority_create(directory, clock, &error);
    if (authority == NULL) {
        status = cli_fail(EXIT_FAILED, "%s", buf_string(&error));
    } else if (settings->path) {
        puts(tls_authority_file(authority));
    } else {
        struct bytes pem = tls_authority_pem(authority);
        fwrite(pem.data, 1, pem.size, stdout);
    }
    tls_authority_destroy(authority);
    clock_destroy(clock);
    buf_finish(&error);
    memory_free(directory);
    return status;
}

static const struct option rows[] = {
    {
        .name = "path",
        .help = "print the file's path instead of the certificate",
        .value = OPTION_FLAG,
        .offset = offsetof(struct ca_settings, path),
    },
    {
        .name = "data-dir",
        .placeholder = "DIR",
        .help = "the emulator's data directory [the user's state directory]",
        .value = OPTION_TEXT,
        .offset = offsetof(struct ca_settings, data_dir),
    },
};

static const struct option_set options = {rows, ARRAY_LEN(rows)};

const struct cli_command cli_ca_command = {
    .name = "ca",
    .usage = "[options]",
    .summary = "Prints the certificate of the development certificate authority",
    .options = &options,
    .settings_size = sizeof(struct ca_settings),
    .run = ca_run,
};

/* redurite state save FILE | load FILE | reset */
#include "emulator/cli/commands.h"

#include <string.h>

#include "emulator/cli/client.h"
#include "emulator/files.h"

#define STATE_PATH "/_redurite/state"
#define STATE_LIMIT ((size_t)4 << 30)

struct state_settings {
    char *endpoint;
};

static enum exit_status state_save(const struct state_settings *settings, const char *file)
{
    struct buf body;

    buf_init(&body, STATE_LIMIT);
    enum exit_status status = client_request(settings->endpoint, "GET", STATE_PATH, NULL, &body);
    if (status == EXIT_DONE) {
        int failure = file_replace(file, buf_bytes(&body), 0600);
        if (failure != 0) {
            status = cli_fail(EXIT_FAILED, "cannot write %s: %s", file, strerror(failure));
        }
    }
    buf_finish(&body);
    return status;
}

static enum exit_status state_load(const struct state_settings *settings, const char *file)
{
    struct buf content, body;
    enum exit_status status;

    buf_init(&content, STATE_LIMIT);
    buf_init(&body, STATE_LIMIT);
    int failure = file_read(file, &content);
    if (failure != 0) {
        status = cli_fail(EXIT_FAILED, "cannot read %s: %s", file, strerror(failure));
    } else {
        struct bytes sent = buf_bytes(&content);
        status = client_request(settings->endpoint, "PUT", STATE_PATH, &sent, &body);
    }
    buf_finish(&content);
    buf_finish(&body);
    return status;
}

static enum exit_status state_reset(const struct state_settings *settings, const char *file)
{
    struct buf body;
    struct bytes nothing = BYTES("{}");

    (void)file;
    buf_init(&body, STATE_LIMIT);
    enum exit_status status =
        client_request(settings->endpoint, "POST", "/_redurite/reset", &nothing, &body);
    buf_finish(&body);
    return status;
}

static const struct {
    const char *name;
    bool with_file;
    enum exit_status (*run)(const struct state_settings *settings, const char *file);
} verbs[] = {
    {"save", true, state_save},
    {"load", true, state_load},
    {"reset", false, state_reset},
};

static enum exit_status state_run(void *settings, char **words, int count)
{
    for (size_t i = 0; count > 0 && i < ARRAY_LEN(verbs); i++) {
        if (strcmp(words[0], verbs[i].name) != 0) {
            continue;
        }
        if (count != (verbs[i].with_file ? 2 : 1)) {
            return cli_fail(EXIT_USAGE, "usage: redurite state %s%s", verbs[i].name,
                            verbs[i].with_file ? " FILE" : "");
        }
        return verbs[i].run(settings, count > 1 ? words[1] : NULL);
    }
    return cli_fail(EXIT_USAGE, "usage: redurite state save FILE | load FILE | reset");
}

static const struct option rows[] = {
    CLIENT_ENDPOINT_OPTION(struct state_settings),
};

static const struct option_set options = {rows, ARRAY_LEN(rows)};

const struct cli_command cli_state_command = {
    .name = "state",
    .usage = "save FILE | load FILE | reset",
    .summary = "Saves, restores or resets everything: resources, keys, data and clock",
    .options = &options,
    .settings_size = sizeof(struct state_settings),
    .run = state_run,
};

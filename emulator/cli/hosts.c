/* redurite hosts: lines for /etc/hosts, for who wants Azure's own names without a proxy. */
#include "emulator/cli/commands.h"

#include <stdio.h>

#include "emulator/cli/client.h"

struct hosts_settings {
    char *endpoint;
};

static enum exit_status hosts_run(void *context, char **words, int count)
{
    struct hosts_settings *settings = context;
    cJSON *info;

    if (count > 0) {
        return cli_fail(EXIT_USAGE, "hosts takes no words, not '%.100s'", words[0]);
    }
    enum exit_status status = client_info(settings->endpoint, &info);
    if (status != EXIT_DONE) {
        return status;
    }
    const cJSON *name;
    cJSON_ArrayForEach(name, json_at(info, "names"))
    {
        printf("%s %s\n", json_text(name, "address"), json_text(name, "name"));
    }
    cJSON_Delete(info);
    return EXIT_DONE;
}

static const struct option rows[] = {
    CLIENT_ENDPOINT_OPTION(struct hosts_settings),
};

static const struct option_set options = {rows, ARRAY_LEN(rows)};

const struct cli_command cli_hosts_command = {
    .name = "hosts",
    .usage = "",
    .summary = "Prints hosts-file lines for Azure's own names; it changes nothing itself",
    .options = &options,
    .settings_size = sizeof(struct hosts_settings),
    .run = hosts_run,
};

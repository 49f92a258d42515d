/* redurite status [--json] */
#include "emulator/cli/commands.h"

#include "emulator/cli/client.h"

struct status_settings {
    char *endpoint;
    bool json;
};

static void print_port(const char *label, const cJSON *info, const char *path)
{
    int64_t port = json_number(info, path);
    if (port == 0) {
        printf("  %-16s off\n", label);
    } else {
        printf("  %-16s %s:%lld\n", label, json_text(info, "bind"), (long long)port);
    }
}

static void print_status(const cJSON *info)
{
    printf("redurite %s is %s, pid %lld, up %lld s\n", json_text(info, "version"),
           json_text(info, "status"), (long long)json_number(info, "pid"),
           (long long)json_number(info, "uptimeSeconds"));
    print_port("front door", info, "ports.https");
    print_port("redis", info, "ports.redis");
    print_port("redis over TLS", info, "ports.redisTls");
    printf("  %-16s %s, %s", "clock", json_text(info, "clock.now"), json_text(info, "clock.mode"));
    const cJSON *scale = json_at(info, "clock.scale");
    if (cJSON_IsNumber(scale) && scale->valuedouble != 1) {
        printf(" at %g times", scale->valuedouble);
    }
    const char *directory = json_text(info, "dataDir");
    printf("\n  %-16s %s%s\n", "data", directory,
           cJSON_IsTrue(json_at(info, "ephemeral")) ? " (certificate authority only)" : "");

    const cJSON *caches = json_at(info, "caches"), *cache;
    printf("  %-16s %d\n", "caches", cJSON_GetArraySize(caches));
    cJSON_ArrayForEach(cache, caches)
    {
        printf("    %-24s %-12s %s %s, %lld keys, %lld clients\n", json_text(cache, "name"),
               json_text(cache, "state"), json_text(cache, "sku"), json_text(cache, "redisVersion"),
               (long long)json_number(cache, "keys"), (long long)json_number(cache, "clients"));
    }
    const cJSON *faults = json_at(info, "faults"), *fault;
    printf("  %-16s %d active\n", "faults", cJSON_GetArraySize(faults));
    cJSON_ArrayForEach(fault, faults)
    {
        printf("    %-24s %-12s %s, fired %lld times\n", json_text(fault, "id"),
               json_text(fault, "plane"), json_text(fault, "type"),
               (long long)json_number(fault, "fired"));
    }
}

static enum exit_status status_run(void *context, char **words, int count)
{
    struct status_settings *settings = context;
    cJSON *info;

    if (count > 0) {
        return cli_fail(EXIT_USAGE, "status takes no words, not '%.100s'", words[0]);
    }
    enum exit_status status = client_info(settings->endpoint, &info);
    if (status != EXIT_DONE) {
        return status;
    }
    if (settings->json) {
        char *text = cJSON_Print(info);
        puts(text);
        cJSON_free(text);
    } else {
        print_status(info);
    }
    cJSON_Delete(info);
    return EXIT_DONE;
}

static const struct option rows[] = {
    CLIENT_ENDPOINT_OPTION(struct status_settings),
    {
        .name = "json",
        .help = "everything, for programs",
        .value = OPTION_FLAG,
        .offset = offsetof(struct status_settings, json),
    },
};

static const struct option_set options = {rows, ARRAY_LEN(rows)};

const struct cli_command cli_status_command = {
    .name = "status",
    .usage = "[options]",
    .summary = "Tells how the running emulator is: ports, caches, clock",
    .options = &options,
    .settings_size = sizeof(struct status_settings),
    .run = status_run,
};

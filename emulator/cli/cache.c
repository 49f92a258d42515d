/* redurite cache list | show NAME | connection-string NAME */
#include "emulator/cli/commands.h"

#include <string.h>

#include "emulator/cli/client.h"

enum cache_client { CLIENT_STACKEXCHANGE, CLIENT_URL, CLIENT_REDIS_CLI, CLIENT_ENV };

static const char *const client_choices[] = {"stackexchange", "url", "redis-cli", "env", NULL};
/* Members of "connectionStrings" in the same order. */
static const char *const client_members[] = {
    "connectionStrings.stackexchange",
    "connectionStrings.url",
    "connectionStrings.redisCli",
    "connectionStrings.env",
};

struct cache_settings {
    char *endpoint;
    int client;
    bool json, key;
};

static const cJSON *find_cache(const cJSON *info, const char *name)
{
    const cJSON *cache;
    cJSON_ArrayForEach(cache, json_at(info, "caches"))
    {
        if (bytes_equal_string_nocase(bytes_from_string(json_text(cache, "name")), name)) {
            return cache;
        }
    }
    return NULL;
}

static enum exit_status fail_unknown_cache(const cJSON *info, const char *name)
{
    const char *names[64];
    size_t count = 0;
    const cJSON *cache;

    cJSON_ArrayForEach(cache, json_at(info, "caches"))
    {
        if (count < ARRAY_LEN(names)) {
            names[count++] = json_text(cache, "name");
        }
    }
    const char *nearest = nearest_name(bytes_from_string(name), names, count);
    if (nearest == NULL) {
        return cli_fail(EXIT_FAILED, "there is no cache '%.100s'; 'redurite cache list' shows all",
                        name);
    }
    return cli_fail(EXIT_FAILED, "there is no cache '%.100s'; did you mean '%s'?", name, nearest);
}

static void print_json(const cJSON *item)
{
    char *text = cJSON_Print(item);
    puts(text);
    cJSON_free(text);
}

static void print_list(const cJSON *caches)
{
    const cJSON *cache;

    printf("%-24s %-12s %-14s %-6s %-6s %s\n", "NAME", "STATE", "SKU", "REDIS", "KEYS", "HOST");
    cJSON_ArrayForEach(cache, caches)
    {
        printf("%-24s %-12s %-14s %-6s %-6lld %s:%lld\n", json_text(cache, "name"),
               json_text(cache, "state"), json_text(cache, "sku"), json_text(cache, "redisVersion"),
               (long long)json_number(cache, "keys"), json_text(cache, "hostName"),
               (long long)json_number(cache, "sslPort"));
    }
}

static void print_cache(const cJSON *cache)
{
    printf("name               %s\n", json_text(cache, "name"));
    printf("state              %s\n", json_text(cache, "state"));
    printf("resource id        %s\n", json_text(cache, "resourceId"));
    printf("sku                %s, Redis %s\n", json_text(cache, "sku"),
           json_text(cache, "redisVersion"));
    long long plain_port = (long long)json_number(cache, "port");
    long long tls_port = (long long)json_number(cache, "sslPort");
    bool plain = cJSON_IsTrue(json_at(cache, "nonSslPortEnabled"));
    printf("host               %s, ", json_text(cache, "hostName"));
    if (plain && plain_port == tls_port) { /* Azure Managed Redis has one port */
        printf("port %lld, without TLS\n", plain_port);
    } else if (plain) {
        printf("TLS port %lld, plain port %lld\n", tls_port, plain_port);
    } else {
        printf("TLS port %lld, plain port closed\n", tls_port);
    }
    printf("primary key        %s\n", json_text(cache, "primaryKey"));
    printf("secondary key      %s\n", json_text(cache, "secondaryKey"));
    printf("connection string  %s\n", json_text(cache, "connectionStrings.stackexchange"));
    printf("url                %s\n", json_text(cache, "connectionStrings.url"));
    printf("redis-cli          %s\n", json_text(cache, "connectionStrings.redisCli"));
    printf("data               %lld keys, %lld bytes, %lld clients\n",
           (long long)json_number(cache, "keys"), (long long)json_number(cache, "usedMemory"),
           (long long)json_number(cache, "clients"));
}

static enum exit_status cache_answer(const struct cache_settings *settings, const cJSON *info,
                                     char **words)
{
    if (strcmp(words[0], "list") == 0) {
        const cJSON *caches = json_at(info, "caches");
        if (settings->json) {
            print_json(caches);
        } else {
            print_list(caches);
        }
        return EXIT_DONE;
    }
    const cJSON *cache = find_cache(info, words[1]);
    if (cache == NULL) {
        return fail_unknown_cache(info, words[1]);
    }
    if (strcmp(words[0], "connection-string") == 0) {
        puts(json_text(cache, client_members[settings->client]));
    } else if (settings->key) {
        puts(json_text(cache, "primaryKey"));
    } else if (settings->json) {
        print_json(cache);
    } else {
        print_cache(cache);
    }
    return EXIT_DONE;
}

static enum exit_status cache_run(void *context, char **words, int count)
{
    static const char *const verbs[] = {"list", "show", "connection-string"};
    static const int word_counts[] = {1, 2, 2};

    for (size_t i = 0; count > 0 && i < ARRAY_LEN(verbs); i++) {
        if (strcmp(words[0], verbs[i]) != 0) {
            continue;
        }
        if (count != word_counts[i]) {
            return cli_fail(EXIT_USAGE, "usage: redurite cache %s%s", verbs[i],
                            word_counts[i] == 2 ? " NAME" : "");
        }
        const struct cache_settings *settings = context;
        cJSON *info;
        enum exit_status status = client_info(settings->endpoint, &info);
        if (status == EXIT_DONE) {
            status = cache_answer(settings, info, words);
            cJSON_Delete(info);
        }
        return status;
    }
    return cli_fail(EXIT_USAGE, "usage: redurite cache list | show NAME | connection-string NAME");
}

static const struct option rows[] = {
    CLIENT_ENDPOINT_OPTION(struct cache_settings),
    {
        .name = "client",
        .help = "for which client the connection string is",
        .fallback = "stackexchange",
        .choices = client_choices,
        .value = OPTION_CHOICE,
        .offset = offsetof(struct cache_settings, client),
    },
    {
        .name = "key",
        .help = "show: the primary key alone",
        .value = OPTION_FLAG,
        .offset = offsetof(struct cache_settings, key),
    },
    {
        .name = "json",
        .help = "list, show: for programs",
        .value = OPTION_FLAG,
        .offset = offsetof(struct cache_settings, json),
    },
};

static const struct option_set options = {rows, ARRAY_LEN(rows)};

const struct cli_command cli_cache_command = {
    .name = "cache",
    .usage = "list | show NAME | connection-string NAME [options]",
    .summary = "Tells what an app needs to reach a cache, ready to paste",
    .options = &options,
    .settings_size = sizeof(struct cache_settings),
    .run = cache_run,
};

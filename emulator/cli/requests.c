/* redurite requests list [CONDITION=GLOB ...] | verify FILE | clear */
#include "emulator/cli/commands.h"

#include <stdlib.h>
#include <string.h>

#include "base/http.h"
#include "emulator/cli/client.h"
#include "emulator/files.h"

#define REQUESTS_PATH "/_redurite/requests"
#define ANSWER_LIMIT ((size_t)64 << 20)

struct requests_settings {
    char *endpoint;
    bool json;
};

static void print_json(const cJSON *answer)
{
    char *text = cJSON_Print(answer);
    puts(text);
    cJSON_free(text);
}

/* On EXIT_DONE the answer is the caller's. */
static enum exit_status ask(const struct requests_settings *settings, const char *method,
                            const char *path, struct bytes content, cJSON **answer)
{
    struct buf body;

    buf_init(&body, ANSWER_LIMIT);
    enum exit_status status = client_request(settings->endpoint, method, path,
                                             content.data == NULL ? NULL : &content, &body);
    *answer = status == EXIT_DONE ? cJSON_ParseWithLength(body.data, body.size) : NULL;
    buf_finish(&body);
    return status;
}

static void print_request(const cJSON *request, const char *before)
{
    const cJSON *key;
    const char *path = json_text(request, "path"), *cache = json_text(request, "cache");

    printf("%s%s  %-6s %s", before, json_text(request, "time"), json_text(request, "plane"),
           json_text(request, "operation"));
    cJSON_ArrayForEach(key, json_at(request, "keys"))
    {
        printf(" %s", cJSON_GetStringValue(key));
    }
    printf("  %s", json_text(request, "outcome"));
    if (cache[0] != '\0' || path[0] != '\0') {
        printf("  %s", cache[0] != '\0' ? cache : path);
    }
    const char *fault = json_text(request, "fault");
    printf("%s%s\n", fault[0] == '\0' ? "" : "  fault ", fault);
}

/* "plane=redis" words as a query. */
static enum exit_status query_of(char **words, int count, struct buf *path)
{
    buf_append_string(path, REQUESTS_PATH "?limit=1000");
    for (int i = 0; i < count; i++) {
        struct bytes word = bytes_from_string(words[i]);
        size_t equals = bytes_find(word, '=');
        if (equals == 0 || equals == word.size) {
            return cli_fail(EXIT_USAGE, "'%.100s' is no condition such as plane=redis", words[i]);
        }
        buf_append_byte(path, '&');
        http_url_encode(bytes_slice(word, 0, equals), path);
        buf_append_byte(path, '=');
        http_url_encode(bytes_slice(word, equals + 1, word.size), path);
    }
    return EXIT_DONE;
}

/* Oldest first, as they happened. */
static enum exit_status list(const struct requests_settings *settings, char **words, int count)
{
    struct buf path;
    cJSON *answer = NULL;

    buf_init(&path, 64 * 1024);
    enum exit_status status = query_of(words, count, &path);
    if (status == EXIT_DONE) {
        status = ask(settings, "GET", buf_string(&path), (struct bytes){0}, &answer);
    }
    if (status == EXIT_DONE && settings->json) {
        print_json(answer);
    } else if (status == EXIT_DONE) {
        const cJSON *requests = json_at(answer, "requests");
        for (int i = cJSON_GetArraySize(requests); i-- > 0;) {
            print_request(cJSON_GetArrayItem(requests, i), "");
        }
        if (!cJSON_IsTrue(json_at(answer, "commandsRecorded"))) {
            fputs("Redis commands are not recorded; 'redurite requests clear' begins it.\n",
                  stderr);
        }
    }
    cJSON_Delete(answer);
    buf_finish(&path);
    return status;
}

static void print_result(const cJSON *result)
{
    const cJSON *request;

    if (cJSON_IsTrue(json_at(result, "passed"))) {
        return;
    }
    const char *name = json_text(result, "name");
    printf("failed: %s%s%s\n", name, name[0] == '\0' ? "" : ": ", json_text(result, "message"));
    cJSON_ArrayForEach(request, json_at(result, "offending"))
    {
        print_request(request, "  did not comply: ");
    }
    cJSON_ArrayForEach(request, json_at(result, "near"))
    {
        print_request(request, "  was near: ");
    }
}

static enum exit_status verify(const struct requests_settings *settings, char **words, int count)
{
    struct buf text;
    cJSON *answer = NULL;
    const cJSON *result;

    (void)count;
    buf_init(&text, (size_t)4 << 20);
    int failure = file_read(words[0], &text);
    enum exit_status status =
        failure == 0 ? EXIT_DONE
                     : cli_fail(EXIT_FAILED, "cannot read %s: %s", words[0], strerror(failure));
    if (status == EXIT_DONE) {
        status = ask(settings, "POST", REQUESTS_PATH "/verify", buf_bytes(&text), &answer);
    }
    if (status == EXIT_DONE && settings->json) {
        print_json(answer);
    } else if (status == EXIT_DONE) {
        cJSON_ArrayForEach(result, json_at(answer, "results"))
        {
            print_result(result);
        }
    }
    if (status == EXIT_DONE && !cJSON_IsTrue(json_at(answer, "passed"))) {
        status = cli_fail(EXIT_FAILED, "not all that %s expects has happened", words[0]);
    }
    cJSON_Delete(answer);
    buf_finish(&text);
    return status;
}

static enum exit_status clear(const struct requests_settings *settings, char **words, int count)
{
    cJSON *answer = NULL;

    (void)words;
    (void)count;
    enum exit_status status = ask(settings, "DELETE", REQUESTS_PATH, (struct bytes){0}, &answer);
    if (status == EXIT_DONE) {
        puts("The record begins anew, Redis commands included.");
    }
    cJSON_Delete(answer);
    return status;
}

static const struct {
    const char *name, *arguments;
    int least, most;
    enum exit_status (*run)(const struct requests_settings *settings, char **words, int count);
} verbs[] = {
    {"list", " [CONDITION=GLOB ...]", 0, 100, list},
    {"verify", " FILE", 1, 1, verify},
    {"clear", "", 0, 0, clear},
};

#define USAGE "list [CONDITION=GLOB ...] | verify FILE | clear"

static enum exit_status requests_run_command(void *settings, char **words, int count)
{
    for (size_t i = 0; count > 0 && i < ARRAY_LEN(verbs); i++) {
        if (strcmp(words[0], verbs[i].name) != 0) {
            continue;
        }
        if (count - 1 < verbs[i].least || count - 1 > verbs[i].most) {
            return cli_fail(EXIT_USAGE, "usage: redurite requests %s%s", verbs[i].name,
                            verbs[i].arguments);
        }
        return verbs[i].run(settings, words + 1, count - 1);
    }
    return cli_fail(EXIT_USAGE, "usage: redurite requests " USAGE);
}

static const struct option rows[] = {
    CLIENT_ENDPOINT_OPTION(struct requests_settings),
    {
        .name = "json",
        .help = "the answer, for programs",
        .value = OPTION_FLAG,
        .offset = offsetof(struct requests_settings, json),
    },
};

static const struct option_set options = {rows, ARRAY_LEN(rows)};

const struct cli_command cli_requests_command = {
    .name = "requests",
    .usage = USAGE,
    .summary = "What applications did: requests of all planes, and whether they were as expected",
    .details =
        "    redurite requests clear                       # from here on, with Redis commands\n"
        "    redurite requests list command=@write key='user:*' outcome=error\n"
        "    redurite requests verify expectations.json    # status 1 unless all are met\n",
    .options = &options,
    .settings_size = sizeof(struct requests_settings),
    .run = requests_run_command,
};

/* redurite scenario list | show NAME | start NAME|FILE | stop NAME|all */
#include "emulator/cli/commands.h"

#include <stdlib.h>
#include <string.h>

#include "base/http.h"
#include "emulator/cli/client.h"
#include "emulator/files.h"

#define SCENARIOS_PATH "/_redurite/scenarios"
#define ANSWER_LIMIT ((size_t)16 << 20)

struct scenario_settings {
    char *endpoint, *cache;
    bool json;
};

static void print_json(const cJSON *answer)
{
    char *text = cJSON_Print(answer);
    puts(text);
    cJSON_free(text);
}

/* On EXIT_DONE the answer is the caller's. */
static enum exit_status ask(const struct scenario_settings *settings, const char *method,
                            const char *path, const cJSON *content, cJSON **answer)
{
    char *sent = content == NULL ? NULL : cJSON_PrintUnformatted(content);
    struct bytes text = bytes_from_string(sent);
    struct buf body;

    buf_init(&body, ANSWER_LIMIT);
    enum exit_status status =
        client_request(settings->endpoint, method, path, sent == NULL ? NULL : &text, &body);
    cJSON_free(sent);
    *answer = status == EXIT_DONE ? cJSON_ParseWithLength(body.data, body.size) : NULL;
    buf_finish(&body);
    return status;
}

static char *path_of(const char *name, const char *verb)
{
    struct buf encoded;

    buf_init(&encoded, 4096);
    http_url_encode(bytes_from_string(name), &encoded);
    char *path = string_format(SCENARIOS_PATH "/%s%s", buf_string(&encoded), verb);
    buf_finish(&encoded);
    return path;
}

/* ---- For people ---- */

/* One text, or each of a list on a line of its own. */
static void print_texts(const char *heading, const cJSON *value)
{
    const cJSON *line;

    if (cJSON_IsString(value)) {
        printf("%s\n  %s\n\n", heading, value->valuestring);
    } else if (cJSON_IsArray(value)) {
        printf("%s\n", heading);
        cJSON_ArrayForEach(line, value)
        {
            printf("  - %s\n", cJSON_GetStringValue(line));
        }
        putchar('\n');
    }
}

static void print_run(const cJSON *run)
{
    const cJSON *step;
    int number = 0;

    printf("It runs since %s\n", json_text(run, "started"));
    cJSON_ArrayForEach(step, json_at(run, "steps"))
    {
        printf("  step %d  %-8s %s%s%s\n", ++number, json_text(step, "state"),
               json_text(step, "say"), json_text(step, "message")[0] == '\0' ? "" : ": ",
               json_text(step, "message"));
    }
    const cJSON *solved = json_at(run, "solved");
    if (cJSON_IsTrue(solved)) {
        printf("\nSolved.\n");
    } else if (solved != NULL) {
        printf("\nNot solved yet: %s\n", json_text(run, "message"));
    }
}

static void print_scenario(const cJSON *scenario)
{
    printf("%s: %s\n\n", json_text(scenario, "name"), json_text(scenario, "title"));
    print_texts("Story", json_at(scenario, "story"));
    print_texts("What to observe", json_at(scenario, "observe"));
    print_texts("The fix", json_at(scenario, "fix"));
    if (cJSON_IsObject(json_at(scenario, "running"))) {
        print_run(json_at(scenario, "running"));
    }
}

static void print_list(const cJSON *answer)
{
    const cJSON *each;

    cJSON_ArrayForEach(each, json_at(answer, "scenarios"))
    {
        printf("%-30s %-8s %s\n", json_text(each, "name"),
               cJSON_IsTrue(json_at(each, "running")) ? "running" : "", json_text(each, "title"));
    }
}

/* ---- Verbs ---- */

static enum exit_status show_answer(const struct scenario_settings *settings,
                                    enum exit_status status, cJSON *answer)
{
    if (status == EXIT_DONE && settings->json) {
        print_json(answer);
    } else if (status == EXIT_DONE && json_at(answer, "scenarios") != NULL) {
        print_list(answer);
    } else if (status == EXIT_DONE) {
        print_scenario(answer);
    }
    cJSON_Delete(answer);
    return status;
}

static enum exit_status list(const struct scenario_settings *settings, const char *word)
{
    cJSON *answer;

    (void)word;
    enum exit_status status = ask(settings, "GET", SCENARIOS_PATH, NULL, &answer);
    return show_answer(settings, status, answer);
}

static enum exit_status show(const struct scenario_settings *settings, const char *word)
{
    cJSON *answer;
    char *path = path_of(word, "");
    enum exit_status status = ask(settings, "GET", path, NULL, &answer);
    memory_free(path);
    return show_answer(settings, status, answer);
}

/* Makes the file's scenario known; its name is the caller's. */
static enum exit_status send_file(const struct scenario_settings *settings, const char *file,
                                  char **name)
{
    struct buf text;
    cJSON *answer;

    buf_init(&text, (size_t)1 << 20);
    int failure = file_read(file, &text);
    cJSON *document = failure != 0 ? NULL : cJSON_ParseWithLength(text.data, text.size);
    buf_finish(&text);
    if (failure != 0) {
        return cli_fail(EXIT_FAILED, "cannot read %s: %s", file, strerror(failure));
    }
    if (document == NULL) {
        return cli_fail(EXIT_FAILED, "%s is not valid JSON", file);
    }
    enum exit_status status = ask(settings, "POST", SCENARIOS_PATH, document, &answer);
    cJSON_Delete(document);
    if (status == EXIT_DONE) {
        *name = string_duplicate(json_text(answer, "name"));
        cJSON_Delete(answer);
    }
    return status;
}

static enum exit_status start(const struct scenario_settings *settings, const char *word)
{
    char *name = NULL;
    cJSON *answer = NULL, *content = NULL;
    enum exit_status status = EXIT_DONE;

    if (strchr(word, '/') != NULL || strchr(word, '.') != NULL) {
        status = send_file(settings, word, &name);
    } else {
        name = string_duplicate(word);
    }
    if (status == EXIT_DONE) {
        char *path = path_of(name, "/start");
        if (settings->cache != NULL) {
            content = cJSON_CreateObject();
            cJSON_AddStringToObject(content, "cache", settings->cache);
        }
        status = ask(settings, "POST", path, content, &answer);
        memory_free(path);
    }
    cJSON_Delete(content);
    memory_free(name);
    return show_answer(settings, status, answer);
}

static enum exit_status stop_one(const struct scenario_settings *settings, const char *name,
                                 bool quiet)
{
    cJSON *answer;
    char *path = path_of(name, "/stop");
    enum exit_status status = ask(settings, "POST", path, NULL, &answer);
    memory_free(path);
    if (quiet) {
        cJSON_Delete(answer);
        return status;
    }
    return show_answer(settings, status, answer);
}

static enum exit_status stop(const struct scenario_settings *settings, const char *word)
{
    cJSON *answer;
    const cJSON *each;

    if (strcmp(word, "all") != 0) {
        return stop_one(settings, word, false);
    }
    enum exit_status status = ask(settings, "GET", SCENARIOS_PATH, NULL, &answer);
    cJSON_ArrayForEach(each, json_at(answer, "scenarios"))
    {
        if (status == EXIT_DONE && cJSON_IsTrue(json_at(each, "running"))) {
            status = stop_one(settings, json_text(each, "name"), true);
        }
    }
    cJSON_Delete(answer);
    return status;
}

static const struct {
    const char *name, *argument;
    enum exit_status (*run)(const struct scenario_settings *settings, const char *word);
} verbs[] = {
    {"list", NULL, list},
    {"show", "NAME", show},
    {"start", "NAME|FILE", start},
    {"stop", "NAME|all", stop},
};

#define USAGE "list | show NAME | start NAME|FILE | stop NAME|all"

static enum exit_status scenario_run_command(void *settings, char **words, int count)
{
    for (size_t i = 0; count > 0 && i < ARRAY_LEN(verbs); i++) {
        if (strcmp(words[0], verbs[i].name) != 0) {
            continue;
        }
        if (count != (verbs[i].argument == NULL ? 1 : 2)) {
            return cli_fail(EXIT_USAGE, "usage: redurite scenario %s%s%s", verbs[i].name,
                            verbs[i].argument == NULL ? "" : " ",
                            verbs[i].argument == NULL ? "" : verbs[i].argument);
        }
        return verbs[i].run(settings, count > 1 ? words[1] : NULL);
    }
    return cli_fail(EXIT_USAGE, "usage: redurite scenario " USAGE);
}

static const struct option rows[] = {
    CLIENT_ENDPOINT_OPTION(struct scenario_settings),
    {
        .name = "cache",
        .placeholder = "NAME",
        .help = "start: only this cache suffers",
        .value = OPTION_TEXT,
        .offset = offsetof(struct scenario_settings, cache),
    },
    {
        .name = "json",
        .help = "the answer, for programs",
        .value = OPTION_FLAG,
        .offset = offsetof(struct scenario_settings, json),
    },
};

static const struct option_set options = {rows, ARRAY_LEN(rows)};

const struct cli_command cli_scenario_command = {
    .name = "scenario",
    .usage = USAGE,
    .summary = "Stories of failures: what breaks, what is seen, what fixes it",
    .details = "    redurite scenario start failover-during-traffic --cache devcache\n"
               "    redurite scenario show failover-during-traffic   # how it goes\n"
               "    redurite scenario start ./ours.json              # docs/scenarios.md\n",
    .options = &options,
    .settings_size = sizeof(struct scenario_settings),
    .run = scenario_run_command,
};

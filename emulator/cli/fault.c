/* redurite fault list | types | add RULE | remove ID | clear */
#include "emulator/cli/commands.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/cli/client.h"
#include "emulator/faults/rule.h"
#include "emulator/files.h"

#define FAULTS_PATH "/_redurite/faults"
#define RULES_LIMIT ((size_t)64 << 20)

struct fault_settings {
    char *endpoint;
    bool json;
};

static void print_rule(const cJSON *rule)
{
    const char *state = cJSON_IsTrue(json_at(rule, "active"))     ? "active"
                        : cJSON_IsFalse(json_at(rule, "enabled")) ? "disabled"
                                                                  : "not active";
    cJSON *match = cJSON_Duplicate(json_at(rule, "match"), true);
    char *text = cJSON_PrintUnformatted(match);

    printf("%-24s %-10s %-20s %-10s fired %lld of %lld", json_text(rule, "id"),
           json_text(rule, "plane"), json_text(rule, "type"), state,
           (long long)json_number(rule, "fired"), (long long)json_number(rule, "hits"));
    if (match != NULL && match->child != NULL) {
        printf("  %s", text);
    }
    putchar('\n');
    cJSON_free(text);
    cJSON_Delete(match);
}

static void print_json(const cJSON *answer)
{
    char *text = cJSON_Print(answer);
    puts(text);
    cJSON_free(text);
}

/* A request; the answer is printed by `print` for each rule in it, or as JSON. */
static enum exit_status ask(const struct fault_settings *settings, const char *method,
                            const char *path, const cJSON *content)
{
    char *sent = content == NULL ? NULL : cJSON_PrintUnformatted(content);
    struct bytes text = bytes_from_string(sent);
    struct buf body;

    buf_init(&body, RULES_LIMIT);
    enum exit_status status =
        client_request(settings->endpoint, method, path, sent == NULL ? NULL : &text, &body);
    cJSON_free(sent);
    cJSON *answer = status == EXIT_DONE ? cJSON_ParseWithLength(body.data, body.size) : NULL;
    if (answer != NULL && settings->json) {
        print_json(answer);
    } else if (answer != NULL) {
        const cJSON *list = json_at(answer, "faults"), *rule;
        list = list == NULL && cJSON_IsArray(answer) ? answer : list;
        if (list == NULL) {
            print_rule(answer);
        }
        cJSON_ArrayForEach(rule, list)
        {
            print_rule(rule);
        }
    }
    cJSON_Delete(answer);
    buf_finish(&body);
    return status;
}

/* ---- Rules as words: latency cache=devcache latency=250 times=3 ---- */

static cJSON *value_of(const char *text)
{
    cJSON *value = cJSON_ParseWithOpts(text, NULL, true); /* all of it: "5m" is no number */
    if (cJSON_IsNumber(value) || cJSON_IsBool(value)) {
        return value;
    }
    cJSON_Delete(value);
    return cJSON_CreateString(text);
}

/* "GET,SET": a list, where a list may stand. */
static cJSON *patterns_of(const char *text)
{
    if (strchr(text, ',') == NULL) {
        return cJSON_CreateString(text);
    }
    cJSON *list = cJSON_CreateArray();
    for (struct bytes rest = bytes_from_string(text); rest.size > 0;) {
        struct bytes word = bytes_slice(rest, 0, bytes_find(rest, ','));
        char *copy = bytes_to_string(word);
        cJSON_AddItemToArray(list, cJSON_CreateString(copy));
        memory_free(copy);
        rest = bytes_slice(rest, word.size + 1, rest.size);
    }
    return list;
}

static bool is_duration(const char *name)
{
    return strcmp(name, "startAfter") == 0 || strcmp(name, "duration") == 0;
}

static bool add_word(cJSON *rule, cJSON *match, cJSON *attributes, const char *word)
{
    const char *sign = strchr(word, '=');
    if (sign == NULL || sign == word) {
        return false;
    }
    struct bytes name = {word, (size_t)(sign - word)};
    char *copy = bytes_to_string(name);
    if (fault_field_known(name)) {
        bool text = is_duration(copy) || strcmp(copy, "id") == 0;
        cJSON_AddItemToObject(rule, copy, text ? cJSON_CreateString(sign + 1) : value_of(sign + 1));
    } else if (fault_key_known(name)) {
        cJSON_AddItemToObject(match, copy, patterns_of(sign + 1));
    } else {
        cJSON_AddItemToObject(attributes, copy, value_of(sign + 1));
    }
    memory_free(copy);
    return true;
}

/* NULL after saying which word is wrong; owned by the caller. */
static cJSON *rule_from_words(char **words, int count)
{
    cJSON *rule = cJSON_CreateObject();
    cJSON_AddStringToObject(rule, "type", words[0]);
    cJSON *match = cJSON_AddObjectToObject(rule, "match");
    cJSON *attributes = cJSON_AddObjectToObject(rule, "attributes");

    for (int i = 1; i < count; i++) {
        if (!add_word(rule, match, attributes, words[i])) {
            cli_fail(EXIT_USAGE, "'%.100s' is no NAME=VALUE", words[i]);
            cJSON_Delete(rule);
            return NULL;
        }
    }
    return rule;
}

static bool read_all(const char *name, struct buf *text)
{
    if (strcmp(name, "-") != 0) {
        int failure = file_read(name, text);
        if (failure != 0) {
            cli_fail(EXIT_FAILED, "cannot read %s: %s", name, strerror(failure));
        }
        return failure == 0;
    }
    char block[4096];
    ssize_t size;
    while ((size = read(STDIN_FILENO, block, sizeof(block))) > 0) {
        buf_append(text, (struct bytes){block, (size_t)size});
    }
    return true;
}

/* JSON on the command line, in a file, or on standard input ("-"). */
static cJSON *rule_from_json(const char *word, enum exit_status *status)
{
    bool inline_json = word[0] == '{' || word[0] == '[';
    struct buf text;
    cJSON *rule = NULL;

    buf_init(&text, RULES_LIMIT);
    *status = EXIT_FAILED;
    if (inline_json ? buf_append_string(&text, word) : read_all(word, &text)) {
        rule = cJSON_ParseWithLength(text.data, text.size);
        if (rule == NULL) {
            *status = cli_fail(inline_json ? EXIT_USAGE : EXIT_FAILED, "%s is not valid JSON",
                               inline_json              ? "the rule"
                               : strcmp(word, "-") == 0 ? "standard input"
                                                        : word);
        }
    }
    buf_finish(&text);
    return rule;
}

static enum exit_status fault_add(const struct fault_settings *settings, char **words, int count)
{
    enum exit_status status = EXIT_USAGE;
    const char *word = words[0];
    bool json = strchr("{[-", word[0]) != NULL || strchr(word, '/') != NULL ||
                bytes_end_with(bytes_from_string(word), BYTES(".json"));
    if (json && count > 1) {
        return cli_fail(EXIT_USAGE, "behind a rule in JSON nothing follows, not '%.100s'",
                        words[1]);
    }
    cJSON *rule = json ? rule_from_json(word, &status) : rule_from_words(words, count);
    if (rule == NULL) {
        return status;
    }
    status = ask(settings, "POST", FAULTS_PATH, rule);
    cJSON_Delete(rule);
    return status;
}

/* ---- Verbs ---- */

static enum exit_status fault_list(const struct fault_settings *settings, char **words, int count)
{
    (void)words;
    (void)count;
    return ask(settings, "GET", FAULTS_PATH, NULL);
}

static enum exit_status fault_remove(const struct fault_settings *settings, char **words, int count)
{
    struct buf path;
    (void)count;
    buf_init(&path, 4096);
    buf_append_string(&path, FAULTS_PATH "/");
    for (const char *c = words[0]; *c != '\0'; c++) {
        buf_printf(&path,
                   strchr("-_.:", *c) != NULL || (*c >= '0' && *c <= '9') ||
                           (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z')
                       ? "%c"
                       : "%%%02X",
                   (unsigned char)*c);
    }
    enum exit_status status = ask(settings, "DELETE", buf_string(&path), NULL);
    buf_finish(&path);
    return status;
}

static enum exit_status fault_clear(const struct fault_settings *settings, char **words, int count)
{
    (void)words;
    (void)count;
    return ask(settings, "DELETE", FAULTS_PATH, NULL);
}

static enum exit_status fault_types(const struct fault_settings *settings, char **words, int count)
{
    cJSON *answer;
    const cJSON *type, *item;

    (void)words;
    (void)count;
    enum exit_status status =
        client_json(settings->endpoint, "/_redurite/fault-types", NULL, &answer);
    if (status != EXIT_DONE) {
        return status;
    }
    if (settings->json) {
        print_json(answer);
        cJSON_Delete(answer);
        return EXIT_DONE;
    }
    cJSON_ArrayForEach(type, json_at(answer, "types"))
    {
        printf("%-24s", json_text(type, "type"));
        cJSON_ArrayForEach(item, json_at(type, "planes"))
        {
            printf(" %s", item->valuestring);
        }
        printf(": %s", json_text(type, "summary"));
        const char *sign = " [";
        cJSON_ArrayForEach(item, json_at(type, "attributes"))
        {
            printf("%s%s", sign, item->valuestring);
            sign = ", ";
        }
        puts(sign[0] == ',' ? "]" : "");
    }
    cJSON_Delete(answer);
    return EXIT_DONE;
}

static const struct {
    const char *name, *arguments;
    int least, most; /* words behind the verb */
    enum exit_status (*run)(const struct fault_settings *settings, char **words, int count);
} verbs[] = {
    {"list", "", 0, 0, fault_list},
    {"types", "", 0, 0, fault_types},
    {"add", " TYPE [NAME=VALUE...] | JSON | FILE.json | -", 1, 100, fault_add},
    {"remove", " ID", 1, 1, fault_remove},
    {"clear", "", 0, 0, fault_clear},
};

static enum exit_status fault_run(void *settings, char **words, int count)
{
    for (size_t i = 0; count > 0 && i < ARRAY_LEN(verbs); i++) {
        if (strcmp(words[0], verbs[i].name) != 0) {
            continue;
        }
        if (count - 1 < verbs[i].least || count - 1 > verbs[i].most) {
            return cli_fail(EXIT_USAGE, "usage: redurite fault %s%s", verbs[i].name,
                            verbs[i].arguments);
        }
        return verbs[i].run(settings, words + 1, count - 1);
    }
    return cli_fail(EXIT_USAGE,
                    "usage: redurite fault list | types | add RULE | remove ID | clear");
}

static const struct option rows[] = {
    CLIENT_ENDPOINT_OPTION(struct fault_settings),
    {
        .name = "json",
        .help = "the answer, for programs",
        .value = OPTION_FLAG,
        .offset = offsetof(struct fault_settings, json),
    },
};

static const struct option_set options = {rows, ARRAY_LEN(rows)};

const struct cli_command cli_fault_command = {
    .name = "fault",
    .usage = "list | types | add RULE | remove ID | clear",
    .summary = "Makes things go wrong, and right again",
    .details =
        "    redurite fault add readonly cache=devcache duration=30s\n"
        "    redurite fault add latency plane=redis command=GET,MGET latency=250 probability=0.3\n"
        "    redurite fault add quota_exceeded resource='prod-*' times=1\n"
        "    redurite fault add '{\"type\": \"error\", \"plane\": \"redis\", \"attributes\": "
        "{\"error\": \"ERR no\"}}'\n"
        "    redurite fault types         # what there is, and its attributes\n",
    .options = &options,
    .settings_size = sizeof(struct fault_settings),
    .run = fault_run,
};

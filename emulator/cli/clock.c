/* redurite clock show | advance DURATION | scale N | freeze | resume */
#include "emulator/cli/commands.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "emulator/cli/client.h"

struct clock_settings {
    char *endpoint;
    bool json;
};

static enum exit_status clock_request(const struct clock_settings *settings, const char *path,
                                      const cJSON *content)
{
    cJSON *answer;
    enum exit_status status = client_json(settings->endpoint, path, content, &answer);
    if (status != EXIT_DONE) {
        return status;
    }
    if (settings->json) {
        char *text = cJSON_PrintUnformatted(answer);
        puts(text);
        cJSON_free(text);
    } else {
        const cJSON *scale = json_at(answer, "scale");
        printf("%s, %s", json_text(answer, "now"), json_text(answer, "mode"));
        if (cJSON_IsNumber(scale) && scale->valuedouble != 1 &&
            strcmp(json_text(answer, "mode"), "real") == 0) {
            printf(" at %g times", scale->valuedouble);
        }
        putchar('\n');
    }
    cJSON_Delete(answer);
    return EXIT_DONE;
}

static enum exit_status clock_show(const struct clock_settings *settings, const char *word)
{
    (void)word;
    return clock_request(settings, "/_redurite/clock", NULL);
}

static enum exit_status clock_change(const struct clock_settings *settings, const char *mode,
                                     double scale)
{
    cJSON *content = cJSON_CreateObject();
    cJSON_AddStringToObject(content, "mode", mode);
    if (scale > 0) {
        cJSON_AddNumberToObject(content, "scale", scale);
    }
    enum exit_status status = clock_request(settings, "/_redurite/clock", content);
    cJSON_Delete(content);
    return status;
}

static enum exit_status clock_advance_by(const struct clock_settings *settings, const char *word)
{
    int64_t duration_ms;
    if (!duration_parse(bytes_from_string(word), &duration_ms) || duration_ms < 0) {
        return cli_fail(EXIT_USAGE, "'%.100s' is no duration: expected 90s, 20m or 36h", word);
    }
    cJSON *content = cJSON_CreateObject();
    cJSON_AddStringToObject(content, "by", word);
    enum exit_status status = clock_request(settings, "/_redurite/clock/advance", content);
    cJSON_Delete(content);
    return status;
}

static enum exit_status clock_scale_to(const struct clock_settings *settings, const char *word)
{
    char *end;
    double scale = strtod(word, &end);
    if (*word == '\0' || *end != '\0' || !(scale > 0)) {
        return cli_fail(EXIT_USAGE, "'%.100s' is no scale: expected a number above 0", word);
    }
    return clock_change(settings, "real", scale);
}

static enum exit_status clock_freeze_now(const struct clock_settings *settings, const char *word)
{
    (void)word;
    return clock_change(settings, "frozen", 0);
}

static enum exit_status clock_resume(const struct clock_settings *settings, const char *word)
{
    (void)word;
    return clock_change(settings, "real", 0); /* at the scale it had */
}

static const struct {
    const char *name, *argument;
    enum exit_status (*run)(const struct clock_settings *settings, const char *word);
} verbs[] = {
    {"show", NULL, clock_show},     {"advance", "DURATION", clock_advance_by},
    {"scale", "N", clock_scale_to}, {"freeze", NULL, clock_freeze_now},
    {"resume", NULL, clock_resume},
};

static enum exit_status clock_run_command(void *settings, char **words, int count)
{
    for (size_t i = 0; count > 0 && i < ARRAY_LEN(verbs); i++) {
        if (strcmp(words[0], verbs[i].name) != 0) {
            continue;
        }
        if (count != (verbs[i].argument == NULL ? 1 : 2)) {
            return cli_fail(EXIT_USAGE, "usage: redurite clock %s%s%s", verbs[i].name,
                            verbs[i].argument == NULL ? "" : " ",
                            verbs[i].argument == NULL ? "" : verbs[i].argument);
        }
        return verbs[i].run(settings, count > 1 ? words[1] : NULL);
    }
    return cli_fail(EXIT_USAGE,
                    "usage: redurite clock show | advance DURATION | scale N | freeze | resume");
}

static const struct option rows[] = {
    CLIENT_ENDPOINT_OPTION(struct clock_settings),
    {
        .name = "json",
        .help = "the answer, for programs",
        .value = OPTION_FLAG,
        .offset = offsetof(struct clock_settings, json),
    },
};

static const struct option_set options = {rows, ARRAY_LEN(rows)};

const struct cli_command cli_clock_command = {
    .name = "clock",
    .usage = "show | advance DURATION | scale N | freeze | resume",
    .summary = "Shows and changes the emulator's time",
    .details = "    redurite clock advance 20m   # everything due in that span has run on return\n"
               "    redurite clock scale 60      # a minute a second\n",
    .options = &options,
    .settings_size = sizeof(struct clock_settings),
    .run = clock_run_command,
};

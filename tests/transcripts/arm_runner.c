/*
 * Plays a transcript against the management API, Entra ID and the vaults in this process, on a
 * frozen clock that begins at 2026-01-01T00:00:00Z.
 *
 *     @ provisioning instant|fast|realistic   an empty service (realistic at the start)
 *     @ limits 10,2,5                         an empty service that takes so much an hour
 *     @ advance 20m                           moves the clock
 *     @ let G $S/resourceGroups/g             $G from here on
 *     @ as 11111111-...                       the object id of who asks from here on
 *     @ header If-Match: "x"                  sent with the next request
 *     @ fault {"type": "throttle", ...}       one more fault rule (fault_control.h)
 *     > PUT $S/resourceGroups/g?api-version=2021-04-01
 *     {"location": "westus2"}                 the body, up to the answer
 *     > POST https://login.microsoftonline.com/...   another host than management.azure.com
 *     > DNS c1.redis.cache.windows.net        a question of its own: arm_stage.h
 *     < 201
 *     Location: https://<any>                 a header that is there; "no Location": is not
 *     {"id": "$S/resourceGroups/g"}           the body, exactly, but for placeholders
 *
 * Placeholders are those of json_pattern.h; $S is the subscription's id. Without a body in the
 * transcript there is none in the answer; "..." stands for any, and what is not JSON is written as
 * one string of JSON. --record prints the file with the
 * answers that come now, but for those that leave parts open (tools/record_arm_transcript.py).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "tests/transcripts/arm_stage.h"
#include "tests/transcripts/fault_control.h"
#include "tests/transcripts/json_pattern.h"

enum { LONGEST_LINE = 16384, MOST_TEXT = 1 << 20 };

struct player {
    struct arm_stage *stage;
    struct names names;
    const char *file;
    bool record;
    int line, failures, requests;
    char *request;           /* "PUT /subscriptions/..."; NULL: none is open */
    struct buf body, answer; /* of the open request: what is sent, what is expected */
    struct buf extra;        /* one header to send */
    bool answered;           /* its "<" line has been read */
};

static void complain(struct player *player, const char *what, const char *detail)
{
    fprintf(stderr, "%s:%d: %s: %s\n", player->file, player->line, what, detail);
    player->failures++;
}

static void start(struct player *player, enum arm_provisioning provisioning)
{
    arm_stage_destroy(player->stage);
    player->stage = arm_stage_create(provisioning, NULL);
}

static bool control(struct player *player, const char *line)
{
    static const struct {
        const char *name;
        enum arm_provisioning provisioning;
    } kinds[] = {{"instant", ARM_PROVISIONING_INSTANT},
                 {"fast", ARM_PROVISIONING_FAST},
                 {"realistic", ARM_PROVISIONING_REALISTIC}};
    char word[32] = "", value[1024] = "";
    int64_t duration_ms;
    sscanf(line, "@ %31s %1023[^\n]", word, value);
    for (size_t i = 0; strcmp(word, "provisioning") == 0 && i < ARRAY_LEN(kinds); i++) {
        if (strcmp(value, kinds[i].name) == 0) {
            start(player, kinds[i].provisioning);
            return true;
        }
    }
    if (strcmp(word, "advance") == 0 && duration_parse(bytes_from_string(value), &duration_ms)) {
        clock_advance(arm_stage_fixture(player->stage)->clock, duration_ms);
        return true;
    }
    if (strcmp(word, "limits") == 0) {
        uint64_t limits[ARM_LIMITS] = {0};
        int count =
            sscanf(value, "%" SCNu64 ",%" SCNu64 ",%" SCNu64, &limits[0], &limits[1], &limits[2]);
        arm_stage_destroy(player->stage);
        player->stage = arm_stage_create(ARM_PROVISIONING_INSTANT, limits);
        return count == ARM_LIMITS;
    }
    if (strcmp(word, "let") == 0) {
        struct bytes name = {value, strcspn(value, " ")};
        char *expanded = names_expand(&player->names, value + name.size + 1);
        names_set(&player->names, name, bytes_from_string(expanded));
        memory_free(expanded);
        return true;
    }
    if (strcmp(word, "as") == 0) {
        struct arm_fixture *fixture = arm_stage_fixture(player->stage);
        snprintf(fixture->asks_as, sizeof(fixture->asks_as), "%.63s", value);
        return true;
    }
    if (strcmp(word, "fault") == 0) {
        bool good = fault_control(arm_stage_faults(player->stage), value);
        clock_run(arm_stage_fixture(player->stage)->clock); /* what it held goes on */
        return good;
    }
    if (strcmp(word, "header") == 0 && strchr(value, ':') != NULL) {
        char *expanded = names_expand(&player->names, value);
        buf_clear(&player->extra);
        bool fits = buf_append_string(&player->extra, expanded);
        memory_free(expanded);
        return fits;
    }
    return false;
}

/* ---- The answer ---- */

static struct bytes header_of(const struct http_response *response, struct bytes name)
{
    struct bytes rest = buf_bytes(&response->headers);
    while (rest.size > 0) {
        struct bytes line = bytes_slice(rest, 0, bytes_find(rest, '\r'));
        size_t colon = bytes_find(line, ':');
        if (bytes_equal_nocase(bytes_slice(line, 0, colon), name)) {
            return bytes_slice(line, colon + 2, line.size);
        }
        rest = bytes_slice(rest, line.size + 2, rest.size);
    }
    return (struct bytes){0};
}

static void check_header(struct player *player, const char *line,
                         const struct http_response *response)
{
    if (strncmp(line, "no ", 3) == 0) {
        if (header_of(response, bytes_from_string(line + 3)).data != NULL) {
            complain(player, "a header came", line + 3);
        }
        return;
    }
    struct bytes name = {line, strcspn(line, ":")};
    struct bytes got = header_of(response, name);
    const char *pattern = line + name.size + strspn(line + name.size, ": ");
    if (got.data == NULL || !text_fits(pattern, got, &player->names)) {
        char *value = bytes_to_string(got);
        complain(player, line, got.data == NULL ? "the header is absent" : value);
        memory_free(value);
    }
}

static void check_body(struct player *player, const char *text,
                       const struct http_response *response)
{
    struct bytes body = buf_bytes(&response->body);
    cJSON *pattern = cJSON_Parse(text), *value = cJSON_ParseWithLength(body.data, body.size);
    struct buf why;
    buf_init(&why, MOST_TEXT);
    char *whole = bytes_to_string(body);
    if (text[0] == '\0' || pattern == NULL) {
        if (strcmp(text, "...\n") != 0 && (text[0] != '\0' || body.size > 0)) {
            complain(player, text[0] == '\0' ? "more was answered" : "not JSON", whole);
        }
    } else if (cJSON_IsString(pattern)) {
        if (!text_fits(pattern->valuestring, body, &player->names)) {
            complain(player, "another text", whole);
        }
    } else if (!json_fits(pattern, value, &player->names, &why)) {
        complain(player, buf_string(&why), whole);
    }
    memory_free(whole);
    buf_finish(&why);
    cJSON_Delete(pattern);
    cJSON_Delete(value);
}

static void check(struct player *player, const struct http_response *response)
{
    char *expected = names_expand(&player->names, buf_string(&player->answer));
    char *line = expected, *end;
    if (strtol(line, &end, 10) != response->status) {
        char status[16];
        snprintf(status, sizeof(status), "%d", response->status);
        complain(player, player->request, status);
    }
    line = end + strspn(end, " \n");
    while (*line != '\0' && strchr("{[\"", *line) == NULL && strncmp(line, "...", 3) != 0) {
        size_t size = strcspn(line, "\n");
        char *header = bytes_to_string((struct bytes){line, size});
        check_header(player, header, response);
        memory_free(header);
        line += size + (line[size] == '\n');
    }
    check_body(player, line, response);
    memory_free(expected);
}

/* Such an answer says less than came, or keeps a part of it: a record must not lose that. */
static bool written_by_hand(const char *answer)
{
    return strstr(answer, "...\n") != NULL || strstr(answer, "\"<more>\"") != NULL ||
           strstr(answer, "<any:") != NULL;
}

static void print_answer(const struct http_response *response)
{
    static const char *const shown[] = {"Location",    "Azure-AsyncOperation",
                                        "Retry-After", "x-ms-failure-cause",
                                        "ETag",        "WWW-Authenticate"};
    printf("< %d\n", response->status);
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        struct bytes value = header_of(response, bytes_from_string(shown[i]));
        if (value.data != NULL) {
            printf("%s: %.*s\n", shown[i], (int)value.size, value.data);
        }
    }
    cJSON *json = cJSON_ParseWithLength(response->body.data, response->body.size);
    if (json != NULL) {
        printf("%.*s\n", (int)response->body.size, response->body.data);
    } else if (response->body.size > 0) {
        char *whole = bytes_to_string(buf_bytes(&response->body));
        cJSON *text = cJSON_CreateString(whole);
        char *quoted = cJSON_PrintUnformatted(text);
        printf("%s\n", quoted);
        cJSON_free(quoted);
        cJSON_Delete(text);
        memory_free(whole);
    }
    cJSON_Delete(json);
    printf("\n");
}

/* ---- The request ---- */

static void play(struct player *player)
{
    char *request = player->request;
    if (request == NULL) {
        return;
    }
    char *line = names_expand(&player->names, request);
    size_t space = strcspn(line, " ");
    char *target = line + space + (line[space] == ' ');
    line[space] = '\0';
    char *body = names_expand(&player->names, buf_string(&player->body));
    struct http_header header = {0};
    struct http_headers headers = {&header, 0, 1};
    if (player->extra.size > 0) {
        struct bytes extra = buf_bytes(&player->extra);
        size_t colon = bytes_find(extra, ':');
        header.name = bytes_slice(extra, 0, colon);
        header.value = bytes_slice(extra, colon + 2, extra.size);
        headers.count = 1;
    }
    struct http_response response;
    arm_stage_ask(player->stage, line, target, bytes_from_string(body), &headers, &response);
    player->requests++;
    if (player->record && !written_by_hand(buf_string(&player->answer))) {
        print_answer(&response);
    } else if (player->record) {
        check(player, &response);
        printf("< %s\n", buf_string(&player->answer));
    } else {
        check(player, &response);
    }
    http_response_finish(&response);
    memory_free(line);
    memory_free(body);
    memory_free(request);
    player->request = NULL;
    player->answered = false;
    buf_clear(&player->body);
    buf_clear(&player->answer);
    buf_clear(&player->extra);
}

static void read_line(struct player *player, const char *line)
{
    bool begins = line[0] == '>' || line[0] == '@' || line[0] == '#' || line[0] == '\n';
    if (begins && line[0] != '\n') {
        play(player);
    }
    bool mine = line[0] != '<' && !(player->answered && !begins) && line[0] != '\n';
    if (player->record && mine) {
        printf("%s", line);
    }
    if (line[0] == '@') {
        if (!control(player, line)) {
            complain(player, "no such control", line);
        }
    } else if (line[0] == '>') {
        player->request = bytes_to_string((struct bytes){line + 2, strcspn(line + 2, "\n")});
    } else if (line[0] == '<') {
        player->answered = true;
        buf_append_string(&player->answer, line + 2);
    } else if (!begins && player->request != NULL) {
        buf_append_string(player->answered ? &player->answer : &player->body, line);
    } else if (!begins) {
        complain(player, "belongs to no request", line);
    }
}

int main(int argc, char **argv)
{
    static char line[LONGEST_LINE];
    struct player player = {.record = argc == 3 && strcmp(argv[1], "--record") == 0};
    player.file = argv[argc - 1];
    FILE *file = argc == 2 || player.record ? fopen(player.file, "r") : NULL;
    if (file == NULL) {
        fprintf(stderr, "usage: arm_runner [--record] FILE.transcript\n");
        return 2;
    }
    log_configure(LOG_ERROR, NULL, NULL);
    start(&player, ARM_PROVISIONING_REALISTIC);
    names_set(&player.names, BYTES("S"), BYTES("/subscriptions/" FIXTURE_SUBSCRIPTION));
    buf_init(&player.body, 8 * MOST_TEXT);
    buf_init(&player.answer, MOST_TEXT);
    buf_init(&player.extra, LONGEST_LINE);
    while (fgets(line, sizeof(line), file) != NULL) {
        player.line++;
        read_line(&player, line);
    }
    play(&player);
    fclose(file);
    arm_stage_destroy(player.stage);
    names_finish(&player.names);
    buf_finish(&player.body);
    buf_finish(&player.answer);
    buf_finish(&player.extra);
    return player.failures == 0 && player.requests > 0 ? 0 : 1;
}

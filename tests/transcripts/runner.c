/*
 * Plays a transcript against an instance in this process, on a frozen clock.
 *     @ profile azure|redis   a fresh instance (azure: 6.0.14, keys "primary" and "secondary")
 *     @ profile redis-7.4     open-source Redis in another version than 7.0.15
 *     @ profile managed       Azure Managed Redis: 7.4.2, the same keys
 *     @ setting NAME=VALUE    a setting of redis.conf, as a start gives it
 *     @ client N              the N-th client speaks from here on
 *     @ advance 11ms          moves the clock
 *     @ fault {"type": ...}   one more fault rule (fault_control.h)
 *     > SET "a b" c           one inline command, quoted as redis-cli quotes
 *     +OK                     the exact RESP answer, a line each; "~ " in front: a glob
 * A line with "closed" expects the end of the client. --record prints the file with the answers
 * that come now, for versions of which there is no server to record (tools/record_transcript.py).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resp/configuration.h"
#include "tests/transcripts/fault_control.h"
#include "tests/transcripts/redis_stage.h"

enum { MOST_CLIENTS = 4, LONGEST_LINE = 4096 };

struct stage {
    struct random random;
    struct clock *clock;
    struct instance *instance;
    struct redis_stage *faults;
    struct session *clients[MOST_CLIENTS];
    int client;
};

static int64_t start_time(void *context)
{
    (void)context;
    return (int64_t)1700000000 * 1000000;
}

static void clear_stage(struct stage *stage)
{
    for (int i = 0; i < MOST_CLIENTS; i++) {
        redis_stage_forget(stage->faults, i);
        session_destroy(stage->clients[i]);
        stage->clients[i] = NULL;
    }
    redis_stage_destroy(stage->faults);
    instance_destroy(stage->instance);
    clock_destroy(stage->clock);
}

static void set_stage(struct stage *stage, const char *profile)
{
    bool open = strncmp(profile, "redis", 5) == 0, managed = strcmp(profile, "managed") == 0;
    const struct instance_config config = {
        .name = BYTES("transcript"),
        .profile = open      ? PROFILE_REDIS
                   : managed ? PROFILE_MANAGED
                             : PROFILE_AZURE,
        .version = bytes_from_string(managed             ? "7.4.2"
                                     : !open             ? "6.0.14"
                                     : profile[5] == '-' ? profile + 6
                                                         : "7.0.15"),
        .databases = managed ? 1 : 16,
        .max_clients = 3,
        .max_memory_policy = BYTES("noeviction"),
        .idle_timeout_ms = open ? 0 : 600000,
    };
    random_init(&stage->random, 1);
    stage->clock = clock_create(start_time, NULL);
    clock_freeze(stage->clock);
    stage->instance = instance_create(&config, stage->clock, &stage->random);
    stage->faults = redis_stage_create(stage->clock, &stage->random, stage->instance);
    if (!open) {
        instance_set_keys(stage->instance, BYTES("primary"), BYTES("secondary"));
    }
    stage->client = 0;
}

/* What the present client is answered, CRLF as LF. */
static void ask(struct stage *stage, const char *line, struct buf *answer)
{
    struct session **client = &stage->clients[stage->client];
    if (*client == NULL) {
        const struct session_peer peer = {.address = BYTES("127.0.0.1:50000"),
                                          .local_address = BYTES("127.0.0.1:6379"),
                                          .descriptor = 8 + stage->client};
        const struct session_host host = {0};
        if (redis_stage_admit(stage->faults, peer.address, answer)) {
            *client = session_create(stage->instance, &peer, &host, answer);
        }
    }
    if (*client != NULL) {
        char *input = string_format("%s\r\n", line);
        session_feed(*client, bytes_from_string(input));
        while (session_next(*client) == SESSION_COMMAND) {
            redis_stage_run(stage->faults, stage->client, *client);
        }
        buf_append(answer, session_output(*client));
        session_sent(*client, session_output(*client).size);
        if (session_closed(*client)) {
            buf_append_string(answer, "closed\n");
            redis_stage_forget(stage->faults, stage->client);
            session_destroy(*client);
            *client = NULL;
        }
        memory_free(input);
    }
    size_t kept = 0;
    for (size_t i = 0; i < answer->size; i++) {
        if (answer->data[i] != '\r') {
            answer->data[kept++] = answer->data[i];
        }
    }
    answer->size = kept;
}

static bool control(struct stage *stage, const char *line)
{
    char word[32], value[1024];
    int64_t duration_ms;
    if (sscanf(line, "@ %31s %1023[^\n]", word, value) != 2) {
        return false;
    }
    if (strcmp(word, "profile") == 0) {
        clear_stage(stage);
        set_stage(stage, value);
        return true;
    }
    if (strcmp(word, "fault") == 0) {
        return fault_control(redis_stage_faults(stage->faults), value);
    }
    if (strcmp(word, "setting") == 0) {
        struct bytes text = bytes_from_string(value);
        size_t equals = bytes_find(text, '=');
        struct buf error;
        buf_init(&error, 1024);
        bool given = setting_give(stage->instance, bytes_slice(text, 0, equals),
                                  bytes_slice(text, equals + 1, text.size), &error);
        buf_finish(&error);
        return given;
    }
    if (strcmp(word, "client") == 0) {
        stage->client = (atoi(value) - 1) % MOST_CLIENTS;
        return true;
    }
    if (strcmp(word, "advance") == 0 && duration_parse(bytes_from_string(value), &duration_ms)) {
        clock_advance(stage->clock, duration_ms);
        return true;
    }
    return false;
}

static struct bytes take_line(struct buf *answer)
{
    struct bytes all = buf_bytes(answer);
    return bytes_slice(all, 0, bytes_find(all, '\n'));
}

/* As a transcript has it: an empty line, and one that would read as something else, is a glob. */
static void print_answer(struct buf *answer)
{
    while (answer->size > 0) {
        struct bytes got = take_line(answer);
        bool plain = got.size > 0 && strchr("#>@~", got.data[0]) == NULL;
        printf("%s%.*s\n", plain ? "" : got.size == 0 ? "~" : "~ ", (int)got.size, got.data);
        buf_consume(answer, got.size + 1);
    }
}

int main(int argc, char **argv)
{
    bool record = argc == 3 && strcmp(argv[1], "--record") == 0;
    const char *name = argv[argc - 1];
    FILE *file = argc == 2 || record ? fopen(name, "r") : NULL;
    char line[LONGEST_LINE];
    struct stage stage = {0};
    struct buf answer;
    int number = 0, failures = 0, commands = 0;
    if (file == NULL) {
        fprintf(stderr, "usage: runner [--record] FILE.transcript\n");
        return 2;
    }
    set_stage(&stage, "azure");
    buf_init(&answer, (size_t)64 << 20);
    while (fgets(line, sizeof(line), file) != NULL) {
        number++;
        line[strcspn(line, "\n")] = '\0';
        if (record && (line[0] == '>' || line[0] == '@' || line[0] == '#')) {
            print_answer(&answer);
            printf("%s\n", line);
        }
        if (line[0] == '>' || line[0] == '@') {
            if (answer.size > 0) {
                fprintf(stderr, "%s:%d: more was answered: %.*s\n", name, number, (int)answer.size,
                        answer.data);
                failures++;
                buf_clear(&answer);
            }
        }
        if (line[0] == '#' || line[0] == '\0') {
            continue;
        }
        if (line[0] == '@') {
            if (!control(&stage, line)) {
                fprintf(stderr, "%s:%d: no such control: %s\n", name, number, line);
                failures++;
            }
        } else if (line[0] == '>') {
            commands++;
            ask(&stage, line + 2, &answer);
        } else if (!record) {
            struct bytes got = take_line(&answer);
            bool fits =
                line[0] == '~'
                    ? bytes_match_glob(bytes_from_string(line + 1 + (line[1] == ' ')), got, false)
                    : bytes_equal_string(got, line);
            if (!fits) {
                fprintf(stderr, "%s:%d: expected %s, got %.*s\n", name, number, line, (int)got.size,
                        got.data);
                failures++;
            }
            buf_consume(&answer, got.size + 1);
        }
    }
    if (record) {
        print_answer(&answer);
    }
    failures += answer.size > 0 || commands == 0 ? 1 : 0;
    buf_finish(&answer);
    clear_stage(&stage);
    fclose(file);
    return failures == 0 ? 0 : 1;
}

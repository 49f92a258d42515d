/* Makes journal entries of HTTP requests and of Redis commands. */
#include "emulator/recorder.h"

#include <stdio.h>
#include <string.h>

#include "resp/session.h"

/* ---- HTTP ---- */

enum { MOST_SEGMENTS = 32 };

static size_t split(struct bytes path, struct bytes segments[MOST_SEGMENTS])
{
    size_t count = 0;

    while (path.size > 0 && count < MOST_SEGMENTS) {
        size_t end = bytes_find(path, '/');
        if (end > 0) {
            segments[count++] = bytes_slice(path, 0, end);
        }
        path = bytes_slice(path, end + 1, path.size);
    }
    return count;
}

static const char *verb_of(struct bytes method)
{
    static const char *const verbs[][2] = {
        {"GET", "read"},    {"HEAD", "read"},     {"PUT", "write"},
        {"PATCH", "write"}, {"DELETE", "delete"}, {"POST", "action"},
    };

    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (bytes_equal_string(method, verbs[i][0])) {
            return verbs[i][1];
        }
    }
    return "other";
}

void arm_operation_name(struct bytes method, struct bytes path, struct buf *name)
{
    struct bytes segments[MOST_SEGMENTS];
    size_t count = split(path, segments), from = count;

    for (size_t i = count; i-- > 0;) {
        if (bytes_equal_string_nocase(segments[i], "providers") && i + 1 < count) {
            from = i + 1;
            break;
        }
    }
    if (from < count) {
        buf_append(name, segments[from++]);
    } else {
        buf_append_string(name, "Microsoft.Resources");
        from = 0;
    }
    /* Types and names take turns; an action stands where a type would. */
    for (size_t i = from; i < count; i += 2) {
        buf_printf(name, "/%.*s", (int)segments[i].size, segments[i].data);
    }
    buf_printf(name, "/%s", verb_of(method));
}

/* "oauth2/v2.0/token": the tenant says nothing about what is asked. */
static struct bytes behind_tenant(struct bytes path)
{
    path = bytes_slice(path, 1, path.size);
    size_t slash = bytes_find(path, '/');
    return slash < path.size ? bytes_slice(path, slash + 1, path.size) : path;
}

static void name_operation(const struct http_record *record, const char *plane, struct buf *name)
{
    if (record->request == NULL) {
        buf_append_string(name, "malformed");
    } else if (strcmp(plane, "arm") == 0) {
        arm_operation_name(record->request->method, record->request->path, name);
    } else if (strcmp(plane, "entra") == 0) {
        buf_append(name, behind_tenant(record->request->path));
    } else {
        buf_append(name, record->request->method);
    }
}

static const char *plane_of(const struct http_record *record)
{
    if (record->passed_on ||
        (record->request != NULL && bytes_equal_string(record->request->method, "CONNECT"))) {
        return "proxy";
    }
    if (record->site == NULL) {
        return "http";
    }
    return record->site->plane != NULL ? record->site->plane : record->site->name;
}

void recorder_add_http(struct recorder *recorder, const struct http_record *record)
{
    const char *plane = plane_of(record);
    char outcome[16];
    struct buf operation;

    if (strcmp(plane, "admin") == 0) {
        return; /* the questions about the record are not part of it */
    }
    buf_init(&operation, 2 * JOURNAL_TEXT);
    name_operation(record, plane, &operation);
    snprintf(outcome, sizeof(outcome), "%d", record->status);
    struct journal_event event = {
        .plane = plane,
        .texts =
            {
                [JOURNAL_OPERATION] = buf_bytes(&operation),
                [JOURNAL_CLIENT] = record->peer,
                [JOURNAL_OUTCOME] =
                    record->passed_on ? BYTES("passed on") : bytes_from_string(outcome),
            },
        .database = -1,
        .failed = record->status >= 400,
        .ttl_ms = JOURNAL_TTL_ABSENT,
        .duration_us = record->duration_us,
    };
    if (record->request != NULL) {
        event.texts[JOURNAL_METHOD] = record->request->method;
        event.texts[JOURNAL_HOST] = record->request->host;
        event.texts[JOURNAL_PATH] = record->request->path;
    }
    journal_add(recorder->journal, &event);
    buf_finish(&operation);
}

/* ---- Redis ---- */

static void seen(void *context, const struct seen_command *command)
{
    static const char *const inside[] = {
        [SEEN_ALONE] = "",
        [SEEN_IN_TRANSACTION] = "transaction",
        [SEEN_IN_SCRIPT] = "script",
    };
    struct recorder *recorder = context;
    struct bytes outcome = command->outcome == SEEN_DONE      ? BYTES("ok")
                           : command->outcome == SEEN_WAITING ? BYTES("waiting")
                                                              : command->error;

    journal_add(recorder->journal,
                &(struct journal_event){
                    .plane = "redis",
                    .texts =
                        {
                            [JOURNAL_OPERATION] = command->name,
                            [JOURNAL_CACHE] = instance_name(command->instance),
                            [JOURNAL_CLIENT] = session_address(command->client),
                            [JOURNAL_CLIENT_NAME] = session_name(command->client),
                            [JOURNAL_INSIDE] = bytes_from_string(inside[command->inside]),
                            [JOURNAL_OUTCOME] = outcome,
                        },
                    .keys = command->keys,
                    .key_count = command->key_count,
                    .database = command->database,
                    .failed = command->outcome == SEEN_FAILED,
                    .ttl_ms = command->ttl_ms,
                    .duration_us = command->duration_us,
                });
}

void recorder_add_sign_in(struct recorder *recorder, const struct cache *cache)
{
    if (recorder->commands) {
        return; /* the AUTH or HELLO is seen as a command */
    }
    journal_add(recorder->journal,
                &(struct journal_event){
                    .plane = "redis",
                    .texts =
                        {
                            [JOURNAL_OPERATION] = BYTES("AUTH"),
                            [JOURNAL_CACHE] = bytes_from_string(cache == NULL ? NULL : cache->name),
                            [JOURNAL_OUTCOME] = cache == NULL ? BYTES("WRONGPASS") : BYTES("ok"),
                        },
                    .database = 0,
                    .failed = cache == NULL,
                    .ttl_ms = JOURNAL_TTL_ABSENT,
                    .duration_us = -1,
                });
}

void recorder_record_commands(struct recorder *recorder, bool wanted)
{
    recorder->commands = wanted;
    cache_host_observe(recorder->caches, wanted ? &recorder->observer : NULL);
}

void recorder_init(struct recorder *recorder, struct journal *journal, struct cache_host *caches)
{
    *recorder = (struct recorder){
        .journal = journal,
        .caches = caches,
        .observer = {seen, recorder},
    };
}

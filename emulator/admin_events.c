/*
 * GET /_redurite/events: requests as they come, as server-sent events. The conditions of
 * /_redurite/requests choose among them; Last-Event-ID continues where a connection broke.
 */
#include "emulator/admin.h"

#include <string.h>

#include "emulator/app.h"
#include "emulator/journal_match.h"

struct follower {
    struct app *app;
    struct journal_listener listener;
    struct journal_match match;
    struct site_stream *stream;
};

static void append_event(const struct journal_entry *entry, struct buf *text)
{
    cJSON *document = journal_entry_document(entry);
    char *json = cJSON_PrintUnformatted(document);

    buf_printf(text, "id: %llu\nevent: request\ndata: ", (unsigned long long)entry->number);
    buf_append_string(text, json);
    buf_append_string(text, "\n\n");
    cJSON_free(json);
    cJSON_Delete(document);
}

static void heard(struct journal_listener *listener, const struct journal_entry *entry)
{
    struct follower *follower = CONTAINER_OF(listener, struct follower, listener);
    struct journal *journal = follower->app->journal;
    struct buf text;

    if (!journal_match_fits(&follower->match, journal, journal_count(journal) - 1)) {
        return;
    }
    buf_init(&text, 2 * JOURNAL_BYTES);
    append_event(entry, &text);
    site_stream_write(follower->stream, buf_bytes(&text));
    buf_finish(&text);
}

static void closed(void *context)
{
    struct follower *follower = context;

    journal_unlisten(follower->app->journal, &follower->listener);
    journal_match_finish(&follower->match);
    memory_free(follower);
}

/* What was missed since the event the client saw last. */
static void replay(const struct follower *follower, struct bytes last, struct buf *body)
{
    const struct journal *journal = follower->app->journal;
    int64_t number;

    if (last.data == NULL || !bytes_to_int64(last, &number) || number < 0) {
        return;
    }
    for (size_t i = 0; i < journal_count(journal); i++) {
        const struct journal_entry *entry = journal_at(journal, i);
        if (entry->number > (uint64_t)number && journal_match_fits(&follower->match, journal, i)) {
            append_event(entry, body);
        }
    }
}

static void follow(struct admin_call *call, struct follower *follower)
{
    struct http_response *response = call->response;

    response->status = 200;
    http_response_header(response, "Content-Type", "text/event-stream");
    http_response_header(response, "Cache-Control", "no-store");
    follower->stream = site_stream_open(call->request, closed, follower);
    if (follower->stream == NULL) { /* HEAD */
        journal_match_finish(&follower->match);
        memory_free(follower);
        return;
    }
    buf_append_string(&response->body, ": requests as they come\n\n");
    replay(follower, http_headers_get(&call->request->http->headers, "Last-Event-ID"),
           &response->body);
    follower->listener.heard = heard;
    journal_listen(call->app->journal, &follower->listener);
    if (journal_match_wants_commands(&follower->match) && !call->app->recorder.commands) {
        recorder_record_commands(&call->app->recorder, true);
    }
}

static void events_follow(struct admin_call *call)
{
    struct follower *follower = memory_allocate_zeroed(sizeof(*follower));
    struct buf error;

    follower->app = call->app;
    buf_init(&error, 4096);
    if (journal_match_parse_query(&follower->match, call->request->http->query, NULL, &error)) {
        follow(call, follower);
    } else {
        admin_answer_error(call, 400, "BadRequest", "%s", buf_string(&error));
        journal_match_finish(&follower->match);
        memory_free(follower);
    }
    buf_finish(&error);
}

const struct admin_route admin_events_routes[] = {
    {"GET", "/_redurite/events", events_follow},
    {0},
};

/* /_redurite/requests: GET shows, DELETE begins anew, POST .../verify judges */
#include "emulator/admin.h"

#include "emulator/app.h"
#include "emulator/journal_match.h"
#include "emulator/journal_verify.h"

enum { SHOWN = 100 };

static cJSON *describe(const struct app *app)
{
    cJSON *document = cJSON_CreateObject();

    cJSON_AddNumberToObject(document, "total", (double)journal_total(app->journal));
    cJSON_AddNumberToObject(document, "kept", (double)journal_count(app->journal));
    cJSON_AddNumberToObject(document, "dropped", (double)journal_dropped(app->journal));
    cJSON_AddBoolToObject(document, "commandsRecorded", app->recorder.commands);
    return document;
}

/* Newest first. */
static cJSON *list(const struct journal *journal, const struct journal_match *match, int64_t limit)
{
    cJSON *requests = cJSON_CreateArray();
    int64_t shown = 0;

    for (size_t i = journal_count(journal); i-- > 0 && shown < limit;) {
        if (journal_match_fits(match, journal, i)) {
            cJSON_AddItemToArray(requests, journal_entry_document(journal_at(journal, i)));
            shown++;
        }
    }
    return requests;
}

static void requests_show(struct admin_call *call)
{
    static const char *const others[] = {"limit", NULL};
    struct app *app = call->app;
    struct journal_match match = {0};
    struct buf error;
    int64_t limit;

    buf_init(&error, 4096);
    if (!admin_query_number_or_answer(call, "limit", SHOWN, JOURNAL_CAPACITY, &limit)) {
        /* answered */
    } else if (!journal_match_parse_query(&match, call->request->http->query, others, &error)) {
        admin_answer_error(call, 400, "BadRequest", "%s", buf_string(&error));
    } else {
        cJSON *document = describe(app);
        cJSON_AddItemToObject(document, "requests", list(app->journal, &match, limit));
        admin_answer(call, document);
    }
    journal_match_finish(&match);
    buf_finish(&error);
}

/*
 * What a test does first. It wants to know what happens next, so commands are recorded from here
 * on; "?commands=off" ends that.
 */
static void requests_clear(struct admin_call *call)
{
    struct app *app = call->app;
    struct buf commands;

    buf_init(&commands, 16);
    bool given = http_form_get(call->request->http->query, "commands", &commands);
    bool off = given && bytes_equal_string(buf_bytes(&commands), "off");
    if (given && !off && !bytes_equal_string(buf_bytes(&commands), "on")) {
        admin_answer_error(call, 400, "BadRequest", "'commands' must be on or off");
    } else {
        journal_clear(app->journal);
        recorder_record_commands(&app->recorder, !off);
        admin_answer(call, describe(app));
    }
    buf_finish(&commands);
}

static void requests_verify(struct admin_call *call)
{
    const struct verify_question question = {
        .journal = call->app->journal,
        .commands_recorded = call->app->recorder.commands,
        .body = call->body,
    };
    struct buf error;

    buf_init(&error, 4096);
    cJSON *answer = journal_verify(&question, &error);
    if (answer == NULL) {
        admin_answer_error(call, 400, "BadRequest", "%s", buf_string(&error));
    } else {
        admin_answer(call, answer);
    }
    buf_finish(&error);
}

const struct admin_route admin_journal_routes[] = {
    {"GET", "/_redurite/requests", requests_show},
    {"DELETE", "/_redurite/requests", requests_clear},
    {"POST", "/_redurite/requests/verify", requests_verify},
    {0},
};

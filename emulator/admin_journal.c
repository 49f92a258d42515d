/* GET /_redurite/requests?limit=N&plane=P */
#include "emulator/admin.h"

#include "emulator/app.h"

static void requests_show(struct admin_call *call)
{
    int64_t limit;
    struct buf plane;

    if (!admin_query_number_or_answer(call, "limit", 100, JOURNAL_CAPACITY, &limit)) {
        return;
    }
    buf_init(&plane, 64);
    bool chosen = http_form_get(call->request->http->query, "plane", &plane);
    cJSON *document = cJSON_CreateObject();
    cJSON_AddNumberToObject(document, "total", (double)journal_total(call->app->journal));
    cJSON_AddItemToObject(
        document, "requests",
        journal_latest(call->app->journal, (size_t)limit, chosen ? buf_string(&plane) : NULL));
    buf_finish(&plane);
    admin_answer(call, document);
}

const struct admin_route admin_journal_routes[] = {
    {"GET", "/_redurite/requests", requests_show},
    {0},
};

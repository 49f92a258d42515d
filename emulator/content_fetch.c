#include "emulator/content_fetch.h"

#include <stdio.h>

enum { DEADLINE_MS = 10 * 1000, MOST_REDIRECTS = 3 };

struct content_fetch {
    struct web_client *web;
    struct web_exchange *exchange; /* NULL: it begins or ends */
    size_t limit;
    int64_t until_us; /* as clock_monotonic_us */
    int redirects;
    bool beginning, over;
    content_fetched *done;
    void *context;
};

static void end(struct content_fetch *fetch, bool good, struct bytes content)
{
    fetch->over = true;
    fetch->done(fetch->context, good, content);
    if (!fetch->beginning) {
        memory_free(fetch);
    }
}

static void fail(struct content_fetch *fetch, const char *reason)
{
    end(fetch, false, bytes_from_string(reason));
}

static void ask(struct content_fetch *fetch, const char *url);

static void answered(void *context, const struct http_reply *reply, const char *failure)
{
    struct content_fetch *fetch = context;
    fetch->exchange = NULL;
    if (reply == NULL) {
        fail(fetch, failure);
        return;
    }
    struct bytes location = http_headers_get(&reply->headers, "location");
    bool moved = reply->status >= 300 && reply->status < 400 && location.size > 0;
    if (moved && fetch->redirects < MOST_REDIRECTS) {
        fetch->redirects++;
        char *url = bytes_to_string(location);
        ask(fetch, url);
        memory_free(url);
    } else if (moved) {
        fail(fetch, "it is redirected too often");
    } else if (reply->status != 200) {
        char reason[64];
        snprintf(reason, sizeof(reason), "the answer's status is %d", reply->status);
        fail(fetch, reason);
    } else {
        end(fetch, true, reply->body);
    }
}

/* The fetch may be over and gone behind it. */
static void ask(struct content_fetch *fetch, const char *url)
{
    int64_t left_ms = (fetch->until_us - clock_monotonic_us()) / 1000;
    const struct web_request request = {
        .method = "GET",
        .url = url,
        .answer_limit = fetch->limit,
        .deadline_ms = left_ms > 0 ? (uint64_t)left_ms : 1,
        .done = answered,
        .context = fetch,
    };
    struct web_exchange *exchange = web_client_ask(fetch->web, &request);
    if (exchange != NULL) {
        fetch->exchange = exchange;
    }
}

struct content_fetch *content_fetch_begin(struct web_client *web, const char *url, size_t limit,
                                          content_fetched *done, void *context)
{
    struct content_fetch *fetch = memory_allocate(sizeof(*fetch));
    *fetch = (struct content_fetch){
        .web = web,
        .limit = limit,
        .until_us = clock_monotonic_us() + (int64_t)DEADLINE_MS * 1000,
        .beginning = true,
        .done = done,
        .context = context,
    };
    ask(fetch, url);
    fetch->beginning = false;
    if (fetch->over) {
        memory_free(fetch);
        return NULL;
    }
    return fetch;
}

void content_fetch_cancel(struct content_fetch *fetch)
{
    web_exchange_cancel(fetch->exchange);
    memory_free(fetch);
}

#include "emulator/webhooks.h"

#include "base/log.h"
#include "emulator/http_place.h"

enum { DEADLINE_MS = 30 * 1000, ANSWER_LIMIT = 64 * 1024 };

/* `context` is the host, for the log: a URL may hold a secret behind it. */
static void delivered(void *context, const struct http_reply *reply, const char *failure)
{
    char *host = context;
    if (reply != NULL) {
        log_info("monitor", "webhook delivered host=%s status=%d", host, reply->status);
    } else {
        log_warn("monitor", "webhook failed host=%s reason=\"%s\"", host, failure);
    }
    memory_free(host);
}

void webhooks_post(struct web_client *web, const char *url, struct bytes body)
{
    struct http_place place = {0};
    http_place_read(url, &place);
    const struct web_request request = {
        .method = "POST",
        .url = url,
        .json = body,
        .answer_limit = ANSWER_LIMIT,
        .deadline_ms = DEADLINE_MS,
        .done = delivered,
        .context = bytes_to_string(place.host),
    };
    web_client_ask(web, &request);
}

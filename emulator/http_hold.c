/* Holding answers back. */
#include "emulator/http_hold.h"

#define ANSWER_LIMIT ((size_t)64 << 20)

static void release(struct http_hold *hold)
{
    struct http_client *client = hold->client;
    struct loop *loop = connection_loop(client->connection);

    clock_disarm(loop->clock, &hold->end);
    faults_leave(hold->faults, &hold->listener);
    client->hold = NULL;
    buf_finish(&hold->answer);
    memory_free(hold);
}

void http_hold_abandon(struct http_hold *hold)
{
    if (hold != NULL) {
        release(hold);
    }
}

/* Its time is over, or the fault is: a late answer goes out, what got none ends here. */
static void finish(struct http_hold *hold)
{
    struct http_client *client = hold->client;
    struct connection *connection = client->connection;
    bool silent = hold->fate.silent, reset = hold->fate.reset, keep_alive = hold->keep_alive;

    if (!silent) {
        connection_send(connection, buf_bytes(&hold->answer));
    }
    release(hold);
    if (silent && reset) {
        connection_abort(connection);
    } else if (silent || !keep_alive) {
        connection_close(connection);
    } else {
        loop_defer(connection_loop(connection), &client->go_on);
    }
}

static void end_came(struct timer *timer)
{
    finish(CONTAINER_OF(timer, struct http_hold, end));
}

static void rules_changed(struct faults_listener *listener)
{
    struct http_hold *hold = CONTAINER_OF(listener, struct http_hold, listener);

    if (!faults_acting(hold->faults, hold->fate.holder)) {
        finish(hold);
    }
}

bool http_hold_begin(struct http_client *client, struct faults *faults,
                     const struct site_fate *fate, const struct http_request *request,
                     const struct http_response *response)
{
    struct clock *clock = connection_loop(client->connection)->clock;
    int64_t wait_ms = fate->silent ? fate->ending_ms : fate->delay_ms;

    if (faults == NULL || client->stream != NULL || (!fate->silent && fate->delay_ms <= 0)) {
        return false;
    }
    struct http_hold *hold = memory_allocate_zeroed(sizeof(*hold));
    hold->client = client;
    hold->faults = faults;
    hold->fate = *fate;
    hold->keep_alive = request->keep_alive;
    hold->end.fire = end_came;
    hold->listener.changed = rules_changed;
    buf_init(&hold->answer, ANSWER_LIMIT);
    http_response_write(response, request, &hold->answer);
    client->hold = hold;
    connection_set_deadline(client->connection, 0);
    faults_listen(faults, &hold->listener);
    if (wait_ms >= 0) {
        clock_arm(clock, &hold->end, clock_now_ms(clock) + wait_ms);
    }
    return true;
}

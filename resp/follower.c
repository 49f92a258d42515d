#include "resp/follower.h"

#include "resp/instance_state.h"

/* Not read for so long: it had better start anew. */
#define WAITING_LIMIT ((size_t)256 << 20)

enum { PING_MS = 10000 };

static void heard(struct replication_listener *listener, struct bytes commands)
{
    struct follower *follower = CONTAINER_OF(listener, struct follower, listener);
    struct session *session = follower->session;
    if (commands.size == 0 || session->reply.output.size > WAITING_LIMIT) {
        session_close(session); /* it comes back for a copy */
        return;
    }
    bool muted = session_push_begin(session);
    reply_raw(&session->reply, commands);
    session_push_end(session, muted);
}

/* Silence would be taken for a broken link. */
static void ping_due(struct timer *timer)
{
    struct follower *follower = CONTAINER_OF(timer, struct follower, ping);
    struct instance *instance = follower->session->instance;
    clock_arm(instance->clock, timer, clock_now_ms(instance->clock) + PING_MS);
    if (!instance->replica.relays) { /* the primary does */
        replication_ping(instance);
    }
}

void follower_begin(struct session *session)
{
    struct instance *instance = session->instance;
    struct follower *follower = memory_allocate_zeroed(sizeof(*follower));
    follower->session = session;
    follower->listener.heard = heard;
    follower->ping.fire = ping_due;
    follower->heard_ms = clock_now_ms(instance->clock);
    session->follower = follower;
    replication_backlog_begin(instance);
    replication_listen(instance, &follower->listener);
    clock_arm(instance->clock, &follower->ping, clock_now_ms(instance->clock) + PING_MS);
}

void follower_end(struct session *session)
{
    if (session->follower != NULL) {
        replication_forget(session->instance, &session->follower->listener);
        clock_disarm(session->instance->clock, &session->follower->ping);
        memory_free(session->follower);
        session->follower = NULL;
        replication_backlog_leave(session->instance);
    }
}

void followers_close(struct instance *instance)
{
    for (struct session *session = instance->sessions, *next; session != NULL; session = next) {
        next = session->next;
        if (session->follower != NULL) {
            session_close(session);
        }
    }
}

void follower_acknowledge(struct session *session, uint64_t offset)
{
    session->follower->acknowledged = offset;
    session->follower->heard_ms = clock_now_ms(session->instance->clock);
}

int followers_up_to_date(const struct instance *instance)
{
    int count = 0;
    for (const struct session *session = instance->sessions; session != NULL;
         session = session->next) {
        count +=
            session->follower != NULL && session->follower->acknowledged >= instance->feed.written
                ? 1
                : 0;
    }
    return count;
}

int followers_count(const struct instance *instance)
{
    int count = 0;
    for (const struct session *session = instance->sessions; session != NULL;
         session = session->next) {
        count += session->follower != NULL ? 1 : 0;
    }
    return count;
}

#include "resp/replication_backlog.h"

#include "resp/instance_state.h"

enum { LEAST_SIZE = 16 * 1024 };

static void trim(struct replication_backlog *backlog)
{
    if (backlog->bytes.size > backlog->limit) {
        buf_consume(&backlog->bytes, backlog->bytes.size - backlog->limit);
    }
}

static void heard(struct replication_listener *listener, struct bytes commands)
{
    struct replication_backlog *backlog =
        CONTAINER_OF(listener, struct replication_backlog, listener);
    if (commands.size == 0) {
        buf_clear(&backlog->bytes); /* what was before leads nowhere any more */
        return;
    }
    size_t useful = commands.size < backlog->limit ? commands.size : backlog->limit;
    buf_append(&backlog->bytes, bytes_slice(commands, commands.size - useful, commands.size));
    /* Half of what is there goes at once, so that nothing is moved often. */
    if (backlog->bytes.size > 2 * backlog->limit) {
        trim(backlog);
    }
}

static void time_is_over(struct timer *timer)
{
    struct instance *instance = CONTAINER_OF(timer, struct replication_backlog, end)->instance;
    replication_backlog_finish(instance);
    instance->history.old_id[0] = '\0'; /* nothing of it is kept */
}

static void read_limit(struct replication_backlog *backlog)
{
    int64_t size = setting_number(backlog->instance, "repl-backlog-size");
    backlog->limit = size < LEAST_SIZE ? LEAST_SIZE : (size_t)size;
}

void replication_backlog_begin(struct instance *instance)
{
    struct replication_backlog *backlog = &instance->backlog;
    clock_disarm(instance->clock, &backlog->end);
    if (backlog->instance == NULL) {
        /* Who left before may have missed what nobody was told. */
        instance->feed.offset += replication_is_whole(instance) ? 0 : 1;
        *backlog = (struct replication_backlog){.instance = instance};
        backlog->listener.heard = heard;
        backlog->end.fire = time_is_over;
        buf_init(&backlog->bytes, SIZE_MAX);
        read_limit(backlog);
        replication_listen(instance, &backlog->listener);
    }
}

void replication_backlog_leave(struct instance *instance)
{
    int64_t seconds = setting_number(instance, "repl-backlog-ttl");
    if (instance->backlog.instance != NULL && seconds > 0 && followers_count(instance) == 0 &&
        !instance->replica.relays) {
        int64_t now_ms = clock_now_ms(instance->clock);
        clock_arm(instance->clock, &instance->backlog.end,
                  seconds > (INT64_MAX - now_ms) / 1000 ? INT64_MAX : now_ms + seconds * 1000);
    }
}

void replication_backlog_finish(struct instance *instance)
{
    struct replication_backlog *backlog = &instance->backlog;
    if (backlog->instance != NULL) {
        clock_disarm(instance->clock, &backlog->end);
        backlog->instance = NULL;
        buf_finish(&backlog->bytes);
        replication_forget(instance, &backlog->listener);
    }
}

size_t replication_backlog_size(const struct instance *instance, uint64_t *first)
{
    const struct replication_backlog *backlog = &instance->backlog;
    size_t size = backlog->bytes.size < backlog->limit ? backlog->bytes.size : backlog->limit;
    *first = backlog->instance == NULL ? 0 : instance->feed.offset - size + 1;
    return backlog->instance == NULL ? 0 : size;
}

bool replication_backlog_since(const struct instance *instance, uint64_t offset,
                               struct bytes *commands)
{
    uint64_t first;
    size_t size = replication_backlog_size(instance, &first);
    if (instance->backlog.instance == NULL || offset < first || offset > first + size) {
        return false;
    }
    const struct buf *bytes = &instance->backlog.bytes;
    *commands =
        bytes_slice(buf_bytes(bytes), bytes->size - (size_t)(first + size - offset), bytes->size);
    return true;
}

void replication_backlog_configure(struct instance *instance)
{
    if (instance->backlog.instance != NULL) {
        read_limit(&instance->backlog);
        trim(&instance->backlog);
        replication_backlog_leave(instance);
    }
}

/* Keys on their way to another server. */
#include "resp/migration.h"

#include <string.h>

#include "resp/instance_state.h"
#include "resp/long_run.h"
#include "resp/rdb_writer.h"

#define REQUEST_LIMIT ((size_t)8 << 30)

enum { LONGEST_LINE = 64 * 1024, LONGEST_REASON = 1024 };

struct migration {
    struct buf request, line; /* line: of an answer, as far as it is here */
    int *keys;                /* arguments of the call that are on their way */
    bool *arrived;
    int key_count;
    int greetings;        /* answers before the first key's: to AUTH and SELECT */
    int heard;            /* answers */
    bool keep, unwelcome; /* the latter: AUTH or SELECT was refused */
    bool nested, over;    /* it is a transaction or a script that waits; not any more */
    char *refusal;        /* the first error of the other server, without "-" */
    const char *what;     /* failed; NULL: nothing */
};

/* ---- The request ---- */

static void add_words(struct buf *request, const struct bytes *words, int count)
{
    buf_printf(request, "*%d\r\n", count);
    for (int i = 0; i < count; i++) {
        buf_printf(request, "$%zu\r\n", words[i].size);
        buf_append(request, words[i]);
        buf_append_string(request, "\r\n");
    }
}

static void add_greetings(struct migration *migration, const struct migration_order *order)
{
    char digits[24];
    const struct bytes select[] = {BYTES("SELECT"),
                                   {digits, int64_to_digits(order->database, digits)}};
    if (order->signs_in) {
        const struct bytes as_user[] = {BYTES("AUTH"), order->user, order->password};
        const struct bytes plain[] = {BYTES("AUTH"), order->password};
        bool named = order->user.size > 0;
        add_words(&migration->request, named ? as_user : plain, named ? 3 : 2);
        migration->greetings++;
    }
    add_words(&migration->request, select, ARRAY_LEN(select));
    migration->greetings++;
}

static bool add_key(struct call *call, struct migration *migration, const struct entry *entry,
                    struct bytes key, bool replace)
{
    struct buf payload;
    struct rdb_writer writer;
    char digits[24];
    const struct rdb_sink sink = {rdb_sink_into_buf, &payload};
    int64_t ttl_ms = 0;
    if (entry_expires(entry)) {
        ttl_ms = keyspace_expires_at(call->db, entry) - call->now_ms;
        ttl_ms = ttl_ms < 1 ? 1 : ttl_ms;
    }
    buf_init(&payload, REQUEST_LIMIT);
    rdb_writer_init(&writer, &sink, rdb_version(call->instance));
    rdb_write_type(&writer, entry_type(entry)->rdb_type(entry->data));
    entry_type(entry)->rdb_save(entry->data, &writer);
    rdb_write_footer(&writer, rdb_version(call->instance));
    bool whole = rdb_writer_finish(&writer);
    const struct bytes restore[] = {
        call->instance->clustered ? BYTES("RESTORE-ASKING") : BYTES("RESTORE"),
        key,
        {digits, int64_to_digits(ttl_ms, digits)},
        buf_bytes(&payload),
        BYTES("REPLACE"),
    };
    add_words(&migration->request, restore, replace ? 5 : 4);
    buf_finish(&payload);
    return whole && migration->request.size < REQUEST_LIMIT - LONGEST_LINE;
}

/* ---- Begin and end ---- */

static void destroy(struct migration *migration)
{
    if (migration != NULL) {
        buf_finish(&migration->request);
        buf_finish(&migration->line);
        memory_free(migration->keys);
        memory_free(migration->arrived);
        memory_free(migration->refusal);
        memory_free(migration);
    }
}

static void begin(struct call *call, struct migration *migration,
                  const struct migration_order *order)
{
    struct instance *instance = call->instance;
    instance->migration = migration;
    migration->nested = call->nested;
    if (!call->nested) {
        block_for_host(call);
    }
    instance->host.migrate(instance->host.context, instance, order->host, order->port,
                           order->timeout_ms);
    if (call->nested) {
        while (!migration->over && long_run_wait(instance)) {
        }
        migration->what = migration->over ? migration->what : "connecting to the client";
        migration_finish(call);
    }
}

bool migration_begin_or_reply(struct call *call, const struct migration_order *order)
{
    struct instance *instance = call->instance;
    struct migration *migration = memory_allocate_zeroed(sizeof(*migration));
    const size_t most = (size_t)order->key_count;
    bool fits = true;
    migration->keys = memory_allocate_zeroed((most + 1) * sizeof(*migration->keys));
    migration->arrived = memory_allocate_zeroed((most + 1) * sizeof(*migration->arrived));
    migration->keep = order->keep;
    buf_init(&migration->request, REQUEST_LIMIT);
    buf_init(&migration->line, LONGEST_LINE);
    add_greetings(migration, order);
    for (int i = 0; i < order->key_count && fits; i++) {
        struct bytes key = call->argv[order->first_key + i];
        const struct entry *entry = keyspace_read(call, key);
        if (entry != NULL) {
            migration->keys[migration->key_count++] = order->first_key + i;
            fits = add_key(call, migration, entry, key, order->replace);
        }
    }
    if (migration->key_count == 0) {
        reply_status(call->reply, "NOKEY");
    } else if (!fits) {
        reply_error(call->reply, "ERR the keys are too large to be sent at once");
    } else if (instance->host.migrate == NULL) {
        reply_error(call->reply, "IOERR error or timeout connecting to the client");
    } else {
        begin(call, migration, order);
        return true;
    }
    destroy(migration);
    return false;
}

void migration_finish(struct call *call)
{
    struct migration *migration = call->instance->migration;
    call->instance->migration = NULL;
    for (int i = 0; i < migration->key_count && !migration->keep; i++) {
        if (migration->arrived[i]) {
            keyspace_delete_changed(call, call->argv[migration->keys[i]]);
        }
    }
    if (migration->refusal != NULL) {
        reply_errorf(call->reply, "ERR Target instance replied with error: %s", migration->refusal);
    } else if (migration->what != NULL) {
        reply_errorf(call->reply, "IOERR error or timeout %s", migration->what);
    } else {
        reply_ok(call->reply);
    }
    destroy(migration);
}

void migration_forget(struct instance *instance)
{
    destroy(instance->migration);
    instance->migration = NULL;
}

/* ---- What the host says ---- */

static void go_on(struct instance *instance)
{
    instance->migration->over = true;
    if (instance->migration->nested) {
        long_run_wake(instance);
    } else {
        blocking_go_on_for_host(instance);
    }
}

struct bytes migration_request(const struct instance *instance)
{
    return instance->migration == NULL ? BYTES("") : buf_bytes(&instance->migration->request);
}

/* A key arrives although another one is refused; none does where AUTH or SELECT is. */
static void hear_line(struct migration *migration, struct bytes line)
{
    int key = migration->heard++ - migration->greetings;
    bool refused = line.size > 0 && line.data[0] == '-';
    migration->unwelcome |= refused && key < 0;
    if (refused && migration->refusal == NULL) {
        migration->refusal = bytes_to_string(bytes_slice(line, 1, LONGEST_REASON));
    }
    if (key >= 0) {
        migration->arrived[key] = !refused && !migration->unwelcome;
    }
}

bool migration_hear(struct instance *instance, struct bytes data)
{
    struct migration *migration = instance->migration;
    if (migration == NULL) {
        return true;
    }
    buf_clear(&migration->request);
    while (data.size > 0 && migration->heard < migration->greetings + migration->key_count) {
        size_t end = bytes_find(data, '\n');
        buf_append(&migration->line, bytes_slice(data, 0, end));
        if (end == data.size) {
            return false;
        }
        struct bytes line = buf_bytes(&migration->line);
        bool return_before = line.size > 0 && line.data[line.size - 1] == '\r';
        hear_line(migration, bytes_slice(line, 0, line.size - (return_before ? 1 : 0)));
        buf_clear(&migration->line);
        data = bytes_slice(data, end + 1, data.size);
    }
    if (migration->heard < migration->greetings + migration->key_count) {
        return false;
    }
    go_on(instance);
    return true;
}

void migration_break(struct instance *instance, const char *what)
{
    if (instance->migration != NULL) {
        instance->migration->what = what;
        go_on(instance);
    }
}

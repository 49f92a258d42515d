/* Invalidation messages for clients that keep copies. */
#include "resp/tracking.h"

#include <stdlib.h>
#include <string.h>

#include "resp/instance_state.h"
#include "resp/lua/engine.h"

/* The payload of table->keys: ids of sessions; one that is gone stays until the key changes. */
struct tracked {
    uint64_t *ids;
    uint32_t count, capacity;
};

/* The payload of table->changed. */
struct tracked_change {
    uint64_t by; /* the session whose command changed it first; 0: none */
};

/* What a session is told behind the answer to its own command. */
struct tracked_news {
    uint64_t id;
    struct bytes key; /* owned; no data: all of them */
};

static void release_tracked(void *payload)
{
    memory_free(((struct tracked *)payload)->ids);
}

void tracking_table_init(struct tracking_table *table, struct random *random)
{
    dict_init(&table->keys, sizeof(struct tracked), release_tracked, random);
    dict_init(&table->changed, sizeof(struct tracked_change), NULL, random);
    table->maximum = 1000000;
}

void tracking_table_finish(struct tracking_table *table)
{
    dict_finish(&table->keys);
    dict_finish(&table->changed);
    for (size_t i = 0; i < table->news_count; i++) {
        memory_free((char *)table->news[i].key.data);
    }
    memory_free(table->news);
}

static struct session *session_of(const struct instance *instance, uint64_t id)
{
    struct session *session = instance->sessions;
    while (session != NULL && session->id != id) {
        session = session->next;
    }
    return session;
}

/* ---- On and off ---- */

static bool overlap(struct bytes a, struct bytes b)
{
    return bytes_start_with(a, b) || bytes_start_with(b, a);
}

static struct bytes own_prefix(const struct tracking *tracking, size_t index)
{
    return (struct bytes){tracking->prefixes[index], tracking->prefix_sizes[index]};
}

static bool prefixes_fit_or_reply(struct call *call, const struct tracking_options *options)
{
    const struct tracking *own = &call->session->tracking;
    if (!instance_runs(call->instance, "6.2.0")) {
        return true;
    }
    for (size_t i = 0; i < options->prefix_count; i++) {
        struct bytes given = options->prefixes[i];
        for (size_t j = 0; j < own->prefix_count; j++) {
            struct bytes known = own_prefix(own, j);
            if (overlap(given, known)) {
                reply_errorf(call->reply,
                             "ERR Prefix '%.*s' overlaps with an existing prefix '%.*s'. Prefixes "
                             "for a single client must not overlap.",
                             (int)given.size, given.data, (int)known.size, known.data);
                return false;
            }
        }
        for (size_t j = i + 1; j < options->prefix_count; j++) {
            struct bytes other = options->prefixes[j];
            if (overlap(given, other)) {
                reply_errorf(call->reply,
                             "ERR Prefix '%.*s' overlaps with another provided prefix '%.*s'. "
                             "Prefixes for a single client must not overlap.",
                             (int)given.size, given.data, (int)other.size, other.data);
                return false;
            }
        }
    }
    return true;
}

/* In order: so they are shown, and told of changes. */
static void add_prefix(struct tracking *tracking, struct bytes prefix)
{
    size_t at = tracking->prefix_count;
    for (size_t i = 0; i < tracking->prefix_count; i++) {
        if (bytes_equal(own_prefix(tracking, i), prefix)) {
            return;
        }
    }
    size_t count = ++tracking->prefix_count;
    tracking->prefixes = memory_resize(tracking->prefixes, count * sizeof(char *));
    tracking->prefix_sizes = memory_resize(tracking->prefix_sizes, count * sizeof(size_t));
    for (; at > 0 && bytes_compare(prefix, own_prefix(tracking, at - 1)) < 0; at--) {
        tracking->prefixes[at] = tracking->prefixes[at - 1];
        tracking->prefix_sizes[at] = tracking->prefix_sizes[at - 1];
    }
    tracking->prefixes[at] = bytes_to_string(prefix);
    tracking->prefix_sizes[at] = prefix.size;
}

bool tracking_start_or_reply(struct call *call, const struct tracking_options *options)
{
    struct tracking *tracking = &call->session->tracking;
    struct tracking_table *table = &call->instance->tracking;
    if (options->broadcast && !prefixes_fit_or_reply(call, options)) {
        return false;
    }
    if (!tracking->on) {
        table->sessions++;
        table->broadcasters += options->broadcast ? 1 : 0;
    }
    tracking->on = true;
    tracking->broken_redirect = tracking->caching = false;
    tracking->broadcast = options->broadcast;
    tracking->opt_in = options->opt_in;
    tracking->opt_out = options->opt_out;
    tracking->no_loop = options->no_loop;
    tracking->redirect = options->redirect;
    for (size_t i = 0; i < options->prefix_count; i++) {
        add_prefix(tracking, options->prefixes[i]);
    }
    if (options->broadcast && options->prefix_count == 0) {
        add_prefix(tracking, BYTES(""));
    }
    return true;
}

void tracking_stop(struct session *session)
{
    struct tracking *tracking = &session->tracking;
    struct tracking_table *table = &session->instance->tracking;
    if (!tracking->on) {
        return;
    }
    table->sessions--;
    table->broadcasters -= tracking->broadcast ? 1 : 0;
    for (size_t i = 0; i < tracking->prefix_count; i++) {
        memory_free(tracking->prefixes[i]);
    }
    memory_free(tracking->prefixes);
    memory_free(tracking->prefix_sizes);
    *tracking = (struct tracking){0};
}

/* ---- Telling readers ---- */

static void send_list(struct session *to, const struct bytes *keys, size_t count)
{
    struct reply *reply = &to->reply;
    bool muted = session_push_begin(to);
    if (reply->protocol > 2) {
        reply_push(reply, 2);
        reply_bulk_string(reply, "invalidate");
    } else {
        reply_array(reply, 3);
        reply_bulk_string(reply, "message");
        reply_bulk_string(reply, "__redis__:invalidate");
    }
    if (keys == NULL) {
        reply_null(reply);
    } else {
        reply_array(reply, count);
        for (size_t i = 0; i < count; i++) {
            reply_bulk(reply, keys[i]);
        }
    }
    session_push_end(to, muted);
}

/* The session that gets what `session` is to be told; NULL when none can. */
static struct session *receiver_of(struct session *session)
{
    struct tracking *tracking = &session->tracking;
    if (tracking->redirect == 0) {
        return session->reply.protocol > 2 ? session : NULL;
    }
    struct session *to = session_of(session->instance, tracking->redirect);
    if (to == NULL) {
        if (!tracking->broken_redirect && session->reply.protocol > 2) {
            bool muted = session_push_begin(session);
            reply_push(&session->reply, 2);
            reply_bulk_string(&session->reply, "tracking-redir-broken");
            reply_integer(&session->reply, (int64_t)tracking->redirect);
            session_push_end(session, muted);
        }
        tracking->broken_redirect = true;
        return NULL;
    }
    return to->reply.protocol > 2 || session_listens(to) ? to : NULL;
}

/* Who runs a command hears of what it changed behind the answer, everybody else at once. */
static void tell(struct instance *instance, struct session *session, struct bytes key)
{
    struct tracking_table *table = &instance->tracking;
    struct session *to;
    if (session == instance->current) {
        table->news = memory_resize(table->news, (table->news_count + 1) * sizeof(*table->news));
        table->news[table->news_count++] = (struct tracked_news){
            session->id,
            key.data == NULL ? key : (struct bytes){bytes_to_string(key), key.size},
        };
    } else if ((to = receiver_of(session)) != NULL) {
        send_list(to, key.data == NULL ? NULL : &key, 1);
    }
}

/* They have to read the key again to hear of it again. */
static void tell_readers(struct instance *instance, struct bytes key)
{
    struct tracking_table *table = &instance->tracking;
    struct tracked *tracked = dict_find(&table->keys, key);
    if (tracked == NULL) {
        return;
    }
    for (uint32_t i = 0; i < tracked->count; i++) {
        struct session *session = session_of(instance, tracked->ids[i]);
        if (session != NULL && session->tracking.on && !session->tracking.broadcast &&
            !(session->tracking.no_loop && session == instance->current)) {
            tell(instance, session, key);
        }
    }
    table->items -= tracked->count;
    dict_remove_payload(&table->keys, tracked);
}

/* ---- Reads ---- */

static void drop_surplus(struct instance *instance)
{
    struct tracking_table *table = &instance->tracking;
    while (table->maximum > 0 && dict_count(&table->keys) > table->maximum) {
        const struct tracked *any = dict_random(&table->keys, instance->random);
        char *key = bytes_to_string(dict_key(&table->keys, any));
        tell_readers(instance, (struct bytes){key, dict_key(&table->keys, any).size});
        memory_free(key);
    }
}

static void remember(struct instance *instance, struct bytes key, uint64_t id)
{
    struct tracking_table *table = &instance->tracking;
    bool created;
    struct tracked *tracked = dict_insert(&table->keys, key, &created);
    for (uint32_t i = 0; i < tracked->count; i++) {
        if (tracked->ids[i] == id) {
            return;
        }
    }
    if (tracked->count == tracked->capacity) {
        tracked->capacity = tracked->capacity == 0 ? 2 : tracked->capacity * 2;
        tracked->ids = memory_resize(tracked->ids, tracked->capacity * sizeof(*tracked->ids));
    }
    tracked->ids[tracked->count++] = id;
    table->items++;
}

void tracking_remember(struct call *call)
{
    const struct tracking *tracking = &call->session->tracking;
    if (!tracking->on || tracking->broadcast || (tracking->opt_in && !tracking->caching) ||
        (tracking->opt_out && tracking->caching)) {
        return;
    }
    struct command_key *keys = memory_allocate((size_t)call->argc * sizeof(*keys));
    int count = command_keys(call->command, call->argv, call->argc, keys, call->argc);
    for (int i = 0; i < count; i++) {
        remember(call->instance, call->argv[keys[i].index], call->session->id);
    }
    memory_free(keys);
    drop_surplus(call->instance);
}

/* ---- Changes ---- */

void tracking_key_changed(struct instance *instance, struct bytes key, const struct session *by)
{
    struct tracking_table *table = &instance->tracking;
    if (table->broadcasters > 0) {
        bool created;
        struct tracked_change *change = dict_insert(&table->changed, key, &created);
        if (created) {
            /* To Redis a script is a client of its own here. */
            change->by = by == NULL || lua_engines_run(instance) != NULL ? 0 : by->id;
        }
    }
    tell_readers(instance, key);
}

void tracking_flushed(struct instance *instance)
{
    struct tracking_table *table = &instance->tracking;
    table->items = 0;
    dict_clear(&table->keys);
    if (table->sessions == 0) {
        return;
    }
    for (struct session *session = instance->sessions; session != NULL; session = session->next) {
        if (session->tracking.on) {
            tell(instance, session, (struct bytes){0});
        }
    }
}

static int by_name(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* All changed keys of one prefix in one message, in order. */
static void tell_broadcaster(struct instance *instance, struct session *session,
                             struct bytes prefix)
{
    struct dict *changed = &instance->tracking.changed;
    struct bytes *keys = memory_allocate((dict_count(changed) + 1) * sizeof(*keys));
    size_t count = 0;
    const struct tracked_change *change;
    for (struct dict_cursor cursor = dict_begin(changed); (change = dict_next(&cursor)) != NULL;) {
        struct bytes key = dict_key(changed, change);
        if (bytes_start_with(key, prefix) &&
            !(session->tracking.no_loop && change->by == session->id)) {
            keys[count++] = key;
        }
    }
    struct session *to = count > 0 ? receiver_of(session) : NULL;
    if (to != NULL) {
        qsort(keys, count, sizeof(*keys), by_name);
        send_list(to, keys, count);
    }
    memory_free(keys);
}

void tracking_deliver(struct instance *instance)
{
    struct tracking_table *table = &instance->tracking;
    for (size_t i = 0; i < table->news_count; i++) {
        struct session *session = session_of(instance, table->news[i].id);
        struct session *to = session == NULL ? NULL : receiver_of(session);
        struct bytes *key = &table->news[i].key;
        if (to != NULL) {
            send_list(to, key->data == NULL ? NULL : key, 1);
        }
        memory_free((char *)key->data);
    }
    table->news_count = 0;
    if (dict_count(&table->changed) == 0) {
        return;
    }
    for (struct session *session = instance->sessions; session != NULL; session = session->next) {
        const struct tracking *tracking = &session->tracking;
        for (size_t i = 0; tracking->broadcast && i < tracking->prefix_count; i++) {
            tell_broadcaster(instance, session, own_prefix(tracking, i));
        }
    }
    dict_clear(&table->changed);
}

size_t tracking_prefix_count(const struct instance *instance)
{
    size_t count = 0;
    for (const struct session *session = instance->sessions; session != NULL;
         session = session->next) {
        count += session->tracking.prefix_count;
    }
    return count;
}

/* WATCH: lists of watchers per key, found by database and key. */
#include "resp/watch.h"

#include <string.h>

#include "resp/instance_state.h"

/* The dict's key: the database's number in four bytes, then the key. */
static void full_key(struct buf *name, int database, struct bytes key)
{
    buf_init(name, SIZE_MAX);
    buf_append(name, (struct bytes){(const char *)&database, sizeof(database)});
    buf_append(name, key);
}

static void mark(struct watchers *watchers)
{
    for (struct session_watch *watch = watchers->first; watch != NULL; watch = watch->next_of_key) {
        watch->session->dirty = true;
    }
}

void watch_touch(struct instance *instance, int database, struct bytes key)
{
    struct buf name;
    full_key(&name, database, key);
    struct watchers *watchers = dict_find(&instance->watched, buf_bytes(&name));
    buf_finish(&name);
    if (watchers != NULL) {
        mark(watchers);
    }
}

void watch_touch_database(struct instance *instance, struct keyspace *db)
{
    struct watchers *watchers;
    for (struct dict_cursor cursor = dict_begin(&instance->watched);
         (watchers = dict_next(&cursor)) != NULL;) {
        struct bytes name = dict_key(&instance->watched, watchers);
        int database;
        memcpy(&database, name.data, sizeof(database));
        struct bytes key = bytes_slice(name, sizeof(database), name.size);
        if (database == keyspace_index(db) && keyspace_peek(db, key) != NULL) {
            mark(watchers);
        }
    }
}

void watch_add(struct session *session, struct bytes key)
{
    int database = keyspace_index(session->db);
    struct buf name;
    full_key(&name, database, key);
    bool created;
    struct watchers *watchers =
        dict_insert(&session->instance->watched, buf_bytes(&name), &created);
    buf_finish(&name);
    for (struct session_watch *watch = watchers->first; watch != NULL; watch = watch->next_of_key) {
        if (watch->session == session) {
            return;
        }
    }
    struct session_watch *watch = memory_allocate_zeroed(sizeof(*watch));
    watch->session = session;
    watch->watchers = watchers;
    watch->database = database;
    watch->next_of_session = session->watches;
    session->watches = watch;
    watch->next_of_key = watchers->first;
    if (watchers->first != NULL) {
        watchers->first->previous_of_key = watch;
    }
    watchers->first = watch;
}

void watch_forget(struct session *session)
{
    while (session->watches != NULL) {
        struct session_watch *watch = session->watches;
        session->watches = watch->next_of_session;
        if (watch->previous_of_key != NULL) {
            watch->previous_of_key->next_of_key = watch->next_of_key;
        } else {
            watch->watchers->first = watch->next_of_key;
        }
        if (watch->next_of_key != NULL) {
            watch->next_of_key->previous_of_key = watch->previous_of_key;
        }
        if (watch->watchers->first == NULL) {
            dict_remove_payload(&session->instance->watched, watch->watchers);
        }
        memory_free(watch);
    }
    session->dirty = false;
}

size_t watch_count(const struct session *session)
{
    size_t count = 0;
    for (const struct session_watch *watch = session->watches; watch != NULL;
         watch = watch->next_of_session) {
        count++;
    }
    return count;
}

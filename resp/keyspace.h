/*
 * One database: keys -> typed values, with expiry on the instance's clock. The only place that
 * knows when a key is gone, and the only one that says that a key changed.
 *
 * Values are owned by the keyspace from keyspace_set on. Pointers to values stay valid until the
 * key is changed or time moves on.
 */
#ifndef RESP_KEYSPACE_H
#define RESP_KEYSPACE_H

#include "base/dict.h"
#include "resp/command.h"
#include "resp/value.h"

#define NO_EXPIRY (-1)

/* The payload of a key's dict entry. */
struct entry {
    void *data;
    size_t memory;        /* what was last accounted for this value */
    uint32_t expiry_slot; /* place in the expiry heap, 0 when persistent */
    uint32_t access : 24; /* LRU seconds or LFU counter, as Redis packs them */
    uint32_t kind : 8;    /* enum value_kind */
};

static inline const struct value_type *entry_type(const struct entry *entry)
{
    return value_types[entry->kind];
}

static inline bool entry_expires(const struct entry *entry)
{
    return entry->expiry_slot != 0;
}

/* Classes of keyspace events, as the letters of notify-keyspace-events. */
enum event_class {
    EVENT_GENERIC = 'g',
    EVENT_STRING = '$',
    EVENT_LIST = 'l',
    EVENT_SET = 's',
    EVENT_HASH = 'h',
    EVENT_SORTED_SET = 'z',
    EVENT_STREAM = 't',
    EVENT_EXPIRED = 'x',
    EVENT_EVICTED = 'e',
    EVENT_KEY_MISS = 'm',
    EVENT_MODULE = 'd',
    EVENT_NEW = 'n',
};

/*
 * Lookups. NULL when the key does not exist (or has just expired). The read form counts a hit or a
 * miss and refreshes the access time; the look does only the former (TTL, TYPE), the write form
 * only the latter.
 */
struct entry *keyspace_read(struct call *call, struct bytes key);
struct entry *keyspace_look(struct call *call, struct bytes key);
struct entry *keyspace_write(struct call *call, struct bytes key);
/* What this command has found before, or made: mostly the last entry, without another lookup. */
struct entry *keyspace_found(struct keyspace *db, struct bytes key);
/* Before several lookups of keys[0], keys[step]...: they then wait for memory together. */
void keyspace_prefetch(const struct keyspace *db, const struct bytes *keys, size_t count,
                       size_t step);
/* As the read form without counting and touching: probes, OBJECT, SCAN. */
struct entry *keyspace_peek(struct keyspace *db, struct bytes key);

/*
 * Typed lookups of argv[index]: *data is the value, or NULL when the key does not exist. False
 * after answering WRONGTYPE.
 */
bool value_read_or_reply(struct call *call, int index, const struct value_type *type, void **data);
bool value_write_or_reply(struct call *call, int index, const struct value_type *type, void **data);

/* The same for one type: list_read_or_reply(call, index, &list), list_write_or_reply(...). */
#define VALUE_LOOKUPS(kind)                                                                        \
    static inline bool kind##_read_or_reply(struct call *call, int index, struct kind **value)     \
    {                                                                                              \
        void *data;                                                                                \
        bool typed = value_read_or_reply(call, index, &kind##_type, &data);                        \
        *value = data;                                                                             \
        return typed;                                                                              \
    }                                                                                              \
    static inline bool kind##_write_or_reply(struct call *call, int index, struct kind **value)    \
    {                                                                                              \
        void *data;                                                                                \
        bool typed = value_write_or_reply(call, index, &kind##_type, &data);                       \
        *value = data;                                                                             \
        return typed;                                                                              \
    }

/*
 * The same for a type whose value is one word, which stands in the entry and changes there: struct
 * kind is that word. kind##_in(entry) is an entry's own.
 */
struct entry *entry_read_or_reply(struct call *call, int index, const struct value_type *type,
                                  bool *typed);
struct entry *entry_write_or_reply(struct call *call, int index, const struct value_type *type,
                                   bool *typed);
#define VALUE_WORD_LOOKUPS(kind)                                                                   \
    static inline struct kind *kind##_in(struct entry *entry)                                      \
    {                                                                                              \
        return entry == NULL ? NULL : (struct kind *)&entry->data;                                 \
    }                                                                                              \
    static inline bool kind##_read_or_reply(struct call *call, int index, struct kind **value)     \
    {                                                                                              \
        bool typed;                                                                                \
        *value = kind##_in(entry_read_or_reply(call, index, &kind##_type, &typed));                \
        return typed;                                                                              \
    }                                                                                              \
    static inline bool kind##_write_or_reply(struct call *call, int index, struct kind **value)    \
    {                                                                                              \
        bool typed;                                                                                \
        *value = kind##_in(entry_write_or_reply(call, index, &kind##_type, &typed));               \
        return typed;                                                                              \
    }

/* Replaces whatever was there (value, expiry) and takes `data`; the entry is returned. */
struct entry *keyspace_set_take(struct keyspace *db, struct bytes key,
                                const struct value_type *type, void *data);
/*
 * SET's fast way: a string value without expiry, in place of what was there where it fits. Its
 * memory is accounted by what follows: keyspace_changed, or keyspace_replace_data.
 */
struct entry *keyspace_set_string(struct keyspace *db, struct bytes key, struct bytes text);
/* Removes without notification. False: there was no such key. */
bool keyspace_delete(struct keyspace *db, struct bytes key);
/* Detaches the value for the caller to own (RENAME, COPY, MOVE); expiry goes to *expires_at_ms. */
void *keyspace_take(struct keyspace *db, struct bytes key, const struct value_type **type,
                    int64_t *expires_at_ms);
void keyspace_set_expiry(struct keyspace *db, struct entry *entry, int64_t expires_at_ms);
int64_t keyspace_expires_at(const struct keyspace *db,
                            const struct entry *entry); /* or NO_EXPIRY */
struct bytes keyspace_key(const struct keyspace *db, const struct entry *entry);

/*
 * A key changed: accounts its memory, bumps WATCH, wakes blocked clients, publishes keyspace
 * events, counts the change. Handlers call this once per changed key and nothing else. A key that
 * is gone by now is accounted as such. `event` is Redis's event name ("set", "del", "expire");
 * NULL where Redis changes a value silently.
 */
void keyspace_changed(struct call *call, struct bytes key, enum event_class class,
                      const char *event);
/* The same for a value that lost elements: with the last of them goes its key. */
void keyspace_shrunk(struct call *call, struct bytes key, enum event_class class, const char *event,
                     size_t left);
/* Deletes, and says "del"; false: there was no such key. */
bool keyspace_delete_changed(struct call *call, struct bytes key);
/* The same for a change no client's command made (expiry, eviction, load). */
void keyspace_changed_by_server(struct keyspace *db, struct bytes key, enum event_class class,
                                const char *event);

/*
 * For what Redis keeps and replicates without telling anybody, WATCH included: who has read how far
 * in a stream.
 */
void keyspace_changed_silently(struct keyspace *db, struct entry *entry);

/*
 * Up to `count` random entries (with an expiry only, when volatile_only) for eviction to choose
 * from; and the end of the one chosen.
 */
size_t keyspace_sample(struct keyspace *db, bool volatile_only, struct entry **entries,
                       size_t count);
void keyspace_evict(struct keyspace *db, struct entry *entry);
/* The key, its entry and its value. */
size_t keyspace_entry_memory(const struct keyspace *db, const struct entry *entry);

size_t keyspace_count(const struct keyspace *db);
size_t keyspace_expiring_count(const struct keyspace *db);
size_t keyspace_scheduled_count(const struct keyspace *db); /* keys of which parts will expire */
int64_t keyspace_average_ttl_ms(const struct keyspace *db);
int keyspace_index(const struct keyspace *db);
const struct dict *keyspace_table(const struct keyspace *db); /* its keys, to look at */
/* After a time in which instance->expires_lazily kept what was due: it goes soon. */
void keyspace_expire_again(struct keyspace *db);
struct entry *keyspace_random(struct keyspace *db); /* NULL when empty */
/* As dict_scan; expired keys are not shown. */
uint64_t keyspace_scan(struct keyspace *db, uint64_t position,
                       void (*visit)(void *context, struct bytes key, struct entry *entry),
                       void *context);
/* Every live key once; the visitor must not change the keyspace. */
void keyspace_each(struct keyspace *db,
                   void (*visit)(void *context, struct bytes key, struct entry *entry),
                   void *context);
void keyspace_clear(struct keyspace *db);
/* Accounts the value's memory anew: for in-place changes without a notification (RDB load). */
void keyspace_account(struct keyspace *db, struct entry *entry);
/* Puts another pointer in place after a value moved. */
void keyspace_replace_data(struct keyspace *db, struct entry *entry, void *data);
size_t keyspace_memory(const struct keyspace *db); /* keys, tables and values */
/* As keyspace_peek, at a given instant (a call's own). */
struct entry *keyspace_peek_at(struct keyspace *db, struct bytes key, int64_t now_ms);
void keyspace_swap(struct keyspace *a, struct keyspace *b); /* SWAPDB: contents only */

#endif

/* A ring of the latest requests, each in a block of its own. */
#include "emulator/journal.h"

#include <string.h>

struct journal {
    const struct clock *clock;
    struct journal_entry **ring;
    size_t first, count, bytes;
    uint64_t total, dropped;
    struct journal_listener *listeners;
    char fault[JOURNAL_TEXT];
    struct buf text; /* scratch */
};

/* ---- Texts ---- */

void journal_print(struct bytes text, struct buf *printed)
{
    bool cut = text.size > JOURNAL_TEXT;

    text = bytes_slice(text, 0, JOURNAL_TEXT);
    for (size_t i = 0; i < text.size;) {
        unsigned char byte = (unsigned char)text.data[i];
        size_t size = bytes_utf8_size(bytes_slice(text, i, text.size));
        if (size == 0 || byte < ' ' || byte == 0x7f) {
            buf_printf(printed, "\\x%02x", byte);
            i++;
        } else {
            buf_append(printed, bytes_slice(text, i, i + size));
            i += size;
        }
    }
    if (cut) {
        buf_append_string(printed, "...");
    }
}

/* ---- Entries ---- */

static struct journal_entry *make_entry(struct journal *journal, const struct journal_event *event)
{
    size_t keys = event->key_count < JOURNAL_KEYS ? event->key_count : JOURNAL_KEYS;
    size_t text_ends[JOURNAL_TEXTS], key_ends[JOURNAL_KEYS];

    buf_clear(&journal->text);
    for (size_t i = 0; i < JOURNAL_TEXTS; i++) {
        journal_print(event->texts[i], &journal->text);
        text_ends[i] = journal->text.size;
    }
    for (size_t i = 0; i < keys; i++) {
        journal_print(event->keys[i], &journal->text);
        key_ends[i] = journal->text.size;
    }
    size_t size =
        sizeof(struct journal_entry) + keys * sizeof(struct bytes) + journal->text.size + 1;
    struct journal_entry *entry = memory_allocate(size);
    *entry = (struct journal_entry){
        .number = ++journal->total,
        .time_ms = clock_now_ms(journal->clock),
        .plane = event->plane,
        .keys = (struct bytes *)(entry + 1),
        .key_count = keys,
        .database = event->database,
        .failed = event->failed,
        .ttl_ms = event->ttl_ms,
        .duration_us = event->duration_us,
        .size = size,
    };
    char *text = (char *)(entry->keys + keys);
    if (journal->text.size > 0) {
        memcpy(text, journal->text.data, journal->text.size);
    }
    size_t at = 0;
    for (size_t i = 0; i < JOURNAL_TEXTS; i++) {
        entry->texts[i] = (struct bytes){text + at, text_ends[i] - at};
        at = text_ends[i];
    }
    for (size_t i = 0; i < keys; i++) {
        entry->keys[i] = (struct bytes){text + at, key_ends[i] - at};
        at = key_ends[i];
    }
    return entry;
}

static void drop_oldest(struct journal *journal)
{
    struct journal_entry *oldest = journal->ring[journal->first];

    journal->bytes -= oldest->size;
    memory_free(oldest);
    journal->first = (journal->first + 1) % JOURNAL_CAPACITY;
    journal->count--;
}

void journal_add(struct journal *journal, const struct journal_event *event)
{
    struct journal_event blamed = *event;

    blamed.texts[JOURNAL_FAULT] = bytes_from_string(journal->fault);
    struct journal_entry *entry = make_entry(journal, &blamed);
    journal->fault[0] = '\0';
    while (journal->count == JOURNAL_CAPACITY ||
           (journal->count > 0 && journal->bytes + entry->size > JOURNAL_BYTES)) {
        drop_oldest(journal);
        journal->dropped++;
    }
    journal->ring[(journal->first + journal->count++) % JOURNAL_CAPACITY] = entry;
    journal->bytes += entry->size;
    for (struct journal_listener *listener = journal->listeners, *next; listener != NULL;
         listener = next) {
        next = listener->next;
        listener->heard(listener, entry);
    }
}

void journal_blame(struct journal *journal, struct bytes fault)
{
    fault = bytes_slice(fault, 0, sizeof(journal->fault) - 1);
    if (fault.size > 0) {
        memcpy(journal->fault, fault.data, fault.size);
    }
    journal->fault[fault.size] = '\0';
}

/* ---- Reading ---- */

uint64_t journal_total(const struct journal *journal)
{
    return journal->total;
}

uint64_t journal_dropped(const struct journal *journal)
{
    return journal->dropped;
}

size_t journal_count(const struct journal *journal)
{
    return journal->count;
}

const struct journal_entry *journal_at(const struct journal *journal, size_t index)
{
    return journal->ring[(journal->first + index) % JOURNAL_CAPACITY];
}

static void add_text_member(cJSON *document, const char *name, struct bytes text)
{
    if (text.size > 0) {
        char *copy = bytes_to_string(text);
        cJSON_AddStringToObject(document, name, copy);
        memory_free(copy);
    }
}

static void add_redis_members(cJSON *document, const struct journal_entry *entry)
{
    cJSON *keys = cJSON_AddArrayToObject(document, "keys");

    for (size_t i = 0; i < entry->key_count; i++) {
        char *key = bytes_to_string(entry->keys[i]);
        cJSON_AddItemToArray(keys, cJSON_CreateString(key));
        memory_free(key);
    }
    cJSON_AddNumberToObject(document, "database", entry->database);
    if (entry->ttl_ms >= 0) {
        cJSON_AddNumberToObject(document, "ttlMs", (double)entry->ttl_ms);
    } else if (entry->ttl_ms == JOURNAL_TTL_NONE) {
        cJSON_AddNullToObject(document, "ttlMs");
    }
}

cJSON *journal_entry_document(const struct journal_entry *entry)
{
    static const char *const names[JOURNAL_TEXTS] = {
        [JOURNAL_OPERATION] = "operation",
        [JOURNAL_METHOD] = "method",
        [JOURNAL_HOST] = "host",
        [JOURNAL_PATH] = "path",
        [JOURNAL_CACHE] = "cache",
        [JOURNAL_CLIENT] = "client",
        [JOURNAL_CLIENT_NAME] = "clientName",
        [JOURNAL_INSIDE] = "inside",
        [JOURNAL_OUTCOME] = "outcome",
        [JOURNAL_FAULT] = "fault",
    };
    cJSON *document = cJSON_CreateObject();
    char time[32];

    timestamp_format(entry->time_ms, time);
    cJSON_AddNumberToObject(document, "id", (double)entry->number);
    cJSON_AddStringToObject(document, "time", time);
    cJSON_AddStringToObject(document, "plane", entry->plane);
    for (size_t i = 0; i < JOURNAL_TEXTS; i++) {
        add_text_member(document, names[i], entry->texts[i]);
    }
    if (entry->database >= 0) {
        add_redis_members(document, entry);
    }
    if (entry->duration_us >= 0) {
        cJSON_AddNumberToObject(document, "durationMs", (double)entry->duration_us / 1000);
    }
    return document;
}

/* ---- Listeners ---- */

void journal_listen(struct journal *journal, struct journal_listener *listener)
{
    listener->next = journal->listeners;
    journal->listeners = listener;
}

void journal_unlisten(struct journal *journal, struct journal_listener *listener)
{
    struct journal_listener **link = &journal->listeners;

    while (*link != NULL && *link != listener) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = listener->next;
    }
}

/* ---- Life ---- */

struct journal *journal_create(const struct clock *clock)
{
    struct journal *journal = memory_allocate_zeroed(sizeof(*journal));

    journal->clock = clock;
    /* Untouched pages of the ring cost nothing. */
    journal->ring = memory_allocate_zeroed(JOURNAL_CAPACITY * sizeof(struct journal_entry *));
    buf_init(&journal->text, (size_t)(JOURNAL_KEYS + JOURNAL_TEXTS) * (JOURNAL_TEXT * 4 + 8));
    return journal;
}

void journal_clear(struct journal *journal)
{
    while (journal->count > 0) {
        drop_oldest(journal);
    }
    journal->dropped = 0;
}

void journal_destroy(struct journal *journal)
{
    if (journal != NULL) {
        journal_clear(journal);
        buf_finish(&journal->text);
        memory_free(journal->ring);
        memory_free(journal);
    }
}

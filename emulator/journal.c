/* A ring of the latest requests; its memory is touched only as it fills. */
#include "emulator/journal.h"

#include <string.h>

struct journal_entry {
    uint64_t number;
    int64_t time_ms, duration_us;
    const char *plane;
    char operation[48];
    char subject[232];
    char client[56];
    char outcome[48];
};

struct journal {
    const struct clock *clock;
    struct journal_entry *ring;
    uint64_t total;
    uint64_t cleared; /* total at the last clear */
    void (*heard)(void *context, struct bytes json);
    void *context;
};

static void keep(char *target, size_t size, struct bytes text)
{
    size_t length = text.size < size ? text.size : size - 1;

    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        target[i] = (char)(c < 0x20 || c > 0x7e ? '?' : c);
    }
    target[length] = '\0';
}

struct journal *journal_create(const struct clock *clock)
{
    struct journal *journal = memory_allocate_zeroed(sizeof(*journal));
    journal->clock = clock;
    journal->ring = memory_allocate_zeroed(JOURNAL_CAPACITY * sizeof(*journal->ring));
    return journal;
}

void journal_destroy(struct journal *journal)
{
    if (journal != NULL) {
        memory_free(journal->ring);
        memory_free(journal);
    }
}

void journal_clear(struct journal *journal)
{
    journal->cleared = journal->total;
}

static cJSON *entry_document(const struct journal_entry *entry)
{
    cJSON *document = cJSON_CreateObject();
    char time[32];

    timestamp_format(entry->time_ms, time);
    cJSON_AddNumberToObject(document, "id", (double)entry->number);
    cJSON_AddStringToObject(document, "time", time);
    cJSON_AddStringToObject(document, "plane", entry->plane);
    cJSON_AddStringToObject(document, "operation", entry->operation);
    cJSON_AddStringToObject(document, "subject", entry->subject);
    cJSON_AddStringToObject(document, "client", entry->client);
    cJSON_AddStringToObject(document, "outcome", entry->outcome);
    if (entry->duration_us >= 0) {
        cJSON_AddNumberToObject(document, "durationMs", (double)entry->duration_us / 1000);
    }
    return document;
}

void journal_add(struct journal *journal, const struct journal_event *event)
{
    struct journal_entry *entry = &journal->ring[journal->total % JOURNAL_CAPACITY];

    entry->number = ++journal->total;
    entry->time_ms = clock_now_ms(journal->clock);
    entry->duration_us = event->duration_us;
    entry->plane = event->plane;
    keep(entry->operation, sizeof(entry->operation), event->operation);
    keep(entry->subject, sizeof(entry->subject), event->subject);
    keep(entry->client, sizeof(entry->client), event->client);
    keep(entry->outcome, sizeof(entry->outcome), event->outcome);
    if (journal->heard != NULL) {
        cJSON *document = entry_document(entry);
        char *text = cJSON_PrintUnformatted(document);
        journal->heard(journal->context, bytes_from_string(text));
        cJSON_free(text);
        cJSON_Delete(document);
    }
}

uint64_t journal_total(const struct journal *journal)
{
    return journal->total;
}

cJSON *journal_latest(const struct journal *journal, size_t limit, const char *plane)
{
    cJSON *list = cJSON_CreateArray();
    uint64_t kept = journal->total - journal->cleared;

    if (kept > JOURNAL_CAPACITY) {
        kept = JOURNAL_CAPACITY;
    }
    for (uint64_t i = 0, shown = 0; i < kept && shown < limit; i++) {
        const struct journal_entry *entry =
            &journal->ring[(journal->total - 1 - i) % JOURNAL_CAPACITY];
        if (plane == NULL || strcmp(plane, entry->plane) == 0) {
            cJSON_AddItemToArray(list, entry_document(entry));
            shown++;
        }
    }
    return list;
}

void journal_listen(struct journal *journal, void (*heard)(void *context, struct bytes json),
                    void *context)
{
    journal->heard = heard;
    journal->context = context;
}

#include "arm/documents.h"

#include <string.h>

#include "arm/service_state.h"

enum {
    MOST_AT_ONCE = 8,
    MOST_CONTENT = 4 << 20, /* of one: Azure's limit for a template */
    MOST_OF_ALL = 64 << 20,
};

static void settle(struct arm_document *document, bool good, struct bytes content)
{
    struct arm_documents *documents = document->documents;
    if (good && content.size > MOST_OF_ALL - documents->size) {
        good = false;
        content = BYTES("all documents together are too large");
    }
    document->state = good ? ARM_DOCUMENT_HERE : ARM_DOCUMENT_MISSING;
    document->content = (struct bytes){bytes_to_string(content), content.size};
    documents->size += good ? content.size : 0;
    documents->coming--;
    documents->asked--;
}

static void fetched(struct arm_fetch *fetch, bool good, struct bytes content);

/* As many as may be asked for at once. */
static void ask(struct arm_documents *documents)
{
    const struct arm_host *host = &documents->service->host;
    documents->asking = true;
    for (struct arm_document *document = documents->first;
         document != NULL && documents->asked < MOST_AT_ONCE; document = document->next) {
        if (!document->asked) {
            document->asked = true;
            documents->asked++;
            if (host->fetch == NULL) {
                fetched(&document->fetch, false, BYTES("nothing is downloaded here"));
            } else {
                host->fetch(host->context, document->url, MOST_CONTENT, &document->fetch);
            }
        }
    }
    documents->asking = false;
}

static void fetched(struct arm_fetch *fetch, bool good, struct bytes content)
{
    struct arm_document *document = CONTAINER_OF(fetch, struct arm_document, fetch);
    struct arm_documents *documents = document->documents;
    settle(document, good, content);
    if (documents->asking) {
        return;
    }
    ask(documents);
    if (documents->coming == 0) {
        documents->arrived(documents);
    }
}

const struct arm_document *arm_documents_get(struct arm_documents *documents, const char *url)
{
    struct arm_document **at = &documents->first;
    while (*at != NULL && strcmp((*at)->url, url) != 0) {
        at = &(*at)->next;
    }
    if (*at == NULL) {
        struct arm_document *document = memory_allocate_zeroed(sizeof(*document));
        document->url = string_duplicate(url);
        document->documents = documents;
        document->fetch.done = fetched;
        *at = document;
        documents->coming++;
        ask(documents);
        return document;
    }
    return *at;
}

void arm_documents_forget(struct arm_documents *documents)
{
    for (struct arm_document *document = documents->first, *next; document != NULL;
         document = next) {
        const struct arm_host *host = &documents->service->host;
        next = document->next;
        if (document->asked && document->state == ARM_DOCUMENT_COMING) {
            host->fetch_cancel(host->context, &document->fetch);
        }
        memory_free((char *)document->content.data);
        memory_free(document->url);
        memory_free(document);
    }
    documents->first = NULL;
    documents->coming = documents->asked = documents->size = 0;
}

/*
 * What URLs lead to, for somebody who can wait: a document that is not here yet is asked for, and
 * whoever wants it is told to come again. Lives inside its owner, zeroed but for `service` and
 * `arrived`.
 */
#ifndef ARM_DOCUMENTS_H
#define ARM_DOCUMENTS_H

#include "arm/host.h"

struct arm_service;

enum arm_document_state { ARM_DOCUMENT_COMING, ARM_DOCUMENT_HERE, ARM_DOCUMENT_MISSING };

struct arm_document {
    enum arm_document_state state;
    struct bytes content; /* once it is here; or why it is missing, for people */
    char *url;
    bool asked;
    struct arm_documents *documents;
    struct arm_fetch fetch;
    struct arm_document *next;
};

struct arm_documents {
    struct arm_service *service;
    /* Nothing is coming any more. Not within arm_documents_get; the owner may go. */
    void (*arrived)(struct arm_documents *documents);
    struct arm_document *first; /* in order of asking */
    size_t coming;              /* how many */
    size_t asked;               /* of them, asked for by now */
    size_t size;                /* bytes of all that are here */
    bool asking;
};

/* Stays as it is until the documents are forgotten. */
const struct arm_document *arm_documents_get(struct arm_documents *documents, const char *url);
/* All of them; what is coming is called off. */
void arm_documents_forget(struct arm_documents *documents);

#endif

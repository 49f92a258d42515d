/*
 * What a saved document must hold, as rows: where, and what stands there. Requests are checked by
 * arm/schema.h; these rows are for what nobody sends, the service's own notes, on which the modules
 * rely without looking again.
 */
#ifndef ARM_SAVED_SHAPE_H
#define ARM_SAVED_SHAPE_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "base/bytes.h"

enum saved_kind {
    SAVED_TEXT,
    SAVED_ID,     /* of a resource or a group: "/subscriptions/..." */
    SAVED_NUMBER, /* a whole one of 32 bits */
    SAVED_TIME,   /* milliseconds since 1970, up to the year 9999 */
    SAVED_TRUTH,
    SAVED_OBJECT,
    SAVED_LIST,
};

struct saved_shape {
    /* "steps.[].id": "[]" is each item of a list, "{}" each member of an object, "" all of it. */
    const char *path;
    enum saved_kind kind;
    bool needed; /* in what holds it, when that is there */
};

/* Whether all rows hold; otherwise the text says which does not. Rows end with a NULL path; NULL
 * rows fit anything. */
bool saved_shape_fits(const struct saved_shape *rows, const cJSON *document, struct buf *why);

#endif

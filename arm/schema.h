/*
 * What a resource's body may hold: rows of properties. Validation names the property and what it
 * may be.
 */
#ifndef ARM_SCHEMA_H
#define ARM_SCHEMA_H

#include <stdint.h>

#include <cjson/cJSON.h>

#include "arm/errors.h"

enum arm_kind {
    ARM_TEXT,
    ARM_CHOICE, /* one of `choices`; stored as the row spells it */
    ARM_INTEGER,
    ARM_TRUTH,
    ARM_OBJECT,
    ARM_TEXTS, /* an object whose values are strings: tags, redisConfiguration */
    ARM_ARRAY,
    ARM_IPV4,        /* "10.0.0.4" */
    ARM_RESOURCE_ID, /* begins with "/subscriptions/" or "/providers/" */
    ARM_GUID,
};

enum arm_rule {
    ARM_REQUIRED = 1u << 0,    /* in every PUT */
    ARM_CREATE_ONLY = 1u << 1, /* a later request must repeat it */
    ARM_READ_ONLY = 1u << 2,   /* silently dropped from requests, as ARM does */
};

struct arm_property {
    const char *path;
    enum arm_kind kind;
    unsigned rules;
    const char *const *choices; /* NULL-terminated */
    int minimum, maximum;       /* ARM_INTEGER, when maximum > minimum */
    const char *since;          /* api-version; ignored in requests of older ones */
    const char *fallback;       /* JSON of what it is when nothing is said; may be NULL */
};

/*
 * Checks a request body and brings it into the stored form (spelling of choices). `stored` is the
 * present resource, NULL at creation; `whole`: the body is all that the resource is to be (PUT),
 * not just what changes. Rows end with a NULL path; NULL rows accept anything.
 */
bool arm_schema_accept(const struct arm_property *rows, cJSON *body, const cJSON *stored,
                       bool whole, const char *api_version, struct arm_error *error);

/* The same of what was saved: whole, without nulls, and what the service itself wrote is of its
 * kind, too. */
bool arm_schema_accept_saved(const struct arm_property *rows, cJSON *body, struct arm_error *error);

/* Fills in the fallbacks of what a body does not say. `rows` may be NULL. */
void arm_schema_complete(const struct arm_property *rows, cJSON *body);
/* Four numbers with dots between them, into one number. */
bool arm_ipv4_read(const char *text, uint32_t *address);
bool arm_guid_like(const char *text);

#endif

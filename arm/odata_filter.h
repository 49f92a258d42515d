/*
 * $filter of OData, as Azure's lists take it: "a eq 'b' and startswith(name, 'x')". The filter is
 * read anew for each item; what a condition means is the caller's to say.
 */
#ifndef ARM_ODATA_FILTER_H
#define ARM_ODATA_FILTER_H

#include "base/bytes.h"

enum odata_operator {
    ODATA_EQ,
    ODATA_NE,
    ODATA_GT,
    ODATA_GE,
    ODATA_LT,
    ODATA_LE,
    ODATA_STARTS,   /* startswith(name, 'x') */
    ODATA_ENDS,     /* endswith(name, 'x') */
    ODATA_CONTAINS, /* contains(name, 'x'), substringof('x', name) */
    ODATA_CALL,     /* any other function, its one argument if it has one: atScope() */
};

/* "names/any(n:n eq 'x')" is a condition on "names". Borrowed for the call. */
struct odata_condition {
    struct bytes name;
    enum odata_operator relation;
    const char *value; /* without quotes */
};

typedef bool odata_holds(void *context, const struct odata_condition *condition);

/* An empty filter holds. False: it is malformed, and *result false. */
bool odata_filter(struct bytes filter, odata_holds *holds, void *context, bool *result);
bool odata_filter_well_formed(struct bytes filter);
/* Whether a text, in any case of letters, fits the condition. NULL fits "ne" only. */
bool odata_text_fits(const struct odata_condition *condition, const char *text);

#endif

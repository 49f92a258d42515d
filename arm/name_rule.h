/* What names a resource may have, as data: ASCII letters and digits, and what else a row says. */
#ifndef ARM_NAME_RULE_H
#define ARM_NAME_RULE_H

#include "base/bytes.h"

enum arm_name_flag {
    ARM_NAME_LOWER = 1u << 0,        /* no capitals */
    ARM_NAME_LETTER_FIRST = 1u << 1, /* no digit in front */
    ARM_NAME_NOT_FIRST = 1u << 2,    /* no mark in front */
    ARM_NAME_NOT_LAST = 1u << 3,     /* no mark at the end */
    ARM_NAME_SINGLE = 1u << 4,       /* no two marks side by side */
    ARM_NAME_GUID = 1u << 5,         /* a GUID and nothing else */
};
#define ARM_NAME_INSIDE (ARM_NAME_NOT_FIRST | ARM_NAME_NOT_LAST)

struct arm_name_rule {
    const char *words; /* for the message of a bad name */
    size_t least, most;
    const char *marks; /* allowed beside letters and digits; NULL: none */
    unsigned flags;
    bool (*fits)(struct bytes name); /* instead of all that, where it does not suffice */
};

/* An empty rule takes 1 to 260 characters that need no encoding in a path. */
bool arm_name_fits(const struct arm_name_rule *rule, struct bytes name);
/* The words of the rule, or of the empty one. */
const char *arm_name_words(const struct arm_name_rule *rule);

#endif

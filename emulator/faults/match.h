/* What a rule matches: globs for parts of the subject, all of which must fit. */
#ifndef EMULATOR_FAULTS_MATCH_H
#define EMULATOR_FAULTS_MATCH_H

#include <cjson/cJSON.h>

#include "emulator/faults/fault.h"

enum {
    FAULT_MOST_PATTERNS = 64, /* of one key */
    FAULT_LONGEST_PATTERN = 256,
    FAULT_LONGEST_MATCHED = 1024, /* of a longer key or name the rest is not looked at */
};

struct fault_pattern {
    char *text;     /* owned */
    unsigned group; /* "@write" of a command: its category; 0: `text` is a glob */
    bool any;       /* "@all" */
};

struct fault_condition {
    enum fault_key key;
    struct fault_pattern *patterns; /* any of them */
    size_t count;
};

struct fault_match {
    struct fault_condition conditions[FAULT_KEYS];
    size_t count;
    unsigned keys; /* FAULT_BITs of those there are conditions for */
};

/* "arm"; FAULT_PLANES when there is no such plane. */
enum fault_plane fault_plane_find(struct bytes name);
const char *fault_plane_name(enum fault_plane plane);
/* The names of all planes, for messages; FAULT_PLANES of them. */
const char *const *fault_plane_names(void);
const char *fault_key_name(enum fault_key key);
bool fault_key_known(struct bytes name); /* in any plane */

/* Reads `match`. False with one line in `error`. Finish it in either case. */
bool fault_match_parse(struct fault_match *match, enum fault_plane plane, const cJSON *object,
                       struct buf *error);
void fault_match_finish(struct fault_match *match); /* a zeroed one is fine */
bool fault_match_fits(const struct fault_match *match, const struct fault_subject *subject);
/* Looks at the condition for one key only: what there is none for, fits. */
bool fault_match_fits_key(const struct fault_match *match, enum fault_key key, struct bytes value);

#endif

/*
 * What an answer should look like: text and JSON with placeholders.
 *
 *     <guid> <time> <number> <any>      in any text; <any> is any text, also none
 *     <guid:name>                       keeps what stood there: $name from then on
 *     "<any>"                           alone, for any value
 *     "<more>": 0                       in an object: other members may follow
 */
#ifndef TESTS_TRANSCRIPTS_JSON_PATTERN_H
#define TESTS_TRANSCRIPTS_JSON_PATTERN_H

#include <cjson/cJSON.h>

#include "base/bytes.h"

enum { MOST_NAMES = 32 };

/* What was kept, by name; a zeroed one is empty. */
struct names {
    struct {
        char *name, *value;
    } list[MOST_NAMES];
    size_t count;
};
void names_set(struct names *names, struct bytes name, struct bytes value);
void names_finish(struct names *names);
/* Puts the values in place of "$name". The result is the caller's (memory_free). */
char *names_expand(const struct names *names, const char *text);

bool text_fits(const char *pattern, struct bytes text, struct names *names);
/* False: `why` says where ("properties.state: is 1, not 2"). */
bool json_fits(const cJSON *pattern, const cJSON *value, struct names *names, struct buf *why);

#endif

/*
 * Integers of 64 bits in cJSON items, whose numbers are doubles: one beyond 2^53 has its digits
 * beside it, in the item's text, which copies keep and only exact_print looks at.
 */
#ifndef ARM_TEMPLATES_EXACT_NUMBER_H
#define ARM_TEMPLATES_EXACT_NUMBER_H

#include <cjson/cJSON.h>

#include "base/bytes.h"

cJSON *exact_number_create(int64_t number);
/* Of an item that is an integer; one that was a double only is as near as that gets. */
int64_t exact_number(const cJSON *item);
/* `tree` was parsed from `text`: its long integers get their digits back. */
void exact_number_restore(cJSON *tree, struct bytes text);
/* As cJSON_PrintUnformatted, with all digits; cJSON_free. */
char *exact_print(const cJSON *value);

#endif

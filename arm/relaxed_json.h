/*
 * JSON as clients of deployments really send it: az splices the text of a template file into its
 * request without quoting the key or parsing the file, and Azure's reader takes comments, texts of
 * several lines, single quotes and a comma too many.
 */
#ifndef ARM_RELAXED_JSON_H
#define ARM_RELAXED_JSON_H

#include <cjson/cJSON.h>

#include "base/bytes.h"

/* NULL: `position` is where it cannot be read any more. Owned by the caller. */
cJSON *arm_relaxed_json(struct bytes text, size_t *position);

#endif

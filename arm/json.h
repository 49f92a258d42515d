/*
 * Small helpers over cJSON. "Path" is dotted: "properties.sku.name"; lookups ignore ASCII case, as
 * Azure does for property names.
 */
#ifndef ARM_JSON_H
#define ARM_JSON_H

#include <cjson/cJSON.h>

#include "base/bytes.h"

cJSON *arm_json_at(const cJSON *object, const char *path);        /* NULL when absent */
const char *arm_json_text(const cJSON *object, const char *path); /* NULL unless a string */
bool arm_json_truth(const cJSON *object, const char *path);       /* false unless true */
/* The number there, or `fallback` unless it is one. */
int arm_json_number(const cJSON *object, const char *path, int fallback);
/* Puts `value` there (taken), making the objects on the way. */
void arm_json_put(cJSON *object, const char *path, cJSON *value);
void arm_json_put_text(cJSON *object, const char *path, const char *text);
void arm_json_remove(cJSON *object, const char *path);
/* RFC 7396: null removes, objects merge, all else replaces. */
void arm_json_merge(cJSON *target, const cJSON *patch);
cJSON *arm_json_text_bytes(struct bytes text);
/* Copies the member, if there is one, under the same name. */
void arm_json_copy_member(cJSON *to, const cJSON *from, const char *name);

#endif

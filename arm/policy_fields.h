/*
 * The fields of Azure Policy in a resource: its own members, tags ("tags['env']") and aliases
 * ("Microsoft.Cache/Redis/sku.name"); "[*]" stands for each element of an array.
 */
#ifndef ARM_POLICY_FIELDS_H
#define ARM_POLICY_FIELDS_H

#include <cjson/cJSON.h>

#include "base/bytes.h"

/* Borrowed of the resource; NULL: it has none. Not for fields with "[*]". */
const cJSON *policy_field(const cJSON *resource, const char *field);
bool policy_field_is_list(const char *field);
/* What "[*]" stands for, one after the other: an array, owned by the caller. */
cJSON *policy_field_all(const cJSON *resource, const char *field);
/* The same behind an element of an array: of ".name" or "[*].name" or nothing. */
cJSON *policy_field_behind(const cJSON *element, const char *rest);

/* Takes the value. "[*]" at the end adds it to the array. */
void policy_field_put(cJSON *resource, const char *type, const char *field, cJSON *value);
void policy_field_remove(cJSON *resource, const char *type, const char *field);

#endif

/*
 * Hashes that Azure's template engine gives away: uniqueString, guid and the hash of a template.
 * Sources: the murmur variant as Azure's Terraform provider publishes it (azapi, unique_string);
 * the namespace of guid as documented for Bicep's string functions.
 */
#ifndef ARM_TEMPLATES_HASHES_H
#define ARM_TEMPLATES_HASHES_H

#include <cjson/cJSON.h>

#include "base/bytes.h"
#include "base/random.h"

uint64_t template_murmur64(struct bytes text);
/* 13 characters, terminated. */
void template_unique_string(struct bytes text, char result[14]);
void template_guid(struct bytes text, char result[GUID_SIZE + 1]);
/* Decimal, terminated: of the template without white space, in upper case. */
void template_hash(const cJSON *template, char result[24]);

#endif

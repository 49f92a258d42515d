/* The attributes of a rule, read by the schema of its kind. */
#ifndef EMULATOR_FAULTS_ATTRIBUTES_H
#define EMULATOR_FAULTS_ATTRIBUTES_H

#include <cjson/cJSON.h>

#include "emulator/faults/fault.h"

/* False with one line in `error`. `values` holds FAULT_MOST_ATTRIBUTES; finish it in either case.
 */
bool fault_attributes_parse(const struct fault_kind *kind, const cJSON *object,
                            struct fault_value *values, struct buf *error);
void fault_attributes_finish(struct fault_value *values);
cJSON *fault_attributes_document(const struct fault_kind *kind, const struct fault_value *values);

#endif

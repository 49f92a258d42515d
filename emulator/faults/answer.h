/* What the families that answer HTTP requests share: an error as status, code and message. */
#ifndef EMULATOR_FAULTS_ANSWER_H
#define EMULATOR_FAULTS_ANSWER_H

#include "emulator/faults/fault.h"

/* Attributes over the preset: status, code, message, retryAfter, served. */
bool fault_decide_answer(const struct fault *fault, const struct fault_subject *subject,
                         struct fault_verdict *verdict);
/* Of presets, and of kinds that are told everything. */
extern const struct fault_attribute fault_preset_attributes[], fault_answer_attributes[];

#endif

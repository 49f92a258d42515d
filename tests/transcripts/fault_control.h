/*
 * The control line of transcripts that adds and removes fault rules:
 *
 *     @ fault {"plane": "arm", "type": "throttle", "times": 1}    one more rule
 *     @ fault none                                                all of them are gone
 */
#ifndef TESTS_TRANSCRIPTS_FAULT_CONTROL_H
#define TESTS_TRANSCRIPTS_FAULT_CONTROL_H

#include "emulator/faults/faults.h"

/* `value` is what stands behind "@ fault ". False: the engine's reason is on stderr. */
bool fault_control(struct faults *faults, const char *value);

#endif

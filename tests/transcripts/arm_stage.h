/*
 * What a transcript of HTTP requests plays against: the management API, Entra ID, the vaults and
 * the names of one emulator, with the fault engine between them as in the emulator itself.
 */
#ifndef TESTS_TRANSCRIPTS_ARM_STAGE_H
#define TESTS_TRANSCRIPTS_ARM_STAGE_H

#include "emulator/faults/faults.h"
#include "tests/support/arm_fixture.h"

struct arm_stage;

/* `limits` NULL: Azure's. */
struct arm_stage *arm_stage_create(enum arm_provisioning provisioning, const uint64_t *limits);
void arm_stage_destroy(struct arm_stage *stage); /* NULL is fine */
struct arm_fixture *arm_stage_fixture(struct arm_stage *stage);
struct faults *arm_stage_faults(struct arm_stage *stage);

/*
 * `target` is a path of the management API, or a URL of any host the stage plays. The answer is the
 * caller's to finish.
 *
 * The method DNS asks for an address: the status is the code of the answer (0: done, 3: no such
 * name), or -1 when there is none; the body is a list of [owner, type, value].
 */
void arm_stage_ask(struct arm_stage *stage, const char *method, const char *target,
                   struct bytes body, const struct http_headers *headers,
                   struct http_response *response);

#endif

/*
 * Faults of names: asked by whoever turns one into an address, which is the proxy for the hosts of
 * CONNECT and of absolute targets, and a DNS responder for its questions.
 */
#ifndef EMULATOR_NAME_FAULTS_H
#define EMULATOR_NAME_FAULTS_H

#include "emulator/faults/faults.h"

enum name_fate {
    NAME_RESOLVES,  /* as ever */
    NAME_UNKNOWN,   /* NXDOMAIN */
    NAME_SILENT,    /* no answer, while name_answer.serial acts */
    NAME_ELSEWHERE, /* to name_answer.address */
};

struct name_answer {
    uint64_t serial;
    char address[64];
};

/* `faults` NULL: NAME_RESOLVES. */
enum name_fate name_faults_decide(struct faults *faults, struct bytes name,
                                  struct name_answer *answer);

#endif

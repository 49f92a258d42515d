/* The inside of the engine, for faults.c and faults_rules.c. */
#ifndef EMULATOR_FAULTS_ENGINE_H
#define EMULATOR_FAULTS_ENGINE_H

#include "emulator/faults/faults.h"

/* In the order in which rules are asked. */
struct fault_list {
    struct fault_rule **rules;
    size_t count, capacity;
};

struct faults {
    struct faults_summary summary; /* first: faults_armed looks at it */
    struct faults_config config;
    struct fault_rule **rules; /* as they were added */
    size_t count, capacity;
    struct fault_list planes[FAULT_PLANES];
    uint64_t serials, order, names;
    struct faults_listener *listeners, *told;
    unsigned held; /* listeners are told once the last hold has gone */
    bool untold;
};

void faults_hold(struct faults *faults);
void faults_release(struct faults *faults);
size_t faults_index(const struct faults *faults, struct bytes id); /* count: not there */
/* Into the lists, without beginning. */
void faults_place(struct faults *faults, struct fault_rule *rule, size_t at);
/* Out of them; the rule is the caller's. */
void faults_take_out(struct faults *faults, size_t at);
/* Sets the window from now on; nothing begins yet. */
void faults_open_window(struct fault_rule *rule, int64_t now_ms);
/* Begins at once, or when its time has come. */
void faults_settle(struct fault_rule *rule);

#endif

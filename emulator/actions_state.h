/* The inside of the fault injector, for actions.c and actions_read.c. */
#ifndef EMULATOR_ACTIONS_STATE_H
#define EMULATOR_ACTIONS_STATE_H

#include "emulator/actions.h"

enum {
    ACTION_MOST_STEPS = 100,
    ACTION_LIFE_MS = 2000, /* of rules that act once */
    ACTION_DEFAULT_MS = 10000,
};

struct action_step {
    cJSON *rule; /* NULL: all rules of earlier actions go */
    int64_t delay_ms, lasting_ms;
};

enum action_status { ACTION_PENDING, ACTION_RUNNING, ACTION_SUCCESS, ACTION_FAILED };

struct action {
    struct actions *owner;
    struct action *next;
    struct timer timer;
    uint64_t number;
    const char *type; /* of its row */
    struct action_step steps[ACTION_MOST_STEPS];
    size_t count, at;
    bool in_force;
    enum action_status status;
    char *error;
    char *output;   /* of a command that tells something */
    char fault[64]; /* the rule of the present step */
    int64_t submitted_ms, started_ms, ended_ms;
};

struct actions {
    struct clock *clock;
    struct faults *faults;
    struct cache_host *caches;
    struct action *first; /* newest first */
    size_t count;
    uint64_t numbers;
};

/*
 * Reads a request into an action that is zeroed but for its owner: its type, its steps and what it
 * tells. False with one line in `error`.
 */
bool action_read(struct action *action, const cJSON *request, struct buf *error);

#endif

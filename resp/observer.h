/*
 * Who is told of each command that an instance has run or refused, for a host that keeps a record
 * of them. While nobody is told, it costs one look at a pointer.
 */
#ifndef RESP_OBSERVER_H
#define RESP_OBSERVER_H

#include "resp/command.h"
#include "resp/instance.h"

/* Borrowed for the call. Holds names only: no value, no password. */
struct seen_command {
    const struct instance *instance;
    const struct session *client; /* of a script's command: who called the script */
    struct bytes name;            /* "CONFIG GET"; a name that is unknown here as it was sent */
    const struct bytes *keys;
    size_t key_count;
    int database;
    enum seen_inside { SEEN_ALONE, SEEN_IN_TRANSACTION, SEEN_IN_SCRIPT } inside;
    enum seen_outcome {
        SEEN_DONE,
        SEEN_FAILED,
        SEEN_WAITING, /* a blocking command found nothing yet; it is not told of again */
    } outcome;
    struct bytes error; /* the code of a failure: "WRONGTYPE" */
    /* What a write left its first key with: -1 no expiry; SEEN_NO_TTL: no write, or no such key. */
    int64_t ttl_ms;
    int64_t duration_us; /* of a refused command: -1 */
};

#define SEEN_NO_TTL (-2)

struct observer {
    void (*seen)(void *context, const struct seen_command *command);
    void *context;
};

/* NULL: nobody. The observer outlives the instance, or is taken away before. */
void instance_observe(struct instance *instance, const struct observer *observer);

struct command_entry;
/* For dispatch. `entry` is NULL for an unknown command. */
void observer_tell(const struct call *call, const struct command_entry *entry, int64_t duration_us);
void observer_tell_skipped(struct session *session); /* its ready command does not run */

#endif

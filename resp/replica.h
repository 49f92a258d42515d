/*
 * An instance that follows a primary: it refuses its clients' writes and runs the primary's. How
 * the primary's commands get here is the host's affair.
 */
#ifndef RESP_REPLICA_H
#define RESP_REPLICA_H

#include "base/bytes.h"

struct instance;
struct session;
struct upstream;

struct replica {
    char *host; /* NULL: it is a primary */
    int port;
    bool linked, syncing;
    int64_t heard_ms; /* when the primary last said something */
    uint64_t offset;  /* bytes of the primary's stream that have come */
    /*
     * Followers are told the primary's stream as it came, under its name and offsets, and nothing
     * else. The feed's offset is how far it has been run.
     */
    bool relays;
    struct buf half; /* came, and has not been run to the end of a command or transaction */
    struct upstream *upstream;
};

void replica_finish(struct replica *replica);

/*
 * Follows that primary from now on, as INFO and ROLE tell; waiting clients are sent away, as the
 * data is not theirs to change any more. `host` empty: a primary again, the data stays.
 */
void replica_follow(struct instance *instance, struct bytes host, int port);
/* From now on it knows nothing but the primary's stream, if the data is all of a stream. */
void replica_resume(struct instance *instance);
bool replica_follows(const struct instance *instance);
void replica_set_link(struct instance *instance, bool linked, bool syncing);

/*
 * Where the primary's stream may go on, instead of a copy: its name, and how much of it has come.
 * NULL: nowhere, the data is of no stream. Good until the instance is changed.
 */
const char *replica_point(const struct instance *instance, uint64_t *offset);
/* It goes on there; `id` is what the stream is called now. NULL: as before. */
void replica_continue(struct instance *instance, const char *id);
/* A copy has been loaded; the primary's stream of that name goes on at that offset. */
void replica_begin(struct instance *instance, const char *id, uint64_t offset);
uint64_t replica_offset(const struct instance *instance);

/* Drops all data and libraries, for the primary's copy that comes next. */
void replica_clear(struct instance *instance);
/*
 * Runs the commands of the primary; what is not whole yet waits for the next piece. False: a
 * command cannot run now (a script does, on its own stack); the piece has not been taken.
 */
bool replica_run(struct instance *instance, struct bytes commands);

/*
 * What a client sees of replication: the primary that its instance follows, or the primary of the
 * node that it is connected to. `host` NULL: it is connected to a primary.
 */
struct replica_view {
    const char *host;
    int port;
    bool linked, syncing;
    int64_t heard_ms;
    uint64_t offset;
};
struct replica_view replica_view_of(const struct session *session);
/* Where clients find that replica, counted from 0; the instance's own port when nowhere else. */
int replica_port(const struct instance *instance, int index, bool tls);

#endif

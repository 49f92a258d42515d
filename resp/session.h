/*
 * One client of an emulated Redis, without its socket: feed it bytes, step through the commands
 * they hold, run each, take the output. The host (emulator/redis_endpoint, or a test) owns the
 * connection and decides between session_next and session_run what faults do to the command.
 */
#ifndef RESP_SESSION_H
#define RESP_SESSION_H

#include "resp/instance.h"
#include "resp/reply.h"

struct session_peer {
    struct bytes address; /* "127.0.0.1:53124", as CLIENT LIST shows it; copied */
    struct bytes local_address;
    int descriptor; /* fd of CLIENT LIST; -1 unknown */
    bool tls;
    int node; /* of the instance, counted from 1; 0: the primary, whichever that is */
};

/* What a password did, besides naming an instance. */
struct session_admission {
    /* Not opened: the whole error to answer; the session closes after it. NULL: WRONGPASS. */
    const char *refusal;
    bool hang_up; /* not opened: the session closes without a word */
    /* Opened: an account of instance_set_accounts; empty: user "default". */
    struct bytes account;
    int64_t ends_at_ms; /* opened: the session closes then, unless it signs in again; 0: never */
};

/* What the session asks of whoever owns its connection. */
struct session_host {
    void *context;
    /*
     * AUTH and HELLO AUTH. Returns the instance that this user and password open (often
     * `instance` itself; another one when the connection is routed by its key), or NULL. What
     * `admission`, zeroed before, points to must last until the session's next command. A NULL
     * callback checks the session's own instance.
     */
    struct instance *(*authenticate)(void *context, struct session *session,
                                     struct instance *instance, struct bytes user,
                                     struct bytes password, struct session_admission *admission);
    /* Output appeared, or the session ended, outside of feed/run (pub/sub, unblock, KILL). */
    void (*wake)(void *context, struct session *session);
};

/* NULL with the refusal in Redis's words in `refusal` ("-ERR max number ...\r\n") when full. */
struct session *session_create(struct instance *instance, const struct session_peer *peer,
                               const struct session_host *host, struct buf *refusal);
void session_destroy(struct session *session); /* NULL is fine */

enum session_step {
    SESSION_STARVED, /* no whole command: feed more */
    SESSION_COMMAND, /* a command is ready: session_run it */
    SESSION_BLOCKED, /* waits (BLPOP, WAIT, CLIENT PAUSE): wake says when to go on */
    SESSION_CLOSED,  /* write the output, then close the connection */
};

/*
 * Hands over what was read. `input` is borrowed until the step that answers SESSION_STARVED,
 * SESSION_BLOCKED or SESSION_CLOSED, by when the session has copied what it still needs.
 */
void session_feed(struct session *session, struct bytes input);
/* The same again for a command that is ready already. */
enum session_step session_next(struct session *session);
/* What the ready commands' keys lead to is fetched together: running them need not wait for it. */
void sessions_prefetch(struct session *const *sessions, size_t count);
/* Copies what is still borrowed of the input: for a host that leaves off between commands. */
void session_hold(struct session *session);
void session_run(struct session *session); /* the command of the last SESSION_COMMAND */
/* Drops the command of the last SESSION_COMMAND unrun, answering `error` unless it is NULL. */
void session_skip(struct session *session, const char *error);

/* The ready command's words; borrowed until run or skipped. */
int session_argc(const struct session *session);
const struct bytes *session_argv(const struct session *session);
/* Its row, or NULL when unknown to this instance. */
const struct command *session_command(const struct session *session);

/* What is to be sent; the host consumes from the front with session_sent. */
/* The zone of the node that it is connected to; 0: unknown. */
char session_zone(const struct session *session);
struct bytes session_output(const struct session *session);
void session_sent(struct session *session, size_t size);
/* Ends the session from outside; what is in the output is still to be sent. */
void session_close(struct session *session);
bool session_closed(const struct session *session);

struct instance *session_instance(const struct session *session);
uint64_t session_id(const struct session *session);
struct bytes session_name(const struct session *session); /* CLIENT SETNAME */
struct bytes session_user(const struct session *session);
struct bytes session_address(const struct session *session);
struct bytes session_local_address(const struct session *session);
int session_database(const struct session *session);
bool session_authenticated(const struct session *session);
/* Signed in with an account of instance_set_accounts, not with a key. */
bool session_has_account(const struct session *session);
bool session_tls(const struct session *session);
int64_t session_last_active_ms(const struct session *session);

#endif

/*
 * WATCH: which sessions want to know that a key changed before their EXEC.
 */
#ifndef RESP_WATCH_H
#define RESP_WATCH_H

#include "base/bytes.h"

struct session;

/* One watched key of one session; in the session's list and in the key's. */
struct session_watch {
    struct session *session;
    struct session_watch *next_of_session;
    struct session_watch *next_of_key, *previous_of_key;
    struct watchers *watchers;
    int database;
};

/* The payload of instance->watched: all who watch one key. */
struct watchers {
    struct session_watch *first;
};

#endif

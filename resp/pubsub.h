/*
 * Channels and who listens: subscriptions to channels, patterns and shard channels, delivery, and
 * keyspace notifications. A delivery appends to the subscriber's output and wakes its host.
 */
#ifndef RESP_PUBSUB_H
#define RESP_PUBSUB_H

#include "base/bytes.h"
#include "base/dict.h"

struct instance;
struct keyspace;
struct session;

enum pubsub_kind { PUBSUB_CHANNEL, PUBSUB_PATTERN, PUBSUB_SHARD, PUBSUB_KINDS };

/* One subscription; in the session's list and in the channel's. */
struct subscription {
    struct session *session;
    struct subscription *next_of_session, *previous_of_session;
    struct subscription *next_of_channel, *previous_of_channel;
    struct channel *channel;
};

/* The payload of the instance's dicts: everyone who listens to one name. */
struct channel {
    struct subscription *first, *last;
    size_t count;
};

struct pubsub {
    struct dict channels[PUBSUB_KINDS]; /* name -> struct channel */
    int notify;                         /* classes of keyspace events that are published */
};

void pubsub_init(struct pubsub *pubsub, struct random *random);
void pubsub_finish(struct pubsub *pubsub);

/* False: the session listened to that name already (or did not, at the end). */
bool pubsub_subscribe(struct session *session, enum pubsub_kind kind, struct bytes name);
bool pubsub_unsubscribe(struct session *session, enum pubsub_kind kind, struct bytes name);
/* The session goes, or is reset: silently. */
void pubsub_forget(struct session *session);
/* Delivers; returns how many clients got it. */
int64_t pubsub_publish(struct instance *instance, enum pubsub_kind kind, struct bytes name,
                       struct bytes message);
struct bytes pubsub_name(const struct subscription *subscription, enum pubsub_kind kind);

/*
 * notify-keyspace-events: letters to a set of classes and back ("KEA" answers "AKE", as Redis
 * orders them). False: an unknown letter.
 */
bool notify_parse(struct bytes letters, int *classes);
void notify_format(int classes, char text[32]);
/* Publishes one event of a key, if its class is wanted. `class` is an enum event_class letter. */
void notify_event(struct instance *instance, int database, struct bytes key, char class,
                  const char *event);
bool notify_wants(const struct instance *instance, char class);

#endif

/* Channels, deliveries and keyspace notifications. */
#include "resp/pubsub.h"

#include <stdio.h>
#include <string.h>

#include "resp/instance_state.h"

void pubsub_init(struct pubsub *pubsub, struct random *random)
{
    for (size_t i = 0; i < PUBSUB_KINDS; i++) {
        dict_init(&pubsub->channels[i], sizeof(struct channel), NULL, random);
    }
}

void pubsub_finish(struct pubsub *pubsub)
{
    for (size_t i = 0; i < PUBSUB_KINDS; i++) {
        dict_finish(&pubsub->channels[i]);
    }
}

/* ---- Subscriptions ---- */

static struct subscription *find(const struct session *session, const struct channel *channel,
                                 enum pubsub_kind kind)
{
    struct subscription *subscription = session->subscriptions[kind].first;
    while (subscription != NULL && subscription->channel != channel) {
        subscription = subscription->next_of_session;
    }
    return subscription;
}

/* Whichever list is shorter is searched. */
static struct subscription *find_shorter(const struct session *session,
                                         const struct channel *channel, enum pubsub_kind kind)
{
    if (session->subscriptions[kind].count <= channel->count) {
        return find(session, channel, kind);
    }
    struct subscription *subscription = channel->first;
    while (subscription != NULL && subscription->session != session) {
        subscription = subscription->next_of_channel;
    }
    return subscription;
}

bool pubsub_subscribe(struct session *session, enum pubsub_kind kind, struct bytes name)
{
    bool created;
    struct channel *channel =
        dict_insert(&session->instance->pubsub.channels[kind], name, &created);
    if (!created && find_shorter(session, channel, kind) != NULL) {
        return false;
    }
    struct session_subscriptions *own = &session->subscriptions[kind];
    struct subscription *subscription = memory_allocate_zeroed(sizeof(*subscription));
    subscription->session = session;
    subscription->channel = channel;
    subscription->next_of_session = own->first;
    if (own->first != NULL) {
        own->first->previous_of_session = subscription;
    }
    own->first = subscription;
    own->count++;
    subscription->previous_of_channel = channel->last;
    if (channel->last != NULL) {
        channel->last->next_of_channel = subscription;
    } else {
        channel->first = subscription;
    }
    channel->last = subscription;
    channel->count++;
    return true;
}

static void remove_subscription(struct subscription *subscription, enum pubsub_kind kind)
{
    struct session *session = subscription->session;
    struct channel *channel = subscription->channel;
    if (subscription->previous_of_session != NULL) {
        subscription->previous_of_session->next_of_session = subscription->next_of_session;
    } else {
        session->subscriptions[kind].first = subscription->next_of_session;
    }
    if (subscription->next_of_session != NULL) {
        subscription->next_of_session->previous_of_session = subscription->previous_of_session;
    }
    session->subscriptions[kind].count--;
    if (subscription->previous_of_channel != NULL) {
        subscription->previous_of_channel->next_of_channel = subscription->next_of_channel;
    } else {
        channel->first = subscription->next_of_channel;
    }
    if (subscription->next_of_channel != NULL) {
        subscription->next_of_channel->previous_of_channel = subscription->previous_of_channel;
    } else {
        channel->last = subscription->previous_of_channel;
    }
    if (--channel->count == 0) {
        dict_remove_payload(&session->instance->pubsub.channels[kind], channel);
    }
    memory_free(subscription);
}

bool pubsub_unsubscribe(struct session *session, enum pubsub_kind kind, struct bytes name)
{
    struct channel *channel = dict_find(&session->instance->pubsub.channels[kind], name);
    struct subscription *subscription =
        channel == NULL ? NULL : find_shorter(session, channel, kind);
    if (subscription == NULL) {
        return false;
    }
    remove_subscription(subscription, kind);
    return true;
}

void pubsub_forget(struct session *session)
{
    for (int kind = 0; kind < PUBSUB_KINDS; kind++) {
        while (session->subscriptions[kind].first != NULL) {
            remove_subscription(session->subscriptions[kind].first, (enum pubsub_kind)kind);
        }
    }
}

struct bytes pubsub_name(const struct subscription *subscription, enum pubsub_kind kind)
{
    return dict_key(&subscription->session->instance->pubsub.channels[kind], subscription->channel);
}

/* ---- Delivery ---- */

/* Said of each subscriber, who is counted as a receiver all the same. */
static bool lost(const struct session *session, struct bytes channel)
{
    const struct instance_host_info *host = &session->instance->host;
    return host->lose != NULL && host->lose(host->context, session, channel);
}

static void deliver(struct session *session, const char *kind, const struct bytes *parts,
                    size_t count)
{
    struct reply *reply = &session->reply;
    bool muted = session_push_begin(session);
    reply_push(reply, count + 1);
    reply_bulk_string(reply, kind);
    for (size_t i = 0; i < count; i++) {
        reply_bulk(reply, parts[i]);
    }
    session_push_end(session, muted);
}

int64_t pubsub_publish(struct instance *instance, enum pubsub_kind kind, struct bytes name,
                       struct bytes message)
{
    struct pubsub *pubsub = &instance->pubsub;
    int64_t receivers = 0;
    const struct channel *channel = dict_find(&pubsub->channels[kind], name);
    const struct bytes parts[] = {name, message};
    for (const struct subscription *each = channel == NULL ? NULL : channel->first; each != NULL;
         each = each->next_of_channel) {
        if (!lost(each->session, name)) {
            deliver(each->session, kind == PUBSUB_SHARD ? "smessage" : "message", parts, 2);
        }
        receivers++;
    }
    struct dict *patterns = &pubsub->channels[PUBSUB_PATTERN];
    if (kind == PUBSUB_SHARD || dict_count(patterns) == 0) {
        return receivers;
    }
    for (struct dict_cursor cursor = dict_begin(patterns);
         (channel = dict_next(&cursor)) != NULL;) {
        struct bytes pattern = dict_key(patterns, channel);
        if (!bytes_match_glob(pattern, name, false)) {
            continue;
        }
        const struct bytes matched[] = {pattern, name, message};
        for (const struct subscription *each = channel->first; each != NULL;
             each = each->next_of_channel) {
            if (!lost(each->session, name)) {
                deliver(each->session, "pmessage", matched, 3);
            }
            receivers++;
        }
    }
    return receivers;
}

/* ---- Keyspace notifications ---- */

/* In the order in which Redis prints them; 'A' stands for the ones marked. */
static const struct {
    char letter;
    bool in_all;
    bool hidden_by_all; /* Redis forgets to print it beside 'A' */
} classes_known[] = {
    {.letter = 'g', .in_all = true},
    {.letter = '$', .in_all = true},
    {.letter = 'l', .in_all = true},
    {.letter = 's', .in_all = true},
    {.letter = 'h', .in_all = true},
    {.letter = 'z', .in_all = true},
    {.letter = 'x', .in_all = true},
    {.letter = 'e', .in_all = true},
    {.letter = 't', .in_all = true},
    {.letter = 'd', .in_all = true},
    {.letter = 'n', .hidden_by_all = true},
    {.letter = 'K'},
    {.letter = 'E'},
    {.letter = 'm'},
};

static int bit_of(char letter)
{
    for (size_t i = 0; i < ARRAY_LEN(classes_known); i++) {
        if (classes_known[i].letter == letter) {
            return 1 << i;
        }
    }
    return 0;
}

static int all_classes(void)
{
    int all = 0;
    for (size_t i = 0; i < ARRAY_LEN(classes_known); i++) {
        all |= classes_known[i].in_all ? 1 << i : 0;
    }
    return all;
}

bool notify_parse(struct bytes letters, int *classes)
{
    int found = 0;
    for (size_t i = 0; i < letters.size; i++) {
        int bits = letters.data[i] == 'A' ? all_classes() : bit_of(letters.data[i]);
        if (bits == 0) {
            return false;
        }
        found |= bits;
    }
    *classes = found;
    return true;
}

void notify_format(int classes, char text[32])
{
    size_t size = 0;
    bool all = (classes & all_classes()) == all_classes();
    if (all) {
        text[size++] = 'A';
    }
    for (size_t i = 0; i < ARRAY_LEN(classes_known); i++) {
        if ((classes & 1 << i) != 0 &&
            !(all && (classes_known[i].in_all || classes_known[i].hidden_by_all))) {
            text[size++] = classes_known[i].letter;
        }
    }
    text[size] = '\0';
}

bool notify_wants(const struct instance *instance, char class)
{
    return (instance->pubsub.notify & bit_of(class)) != 0;
}

static void publish_event(struct instance *instance, const char *space, int database,
                          struct bytes subject, struct bytes message)
{
    struct buf name;
    buf_init(&name, SIZE_MAX);
    buf_printf(&name, "__%s@%d__:", space, database);
    buf_append(&name, subject);
    pubsub_publish(instance, PUBSUB_CHANNEL, buf_bytes(&name), message);
    buf_finish(&name);
}

void notify_event(struct instance *instance, int database, struct bytes key, char class,
                  const char *event)
{
    int notify = instance->pubsub.notify;
    if ((notify & bit_of(class)) == 0) {
        return;
    }
    struct bytes text = bytes_from_string(event);
    if ((notify & bit_of('K')) != 0) {
        publish_event(instance, "keyspace", database, key, text);
    }
    if ((notify & bit_of('E')) != 0) {
        publish_event(instance, "keyevent", database, text, key);
    }
}

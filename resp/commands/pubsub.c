/* SUBSCRIBE, PUBLISH and PUBSUB, with their pattern and shard forms. */
#include "resp/cluster.h"
#include "resp/pubsub.h"

#include "resp/arguments.h"
#include "resp/commands/help.h"
#include "resp/instance_state.h"

/* ---- Subscribing ---- */

/* The words of one kind, and which counts its confirmations show. */
static const struct kind {
    const char *subscribe, *unsubscribe;
} kinds[PUBSUB_KINDS] = {
    [PUBSUB_CHANNEL] = {"subscribe", "unsubscribe"},
    [PUBSUB_PATTERN] = {"psubscribe", "punsubscribe"},
    [PUBSUB_SHARD] = {"ssubscribe", "sunsubscribe"},
};

static int64_t shown_count(const struct session *session, enum pubsub_kind kind)
{
    return (int64_t)(kind == PUBSUB_SHARD ? session->subscriptions[PUBSUB_SHARD].count
                                          : session->subscriptions[PUBSUB_CHANNEL].count +
                                                session->subscriptions[PUBSUB_PATTERN].count);
}

static void confirm(struct call *call, enum pubsub_kind kind, const char *what,
                    const struct bytes *name)
{
    bool muted = session_push_begin(call->session);
    reply_push(call->reply, 3);
    reply_bulk_string(call->reply, what);
    if (name != NULL) {
        reply_bulk(call->reply, *name);
    } else {
        reply_null(call->reply);
    }
    reply_integer(call->reply, shown_count(call->session, kind));
    session_push_end(call->session, muted);
}

static void subscribe(struct call *call, enum pubsub_kind kind)
{
    for (int i = 1; i < call->argc; i++) {
        pubsub_subscribe(call->session, kind, call->argv[i]);
        confirm(call, kind, kinds[kind].subscribe, &call->argv[i]);
    }
}

static void unsubscribe_all(struct call *call, enum pubsub_kind kind)
{
    struct session *session = call->session;
    if (session->subscriptions[kind].first == NULL) {
        confirm(call, kind, kinds[kind].unsubscribe, NULL);
    }
    while (session->subscriptions[kind].first != NULL) {
        char *name = bytes_to_string(pubsub_name(session->subscriptions[kind].first, kind));
        struct bytes text = {name, pubsub_name(session->subscriptions[kind].first, kind).size};
        pubsub_unsubscribe(session, kind, text);
        confirm(call, kind, kinds[kind].unsubscribe, &text);
        memory_free(name);
    }
}

static void unsubscribe(struct call *call, enum pubsub_kind kind)
{
    if (call->argc == 1) {
        unsubscribe_all(call, kind);
        return;
    }
    for (int i = 1; i < call->argc; i++) {
        pubsub_unsubscribe(call->session, kind, call->argv[i]);
        confirm(call, kind, kinds[kind].unsubscribe, &call->argv[i]);
    }
}

static void cmd_subscribe(struct call *call)
{
    subscribe(call, PUBSUB_CHANNEL);
}

static void cmd_psubscribe(struct call *call)
{
    subscribe(call, PUBSUB_PATTERN);
}

static void cmd_ssubscribe(struct call *call)
{
    subscribe(call, PUBSUB_SHARD);
}

static void cmd_unsubscribe(struct call *call)
{
    unsubscribe(call, PUBSUB_CHANNEL);
}

static void cmd_punsubscribe(struct call *call)
{
    unsubscribe(call, PUBSUB_PATTERN);
}

static void cmd_sunsubscribe(struct call *call)
{
    unsubscribe(call, PUBSUB_SHARD);
}

/* ---- Publishing ---- */

/* A message reaches the subscribers of every node; only this node's are counted. */
static void cmd_publish(struct call *call)
{
    const struct cluster *cluster = call->instance->cluster;
    struct bytes channel = call->argv[1], message = call->argv[2];
    for (int i = 0; cluster != NULL && i < cluster->count; i++) {
        if (cluster->shards[i].instance != call->instance) {
            pubsub_publish(cluster->shards[i].instance, PUBSUB_CHANNEL, channel, message);
        }
    }
    reply_integer(call->reply, pubsub_publish(call->instance, PUBSUB_CHANNEL, channel, message));
}

static void cmd_spublish(struct call *call)
{
    reply_integer(call->reply,
                  pubsub_publish(call->instance, PUBSUB_SHARD, call->argv[1], call->argv[2]));
}

/* ---- PUBSUB ---- */

static void list_channels(struct call *call, enum pubsub_kind kind)
{
    struct dict *channels = &call->instance->pubsub.channels[kind];
    size_t mark = reply_defer(call->reply), count = 0;
    const struct channel *channel;
    for (struct dict_cursor cursor = dict_begin(channels);
         (channel = dict_next(&cursor)) != NULL;) {
        struct bytes name = dict_key(channels, channel);
        if (call->argc == 2 || bytes_match_glob(call->argv[2], name, false)) {
            reply_bulk(call->reply, name);
            count++;
        }
    }
    reply_array_at(call->reply, mark, count);
}

static void count_subscribers(struct call *call, enum pubsub_kind kind)
{
    reply_array(call->reply, (size_t)(call->argc - 2) * 2);
    for (int i = 2; i < call->argc; i++) {
        const struct channel *channel =
            dict_find(&call->instance->pubsub.channels[kind], call->argv[i]);
        reply_bulk(call->reply, call->argv[i]);
        reply_integer(call->reply, channel == NULL ? 0 : (int64_t)channel->count);
    }
}

static bool pattern_arity_fits(struct call *call)
{
    if (call->argc <= 3) {
        return true;
    }
    reply_subcommand_syntax_error(call);
    return false;
}

static void cmd_pubsub_channels(struct call *call)
{
    if (pattern_arity_fits(call)) {
        list_channels(call, PUBSUB_CHANNEL);
    }
}

static void cmd_pubsub_shardchannels(struct call *call)
{
    if (pattern_arity_fits(call)) {
        list_channels(call, PUBSUB_SHARD);
    }
}

static void cmd_pubsub_numsub(struct call *call)
{
    count_subscribers(call, PUBSUB_CHANNEL);
}

static void cmd_pubsub_shardnumsub(struct call *call)
{
    count_subscribers(call, PUBSUB_SHARD);
}

static void cmd_pubsub_numpat(struct call *call)
{
    reply_integer(call->reply,
                  (int64_t)dict_count(&call->instance->pubsub.channels[PUBSUB_PATTERN]));
}

static const char *const help_lines[] = {
    "CHANNELS [<pattern>]",
    "    Return the currently active channels matching a <pattern> (default: '*').",
    "NUMPAT",
    "    Return number of subscriptions to patterns.",
    "NUMSUB [<channel> ...]",
    "    Return the number of subscribers for the specified channels, excluding",
    "    pattern subscriptions(default: no channels).",
    "SHARDCHANNELS [<pattern>]",
    "    Return the currently active shard level channels matching a <pattern> (default: '*').",
    "SHARDNUMSUB [<shardchannel> ...]",
    "    Return the number of subscribers for the specified shard level channel(s)",
    NULL,
};

static void cmd_pubsub_help(struct call *call)
{
    reply_help(call, help_lines);
}

static const struct command pubsub_subcommands[] = {
    {
        .name = "CHANNELS",
        .handler = cmd_pubsub_channels,
        .arity = -2,
        .flags = CMD_PUBSUB | CMD_LOADING | CMD_STALE,
        .since = "2.8.0",
        .complexity = "O(N) where N is the number of active channels, and assuming constant "
                      "time pattern matching (relatively short channels and patterns)",
        .summary = "List active channels",
        .arguments = "[pattern=pattern]",
    },
    {
        .name = "HELP",
        .handler = cmd_pubsub_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Show helpful text about the different subcommands",
    },
    {
        .name = "NUMPAT",
        .handler = cmd_pubsub_numpat,
        .arity = 2,
        .flags = CMD_PUBSUB | CMD_LOADING | CMD_STALE,
        .since = "2.8.0",
        .complexity = "O(1)",
        .summary = "Get the count of unique patterns pattern subscriptions",
    },
    {
        .name = "NUMSUB",
        .handler = cmd_pubsub_numsub,
        .arity = -2,
        .flags = CMD_PUBSUB | CMD_LOADING | CMD_STALE,
        .since = "2.8.0",
        .complexity = "O(N) for the NUMSUB subcommand, where N is the number of requested "
                      "channels",
        .summary = "Get the count of subscribers for channels",
        .arguments = "[channel...]",
    },
    {
        .name = "SHARDCHANNELS",
        .handler = cmd_pubsub_shardchannels,
        .arity = -2,
        .flags = CMD_PUBSUB | CMD_LOADING | CMD_STALE,
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of active shard channels, and assuming "
                      "constant time pattern matching (relatively short shard channels).",
        .summary = "List active shard channels",
        .arguments = "[pattern=pattern]",
    },
    {
        .name = "SHARDNUMSUB",
        .handler = cmd_pubsub_shardnumsub,
        .arity = -2,
        .flags = CMD_PUBSUB | CMD_LOADING | CMD_STALE,
        .since = "7.0.0",
        .complexity = "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested "
                      "shard channels",
        .summary = "Get the count of subscribers for shard channels",
        .arguments = "[shardchannel...]",
    },
    {0},
};

static const struct command commands[] = {
    {
        .name = "SUBSCRIBE",
        .handler = cmd_subscribe,
        .arity = -2,
        .flags = CMD_PUBSUB | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_SUBSCRIBER,
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of channels to subscribe to.",
        .summary = "Listen for messages published to the given channels",
        .arguments = "channel...",
    },
    {
        .name = "PSUBSCRIBE",
        .handler = cmd_psubscribe,
        .arity = -2,
        .flags = CMD_PUBSUB | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_SUBSCRIBER,
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of patterns the client is already subscribed "
                      "to.",
        .summary = "Listen for messages published to channels matching the given patterns",
        .arguments = "pattern{pattern=pattern}...",
    },
    {
        .name = "SSUBSCRIBE",
        .handler = cmd_ssubscribe,
        .arity = -2,
        .flags = CMD_PUBSUB | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_SUBSCRIBER,
        .keys = {KEY_RANGE(KEY_NOT_KEY, 1, -1, 1)},
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of shard channels to subscribe to.",
        .summary = "Listen for messages published to the given shard channels",
        .arguments = "shardchannel...",
    },
    {
        .name = "UNSUBSCRIBE",
        .handler = cmd_unsubscribe,
        .arity = -1,
        .flags = CMD_PUBSUB | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_SUBSCRIBER,
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of clients already subscribed to a channel.",
        .summary = "Stop listening for messages posted to the given channels",
        .arguments = "[channel...]",
    },
    {
        .name = "PUNSUBSCRIBE",
        .handler = cmd_punsubscribe,
        .arity = -1,
        .flags = CMD_PUBSUB | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_SUBSCRIBER,
        .since = "2.0.0",
        .complexity = "O(N+M) where N is the number of patterns the client is already "
                      "subscribed and M is the number of total patterns subscribed in the "
                      "system (by any client).",
        .summary = "Stop listening for messages posted to channels matching the given "
                   "patterns",
        .arguments = "[pattern=pattern...]",
    },
    {
        .name = "SUNSUBSCRIBE",
        .handler = cmd_sunsubscribe,
        .arity = -1,
        .flags = CMD_PUBSUB | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_SUBSCRIBER,
        .keys = {KEY_RANGE(KEY_NOT_KEY, 1, -1, 1)},
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of clients already subscribed to a shard "
                      "channel.",
        .summary = "Stop listening for messages posted to the given shard channels",
        .arguments = "[shardchannel...]",
    },
    {
        .name = "PUBLISH",
        .handler = cmd_publish,
        .arity = 3,
        .flags = CMD_PUBSUB | CMD_LOADING | CMD_STALE | CMD_FAST,
        .since = "2.0.0",
        .complexity = "O(N+M) where N is the number of clients subscribed to the receiving "
                      "channel and M is the total number of subscribed patterns (by any "
                      "client).",
        .summary = "Post a message to a channel",
        .arguments = "channel message",
    },
    {
        .name = "SPUBLISH",
        .handler = cmd_spublish,
        .arity = 3,
        .flags = CMD_PUBSUB | CMD_LOADING | CMD_STALE | CMD_FAST,
        .keys = {KEY_RANGE(KEY_NOT_KEY, 1, 0, 1)},
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of clients subscribed to the receiving shard "
                      "channel.",
        .summary = "Post a message to a shard channel",
        .arguments = "shardchannel message",
    },
    {
        .name = "PUBSUB",
        .arity = -2,
        .since = "2.8.0",
        .complexity = "Depends on subcommand.",
        .summary = "A container for Pub/Sub commands",
        .subcommands = pubsub_subcommands,
    },
};

const struct command_family pubsub_family = {"pubsub", commands, ARRAY_LEN(commands)};

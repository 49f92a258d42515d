#include "resp/upstream.h"

#include "resp/instance_state.h"
#include "resp/long_run.h"

struct upstream {
    struct session session;
};

struct upstream *upstream_create(struct instance *instance)
{
    struct upstream *upstream = memory_allocate_zeroed(sizeof(*upstream));
    struct session *session = &upstream->session;
    session->instance = instance;
    session->authenticated = true;
    session->account = acl_default(instance->acl);
    session->db = instance->databases[0];
    session->user = string_duplicate("default");
    session->name = string_duplicate("");
    session->address = string_duplicate("");
    session->local_address = string_duplicate("");
    parser_init(&session->parser);
    reply_init(&session->reply, SIZE_MAX);
    session->reply.muted = true;
    return upstream;
}

void upstream_destroy(struct upstream *upstream)
{
    if (upstream != NULL) {
        struct session *session = &upstream->session;
        transaction_discard(session);
        parser_finish(&session->parser);
        reply_finish(&session->reply);
        memory_free(session->user);
        memory_free(session->name);
        memory_free(session->address);
        memory_free(session->local_address);
        memory_free(upstream);
    }
}

static struct command_entry *find_entry(struct instance *instance, const struct bytes *argv,
                                        int argc)
{
    struct command_entry *entry = command_table_find(&instance->commands, argv[0]);
    if (entry != NULL && entry->subcommand_count > 0) {
        return argc > 1 ? command_table_subcommand(entry, argv[1]) : NULL;
    }
    return entry;
}

bool upstream_run(struct upstream *upstream, struct bytes commands)
{
    const struct parser_limits limits = {INT32_MAX, INT64_MAX / 2, false};
    struct session *session = &upstream->session;
    struct instance *instance = session->instance;
    if (long_run_active(instance)) {
        return false;
    }
    instance->lap_us = 0;
    parser_feed(&session->parser, commands);
    while (parser_next(&session->parser, limits) == PARSER_COMMAND) {
        const struct bytes *argv = session->parser.argv;
        int argc = session->parser.argc;
        struct command_entry *entry = argc > 0 ? find_entry(instance, argv, argc) : NULL;
        bool fits = entry != NULL && (entry->command->arity > 0 ? argc == entry->command->arity
                                                                : argc >= -entry->command->arity);
        if (fits) {
            dispatch_run(session, entry, argv, argc, true);
        }
        buf_clear(&session->reply.output);
    }
    return true;
}

bool upstream_rests(const struct upstream *upstream, size_t *pending)
{
    *pending = parser_pending(&upstream->session.parser);
    return !upstream->session.in_transaction;
}

int upstream_database(const struct upstream *upstream)
{
    return keyspace_index(upstream->session.db);
}

void upstream_select(struct upstream *upstream, int database)
{
    upstream->session.db = upstream->session.instance->databases[database];
}

void upstream_settle(struct upstream *upstream)
{
    instance_settle(upstream->session.instance);
}

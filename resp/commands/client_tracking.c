/* CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO. */
#include "resp/arguments.h"
#include "resp/commands/client.h"
#include "resp/instance_state.h"

static bool session_exists(const struct instance *instance, uint64_t id)
{
    const struct session *session = instance->sessions;
    while (session != NULL && session->id != id) {
        session = session->next;
    }
    return session != NULL;
}

static bool read_options_or_reply(struct call *call, struct tracking_options *options,
                                  struct bytes *prefixes)
{
    for (int i = 3; i < call->argc; i++) {
        struct bytes word = call->argv[i];
        bool more = i + 1 < call->argc;
        if (bytes_equal_string_nocase(word, "REDIRECT") && more) {
            int64_t id;
            if (options->redirect != 0) {
                reply_error(call->reply, "ERR A client can only redirect to a single other client");
                return false;
            }
            if (!argument_integer_or_reply(call, ++i, &id)) {
                return false;
            }
            options->redirect = (uint64_t)id;
            if (!session_exists(call->instance, options->redirect)) {
                reply_error(call->reply, "ERR The client ID you want redirect to does not exist");
                return false;
            }
        } else if (bytes_equal_string_nocase(word, "BCAST")) {
            options->broadcast = true;
        } else if (bytes_equal_string_nocase(word, "OPTIN")) {
            options->opt_in = true;
        } else if (bytes_equal_string_nocase(word, "OPTOUT")) {
            options->opt_out = true;
        } else if (bytes_equal_string_nocase(word, "NOLOOP")) {
            options->no_loop = true;
        } else if (bytes_equal_string_nocase(word, "PREFIX") && more) {
            prefixes[options->prefix_count++] = call->argv[++i];
        } else {
            reply_syntax_error(call);
            return false;
        }
    }
    return true;
}

static bool options_agree_or_reply(struct call *call, const struct tracking_options *options)
{
    const struct tracking *now = &call->session->tracking;
    const char *error = NULL;
    if (!options->broadcast && options->prefix_count > 0) {
        error = "ERR PREFIX option requires BCAST mode to be enabled";
    } else if (now->on && now->broadcast != options->broadcast) {
        error = "ERR You can't switch BCAST mode on/off before disabling tracking for this client, "
                "and then re-enabling it with a different mode.";
    } else if (options->broadcast && (options->opt_in || options->opt_out)) {
        error = "ERR OPTIN and OPTOUT are not compatible with BCAST";
    } else if (options->opt_in && options->opt_out) {
        error = "ERR You can't specify both OPTIN mode and OPTOUT mode";
    } else if ((options->opt_in && now->opt_out) || (options->opt_out && now->opt_in)) {
        error = "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, "
                "and then re-enabling it with a different mode.";
    }
    if (error != NULL) {
        reply_error(call->reply, error);
    }
    return error == NULL;
}

static void turn_on(struct call *call)
{
    struct bytes *prefixes = memory_allocate((size_t)call->argc * sizeof(*prefixes));
    struct tracking_options options = {.prefixes = prefixes};
    if (read_options_or_reply(call, &options, prefixes) && options_agree_or_reply(call, &options) &&
        tracking_start_or_reply(call, &options)) {
        reply_ok(call->reply);
    }
    memory_free(prefixes);
}

void cmd_client_tracking(struct call *call)
{
    if (bytes_equal_string_nocase(call->argv[2], "ON")) {
        turn_on(call);
        return;
    }
    struct bytes *prefixes = memory_allocate((size_t)call->argc * sizeof(*prefixes));
    struct tracking_options options = {0};
    if (read_options_or_reply(call, &options, prefixes)) {
        if (bytes_equal_string_nocase(call->argv[2], "OFF")) {
            tracking_stop(call->session);
            reply_ok(call->reply);
        } else {
            reply_syntax_error(call);
        }
    }
    memory_free(prefixes);
}

void cmd_client_caching(struct call *call)
{
    struct tracking *tracking = &call->session->tracking;
    bool yes = bytes_equal_string_nocase(call->argv[2], "YES");
    if (!tracking->on) {
        reply_error(call->reply, "ERR CLIENT CACHING can be called only when the client is in "
                                 "tracking mode with OPTIN or OPTOUT mode enabled");
    } else if (!yes && !bytes_equal_string_nocase(call->argv[2], "NO")) {
        reply_syntax_error(call);
    } else if (yes && !tracking->opt_in) {
        reply_error(call->reply,
                    "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
    } else if (!yes && !tracking->opt_out) {
        reply_error(call->reply,
                    "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    } else {
        tracking->caching = true;
        reply_ok(call->reply);
    }
}

static int64_t redirect_of(const struct tracking *tracking)
{
    return tracking->on ? (int64_t)tracking->redirect : -1;
}

void cmd_client_getredir(struct call *call)
{
    reply_integer(call->reply, redirect_of(&call->session->tracking));
}

void cmd_client_trackinginfo(struct call *call)
{
    const struct tracking *tracking = &call->session->tracking;
    const struct {
        bool set;
        const char *name;
    } flags[] = {
        {!tracking->on, "off"},
        {tracking->on, "on"},
        {tracking->broadcast, "bcast"},
        {tracking->opt_in, "optin"},
        {tracking->opt_in && tracking->caching, "caching-yes"},
        {tracking->opt_out, "optout"},
        {tracking->opt_out && tracking->caching, "caching-no"},
        {tracking->no_loop, "noloop"},
        {tracking->broken_redirect, "broken_redirect"},
    };
    struct reply *reply = call->reply;
    reply_map(reply, 3);
    reply_bulk_string(reply, "flags");
    size_t mark = reply_defer(reply), count = 0;
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        if (flags[i].set) {
            reply_bulk_string(reply, flags[i].name);
            count++;
        }
    }
    reply_set_at(reply, mark, count);
    reply_bulk_string(reply, "redirect");
    reply_integer(reply, redirect_of(tracking));
    reply_bulk_string(reply, "prefixes");
    reply_array(reply, tracking->prefix_count);
    for (size_t i = 0; i < tracking->prefix_count; i++) {
        reply_bulk(reply, (struct bytes){tracking->prefixes[i], tracking->prefix_sizes[i]});
    }
}

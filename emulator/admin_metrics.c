/* GET /metrics: the same figures as info, in Prometheus's text format. */
#include "emulator/admin.h"

#include <stdio.h>
#include <string.h>

#include "emulator/app.h"
#include "emulator/process_memory.h"
#include "emulator/version.h"

/* One figure per cache: a row of instance_stats. */
static const struct {
    const char *name, *type, *help;
    size_t offset;
} cache_metrics[] = {
#define FIGURE(member) offsetof(struct instance_stats, member)
    {"redurite_cache_commands_total", "counter", "Commands run.", FIGURE(commands_processed)},
    {"redurite_cache_connections_total", "counter", "Connections routed to the cache.",
     FIGURE(connections_received)},
    {"redurite_cache_rejected_connections_total", "counter", "Connections refused: too many.",
     FIGURE(rejected_connections)},
    {"redurite_cache_input_bytes_total", "counter", "Bytes read from clients.",
     FIGURE(input_bytes)},
    {"redurite_cache_output_bytes_total", "counter", "Bytes sent to clients.",
     FIGURE(output_bytes)},
    {"redurite_cache_expired_keys_total", "counter", "Keys that expired.", FIGURE(expired_keys)},
    {"redurite_cache_evicted_keys_total", "counter", "Keys evicted for memory.",
     FIGURE(evicted_keys)},
    {"redurite_cache_hits_total", "counter", "Lookups that found their key.",
     FIGURE(keyspace_hits)},
    {"redurite_cache_misses_total", "counter", "Lookups that found none.", FIGURE(keyspace_misses)},
    {"redurite_cache_errors_total", "counter", "Error replies.", FIGURE(errors)},
    {"redurite_cache_keys", "gauge", "Keys in all databases.", FIGURE(keys)},
    {"redurite_cache_memory_used_bytes", "gauge", "Memory of the data.", FIGURE(used_memory)},
    {"redurite_cache_memory_max_bytes", "gauge", "Memory limit.", FIGURE(max_memory)},
    {"redurite_cache_clients", "gauge", "Connected clients.", FIGURE(connected_clients)},
    {"redurite_cache_clients_blocked", "gauge", "Clients that wait in a blocking command.",
     FIGURE(blocked_clients)},
    {"redurite_cache_clients_with_tokens", "gauge", "Clients signed in with Entra tokens.",
     FIGURE(account_clients)},
    {"redurite_cache_tokens_expired_total", "counter", "Connections closed as their token ended.",
     FIGURE(accounts_ended)},
#undef FIGURE
};

static void write_head(struct buf *body, const char *name, const char *type, const char *help)
{
    buf_printf(body, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_single(struct buf *body, const char *name, const char *type, const char *help,
                         double value)
{
    write_head(body, name, type, help);
    buf_printf(body, "%s %.17g\n", name, value);
}

static void write_cache_metrics(struct app *app, struct buf *body)
{
    for (size_t i = 0; i < ARRAY_LEN(cache_metrics); i++) {
        write_head(body, cache_metrics[i].name, cache_metrics[i].type, cache_metrics[i].help);
        for (struct cache *cache = cache_host_first(app->caches); cache != NULL;
             cache = cache->next) {
            struct instance_stats stats;
            uint64_t value;
            cache_stats(cache, &stats);
            memcpy(&value, (const char *)&stats + cache_metrics[i].offset, sizeof(value));
            /* Names of caches are letters, digits and hyphens: nothing to escape. */
            buf_printf(body, "%s{cache=\"%s\"} %llu\n", cache_metrics[i].name, cache->name,
                       (unsigned long long)value);
        }
    }
}

static void metrics_show(struct admin_call *call)
{
    struct app *app = call->app;
    struct buf *body = &call->response->body;
    struct cache_host_counters signed_in = cache_host_counters(app->caches);
    struct state_figures saved = state_figures(app->state);

    http_response_header(call->response, "Content-Type", "text/plain; version=0.0.4");
    write_head(body, "redurite_info", "gauge", "The version, as a label.");
    buf_append_string(body, "redurite_info{version=\"" REDURITE_VERSION "\"} 1\n");
    write_single(body, "redurite_ready", "gauge", "1 once everything answers.", app->ready);
    write_single(body, "redurite_uptime_seconds", "gauge", "Real time since the start.",
                 (double)(clock_monotonic_us() - app->started_us) / 1e6);
    write_single(body, "redurite_clock_seconds", "gauge", "The emulator's time, since 1970.",
                 (double)clock_now_ms(app->clock) / 1000);
    write_single(body, "redurite_requests_total", "counter",
                 "Requests of all planes; Redis commands where they are recorded.",
                 (double)journal_total(app->journal));
    write_single(body, "redurite_redis_authenticated_total", "counter", "Sign-ins to caches.",
                 (double)signed_in.authenticated);
    write_single(body, "redurite_redis_authentication_failures_total", "counter",
                 "Refused sign-ins to caches.", (double)signed_in.refused);
    write_single(body, "redurite_redis_tokens_taken_total", "counter",
                 "Sign-ins to caches with a token of Entra ID.", (double)signed_in.tokens_taken);
    write_single(body, "redurite_redis_tokens_refused_total", "counter",
                 "Refused sign-ins with a token, or with a user name at all.",
                 (double)signed_in.tokens_refused);
    write_single(body, "redurite_state_saves_total", "counter", "State files written.",
                 (double)saved.saves);
    write_single(body, "redurite_state_save_failures_total", "counter",
                 "State files that could not be written.", (double)saved.failures);
    write_single(body, "process_resident_memory_bytes", "gauge", "Resident memory.",
                 (double)process_resident_bytes());
    write_cache_metrics(app, body);
}

const struct admin_route admin_metrics_routes[] = {
    {"GET", "/metrics", metrics_show},
    {0},
};

/*
 * The running emulator: everything hangs from struct app, which app.c builds and tears down in one
 * readable order. No globals, so two can run in one process.
 */
#ifndef EMULATOR_APP_H
#define EMULATOR_APP_H

#include "base/clock.h"
#include "base/random.h"
#include "emulator/actions.h"
#include "emulator/admin.h"
#include "emulator/cache_host.h"
#include "emulator/config.h"
#include "emulator/connection_strings.h"
#include "emulator/dns_server.h"
#include "emulator/faults/faults.h"
#include "emulator/graph.h"
#include "emulator/http_endpoint.h"
#include "emulator/identity.h"
#include "emulator/journal.h"
#include "emulator/key_vault.h"
#include "emulator/listener.h"
#include "emulator/log_streams.h"
#include "emulator/loop.h"
#include "emulator/management.h"
#include "emulator/metrics.h"
#include "emulator/recorder.h"
#include "emulator/redis_endpoint.h"
#include "emulator/migration_client.h"
#include "emulator/replication_client.h"
#include "emulator/sentinel.h"
#include "emulator/cache_ports.h"
#include "emulator/enterprise_port.h"
#include "emulator/scenarios/scenarios.h"
#include "emulator/state.h"
#include "emulator/tls.h"
#include "emulator/web_client.h"

struct app {
    const struct config *config;
    int64_t started_us; /* clock_monotonic_us */
    bool ready;
    struct clock *clock;
    struct random random;
    struct loop loop;
    struct journal *journal;
    struct recorder recorder;
    struct actions *actions;
    struct scenarios *scenarios;
    struct faults *faults;
    struct redis_faults *redis_faults;
    struct http_faults *http_faults;
    struct faults_listener faults_changed;
    struct tls_authority *authority;
    struct cache_host *caches;
    struct metrics *metrics;
    struct web_client *web;
    struct identity *identity;
    struct management *management;
    struct graph *graph;
    struct key_vault *key_vault;
    struct log_streams *log_streams;
    struct state *state;
    uint64_t resource_changes;
    uint64_t start_changes; /* resource_changes when the resources were those of the start */
    struct admin *admin;
    struct redis_endpoint *redis;
    struct replication_client *replication;
    struct migration_client *migration;
    struct sentinel *sentinel; /* NULL: its port is off */
    struct listener *sentinel_listener;
    int sentinel_port;
    struct http_endpoint *front_door;
    struct listener *redis_listener, *redis_tls_listener, *https_listener, *fault_injector_listener;
    struct dns_server *dns; /* NULL: off */
    struct cache_ports *cache_ports;
    struct enterprise_port *enterprise_port;    /* NULL until ports are open */
    int redis_port, redis_tls_port, https_port; /* in use; 0: off */
    int fault_injector_port, dns_port;
    uv_signal_t interrupt, terminate;
    uv_timer_t housekeeping, patience;
    int open_listeners;
    bool loop_ready, stopping;
};

/* Runs until a signal. False with one line in `error` when it could not start. */
bool app_run(const struct config *config, struct buf *error);

/* What the emulated names lead to. */
struct names app_names(const struct app *app);
/* Back to the start state: resources, data, clock and journal. */
bool app_reset(struct app *app, struct buf *error);
/* How clients reach a cache; `facts` borrows from `address`, from the cache and from the app. */
void app_connection_facts(struct app *app, const struct cache *cache,
                          struct arm_cache_address *address, struct connection_facts *facts);
/* After the clock was moved or changed from outside. */
void app_clock_changed(struct app *app);

#endif

/* Builds the emulator, runs it, and takes it down in the reverse order. */
#include "emulator/app_parts.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "emulator/announce.h"
#include "emulator/log_output.h"
#include "emulator/seed.h"
#include "emulator/version.h"

#define HOUSEKEEPING_MS 1000
#define PATIENCE_MS 2000 /* for connections that are closing */

static void housekeep(uv_timer_t *timer)
{
    struct app *app = CONTAINER_OF(timer, struct app, housekeeping);
    cache_host_sweep(app->caches);
}

static void out_of_patience(uv_timer_t *timer)
{
    struct app *app = CONTAINER_OF(timer, struct app, patience);
    loop_stop(&app->loop);
}

static void signalled(uv_signal_t *handle, int number)
{
    struct app *app = handle->data;

    if (app->stopping) {
        _exit(128 + number); /* asked twice: now */
    }
    log_info("app", "stopping signal=%s", number == SIGINT ? "SIGINT" : "SIGTERM");
    app->stopping = true;
    loop_stop(&app->loop);
}

static bool make_loop(struct app *app, struct buf *error)
{
    int failure = loop_init(&app->loop, app->clock);

    if (failure != 0) {
        buf_printf(error, "cannot start the event loop: %s", uv_strerror(failure));
        return false;
    }
    app->loop_ready = true;
    uv_timer_init(&app->loop.uv, &app->housekeeping);
    uv_timer_init(&app->loop.uv, &app->patience);
    uv_signal_init(&app->loop.uv, &app->interrupt);
    uv_signal_init(&app->loop.uv, &app->terminate);
    app->interrupt.data = app;
    app->terminate.data = app;
    return true;
}

/* Everything that can be refused before anything is begun. */
static bool check_files(const struct config *config, struct buf *error)
{
    if (config->ready_file != NULL) {
        if (!announce_check(config->ready_file, error)) {
            return false;
        }
        unlink(config->ready_file); /* of an earlier run: not ready yet */
    }
    return seed_check(config, error) && app_make_data_directory(config, error);
}

/* In order of dependence. On false, take_down takes what was made. */
static bool build(struct app *app, struct buf *error)
{
    app->clock = clock_create(NULL, NULL);
    app_set_clock(app);
    random_init(&app->random, app_random_seed_of(app->config));
    if (!make_loop(app, error)) {
        return false;
    }
    app->journal = journal_create(app->clock);
    app_make_faults(app);
    app_make_caches(app);
    app->actions = actions_create(app->clock, app->faults, app->caches);
    app_make_scenarios(app);
    recorder_init(&app->recorder, app->journal, app->caches);
    recorder_record_commands(&app->recorder, app->config->record_commands);
    if (!app_make_keys(app, error)) {
        return false;
    }
    app->web = web_client_create(&app->loop, app->authority, app->config->offline);
    app_make_management(app);
    app->faults_changed.changed = app_faults_changed;
    faults_listen(app->faults, &app->faults_changed);
    const struct state_config state = {
        .loop = &app->loop,
        .directory = app->config->data_dir,
        .ephemeral = app->config->ephemeral,
        .service = management_service(app->management),
        .caches = app->caches,
        .faults = app->faults,
    };
    app->state = state_create(&state, error);
    if (app->state == NULL) {
        return false;
    }
    app->admin = admin_create(app);
    app_make_endpoints(app);
    /* Ports before resources: their numbers stand in what ARM answers. */
    if (!app_open_ports(app, error)) {
        return false;
    }
    cache_host_set_ports(app->caches, app->redis_port, app->redis_tls_port);
    const struct cache_ports_config ports = {
        .loop = &app->loop,
        .authority = app->authority,
        .bind = app->config->bind,
        .plain = app->redis_port,
        .tls = app->redis_tls_port,
        .all_nodes = app->sentinel != NULL,
        .any_port = app->config->redis_port == 0 || app->config->redis_tls_port == 0,
        .caches = app->caches,
        .faults = app->redis_faults,
    };
    app->cache_ports = cache_ports_create(&ports);
    const struct enterprise_port_config enterprise = {
        .loop = &app->loop,
        .authority = app->authority,
        .bind = app->config->bind,
        .port = app->config->enterprise_port,
        .caches = app->caches,
        .faults = app->redis_faults,
    };
    app->enterprise_port = enterprise_port_create(&enterprise);
    if (!state_load_resources(app->state, error) ||
        !seed_resources(app->config, management_service(app->management), app->caches, false,
                        error)) {
        return false;
    }
    /* What was saved by an earlier run is no part of the start state. */
    app->start_changes = app->config->ephemeral ? app->resource_changes : UINT64_MAX;
    state_load_data(app->state);
    return app_start_scenarios(app, error);
}

static bool still_open(const struct app *app)
{
    return app->open_listeners > 0 ||
           (app->cache_ports != NULL && cache_ports_open(app->cache_ports) > 0) ||
           enterprise_port_open(app->enterprise_port);
}

/* Closes ports and timers, and runs the loop until connections have said goodbye. */
static void close_connections(struct app *app)
{
    struct listener *listeners[] = {app->redis_listener, app->redis_tls_listener,
                                    app->https_listener, app->fault_injector_listener,
                                    app->sentinel_listener};

    for (size_t i = 0; i < ARRAY_LEN(listeners); i++) {
        if (listeners[i] != NULL) {
            listener_close(listeners[i], app_listener_closed, app);
        }
    }
    if (app->dns != NULL) {
        dns_server_close(app->dns, app_listener_closed, app);
    }
    if (app->cache_ports != NULL) {
        cache_ports_close(app->cache_ports);
        enterprise_port_close(app->enterprise_port);
    }
    uv_timer_start(&app->patience, out_of_patience, PATIENCE_MS, 0);
    while (still_open(app) && uv_is_active((uv_handle_t *)&app->patience)) {
        uv_run(&app->loop.uv, UV_RUN_ONCE);
    }
    if (still_open(app)) {
        /* Someone does not read what is left for them: state is saved, the rest goes with us. */
        log_warn("app", "connections did not close in time");
        state_finish(app->state);
        _exit(0);
    }
}

static void take_down(struct app *app)
{
    if (app->loop_ready) {
        close_connections(app);
        /* From here a second signal ends the process in the default way. */
        uv_close((uv_handle_t *)&app->interrupt, NULL);
        uv_close((uv_handle_t *)&app->terminate, NULL);
        uv_close((uv_handle_t *)&app->housekeeping, NULL);
        uv_close((uv_handle_t *)&app->patience, NULL);
    }
    /* While there is still what their ends reach: caches that are recorded, operations. */
    scenarios_destroy(app->scenarios);
    actions_destroy(app->actions);
    state_finish(app->state);
    app->state = NULL;
    http_endpoint_destroy(app->front_door);
    replication_client_destroy(app->replication);
    app->replication = NULL;
    migration_client_destroy(app->migration);
    app->migration = NULL;
    redis_endpoint_destroy(app->redis);
    sentinel_destroy(app->sentinel);
    app->sentinel = NULL; /* removals that follow are not told */
    cache_ports_destroy(app->cache_ports);
    enterprise_port_destroy(app->enterprise_port);
    app->cache_ports = NULL;
    admin_destroy(app->admin);
    key_vault_destroy(app->key_vault);
    log_streams_destroy(app->log_streams);
    app->log_streams = NULL;
    management_destroy(app->management);
    app->management = NULL;
    web_client_destroy(app->web);
    metrics_destroy(app->metrics);
    cache_host_destroy(app->caches);
    graph_destroy(app->graph);
    identity_destroy(app->identity);
    tls_authority_destroy(app->authority);
    if (app->faults != NULL) {
        faults_leave(app->faults, &app->faults_changed);
    }
    http_faults_destroy(app->http_faults);
    redis_faults_destroy(app->redis_faults);
    faults_destroy(app->faults);
    journal_destroy(app->journal);
    if (app->loop_ready) {
        loop_finish(&app->loop);
    }
    clock_destroy(app->clock);
}

static bool become_ready(struct app *app, struct buf *error)
{
    const struct config *config = app->config;

    uv_timer_start(&app->housekeeping, housekeep, HOUSEKEEPING_MS, HOUSEKEEPING_MS);
    uv_signal_start(&app->interrupt, signalled, SIGINT);
    uv_signal_start(&app->terminate, signalled, SIGTERM);
    app->ready = true;
    if (!app_is_loopback(config->bind)) {
        log_warn("app",
                 "listening beyond this machine bind=%s: its keys are public knowledge, so anyone "
                 "who reaches it can use it",
                 config->bind);
    }
    if (config->ready_file != NULL && !announce_ready_file(app, error)) {
        return false;
    }
    announce_banner(app);
    log_info("app", "ready version=" REDURITE_VERSION " ms=%lld",
             (long long)(clock_monotonic_us() - app->started_us) / 1000);
    return true;
}

bool app_run(const struct config *config, struct buf *error)
{
    struct app app = {.config = config, .started_us = clock_monotonic_us()};

    log_output_configure((enum log_level)config->log_level, (enum log_format)config->log_format);
    if (!check_files(config, error)) {
        return false;
    }
    bool good = build(&app, error) && become_ready(&app, error);
    if (good) {
        loop_run(&app.loop);
    }
    take_down(&app);
    if (good) {
        log_info("app", "stopped");
    }
    return good;
}

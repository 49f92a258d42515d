/* Builds the emulator, runs it, and takes it down in the reverse order. */
#include "emulator/app.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "arm/interference.h"
#include "base/log.h"
#include "emulator/announce.h"
#include "emulator/fault_actions.h"
#include "emulator/files.h"
#include "emulator/log_output.h"
#include "emulator/process_memory.h"
#include "emulator/seed.h"
#include "emulator/version.h"
#include "emulator/well_known.h"

#define HOUSEKEEPING_MS 1000
#define PATIENCE_MS 2000 /* for connections that are closing */

/* ---- Parts ---- */

static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static bool make_data_directory(const struct config *config, struct buf *error)
{
    int failure = directory_make(config->data_dir, 0700);
    if (failure == 0 && access(config->data_dir, W_OK | X_OK) != 0) {
        failure = errno;
    }
    if (failure != 0) {
        buf_printf(error, "cannot use the data directory %s: %s; choose another with --data-dir",
                   config->data_dir, strerror(failure));
    }
    return failure == 0;
}

static uint64_t random_seed_of(const struct config *config)
{
    uint64_t seed = config->random.seed;

    if (!config->random.fixed && getentropy(&seed, sizeof(seed)) != 0) {
        seed = (uint64_t)clock_monotonic_us() ^ (uint64_t)getpid() << 32;
    }
    return seed;
}

static void set_clock(struct app *app)
{
    if (app->config->clock.mode == CLOCK_FROZEN) {
        clock_freeze(app->clock);
    } else {
        clock_set_real(app->clock, app->config->clock.scale);
    }
}

/*
 * The authority and the token key are made by the first start. Several starts in one directory
 * (ephemeral ones may share it) must not make them at the same time.
 */
static bool make_keys(struct app *app, struct buf *error)
{
    char *lock_path = string_format("%s/keys.lock", app->config->data_dir);
    char *key_path = string_format("%s/token-key.pem", app->config->data_dir);
    int lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (lock >= 0) {
        flock(lock, LOCK_EX);
    }
    app->authority = tls_authority_create(app->config->data_dir, app->clock, error);
    if (app->authority != NULL) {
        const struct identity_config identity = {
            .clock = app->clock,
            .random = &app->random,
            .tenant_id = WELL_KNOWN_TENANT_ID,
            .client_id = WELL_KNOWN_CLIENT_ID,
            .client_secret = WELL_KNOWN_CLIENT_SECRET,
            .faults = http_faults_identity(app->http_faults),
            .subscription_id = WELL_KNOWN_SUBSCRIPTION_ID,
            .key_file = key_path,
        };
        app->identity = identity_create(&identity, error);
    }
    if (lock >= 0) {
        close(lock);
    }
    memory_free(key_path);
    memory_free(lock_path);
    return app->authority != NULL && app->identity != NULL;
}

static void resources_changed(void *context)
{
    struct app *app = context;
    app->resource_changes++;
    if (app->state != NULL) {
        state_changed(app->state);
    }
}

static void app_logged(void *context, struct bytes resource_id, struct bytes line)
{
    struct app *app = context;
    if (app->log_streams != NULL) {
        log_streams_write(app->log_streams, resource_id, line);
    }
}

static int front_door_port(void *context)
{
    const struct app *app = context;
    return app->https_port;
}

static void cache_moved(void *context, const struct cache *cache)
{
    struct app *app = context;
    if (app->cache_ports != NULL) {
        enterprise_port_update(app->enterprise_port, NULL);
        cache_ports_update(app->cache_ports, cache);
    }
}

static void cache_removing(void *context, const struct cache *cache)
{
    struct app *app = context;
    if (app->cache_ports != NULL) {
        cache_ports_remove(app->cache_ports, cache);
        enterprise_port_update(app->enterprise_port, cache);
    }
    redis_faults_forget_data(app->redis_faults);
    metrics_forget(app->metrics, bytes_from_string(cache->name));
    replication_client_forget(app->replication, cache->instance);
    if (app->state != NULL) {
        state_cache_removed(app->state, cache);
    }
}

static void promoted(void *context, const struct cache *cache, int shard, int old)
{
    struct app *app = context;
    if (app->sentinel != NULL && shard == 0) {
        sentinel_switched(app->sentinel, cache, old);
    }
}

static bool verify_token(void *context, struct bytes token, struct cache_token *said,
                         struct buf *reason)
{
    /* Azure Cache for Redis, by its names and by its application id. */
    static const char *const audiences[] = {"https://redis.azure.com", "https://redis.azure.com/",
                                            "acca5fbb-b7e4-4009-81f1-37e38fd66d78", NULL};
    struct app *app = context;
    struct token_claims claims;
    struct arm_error error = {0};

    if (!identity_verify(app->identity, token, audiences, &claims, &error)) {
        buf_append_string(reason, error.message);
        return false;
    }
    snprintf(said->object_id, sizeof(said->object_id), "%s", claims.principal.object_id);
    said->ends_at_ms = claims.expires_at_ms;
    return true;
}

static void signed_in(void *context, const struct cache *cache)
{
    struct app *app = context;
    recorder_add_sign_in(&app->recorder, cache);
}

static bool save_asked(void *context, struct instance *instance)
{
    struct app *app = context;
    struct cache *cache = cache_host_first(app->caches);
    while (cache != NULL && cache->instance != instance) {
        cache = cache->next;
    }
    /* What belongs to no cache any more (its connections are closing) has nothing to keep. */
    return app->state == NULL || cache == NULL || state_save_cache(app->state, cache);
}

static void follow(void *context, struct instance *instance, struct bytes host, int port)
{
    struct app *app = context;
    replication_client_follow(app->replication, instance, host, port);
}

static uint64_t resident_bytes(void *context, const struct instance *instance)
{
    struct app *app = context;
    return process_resident_share(app->caches, instance);
}

static void stop_asked(void *context)
{
    struct app *app = context;
    app->stopping = true;
    loop_stop(&app->loop);
}

static bool message_lost(void *context, const struct session *subscriber, struct bytes channel)
{
    struct app *app = context;
    return redis_faults_lose(app->redis_faults, subscriber, channel);
}

static void make_faults(struct app *app)
{
    const struct faults_config faults = {
        .clock = app->clock,
        .random = &app->random,
        .step = fault_actions_step,
        .fired = fault_actions_fired,
        .context = app,
    };
    app->faults = faults_create(&faults);
    app->redis_faults = redis_faults_create(app->faults, app->clock, app->journal);
    app->http_faults = http_faults_create(app->faults);
}

static void minute_over(void *context)
{
    struct app *app = context;
    if (app->management != NULL) {
        arm_service_minute(management_service(app->management));
    }
}

static void make_caches(struct app *app)
{
    const struct cache_host_config caches = {
        .clock = app->clock,
        .random = &app->random,
        .host_names = (enum host_names)app->config->host_names,
        .devcache_profile = (enum instance_profile)app->config->profile,
        .config_file = app->config->config_file,
        .data_directory = app->config->data_dir,
        .moved = cache_moved,
        .removing = cache_removing,
        .promoted = promoted,
        .verify_token = verify_token,
        .signed_in = signed_in,
        .resident_bytes = resident_bytes,
        .follow = follow,
        .save = save_asked,
        .stop = stop_asked,
        .lose = message_lost,
        .context = app,
    };
    app->caches = cache_host_create(&caches);
    const struct metrics_config metrics = {
        .clock = app->clock,
        .caches = app->caches,
        .minute = minute_over,
        .context = app,
    };
    app->metrics = metrics_create(&metrics);
}

/* Operations that a fault has kept from ending go on once it is over. */
static void faults_changed(struct faults_listener *listener)
{
    struct app *app = CONTAINER_OF(listener, struct app, faults_changed);
    arm_service_release_operations(management_service(app->management), http_faults_holds,
                                   app->http_faults);
}

static void make_management(struct app *app)
{
    const struct management_config management = {
        .service =
            {
                .clock = app->clock,
                .random = &app->random,
                .provisioning = app->config->provisioning.mode,
                .provisioning_seconds = app->config->provisioning.seconds,
                .limits = {app->config->limits.an_hour[ARM_LIMIT_READS],
                           app->config->limits.an_hour[ARM_LIMIT_WRITES],
                           app->config->limits.an_hour[ARM_LIMIT_DELETES]},
                .polling = (enum arm_polling)app->config->polling,
                .tenant_id = WELL_KNOWN_TENANT_ID,
                .subscription_id = WELL_KNOWN_SUBSCRIPTION_ID,
                .subscription_name = WELL_KNOWN_SUBSCRIPTION_NAME,
                .azure_host_names = app->config->host_names == HOST_NAMES_AZURE,
            },
        .identity = app->identity,
        .caches = app->caches,
        .metrics = app->metrics,
        .webhooks = app->webhooks,
        .changed = resources_changed,
        .faults = app->http_faults,
        .app_log = app_logged,
        .front_door_port = front_door_port,
        .context = app,
    };
    app->management = management_create(&management);
    app->graph = graph_create(app->identity, management_service(app->management), app->clock,
                              &app->random, WELL_KNOWN_TENANT_ID);
    app->log_streams = log_streams_create(management_service(app->management));
    app->key_vault =
        key_vault_create(management_service(app->management), app->identity, WELL_KNOWN_TENANT_ID);
}

void app_clock_changed(struct app *app)
{
    metrics_clock_changed(app->metrics);
    state_changed(app->state);
}

void app_connection_facts(struct app *app, const struct cache *cache,
                          struct arm_cache_address *address, struct connection_facts *facts)
{
    bool plain = cache->plain_port_open && app->redis_port != 0;

    cache_host_address(app->caches, bytes_from_string(cache->name), cache->domain, address);
    *facts = (struct connection_facts){
        .host_name = address->host_name,
        .port = plain ? app->redis_port : 0,
        /* Without a password clients need no TLS either: nothing to trust first. */
        .ssl_port = cache->open_redis && plain ? 0
                    : cache->enterprise        ? address->ssl_port
                                               : app->redis_tls_port,
        .key = cache->open_redis ? "" : cache->primary_key,
        .ca_file = tls_authority_file(app->authority),
    };
}

static void scenario_moved_clock(void *context)
{
    app_clock_changed(context);
}

static void make_scenarios(struct app *app)
{
    const struct scenarios_config scenarios = {
        .loop = &app->loop,
        .faults = app->faults,
        .journal = app->journal,
        .recorder = &app->recorder,
        .clock_changed = scenario_moved_clock,
        .context = app,
    };
    app->scenarios = scenarios_create(&scenarios);
}

/* Those that the options name. */
static bool start_scenarios(struct app *app, struct buf *error)
{
    const struct option_list *given = &app->config->scenarios;

    for (size_t i = 0; i < given->count; i++) {
        if (!scenarios_start_given(app->scenarios, given->items[i], error)) {
            return false;
        }
    }
    return true;
}

/* To what the options said, at real time. */
static void reset_clock(struct app *app)
{
    struct clock *wall = clock_create(NULL, NULL);

    clock_set(app->clock, clock_now_ms(wall));
    clock_destroy(wall);
    set_clock(app);
}

/* Caches of the start state keep their connections, not their data. */
static bool reset_resources(struct app *app, struct buf *error)
{
    struct arm_service *service = management_service(app->management);

    cache_host_hold(app->caches);
    arm_service_reset(service);
    bool good = seed_resources(app->config, service, app->caches, true, error);
    cache_host_release(app->caches);
    app->start_changes = app->resource_changes;
    return good;
}

bool app_reset(struct app *app, struct buf *error)
{
    /* Most tests change data only: the resources need not be made anew. CONFIG SET changes more. */
    bool untouched =
        app->start_changes == app->resource_changes && app->config->profile != PROFILE_REDIS;

    scenarios_stop_all(app->scenarios);
    actions_clear(app->actions);
    faults_clear(app->faults);
    reset_clock(app);
    identity_reset(app->identity);
    bool good = untouched || reset_resources(app, error);
    cache_host_reset(app->caches);
    metrics_clear(app->metrics);
    journal_clear(app->journal);
    state_changed(app->state);
    good = good && start_scenarios(app, error);
    log_info("app", "reset to the start state");
    return good;
}

/* ---- Ports ---- */

static void record_http(void *context, const struct http_record *record)
{
    struct app *app = context;
    recorder_add_http(&app->recorder, record);
}

static bool interfere(void *context, const struct site *site, const struct site_request *request,
                      struct http_response *response)
{
    struct app *app = context;
    return strcmp(site->plane != NULL ? site->plane : site->name, "keyvault") == 0 &&
           http_faults_answer_keyvault(app->http_faults, request, response);
}

static void make_endpoints(struct app *app)
{
    const struct redis_directory directory = cache_host_directory(app->caches);
    const struct http_endpoint_config front_door = {
        .loop = &app->loop,
        .offline = app->config->offline,
        .record = record_http,
        .interfere = interfere,
        .faults = app->faults,
        .context = app,
    };
    const struct site *sites;
    size_t count;

    if (app->config->sentinel_port != PORT_OFF) {
        app->sentinel = sentinel_create(&app->loop, app->caches, app->clock, &app->random);
    }
    app->replication = replication_client_create(&app->loop);
    app->redis = redis_endpoint_create(&app->loop, &directory, app->redis_faults);
    app->front_door = http_endpoint_create(&front_door);
    /* The management API last: on our own names it takes what no one else wants. */
    sites = admin_sites(app->admin, &count);
    http_endpoint_add_sites(app->front_door, sites, count);
    sites = identity_sites(app->identity, &count);
    http_endpoint_add_sites(app->front_door, sites, count);
    sites = graph_sites(app->graph, &count);
    http_endpoint_add_sites(app->front_door, sites, count);
    sites = key_vault_sites(app->key_vault, &count);
    http_endpoint_add_sites(app->front_door, sites, count);
    sites = log_streams_sites(app->log_streams, &count);
    http_endpoint_add_sites(app->front_door, sites, count);
    sites = management_sites(app->management, &count);
    http_endpoint_add_sites(app->front_door, sites, count);
}

static void listener_closed(void *context)
{
    struct app *app = context;
    if (--app->open_listeners == 0) {
        loop_stop(&app->loop);
    }
}

/* Listens unless the port is off. False with one line in `error`. */
static bool open_port(struct app *app, int port, struct listener_config *config,
                      struct listener **listener, int *port_in_use, struct buf *error)
{
    if (port == PORT_OFF) {
        return true;
    }
    config->address = app->config->bind;
    config->port = port;
    config->authority = app->authority;
    config->faults = app->faults;
    *listener = listener_create(&app->loop, config, error);
    if (*listener == NULL) {
        return false;
    }
    *port_in_use = listener_port(*listener);
    app->open_listeners++;
    return true;
}

struct names app_names(const struct app *app)
{
    return (struct names){
        .service = management_service(app->management),
        .front_door = app->front_door,
        .bind = app->config->bind,
    };
}

static bool open_dns(struct app *app, struct buf *error)
{
    const struct dns_server_config config = {
        .loop = &app->loop,
        .names = app_names(app),
        .faults = app->faults,
        .bind = app->config->bind,
        .port = app->config->dns_port,
    };
    if (config.port == PORT_OFF) {
        return true;
    }
    app->dns = dns_server_create(&config, error);
    if (app->dns == NULL) {
        return false;
    }
    app->dns_port = dns_server_port(app->dns);
    app->open_listeners++;
    return true;
}

static bool open_ports(struct app *app, struct buf *error)
{
    struct listener_config redis = {
        .security = LISTENER_PLAIN,
        .handler = redis_endpoint_handler(app->redis),
    };
    struct listener_config redis_tls = {
        .security = LISTENER_TLS,
        .policy = redis_endpoint_policy(app->redis),
        .handler = redis_endpoint_handler(app->redis),
    };
    struct listener_config https = {
        .security = LISTENER_EITHER,
        .http = true,
        .policy = http_endpoint_policy(app->front_door),
        .handler = http_endpoint_handler(app->front_door),
    };
    const struct config *config = app->config;
    struct listener_config sentinel = {.security = LISTENER_EITHER};

    if (app->sentinel != NULL) {
        sentinel.policy = sentinel_policy(app->sentinel);
        sentinel.handler = sentinel_handler(app->sentinel);
    }
    return open_port(app, config->redis_port, &redis, &app->redis_listener, &app->redis_port,
                     error) &&
           open_port(app, config->redis_tls_port, &redis_tls, &app->redis_tls_listener,
                     &app->redis_tls_port, error) &&
           open_port(app, config->https_port, &https, &app->https_listener, &app->https_port,
                     error) &&
           (app->sentinel == NULL ||
            open_port(app, config->sentinel_port, &sentinel, &app->sentinel_listener,
                      &app->sentinel_port, error)) &&
           open_port(app, config->fault_injector_port, &https, &app->fault_injector_listener,
                     &app->fault_injector_port, error) &&
           open_dns(app, error);
}

/* ---- Life ---- */

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
    return seed_check(config, error) && make_data_directory(config, error);
}

/* In order of dependence. On false, take_down takes what was made. */
static bool build(struct app *app, struct buf *error)
{
    app->clock = clock_create(NULL, NULL);
    set_clock(app);
    random_init(&app->random, random_seed_of(app->config));
    if (!make_loop(app, error)) {
        return false;
    }
    app->journal = journal_create(app->clock);
    make_faults(app);
    make_caches(app);
    app->actions = actions_create(app->clock, app->faults, app->caches);
    make_scenarios(app);
    recorder_init(&app->recorder, app->journal, app->caches);
    recorder_record_commands(&app->recorder, app->config->record_commands);
    if (!make_keys(app, error)) {
        return false;
    }
    app->webhooks = webhooks_create(&app->loop, app->authority, app->config->offline);
    make_management(app);
    app->faults_changed.changed = faults_changed;
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
    make_endpoints(app);
    /* Ports before resources: their numbers stand in what ARM answers. */
    if (!open_ports(app, error)) {
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
    return start_scenarios(app, error);
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
            listener_close(listeners[i], listener_closed, app);
        }
    }
    if (app->dns != NULL) {
        dns_server_close(app->dns, listener_closed, app);
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
    webhooks_destroy(app->webhooks);
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
    if (!is_loopback(config->bind)) {
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

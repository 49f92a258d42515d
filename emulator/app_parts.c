/* The parts of the emulator, and what each is told of the others. */
#include "emulator/app_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "arm/interference.h"
#include "base/log.h"
#include "emulator/fault_actions.h"
#include "emulator/files.h"
#include "emulator/process_memory.h"
#include "emulator/redis_settings.h"
#include "emulator/seed.h"
#include "emulator/well_known.h"

bool app_is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

bool app_make_data_directory(const struct config *config, struct buf *error)
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

uint64_t app_random_seed_of(const struct config *config)
{
    uint64_t seed = config->random.seed;

    if (!config->random.fixed && getentropy(&seed, sizeof(seed)) != 0) {
        seed = (uint64_t)clock_monotonic_us() ^ (uint64_t)getpid() << 32;
    }
    return seed;
}

void app_set_clock(struct app *app)
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
bool app_make_keys(struct app *app, struct buf *error)
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
    metrics_watchers_changed(app->metrics); /* an alert may have come */
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
    migration_client_forget(app->migration, cache->instance);
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

static struct cache *cache_of(const struct app *app, const struct instance *instance)
{
    struct cache *cache = cache_host_first(app->caches);
    while (cache != NULL && cache->instance != instance) {
        cache = cache->next;
    }
    return cache;
}

static bool saved_dump(void *context, struct instance *instance, struct buf *dump)
{
    struct app *app = context;
    const struct cache *cache = cache_of(app, instance);
    return app->state != NULL && cache != NULL && state_read_cache(app->state, cache, dump);
}

static bool save_asked(void *context, struct instance *instance)
{
    struct app *app = context;
    struct cache *cache = cache_of(app, instance);
    /* What belongs to no cache any more (its connections are closing) has nothing to keep. */
    return app->state == NULL || cache == NULL || state_save_cache(app->state, cache);
}

static void follow(void *context, struct instance *instance, struct bytes host, int port)
{
    struct app *app = context;
    replication_client_follow(app->replication, instance, host, port);
}

static int read_settings_file(void *context, const char *path, struct buf *content)
{
    struct app *app = context;
    return redis_settings_read_file(cache_host_settings(app->caches), path, content);
}

static int write_settings_file(void *context, const char *path, struct bytes content)
{
    struct app *app = context;
    return redis_settings_write_file(cache_host_settings(app->caches), path, content);
}

static void migrate(void *context, struct instance *instance, struct bytes host, int port,
                    int64_t timeout_ms)
{
    struct app *app = context;
    migration_client_begin(app->migration, instance, host, port, timeout_ms);
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

static bool electable(void *context, const struct cache *cache, char zone)
{
    struct app *app = context;
    struct fault_subject subject = {
        .plane = FAULT_REDIS, .moment = FAULT_AT_ELECTION, .zone = zone};
    struct fault_verdict verdict;
    subject.values[FAULT_KEY_CACHE] = bytes_from_string(cache->name);
    return !faults_decide(app->faults, &subject, &verdict);
}

void app_make_faults(struct app *app)
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

static bool minutes_watched(void *context)
{
    const struct app *app = context;
    return app->management != NULL &&
           arm_service_watches_minutes(management_service(app->management));
}

static void minute_over(void *context)
{
    struct app *app = context;
    if (app->management != NULL) {
        arm_service_minute(management_service(app->management));
    }
}

static bool scheduled(void *context, struct bytes name)
{
    struct app *app = context;
    const struct cache *cache = cache_host_find(app->caches, name);
    return cache != NULL && cache->maintenance.count > 0;
}

static void troubled(void *context, const struct cache *cache, int shard, enum arm_figure what)
{
    struct app *app = context;
    if (app->metrics != NULL) {
        metrics_trouble(app->metrics, bytes_from_string(cache->name), shard, what);
    }
}

void app_make_caches(struct app *app)
{
    const struct cache_host_config caches = {
        .clock = app->clock,
        .random = &app->random,
        .host_names = (enum host_names)app->config->host_names,
        .devcache_profile = (enum instance_profile)app->config->profile,
        .redis_settings = &app->config->redis_settings,
        .keeps_redis_settings = !app->config->ephemeral,
        .config_file = app->config->config_file,
        .data_directory = app->config->data_dir,
        .moved = cache_moved,
        .removing = cache_removing,
        .promoted = promoted,
        .verify_token = verify_token,
        .signed_in = signed_in,
        .troubled = troubled,
        .resident_bytes = resident_bytes,
        .follow = follow,
        .migrate = migrate,
        .save = save_asked,
        .saved_dump = saved_dump,
        .read_file = read_settings_file,
        .write_file = write_settings_file,
        .stop = stop_asked,
        .lose = message_lost,
        .electable = electable,
        .context = app,
    };
    app->caches = cache_host_create(&caches);
    redis_faults_schedules(app->redis_faults, scheduled, app);
    const struct metrics_config metrics = {
        .clock = app->clock,
        .caches = app->caches,
        .minute = minute_over,
        .minutes_watched = minutes_watched,
        .context = app,
    };
    app->metrics = metrics_create(&metrics);
}

/* Operations that a fault has kept from ending go on once it is over. */
void app_faults_changed(struct faults_listener *listener)
{
    struct app *app = CONTAINER_OF(listener, struct app, faults_changed);
    fault_actions_call_off(app);
    arm_service_release_operations(management_service(app->management), http_faults_holds,
                                   app->http_faults);
}

void app_make_management(struct app *app)
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
        .web = app->web,
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
        .ssl_port = cache->open_redis && plain ? 0 : app->redis_tls_port,
        .key = cache->open_redis ? "" : cache->primary_key,
        .ca_file = tls_authority_file(app->authority),
    };
    if (cache->enterprise) {
        /* One port, for the one protocol that clientProtocol says. */
        facts->port = cache->plain_port_open ? address->port : 0;
        facts->ssl_port = cache->plain_port_open ? 0 : address->ssl_port;
    }
}

static void scenario_moved_clock(void *context)
{
    app_clock_changed(context);
}

void app_make_scenarios(struct app *app)
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
bool app_start_scenarios(struct app *app, struct buf *error)
{
    const struct option_list *given = &app->config->scenarios;

    for (size_t i = 0; i < given->count; i++) {
        if (!scenarios_start_given(app->scenarios, given->items[i], error)) {
            return false;
        }
    }
    return true;
}

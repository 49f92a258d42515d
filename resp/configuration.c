/* Keeping and applying settings. */
#include "resp/configuration.h"

#include <stdio.h>
#include <string.h>

#include "resp/instance_state.h"

static size_t row_count(void)
{
    size_t count = 0;
    while (setting_rows[count].name != NULL) {
        count++;
    }
    return count;
}

void configuration_init(struct configuration *configuration)
{
    size_t count = row_count();
    configuration->values = memory_allocate(count * sizeof(char *));
    for (size_t i = 0; i < count; i++) {
        configuration->values[i] = string_duplicate(setting_rows[i].fallback);
    }
}

void configuration_finish(struct configuration *configuration)
{
    for (size_t i = 0; i < row_count(); i++) {
        memory_free(configuration->values[i]);
    }
    memory_free(configuration->values);
}

/* Most names differ in their first letter. */
static bool begins_alike(struct bytes name, const char *text)
{
    return name.size > 0 && (name.data[0] | ' ') == text[0];
}

int setting_find(struct bytes name)
{
    for (int i = 0; setting_rows[i].name != NULL; i++) {
        const struct setting *row = &setting_rows[i];
        if ((begins_alike(name, row->name) && bytes_equal_string_nocase(name, row->name)) ||
            (row->alias != NULL && bytes_equal_string_nocase(name, row->alias))) {
            return i;
        }
    }
    return -1;
}

bool setting_offered(const struct instance *instance, const struct setting *setting)
{
    return (setting->managed || instance->profile != PROFILE_MANAGED) &&
           (setting->since == NULL || instance_runs(instance, setting->since));
}

const char *setting_value(const struct instance *instance, const char *name)
{
    return instance->configuration.values[setting_find(bytes_from_string(name))];
}

int64_t setting_number(const struct instance *instance, const char *name)
{
    int64_t number = 0;
    bytes_to_int64(bytes_from_string(setting_value(instance, name)), &number);
    return number;
}

/* ---- Permissions ---- */

static bool on_this_machine(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strncmp(address, "::1", 3) == 0 ||
           strncmp(address, "[::1]", 5) == 0;
}

bool setting_permits(const struct session *session, const char *name)
{
    const char *value = setting_value(session->instance, name);
    return strcmp(value, "yes") == 0 ||
           (strcmp(value, "local") == 0 && on_this_machine(session->address));
}

bool permitted_or_reply(struct call *call, const char *command, const char *setting)
{
    if (setting_permits(call->session, setting) || !instance_runs(call->instance, "7.0.0")) {
        return true;
    }
    reply_errorf(call->reply,
                 "ERR %s command not allowed. If the %s option is set to \"local\", you can run it "
                 "from a local connection, otherwise you need to set this option in the "
                 "configuration file, and then restart the server.",
                 command, setting);
    return false;
}

/* ---- Effects ---- */

static void apply_max_memory(struct instance *instance, const char *text, int64_t number)
{
    (void)text;
    instance->max_memory = (uint64_t)number;
}

static void apply_policy(struct instance *instance, const char *text, int64_t number)
{
    (void)number;
    eviction_set_policy(instance, bytes_from_string(text));
}

static void apply_events(struct instance *instance, const char *text, int64_t number)
{
    (void)number;
    notify_parse(bytes_from_string(text), &instance->pubsub.notify);
}

static void apply_clients(struct instance *instance, const char *text, int64_t number)
{
    (void)text;
    instance->max_clients = number;
}

static void apply_timeout(struct instance *instance, const char *text, int64_t number)
{
    (void)text;
    instance->idle_timeout_ms = number * 1000;
    for (struct session *session = instance->sessions; session != NULL; session = session->next) {
        session_arm_idle(session);
    }
}

static void apply_password(struct instance *instance, const char *text, int64_t number)
{
    (void)number;
    instance_set_keys(instance, bytes_from_string(text), BYTES(""));
    if (!acl_user_untouched(acl_default(instance->acl))) {
        char *password = string_format(">%s", text);
        const struct bytes locks[] = {BYTES("resetpass"), bytes_from_string(password)};
        const struct bytes opens[] = {BYTES("nopass")};
        struct buf ignored;
        buf_init(&ignored, 1024);
        acl_set_user(instance->acl, BYTES("default"), text[0] == '\0' ? opens : locks,
                     text[0] == '\0' ? 1 : 2, &ignored);
        buf_finish(&ignored);
        memory_free(password);
    }
}

static void apply_backlog(struct instance *instance, const char *text, int64_t number)
{
    (void)text;
    (void)number;
    replication_backlog_configure(instance);
}

static void apply_tracking_keys(struct instance *instance, const char *text, int64_t number)
{
    (void)text;
    instance->tracking.maximum = (size_t)number;
}

#define PACKING_EFFECT(field)                                                                      \
    static void apply_##field(struct instance *instance, const char *text, int64_t number)         \
    {                                                                                              \
        (void)text;                                                                                \
        instance->packing.field = (__typeof__(instance->packing.field))number;                     \
    }
PACKING_EFFECT(hash_entries)
PACKING_EFFECT(hash_value)
PACKING_EFFECT(sorted_set_entries)
PACKING_EFFECT(sorted_set_value)
PACKING_EFFECT(set_intset_entries)
PACKING_EFFECT(set_entries)
PACKING_EFFECT(set_value)
PACKING_EFFECT(list_size)
PACKING_EFFECT(stream_node_bytes)
PACKING_EFFECT(stream_node_entries)
PACKING_EFFECT(hyperloglog_sparse_bytes)

static const struct {
    const char *name;
    void (*apply)(struct instance *instance, const char *text, int64_t number);
} effects[] = {
    {"maxmemory", apply_max_memory},
    {"maxmemory-policy", apply_policy},
    {"notify-keyspace-events", apply_events},
    {"maxclients", apply_clients},
    {"timeout", apply_timeout},
    {"requirepass", apply_password},
    {"repl-backlog-size", apply_backlog},
    {"repl-backlog-ttl", apply_backlog},
    {"tracking-table-max-keys", apply_tracking_keys},
    {"hash-max-listpack-entries", apply_hash_entries},
    {"hash-max-listpack-value", apply_hash_value},
    {"zset-max-listpack-entries", apply_sorted_set_entries},
    {"zset-max-listpack-value", apply_sorted_set_value},
    {"set-max-intset-entries", apply_set_intset_entries},
    {"set-max-listpack-entries", apply_set_entries},
    {"set-max-listpack-value", apply_set_value},
    {"list-max-listpack-size", apply_list_size},
    {"stream-node-max-bytes", apply_stream_node_bytes},
    {"stream-node-max-entries", apply_stream_node_entries},
    {"hll-sparse-max-bytes", apply_hyperloglog_sparse_bytes},
};

static void put(struct instance *instance, int index, char *value)
{
    memory_free(instance->configuration.values[index]);
    instance->configuration.values[index] = value;
}

void setting_store_take(struct instance *instance, int index, char *value)
{
    int64_t number = 0;
    put(instance, index, value);
    bytes_to_int64(bytes_from_string(value), &number);
    for (size_t i = 0; i < ARRAY_LEN(effects); i++) {
        if (strcmp(effects[i].name, setting_rows[index].name) == 0) {
            effects[i].apply(instance, value, number);
        }
    }
    instance_refresh_thresholds(instance);
}

/* Where a server listens is its host's affair, whatever CONFIG SET makes of these. */
static bool is_hosts(const struct setting *setting)
{
    static const char *const names[] = {"bind", "port", "tls-port"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(names[i], setting->name) == 0) {
            return true;
        }
    }
    return false;
}

bool setting_give(struct instance *instance, struct bytes name, struct bytes value,
                  struct buf *error)
{
    int index = setting_find(name);
    const struct setting *setting = index < 0 ? NULL : &setting_rows[index];
    if (setting == NULL || is_hosts(setting) || (setting->immutable && !setting->at_start)) {
        buf_printf(error, "%.*s is no setting that a start takes",
                   (int)bytes_slice(name, 0, 64).size, name.data);
        return false;
    }
    const char *present =
        instance == NULL ? setting->fallback : instance->configuration.values[index];
    char *normal = setting_normalize(setting, value, present, error);
    if (normal == NULL) {
        return false;
    }
    if (instance == NULL) {
        memory_free(normal);
    } else {
        setting_store_take(instance, index, normal);
    }
    return true;
}

void configuration_mirror(struct instance *instance)
{
    char events[32];
    notify_format(instance->pubsub.notify, events);
    put(instance, setting_find(BYTES("notify-keyspace-events")), string_duplicate(events));
    put(instance, setting_find(BYTES("maxmemory")),
        string_format("%llu", (unsigned long long)instance->max_memory));
    put(instance, setting_find(BYTES("maxmemory-policy")),
        string_duplicate(instance->max_memory_policy));
    put(instance, setting_find(BYTES("maxclients")),
        string_format("%lld", (long long)instance->max_clients));
    put(instance, setting_find(BYTES("timeout")),
        string_format("%lld", (long long)(instance->idle_timeout_ms / 1000)));
    put(instance, setting_find(BYTES("databases")), string_format("%d", instance->database_count));
    put(instance, setting_find(BYTES("port")), string_format("%d", instance->port));
    put(instance, setting_find(BYTES("cluster-enabled")),
        string_duplicate(instance->clustered ? "yes" : "no"));
    instance_refresh_thresholds(instance);
}

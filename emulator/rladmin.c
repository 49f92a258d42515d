/* Three nodes: one with the primaries, one with the replicas, and an empty one to migrate to. */
#include "emulator/rladmin.h"

enum { SLOTS = 16384 };

/* ---- Status ---- */

static int count_shards(struct cache_host *caches, bool replicas)
{
    int count = 0;
    for (const struct cache *cache = cache_host_first(caches); cache != NULL; cache = cache->next) {
        count += !replicas || cache->replicas > 0 ? cache_instance_count(cache) : 0;
    }
    return count;
}

static void print_nodes(struct cache_host *caches, struct buf *output)
{
    const int shards[] = {count_shards(caches, false), count_shards(caches, true), 0};

    buf_append_string(output, "CLUSTER NODES:\nNODE:ID  ROLE    ADDRESS    HOSTNAME   SHARDS  "
                              "STATUS\n");
    for (size_t i = 0; i < ARRAY_LEN(shards); i++) {
        buf_printf(output, "%snode:%zu  %-6s  127.0.0.1  localhost  %-6d  OK\n", i == 0 ? "*" : "",
                   i + 1, i == 0 ? "master" : "slave", shards[i]);
    }
}

static void print_databases(struct cache_host *caches, struct buf *output)
{
    int number = 1;

    buf_append_string(output, "DATABASES:\nDB:ID  NAME  TYPE  STATUS  SHARDS  PLACEMENT  "
                              "REPLICATION  PERSISTENCE\n");
    for (const struct cache *cache = cache_host_first(caches); cache != NULL; cache = cache->next) {
        buf_printf(output, "db:%d  %s  redis  active  %d  dense  %s  %s\n", number++, cache->name,
                   cache_instance_count(cache), cache->replicas > 0 ? "enabled" : "disabled",
                   cache->appends     ? "aof"
                   : cache->persisted ? "snapshot"
                                      : "disabled");
    }
}

static void print_endpoints(struct cache_host *caches, struct buf *output)
{
    int number = 1;

    buf_append_string(output, "ENDPOINTS:\nDB:ID  NAME  ID  NODE  ROLE  SSL\n");
    for (const struct cache *cache = cache_host_first(caches); cache != NULL; cache = cache->next) {
        buf_printf(output, "db:%d  %s  endpoint:%d:1  node:1  %s  %s\n", number, cache->name,
                   number, cache->shard_count > 0 ? "all-master-shards" : "single",
                   cache->plain_port_open ? "No" : "Yes");
        number++;
    }
}

static void print_shards(struct cache_host *caches, struct buf *output)
{
    int number = 1, shard = 1;

    buf_append_string(output, "SHARDS:\nDB:ID  NAME  ID  NODE  ROLE  SLOTS  USED_MEMORY  STATUS\n");
    for (const struct cache *cache = cache_host_first(caches); cache != NULL; cache = cache->next) {
        int count = cache_instance_count(cache);
        for (int i = 0; i < count; i++) {
            struct instance_stats stats;
            instance_stats(cache_instance(cache, i), &stats);
            double megabytes = (double)stats.used_memory / (1024 * 1024);
            for (int role = 0; role < (cache->replicas > 0 ? 2 : 1); role++) {
                buf_printf(output, "db:%d  %s  redis:%d  node:%d  %s  %d-%d  %.2fMB  OK\n", number,
                           cache->name, shard++, role + 1, role == 0 ? "master" : "slave",
                           i * SLOTS / count, (i + 1) * SLOTS / count - 1, megabytes);
            }
        }
        number++;
    }
}

static const struct {
    const char *name;
    void (*print)(struct cache_host *caches, struct buf *output);
} sections[] = {
    {"nodes", print_nodes},
    {"databases", print_databases},
    {"endpoints", print_endpoints},
    {"shards", print_shards},
};

static bool print_status(struct cache_host *caches, struct bytes which, struct buf *output,
                         struct buf *error)
{
    bool any = false;

    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        if (which.size == 0 || bytes_equal_string(which, sections[i].name)) {
            buf_append_string(output, any ? "\n" : "");
            sections[i].print(caches, output);
            any = true;
        }
    }
    if (!any) {
        buf_printf(error,
                   "'rladmin status %.*s' is not known; there are status nodes, databases, "
                   "endpoints and shards",
                   (int)bytes_slice(which, 0, 100).size, which.data);
    }
    return any;
}

/* ---- Commands ---- */

static const struct {
    const char *name, *type;
} commands[] = {{"migrate", "migrate"}, {"bind", "bind"}, {"failover", "failover"}};

static struct bytes take_word(struct bytes *rest)
{
    while (rest->size > 0 && rest->data[0] == ' ') {
        *rest = bytes_slice(*rest, 1, rest->size);
    }
    struct bytes word = bytes_slice(*rest, 0, bytes_find(*rest, ' '));
    *rest = bytes_slice(*rest, word.size, rest->size);
    return word;
}

bool rladmin_read(struct cache_host *caches, struct bytes command, const char **type,
                  struct buf *output, struct buf *error)
{
    struct bytes rest = command, word = take_word(&rest);

    *type = NULL;
    if (bytes_equal_string(word, "rladmin")) {
        word = take_word(&rest);
    }
    if (bytes_equal_string(word, "status")) {
        return print_status(caches, take_word(&rest), output, error);
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (bytes_equal_string(word, commands[i].name)) {
            *type = commands[i].type;
            return true;
        }
    }
    buf_printf(error, "'rladmin %.*s' is not known; there are status, migrate, bind and failover",
               (int)bytes_slice(word, 0, 100).size, word.data);
    return false;
}

/* MIGRATE between the instance and its host, and slots on their way, without a network. */
#include "resp/migration.h"

#include <string.h>

#include "resp/cluster_move.h"
#include "resp/keyspace.h"
#include "resp/session.h"
#include "tests/support/test.h"

struct stage {
    struct random random;
    struct clock *clock;
    struct instance *instance;
    struct session *mover, *other;
    char host[64];
    int port, asked;
};

static int64_t start_time(void *context)
{
    (void)context;
    return (int64_t)1700000000 * 1000000;
}

static void migrate(void *context, struct instance *instance, struct bytes host, int port,
                    int64_t timeout_ms)
{
    struct stage *stage = context;
    (void)instance;
    (void)timeout_ms;
    snprintf(stage->host, sizeof(stage->host), "%.*s", (int)host.size, host.data);
    stage->port = port;
    stage->asked++;
}

static struct instance *make_instance(struct stage *stage)
{
    const struct instance_config config = {
        .name = BYTES("unit"),
        .profile = PROFILE_REDIS,
        .version = BYTES("7.0.15"),
        .databases = 1,
        .max_memory_policy = BYTES("noeviction"),
    };
    return instance_create(&config, stage->clock, &stage->random);
}

static void begin(struct stage *stage)
{
    const struct session_peer peer = {.address = BYTES("127.0.0.1:1"),
                                      .local_address = BYTES("127.0.0.1:2")};
    const struct session_host host = {0};
    const struct instance_host_info info = {.context = stage, .migrate = migrate};
    struct buf refusal;
    *stage = (struct stage){0};
    random_init(&stage->random, 1);
    stage->clock = clock_create(start_time, NULL);
    clock_freeze(stage->clock);
    stage->instance = make_instance(stage);
    instance_set_host_info(stage->instance, &info);
    buf_init(&refusal, 1024);
    stage->mover = session_create(stage->instance, &peer, &host, &refusal);
    stage->other = session_create(stage->instance, &peer, &host, &refusal);
    buf_finish(&refusal);
}

static void end(struct stage *stage)
{
    session_destroy(stage->mover);
    session_destroy(stage->other);
    instance_destroy(stage->instance);
    clock_destroy(stage->clock);
}

static void feed(struct session *session, const char *text)
{
    session_feed(session, bytes_from_string(text));
    while (session_next(session) == SESSION_COMMAND) {
        session_run(session);
    }
}

/* All that was answered, which is taken. */
static bool answered(struct session *session, const char *text)
{
    bool right = bytes_equal_string(session_output(session), text);
    session_sent(session, session_output(session).size);
    return right;
}

TEST(answers_may_come_in_any_pieces)
{
    static const char answers[] = "+OK\r\n+OK\r\n-BUSYKEY there is one\r\n+OK\r\n";
    for (size_t split = 0; split < sizeof(answers); split++) {
        struct stage stage;
        begin(&stage);
        feed(stage.mover, "MSET a 1 b 2 c 3\r\nMIGRATE host 6380 \"\" 0 100 KEYS a b gone c\r\n");
        CHECK(answered(stage.mover, "+OK\r\n"));
        CHECK(strcmp(stage.host, "host") == 0 && stage.port == 6380 && stage.asked == 1);
        struct bytes request = migration_request(stage.instance);
        CHECK(bytes_start_with(request,
                               BYTES("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*4\r\n$7\r\nRESTORE")));
        struct bytes all = {answers, sizeof(answers) - 1};
        CHECK(!migration_hear(stage.instance, bytes_slice(all, 0, split)) || split >= all.size);
        if (split < all.size) {
            CHECK(migration_hear(stage.instance, bytes_slice(all, split, all.size)));
        }
        CHECK(answered(stage.mover, "-ERR Target instance replied with error: BUSYKEY there is "
                                    "one\r\n"));
        feed(stage.other, "MGET a b c\r\n");
        CHECK(answered(stage.other, "*3\r\n$-1\r\n$1\r\n2\r\n$-1\r\n"));
        end(&stage);
    }
}

TEST(writes_wait_and_reads_do_not)
{
    struct stage stage;
    begin(&stage);
    feed(stage.mover, "SET a 1\r\nMIGRATE host 1 a 0 100\r\nPING\r\n");
    CHECK(answered(stage.mover, "+OK\r\n"));
    feed(stage.other, "GET a\r\nSET a 2\r\nGET a\r\n");
    CHECK(answered(stage.other, "$1\r\n1\r\n"));
    CHECK(migration_hear(stage.instance, BYTES("+OK\r\n+OK\r\n")));
    feed(stage.mover, "");
    feed(stage.other, "");
    CHECK(answered(stage.mover, "+OK\r\n+PONG\r\n"));
    CHECK(answered(stage.other, "+OK\r\n$1\r\n2\r\n"));
    CHECK(migration_hear(stage.instance, BYTES("+late\r\n")));
    end(&stage);
}

TEST(what_breaks_off_leaves_the_keys)
{
    struct stage stage;
    begin(&stage);
    feed(stage.mover, "SET a 1\r\nMIGRATE host 1 a 0 100 AUTH2 me secret\r\n");
    CHECK(answered(stage.mover, "+OK\r\n"));
    migration_break(stage.instance, "reading to target instance");
    CHECK(answered(stage.mover, "-IOERR error or timeout reading to target instance\r\n"));
    /* A client that goes takes its order with it, and whoever waited goes on. */
    feed(stage.mover, "MIGRATE host 1 a 0 100\r\n");
    feed(stage.other, "SET a 2\r\n");
    session_destroy(stage.mover);
    stage.mover = NULL;
    CHECK(answered(stage.other, ""));
    clock_run(stage.clock);
    CHECK(answered(stage.other, "+OK\r\n"));
    CHECK_INT((int)migration_request(stage.instance).size, 0);
    migration_break(stage.instance, "too late");
    end(&stage);
}

static int keys_of(const struct cluster *cluster)
{
    int count = 0;
    for (int i = 0; i < cluster->count; i++) {
        count += (int)keyspace_count(instance_database(cluster->shards[i].instance, 0));
    }
    return count;
}

TEST(slots_arrive_and_no_key_is_lost)
{
    enum { KEYS = 3000 };
    static const int ways[][2] = {{2, 3}, {3, 2}, {1, 4}, {4, 1}, {3, 7}};
    for (size_t way = 0; way < ARRAY_LEN(ways); way++) {
        struct stage stage;
        struct instance *instances[8];
        int from = ways[way][0], to = ways[way][1], most = from > to ? from : to, steps = 1;
        begin(&stage);
        struct cluster *cluster = cluster_create(BYTES("127.0.0.1"), from, &stage.random);
        cluster_grow(cluster, most, &stage.random);
        for (int i = 0; i < most; i++) {
            instances[i] = make_instance(&stage);
            cluster_join(cluster, i, instances[i]);
        }
        for (int i = 0; i < KEYS; i++) {
            char name[24];
            struct bytes key = {name, int64_to_digits(i, name)};
            struct instance *owner = cluster_owner(cluster, cluster_slot(key))->instance;
            keyspace_set_string(instance_database(owner, 0), key, key);
        }
        cluster_move_begin(cluster, to);
        while (cluster_move_step(cluster)) {
            CHECK_INT(keys_of(cluster), KEYS);
            steps++;
        }
        CHECK(steps > 1 && steps <= CLUSTER_MOVE_STEPS);
        for (int slot = 0; slot < CLUSTER_SLOTS; slot++) {
            CHECK(cluster->owners[slot] == cluster_even_owner(to, slot) &&
                  cluster_move_target(cluster, slot) < 0);
        }
        for (int i = 0; i < KEYS; i++) {
            char name[24];
            struct bytes key = {name, int64_to_digits(i, name)};
            struct instance *owner = cluster_owner(cluster, cluster_slot(key))->instance;
            CHECK(keyspace_peek(instance_database(owner, 0), key) != NULL);
        }
        /* And back at once. */
        cluster_move_begin(cluster, from);
        cluster_move_finish(cluster, from);
        CHECK_INT(keys_of(cluster), KEYS);
        CHECK(cluster->owners[CLUSTER_SLOTS - 1] == from - 1);
        for (int i = 0; i < most; i++) {
            cluster_leave(instances[i]);
            instance_destroy(instances[i]);
        }
        cluster_destroy(cluster);
        end(&stage);
    }
}

static const struct test_case cases[] = {
    CASE(answers_may_come_in_any_pieces),
    CASE(writes_wait_and_reads_do_not),
    CASE(what_breaks_off_leaves_the_keys),
    CASE(slots_arrive_and_no_key_is_lost),
};

TEST_MAIN(cases)

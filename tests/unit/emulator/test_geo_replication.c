/* Linked caches: what the primary is told is seen at the secondary, whatever told it. */
#include <string.h>

#include "cache_fixture.h"
#include "emulator/geo_replication.h"
#include "tests/support/test.h"

#define SORTED(key)                                                                                \
    "EVAL \"local m = redis.call('SMEMBERS', KEYS[1]) table.sort(m) return m\" 1 " key

struct stage {
    struct caches caches;
    char keys[2][2][64];
    struct arm_cache first, second;
    struct visitor *at_first, *at_second;
};

static void stage_begin(struct stage *stage, int shards)
{
    caches_start(&stage->caches, NULL);
    stage->first = cache_description("first", stage->keys[0]);
    stage->second = cache_description("second", stage->keys[1]);
    stage->first.shard_count = stage->second.shard_count = shards;
    cache_host_apply(stage->caches.host, &stage->first);
    cache_host_apply(stage->caches.host, &stage->second);
    stage->at_first = visitor_come(&stage->caches, NULL, false, NULL, "first-1");
    stage->at_second = visitor_come(&stage->caches, NULL, false, NULL, "second-1");
}

static void link_them(struct stage *stage, bool linked)
{
    stage->second.geo_primary = linked ? BYTES("first") : (struct bytes){0};
    cache_host_apply(stage->caches.host, &stage->second);
}

static void let_it_arrive(struct stage *stage)
{
    clock_run(stage->caches.clock);
}

static struct cache *second_of(struct stage *stage)
{
    return cache_host_find(stage->caches.host, BYTES("second"));
}

/* The same question to both, and the same answer. */
static void check_same(struct stage *stage, const char *question)
{
    char *answer = string_duplicate(visitor_ask(stage->at_first, question));
    const char *other = visitor_ask(stage->at_second, question);
    if (!CHECK_TEXT(other, answer)) {
        printf("# asked: %s\n", question);
    }
    CHECK(answer[0] != '-');
    memory_free(answer);
}

TEST(a_link_copies_what_is_there_and_makes_the_copy_read_only)
{
    struct stage stage;
    stage_begin(&stage, 0);
    visitor_ask(stage.at_first, "MSET a 1 b 2");
    visitor_ask(stage.at_first, "SELECT 3");
    visitor_ask(stage.at_first, "RPUSH list x y");
    visitor_ask(stage.at_second, "SET own lost");
    link_them(&stage, true);
    CHECK_TEXT(visitor_ask(stage.at_second, "MGET a b own"), "*3\n$1\n1\n$1\n2\n$-1");
    CHECK_TEXT(visitor_ask(stage.at_second, "SET a 2"),
               "-READONLY You can't write against a read only replica.");
    CHECK(strstr(visitor_ask(stage.at_second, "EVAL \"return redis.call('SET','a','2')\" 0"),
                 "READONLY You can't write against a read only replica.") != NULL);
    CHECK_TEXT(visitor_ask(stage.at_second, "EVAL \"return redis.call('GET','a')\" 0"), "$1\n1");
    CHECK_TEXT(visitor_ask(stage.at_second, "SELECT 3"), "+OK");
    CHECK_TEXT(visitor_ask(stage.at_second, "LRANGE list 0 -1"), "*2\n$1\nx\n$1\ny");
    CHECK(strstr(visitor_ask(stage.at_second, "INFO replication"), "role:slave\n") != NULL);
    CHECK(strstr(visitor_ask(stage.at_second, "ROLE"), "slave") != NULL);
    CHECK(strstr(visitor_ask(stage.at_first, "INFO replication"), "connected_slaves:2\n") != NULL);
    CHECK_INT((int64_t)geo_figures(stage.caches.host, second_of(&stage)).full_copies, 1);
    caches_stop(&stage.caches);
}

TEST(an_unlinked_secondary_keeps_its_data_and_takes_writes)
{
    struct stage stage;
    stage_begin(&stage, 0);
    link_them(&stage, true);
    visitor_ask(stage.at_first, "SET a 1");
    let_it_arrive(&stage);
    link_them(&stage, false);
    CHECK_TEXT(visitor_ask(stage.at_second, "INCR a"), ":2");
    visitor_ask(stage.at_first, "SET a 9");
    let_it_arrive(&stage);
    CHECK_TEXT(visitor_ask(stage.at_second, "GET a"), "$1\n2");
    CHECK(strstr(visitor_ask(stage.at_second, "ROLE"), "master") != NULL);
    caches_stop(&stage.caches);
}

TEST(every_kind_of_write_arrives)
{
    static const char *const writes[] = {
        "SET s 1",
        "SET e 2 EX 100",
        "SETEX f 100 v",
        "PSETEX g 5000 v",
        "APPEND s 23",
        "INCR s",
        "INCRBYFLOAT fl 1.5",
        "GETSET s 7",
        "SETRANGE s 3 xyz",
        "SETBIT bits 9 1",
        "BITFIELD bf SET u8 0 200",
        "BITOP NOT bits2 bits",
        "EXPIRE s 50",
        "PERSIST f",
        "MSETNX m1 1 m2 2",
        "RPUSH l a b c d e",
        "LPUSH l z",
        "LPOP l",
        "RPOPLPUSH l l2",
        "LREM l 1 b",
        "LTRIM l 0 5",
        "LINSERT l BEFORE c q",
        "LSET l 0 first",
        "BLPOP none l 0",
        "BRPOPLPUSH l l2 0",
        "HSET h a 1 b 2 c 3",
        "HDEL h b",
        "HINCRBY h a 5",
        "HINCRBYFLOAT h a 0.25",
        "HSETNX h d 4",
        "SADD set a b c d e f",
        "SPOP set",
        "SPOP set 2",
        "SREM set a",
        "SMOVE set set2 c",
        "SADD ints 1 2 3",
        "SUNIONSTORE union set ints",
        "ZADD z 1 a 2 b 3 c 4 d",
        "ZINCRBY z 5 a",
        "ZREM z b",
        "ZPOPMIN z",
        "BZPOPMAX z 0",
        "ZADD z2 1 a 2 q",
        "ZUNIONSTORE zu 2 z z2",
        "ZREMRANGEBYSCORE zu 0 1",
        "GEOADD geo 13.4 52.5 berlin 2.35 48.85 paris",
        "GEORADIUS geo 10 50 2000 km STORE near",
        "XADD x * f 1",
        "XADD x * f 2",
        "XADD x MAXLEN ~ 100 * f 3",
        "XADD x MAXLEN 2 * f 4",
        "XGROUP CREATE x gr 0",
        "XREADGROUP GROUP gr me COUNT 1 STREAMS x >",
        "XDEL x 0-0",
        "PFADD hll a b c d",
        "PFMERGE hll2 hll",
        "RENAME m1 m3",
        "COPY m3 m4",
        "DEL m2",
        "SORT ints STORE sorted",
        "MOVE g 1",
        "EVAL \"redis.call('SET','ev',ARGV[1]) "
        "redis.call('SADD','evs','x','y') return redis.call('SPOP','evs')\" 0 value",
        "MULTI",
        "SET tx 1",
        "INCR tx",
        "EXEC",
        "RESTORE r 0 \"\\x00\\x01a\\n\\x00"
        "\\x53\\x9b\\x8e\\x60\\x45\\xa5\\x2c\\x8e\"",
        "SET gone 1",
        "UNLINK gone",
        "SET soon 1 PX 1000",
        "GETEX e PERSIST",
        "SETNX nx 1",
    };
    static const char *const questions[] = {
        "GET s",
        "TTL s",
        "GET e",
        "TTL e",
        "GET f",
        "TTL f",
        "GET fl",
        "GET bits",
        "GET bf",
        "GET bits2",
        "GET m2",
        "GET m3",
        "LRANGE l 0 -1",
        "LRANGE l2 0 -1",
        "HGETALL h",
        SORTED("set"),
        SORTED("set2"),
        "SMEMBERS ints",
        SORTED("union"),
        "ZRANGE z 0 -1 WITHSCORES",
        "ZRANGE zu 0 -1 WITHSCORES",
        "GEOPOS geo berlin paris",
        "ZRANGE near 0 -1 WITHSCORES",
        "XRANGE x - +",
        "XINFO GROUPS x",
        "XPENDING x gr",
        "PFCOUNT hll hll2",
        "LRANGE sorted 0 -1",
        "GET ev",
        "SMEMBERS evs",
        "GET tx",
        "GET gone",
        "PTTL soon",
        "GET nx",
        "DBSIZE",
        "OBJECT ENCODING h",
        "OBJECT ENCODING l",
    };
    struct stage stage;
    stage_begin(&stage, 0);
    link_them(&stage, true);
    for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
        visitor_ask(stage.at_first, writes[i]);
    }
    let_it_arrive(&stage);
    CHECK_INT((int64_t)geo_figures(stage.caches.host, second_of(&stage)).full_copies, 1);
    for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
        check_same(&stage, questions[i]);
    }
    visitor_ask(stage.at_first, "SELECT 1");
    visitor_ask(stage.at_second, "SELECT 1");
    check_same(&stage, "GET g");
    visitor_ask(stage.at_first, "SELECT 0");
    visitor_ask(stage.at_second, "SELECT 0");
    visitor_ask(stage.at_first, "SWAPDB 0 1");
    let_it_arrive(&stage);
    check_same(&stage, "GET g");
    clock_advance(stage.caches.clock, 1000);
    check_same(&stage, "DBSIZE");
    visitor_ask(stage.at_first, "FLUSHALL");
    let_it_arrive(&stage);
    CHECK_TEXT(visitor_ask(stage.at_second, "DBSIZE"), ":0");
    caches_stop(&stage.caches);
}

TEST(waiting_clients_are_served_by_the_primary_and_sent_away_by_a_new_secondary)
{
    struct stage stage;
    stage_begin(&stage, 0);
    struct visitor *waiting = visitor_come(&stage.caches, NULL, false, NULL, "first-1");
    struct visitor *hopeless = visitor_come(&stage.caches, NULL, false, NULL, "second-1");
    CHECK_TEXT(visitor_ask(waiting, "BLPOP queue 0"), "");
    CHECK_TEXT(visitor_ask(hopeless, "BLPOP queue 0"), "");
    link_them(&stage, true);
    CHECK(strncmp(visitor_hear(hopeless), "-UNBLOCKED ", 11) == 0);
    visitor_ask(stage.at_first, "RPUSH queue a b");
    CHECK_TEXT(visitor_hear(waiting), "*2\n$5\nqueue\n$1\na");
    let_it_arrive(&stage);
    check_same(&stage, "LRANGE queue 0 -1");
    /* Readers of the copy wait, and are served by what arrives. */
    struct visitor *reader = visitor_come(&stage.caches, NULL, false, NULL, "second-1");
    CHECK_TEXT(visitor_ask(reader, "XREAD BLOCK 0 STREAMS x $"), "");
    visitor_ask(stage.at_first, "XADD x 5-1 f v");
    let_it_arrive(&stage);
    CHECK_TEXT(visitor_hear(reader), "*1\n*2\n$1\nx\n*1\n*2\n$3\n5-1\n*2\n$1\nf\n$1\nv");
    caches_stop(&stage.caches);
}

TEST(messages_reach_subscribers_of_the_secondary)
{
    struct stage stage;
    stage_begin(&stage, 0);
    link_them(&stage, true);
    struct visitor *listener = visitor_come(&stage.caches, NULL, false, NULL, "second-1");
    visitor_ask(listener, "SUBSCRIBE news");
    visitor_ask(stage.at_first, "PUBLISH news hello");
    let_it_arrive(&stage);
    CHECK_TEXT(visitor_hear(listener), "*3\n$7\nmessage\n$4\nnews\n$5\nhello");
    caches_stop(&stage.caches);
}

TEST(the_secondary_runs_behind_by_its_lag)
{
    struct stage stage;
    stage_begin(&stage, 0);
    link_them(&stage, true);
    geo_set_lag(second_of(&stage), 500);
    visitor_ask(stage.at_first, "SET a 1");
    clock_advance(stage.caches.clock, 499);
    CHECK_TEXT(visitor_ask(stage.at_second, "GET a"), "$-1");
    struct geo_figures figures = geo_figures(stage.caches.host, second_of(&stage));
    CHECK_INT(figures.lag_ms, 499);
    CHECK(figures.waiting_bytes > 0);
    clock_advance(stage.caches.clock, 1);
    CHECK_TEXT(visitor_ask(stage.at_second, "GET a"), "$1\n1");
    caches_stop(&stage.caches);
}

TEST(what_no_command_changed_is_copied_anew)
{
    struct stage stage;
    stage_begin(&stage, 0);
    link_them(&stage, true);
    visitor_ask(stage.at_first, "SET a 1");
    let_it_arrive(&stage);
    cache_host_flush(stage.caches.host, BYTES("first"));
    visitor_ask(stage.at_first, "SET b 1");
    let_it_arrive(&stage);
    CHECK_TEXT(visitor_ask(stage.at_second, "MGET a b"), "*2\n$-1\n$1\n1");
    visitor_ask(stage.at_first, "SET b 2");
    let_it_arrive(&stage);
    CHECK_TEXT(visitor_ask(stage.at_second, "GET b"), "$1\n2");
    CHECK_INT((int64_t)geo_figures(stage.caches.host, second_of(&stage)).full_copies, 2);
    caches_stop(&stage.caches);
}

TEST(shards_follow_their_counterparts)
{
    struct stage stage;
    stage_begin(&stage, 3);
    link_them(&stage, true);
    struct cache *first = cache_host_find(stage.caches.host, BYTES("first"));
    struct cache *second = second_of(&stage);
    struct visitor *writers[3], *readers[3];
    for (int i = 0; i < 3; i++) {
        writers[i] = visitor_at(&stage.caches, first, i, "first-1");
        readers[i] = visitor_at(&stage.caches, second, i, "second-1");
    }
    static const char *const writes[] = {"SET a 1", "SET b 1", "SET c 1"};
    static const char *const reads[] = {"GET a", "GET b", "GET c"};
    for (int key = 0; key < 3; key++) {
        int taken = 0;
        for (int i = 0; i < 3; i++) {
            taken += strcmp(visitor_ask(writers[i], writes[key]), "+OK") == 0 ? 1 : 0;
        }
        CHECK_INT(taken, 1);
        let_it_arrive(&stage);
        int found = 0;
        for (int i = 0; i < 3; i++) {
            found += strcmp(visitor_ask(readers[i], reads[key]), "$1\n1") == 0 ? 1 : 0;
        }
        CHECK_INT(found, 1);
    }
    caches_stop(&stage.caches);
}

TEST(a_primary_that_goes_leaves_an_ordinary_cache)
{
    struct stage stage;
    stage_begin(&stage, 0);
    link_them(&stage, true);
    visitor_ask(stage.at_first, "SET a 1");
    cache_host_remove(stage.caches.host, BYTES("first"));
    CHECK_TEXT(visitor_ask(stage.at_second, "INCR a"), ":2");
    caches_stop(&stage.caches);
}

static const struct test_case cases[] = {
    CASE(a_link_copies_what_is_there_and_makes_the_copy_read_only),
    CASE(an_unlinked_secondary_keeps_its_data_and_takes_writes),
    CASE(every_kind_of_write_arrives),
    CASE(waiting_clients_are_served_by_the_primary_and_sent_away_by_a_new_secondary),
    CASE(messages_reach_subscribers_of_the_secondary),
    CASE(the_secondary_runs_behind_by_its_lag),
    CASE(what_no_command_changed_is_copied_anew),
    CASE(shards_follow_their_counterparts),
    CASE(a_primary_that_goes_leaves_an_ordinary_cache),
};

TEST_MAIN(cases)

/* Keys, tokens and access policies, as clients meet them. */
#include "cache_fixture.h"
#include "tests/support/test.h"

#define ALICE "11111111-2222-4333-8444-555555555501"
#define BOB "11111111-2222-4333-8444-555555555502"
#define HOST "shop.redis.cache.windows.net"

static const char denied[] = "-WRONGPASS invalid username-password pair";
static const char not_allowed[] =
    "-NOPERM this user has no permissions to run the 'set' command or its subcommand";

#define BOBS_RULES                                                                                 \
    "+@read +@connection -client +client|caching +client|setinfo +cluster|info allkeys"

struct stage {
    struct caches caches;
    char keys[2][64];
    struct arm_cache shop;
    struct arm_access accesses[2];
};

static char *token_of(const char *object_id, int64_t lasting_ms)
{
    return string_format("%s %lld", object_id, (long long)(CACHE_START_MS + lasting_ms));
}

static void stage_begin(struct stage *stage)
{
    caches_start(&stage->caches, NULL);
    stage->shop = cache_description("shop", stage->keys);
    stage->shop.entra_enabled = true;
    stage->accesses[0] = (struct arm_access){BYTES(ALICE), BYTES("alice"), BYTES("+@all allkeys")};
    stage->accesses[1] = (struct arm_access){BYTES(BOB), BYTES("bob"), BYTES(BOBS_RULES)};
    stage->shop.accesses = stage->accesses;
    stage->shop.access_count = 2;
    cache_host_apply(stage->caches.host, &stage->shop);
}

static struct visitor *sign_in(struct stage *stage, const char *user, const char *object_id,
                               int64_t lasting_ms)
{
    char *token = token_of(object_id, lasting_ms);
    struct visitor *visitor = visitor_come(&stage->caches, HOST, true, user, token);
    memory_free(token);
    return visitor;
}

TEST(a_token_opens_the_cache_for_an_object_id_or_its_alias)
{
    struct stage stage;
    stage_begin(&stage);
    CHECK_TEXT(visitor_ask(sign_in(&stage, ALICE, ALICE, 60000), "SET a 1"), "+OK");
    struct visitor *alias = sign_in(&stage, "alice", ALICE, 60000);
    CHECK_TEXT(visitor_ask(alias, "GET a"), "$1\n1");
    struct instance_stats stats;
    cache_stats(cache_host_first(stage.caches.host), &stats);
    CHECK_INT(stats.account_clients, 2);
    CHECK_INT((int64_t)cache_host_counters(stage.caches.host).tokens_taken, 2);
    caches_stop(&stage.caches);
}

TEST(whom_no_assignment_names_or_whose_token_is_anothers_stays_out)
{
    struct stage stage;
    stage_begin(&stage);
    static const struct {
        const char *user, *object_id;
        int64_t lasting_ms;
    } wrong[] = {
        {BOB, ALICE, 60000},
        {ALICE, ALICE, -1},
        {"11111111-2222-4333-8444-555555555503", "11111111-2222-4333-8444-555555555503", 60000},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char *token = token_of(wrong[i].object_id, wrong[i].lasting_ms);
        struct visitor *visitor = visitor_come(&stage.caches, HOST, true, NULL, NULL);
        char *line = string_format("AUTH %s '%s'", wrong[i].user, token);
        CHECK_TEXT(visitor_ask(visitor, line), denied);
        CHECK_TEXT(visitor_ask(visitor, "GET a"), "-NOAUTH Authentication required.");
        memory_free(line);
        memory_free(token);
    }
    CHECK_INT((int64_t)cache_host_counters(stage.caches.host).tokens_refused, 3);
    caches_stop(&stage.caches);
}

TEST(tokens_are_taken_over_tls_only)
{
    struct stage stage;
    stage_begin(&stage);
    char *token = token_of(ALICE, 60000);
    char *line = string_format("AUTH " ALICE " '%s'", token);
    struct visitor *plain = visitor_come(&stage.caches, NULL, false, NULL, NULL);
    CHECK_TEXT(visitor_ask(plain, line), denied);
    /* Named nothing, but over TLS: the user leads to the one cache that knows him. */
    struct visitor *secure = visitor_come(&stage.caches, NULL, true, NULL, NULL);
    CHECK_TEXT(visitor_ask(secure, line), "+OK");
    memory_free(line);
    memory_free(token);
    caches_stop(&stage.caches);
}

TEST(an_identity_of_two_caches_must_say_which)
{
    struct stage stage;
    char keys[2][64];
    stage_begin(&stage);
    struct arm_cache other = cache_description("other", keys);
    other.entra_enabled = true;
    other.accesses = stage.accesses;
    other.access_count = 1;
    cache_host_apply(stage.caches.host, &other);
    char *token = token_of(ALICE, 60000);
    char *line = string_format("AUTH alice '%s'", token);
    CHECK_TEXT(visitor_ask(visitor_come(&stage.caches, NULL, true, NULL, NULL), line),
               "-WRONGPASS this identity may sign in to several caches: connect by the name of "
               "one, NAME.redis.cache.windows.net\nclosed");
    CHECK_TEXT(visitor_ask(visitor_come(&stage.caches, HOST, true, NULL, NULL), line), "+OK");
    memory_free(line);
    memory_free(token);
    caches_stop(&stage.caches);
}

TEST(a_policy_says_what_may_be_done)
{
    struct stage stage;
    stage_begin(&stage);
    struct visitor *bob = sign_in(&stage, "bob", BOB, 60000);
    CHECK_TEXT(visitor_ask(bob, "GET a"), "$-1");
    CHECK_TEXT(visitor_ask(bob, "SET a 1"), not_allowed);
    CHECK_TEXT(visitor_ask(bob, "CLIENT LIST"),
               "-NOPERM this user has no permissions to run the 'client' command or its "
               "subcommand");
    CHECK_TEXT(visitor_ask(bob, "PING"), "+PONG");
    /* Another policy: the same connection has other rights from the next command on. */
    stage.accesses[1].permissions = BYTES("+set ~a*");
    cache_host_apply(stage.caches.host, &stage.shop);
    CHECK_TEXT(visitor_ask(bob, "SET a 1"), "+OK");
    CHECK_TEXT(visitor_ask(bob, "SET b 1"),
               "-NOPERM this user has no permissions to access one of the keys used as arguments");
    CHECK_TEXT(visitor_ask(bob, "GET a"),
               "-NOPERM this user has no permissions to run the 'get' command or its subcommand");
    caches_stop(&stage.caches);
}

TEST(an_assignment_that_is_gone_ends_its_connections)
{
    struct stage stage;
    stage_begin(&stage);
    struct visitor *alice = sign_in(&stage, "alice", ALICE, 60000);
    struct visitor *bob = sign_in(&stage, "bob", BOB, 60000);
    stage.shop.access_count = 1;
    cache_host_apply(stage.caches.host, &stage.shop);
    CHECK_TEXT(visitor_ask(bob, "GET a"), "closed");
    CHECK_TEXT(visitor_ask(alice, "GET a"), "$-1");
    stage.shop.entra_enabled = false;
    cache_host_apply(stage.caches.host, &stage.shop);
    CHECK_TEXT(visitor_ask(alice, "GET a"), "closed");
    caches_stop(&stage.caches);
}

TEST(the_connection_ends_with_its_token_unless_there_is_a_new_one)
{
    struct stage stage;
    stage_begin(&stage);
    struct visitor *lazy = sign_in(&stage, "alice", ALICE, 60000);
    struct visitor *eager = sign_in(&stage, "alice", ALICE, 60000);
    struct visitor *keyed = sign_in(&stage, "alice", ALICE, 60000);
    clock_advance(stage.caches.clock, 59999);
    char *token = token_of(ALICE, 120000);
    char *line = string_format("AUTH alice '%s'", token);
    CHECK_TEXT(visitor_ask(eager, line), "+OK");
    CHECK_TEXT(visitor_ask(keyed, "AUTH shop-1"), "+OK");
    CHECK_TEXT(visitor_hear(lazy), "");
    clock_advance(stage.caches.clock, 1);
    CHECK_TEXT(visitor_hear(lazy), "closed");
    CHECK_TEXT(visitor_ask(eager, "PING"), "+PONG");
    clock_advance(stage.caches.clock, 60000);
    CHECK_TEXT(visitor_hear(eager), "closed");
    CHECK_TEXT(visitor_ask(keyed, "PING"), "+PONG");
    struct instance_stats stats;
    cache_stats(cache_host_first(stage.caches.host), &stats);
    CHECK_INT((int64_t)stats.accounts_ended, 2);
    CHECK_INT(stats.account_clients, 0);
    memory_free(line);
    memory_free(token);
    caches_stop(&stage.caches);
}

TEST(disabled_keys_open_nothing_and_cut_who_used_them)
{
    struct stage stage;
    stage_begin(&stage);
    struct visitor *keyed = visitor_come(&stage.caches, HOST, true, NULL, "shop-2");
    struct visitor *alice = sign_in(&stage, "alice", ALICE, 60000);
    struct visitor *waiting = visitor_come(&stage.caches, HOST, true, NULL, NULL);
    CHECK_TEXT(visitor_ask(keyed, "PING"), "+PONG");
    stage.shop.access_keys_disabled = true;
    cache_host_apply(stage.caches.host, &stage.shop);
    CHECK_TEXT(visitor_hear(keyed), "closed");
    CHECK_TEXT(visitor_ask(alice, "PING"), "+PONG");
    CHECK_TEXT(visitor_ask(waiting, "AUTH shop-1"), denied);
    caches_stop(&stage.caches);
}

TEST(connections_from_addresses_that_are_refused_now_are_cut)
{
    struct stage stage;
    stage_begin(&stage);
    static const struct arm_address_range here = {0x7f000001, 0x7f000001};
    static const struct arm_address_range elsewhere = {0xcb007100, 0xcb0071ff};
    struct visitor *keyed = visitor_come(&stage.caches, HOST, true, NULL, "shop-1");
    stage.shop.firewall = &here;
    stage.shop.firewall_count = 1;
    cache_host_apply(stage.caches.host, &stage.shop);
    CHECK_TEXT(visitor_ask(keyed, "PING"), "+PONG");
    stage.shop.firewall = &elsewhere;
    cache_host_apply(stage.caches.host, &stage.shop);
    CHECK_TEXT(visitor_hear(keyed), "closed");
    caches_stop(&stage.caches);
}

static const struct test_case cases[] = {
    CASE(a_token_opens_the_cache_for_an_object_id_or_its_alias),
    CASE(whom_no_assignment_names_or_whose_token_is_anothers_stays_out),
    CASE(tokens_are_taken_over_tls_only),
    CASE(an_identity_of_two_caches_must_say_which),
    CASE(a_policy_says_what_may_be_done),
    CASE(an_assignment_that_is_gone_ends_its_connections),
    CASE(the_connection_ends_with_its_token_unless_there_is_a_new_one),
    CASE(disabled_keys_open_nothing_and_cut_who_used_them),
    CASE(connections_from_addresses_that_are_refused_now_are_cut),
};

TEST_MAIN(cases)

/* Reboots, failovers and scaling, as connected clients and subscribers of AzureRedisEvents see
 * them. */
#include "emulator/cache_nodes.h"

#include <string.h>

#include "cache_fixture.h"
#include "tests/support/test.h"

#define SECOND 1000
#define MINUTE (60 * SECOND)

struct stage {
    struct caches caches;
    char keys[2][64];
    struct arm_cache shop;
    struct visitor *writer, *listener;
};

static void come_back(struct stage *stage)
{
    stage->writer = visitor_come(&stage->caches, NULL, false, NULL, "shop-1");
    stage->listener = visitor_come(&stage->caches, NULL, false, NULL, "shop-1");
    visitor_ask(stage->listener, "SUBSCRIBE AzureRedisEvents");
}

static void stage_begin(struct stage *stage, const char *sku)
{
    caches_start(&stage->caches, NULL);
    stage->shop = cache_description("shop", stage->keys);
    stage->shop.sku = bytes_from_string(sku);
    stage->shop.replicas = strcmp(sku, "Basic") == 0 ? 0 : 1;
    cache_host_apply(stage->caches.host, &stage->shop);
    come_back(stage);
    visitor_ask(stage->writer, "SET a 1");
}

static struct cache *shop(struct stage *stage)
{
    return cache_host_find(stage->caches.host, BYTES("shop"));
}

static void reboot(struct stage *stage, enum arm_nodes nodes)
{
    cache_host_reboot(stage->caches.host, BYTES("shop"), nodes, -1);
}

/* What the listener hears, which is that message and nothing else. */
static void check_heard(struct stage *stage, const char *message, bool closed)
{
    char *whole = message[0] == '\0'
                      ? string_duplicate(closed ? "closed" : "")
                      : string_format("*3\n$7\nmessage\n$16\nAzureRedisEvents\n$%zu\n%s%s",
                                      strlen(message), message, closed ? "\nclosed" : "");
    CHECK_TEXT(visitor_hear(stage->listener), whole);
    memory_free(whole);
}

static void check_data(struct stage *stage, bool there)
{
    come_back(stage);
    CHECK_TEXT(visitor_ask(stage->writer, "GET a"), there ? "$1\n1" : "$-1");
}

TEST(a_primary_that_reboots_hands_over_to_its_replica)
{
    struct stage stage;
    stage_begin(&stage, "Standard");
    char *before = string_duplicate(visitor_ask(stage.writer, "INFO server"));
    reboot(&stage, ARM_PRIMARY_NODE);
    check_heard(&stage,
                "NotificationType|NodeMaintenanceStart|StartTimeInUTC||IsReplica|False|IPAddress||"
                "SSLPort|15000|NonSSLPort|13000",
                true);
    CHECK_TEXT(visitor_hear(stage.writer), "closed");
    check_data(&stage, true);
    const char *after = strstr(visitor_ask(stage.writer, "INFO server"), "run_id:");
    CHECK(strncmp(after, strstr(before, "run_id:"), 47) != 0);
    memory_free(before);
    clock_advance(stage.caches.clock, 10 * SECOND - 1);
    check_heard(&stage, "", false);
    clock_advance(stage.caches.clock, 1);
    check_heard(&stage,
                "NotificationType|NodeMaintenanceFailover|StartTimeInUTC||IsReplica|False|"
                "IPAddress||SSLPort|15001|NonSSLPort|13001",
                false);
    clock_advance(stage.caches.clock, 3 * MINUTE);
    check_heard(&stage,
                "NotificationType|NodeMaintenanceEnded|StartTimeInUTC||IsReplica|False|IPAddress||"
                "SSLPort|15001|NonSSLPort|13001",
                false);
    CHECK_INT((int64_t)shop(&stage)->failovers, 1);
    caches_stop(&stage.caches);
}

TEST(a_replica_that_reboots_disturbs_no_client_of_the_primary)
{
    struct stage stage;
    stage_begin(&stage, "Premium");
    reboot(&stage, ARM_SECONDARY_NODE);
    check_heard(&stage,
                "NotificationType|NodeMaintenanceStart|StartTimeInUTC||IsReplica|True|IPAddress||"
                "SSLPort|15001|NonSSLPort|13001",
                false);
    CHECK_TEXT(visitor_ask(stage.writer, "GET a"), "$1\n1");
    caches_stop(&stage.caches);
}

TEST(all_nodes_lose_the_data_unless_it_is_persisted)
{
    struct stage stage;
    stage_begin(&stage, "Premium");
    stage.shop.rdb_backup_enabled = true;
    cache_host_apply(stage.caches.host, &stage.shop);
    reboot(&stage, ARM_ALL_NODES);
    CHECK_TEXT(visitor_hear(stage.writer), "closed");
    check_data(&stage, true);
    stage.shop.rdb_backup_enabled = false;
    cache_host_apply(stage.caches.host, &stage.shop);
    reboot(&stage, ARM_ALL_NODES);
    check_data(&stage, false);
    CHECK_INT((int64_t)shop(&stage)->data_losses, 1);
    caches_stop(&stage.caches);
}

TEST(a_basic_cache_has_nobody_to_hand_over_to)
{
    struct stage stage;
    stage_begin(&stage, "Basic");
    reboot(&stage, ARM_PRIMARY_NODE);
    check_data(&stage, false);
    CHECK_TEXT(visitor_ask(stage.writer, "SET a 1"), "+OK");
    caches_stop(&stage.caches);
}

TEST(planned_maintenance_is_announced_carried_out_and_reported)
{
    static const struct {
        int64_t at_ms;
        const char *message;
        bool closed;
    } expected[] = {
        {0,
         "NotificationType|NodeMaintenanceScheduled|StartTimeInUTC|2026-11-20T22:34:05|IsReplica|"
         "False|IPAddress||SSLPort|15000|NonSSLPort|13000",
         false},
        {14 * MINUTE - 20 * SECOND,
         "NotificationType|NodeMaintenanceStarting|StartTimeInUTC|2026-11-20T22:34:05|IsReplica|"
         "False|IPAddress||SSLPort|15000|NonSSLPort|13000",
         false},
        {14 * MINUTE,
         "NotificationType|NodeMaintenanceStart|StartTimeInUTC||IsReplica|False|IPAddress||"
         "SSLPort|15000|NonSSLPort|13000",
         false},
        {14 * MINUTE + SECOND, "", true},
        {14 * MINUTE + 11 * SECOND,
         "NotificationType|NodeMaintenanceFailover|StartTimeInUTC||IsReplica|False|IPAddress||"
         "SSLPort|15001|NonSSLPort|13001",
         false},
        {17 * MINUTE,
         "NotificationType|NodeMaintenanceEnded|StartTimeInUTC||IsReplica|False|IPAddress||"
         "SSLPort|15001|NonSSLPort|13001",
         false},
    };
    struct stage stage;
    stage_begin(&stage, "Standard");
    cache_host_maintain(stage.caches.host, shop(&stage), -1, CACHE_START_MS + 14 * MINUTE, 0);
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        int64_t wait_ms = CACHE_START_MS + expected[i].at_ms - clock_now_ms(stage.caches.clock);
        if (wait_ms > 0) {
            clock_advance(stage.caches.clock, wait_ms - 1);
            check_heard(&stage, "", false);
            clock_advance(stage.caches.clock, 1);
        }
        check_heard(&stage, expected[i].message, expected[i].closed);
        if (expected[i].closed) {
            check_data(&stage, true);
        } else {
            visitor_ask(stage.writer, "PING"); /* not idle */
            visitor_ask(stage.listener, "PING");
        }
    }
    caches_stop(&stage.caches);
}

TEST(a_demoted_primary_refuses_writes_before_it_hangs_up)
{
    struct stage stage;
    stage_begin(&stage, "Standard");
    cache_host_failover(stage.caches.host, shop(&stage), -1, 500);
    CHECK_TEXT(visitor_ask(stage.writer, "SET a 2"),
               "-READONLY You can't write against a read only replica.");
    CHECK_TEXT(visitor_ask(stage.writer, "GET a"), "$1\n1");
    clock_advance(stage.caches.clock, 500);
    CHECK_TEXT(visitor_hear(stage.writer), "closed");
    come_back(&stage);
    CHECK_TEXT(visitor_ask(stage.writer, "SET a 2"), "+OK");
    caches_stop(&stage.caches);
}

TEST(scaling_cuts_connections_and_reports_when_it_is_over)
{
    struct stage stage;
    stage_begin(&stage, "Standard");
    stage.shop.capacity = 2;
    cache_host_apply(stage.caches.host, &stage.shop);
    CHECK_TEXT(visitor_hear(stage.writer), "closed");
    check_data(&stage, true);
    clock_advance(stage.caches.clock, SECOND);
    check_heard(&stage,
                "NotificationType|NodeMaintenanceScaleComplete|StartTimeInUTC||IsReplica|False|"
                "IPAddress||SSLPort|15000|NonSSLPort|13000",
                false);
    caches_stop(&stage.caches);
}

TEST(a_basic_cache_of_another_size_is_empty)
{
    struct stage stage;
    stage_begin(&stage, "Basic");
    stage.shop.capacity = 2;
    cache_host_apply(stage.caches.host, &stage.shop);
    check_data(&stage, false);
    caches_stop(&stage.caches);
}

TEST(a_removed_cache_takes_what_was_to_happen_with_it)
{
    struct stage stage;
    stage_begin(&stage, "Standard");
    cache_host_maintain(stage.caches.host, shop(&stage), -1, CACHE_START_MS + 14 * MINUTE, 0);
    cache_host_remove(stage.caches.host, BYTES("shop"));
    clock_advance(stage.caches.clock, 60 * MINUTE);
    caches_stop(&stage.caches);
}

static const struct test_case cases[] = {
    CASE(a_primary_that_reboots_hands_over_to_its_replica),
    CASE(a_replica_that_reboots_disturbs_no_client_of_the_primary),
    CASE(all_nodes_lose_the_data_unless_it_is_persisted),
    CASE(a_basic_cache_has_nobody_to_hand_over_to),
    CASE(planned_maintenance_is_announced_carried_out_and_reported),
    CASE(a_demoted_primary_refuses_writes_before_it_hangs_up),
    CASE(scaling_cuts_connections_and_reports_when_it_is_over),
    CASE(a_basic_cache_of_another_size_is_empty),
    CASE(a_removed_cache_takes_what_was_to_happen_with_it),
};

TEST_MAIN(cases)

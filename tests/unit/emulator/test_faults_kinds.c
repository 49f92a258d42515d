/* Each kind of fault as a pure function: a subject and attributes in, a verdict out. */
#include <string.h>

#include "emulator/tls.h"
#include "resp/command.h"
#include "tests/support/test.h"
#include "tests/unit/emulator/faults_fixture.h"

static struct fault_verdict verdict;

static const struct fault_subject connection = {.plane = FAULT_TCP, .moment = FAULT_AT_CONNECT};
static const struct fault_subject request = {.plane = FAULT_ARM, .moment = FAULT_AT_REQUEST};

static struct fault_subject command(const char *name, bool write)
{
    struct fault_subject subject = {.plane = FAULT_REDIS, .moment = FAULT_AT_REQUEST};
    subject.values[FAULT_KEY_COMMAND] = bytes_from_string(name);
    subject.values[FAULT_KEY_KEY] = BYTES("foo");
    subject.write = subject.needs_memory = write;
    subject.groups = write ? CATEGORY_WRITE : CATEGORY_READ;
    return subject;
}

static bool on_stream(const char *type, const char *attributes)
{
    return fixture_decide(type, FAULT_TCP, attributes, &connection, &verdict);
}

static bool on_command(const char *type, const char *attributes, const char *name, bool write)
{
    const struct fault_subject subject = command(name, write);
    return fixture_decide(type, FAULT_REDIS, attributes, &subject, &verdict);
}

/* ---- Network ---- */

TEST(latency_delays_streams_and_requests)
{
    CHECK(on_stream("latency", "{\"latency\":100,\"jitter\":20,\"stream\":\"upstream\"}"));
    CHECK_INT(verdict.delay_ms, 100);
    CHECK_INT(verdict.jitter_ms, 20);
    CHECK_INT(verdict.direction, FAULT_UPSTREAM);
    CHECK(fixture_decide("latency", FAULT_ARM, "{\"latency\":\"2s\"}", &request, &verdict));
    CHECK_INT(verdict.delay_ms, 2000);
    for (int i = 0; i < 50; i++) {
        CHECK(on_command("latency", "{\"latency\":100,\"jitter\":20}", "get", false));
        CHECK(verdict.delay_ms >= 80 && verdict.delay_ms <= 120);
    }
    CHECK(on_command("latency", "{\"latency\":1,\"jitter\":1000}", "get", false));
    CHECK(verdict.delay_ms >= 0);
}

TEST(bandwidth_is_in_kilobytes_a_second)
{
    CHECK(on_stream("bandwidth", "{\"rate\":10}"));
    CHECK(verdict.bytes_per_second == 10000);
    CHECK_INT(verdict.direction, FAULT_DOWNSTREAM);
    CHECK(!on_stream("bandwidth", "{}"));
}

TEST(slicer_cuts_into_pieces)
{
    CHECK(on_stream("slicer", "{\"average_size\":10,\"size_variation\":5,\"delay\":300}"));
    CHECK_INT(verdict.slice_size, 10);
    CHECK_INT(verdict.slice_variation, 5);
    CHECK_INT(verdict.slice_pause_us, 300);
}

TEST(slow_close_and_limit_and_down)
{
    CHECK(on_stream("slow_close", "{\"delay\":700}"));
    CHECK_INT(verdict.close_delay_ms, 700);
    CHECK_INT(verdict.byte_limit, -1);
    CHECK(on_stream("limit_data", "{\"bytes\":0}"));
    CHECK_INT(verdict.byte_limit, 0);
    CHECK(on_stream("down", "{}"));
    CHECK(verdict.down);
}

TEST(timeout_holds_then_closes)
{
    CHECK(on_stream("timeout", "{\"timeout\":5000}"));
    CHECK(verdict.blocked);
    CHECK_INT(verdict.ending, FAULT_CLOSES);
    CHECK_INT(verdict.ending_ms, 5000);
    CHECK(on_command("timeout", "{}", "get", false));
    CHECK(verdict.silent);
    CHECK_INT(verdict.ending_ms, FAULT_FOR_EVER);
}

TEST(reset_peer_resets)
{
    CHECK(on_stream("reset_peer", "{\"timeout\":20}"));
    CHECK_INT(verdict.ending, FAULT_RESETS);
    CHECK_INT(verdict.ending_ms, 20);
    CHECK(fixture_decide("reset_peer", FAULT_ENTRA, "{}", &request, &verdict));
    CHECK_INT(verdict.ending_ms, 0);
}

/* ---- Redis ---- */

TEST(errors_are_redis_own)
{
    static const struct {
        const char *type, *starts;
        bool reads_too;
    } presets[] = {
        {"loading", "LOADING Redis is loading the dataset in memory", true},
        {"readonly", "READONLY You can't write against a read only replica.", false},
        {"oom", "OOM command not allowed when used memory > 'maxmemory'.", false},
        {"busy", "BUSY Redis is busy running a script.", true},
        {"clusterdown", "CLUSTERDOWN The cluster is down", true},
        {"tryagain", "TRYAGAIN Multiple keys request during rehashing of slot", true},
        {"noauth", "NOAUTH Authentication required.", true},
        {"wrongpass", "WRONGPASS invalid username-password pair", true},
        {"misconf", "MISCONF Redis is configured to save RDB snapshots", false},
        {"noreplicas", "NOREPLICAS Not enough good replicas to write.", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(presets); i++) {
        CHECK(on_command(presets[i].type, "{}", "set", true));
        CHECK_BYTES(bytes_slice(bytes_from_string(verdict.error), 0, strlen(presets[i].starts)),
                    bytes_from_string(presets[i].starts));
        CHECK_INT(on_command(presets[i].type, "{}", "get", false), presets[i].reads_too);
    }
    CHECK(on_command("readonly", "{\"error\":\"READONLY later\",\"runs\":true}", "set", true));
    CHECK_TEXT(verdict.error, "READONLY later");
    CHECK(verdict.run);
}

TEST(error_is_any_text_with_parts_of_the_command)
{
    CHECK(on_command("error", "{\"error\":\"ERR no {command} of {key} {none} {\"}", "get", false));
    CHECK_TEXT(verdict.error, "ERR no get of foo {none} {");
    CHECK(!on_command("error", "{}", "get", false));
}

TEST(moved_names_the_slot_of_the_key)
{
    CHECK(on_command("moved", "{\"to\":\"10.0.0.1:6380\"}", "get", false));
    CHECK_TEXT(verdict.error, "MOVED 12182 10.0.0.1:6380"); /* CLUSTER KEYSLOT foo */
    struct fault_subject ping = command("ping", false);
    ping.values[FAULT_KEY_KEY] = (struct bytes){0};
    CHECK(!fixture_decide("moved", FAULT_REDIS, "{}", &ping, &verdict));
}

TEST(max_clients_turns_away)
{
    CHECK(on_command("max_clients", "{}", "", false));
    CHECK_TEXT(verdict.error, "ERR max number of clients reached");
    CHECK_INT(verdict.ending, FAULT_CLOSES);
}

TEST(wrong_replies_in_every_shape)
{
    static const struct {
        const char *attributes, *raw;
    } shapes[] = {
        {"{\"value\":\"abc\"}", "$3\r\nabc\r\n"},
        {"{\"as\":\"status\",\"value\":\"FINE\"}", "+FINE\r\n"},
        {"{\"as\":\"integer\",\"value\":\"-7\"}", ":-7\r\n"},
        {"{\"as\":\"integer\"}", ":0\r\n"},
        {"{\"as\":\"null\"}", "$-1\r\n"},
        {"{\"as\":\"array\"}", "*0\r\n"},
        {"{\"as\":\"error\",\"value\":\"ERR x\"}", "-ERR x\r\n"},
        {"{\"as\":\"garbage\",\"value\":\"x\"}", "?x\r\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        CHECK(on_command("wrong_reply", shapes[i].attributes, "get", false));
        CHECK_TEXT(verdict.raw, shapes[i].raw);
    }
    CHECK(!on_command("wrong_reply", "{\"as\":\"integer\",\"value\":\"x\"}", "get", false));
    CHECK(!on_command("wrong_reply", "{\"as\":\"status\",\"value\":\"a\\nb\"}", "get", false));
}

TEST(dropped_reply_runs_the_command)
{
    CHECK(on_command("dropped_reply", "{}", "incr", true));
    CHECK(verdict.drop_answer);
    CHECK_INT(verdict.ending, FAULT_CLOSES);
    CHECK(on_command("dropped_reply", "{\"then\":\"silence\"}", "incr", true));
    CHECK_INT(verdict.ending, FAULT_GOES_ON);
}

TEST(stale_read_counts_reads_only)
{
    CHECK(on_command("stale_read", "{\"lag\":30}", "get", false));
    CHECK_INT(verdict.stale_ms, 30);
    CHECK(!verdict.quiet);
    CHECK(on_command("stale_read", "{}", "set", true));
    CHECK(verdict.quiet);
    struct fault_subject auth = command("auth", false);
    auth.groups = 0;
    CHECK(!fixture_decide("stale_read", FAULT_REDIS, "{}", &auth, &verdict));
}

TEST(memory_and_expiry)
{
    CHECK(on_command("memory_pressure", "{\"percent\":95}", "set", true));
    CHECK(verdict.memory_fill == 0.95);
    CHECK(on_command("eviction_storm", "{\"percent\":50,\"keys\":3}", "get", false));
    CHECK(verdict.evict_share == 0.5);
    CHECK_INT(verdict.evict_keys, 3);
    CHECK(on_command("early_expiry", "{}", "get", false));
    CHECK(verdict.expire_keys && verdict.expire_within_ms == INT64_MAX);
    CHECK(on_command("early_expiry", "{\"within\":\"1m\"}", "get", false));
    CHECK_INT(verdict.expire_within_ms, 60000);
    CHECK(on_command("slow_command", "{\"latency\":50}", "keys", false));
    CHECK_INT(verdict.stall_ms, 50);
    CHECK(on_command("message_loss", "{}", "publish", false));
    CHECK(verdict.lose_message);
}

/* ---- The life of a cache ---- */

static bool at_step(const char *type, const char *attributes, unsigned step)
{
    const struct fault_subject subject = {
        .plane = FAULT_REDIS, .moment = FAULT_AT_STEP, .step = step};
    return fixture_decide(type, FAULT_REDIS, attributes, &subject, &verdict);
}

static bool aftermath(const char *type, const char *attributes, int64_t elapsed_ms,
                      enum fault_moment moment, bool write)
{
    struct fault_subject subject = command(write ? "set" : "get", write);
    subject.moment = moment;
    return fixture_decide_at(type, FAULT_REDIS, attributes, elapsed_ms, &subject, &verdict);
}

TEST(failover_cuts_promotes_and_is_read_only_for_a_while)
{
    CHECK(at_step("failover", "{\"outage\":500}", 0));
    CHECK(verdict.cut && verdict.promote && !verdict.lose_data);
    CHECK_TEXT(verdict.event, "NodeMaintenanceStart");
    CHECK_INT(verdict.next_ms, 500);
    CHECK(at_step("failover", "{\"outage\":500}", 1));
    CHECK_TEXT(verdict.event, "NodeMaintenanceFailover");
    CHECK(!verdict.cut);
    CHECK_INT(verdict.next_ms, -1);
    CHECK(aftermath("failover", "{\"readonly\":1000}", 999, FAULT_AT_REQUEST, true));
    CHECK_TEXT(verdict.error, "READONLY You can't write against a read only replica.");
    CHECK(!aftermath("failover", "{\"readonly\":1000}", 999, FAULT_AT_REQUEST, false));
    CHECK(!aftermath("failover", "{\"readonly\":1000}", 1000, FAULT_AT_REQUEST, true));
    CHECK(aftermath("failover", "{\"outage\":500}", 499, FAULT_AT_CONNECT, false));
    CHECK_INT(verdict.ending, FAULT_CLOSES);
    CHECK(!aftermath("failover", "{\"outage\":500}", 500, FAULT_AT_CONNECT, false));
}

TEST(maintenance_is_announced_in_azures_order)
{
    static const struct {
        const char *event;
        int64_t starts_ms, next_ms;
        bool cut;
    } steps[] = {
        {"NodeMaintenanceScheduled", 840000, 820000, false},
        {"NodeMaintenanceStarting", 20000, 20000, false},
        {"NodeMaintenanceStart", -1, 1000, false},
        {NULL, -1, 10000, true},
        {"NodeMaintenanceFailover", -1, 169000, false},
        {"NodeMaintenanceEnded", -1, -1, false},
    };
    for (unsigned i = 0; i < ARRAY_LEN(steps); i++) {
        CHECK(at_step("maintenance", "{}", i));
        CHECK((verdict.event == NULL) == (steps[i].event == NULL));
        if (steps[i].event != NULL) {
            CHECK_TEXT(verdict.event, steps[i].event);
        }
        CHECK_INT(verdict.event_starts_ms, steps[i].starts_ms);
        CHECK_INT(verdict.next_ms, steps[i].next_ms);
        CHECK_INT(verdict.cut, steps[i].cut);
    }
    CHECK(!at_step("maintenance", "{}", ARRAY_LEN(steps)));
    CHECK(at_step("maintenance", "{\"notice\":\"30s\"}", 0));
    CHECK_TEXT(verdict.event, "NodeMaintenanceStarting");
    CHECK(at_step("maintenance", "{\"notice\":\"0s\"}", 0));
    CHECK_TEXT(verdict.event, "NodeMaintenanceStart");
    CHECK(!aftermath("maintenance", "{}", 840999, FAULT_AT_REQUEST, true));
    CHECK(aftermath("maintenance", "{}", 841000, FAULT_AT_REQUEST, true));
    CHECK(!aftermath("maintenance", "{}", 842000, FAULT_AT_REQUEST, true));
}

TEST(reboot_of_all_nodes_loses_data_and_of_a_replica_nothing)
{
    CHECK(at_step("reboot", "{\"rebootType\":\"AllNodes\"}", 0));
    CHECK(verdict.cut && verdict.lose_data && !verdict.promote);
    CHECK(at_step("reboot", "{\"rebootType\":\"PrimaryNode\"}", 0));
    CHECK(verdict.cut && !verdict.lose_data && verdict.promote);
    CHECK(at_step("reboot", "{\"rebootType\":\"SecondaryNode\"}", 0));
    CHECK(!verdict.cut && !verdict.lose_data && verdict.event_replica);
    CHECK(!aftermath("reboot", "{\"rebootType\":\"SecondaryNode\"}", 0, FAULT_AT_CONNECT, false));
    CHECK(aftermath("reboot", "{}", 9999, FAULT_AT_CONNECT, false));
    CHECK(!at_step("reboot", "{\"rebootType\":\"Both\"}", 0));
}

TEST(scale_and_key_rotation)
{
    CHECK(at_step("scale", "{}", 0));
    CHECK(verdict.cut && verdict.event == NULL);
    CHECK(at_step("scale", "{}", 1));
    CHECK_TEXT(verdict.event, "NodeMaintenanceScaleComplete");
    CHECK(at_step("key_rotation", "{\"keyType\":\"Secondary\",\"disconnect\":false}", 0));
    CHECK_TEXT(verdict.rotate_key, "Secondary");
    CHECK(!verdict.cut);
    CHECK(at_step("key_rotation", "{}", 0));
    CHECK_TEXT(verdict.rotate_key, "Primary");
    CHECK(verdict.cut);
}

/* ---- TLS, DNS, operations ---- */

TEST(handshakes)
{
    static const struct {
        const char *type;
        enum fault_certificate certificate;
    } kinds[] = {
        {"expired_certificate", FAULT_EXPIRED_CERTIFICATE},
        {"future_certificate", FAULT_FUTURE_CERTIFICATE},
        {"wrong_host", FAULT_OTHER_HOSTS_CERTIFICATE},
        {"unknown_authority", FAULT_FOREIGN_CERTIFICATE},
        {"renewed_certificate", FAULT_RENEWED_CERTIFICATE},
    };
    const struct fault_subject hello = {.plane = FAULT_TLS, .moment = FAULT_AT_CONNECT};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        CHECK(fixture_decide(kinds[i].type, FAULT_TLS, "{}", &hello, &verdict));
        CHECK_INT(verdict.certificate, kinds[i].certificate);
    }
    CHECK(fixture_decide("weak_protocol", FAULT_TLS, "{}", &hello, &verdict));
    CHECK_INT(verdict.tls_maximum, TLS_1_1);
    CHECK(fixture_decide("weak_protocol", FAULT_TLS, "{\"version\":\"1.0\"}", &hello, &verdict));
    CHECK_INT(verdict.tls_maximum, TLS_1_0);
    CHECK(fixture_decide("stalled_handshake", FAULT_TLS, "{}", &hello, &verdict));
    CHECK(verdict.stall_handshake);
}

TEST(names)
{
    const struct fault_subject query = {.plane = FAULT_DNS, .moment = FAULT_AT_REQUEST};
    CHECK(fixture_decide("nxdomain", FAULT_DNS, "{}", &query, &verdict));
    CHECK(verdict.no_such_name);
    CHECK(fixture_decide("timeout", FAULT_DNS, "{}", &query, &verdict));
    CHECK(verdict.silent && !verdict.blocked);
    CHECK(fixture_decide("old_address", FAULT_DNS, "{}", &query, &verdict));
    CHECK_TEXT(verdict.address, "192.0.2.1");
    CHECK(fixture_decide("old_address", FAULT_DNS, "{\"to\":\"10.1.2.3\"}", &query, &verdict));
    CHECK_TEXT(verdict.address, "10.1.2.3");
}

static bool on_operation(const char *type, const char *attributes, const char *name, bool postponed)
{
    struct fault_subject subject = {
        .plane = FAULT_OPERATION,
        .moment = FAULT_AT_DUE,
        .duration_ms = 60000,
        .postponed = postponed,
    };
    subject.values[FAULT_KEY_OPERATION] = bytes_from_string(name);
    subject.values[FAULT_KEY_RESOURCE] = BYTES("/subscriptions/s/providers/p/redis/c1");
    subject.values[FAULT_KEY_LOCATION] = BYTES("eastus");
    return fixture_decide(type, FAULT_OPERATION, attributes, &subject, &verdict);
}

TEST(operations_fail_stick_and_take_long)
{
    CHECK(on_operation("fail", "{}", "Microsoft.Cache/redis/write", false));
    CHECK(verdict.fails);
    CHECK_TEXT(verdict.code, "InternalServerError");
    CHECK_TEXT(verdict.message, "Something went wrong.");
    CHECK(
        on_operation("fail", "{\"code\":\"X\",\"message\":\"{name} in {location}\"}", "a", false));
    CHECK_TEXT(verdict.code, "X");
    CHECK_TEXT(verdict.message, "c1 in eastus");
    CHECK(on_operation("capacity_failed", "{}", "a", false));
    CHECK_TEXT(verdict.code, "InsufficientCapacity");
    CHECK(on_operation("provisioning_failed", "{}", "a", false));
    CHECK_TEXT(verdict.code, "ResourceOperationFailure");
    CHECK(on_operation("deletion_failed", "{}", "Microsoft.Cache/Redis/delete", false));
    CHECK(!on_operation("deletion_failed", "{}", "Microsoft.Cache/Redis/write", false));
    CHECK(on_operation("stuck", "{}", "a", false));
    CHECK_INT(verdict.later_ms, FAULT_FOR_EVER);
    CHECK(!verdict.quiet);
    CHECK(on_operation("stuck", "{}", "a", true) && verdict.quiet);
    CHECK(on_operation("slow", "{\"factor\":3}", "a", false));
    CHECK_INT(verdict.later_ms, 120000);
    CHECK(on_operation("slow", "{\"delay\":\"10m\"}", "a", false));
    CHECK_INT(verdict.later_ms, 600000);
    CHECK(!on_operation("slow", "{\"factor\":3}", "a", true));
    CHECK(on_operation("lost", "{}", "a", false));
    CHECK_INT(verdict.status, 404);
}

static const struct test_case cases[] = {
    CASE(latency_delays_streams_and_requests),
    CASE(bandwidth_is_in_kilobytes_a_second),
    CASE(slicer_cuts_into_pieces),
    CASE(slow_close_and_limit_and_down),
    CASE(timeout_holds_then_closes),
    CASE(reset_peer_resets),
    CASE(errors_are_redis_own),
    CASE(error_is_any_text_with_parts_of_the_command),
    CASE(moved_names_the_slot_of_the_key),
    CASE(max_clients_turns_away),
    CASE(wrong_replies_in_every_shape),
    CASE(dropped_reply_runs_the_command),
    CASE(stale_read_counts_reads_only),
    CASE(memory_and_expiry),
    CASE(failover_cuts_promotes_and_is_read_only_for_a_while),
    CASE(maintenance_is_announced_in_azures_order),
    CASE(reboot_of_all_nodes_loses_data_and_of_a_replica_nothing),
    CASE(scale_and_key_rotation),
    CASE(handshakes),
    CASE(names),
    CASE(operations_fail_stick_and_take_long),
};

TEST_MAIN(cases)

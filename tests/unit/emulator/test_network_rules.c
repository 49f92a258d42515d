/* Firewall rules, public access and private endpoints. */
#include "emulator/network_rules.h"

#include "tests/support/test.h"

static bool welcome(const struct network_rules *rules, const char *peer, const char *local)
{
    return network_rules_refusal(rules, bytes_from_string(peer), bytes_from_string(local)) == NULL;
}

TEST(without_rules_everyone_is_welcome)
{
    struct network_rules rules = {0};
    const struct arm_cache cache = {.public_network_access = true};
    CHECK(!network_rules_set(&rules, &cache));
    CHECK(welcome(&rules, "127.0.0.1:50000", "127.0.0.1:6380"));
    CHECK(welcome(&rules, "[fe80::1]:50000", "[::1]:6380"));
    network_rules_finish(&rules);
}

TEST(rules_admit_their_ranges_with_both_ends)
{
    static const struct arm_address_range ranges[] = {{0x7f000005, 0x7f000007},
                                                      {0x0a000000, 0x0a0000ff}};
    struct network_rules rules = {0};
    const struct arm_cache cache = {
        .public_network_access = true, .firewall = ranges, .firewall_count = 2};
    network_rules_set(&rules, &cache);
    CHECK(!welcome(&rules, "127.0.0.4:50000", "127.0.0.1:6380"));
    CHECK(welcome(&rules, "127.0.0.5:50000", "127.0.0.1:6380"));
    CHECK(welcome(&rules, "127.0.0.7:50000", "127.0.0.1:6380"));
    CHECK(!welcome(&rules, "127.0.0.8:50000", "127.0.0.1:6380"));
    CHECK(welcome(&rules, "10.0.0.77:50000", "10.0.0.1:6380"));
    CHECK(welcome(&rules, "[::ffff:10.0.0.77]:50000", "[::]:6380"));
    CHECK(!welcome(&rules, "[2001:db8::1]:50000", "[::]:6380"));
    CHECK(!welcome(&rules, "", ""));
    network_rules_finish(&rules);
}

TEST(this_machine_is_one_address_under_both_families)
{
    static const struct arm_address_range here = {0x7f000001, 0x7f000001};
    struct network_rules rules = {0};
    const struct arm_cache cache = {
        .public_network_access = true, .firewall = &here, .firewall_count = 1};
    network_rules_set(&rules, &cache);
    CHECK(welcome(&rules, "[::1]:50000", "[::1]:6380"));
    CHECK(welcome(&rules, "127.0.0.1:50000", "127.0.0.1:6380"));
    network_rules_finish(&rules);
}

TEST(a_private_endpoint_is_open_in_spite_of_all)
{
    static const struct arm_address_range elsewhere = {0xcb007100, 0xcb0071ff};
    const struct bytes addresses[] = {BYTES("127.0.0.5"), BYTES("127.0.0.6")};
    struct network_rules rules = {0};
    struct arm_cache cache = {.firewall = &elsewhere,
                              .firewall_count = 1,
                              .private_addresses = addresses,
                              .private_address_count = 1};
    CHECK(network_rules_set(&rules, &cache));
    CHECK(!network_rules_set(&rules, &cache));
    CHECK(welcome(&rules, "127.0.0.1:50000", "127.0.0.5:6380"));
    CHECK(!welcome(&rules, "127.0.0.1:50000", "127.0.0.6:6380"));
    CHECK(!welcome(&rules, "127.0.0.1:50000", "127.0.0.1:6380"));
    cache.private_address_count = 2;
    CHECK(network_rules_set(&rules, &cache));
    CHECK(welcome(&rules, "127.0.0.1:50000", "127.0.0.6:6380"));
    char text[16];
    network_address_format(rules.private_addresses[1], text);
    CHECK_TEXT(text, "127.0.0.6");
    network_rules_finish(&rules);
}

static const struct test_case cases[] = {
    CASE(without_rules_everyone_is_welcome),
    CASE(rules_admit_their_ranges_with_both_ends),
    CASE(this_machine_is_one_address_under_both_families),
    CASE(a_private_endpoint_is_open_in_spite_of_all),
};

TEST_MAIN(cases)

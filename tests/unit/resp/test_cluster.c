/* Hash slots, and whose they are. */
#include "resp/cluster.h"

#include "tests/support/test.h"

TEST(slots_are_those_of_redis)
{
    /* CRC16 of the check string is 0x31c3. */
    CHECK_INT(cluster_slot(BYTES("123456789")), 0x31c3 % CLUSTER_SLOTS);
    CHECK_INT(cluster_slot(BYTES("foo")), 12182);
    CHECK_INT(cluster_slot(BYTES("")), 0);
    /* What stands between the first braces counts, if anything does. */
    CHECK_INT(cluster_slot(BYTES("{foo}.bar")), 12182);
    CHECK_INT(cluster_slot(BYTES("a{foo}b{bar}")), 12182);
    CHECK(cluster_slot(BYTES("{}foo")) != cluster_slot(BYTES("")));
    CHECK(cluster_slot(BYTES("{foo")) != 12182);
}

TEST(every_slot_has_one_owner_and_shares_are_even)
{
    struct random random;
    random_init(&random, 1);
    for (int count = 1; count <= 30; count++) {
        struct cluster *cluster = cluster_create(BYTES("127.0.0.1"), count, &random);
        int next = 0;
        for (int i = 0; i < count; i++) {
            const struct cluster_shard *node = &cluster->shards[i];
            int first = 0, last;
            CHECK(cluster_next_range(cluster, node, &first, &last));
            CHECK_INT(first, next);
            int share = last - first + 1;
            CHECK(share >= CLUSTER_SLOTS / count && share <= CLUSTER_SLOTS / count + 1);
            CHECK(cluster_owner(cluster, first) == node && cluster_owner(cluster, last) == node);
            next = first = last + 1;
            CHECK(!cluster_next_range(cluster, node, &first, &last));
        }
        CHECK_INT(next, CLUSTER_SLOTS);
        cluster_destroy(cluster);
    }
}

static const struct test_case cases[] = {
    CASE(slots_are_those_of_redis),
    CASE(every_slot_has_one_owner_and_shares_are_even),
};

TEST_MAIN(cases)

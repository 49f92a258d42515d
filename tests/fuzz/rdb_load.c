/* A dump from anywhere: loaded whole or refused, never half, never past its end. */
#include <assert.h>

#include "resp/rdb.h"
#include "resp/keyspace.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct instance_config config = {
        .name = BYTES("fuzz"),
        .profile = PROFILE_REDIS,
        .version = BYTES("7.0.15"),
        .databases = 4,
        .max_memory_policy = BYTES("noeviction"),
    };
    struct random random;
    random_init(&random, 1);
    struct clock *clock = clock_create(NULL, NULL);
    clock_freeze(clock);
    struct instance *instance = instance_create(&config, clock, &random);
    struct buf error;
    buf_init(&error, 1024);
    bool loaded = rdb_load(instance, (struct bytes){(const char *)data, size}, &error);
    assert(loaded == (error.size == 0));
    for (int i = 0; i < 4 && !loaded; i++) {
        assert(keyspace_count(instance_database(instance, i)) == 0);
    }
    buf_finish(&error);
    instance_destroy(instance);
    clock_destroy(clock);
    return 0;
}

/*
 * A whole session with a frozen clock: the first byte picks profile and splitting, the rest is what
 * a client sends. Fed whole or in pieces, the answer must be the same.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "resp/session.h"
#include "tests/fuzz/fuzz.h"

struct run {
    struct random random;
    struct clock *clock;
    struct instance *instance;
    struct session *session;
    struct buf refusal;
};

static int64_t fixed_time(void *context)
{
    (void)context;
    return (int64_t)1700000000 * 1000000;
}

static void start(struct run *run, bool open)
{
    const struct instance_config config = {
        .name = BYTES("fuzz"),
        .profile = open ? PROFILE_REDIS : PROFILE_AZURE,
        .version = open ? BYTES("7.0.15") : BYTES("6.0.14"),
        .databases = 4,
        .max_memory = (uint64_t)64 << 20,
        .max_memory_policy = BYTES("noeviction"),
    };
    const struct session_peer peer = {.address = BYTES("127.0.0.1:1"),
                                      .local_address = BYTES("127.0.0.1:2")};
    const struct session_host host = {0};
    random_init(&run->random, 1);
    run->clock = clock_create(fixed_time, NULL);
    clock_freeze(run->clock);
    run->instance = instance_create(&config, run->clock, &run->random);
    if (!open) {
        instance_set_keys(run->instance, BYTES("k"), BYTES("l"));
    }
    buf_init(&run->refusal, 1024);
    run->session = session_create(run->instance, &peer, &host, &run->refusal);
}

static void finish(struct run *run)
{
    session_destroy(run->session);
    instance_destroy(run->instance);
    clock_destroy(run->clock);
    buf_finish(&run->refusal);
}

static void play(struct run *run, struct bytes input, size_t piece)
{
    while (input.size > 0) {
        struct bytes part = bytes_slice(input, 0, piece);
        input = bytes_slice(input, part.size, input.size);
        /* A copy of its own, so that a borrow that outlives its step is seen. */
        char *copy = memory_allocate(part.size);
        memcpy(copy, part.data, part.size);
        session_feed(run->session, (struct bytes){copy, part.size});
        enum session_step step;
        while ((step = session_next(run->session)) == SESSION_COMMAND) {
            session_run(run->session);
        }
        memory_free(copy);
        if (step == SESSION_CLOSED) {
            return;
        }
    }
}

/* Figures of the process and of buffers differ between two runs of the same input. */
static bool comparable(struct bytes input)
{
    static const char *const words[] = {"info", "client", "memory"};
    for (size_t word = 0; word < ARRAY_LEN(words); word++) {
        size_t size = strlen(words[word]);
        for (size_t i = 0; i + size <= input.size; i++) {
            if (bytes_equal_string_nocase(bytes_slice(input, i, i + size), words[word])) {
                return false;
            }
        }
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    bool open = (data[0] & 1) != 0;
    size_t piece = 1 + (data[0] >> 1) % 17;
    struct bytes input = {(const char *)data + 1, size - 1};
    struct run whole, parts;
    start(&whole, open);
    start(&parts, open);
    play(&whole, input, SIZE_MAX);
    play(&parts, input, piece);
    if (comparable(input)) {
        assert(bytes_equal(session_output(whole.session), session_output(parts.session)));
    }
    finish(&whole);
    finish(&parts);
    return 0;
}

/* Shapes the two streams of a connection by the verdict of a fault. */
#include "emulator/connection_shaper.h"

#include <string.h>

enum {
    HELD_INPUT = 1024 * 1024, /* then nothing more is read */
    SLICES_PER_SECOND = 20,   /* in which a limited stream moves */
};
#define NEVER INT64_MAX

/* Bytes that are to pass at a time. */
struct piece {
    struct piece *next;
    int64_t due_us;
    size_t size;
    char data[];
};

struct stream {
    struct shaper *shaper;
    struct piece *first, **last;
    size_t held;
    int64_t ready_us;  /* when the last of them is through */
    int64_t passed;    /* bytes taken in, for the limit */
    bool shaped, over; /* over: past the limit */
    struct timer timer;
};

struct shaper {
    struct connection *connection;
    struct fault_verdict verdict;
    struct stream output, input;
    struct timer ending, closing;
    bool input_ended;               /* the peer said so, behind what is held */
    bool close_asked, close_passed; /* slow_close */
};

static struct clock *clock_of(const struct shaper *shaper)
{
    return shaper->connection->group->loop->clock;
}

static int64_t now_us(const struct shaper *shaper)
{
    return clock_now_ms(clock_of(shaper)) * 1000;
}

/* ---- Letting pass ---- */

static void pass(struct stream *stream, const struct piece *piece)
{
    struct connection *connection = stream->shaper->connection;
    struct bytes data = {piece->data, piece->size};

    if (stream == &stream->shaper->output) {
        connection_write_raw(connection, data);
    } else if (connection->phase <= CONNECTION_OPEN) {
        connection_take(connection, data);
    }
}

static struct piece *take_first(struct stream *stream)
{
    struct piece *piece = stream->first;

    stream->first = piece->next;
    if (stream->first == NULL) {
        stream->last = &stream->first;
    }
    stream->held -= piece->size;
    return piece;
}

static void after_input(struct shaper *shaper)
{
    struct connection *connection = shaper->connection;

    if (shaper->input.held < HELD_INPUT / 2) {
        connection_throttle(connection, false);
    }
    if (shaper->input.first == NULL && shaper->input_ended) {
        shaper->input_ended = false;
        connection_end_of_input(connection);
    }
}

static void over_the_limit(struct shaper *shaper)
{
    connection_close_now(shaper->connection, 0);
}

/*
 * Everything that is due. Senders are told of room only by the clock, not while they send: they are
 * in the middle of it.
 */
static void pump(struct stream *stream, bool sending)
{
    struct shaper *shaper = stream->shaper;
    struct connection *connection = shaper->connection;
    int64_t now = now_us(shaper);

    /* What passes may end the connection, or take the fault away, and the shaper with it. */
    while (connection->phase != CONNECTION_CLOSED && connection->shaper == shaper &&
           stream->first != NULL && stream->first->due_us <= now) {
        struct piece *piece = take_first(stream);
        pass(stream, piece);
        memory_free(piece);
    }
    if (connection->shaper != shaper || connection->phase == CONNECTION_CLOSED) {
        return;
    }
    if (stream->first != NULL && stream->first->due_us != NEVER) {
        clock_arm(clock_of(shaper), &stream->timer, (stream->first->due_us + 999) / 1000);
    }
    if (stream->first == NULL && stream->over) {
        over_the_limit(shaper);
    } else if (stream == &shaper->input) {
        after_input(shaper);
    } else if (!sending) {
        connection_flushed(connection);
    }
}

static void piece_due(struct timer *timer)
{
    pump(CONTAINER_OF(timer, struct stream, timer), false);
}

/* ---- Holding ---- */

static void push(struct stream *stream, struct bytes data, int64_t due_us)
{
    struct piece *piece = memory_allocate(sizeof(*piece) + data.size);

    *piece = (struct piece){.due_us = due_us, .size = data.size};
    memcpy(piece->data, data.data, data.size);
    *stream->last = piece;
    stream->last = &piece->next;
    stream->held += data.size;
}

static size_t next_size(struct shaper *shaper, size_t size)
{
    const struct fault_verdict *verdict = &shaper->verdict;
    size_t most = size;

    if (verdict->bytes_per_second > 0) {
        most = (size_t)(verdict->bytes_per_second / SLICES_PER_SECOND);
    }
    if (verdict->slice_size > 0) {
        int64_t variation = verdict->slice_variation;
        most = (size_t)(verdict->slice_size - variation);
        if (variation > 0) {
            most += random_below(faults_random(shaper->connection->group->faults),
                                 2 * (uint64_t)variation + 1);
        }
    }
    most = most == 0 ? 1 : most;
    return size < most ? size : most;
}

static int64_t latency_us(struct shaper *shaper)
{
    const struct fault_verdict *verdict = &shaper->verdict;
    int64_t latency_ms = verdict->delay_ms;

    if (verdict->jitter_ms > 0) {
        latency_ms += (int64_t)random_below(faults_random(shaper->connection->group->faults),
                                            2 * (uint64_t)verdict->jitter_ms + 1) -
                      verdict->jitter_ms;
    }
    return latency_ms > 0 ? latency_ms * 1000 : 0;
}

static struct bytes within_limit(struct stream *stream, struct bytes data)
{
    int64_t limit = stream->shaper->verdict.byte_limit;

    if (limit >= 0) {
        int64_t left = limit - stream->passed;
        stream->over = (int64_t)data.size >= left;
        data = bytes_slice(data, 0, left > 0 ? (size_t)left : 0);
        stream->passed += (int64_t)data.size;
    }
    return data;
}

static void hold(struct stream *stream, struct bytes data)
{
    struct shaper *shaper = stream->shaper;
    const struct fault_verdict *verdict = &shaper->verdict;
    int64_t now = now_us(shaper);

    if (stream->over) {
        return;
    }
    data = within_limit(stream, data);
    while (data.size > 0) {
        struct bytes part = bytes_slice(data, 0, next_size(shaper, data.size));
        int64_t through_us = stream->ready_us > now ? stream->ready_us : now;
        data = bytes_slice(data, part.size, data.size);
        if (verdict->bytes_per_second > 0) {
            through_us += (int64_t)((double)part.size * 1e6 / verdict->bytes_per_second);
        }
        stream->ready_us = through_us + verdict->slice_pause_us;
        int64_t due_us = through_us + latency_us(shaper);
        push(stream, part, verdict->blocked ? NEVER : due_us);
    }
    pump(stream, true);
}

bool connection_shaper_hold_output(struct connection *connection, struct bytes data)
{
    struct shaper *shaper = connection->shaper;

    if (shaper == NULL || !shaper->output.shaped) {
        return false;
    }
    hold(&shaper->output, data);
    return true;
}

bool connection_shaper_hold_input(struct connection *connection, struct bytes data)
{
    struct shaper *shaper = connection->shaper;

    if (shaper == NULL || !shaper->input.shaped) {
        return false;
    }
    hold(&shaper->input, data);
    if (connection->shaper == shaper && shaper->input.held > HELD_INPUT) {
        connection_throttle(connection, true);
    }
    return true;
}

bool connection_shaper_hold_end(struct connection *connection)
{
    struct shaper *shaper = connection->shaper;

    if (shaper == NULL || shaper->input.first == NULL) {
        return false;
    }
    shaper->input_ended = true;
    return true;
}

static void close_delay_over(struct timer *timer)
{
    struct shaper *shaper = CONTAINER_OF(timer, struct shaper, closing);
    shaper->close_passed = true;
    connection_flushed(shaper->connection);
}

bool connection_shaper_hold_close(struct connection *connection)
{
    struct shaper *shaper = connection->shaper;

    if (shaper == NULL || shaper->verdict.close_delay_ms == 0 || shaper->close_passed) {
        return false;
    }
    if (!shaper->close_asked) {
        shaper->close_asked = true;
        shaper->closing.fire = close_delay_over;
        clock_arm(clock_of(shaper), &shaper->closing,
                  clock_now_ms(clock_of(shaper)) + shaper->verdict.close_delay_ms);
    }
    return true;
}

size_t connection_shaper_held(const struct connection *connection)
{
    return connection->shaper == NULL ? 0 : connection->shaper->output.held;
}

/* ---- Shapers ---- */

static void free_pieces(struct stream *stream)
{
    while (stream->first != NULL) {
        memory_free(take_first(stream));
    }
}

static void destroy(struct shaper *shaper)
{
    struct clock *clock = clock_of(shaper);

    clock_disarm(clock, &shaper->output.timer);
    clock_disarm(clock, &shaper->input.timer);
    clock_disarm(clock, &shaper->ending);
    clock_disarm(clock, &shaper->closing);
    free_pieces(&shaper->output);
    free_pieces(&shaper->input);
    memory_free(shaper);
}

void connection_shaper_finish(struct connection *connection)
{
    if (connection->shaper != NULL) {
        destroy(connection->shaper);
        connection->shaper = NULL;
    }
}

void connection_shaper_release(struct connection *connection)
{
    struct shaper *shaper = connection->shaper;
    bool ended = shaper->input_ended, closing = shaper->close_asked && !shaper->close_passed;

    connection->shaper = NULL;
    for (size_t i = 0; i < 2; i++) {
        struct stream *stream = i == 0 ? &shaper->output : &shaper->input;
        while (stream->first != NULL && connection->phase != CONNECTION_CLOSED) {
            struct piece *piece = take_first(stream);
            pass(stream, piece);
            memory_free(piece);
        }
    }
    destroy(shaper);
    connection_throttle(connection, false);
    if (ended) {
        connection_end_of_input(connection);
    }
    if (closing || connection->phase >= CONNECTION_OPEN) {
        connection_flushed(connection);
    }
}

static void ending_came(struct timer *timer)
{
    struct shaper *shaper = CONTAINER_OF(timer, struct shaper, ending);

    if (shaper->verdict.ending == FAULT_RESETS) {
        connection_abort(shaper->connection);
    } else {
        connection_close_now(shaper->connection, 0);
    }
}

static void init_stream(struct stream *stream, struct shaper *shaper, bool shaped)
{
    stream->shaper = shaper;
    stream->last = &stream->first;
    stream->shaped = shaped;
    stream->timer.fire = piece_due;
}

void connection_shaper_begin(struct connection *connection, const struct fault_verdict *verdict)
{
    if (verdict->down || (verdict->ending == FAULT_RESETS && verdict->ending_ms == 0)) {
        connection_abort(connection);
        return;
    }
    struct shaper *shaper = memory_allocate_zeroed(sizeof(*shaper));
    bool bytes = verdict->blocked || verdict->delay_ms > 0 || verdict->jitter_ms > 0 ||
                 verdict->bytes_per_second > 0 || verdict->slice_size > 0 ||
                 verdict->byte_limit >= 0;
    shaper->connection = connection;
    shaper->verdict = *verdict;
    init_stream(&shaper->output, shaper, bytes && verdict->direction != FAULT_UPSTREAM);
    init_stream(&shaper->input, shaper, bytes && verdict->direction != FAULT_DOWNSTREAM);
    shaper->ending.fire = ending_came;
    if (verdict->ending != FAULT_GOES_ON && verdict->ending_ms != FAULT_FOR_EVER) {
        clock_arm(clock_of(shaper), &shaper->ending,
                  clock_now_ms(clock_of(shaper)) + verdict->ending_ms);
    }
    connection->shaper = shaper;
}

uint64_t connection_shaper_serial(const struct connection *connection)
{
    return connection->shaper == NULL ? 0 : connection->shaper->verdict.serial;
}

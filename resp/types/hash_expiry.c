/* When fields of hashes expire. */
#include "resp/types/hash_expiry.h"

#include <assert.h>

struct hash_expiry {
    struct value_schedule schedule;
    struct dict fields;     /* of a table: field -> struct deadline */
    struct deadlines order; /* the same by time */
};

static void begin(struct hash_body *body)
{
    body->expiry = memory_allocate_zeroed(sizeof(*body->expiry));
    dict_init(&body->expiry->fields, sizeof(struct deadline), NULL, body->random);
}

void hash_expiry_begin(struct hash *hash, struct random *random)
{
    struct hash_body *body = hash_obtain_body(hash, random);
    struct listpack *pack = body->pack;
    char digits[LISTPACK_DIGITS];
    if (body->expiry != NULL) {
        return;
    }
    begin(body);
    if (pack == NULL) {
        return;
    }
    body->pack = listpack_create();
    for (size_t at = listpack_first(pack); at != 0; at = listpack_next(pack, at)) {
        body->pack = listpack_append(body->pack, listpack_get(pack, at, digits));
        at = listpack_next(pack, at);
        body->pack = listpack_append(body->pack, listpack_get(pack, at, digits));
        body->pack = listpack_append_integer(body->pack, 0);
    }
    memory_free(pack);
}

void hash_expiry_destroy(struct hash_expiry *expiry)
{
    if (expiry != NULL) {
        dict_finish(&expiry->fields);
        deadlines_finish(&expiry->order);
        memory_free(expiry);
    }
}

size_t hash_expiry_memory(const struct hash_expiry *expiry)
{
    return memory_size(expiry) + dict_memory(&expiry->fields) + deadlines_memory(&expiry->order);
}

/* ---- A table's times ---- */

void hash_expiry_book(struct hash_body *body, struct bytes field, int64_t at_ms)
{
    struct hash_expiry *expiry = body->expiry;
    bool created;
    if (at_ms != HASH_NO_EXPIRY) {
        deadlines_set(&expiry->order, dict_insert(&expiry->fields, field, &created), at_ms);
        return;
    }
    struct deadline *deadline = dict_find(&expiry->fields, field);
    if (deadline != NULL) {
        deadlines_remove(&expiry->order, deadline);
        dict_remove_payload(&expiry->fields, deadline);
    }
}

void hash_expiry_copy(struct hash_body *to, const struct hash_body *from)
{
    struct dict *fields = &from->expiry->fields;
    const struct deadline *deadline;
    begin(to);
    for (struct dict_cursor cursor = dict_begin(fields); (deadline = dict_next(&cursor)) != NULL;) {
        hash_expiry_book(to, dict_key(fields, deadline), deadline->at_ms);
    }
}

/* ---- A pack's times ---- */

int64_t hash_expiry_read(const struct listpack *pack, size_t position)
{
    int64_t at_ms = 0;
    listpack_get_integer(pack, position, &at_ms);
    return at_ms == 0 ? HASH_NO_EXPIRY : at_ms;
}

static size_t find(const struct listpack *pack, struct bytes field)
{
    size_t first = listpack_first(pack);
    return first == 0 ? 0 : listpack_find(pack, first, field, 2);
}

static size_t time_of(const struct listpack *pack, size_t field_at)
{
    return listpack_next(pack, listpack_next(pack, field_at));
}

/* Before which field one that expires then belongs; 0: at the end. */
static size_t place_for(const struct listpack *pack, int64_t at_ms)
{
    size_t at = at_ms == HASH_NO_EXPIRY ? 0 : listpack_first(pack);
    while (at != 0) {
        size_t time_at = time_of(pack, at);
        int64_t present_ms = hash_expiry_read(pack, time_at);
        if (present_ms == HASH_NO_EXPIRY || present_ms >= at_ms) {
            break;
        }
        at = listpack_next(pack, time_at);
    }
    return at;
}

static struct bytes copied(struct buf *buf, struct bytes text)
{
    buf_init(buf, SIZE_MAX);
    buf_append(buf, text);
    return buf_bytes(buf);
}

static void move(struct hash_body *body, struct bytes wanted, int64_t at_ms)
{
    struct listpack *pack = body->pack;
    char digits[LISTPACK_DIGITS];
    size_t at = find(pack, wanted);
    struct buf field_text, value_text; /* what they are now goes with the move */
    struct bytes field = copied(&field_text, wanted);
    struct bytes value = copied(&value_text, listpack_get(pack, listpack_next(pack, at), digits));
    struct bytes time = {digits, int64_to_digits(at_ms == HASH_NO_EXPIRY ? 0 : at_ms, digits)};
    pack = listpack_remove(pack, at, 3, NULL);
    at = place_for(pack, at_ms);
    if (at == 0) {
        pack = listpack_append(listpack_append(listpack_append(pack, field), value), time);
    } else {
        /* Each in front of the one behind it. */
        pack = listpack_insert(pack, at, time, &at);
        pack = listpack_insert(pack, at, value, &at);
        pack = listpack_insert(pack, at, field, NULL);
    }
    body->pack = pack;
    buf_finish(&field_text);
    buf_finish(&value_text);
}

/* ---- Both ---- */

static int64_t expiry_of(const struct hash_body *body, struct bytes field)
{
    if (body->pack != NULL) {
        size_t at = find(body->pack, field);
        return at == 0 ? HASH_NO_EXPIRY : hash_expiry_read(body->pack, time_of(body->pack, at));
    }
    const struct deadline *deadline = dict_find(&body->expiry->fields, field);
    return deadline == NULL ? HASH_NO_EXPIRY : deadline->at_ms;
}

/* NULL: no field of it was ever to expire. */
static struct hash_body *body_with_times(const struct hash *hash)
{
    struct hash_body *body = hash_body(hash);
    return body != NULL && body->expiry != NULL ? body : NULL;
}

int64_t hash_field_expiry(const struct hash *hash, struct bytes field)
{
    const struct hash_body *body = body_with_times(hash);
    return body == NULL ? HASH_NO_EXPIRY : expiry_of(body, field);
}

void hash_set_expiry(struct hash *hash, struct bytes field, int64_t at_ms)
{
    struct hash_body *body = body_with_times(hash);
    assert(body != NULL);
    if (body->pack == NULL) {
        hash_expiry_book(body, field, at_ms);
    } else if (at_ms != HASH_NO_EXPIRY || expiry_of(body, field) != HASH_NO_EXPIRY) {
        move(body, field, at_ms);
    }
}

bool hash_next_expiry(const struct hash *hash, int64_t *at_ms)
{
    const struct hash_body *body = body_with_times(hash);
    if (body == NULL) {
        return false;
    }
    if (body->pack == NULL) {
        const struct deadline *first = deadlines_first(&body->expiry->order);
        *at_ms = first == NULL ? *at_ms : first->at_ms;
        return first != NULL;
    }
    size_t at = listpack_first(body->pack);
    int64_t first_ms =
        at == 0 ? HASH_NO_EXPIRY : hash_expiry_read(body->pack, time_of(body->pack, at));
    *at_ms = first_ms == HASH_NO_EXPIRY ? *at_ms : first_ms;
    return first_ms != HASH_NO_EXPIRY;
}

/* ---- For the keyspace: `data` is the word ---- */

static struct value_schedule *schedule(const void *data)
{
    const struct hash_body *body = body_with_times(&(struct hash){(void *)data});
    return body == NULL ? NULL : &body->expiry->schedule;
}

static bool next(const void *data, int64_t *at_ms)
{
    return hash_next_expiry(&(struct hash){(void *)data}, at_ms);
}

/* A hash with times has a body, so that its word stays what it is. */
static size_t expire(void *data, int64_t now_ms, size_t *left)
{
    struct hash hash = {data};
    struct hash_body *body = body_with_times(&hash);
    size_t count = hash_count(&hash);
    int64_t at_ms;
    while (hash_next_expiry(&hash, &at_ms) && at_ms <= now_ms) {
        if (body->pack != NULL) {
            body->pack = listpack_remove(body->pack, listpack_first(body->pack), 3, NULL);
            continue;
        }
        struct buf text;
        struct deadline *first = deadlines_first(&body->expiry->order);
        hash_delete(&hash, copied(&text, dict_key(&body->expiry->fields, first)));
        buf_finish(&text);
    }
    *left = hash_count(&hash);
    return count - *left;
}

const struct value_expiry hash_value_expiry = {
    .schedule = schedule,
    .next = next,
    .expire = expire,
    .event_class = 'h',
    .event = "hexpired",
};

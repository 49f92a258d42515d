/* Members: sorted integers, packed, or a table. */
#include "resp/types/set.h"

#include "resp/rdb_writer.h"

struct set *set_create(struct random *random)
{
    return set_from_integers_take(intset_create(), random);
}

struct set *set_from_integers_take(struct intset *integers, struct random *random)
{
    struct set *set = memory_allocate_zeroed(sizeof(*set));
    set->integers = integers;
    set->random = random;
    return set;
}

struct set *set_from_pack_take(struct listpack *pack, struct random *random)
{
    struct set *set = set_from_integers_take(NULL, random);
    set->pack = pack;
    return set;
}

void set_destroy(struct set *set)
{
    if (set == NULL) {
        return;
    }
    memory_free(set->integers);
    memory_free(set->pack);
    if (set->table != NULL) {
        dict_finish(set->table);
        memory_free(set->table);
    }
    memory_free(set);
}

size_t set_count(const struct set *set)
{
    return set->integers != NULL ? intset_count(set->integers)
           : set->pack != NULL   ? listpack_count(set->pack)
                                 : dict_count(set->table);
}

static bool table_add(struct set *set, struct bytes member)
{
    bool created;
    dict_insert(set->table, member, &created);
    return created;
}

static void become_table(struct set *set)
{
    struct set members = *set;
    struct bytes member;
    set->integers = NULL;
    set->pack = NULL;
    set->table = memory_allocate(sizeof(*set->table));
    dict_init(set->table, 0, NULL, set->random);
    for (struct set_cursor cursor = set_begin(&members); set_next(&cursor, &member);) {
        table_add(set, member);
    }
    memory_free(members.integers);
    memory_free(members.pack);
}

static void become_packed(struct set *set)
{
    struct intset *integers = set->integers;
    set->integers = NULL;
    set->pack = listpack_create();
    for (size_t i = 0; i < intset_count(integers); i++) {
        set->pack = listpack_append_integer(set->pack, intset_get(integers, i));
    }
    memory_free(integers);
}

struct set *set_copy(const struct set *set)
{
    if (set->integers != NULL) {
        return set_from_integers_take(intset_copy(set->integers), set->random);
    }
    if (set->pack != NULL) {
        return set_from_pack_take(listpack_copy(set->pack), set->random);
    }
    struct set *copy = set_create(set->random);
    struct bytes member;
    become_table(copy);
    for (struct set_cursor cursor = set_begin(set); set_next(&cursor, &member);) {
        table_add(copy, member);
    }
    return copy;
}

static size_t find_packed(const struct set *set, struct bytes member)
{
    size_t first = listpack_first(set->pack);
    return first == 0 ? 0 : listpack_find(set->pack, first, member, 0);
}

/* There is room for one more, and its text is short enough. */
static bool packs(const struct set *set, struct bytes member, const struct packing_limits *limits)
{
    enum { LONGEST_INTEGER = 20 };
    return set_count(set) < limits->set_entries && member.size <= limits->set_value &&
           (set->integers == NULL || intset_count(set->integers) == 0 ||
            limits->set_value >= LONGEST_INTEGER);
}

bool set_add(struct set *set, struct bytes member, const struct packing_limits *limits)
{
    int64_t number;
    if (set->integers != NULL && bytes_to_int64(member, &number)) {
        bool added;
        set->integers = intset_add(set->integers, number, &added);
        if (added && intset_count(set->integers) > limits->set_intset_entries) {
            become_table(set);
        }
        return added;
    }
    if (set->pack != NULL && find_packed(set, member) != 0) {
        return false;
    }
    bool packed = set->integers != NULL || set->pack != NULL;
    if (packed && packs(set, member, limits)) {
        if (set->integers != NULL) {
            become_packed(set);
        }
        set->pack = listpack_append(set->pack, member);
        return true;
    }
    if (packed) {
        become_table(set);
    }
    return table_add(set, member);
}

bool set_remove(struct set *set, struct bytes member)
{
    int64_t number;
    bool removed = false;
    if (set->pack != NULL) {
        size_t at = find_packed(set, member);
        if (at != 0) {
            set->pack = listpack_remove(set->pack, at, 1, NULL);
        }
        return at != 0;
    }
    if (set->integers == NULL) {
        return dict_remove(set->table, member);
    }
    if (bytes_to_int64(member, &number)) {
        set->integers = intset_remove(set->integers, number, &removed);
    }
    return removed;
}

bool set_contains(const struct set *set, struct bytes member)
{
    int64_t number;
    if (set->pack != NULL) {
        return find_packed(set, member) != 0;
    }
    if (set->integers == NULL) {
        return dict_find(set->table, member) != NULL;
    }
    return bytes_to_int64(member, &number) && intset_contains(set->integers, number);
}

struct set_cursor set_begin(const struct set *set)
{
    struct set_cursor cursor = {.set = (struct set *)set};
    if (set->pack != NULL) {
        cursor.index = listpack_first(set->pack);
    } else if (set->integers == NULL) {
        cursor.cursor = dict_begin(cursor.set->table);
    }
    return cursor;
}

static struct bytes integer_at(const struct set *set, size_t index, char digits[SET_DIGITS])
{
    return (struct bytes){digits, int64_to_digits(intset_get(set->integers, index), digits)};
}

bool set_next(struct set_cursor *cursor, struct bytes *member)
{
    const struct set *set = cursor->set;
    if (set->integers != NULL) {
        if (cursor->index == intset_count(set->integers)) {
            return false;
        }
        *member = integer_at(set, cursor->index++, cursor->digits);
        return true;
    }
    if (set->pack != NULL) {
        if (cursor->index == 0) {
            return false;
        }
        *member = listpack_get(set->pack, cursor->index, cursor->digits);
        cursor->index = listpack_next(set->pack, cursor->index);
        return true;
    }
    const void *payload = dict_next(&cursor->cursor);
    if (payload != NULL) {
        *member = dict_key(set->table, payload);
    }
    return payload != NULL;
}

void set_end(struct set_cursor *cursor)
{
    if (cursor->set->integers == NULL && cursor->set->pack == NULL) {
        dict_end(&cursor->cursor);
    }
}

struct scan {
    void (*visit)(void *context, struct bytes member);
    void *context;
};

static void visit_entry(void *context, struct bytes member, void *payload)
{
    const struct scan *scan = context;
    (void)payload;
    scan->visit(scan->context, member);
}

uint64_t set_scan(const struct set *set, uint64_t position,
                  void (*visit)(void *context, struct bytes member), void *context)
{
    if (set->integers != NULL || set->pack != NULL) {
        struct bytes member;
        for (struct set_cursor cursor = set_begin(set); set_next(&cursor, &member);) {
            visit(context, member);
        }
        return 0;
    }
    struct scan scan = {visit, context};
    return dict_scan(set->table, position, visit_entry, &scan);
}

struct bytes set_random(const struct set *set, struct random *random, char digits[SET_DIGITS])
{
    if (set->integers != NULL) {
        return integer_at(set, (size_t)random_below(random, intset_count(set->integers)), digits);
    }
    if (set->pack != NULL) {
        uint64_t index = random_below(random, listpack_count(set->pack));
        return listpack_get(set->pack, listpack_at(set->pack, (int64_t)index), digits);
    }
    return dict_key(set->table, dict_random(set->table, random));
}

/* ---- The type's row ---- */

static void destroy(void *data)
{
    set_destroy(data);
}

static bool dismantle(void *data, size_t elements, size_t *position)
{
    struct set *set = data;
    if (set->table != NULL && !dict_clear_some(set->table, elements, position)) {
        return false;
    }
    set_destroy(set);
    return true;
}

static void *copy(const void *data)
{
    return set_copy(data);
}

static const char *encoding(const void *data)
{
    const struct set *set = data;
    return set->integers != NULL ? "intset" : set->pack != NULL ? "listpack" : "hashtable";
}

static size_t memory(const void *data)
{
    const struct set *set = data;
    return memory_size(set) + (set->integers != NULL ? memory_size(set->integers)
                               : set->pack != NULL
                                   ? memory_size(set->pack)
                                   : memory_size(set->table) + dict_memory(set->table));
}

static size_t effort(const void *data)
{
    const struct set *set = data;
    return set->integers != NULL || set->pack != NULL ? 1 : dict_count(set->table);
}

static unsigned char rdb_type(const void *data)
{
    const struct set *set = data;
    return set->integers != NULL ? RDB_TYPE_SET_INTSET
           : set->pack != NULL   ? RDB_TYPE_SET_LISTPACK
                                 : RDB_TYPE_SET;
}

static void save(const void *data, struct rdb_writer *writer)
{
    const struct set *set = data;
    if (set->integers != NULL) {
        rdb_write_string(writer, intset_bytes(set->integers));
        return;
    }
    if (set->pack != NULL) {
        rdb_write_string(writer, listpack_bytes(set->pack));
        return;
    }
    struct bytes member;
    rdb_write_length(writer, set_count(set));
    for (struct set_cursor cursor = set_begin(set); set_next(&cursor, &member);) {
        rdb_write_string(writer, member);
    }
}

const struct value_type set_type = {
    .name = "set",
    .kind = VALUE_SET,
    .destroy = destroy,
    .dismantle = dismantle,
    .copy = copy,
    .encoding = encoding,
    .memory = memory,
    .effort = effort,
    .rdb_type = rdb_type,
    .rdb_save = save,
};

/* Members by score: packed, or a table with a tree. */
#include "resp/types/sorted_set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "resp/rdb_writer.h"
#include "resp/reply.h"
#include "resp/types/ziplist.h"

/* ---- The word ---- */

static struct sorted_table *table_of(const struct sorted_set *set)
{
    return value_word_body(set->word);
}

static struct listpack *pack_of(const struct sorted_set *set)
{
    return table_of(set) != NULL ? NULL : set->word;
}

const struct sorted_table *sorted_set_table(const struct sorted_set *set)
{
    return table_of(set);
}

struct sorted_set sorted_set_create(void)
{
    return (struct sorted_set){listpack_create()};
}

void sorted_set_destroy(struct sorted_set *set)
{
    struct sorted_table *table = table_of(set);
    if (table == NULL) {
        memory_free(set->word);
        return;
    }
    counted_tree_finish(&table->order);
    dict_finish(&table->members);
    memory_free(table);
}

size_t sorted_set_count(const struct sorted_set *set)
{
    const struct sorted_table *table = table_of(set);
    return table == NULL ? listpack_count(set->word) / 2 : dict_count(&table->members);
}

/* ---- Packed ---- */

/* The score that stands behind a packed member. */
static double packed_score(const struct listpack *pack, size_t member_at)
{
    size_t at = listpack_next(pack, member_at);
    char digits[LISTPACK_DIGITS], text[64];
    int64_t number;
    if (listpack_get_integer(pack, at, &number)) {
        return (double)number;
    }
    struct bytes score = listpack_get(pack, at, digits);
    size_t size = score.size < sizeof(text) - 1 ? score.size : sizeof(text) - 1;
    memcpy(text, score.data, size);
    text[size] = '\0';
    return strtod(text, NULL);
}

/*
 * Redis packs every score that equals an integer (of 62 bits) as one, -0 too. Before 7.0 it packed
 * the text that it would answer.
 */
static size_t packed_text(double score, const struct packing_limits *limits, char text[64])
{
    const double limit =
        limits->sorted_set_texts ? (double)((int64_t)1 << 52) : (double)(INT64_MAX / 2);
    bool integer = !limits->sorted_set_texts || score != 0 || !signbit(score);
    if (integer && score >= -limit && score <= limit && score == (double)(int64_t)score) {
        return int64_to_digits((int64_t)score, text);
    }
    return double_to_text(score, text);
}

static size_t find_packed(const struct sorted_set *set, struct bytes member)
{
    size_t first = listpack_first(pack_of(set));
    return first == 0 ? 0 : listpack_find(pack_of(set), first, member, 1);
}

static size_t next_pair(const struct listpack *pack, size_t at)
{
    return listpack_next(pack, listpack_next(pack, at));
}

static void insert_packed(struct sorted_set *set, struct bytes member, double score,
                          const struct packing_limits *limits)
{
    char text[64], digits[LISTPACK_DIGITS];
    struct bytes score_text = {text, packed_text(score, limits, text)};
    size_t at = listpack_first(pack_of(set)), score_at;
    for (; at != 0; at = next_pair(pack_of(set), at)) {
        double other = packed_score(pack_of(set), at);
        if (other > score ||
            (other == score && bytes_compare(listpack_get(pack_of(set), at, digits), member) > 0)) {
            break;
        }
    }
    /* The score first: in front of it, the member. */
    set->word = listpack_insert(pack_of(set), at, score_text, &score_at);
    set->word = listpack_insert(pack_of(set), score_at, member, NULL);
}

/* ---- The table ---- */

static bool table_put(struct sorted_table *table, struct bytes member, double score)
{
    bool created;
    double *present = dict_insert(&table->members, member, &created);
    if (created) {
        *present = score;
        counted_tree_insert(&table->order, (struct counted_item){score, present});
    } else if (*present != score) {
        counted_tree_move(&table->order, (struct counted_item){*present, present}, score);
        *present = score;
    }
    return created;
}

static struct bytes member_of(const void *members, const void *score)
{
    return dict_key(members, score);
}

static struct sorted_table *table_create(struct random *random)
{
    struct sorted_table *table = memory_allocate_zeroed(sizeof(*table));
    dict_init(&table->members, sizeof(double), NULL, random);
    counted_tree_init(&table->order, member_of, &table->members);
    table->random = random;
    return table;
}

static struct sorted_set set_of(struct sorted_table *table)
{
    return (struct sorted_set){value_word(table)};
}

static void table_remove(struct sorted_table *table, double *score)
{
    counted_tree_remove(&table->order, (struct counted_item){*score, score});
    dict_remove_payload(&table->members, score);
}

static void *copy(const void *data)
{
    const struct sorted_set set = {(void *)data};
    const struct sorted_table *table = table_of(&set);
    if (table == NULL) {
        return listpack_copy(data);
    }
    struct sorted_table *copied = table_create(table->random);
    struct sorted_set_element element;
    struct sorted_set_cursor cursor = sorted_set_at(&set, 0, false);
    while (sorted_set_next(&cursor, &element)) {
        table_put(copied, element.member, element.score);
    }
    return set_of(copied).word;
}

void sorted_set_unpack(struct sorted_set *set, struct random *random)
{
    struct listpack *pack = pack_of(set);
    if (pack == NULL) {
        return;
    }
    struct sorted_table *table = table_create(random);
    for (size_t at = listpack_first(pack); at != 0; at = next_pair(pack, at)) {
        char digits[LISTPACK_DIGITS];
        table_put(table, listpack_get(pack, at, digits), packed_score(pack, at));
    }
    memory_free(pack);
    *set = set_of(table);
}

void sorted_set_pack(struct sorted_set *set, const struct packing_limits *limits)
{
    struct sorted_set_element element;
    if (pack_of(set) != NULL || sorted_set_count(set) > limits->sorted_set_entries) {
        return;
    }
    struct sorted_set packed = sorted_set_create(), unpacked = *set;
    struct sorted_set_cursor cursor = sorted_set_at(&unpacked, 0, false);
    while (pack_of(&packed) != NULL && sorted_set_next(&cursor, &element)) {
        sorted_set_put(&packed, element.member, element.score, limits);
    }
    bool fits = pack_of(&packed) != NULL;
    *set = fits ? packed : unpacked;
    sorted_set_destroy(fits ? &unpacked : &packed);
}

struct sorted_set sorted_set_from_pack_take(struct listpack *pack,
                                            const struct packing_limits *limits)
{
    struct sorted_set set = {pack};
    struct sorted_set_element element;
    bool fits = sorted_set_count(&set) <= limits->sorted_set_entries;
    struct sorted_set_cursor cursor = sorted_set_at(&set, 0, false);
    while (fits && sorted_set_next(&cursor, &element)) {
        fits = element.member.size <= limits->sorted_set_value;
    }
    if (!fits) {
        sorted_set_unpack(&set, limits->random);
    }
    return set;
}

/* ---- One member ---- */

bool sorted_set_score(const struct sorted_set *set, struct bytes member, double *score)
{
    if (pack_of(set) != NULL) {
        size_t at = find_packed(set, member);
        if (at != 0) {
            *score = packed_score(pack_of(set), at);
        }
        return at != 0;
    }
    const double *present = dict_find(&table_of(set)->members, member);
    if (present != NULL) {
        *score = *present;
    }
    return present != NULL;
}

bool sorted_set_put(struct sorted_set *set, struct bytes member, double score,
                    const struct packing_limits *limits)
{
    if (pack_of(set) == NULL) {
        return table_put(table_of(set), member, score);
    }
    size_t at = find_packed(set, member);
    if (at != 0) {
        if (packed_score(pack_of(set), at) != score) {
            set->word = listpack_remove(pack_of(set), at, 2, NULL);
            insert_packed(set, member, score, limits);
        }
        return false;
    }
    if (sorted_set_count(set) + 1 > limits->sorted_set_entries ||
        member.size > limits->sorted_set_value) {
        sorted_set_unpack(set, limits->random);
        return table_put(table_of(set), member, score);
    }
    insert_packed(set, member, score, limits);
    return true;
}

bool sorted_set_remove(struct sorted_set *set, struct bytes member)
{
    if (pack_of(set) != NULL) {
        size_t at = find_packed(set, member);
        if (at != 0) {
            set->word = listpack_remove(pack_of(set), at, 2, NULL);
        }
        return at != 0;
    }
    double *score = dict_find(&table_of(set)->members, member);
    if (score != NULL) {
        table_remove(table_of(set), score);
    }
    return score != NULL;
}

void sorted_set_remove_ranks(struct sorted_set *set, size_t from, size_t count)
{
    if (pack_of(set) != NULL) {
        set->word = listpack_remove(pack_of(set), listpack_at(pack_of(set), (int64_t)from * 2),
                                    count * 2, NULL);
        return;
    }
    struct counted_item item;
    for (; count > 0 && counted_item_at(counted_tree_at(&table_of(set)->order, from), &item);
         count--) {
        table_remove(table_of(set), (double *)item.handle);
    }
}

/* ---- Ranks ---- */

bool sorted_set_rank(const struct sorted_set *set, struct bytes member, size_t *rank)
{
    *rank = 0;
    if (pack_of(set) != NULL) {
        size_t at = listpack_first(pack_of(set));
        for (; at != 0 && !listpack_equals(pack_of(set), at, member);
             at = next_pair(pack_of(set), at)) {
            ++*rank;
        }
        return at != 0;
    }
    const double *score = dict_find(&table_of(set)->members, member);
    if (score != NULL) {
        *rank = counted_tree_rank(&table_of(set)->order, (struct counted_item){*score, score});
    }
    return score != NULL;
}

size_t sorted_set_partition(const struct sorted_set *set, counted_before *before,
                            const void *context)
{
    if (pack_of(set) == NULL) {
        return counted_tree_partition(&table_of(set)->order, before, context);
    }
    struct sorted_set_element element;
    struct sorted_set_cursor cursor = sorted_set_at(set, 0, false);
    size_t passed = 0;
    while (sorted_set_next(&cursor, &element) && before(context, element.member, element.score)) {
        passed++;
    }
    return passed;
}

struct sorted_set_cursor sorted_set_at(const struct sorted_set *set, size_t rank, bool reverse)
{
    struct sorted_set_cursor cursor = {.set = set, .reverse = reverse};
    if (pack_of(set) != NULL) {
        cursor.position = listpack_at(pack_of(set), (int64_t)rank * 2);
    } else {
        cursor.place = counted_tree_at(&table_of(set)->order, rank);
    }
    return cursor;
}

static bool next_packed(struct sorted_set_cursor *cursor, struct sorted_set_element *element)
{
    const struct listpack *pack = pack_of(cursor->set);
    size_t at = cursor->position;
    if (at == 0) {
        return false;
    }
    element->member = listpack_get(pack, at, element->digits);
    element->score = packed_score(pack, at);
    if (cursor->reverse) {
        size_t score_at = listpack_previous(pack, at);
        cursor->position = score_at == 0 ? 0 : listpack_previous(pack, score_at);
    } else {
        cursor->position = next_pair(pack, at);
    }
    return true;
}

bool sorted_set_next(struct sorted_set_cursor *cursor, struct sorted_set_element *element)
{
    if (pack_of(cursor->set) != NULL) {
        return next_packed(cursor, element);
    }
    struct counted_item item;
    if (!counted_item_at(cursor->place, &item)) {
        return false;
    }
    element->member = member_of(&table_of(cursor->set)->members, item.handle);
    element->score = item.score;
    cursor->place = cursor->reverse ? counted_previous(cursor->place) : counted_next(cursor->place);
    return true;
}

struct scan {
    sorted_set_visit *visit;
    void *context;
};

static void visit_entry(void *context, struct bytes member, void *payload)
{
    const struct scan *scan = context;
    char text[64];
    scan->visit(scan->context, member,
                (struct bytes){text, double_to_text(*(const double *)payload, text)});
}

uint64_t sorted_set_scan(const struct sorted_set *set, uint64_t position, sorted_set_visit *visit,
                         void *context)
{
    const struct listpack *pack = pack_of(set);
    if (pack != NULL) {
        char member_digits[LISTPACK_DIGITS], score_digits[LISTPACK_DIGITS];
        for (size_t at = listpack_first(pack); at != 0; at = next_pair(pack, at)) {
            visit(context, listpack_get(pack, at, member_digits),
                  listpack_get(pack, listpack_next(pack, at), score_digits));
        }
        return 0;
    }
    struct scan scan = {visit, context};
    return dict_scan(&table_of(set)->members, position, visit_entry, &scan);
}

/* ---- The type's row: `data` is the word ---- */

static void destroy(void *data)
{
    sorted_set_destroy(&(struct sorted_set){data});
}

static bool dismantle(void *data, size_t elements, size_t *position)
{
    struct sorted_set set = {data};
    struct sorted_table *table = table_of(&set);
    if (table != NULL && (!counted_tree_finish_some(&table->order, elements) ||
                          !dict_clear_some(&table->members, elements, position))) {
        return false;
    }
    sorted_set_destroy(&set);
    return true;
}

static const struct sorted_table *table_in(const void *data)
{
    return table_of(&(struct sorted_set){(void *)data});
}

static const char *encoding(const void *data)
{
    return table_in(data) == NULL ? "listpack" : "skiplist";
}

static size_t memory(const void *data)
{
    const struct sorted_table *table = table_in(data);
    return table == NULL ? memory_size(data)
                         : memory_size(table) + dict_memory(&table->members) + table->order.memory;
}

static size_t effort(const void *data)
{
    const struct sorted_table *table = table_in(data);
    return table == NULL ? 1 : dict_count(&table->members);
}

static unsigned char rdb_type(const void *data)
{
    return table_in(data) == NULL ? RDB_TYPE_ZSET_LISTPACK : RDB_TYPE_ZSET_2;
}

static void save(const void *data, struct rdb_writer *writer)
{
    const struct sorted_set set = {(void *)data};
    if (pack_of(&set) != NULL) {
        packed_save(pack_of(&set), writer);
        return;
    }
    /* From the end: a reader that inserts one after the other always inserts in front. */
    struct sorted_set_element element;
    struct sorted_set_cursor cursor = sorted_set_at(&set, sorted_set_count(&set) - 1, true);
    rdb_write_length(writer, sorted_set_count(&set));
    while (sorted_set_next(&cursor, &element)) {
        rdb_write_string(writer, element.member);
        rdb_write_double(writer, element.score);
    }
}

const struct value_type sorted_set_type = {
    .name = "zset",
    .kind = VALUE_SORTED_SET,
    .destroy = destroy,
    .dismantle = dismantle,
    .copy = copy,
    .encoding = encoding,
    .memory = memory,
    .effort = effort,
    .rdb_type = rdb_type,
    .rdb_save = save,
};

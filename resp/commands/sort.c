/* SORT and SORT_RO. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "resp/arguments.h"
#include "resp/commands/sorted_set.h"
#include "resp/errors.h"
#include "resp/instance_state.h"
#include "resp/types/hash.h"
#include "resp/types/list.h"
#include "resp/types/set.h"
#include "resp/types/string.h"

struct element {
    struct bytes text, by; /* by: what BY found, NULL data when nothing */
    double score;
};

struct sort {
    struct call *call;
    bool read_only;
    bool descending, by_text, unsorted;
    struct bytes by; /* pattern; NULL data: the element itself */
    int64_t offset, limit;
    int store_at;
    int *gets; /* argument indexes of the patterns */
    size_t get_count;
    struct element *elements;
    size_t count, capacity;
    size_t start, end; /* what is answered: start..end-1 */
};

/* ---- Options ---- */

static bool limit_or_reply(struct sort *sort, int at)
{
    return argument_integer_or_reply(sort->call, at, &sort->offset) &&
           argument_integer_or_reply(sort->call, at + 1, &sort->limit);
}

static bool options_or_reply(struct sort *sort)
{
    struct call *call = sort->call;
    for (int at = 2; at < call->argc; at++) {
        struct bytes word = call->argv[at];
        int more = call->argc - at - 1;
        if (bytes_equal_string_nocase(word, "ASC")) {
            sort->descending = false;
        } else if (bytes_equal_string_nocase(word, "DESC")) {
            sort->descending = true;
        } else if (bytes_equal_string_nocase(word, "ALPHA")) {
            sort->by_text = true;
        } else if (more >= 2 && bytes_equal_string_nocase(word, "LIMIT")) {
            if (!limit_or_reply(sort, at + 1)) {
                return false;
            }
            at += 2;
        } else if (more >= 1 && !sort->read_only && bytes_equal_string_nocase(word, "STORE")) {
            sort->store_at = ++at;
        } else if (more >= 1 && bytes_equal_string_nocase(word, "BY")) {
            sort->by = call->argv[++at];
            /* A pattern without a place for the element: there is nothing to sort by. */
            sort->unsorted = bytes_find(sort->by, '*') >= sort->by.size;
            if (!sort->unsorted && call->instance->clustered) {
                reply_error(call->reply, "ERR BY option of SORT denied in cluster mode");
                return false;
            }
        } else if (more >= 1 && bytes_equal_string_nocase(word, "GET")) {
            if (call->instance->clustered) {
                reply_error(call->reply, "ERR GET option of SORT denied in cluster mode");
                return false;
            }
            sort->gets[sort->get_count++] = ++at;
        } else {
            reply_syntax_error(call);
            return false;
        }
    }
    return true;
}

/* ---- Elements ---- */

/* Texts are copied, and terminated: lookups may move what they point to. */
static void add_element(struct sort *sort, struct bytes text)
{
    if (sort->count == sort->capacity) {
        sort->capacity = sort->capacity == 0 ? 64 : sort->capacity * 2;
        sort->elements = memory_resize(sort->elements, sort->capacity * sizeof(*sort->elements));
    }
    sort->elements[sort->count] = (struct element){.text = {bytes_to_string(text), text.size}};
    sort->count++;
}

static void load_list(struct sort *sort, const struct list *list)
{
    char digits[LISTPACK_DIGITS];
    struct list_position at = list_at(list, 0);
    for (; at.node != NULL; at = list_next(at)) {
        add_element(sort, list_get(at, digits));
    }
}

static void load_set(struct sort *sort, const struct set *set)
{
    struct bytes member;
    for (struct set_cursor cursor = set_begin(set); set_next(&cursor, &member);) {
        add_element(sort, member);
    }
}

static void load_sorted_set(struct sort *sort, const struct sorted_set *set)
{
    struct sorted_set_element element;
    for (struct sorted_set_cursor cursor = sorted_set_at(set, 0, false);
         sorted_set_next(&cursor, &element);) {
        add_element(sort, element.member);
    }
}

static bool load_or_reply(struct sort *sort)
{
    struct entry *entry = keyspace_read(sort->call, sort->call->argv[1]);
    bool is_set = entry != NULL && entry->kind == VALUE_SET;
    if (entry == NULL) {
        return true;
    }
    if (entry->kind == VALUE_LIST) {
        load_list(sort, entry->data);
    } else if (is_set) {
        load_set(sort, entry->data);
    } else if (entry->kind == VALUE_SORTED_SET) {
        sorted_set_unpack(sorted_set_in(entry), sort->call->instance->random);
        keyspace_account(sort->call->db, entry);
        load_sorted_set(sort, sorted_set_in(entry));
    } else {
        reply_wrong_type(sort->call);
        return false;
    }
    if (sort->unsorted && is_set && (sort->store_at != 0 || sort->call->instance->snapshot_ms)) {
        /* What is stored, or seen by a script, has an order. */
        sort->unsorted = false;
        sort->by_text = true;
        sort->by = (struct bytes){NULL, 0};
    }
    if (sort->unsorted && !is_set && sort->descending) {
        for (size_t i = 0; i < sort->count / 2; i++) {
            struct element swap = sort->elements[i];
            sort->elements[i] = sort->elements[sort->count - 1 - i];
            sort->elements[sort->count - 1 - i] = swap;
        }
    }
    return true;
}

/* ---- Patterns: "weight_*", "data_*->field", "#" ---- */

static struct bytes hash_value(const struct hash *hash, struct bytes field, char *digits)
{
    struct bytes value;
    return hash_get(hash, field, digits, &value) ? value : (struct bytes){NULL, 0};
}

/* What the pattern stands for with the element in it; NULL data when there is nothing. */
static struct bytes look_up(struct sort *sort, struct bytes pattern, struct bytes element,
                            char digits[LISTPACK_DIGITS])
{
    const struct bytes nothing = {NULL, 0};
    size_t star = bytes_find(pattern, '*'), arrow = pattern.size;
    if (bytes_equal(pattern, BYTES("#"))) {
        return element;
    }
    if (star >= pattern.size) {
        return nothing;
    }
    for (size_t i = star + 1; i + 2 < pattern.size && arrow == pattern.size; i++) {
        if (pattern.data[i] == '-' && pattern.data[i + 1] == '>') {
            arrow = i;
        }
    }
    struct buf key;
    buf_init(&key, SIZE_MAX);
    buf_append(&key, bytes_slice(pattern, 0, star));
    buf_append(&key, element);
    buf_append(&key, bytes_slice(pattern, star + 1, arrow));
    const struct entry *entry = keyspace_read(sort->call, buf_bytes(&key));
    buf_finish(&key);
    if (entry == NULL) {
        return nothing;
    }
    if (arrow < pattern.size) {
        return entry->kind == VALUE_HASH
                   ? hash_value(&(struct hash){entry->data},
                                bytes_slice(pattern, arrow + 2, pattern.size), digits)
                   : nothing;
    }
    return entry->kind == VALUE_STRING ? string_bytes(entry->data) : nothing;
}

/* ---- Sorting ---- */

static int compare_text(const struct sort *sort, struct bytes a, struct bytes b)
{
    if (sort->store_at != 0) {
        return bytes_compare(a, b);
    }
    return strcoll(a.data, b.data); /* terminated copies */
}

static int compare(const struct sort *sort, const struct element *a, const struct element *b)
{
    if (!sort->by_text) {
        return a->score < b->score ? -1 : a->score > b->score ? 1 : bytes_compare(a->text, b->text);
    }
    if (sort->by.data == NULL) {
        return compare_text(sort, a->text, b->text);
    }
    if (a->by.data == NULL || b->by.data == NULL) {
        return (a->by.data != NULL) - (b->by.data != NULL);
    }
    return compare_text(sort, a->by, b->by);
}

/* Merge sort: stable, and it takes what it compares by as an argument. */
static void merge_sort(const struct sort *sort, struct element *items, struct element *spare,
                       size_t count)
{
    size_t half = count / 2;
    if (count < 2) {
        return;
    }
    merge_sort(sort, items, spare, half);
    merge_sort(sort, items + half, spare, count - half);
    memcpy(spare, items, half * sizeof(*items));
    for (size_t left = 0, right = half, to = 0; left < half; to++) {
        bool take_right = false;
        if (right < count) {
            int order = compare(sort, &items[right], &spare[left]);
            take_right = sort->descending ? order > 0 : order < 0;
        }
        items[to] = take_right ? items[right++] : spare[left++];
    }
}

/* Finds what each element is sorted by. False: some of them are no numbers. */
static bool weigh(struct sort *sort)
{
    bool numbers = true;
    for (size_t i = 0; i < sort->count; i++) {
        struct element *element = &sort->elements[i];
        char digits[LISTPACK_DIGITS];
        struct bytes by = element->text;
        if (sort->by.data != NULL) {
            by = look_up(sort, sort->by, element->text, digits);
            if (by.data == NULL) {
                continue;
            }
            element->by = (struct bytes){bytes_to_string(by), by.size};
            by = element->by;
        }
        if (!sort->by_text) {
            char *end;
            errno = 0;
            element->score = strtod(by.data, &end);
            numbers = numbers && *end == '\0' && errno != ERANGE && !isnan(element->score);
        }
    }
    return numbers;
}

static void cut(struct sort *sort)
{
    int64_t count = (int64_t)sort->count;
    int64_t start = sort->offset < 0 ? 0 : sort->offset > count ? count : sort->offset;
    int64_t end = sort->limit < 0 || sort->limit > count - start ? count : start + sort->limit;
    sort->start = (size_t)start;
    sort->end = (size_t)end;
}

/* ---- Answering ---- */

static void each_result(struct sort *sort,
                        void (*take)(struct sort *sort, struct list *list, struct bytes text),
                        struct list *list)
{
    for (size_t i = sort->start; i < sort->end; i++) {
        struct bytes text = sort->elements[i].text;
        if (sort->get_count == 0) {
            take(sort, list, text);
        }
        for (size_t get = 0; get < sort->get_count; get++) {
            char digits[LISTPACK_DIGITS];
            take(sort, list, look_up(sort, sort->call->argv[sort->gets[get]], text, digits));
        }
    }
}

static void answer_one(struct sort *sort, struct list *list, struct bytes text)
{
    (void)list;
    if (text.data == NULL) {
        reply_null(sort->call->reply);
    } else {
        reply_bulk(sort->call->reply, text);
    }
}

static void store_one(struct sort *sort, struct list *list, struct bytes text)
{
    list_push(list, true, text.data == NULL ? BYTES("") : text,
              sort->call->instance->packing.list_size);
}

static void answer(struct sort *sort)
{
    struct call *call = sort->call;
    size_t count = sort->end - sort->start;
    count *= sort->get_count > 0 ? sort->get_count : 1;
    if (sort->store_at == 0) {
        reply_array(call->reply, count);
        each_result(sort, answer_one, NULL);
        return;
    }
    struct bytes key = call->argv[sort->store_at];
    if (count == 0) {
        keyspace_delete_changed(call, key);
    } else {
        struct list *list = list_create();
        each_result(sort, store_one, list);
        keyspace_set_take(call->db, key, &list_type, list);
        keyspace_changed(call, key, EVENT_LIST, "sortstore");
    }
    reply_integer(call->reply, (int64_t)count);
}

static void sort_key(struct call *call, bool read_only)
{
    struct sort sort = {.call = call, .read_only = read_only, .limit = -1};
    sort.gets = memory_allocate((size_t)call->argc * sizeof(*sort.gets));
    if (options_or_reply(&sort) && load_or_reply(&sort)) {
        bool weighed = sort.unsorted || weigh(&sort);
        cut(&sort);
        if (!weighed) {
            reply_error(call->reply, "ERR One or more scores can't be converted into double");
        } else {
            if (!sort.unsorted) {
                struct element *spare = memory_allocate(sort.count * sizeof(*spare) + 1);
                merge_sort(&sort, sort.elements, spare, sort.count);
                memory_free(spare);
            }
            answer(&sort);
        }
    }
    for (size_t i = 0; i < sort.count; i++) {
        memory_free((char *)sort.elements[i].text.data);
        memory_free((char *)sort.elements[i].by.data);
    }
    memory_free(sort.elements);
    memory_free(sort.gets);
}

static void cmd_sort(struct call *call)
{
    sort_key(call, false);
}

static void cmd_sort_ro(struct call *call)
{
    sort_key(call, true);
}

/* The key behind the last STORE; the word may be an argument of another option, too. */
static int find_stored(const struct bytes *argv, int argc)
{
    static const struct {
        const char *name;
        int values;
    } options[] = {{"LIMIT", 2}, {"GET", 1}, {"BY", 1}};
    int found = 0;
    for (int i = 2; i < argc; i++) {
        if (bytes_equal_string_nocase(argv[i], "STORE") && i + 1 < argc) {
            found = i + 1;
        }
        for (size_t option = 0; option < ARRAY_LEN(options); option++) {
            if (bytes_equal_string_nocase(argv[i], options[option].name)) {
                i += options[option].values;
                break;
            }
        }
    }
    return found;
}

static const struct command commands[] = {
    {
        .name = "SORT",
        .handler = cmd_sort,
        .arity = -2,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .categories = CATEGORY_DANGEROUS | CATEGORY_LIST | CATEGORY_SET | CATEGORY_SORTED_SET,
        .find_key = find_stored,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1),
                 {.begin = KEY_BEGIN_UNKNOWN,
                  .find = KEY_FIND_UNKNOWN,
                  .flags = KEY_RO | KEY_ACCESS,
                  .notes =
                      "For the optional BY/GET keyword. It is marked 'unknown' because the key "
                      "names derive from the content of the key we sort"},
                 {.begin = KEY_BEGIN_UNKNOWN,
                  .find = KEY_FIND_UNKNOWN,
                  .flags = KEY_OW | KEY_UPDATE,
                  .notes = "For the optional STORE keyword. It is marked 'unknown' because the "
                           "keyword can appear anywhere in the argument array"}},
        .since = "1.0.0",
        .complexity = "O(N+M*log(M)) where N is the number of elements in the list or set to "
                      "sort, and M the number of returned elements. When the elements are not "
                      "sorted, complexity is O(N).",
        .summary = "Sort the elements in a list, set or sorted set",
        .arguments = "key#0 [pattern=pattern#1@BY] [offset_count{offset=integer "
                     "count=integer}@LIMIT] [pattern=pattern#1@GET*...] "
                     "[order(asc=token@ASC|desc=token@DESC)] [sorting=token@ALPHA] "
                     "[destination#2@STORE]",
    },
    {
        .name = "SORT_RO",
        .handler = cmd_sort_ro,
        .arity = -2,
        .flags = CMD_READONLY,
        .categories = CATEGORY_DANGEROUS | CATEGORY_LIST | CATEGORY_SET | CATEGORY_SORTED_SET,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1),
                 {.begin = KEY_BEGIN_UNKNOWN,
                  .find = KEY_FIND_UNKNOWN,
                  .flags = KEY_RO | KEY_ACCESS,
                  .notes =
                      "For the optional BY/GET keyword. It is marked 'unknown' because the key "
                      "names derive from the content of the key we sort"}},
        .since = "7.0.0",
        .complexity = "O(N+M*log(M)) where N is the number of elements in the list or set to "
                      "sort, and M the number of returned elements. When the elements are not "
                      "sorted, complexity is O(N).",
        .summary = "Sort the elements in a list, set or sorted set. Read-only variant of "
                   "SORT.",
        .arguments = "key#0 [pattern=pattern#1@BY] [offset_count{offset=integer "
                     "count=integer}@LIMIT] [pattern=pattern#1@GET*...] "
                     "[order(asc=token@ASC|desc=token@DESC)] [sorting=token@ALPHA]",
    },
};

const struct command_family sort_family = {"generic", commands, ARRAY_LEN(commands)};

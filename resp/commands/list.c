/* The list family: LPUSH, LRANGE, LMOVE and friends. Those that wait are in list_blocking.c. */
#include "resp/commands/list.h"

#include "resp/arguments.h"
#include "resp/blocking.h"
#include "resp/errors.h"
#include "resp/instance_state.h"

bool list_end_or_reply(struct call *call, int index, bool *tail)
{
    *tail = bytes_equal_string_nocase(call->argv[index], "RIGHT");
    if (*tail || bytes_equal_string_nocase(call->argv[index], "LEFT")) {
        return true;
    }
    reply_syntax_error(call);
    return false;
}

/* ---- Pushing ---- */

void list_put(struct call *call, struct bytes key, struct list *list, bool at_tail,
              const struct bytes *texts, int count)
{
    struct list *target = list != NULL ? list : list_create();
    for (int i = 0; i < count; i++) {
        list_push(target, at_tail, texts[i], call->instance->packing.list_size);
    }
    if (list == NULL) {
        keyspace_set_take(call->db, key, &list_type, target);
    }
    keyspace_changed(call, key, EVENT_LIST, at_tail ? "rpush" : "lpush");
}

static void push(struct call *call, bool at_tail, bool only_existing)
{
    struct list *list;
    if (!list_write_or_reply(call, 1, &list)) {
        return;
    }
    if (list == NULL && only_existing) {
        reply_integer(call->reply, 0);
        return;
    }
    size_t count = (list == NULL ? 0 : list->count) + (size_t)call->argc - 2;
    list_put(call, call->argv[1], list, at_tail, call->argv + 2, call->argc - 2);
    reply_integer(call->reply, (int64_t)count);
}

static void cmd_lpush(struct call *call)
{
    push(call, false, false);
}

static void cmd_rpush(struct call *call)
{
    push(call, true, false);
}

static void cmd_lpushx(struct call *call)
{
    push(call, false, true);
}

static void cmd_rpushx(struct call *call)
{
    push(call, true, true);
}

static void cmd_linsert(struct call *call)
{
    bool after = bytes_equal_string_nocase(call->argv[2], "AFTER");
    struct list *list;
    if (!after && !bytes_equal_string_nocase(call->argv[2], "BEFORE")) {
        reply_syntax_error(call);
        return;
    }
    if (!list_write_or_reply(call, 1, &list)) {
        return;
    }
    if (list == NULL) {
        reply_integer(call->reply, 0);
        return;
    }
    struct list_position position = list_at(list, 0);
    while (position.node != NULL &&
           !listpack_equals(position.node->pack, position.at, call->argv[3])) {
        position = list_next(position);
    }
    if (position.node == NULL) {
        reply_integer(call->reply, -1);
        return;
    }
    list_insert(list, position, after, call->argv[4], call->instance->packing.list_size);
    keyspace_changed(call, call->argv[1], EVENT_LIST, "linsert");
    reply_integer(call->reply, (int64_t)list->count);
}

/* ---- Popping ---- */

void list_reply_popped(struct call *call, struct bytes key, struct list *list, bool tail)
{
    char digits[LISTPACK_DIGITS];
    struct list_position position = list_at(list, tail ? -1 : 0);
    reply_bulk(call->reply, list_get(position, digits));
    list_remove(list, position);
    keyspace_shrunk(call, key, EVENT_LIST, tail ? "rpop" : "lpop", list->count);
}

/* Elements from `start` on, `count` of them, in this direction. */
static void reply_elements(struct call *call, const struct list *list, int64_t start, size_t count,
                           bool backwards)
{
    char digits[LISTPACK_DIGITS];
    reply_array(call->reply, count);
    struct list_position position = list_at(list, start);
    for (size_t i = 0; i < count; i++) {
        reply_bulk(call->reply, list_get(position, digits));
        position = backwards ? list_previous(position) : list_next(position);
    }
}

void list_reply_popped_many(struct call *call, struct bytes key, struct list *list, bool tail,
                            uint64_t count)
{
    size_t taken = count < list->count ? (size_t)count : list->count;
    reply_elements(call, list, tail ? -1 : 0, taken, tail);
    list_remove_range(list, tail ? list->count - taken : 0, taken);
    keyspace_shrunk(call, key, EVENT_LIST, tail ? "rpop" : "lpop", list->count);
}

static void pop(struct call *call, bool tail)
{
    struct list *list;
    int64_t count = 1;
    bool counted = call->argc == 3;
    if (call->argc > 3 || (counted && !call_supports(call, "6.2.0"))) {
        reply_wrong_arity(call);
        return;
    }
    if (counted && (!bytes_to_int64(call->argv[2], &count) || count < 0)) {
        reply_error(call->reply, "ERR value is out of range, must be positive");
        return;
    }
    if (!list_write_or_reply(call, 1, &list)) {
        return;
    }
    if (list == NULL) {
        if (counted && call_supports(call, "7.0.0")) {
            reply_null_array(call->reply);
        } else {
            reply_null(call->reply);
        }
    } else if (!counted) {
        list_reply_popped(call, call->argv[1], list, tail);
    } else if (count == 0) {
        reply_array(call->reply, 0);
    } else {
        list_reply_popped_many(call, call->argv[1], list, tail, (uint64_t)count);
    }
}

static void cmd_lpop(struct call *call)
{
    pop(call, false);
}

static void cmd_rpop(struct call *call)
{
    pop(call, true);
}

bool list_reply_first_popped(struct call *call, const struct multiple_pop *pop)
{
    for (int i = 0; i < pop->key_count; i++) {
        struct bytes key = call->argv[pop->first_key + i];
        struct list *list;
        if (!block_awaits(call, key)) {
            continue;
        }
        if (!list_write_or_reply(call, pop->first_key + i, &list)) {
            return true;
        }
        if (list != NULL) {
            reply_array(call->reply, 2);
            reply_bulk(call->reply, key);
            list_reply_popped_many(call, key, list, pop->from_end, (uint64_t)pop->count);
            return true;
        }
    }
    return false;
}

static void cmd_lmpop(struct call *call)
{
    struct multiple_pop pop;
    if (multiple_pop_or_reply(call, 1, "LEFT", "RIGHT", &pop) &&
        !list_reply_first_popped(call, &pop)) {
        reply_null_array(call->reply);
    }
}

/* ---- Moving ---- */

void list_reply_moved(struct call *call, struct bytes from_key, struct list *from, bool from_tail,
                      struct bytes to_key, struct list *to, bool to_tail)
{
    char digits[LISTPACK_DIGITS];
    struct list_position position = list_at(from, from_tail ? -1 : 0);
    char *copy = NULL;
    struct bytes text = list_get(position, digits);
    reply_bulk(call->reply, text);
    /* The element's place moves under it. */
    copy = bytes_to_string(text);
    list_remove(from, position);
    list_put(call, to_key, to, to_tail, &(struct bytes){copy, text.size}, 1);
    keyspace_shrunk(call, from_key, EVENT_LIST, from_tail ? "rpop" : "lpop", from->count);
    memory_free(copy);
}

static void move(struct call *call, bool from_tail, bool to_tail)
{
    struct list *from, *to;
    if (!list_write_or_reply(call, 1, &from)) {
        return;
    }
    if (from == NULL) {
        reply_null(call->reply);
        return;
    }
    if (list_write_or_reply(call, 2, &to)) {
        list_reply_moved(call, call->argv[1], from, from_tail, call->argv[2], to, to_tail);
    }
}

static void cmd_lmove(struct call *call)
{
    bool from_tail, to_tail;
    if (list_end_or_reply(call, 3, &from_tail) && list_end_or_reply(call, 4, &to_tail)) {
        move(call, from_tail, to_tail);
    }
}

static void cmd_rpoplpush(struct call *call)
{
    move(call, true, false);
}

/* ---- Reading ---- */

static void cmd_llen(struct call *call)
{
    struct list *list;
    if (list_read_or_reply(call, 1, &list)) {
        reply_integer(call->reply, list == NULL ? 0 : (int64_t)list->count);
    }
}

static void cmd_lindex(struct call *call)
{
    struct list *list;
    int64_t index;
    if (!list_read_or_reply(call, 1, &list)) {
        return;
    }
    if (list == NULL) {
        reply_null(call->reply);
        return;
    }
    if (!argument_integer_or_reply(call, 2, &index)) {
        return;
    }
    char digits[LISTPACK_DIGITS];
    struct list_position position = list_at(list, index);
    if (position.node == NULL) {
        reply_null(call->reply);
    } else {
        reply_bulk(call->reply, list_get(position, digits));
    }
}

/* Both ends counted from the front and inside the list; false: nothing is left. */
static bool clamp_range(int64_t *start, int64_t *end, int64_t size)
{
    *start += *start < 0 ? size : 0;
    *end += *end < 0 ? size : 0;
    *start = *start < 0 ? 0 : *start;
    *end = *end >= size ? size - 1 : *end;
    return *start <= *end && *start < size;
}

static void cmd_lrange(struct call *call)
{
    struct list *list;
    int64_t start, end;
    if (!argument_integer_or_reply(call, 2, &start) || !argument_integer_or_reply(call, 3, &end) ||
        !list_read_or_reply(call, 1, &list)) {
        return;
    }
    if (list == NULL || !clamp_range(&start, &end, (int64_t)list->count)) {
        reply_array(call->reply, 0);
        return;
    }
    reply_elements(call, list, start, (size_t)(end - start + 1), false);
}

/* 6.0 tells a word that is no number from a negative one. */
static bool not_negative_or_reply(struct call *call, int index, int64_t *number,
                                  const char *message)
{
    if (!call_supports(call, "7.0.0") && !argument_integer_or_reply(call, index, number)) {
        return false;
    }
    return argument_integer_in_range_or_reply(call, index, 0, INT64_MAX, number, message);
}

static bool rank_or_reply(struct call *call, int index, int64_t *rank)
{
    if (!argument_integer_or_reply(call, index, rank)) {
        return false;
    }
    if (*rank == 0) {
        reply_error(call->reply,
                    call_supports(call, "7.0.0")
                        ? "ERR RANK can't be zero: use 1 to start from the first match, 2 from the "
                          "second ... or use negative to start from the end of the list"
                        : "ERR RANK can't be zero: use 1 to start from the first match, 2 from the "
                          "second, ...");
    }
    return *rank != 0;
}

/* One after the other: a bad number is told before an option that is none behind it. */
static bool lpos_options_or_reply(struct call *call, int64_t *rank, int64_t *count, int64_t *most)
{
    for (int i = 3; i < call->argc; i += 2) {
        struct bytes name = call->argv[i];
        bool good = false;
        if (i + 1 == call->argc) {
            reply_syntax_error(call);
        } else if (bytes_equal_string_nocase(name, "RANK")) {
            good = rank_or_reply(call, i + 1, rank);
        } else if (bytes_equal_string_nocase(name, "COUNT")) {
            good = not_negative_or_reply(call, i + 1, count, "ERR COUNT can't be negative");
        } else if (bytes_equal_string_nocase(name, "MAXLEN")) {
            good = not_negative_or_reply(call, i + 1, most, "ERR MAXLEN can't be negative");
        } else {
            reply_syntax_error(call);
        }
        if (!good) {
            return false;
        }
    }
    return true;
}

static void cmd_lpos(struct call *call)
{
    struct list *list;
    int64_t rank = 1, count = -1, most = 0;
    if (!lpos_options_or_reply(call, &rank, &count, &most) || !list_read_or_reply(call, 1, &list)) {
        return;
    }
    if (list == NULL) {
        if (count >= 0) {
            reply_array(call->reply, 0);
        } else {
            reply_null(call->reply);
        }
        return;
    }
    bool backwards = rank < 0;
    /* Redis negates the smallest rank without effect: any match is late enough. */
    uint64_t skip = rank == INT64_MIN ? 0 : (uint64_t)(backwards ? -rank : rank) - 1;
    size_t mark = reply_defer(call->reply), matches = 0;
    struct list_position position = list_at(list, backwards ? -1 : 0);
    for (int64_t seen = 0; position.node != NULL && (most == 0 || seen < most); seen++) {
        if (listpack_equals(position.node->pack, position.at, call->argv[2])) {
            if (skip > 0) {
                skip--;
            } else {
                reply_integer(call->reply, backwards ? (int64_t)list->count - 1 - seen : seen);
                matches++;
                if (count < 0 || (count > 0 && matches == (size_t)count)) {
                    break;
                }
            }
        }
        position = backwards ? list_previous(position) : list_next(position);
    }
    if (count >= 0) {
        reply_array_at(call->reply, mark, matches);
    } else if (matches == 0) {
        reply_null(call->reply);
    }
}

/* ---- Changing in place ---- */

static void cmd_lset(struct call *call)
{
    struct list *list;
    int64_t index;
    if (!list_write_or_reply(call, 1, &list)) {
        return;
    }
    if (list == NULL) {
        reply_error(call->reply, ERROR_NO_SUCH_KEY);
        return;
    }
    if (!argument_integer_or_reply(call, 2, &index)) {
        return;
    }
    struct list_position position = list_at(list, index);
    if (position.node == NULL) {
        reply_error(call->reply, ERROR_INDEX);
        return;
    }
    list_replace(list, position, call->argv[3]);
    keyspace_changed(call, call->argv[1], EVENT_LIST, "lset");
    reply_ok(call->reply);
}

static void cmd_lrem(struct call *call)
{
    struct list *list;
    int64_t count;
    if (!argument_integer_or_reply(call, 2, &count) || !list_write_or_reply(call, 1, &list)) {
        return;
    }
    if (list == NULL) {
        reply_integer(call->reply, 0);
        return;
    }
    bool backwards = count < 0;
    uint64_t most = backwards ? (uint64_t) - (count + 1) + 1 : (uint64_t)count;
    uint64_t removed = 0;
    struct list_position position = list_at(list, backwards ? -1 : 0);
    while (position.node != NULL && (most == 0 || removed < most)) {
        if (!listpack_equals(position.node->pack, position.at, call->argv[3])) {
            position = backwards ? list_previous(position) : list_next(position);
            continue;
        }
        removed++;
        struct list_position before = backwards ? list_previous(position) : position;
        struct list_position behind = list_remove(list, position);
        position = backwards ? before : behind;
    }
    if (removed > 0) {
        keyspace_shrunk(call, call->argv[1], EVENT_LIST, "lrem", list->count);
    }
    reply_integer(call->reply, (int64_t)removed);
}

static void cmd_ltrim(struct call *call)
{
    struct list *list;
    int64_t start, end;
    if (!argument_integer_or_reply(call, 2, &start) || !argument_integer_or_reply(call, 3, &end) ||
        !list_write_or_reply(call, 1, &list)) {
        return;
    }
    if (list != NULL) {
        if (clamp_range(&start, &end, (int64_t)list->count)) {
            list_remove_range(list, (size_t)end + 1, list->count - (size_t)end - 1);
            list_remove_range(list, 0, (size_t)start);
        } else {
            list_remove_range(list, 0, list->count);
        }
        keyspace_shrunk(call, call->argv[1], EVENT_LIST, "ltrim", list->count);
    }
    reply_ok(call->reply);
}

static const struct command commands[] = {
    {
        .name = "LPUSH",
        .handler = cmd_lpush,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1) for each element added, so O(N) to add N elements when the command "
                      "is called with multiple arguments.",
        .summary = "Prepend one or multiple elements to a list",
        .arguments = "key#0 element...",
        .history =
            (const struct command_history[]){{"2.4.0", "Accepts multiple `element` arguments."},
                                             {0}},
    },
    {
        .name = "RPUSH",
        .handler = cmd_rpush,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1) for each element added, so O(N) to add N elements when the command "
                      "is called with multiple arguments.",
        .summary = "Append one or multiple elements to a list",
        .arguments = "key#0 element...",
        .history =
            (const struct command_history[]){{"2.4.0", "Accepts multiple `element` arguments."},
                                             {0}},
    },
    {
        .name = "LPUSHX",
        .handler = cmd_lpushx,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
        .since = "2.2.0",
        .complexity = "O(1) for each element added, so O(N) to add N elements when the command "
                      "is called with multiple arguments.",
        .summary = "Prepend an element to a list, only if the list exists",
        .arguments = "key#0 element...",
        .history =
            (const struct command_history[]){{"4.0.0", "Accepts multiple `element` arguments."},
                                             {0}},
    },
    {
        .name = "RPUSHX",
        .handler = cmd_rpushx,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
        .since = "2.2.0",
        .complexity = "O(1) for each element added, so O(N) to add N elements when the command "
                      "is called with multiple arguments.",
        .summary = "Append an element to a list, only if the list exists",
        .arguments = "key#0 element...",
        .history =
            (const struct command_history[]){{"4.0.0", "Accepts multiple `element` arguments."},
                                             {0}},
    },
    {
        .name = "LPOP",
        .handler = cmd_lpop,
        .arity = -2,
        .flags = CMD_WRITE | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(N) where N is the number of elements returned",
        .summary = "Remove and get the first elements in a list",
        .arguments = "key#0 [count=integer^6.2.0]",
        .history = (const struct command_history[]){{"6.2.0", "Added the `count` argument."}, {0}},
    },
    {
        .name = "RPOP",
        .handler = cmd_rpop,
        .arity = -2,
        .flags = CMD_WRITE | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(N) where N is the number of elements returned",
        .summary = "Remove and get the last elements in a list",
        .arguments = "key#0 [count=integer^6.2.0]",
        .history = (const struct command_history[]){{"6.2.0", "Added the `count` argument."}, {0}},
    },
    {
        .name = "LLEN",
        .handler = cmd_llen,
        .arity = 2,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Get the length of a list",
        .arguments = "key#0",
    },
    {
        .name = "LINDEX",
        .handler = cmd_lindex,
        .arity = 3,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(N) where N is the number of elements to traverse to get to the "
                      "element at index. This makes asking for the first or the last element "
                      "of the list O(1).",
        .summary = "Get an element from a list by its index",
        .arguments = "key#0 index=integer",
    },
    {
        .name = "LRANGE",
        .handler = cmd_lrange,
        .arity = 4,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(S+N) where S is the distance of start offset from HEAD for small "
                      "lists, from nearest end (HEAD or TAIL) for large lists; and N is the "
                      "number of elements in the specified range.",
        .summary = "Get a range of elements from a list",
        .arguments = "key#0 start=integer stop=integer",
    },
    {
        .name = "LSET",
        .handler = cmd_lset,
        .arity = 4,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(N) where N is the length of the list. Setting either the first or the "
                      "last element of the list is O(1).",
        .summary = "Set the value of an element in a list by its index",
        .arguments = "key#0 index=integer element",
    },
    {
        .name = "LINSERT",
        .handler = cmd_linsert,
        .arity = 5,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
        .since = "2.2.0",
        .complexity = "O(N) where N is the number of elements to traverse before seeing the "
                      "value pivot. This means that inserting somewhere on the left end on the "
                      "list (head) can be considered O(1) and inserting somewhere on the right "
                      "end (tail) is O(N).",
        .summary = "Insert an element before or after another element in a list",
        .arguments = "key#0 where(before=token@BEFORE|after=token@AFTER) pivot element",
    },
    {
        .name = "LREM",
        .handler = cmd_lrem,
        .arity = 4,
        .flags = CMD_WRITE,
        .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(N+M) where N is the length of the list and M is the number of "
                      "elements removed.",
        .summary = "Remove elements from a list",
        .arguments = "key#0 count=integer element",
    },
    {
        .name = "LTRIM",
        .handler = cmd_ltrim,
        .arity = 4,
        .flags = CMD_WRITE,
        .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(N) where N is the number of elements to be removed by the operation.",
        .summary = "Trim a list to the specified range",
        .arguments = "key#0 start=integer stop=integer",
    },
    {
        .name = "LPOS",
        .handler = cmd_lpos,
        .arity = -3,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "6.0.6",
        .complexity = "O(N) where N is the number of elements in the list, for the average "
                      "case. When searching for elements near the head or the tail of the "
                      "list, or when the MAXLEN option is provided, the command may run in "
                      "constant time.",
        .summary = "Return the index of matching elements on a list",
        .arguments = "key#0 element [rank=integer@RANK] [num-matches=integer@COUNT] "
                     "[len=integer@MAXLEN]",
    },
    {
        .name = "LMOVE",
        .handler = cmd_lmove,
        .arity = 5,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1),
                 KEY_RANGE(KEY_RW | KEY_INSERT, 2, 0, 1)},
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Pop an element from a list, push it to another list and return it",
        .arguments = "source#0 destination#1 wherefrom(left=token@LEFT|right=token@RIGHT) "
                     "whereto(left=token@LEFT|right=token@RIGHT)",
    },
    {
        .name = "RPOPLPUSH",
        .handler = cmd_rpoplpush,
        .arity = 3,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1),
                 KEY_RANGE(KEY_RW | KEY_INSERT, 2, 0, 1)},
        .since = "1.2.0",
        .complexity = "O(1)",
        .summary = "Remove the last element in a list, prepend it to another list and "
                   "return it",
        .arguments = "source#0 destination#1",
        .deprecated_since = "6.2.0",
        .replaced_by = "`LMOVE` with the `RIGHT` and `LEFT` arguments",
    },
    {
        .name = "LMPOP",
        .handler = cmd_lmpop,
        .arity = -4,
        .flags = CMD_WRITE,
        .keys = {{.begin = KEY_BEGIN_INDEX,
                  .index = 1,
                  .find = KEY_FIND_NUMBER,
                  .number_at = 0,
                  .first_key_offset = 1,
                  .step = 1,
                  .flags = KEY_RW | KEY_ACCESS | KEY_DELETE}},
        .since = "7.0.0",
        .complexity = "O(N+M) where N is the number of provided keys and M is the number of "
                      "elements returned.",
        .summary = "Pop elements from a list",
        .arguments = "numkeys=integer key#0... where(left=token@LEFT|right=token@RIGHT) "
                     "[count=integer@COUNT]",
    },
};

const struct command_family list_family = {"list", commands, ARRAY_LEN(commands)};

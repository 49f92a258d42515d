/* PFADD, PFCOUNT, PFMERGE, and Redis's own PFDEBUG and PFSELFTEST. */
#include <math.h>
#include <stdlib.h>

#include "resp/arguments.h"
#include "resp/commands/string.h"
#include "resp/errors.h"
#include "resp/instance_state.h"
#include "resp/types/hyperloglog.h"

static bool check_or_reply(struct call *call, const struct string *string)
{
    if (string == NULL || hyperloglog_valid(string_bytes(string))) {
        return true;
    }
    reply_error(call->reply, "WRONGTYPE Key is not a valid HyperLogLog string value.");
    return false;
}

static void reply_corrupt(struct call *call)
{
    reply_error(call->reply, "INVALIDOBJ Corrupted HLL object detected");
}

static size_t sparse_limit(const struct call *call)
{
    return call->instance->packing.hyperloglog_sparse_bytes;
}

/* Puts a string that may have moved back into its key. */
static void put_back(struct call *call, struct bytes key, struct string *string)
{
    struct entry *entry = keyspace_found(call->db, key);
    keyspace_replace_data(call->db, entry, string);
    keyspace_account(call->db, entry);
}

/* The key's HyperLogLog, created when there is none. */
static struct string *obtain(struct call *call, int index, struct string *string)
{
    if (string == NULL) {
        string = hyperloglog_create();
        keyspace_set_take(call->db, call->argv[index], &string_type, string);
    }
    return string;
}

static void cmd_pfadd(struct call *call)
{
    struct string *string;
    if (!string_write_or_reply(call, 1, &string) || !check_or_reply(call, string)) {
        return;
    }
    bool changed = string == NULL, corrupt = false;
    string = obtain(call, 1, string);
    string->form = STRING_RAW;
    for (int i = 2; i < call->argc && !corrupt; i++) {
        enum hyperloglog_change change =
            hyperloglog_add(&string, call->argv[i], sparse_limit(call));
        changed = changed || change == HYPERLOGLOG_CHANGED;
        corrupt = change == HYPERLOGLOG_CORRUPT;
    }
    if (changed) {
        hyperloglog_forget_count(string);
    }
    put_back(call, call->argv[1], string);
    if (corrupt) {
        if (changed) { /* the elements before the broken run are in: replicas need them too */
            keyspace_changed_silently(call->db, keyspace_found(call->db, call->argv[1]));
        }
        reply_corrupt(call);
        return;
    }
    if (changed) {
        keyspace_changed(call, call->argv[1], EVENT_STRING, "pfadd");
    }
    reply_integer(call->reply, changed);
}

/* ---- Counting and merging ---- */

/* Merges the keys from argv[first] on; *dense when any of them is. */
static bool merge_or_reply(struct call *call, int first,
                           unsigned char registers[HYPERLOGLOG_REGISTERS], bool *dense)
{
    *dense = false;
    for (int i = first; i < call->argc; i++) {
        struct string *string;
        if (!string_read_or_reply(call, i, &string) || !check_or_reply(call, string)) {
            return false;
        }
        if (string == NULL) {
            continue;
        }
        *dense = *dense || hyperloglog_dense(string_bytes(string));
        if (!hyperloglog_merge(registers, string_bytes(string))) {
            reply_corrupt(call);
            return false;
        }
    }
    return true;
}

static void count_union(struct call *call)
{
    unsigned char registers[HYPERLOGLOG_REGISTERS] = {0};
    bool dense;
    if (merge_or_reply(call, 1, registers, &dense)) {
        reply_integer(call->reply, (int64_t)hyperloglog_estimate(registers));
    }
}

static void cmd_pfcount(struct call *call)
{
    struct string *string;
    uint64_t count;
    bool computed;
    if (call->argc > 2) {
        count_union(call);
        return;
    }
    if (!string_read_or_reply(call, 1, &string) || !check_or_reply(call, string)) {
        return;
    }
    if (string == NULL) {
        reply_integer(call->reply, 0);
        return;
    }
    string->form = STRING_RAW;
    if (!hyperloglog_count(string, &count, &computed)) {
        reply_corrupt(call);
        return;
    }
    if (computed) {
        keyspace_changed(call, call->argv[1], EVENT_STRING, NULL);
    }
    reply_integer(call->reply, (int64_t)count);
}

static void cmd_pfmerge(struct call *call)
{
    unsigned char registers[HYPERLOGLOG_REGISTERS] = {0};
    struct string *string;
    bool dense;
    if (!merge_or_reply(call, 1, registers, &dense) || !string_write_or_reply(call, 1, &string)) {
        return;
    }
    string = obtain(call, 1, string);
    string->form = STRING_RAW;
    bool whole = !dense || hyperloglog_to_dense(&string);
    for (unsigned i = 0; whole && i < HYPERLOGLOG_REGISTERS; i++) {
        whole = registers[i] == 0 || hyperloglog_raise(&string, i, registers[i],
                                                       sparse_limit(call)) != HYPERLOGLOG_CORRUPT;
    }
    hyperloglog_forget_count(string);
    put_back(call, call->argv[1], string);
    if (!whole) {
        reply_corrupt(call);
        return;
    }
    keyspace_changed(call, call->argv[1], EVENT_STRING, "pfadd");
    reply_ok(call->reply);
}

/* ---- PFDEBUG ---- */

static void debug_registers(struct call *call, struct string **string)
{
    unsigned char registers[HYPERLOGLOG_REGISTERS] = {0};
    if (!hyperloglog_to_dense(string) || !hyperloglog_merge(registers, string_bytes(*string))) {
        reply_corrupt(call);
        return;
    }
    reply_array(call->reply, HYPERLOGLOG_REGISTERS);
    for (unsigned i = 0; i < HYPERLOGLOG_REGISTERS; i++) {
        reply_integer(call->reply, registers[i]);
    }
}

static void debug_decode(struct call *call, struct string **string)
{
    struct bytes text = string_bytes(*string);
    if (hyperloglog_dense(text)) {
        reply_error(call->reply, "ERR HLL encoding is not sparse");
        return;
    }
    struct buf decoded;
    buf_init(&decoded, (size_t)HYPERLOGLOG_REGISTERS * 16);
    struct hyperloglog_cursor cursor = hyperloglog_runs(text);
    for (struct hyperloglog_run run; hyperloglog_next_run(&cursor, &run);) {
        const char *blank = decoded.size > 0 ? " " : "";
        if (run.value > 0) {
            buf_printf(&decoded, "%sv:%u,%u", blank, run.value, run.length);
        } else {
            buf_printf(&decoded, "%s%s:%u", blank, run.wide ? "Z" : "z", run.length);
        }
    }
    reply_bulk(call->reply, buf_bytes(&decoded));
    buf_finish(&decoded);
}

static void debug_encoding(struct call *call, struct string **string)
{
    reply_status(call->reply, hyperloglog_dense(string_bytes(*string)) ? "dense" : "sparse");
}

static void debug_to_dense(struct call *call, struct string **string)
{
    bool sparse = !hyperloglog_dense(string_bytes(*string));
    if (hyperloglog_to_dense(string)) {
        reply_integer(call->reply, sparse);
    } else {
        reply_corrupt(call);
    }
}

static const struct {
    const char *name;
    void (*run)(struct call *call, struct string **string);
} debug_verbs[] = {
    {"GETREG", debug_registers},
    {"DECODE", debug_decode},
    {"ENCODING", debug_encoding},
    {"TODENSE", debug_to_dense},
};

static void cmd_pfdebug(struct call *call)
{
    struct string *string;
    if (!string_write_or_reply(call, 2, &string)) {
        return;
    }
    if (string == NULL) {
        reply_error(call->reply, "ERR The specified key does not exist");
        return;
    }
    if (!check_or_reply(call, string)) {
        return;
    }
    struct bytes verb = call->argv[1];
    string->form = STRING_RAW;
    for (size_t i = 0; i < ARRAY_LEN(debug_verbs); i++) {
        if (!bytes_equal_string_nocase(verb, debug_verbs[i].name)) {
            continue;
        }
        if (call->argc != 3) {
            reply_errorf(call->reply, "ERR Wrong number of arguments for the '%.*s' subcommand",
                         (int)verb.size, verb.data);
            return;
        }
        bool dense = hyperloglog_dense(string_bytes(string));
        debug_verbs[i].run(call, &string);
        put_back(call, call->argv[2], string);
        if (hyperloglog_dense(string_bytes(string)) != dense) {
            keyspace_changed_silently(call->db, keyspace_found(call->db, call->argv[2]));
        }
        return;
    }
    reply_errorf(call->reply, "ERR Unknown PFDEBUG subcommand '%.*s'", (int)verb.size, verb.data);
}

/* Adds many elements both ways and compares sparse with dense and the estimate with the truth. */
static void cmd_pfselftest(struct call *call)
{
    enum { ELEMENTS = 100000 };
    struct string *sparse = hyperloglog_create(), *dense = hyperloglog_create();
    const char *failure = hyperloglog_to_dense(&dense) ? NULL : "Conversion to dense failed";
    for (int64_t i = 1; i <= ELEMENTS && failure == NULL; i++) {
        struct bytes element = {(const char *)&i, sizeof(i)};
        uint64_t first, second;
        bool computed;
        hyperloglog_add(&sparse, element, sparse_limit(call));
        hyperloglog_add(&dense, element, 0);
        if ((i & (i - 1)) != 0 && i != ELEMENTS) {
            continue;
        }
        if (!hyperloglog_count(sparse, &first, &computed) ||
            !hyperloglog_count(dense, &second, &computed) || first != second) {
            failure = "dense/sparse disagree";
        } else if (llabs((long long)first - i) > ceil(0.0325 * (double)i) + 1) {
            failure = "Too big error";
        }
    }
    string_destroy(sparse);
    string_destroy(dense);
    if (failure != NULL) {
        reply_errorf(call->reply, "TESTFAILED %s", failure);
    } else {
        reply_ok(call->reply);
    }
}

static const struct command commands[] = {
    {
        .name = "PFADD",
        .handler = cmd_pfadd,
        .arity = -2,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
        .since = "2.8.9",
        .complexity = "O(1) to add every element.",
        .summary = "Adds the specified elements to the specified HyperLogLog.",
        .arguments = "key#0 [element...]",
    },
    {
        .name = "PFCOUNT",
        .handler = cmd_pfcount,
        .arity = -2,
        .flags = CMD_READONLY,
        .keys = {{.begin = KEY_BEGIN_INDEX,
                  .index = 1,
                  .find = KEY_FIND_RANGE,
                  .last = -1,
                  .step = 1,
                  .flags = KEY_RW | KEY_ACCESS,
                  .notes = "RW because it may change the internal representation of the key, and "
                           "propagate to replicas"}},
        .since = "2.8.9",
        .complexity = "O(1) with a very small average constant time when called with a single "
                      "key. O(N) with N being the number of keys, and much bigger constant "
                      "times, when called with multiple keys.",
        .summary = "Return the approximated cardinality of the set(s) observed by the "
                   "HyperLogLog at key(s).",
        .arguments = "key#0...",
    },
    {
        .name = "PFMERGE",
        .handler = cmd_pfmerge,
        .arity = -2,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_INSERT, 1, 0, 1),
                 KEY_RANGE(KEY_RO | KEY_ACCESS, 2, -1, 1)},
        .since = "2.8.9",
        .complexity = "O(N) to merge N HyperLogLogs, but with high constant times.",
        .summary = "Merge N different HyperLogLogs into a single one.",
        .arguments = "destkey#0 sourcekey#1...",
    },
    {
        .name = "PFDEBUG",
        .handler = cmd_pfdebug,
        .arity = 3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_ADMIN | CMD_SYSTEM,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS, 2, 0, 1)},
        .since = "2.8.9",
        .complexity = "N/A",
        .summary = "Internal commands for debugging HyperLogLog values",
        .arguments = "subcommand key#0",
    },
    {
        .name = "PFSELFTEST",
        .handler = cmd_pfselftest,
        .arity = 1,
        .flags = CMD_ADMIN | CMD_SYSTEM,
        .since = "2.8.9",
        .complexity = "N/A",
        .summary = "An internal command for testing HyperLogLog values",
    },
};

const struct command_family hyperloglog_family = {"hyperloglog", commands, ARRAY_LEN(commands)};

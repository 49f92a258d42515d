/* Entries of streams: XADD, XLEN, XRANGE, XREVRANGE, XDEL, XTRIM, XSETID. */
#include "resp/commands/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "resp/arguments.h"
#include "resp/errors.h"
#include "resp/instance_state.h"

/* ---- Shared with the other files of the family ---- */

void stream_account(struct call *call, struct bytes key)
{
    struct entry *entry = keyspace_peek_at(call->db, key, call->now_ms);
    if (entry != NULL) {
        keyspace_changed_silently(call->db, entry);
    }
}

/* As Redis's string2ull: what strtoull takes is fine. */
static bool read_half(const char *text, uint64_t *number)
{
    int64_t plain;
    char *end;
    if (bytes_to_int64((struct bytes){text, strlen(text)}, &plain)) {
        *number = (uint64_t)plain;
        return plain >= 0;
    }
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

/* Both halves; *sequence_open for "ms-*", where that may be said. */
static bool read_id(struct bytes text, uint64_t missing, struct stream_id *id, bool *sequence_open)
{
    char copy[128];
    if (text.size >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    char *dash = strchr(copy, '-');
    if (dash != NULL) {
        *dash = '\0';
    }
    if (!read_half(copy, &id->ms)) {
        return false;
    }
    if (dash == NULL) {
        id->seq = missing;
        return true;
    }
    if (sequence_open != NULL && strcmp(dash + 1, "*") == 0) {
        id->seq = 0;
        return *sequence_open = true;
    }
    return read_half(dash + 1, &id->seq);
}

bool stream_id_read(struct bytes text, uint64_t missing, struct stream_id *id)
{
    if (bytes_equal(text, BYTES("-")) || bytes_equal(text, BYTES("+"))) {
        *id = text.data[0] == '-' ? STREAM_ID_LEAST : STREAM_ID_MOST;
        return true;
    }
    return read_id(text, missing, id, NULL);
}

bool stream_id_read_strict(struct bytes text, struct stream_id *id)
{
    return read_id(text, 0, id, NULL);
}

static bool id_read_or_reply(struct call *call, bool read)
{
    if (!read) {
        reply_error(call->reply, "ERR Invalid stream ID specified as stream command argument");
    }
    return read;
}

bool stream_id_or_reply(struct call *call, int index, struct stream_id *id)
{
    return id_read_or_reply(call, stream_id_read_strict(call->argv[index], id));
}

/* One end of an interval; *open when it is left out itself. */
static bool end_or_reply(struct call *call, int index, uint64_t missing, struct stream_id *id,
                         bool *open)
{
    struct bytes text = call->argv[index];
    *open = text.size > 1 && text.data[0] == '(' && call_supports(call, "6.2.0");
    if (*open) {
        text = bytes_slice(text, 1, text.size);
        return id_read_or_reply(call, read_id(text, missing, id, NULL));
    }
    return id_read_or_reply(call, stream_id_read(text, missing, id));
}

bool stream_interval_start_or_reply(struct call *call, int index, struct stream_id *from)
{
    bool open;
    if (!end_or_reply(call, index, 0, from, &open)) {
        return false;
    }
    if (open && !stream_id_increment(from)) {
        reply_error(call->reply, "ERR invalid start ID for the interval");
        return false;
    }
    return true;
}

bool stream_interval_or_reply(struct call *call, int from_at, int to_at, struct stream_id *from,
                              struct stream_id *to)
{
    bool open;
    if (!stream_interval_start_or_reply(call, from_at, from) ||
        !end_or_reply(call, to_at, UINT64_MAX, to, &open)) {
        return false;
    }
    if (open && !stream_id_decrement(to)) {
        reply_error(call->reply, "ERR invalid end ID for the interval");
        return false;
    }
    return true;
}

void reply_stream_id(struct call *call, struct stream_id id)
{
    reply_bulkf(call->reply, "%llu-%llu", (unsigned long long)id.ms, (unsigned long long)id.seq);
}

void reply_stream_entry(struct call *call, struct stream_entry entry)
{
    reply_array(call->reply, 2);
    reply_stream_id(call, entry.id);
    reply_array(call->reply, entry.fields * 2);
    for (size_t i = 0; i < entry.fields; i++) {
        struct bytes field, value;
        char field_digits[LISTPACK_DIGITS], value_digits[LISTPACK_DIGITS];
        stream_entry_next(&entry, &field, &value, field_digits, value_digits);
        reply_bulk(call->reply, field);
        reply_bulk(call->reply, value);
    }
}

void reply_stream_range(struct call *call, const struct stream *stream, struct stream_id from,
                        struct stream_id to, bool reverse, int64_t count)
{
    struct stream_entry entry;
    struct stream_cursor cursor = stream_range(stream, from, to, reverse);
    size_t mark = reply_defer(call->reply), shown = 0;
    while ((count == 0 || shown < (size_t)count) && stream_next(&cursor, &entry)) {
        reply_stream_entry(call, entry);
        shown++;
    }
    reply_array_at(call->reply, mark, shown);
}

/* ---- XADD and XTRIM ---- */

struct addition {
    struct stream_trim trim;
    bool trims, limited, no_stream;
    bool id_given, sequence_open;
    struct stream_id id;
};

/* MAXLEN [=|~] n, MINID [=|~] id; *at is behind it then. */
static bool threshold_or_reply(struct call *call, int *at, struct addition *addition)
{
    struct stream_trim *trim = &addition->trim;
    bool by_id = bytes_equal_string_nocase(call->argv[*at], "MINID");
    if (addition->trims && call_supports(call, "6.2.0")) {
        reply_error(call->reply, "ERR syntax error, MAXLEN and MINID options at the same time are "
                                 "not compatible");
        return false;
    }
    addition->trims = true;
    trim->by_id = by_id;
    trim->whole_nodes = false;
    (*at)++;
    if (*at + 1 < call->argc &&
        (bytes_equal(call->argv[*at], BYTES("~")) || bytes_equal(call->argv[*at], BYTES("=")))) {
        trim->whole_nodes = call->argv[*at].data[0] == '~';
        (*at)++;
    }
    if (by_id) {
        return stream_id_or_reply(call, (*at)++, &trim->least);
    }
    int64_t length;
    if (!argument_integer_or_reply(call, (*at)++, &length)) {
        return false;
    }
    if (length < 0) {
        reply_error(call->reply, "ERR The MAXLEN argument must be >= 0.");
        return false;
    }
    trim->length = (uint64_t)length;
    return true;
}

static bool limit_or_reply(struct call *call, int index, struct addition *addition)
{
    int64_t limit;
    if (!argument_integer_or_reply(call, index, &limit)) {
        return false;
    }
    if (limit < 0) {
        reply_error(call->reply, "ERR The LIMIT argument must be >= 0.");
        return false;
    }
    addition->trim.limit = (uint64_t)limit;
    return addition->limited = true;
}

/* What the trimming options say together; without LIMIT, "~" does a bounded amount of work. */
static bool settle_trim_or_reply(struct call *call, bool adds, struct addition *addition)
{
    struct stream_trim *trim = &addition->trim;
    if (trim->limit > 0 && !addition->trims) {
        reply_error(call->reply, "ERR syntax error, LIMIT cannot be used without specifying a "
                                 "trimming strategy");
        return false;
    }
    if (!adds && !addition->trims) {
        reply_error(call->reply, call_supports(call, "6.2.0")
                                     ? "ERR syntax error, XTRIM must be called with either MAXLEN "
                                       "or MINID options"
                                     : "ERR XTRIM called without an option to trim the stream");
        return false;
    }
    if (addition->limited && !trim->whole_nodes) {
        reply_error(call->reply,
                    "ERR syntax error, LIMIT cannot be used without the special ~ option");
        return false;
    }
    if (!addition->limited && trim->whole_nodes && call_supports(call, "6.2.0")) {
        uint64_t limit = 100 * (uint64_t)call->instance->packing.stream_node_entries;
        trim->limit = limit == 0 ? 10000 : limit > 1000000 ? 1000000 : limit;
    }
    return true;
}

/* Reads up to the ID (XADD) or the end (XTRIM); the index of the ID, -1 after answering. */
static int addition_or_reply(struct call *call, bool adds, struct addition *addition)
{
    int at = 2;
    while (at < call->argc) {
        struct bytes word = call->argv[at];
        bool more = at + 1 < call->argc, newer = call_supports(call, "6.2.0");
        if (adds && bytes_equal(word, BYTES("*"))) {
            break;
        }
        if (more && (bytes_equal_string_nocase(word, "MAXLEN") ||
                     (newer && bytes_equal_string_nocase(word, "MINID")))) {
            if (!threshold_or_reply(call, &at, addition)) {
                return -1;
            }
        } else if (more && newer && bytes_equal_string_nocase(word, "LIMIT")) {
            if (!limit_or_reply(call, at + 1, addition)) {
                return -1;
            }
            at += 2;
        } else if (adds && newer && bytes_equal_string_nocase(word, "NOMKSTREAM")) {
            addition->no_stream = true;
            at++;
        } else if (adds) {
            bool *open = call_supports(call, "7.0.0") ? &addition->sequence_open : NULL;
            addition->id_given = true;
            if (!id_read_or_reply(call, read_id(word, 0, &addition->id, open))) {
                return -1;
            }
            break;
        } else {
            reply_syntax_error(call);
            return -1;
        }
    }
    return settle_trim_or_reply(call, adds, addition) ? at : -1;
}

/* The ID that the new entry gets. False: there is none behind the stream's last one. */
static bool choose_id(const struct call *call, const struct stream *stream,
                      const struct addition *addition, struct stream_id *id)
{
    struct stream_id last = stream->last_id;
    *id = addition->id;
    if (!addition->id_given) {
        *id = (struct stream_id){(uint64_t)call->now_ms, 0};
        if (id->ms <= last.ms) {
            *id = last;
            return stream_id_increment(id);
        }
    } else if (addition->sequence_open && last.ms == id->ms) {
        id->seq = last.seq + 1;
        return last.seq != UINT64_MAX;
    }
    return stream_id_compare(*id, last) > 0;
}

static void cmd_xadd(struct call *call)
{
    struct addition addition = {0};
    struct stream *stream;
    struct bytes key = call->argv[1];
    int at = addition_or_reply(call, true, &addition) + 1, words = call->argc - at;
    if (at == 0) {
        return;
    }
    if (words < 2 || words % 2 != 0) {
        if (call_supports(call, "7.0.0")) {
            reply_wrong_arity(call);
        } else {
            reply_error(call->reply, "ERR wrong number of arguments for XADD");
        }
        return;
    }
    if (addition.id_given && !addition.sequence_open && stream_id_is_zero(addition.id)) {
        reply_error(call->reply, "ERR The ID specified in XADD must be greater than 0-0");
        return;
    }
    if (!stream_write_or_reply(call, 1, &stream)) {
        return;
    }
    if (stream == NULL && addition.no_stream) {
        reply_null(call->reply);
        return;
    }
    if (stream == NULL) {
        stream = stream_create();
        keyspace_set_take(call->db, key, &stream_type, stream);
    }
    struct stream_id id;
    if (stream_id_compare(stream->last_id, STREAM_ID_MOST) == 0) {
        reply_error(call->reply, "ERR The stream has exhausted the last possible ID, unable to add "
                                 "more items");
        return;
    }
    if (!choose_id(call, stream, &addition, &id)) {
        reply_error(call->reply, "ERR The ID specified in XADD is equal or smaller than the target "
                                 "stream top item");
        return;
    }
    if (!stream_append(stream, id, call->argv + at, (size_t)words / 2, &call->instance->packing)) {
        reply_error(call->reply, "ERR Elements are too large to be stored");
        return;
    }
    reply_stream_id(call, id);
    keyspace_changed(call, key, EVENT_STREAM, "xadd");
    if (addition.trims && stream_trim(stream, &addition.trim) > 0) {
        keyspace_changed(call, key, EVENT_STREAM, "xtrim");
    }
}

static void cmd_xtrim(struct call *call)
{
    struct addition addition = {0};
    struct stream *stream;
    if (!call_supports(call, "6.2.0")) { /* the key came first, and ended it where it was missing */
        if (!stream_write_or_reply(call, 1, &stream)) {
            return;
        }
        if (stream == NULL) {
            reply_integer(call->reply, 0);
            return;
        }
    }
    if (addition_or_reply(call, false, &addition) < 0 || !stream_write_or_reply(call, 1, &stream)) {
        return;
    }
    uint64_t dropped = stream == NULL ? 0 : stream_trim(stream, &addition.trim);
    if (dropped > 0) {
        keyspace_changed(call, call->argv[1], EVENT_STREAM, "xtrim");
    }
    reply_integer(call->reply, (int64_t)dropped);
}

/* ---- Reading and deleting ---- */

static void cmd_xlen(struct call *call)
{
    struct stream *stream;
    if (stream_read_or_reply(call, 1, &stream)) {
        reply_integer(call->reply, stream == NULL ? 0 : (int64_t)stream->length);
    }
}

static void range(struct call *call, int from_at, int to_at, bool reverse)
{
    struct stream_id from, to;
    struct stream *stream;
    int64_t count = -1;
    /* Redis looks at the start first, wherever it stands. */
    if (!stream_interval_or_reply(call, from_at, to_at, &from, &to)) {
        return;
    }
    for (int at = 4; at < call->argc; at += 2) {
        if (at + 1 == call->argc || !bytes_equal_string_nocase(call->argv[at], "COUNT")) {
            reply_syntax_error(call);
            return;
        }
        if (!argument_integer_or_reply(call, at + 1, &count)) {
            return;
        }
        count = count < 0 ? 0 : count;
    }
    if (!stream_read_or_reply(call, 1, &stream)) {
        return;
    }
    if (stream == NULL) {
        reply_array(call->reply, 0);
    } else if (count == 0) {
        reply_null_array(call->reply);
    } else {
        reply_stream_range(call, stream, from, to, reverse, count < 0 ? 0 : count);
    }
}

static void cmd_xrange(struct call *call)
{
    range(call, 2, 3, false);
}

static void cmd_xrevrange(struct call *call)
{
    range(call, 3, 2, true);
}

static void cmd_xdel(struct call *call)
{
    struct stream *stream;
    int64_t deleted = 0;
    bool first = false;
    if (!stream_write_or_reply(call, 1, &stream)) {
        return;
    }
    struct stream_id id;
    for (int i = 2; stream != NULL && i < call->argc; i++) {
        if (!stream_id_or_reply(call, i, &id)) {
            return;
        }
    }
    for (int i = 2; stream != NULL && i < call->argc; i++) {
        if (stream_id_read_strict(call->argv[i], &id) && stream_delete(stream, id)) {
            first = first || stream_id_compare(id, stream->first_id) == 0;
            if (stream_id_compare(id, stream->max_deleted_id) > 0) {
                stream->max_deleted_id = id;
            }
            deleted++;
        }
    }
    if (deleted > 0) {
        if (first || stream->length == 0) {
            stream_find_first(stream);
        }
        keyspace_changed(call, call->argv[1], EVENT_STREAM, "xdel");
    }
    reply_integer(call->reply, deleted);
}

/* ---- XSETID ---- */

static bool setid_fits_or_reply(struct call *call, const struct stream *stream, struct stream_id id,
                                int64_t entries_added)
{
    if (stream->length > 0 && stream_id_compare(id, stream_last_entry_id(stream)) < 0) {
        reply_error(call->reply,
                    "ERR The ID specified in XSETID is smaller than the target stream top item");
    } else if (stream->length > 0 && entries_added >= 0 &&
               stream->length > (uint64_t)entries_added) {
        reply_error(call->reply, "ERR The entries_added specified in XSETID is smaller than the "
                                 "target stream length");
    } else {
        return true;
    }
    return false;
}

static bool setid_options_or_reply(struct call *call, struct stream_id id, int64_t *entries_added,
                                   struct stream_id *max_deleted)
{
    for (int at = 3; at < call->argc; at += 2) {
        bool pair = at + 1 < call->argc && call_supports(call, "7.0.0");
        if (pair && bytes_equal_string_nocase(call->argv[at], "ENTRIESADDED")) {
            if (!argument_integer_or_reply(call, at + 1, entries_added)) {
                return false;
            }
            if (*entries_added < 0) {
                reply_error(call->reply, "ERR entries_added must be positive");
                return false;
            }
        } else if (pair && bytes_equal_string_nocase(call->argv[at], "MAXDELETEDID")) {
            if (!stream_id_or_reply(call, at + 1, max_deleted)) {
                return false;
            }
            if (stream_id_compare(id, *max_deleted) < 0) {
                reply_error(call->reply, "ERR The ID specified in XSETID is smaller than the "
                                         "provided max_deleted_entry_id");
                return false;
            }
        } else {
            reply_syntax_error(call);
            return false;
        }
    }
    return true;
}

/* Before 7.0 the key came first. */
static bool setid_key_or_reply(struct call *call)
{
    struct stream *stream;
    if (!stream_write_or_reply(call, 1, &stream)) {
        return false;
    }
    if (stream == NULL) {
        reply_error(call->reply, ERROR_NO_SUCH_KEY);
    }
    return stream != NULL;
}

static void cmd_xsetid(struct call *call)
{
    struct stream_id id, max_deleted = STREAM_ID_LEAST;
    int64_t entries_added = -1;
    struct stream *stream;
    if (!call_supports(call, "7.0.0") && !setid_key_or_reply(call)) {
        return;
    }
    if (!stream_id_or_reply(call, 2, &id) ||
        !setid_options_or_reply(call, id, &entries_added, &max_deleted) ||
        !stream_write_or_reply(call, 1, &stream)) {
        return;
    }
    if (stream == NULL) {
        reply_error(call->reply, ERROR_NO_SUCH_KEY);
        return;
    }
    if (!setid_fits_or_reply(call, stream, id, entries_added)) {
        return;
    }
    stream->last_id = id;
    if (entries_added >= 0) {
        stream->entries_added = (uint64_t)entries_added;
    }
    if (!stream_id_is_zero(max_deleted)) {
        stream->max_deleted_id = max_deleted;
    }
    reply_ok(call->reply);
    keyspace_changed(call, call->argv[1], EVENT_STREAM, "xsetid");
}

static const struct command commands[] = {
    {
        .name = "XADD",
        .handler = cmd_xadd,
        .arity = -5,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {{.begin = KEY_BEGIN_INDEX,
                  .index = 1,
                  .find = KEY_FIND_RANGE,
                  .last = 0,
                  .step = 1,
                  .flags = KEY_RW | KEY_UPDATE,
                  .notes = "UPDATE instead of INSERT because of the optional trimming feature"}},
        .since = "5.0.0",
        .complexity = "O(1) when adding a new entry, O(N) when trimming where N being the "
                      "number of entries evicted.",
        .summary = "Appends a new entry to a stream",
        .arguments = "key#0 [nomkstream=token@NOMKSTREAM^6.2.0] "
                     "[trim{strategy(maxlen=token@MAXLEN|minid=token@MINID^6.2.0) "
                     "[operator(equal=token@=|approximately=token@~)] threshold "
                     "[count=integer@LIMIT^6.2.0]}] id_or_auto(auto_id=token@*|id) "
                     "field_value{field value}...",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
        .history =
            (const struct command_history[]){
                {"6.2.0", "Added the `NOMKSTREAM` option, `MINID` trimming strategy and the "
                          "`LIMIT` option."},
                {"7.0.0", "Added support for the `<ms>-*` explicit ID form."},
                {0}},
    },
    {
        .name = "XLEN",
        .handler = cmd_xlen,
        .arity = 2,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Return the number of entries in a stream",
        .arguments = "key#0",
    },
    {
        .name = "XRANGE",
        .handler = cmd_xrange,
        .arity = -4,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "5.0.0",
        .complexity = "O(N) with N being the number of elements being returned. If N is "
                      "constant (e.g. always asking for the first 10 elements with COUNT), you "
                      "can consider it O(1).",
        .summary = "Return a range of elements in a stream, with IDs matching the specified "
                   "IDs interval",
        .arguments = "key#0 start end [count=integer@COUNT]",
        .history = (const struct command_history[]){{"6.2.0", "Added exclusive ranges."}, {0}},
    },
    {
        .name = "XREVRANGE",
        .handler = cmd_xrevrange,
        .arity = -4,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "5.0.0",
        .complexity = "O(N) with N being the number of elements returned. If N is constant "
                      "(e.g. always asking for the first 10 elements with COUNT), you can "
                      "consider it O(1).",
        .summary = "Return a range of elements in a stream, with IDs matching the specified "
                   "IDs interval, in reverse order (from greater to smaller IDs) compared "
                   "to XRANGE",
        .arguments = "key#0 end start [count=integer@COUNT]",
        .history = (const struct command_history[]){{"6.2.0", "Added exclusive ranges."}, {0}},
    },
    {
        .name = "XDEL",
        .handler = cmd_xdel,
        .arity = -3,
        .flags = CMD_WRITE | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
        .since = "5.0.0",
        .complexity = "O(1) for each single item to delete in the stream, regardless of the "
                      "stream size.",
        .summary = "Removes the specified entries from the stream. Returns the number of "
                   "items actually deleted, that may be different from the number of IDs "
                   "passed in case certain IDs do not exist.",
        .arguments = "key#0 id...",
    },
    {
        .name = "XTRIM",
        .handler = cmd_xtrim,
        .arity = -4,
        .flags = CMD_WRITE,
        .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
        .since = "5.0.0",
        .complexity = "O(N), with N being the number of evicted entries. Constant times are "
                      "very small however, since entries are organized in macro nodes "
                      "containing multiple entries that can be released with a single "
                      "deallocation.",
        .summary = "Trims the stream to (approximately if '~' is passed) a certain size",
        .arguments = "key#0 trim{strategy(maxlen=token@MAXLEN|minid=token@MINID^6.2.0) "
                     "[operator(equal=token@=|approximately=token@~)] threshold "
                     "[count=integer@LIMIT^6.2.0]}",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
        .history =
            (const struct command_history[]){
                {"6.2.0", "Added the `MINID` trimming strategy and the `LIMIT` option."}, {0}},
    },
    {
        .name = "XSETID",
        .handler = cmd_xsetid,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "An internal command for replicating stream values",
        .arguments = "key#0 last-id [entries_added=integer@ENTRIESADDED^7.0.0] "
                     "[max_deleted_entry_id@MAXDELETEDID^7.0.0]",
        .history =
            (const struct command_history[]){
                {"7.0.0", "Added the `entries_added` and `max_deleted_entry_id` arguments."}, {0}},
    },
};

const struct command_family stream_family = {"stream", commands, ARRAY_LEN(commands)};

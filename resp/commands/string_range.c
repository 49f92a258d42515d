/* Parts of strings: APPEND, GETRANGE, SETRANGE, STRLEN. */
#include "resp/arguments.h"
#include "resp/commands/string.h"
#include "resp/errors.h"
#include "resp/instance_state.h"

static bool length_or_reply(struct call *call, uint64_t length)
{
    if (length <= LONGEST_STRING) {
        return true;
    }
    reply_error(call->reply, "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    return false;
}

/* Writes at `offset`, creating the value where there is none. */
static void write_part(struct call *call, struct string *string, size_t offset, struct bytes text,
                       const char *event)
{
    struct bytes key = call->argv[1];
    if (string == NULL) {
        keyspace_set_string(call->db, key, (struct bytes){"", 0});
    }
    struct entry *entry = keyspace_found(call->db, key);
    keyspace_replace_data(call->db, entry, string_write(entry->data, offset, text));
    keyspace_changed(call, key, EVENT_STRING, event);
    string = entry->data;
    reply_integer(call->reply, (int64_t)string->size);
}

static void cmd_append(struct call *call)
{
    struct string *string;
    if (!string_write_or_reply(call, 1, &string)) {
        return;
    }
    size_t size = string == NULL ? 0 : string->size;
    if (!length_or_reply(call, (uint64_t)size + call->argv[2].size)) {
        return;
    }
    if (string == NULL) {
        keyspace_set_string(call->db, call->argv[1], call->argv[2]);
        keyspace_changed(call, call->argv[1], EVENT_STRING, "append");
        reply_integer(call->reply, (int64_t)call->argv[2].size);
        return;
    }
    write_part(call, string, size, call->argv[2], "append");
}

static void cmd_strlen(struct call *call)
{
    struct string *string;
    if (string_read_or_reply(call, 1, &string)) {
        reply_integer(call->reply, string == NULL ? 0 : (int64_t)string->size);
    }
}

static void cmd_setrange(struct call *call)
{
    int64_t offset;
    if (!argument_integer_or_reply(call, 2, &offset)) {
        return;
    }
    if (offset < 0) {
        reply_error(call->reply, "ERR offset is out of range");
        return;
    }
    struct string *string;
    if (!string_write_or_reply(call, 1, &string)) {
        return;
    }
    struct bytes text = call->argv[3];
    if (text.size == 0) {
        reply_integer(call->reply, string == NULL ? 0 : (int64_t)string->size);
        return;
    }
    if (length_or_reply(call, (uint64_t)offset + text.size)) {
        write_part(call, string, (size_t)offset, text, "setrange");
    }
}

static void cmd_getrange(struct call *call)
{
    int64_t start, end;
    struct string *string;
    if (!argument_integer_or_reply(call, 2, &start) || !argument_integer_or_reply(call, 3, &end) ||
        !string_read_or_reply(call, 1, &string)) {
        return;
    }
    int64_t size = string == NULL ? 0 : (int64_t)string->size;
    if (size == 0 || (start < 0 && end < 0 && start > end)) {
        reply_bulk(call->reply, BYTES(""));
        return;
    }
    start = start < 0 ? start + size : start;
    end = end < 0 ? end + size : end;
    start = start < 0 ? 0 : start;
    end = end < 0 ? 0 : end >= size ? size - 1 : end;
    reply_bulk(call->reply,
               start > end ? BYTES("")
                           : bytes_slice(string_bytes(string), (size_t)start, (size_t)end + 1));
}

static const struct command commands[] = {
    {
        .name = "APPEND",
        .handler = cmd_append,
        .arity = 3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
        .since = "2.0.0",
        .complexity = "O(1). The amortized time complexity is O(1) assuming the appended value "
                      "is small and the already present value is of any size, since the "
                      "dynamic string library used by Redis will double the free space "
                      "available on every reallocation.",
        .summary = "Append a value to a key",
        .arguments = "key#0 value",
    },
    {
        .name = "GETRANGE",
        .handler = cmd_getrange,
        .arity = 4,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.4.0",
        .complexity = "O(N) where N is the length of the returned string. The complexity is "
                      "ultimately determined by the returned length, but because creating a "
                      "substring from an existing string is very cheap, it can be considered "
                      "O(1) for small strings.",
        .summary = "Get a substring of the string stored at a key",
        .arguments = "key#0 start=integer end=integer",
    },
    {
        .name = "SETRANGE",
        .handler = cmd_setrange,
        .arity = 4,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "2.2.0",
        .complexity = "O(1), not counting the time taken to copy the new string in place. "
                      "Usually, this string is very small so the amortized complexity is O(1). "
                      "Otherwise, complexity is O(M) with M being the length of the value "
                      "argument.",
        .summary = "Overwrite part of a string at key starting at the specified offset",
        .arguments = "key#0 offset=integer value",
    },
    {
        .name = "STRLEN",
        .handler = cmd_strlen,
        .arity = 2,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
        .since = "2.2.0",
        .complexity = "O(1)",
        .summary = "Get the length of the value stored in a key",
        .arguments = "key#0",
    },
    {
        .name = "SUBSTR",
        .handler = cmd_getrange,
        .arity = 4,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "1.0.0",
        .complexity = "O(N) where N is the length of the returned string. The complexity is "
                      "ultimately determined by the returned length, but because creating a "
                      "substring from an existing string is very cheap, it can be considered "
                      "O(1) for small strings.",
        .summary = "Get a substring of the string stored at a key",
        .arguments = "key#0 start=integer end=integer",
        .deprecated_since = "2.0.0",
        .replaced_by = "`GETRANGE`",
    },
};

const struct command_family string_range_family = {"string", commands, ARRAY_LEN(commands)};

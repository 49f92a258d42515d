/* SETBIT, GETBIT, BITOP, BITCOUNT, BITPOS. */
#include "resp/commands/bitmap.h"
#include "resp/arguments.h"
#include "resp/errors.h"
#include "resp/instance_state.h"
#include <string.h>

bool bit_offset_or_reply(struct call *call, int index, unsigned width, uint64_t *offset)
{
    struct bytes text = call->argv[index];
    uint64_t unit = 1;
    if (width > 0 && text.size > 0 && text.data[0] == '#') {
        text = bytes_slice(text, 1, text.size);
        unit = width;
    }
    int64_t number;
    if (!bytes_to_int64(text, &number) || number < 0 ||
        (uint64_t)number / 8 >= LONGEST_STRING / unit + 1 ||
        (uint64_t)number * unit / 8 >= LONGEST_STRING) {
        reply_error(call->reply, "ERR bit offset is not an integer or out of range");
        return false;
    }
    *offset = (uint64_t)number * unit;
    return true;
}

bool bits_write_or_reply(struct call *call, uint64_t last_bit, struct string **string, bool *grown)
{
    struct bytes key = call->argv[1];
    if (!string_write_or_reply(call, 1, string)) {
        return false;
    }
    size_t size = (size_t)(last_bit / 8) + 1;
    *grown = *string == NULL || (*string)->size < size;
    if (*string == NULL) {
        keyspace_set_string(call->db, key, BYTES(""));
    }
    struct entry *entry = keyspace_found(call->db, key);
    /* Nothing at the end fills what is missing with zeros. */
    size_t end = *grown ? size : (*string)->size;
    keyspace_replace_data(call->db, entry, string_write(entry->data, end, BYTES("")));
    *string = entry->data;
    return true;
}

static void cmd_setbit(struct call *call)
{
    uint64_t offset;
    struct string *string;
    bool grown;
    int64_t on;
    if (!bit_offset_or_reply(call, 2, 0, &offset)) {
        return;
    }
    if (!bytes_to_int64(call->argv[3], &on) || on < 0 || on > 1) {
        reply_error(call->reply, "ERR bit is not an integer or out of range");
        return;
    }
    if (!bits_write_or_reply(call, offset, &string, &grown)) {
        return;
    }
    char *byte = &string->data[offset / 8];
    char mask = (char)(0x80u >> (offset % 8));
    bool was_on = (*byte & mask) != 0;
    /* Before 7.0 a bit that was so already was a change, too. */
    if (grown || was_on != (on == 1) || !call_supports(call, "7.0.0")) {
        *byte = (char)(on == 1 ? *byte | mask : *byte & ~mask);
        keyspace_changed(call, call->argv[1], EVENT_STRING, "setbit");
    }
    reply_integer(call->reply, was_on);
}

static void cmd_getbit(struct call *call)
{
    uint64_t offset;
    struct string *string;
    if (bit_offset_or_reply(call, 2, 0, &offset) && string_read_or_reply(call, 1, &string)) {
        bool inside = string != NULL && offset / 8 < string->size;
        reply_integer(call->reply,
                      inside && (string->data[offset / 8] & (0x80u >> (offset % 8))) != 0);
    }
}

/* ---- BITOP ---- */

enum bit_operation { BIT_AND, BIT_OR, BIT_XOR, BIT_NOT, BIT_OPERATIONS };

static enum bit_operation bit_operation_of(struct bytes text)
{
    static const char *const names[] = {"AND", "OR", "XOR", "NOT"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (bytes_equal_string_nocase(text, names[i])) {
            return (enum bit_operation)i;
        }
    }
    return BIT_OPERATIONS;
}

/* Folds a source into the result; past its end a source is zeros. */
static void fold(enum bit_operation operation, char *result, size_t size, struct bytes source)
{
    size_t common = source.size < size ? source.size : size;
    switch (operation) {
    case BIT_AND:
        for (size_t i = 0; i < common; i++) {
            result[i] &= source.data[i];
        }
        memset(result + common, 0, size - common);
        break;
    case BIT_OR:
        for (size_t i = 0; i < common; i++) {
            result[i] |= source.data[i];
        }
        break;
    default:
        for (size_t i = 0; i < common; i++) {
            result[i] ^= source.data[i];
        }
        break;
    }
}

/* Answers WRONGTYPE for any source that is no string; *longest is the result's length. */
static bool sources_or_reply(struct call *call, size_t *longest)
{
    *longest = 0;
    for (int i = 3; i < call->argc; i++) {
        struct string *string;
        if (!string_read_or_reply(call, i, &string)) {
            return false;
        }
        if (string != NULL && string->size > *longest) {
            *longest = string->size;
        }
    }
    return true;
}

static struct bytes source_at(struct call *call, int index)
{
    struct entry *entry = keyspace_peek_at(call->db, call->argv[index], call->now_ms);
    return entry == NULL ? BYTES("") : string_bytes(entry->data);
}

static void cmd_bitop(struct call *call)
{
    enum bit_operation operation = bit_operation_of(call->argv[1]);
    size_t size;
    if (operation == BIT_OPERATIONS) {
        reply_syntax_error(call);
        return;
    }
    if (operation == BIT_NOT && call->argc != 4) {
        reply_error(call->reply, "ERR BITOP NOT must be called with a single source key.");
        return;
    }
    if (!sources_or_reply(call, &size)) {
        return;
    }
    if (size == 0) {
        keyspace_delete_changed(call, call->argv[2]);
        reply_integer(call->reply, 0);
        return;
    }
    struct string *result = string_write(string_create(source_at(call, 3)), size, BYTES(""));
    for (int i = 4; i < call->argc; i++) {
        fold(operation, result->data, size, source_at(call, i));
    }
    for (size_t i = 0; operation == BIT_NOT && i < size; i++) {
        result->data[i] = (char)~result->data[i];
    }
    keyspace_set_take(call->db, call->argv[2], &string_type, result);
    keyspace_changed(call, call->argv[2], EVENT_STRING, "set");
    reply_integer(call->reply, (int64_t)size);
}

/* ---- BITCOUNT and BITPOS ---- */

/* Bits first..last of a string; empty when first > last. */
struct bit_range {
    int64_t first, last;
    bool closed; /* its end was given */
};

static bool unit_or_reply(struct call *call, int index, bool *bits)
{
    *bits = bytes_equal_string_nocase(call->argv[index], "BIT");
    if (*bits || bytes_equal_string_nocase(call->argv[index], "BYTE")) {
        return true;
    }
    reply_syntax_error(call);
    return false;
}

/* Negative places count from the end; then everything is cut to the string. */
static struct bit_range resolve(int64_t start, int64_t end, bool bits, const struct string *string)
{
    int64_t unit = bits ? 1 : 8, total = (int64_t)string->size * 8 / unit;
    start = start < 0 ? start + total : start;
    end = end < 0 ? end + total : end;
    start = start < 0 ? 0 : start;
    end = end < 0 ? 0 : end;
    end = end >= total ? total - 1 : end;
    if (start > end) {
        return (struct bit_range){.first = 0, .last = -1};
    }
    return (struct bit_range){.first = start * unit, .last = (end + 1) * unit - 1};
}

/* The byte at `index` with the bits outside the range taken as `filling`. */
static unsigned char byte_of_range(const struct string *string, struct bit_range range,
                                   int64_t index, bool filling)
{
    unsigned inside = 0xff;
    if (index == range.first / 8) {
        inside &= 0xffu >> (range.first % 8);
    }
    if (index == range.last / 8) {
        inside &= 0xffu << (7 - range.last % 8);
    }
    unsigned byte = (unsigned char)string->data[index];
    return (unsigned char)((byte & inside) | (filling ? ~inside : 0));
}

static int64_t count_bits(const struct string *string, struct bit_range range)
{
    int64_t count = 0, index = range.first / 8, last = range.last / 8;
    if (range.first > range.last) {
        return 0;
    }
    count += __builtin_popcount(byte_of_range(string, range, index, false));
    for (index++; index + 8 <= last; index += 8) {
        uint64_t word;
        memcpy(&word, &string->data[index], sizeof(word));
        count += __builtin_popcountll(word);
    }
    for (; index <= last; index++) {
        count += __builtin_popcount(byte_of_range(string, range, index, false));
    }
    return count;
}

/* The first such bit in the range; -1 when there is none. */
static int64_t find_bit(const struct string *string, struct bit_range range, bool bit)
{
    int64_t index = range.first / 8, last = range.last / 8;
    unsigned char without = bit ? 0x00 : 0xff;
    while (index <= last) {
        unsigned char byte = byte_of_range(string, range, index, !bit);
        if (byte != without) {
            unsigned found = bit ? byte : (unsigned char)~byte;
            return index * 8 + __builtin_clz(found << 24);
        }
        index++;
        for (uint64_t word; index + 8 <= last; index += 8) {
            memcpy(&word, &string->data[index], sizeof(word));
            if (word != (bit ? 0 : UINT64_MAX)) {
                break;
            }
        }
    }
    return -1;
}

static void cmd_bitcount(struct call *call)
{
    struct string *string;
    int64_t start = 0, end = -1;
    bool bits = false;
    if (!string_read_or_reply(call, 1, &string)) {
        return;
    }
    if (string == NULL) {
        reply_integer(call->reply, 0);
        return;
    }
    if (call->argc == 3 || call->argc > (call_supports(call, "7.0.0") ? 5 : 4)) {
        reply_syntax_error(call);
        return;
    }
    if (call->argc >= 4) {
        if (!argument_integer_or_reply(call, 2, &start) ||
            !argument_integer_or_reply(call, 3, &end)) {
            return;
        }
        if (start < 0 && end < 0 && start > end) {
            reply_integer(call->reply, 0);
            return;
        }
        if (call->argc == 5 && !unit_or_reply(call, 4, &bits)) {
            return;
        }
    }
    reply_integer(call->reply, count_bits(string, resolve(start, end, bits, string)));
}

static bool position_range_or_reply(struct call *call, const struct string *string,
                                    struct bit_range *range)
{
    int64_t start = 0, end = -1;
    bool bits = false;
    if (call->argc > (call_supports(call, "7.0.0") ? 6 : 5)) {
        reply_syntax_error(call);
        return false;
    }
    if ((call->argc >= 4 && !argument_integer_or_reply(call, 3, &start)) ||
        (call->argc == 6 && !unit_or_reply(call, 5, &bits)) ||
        (call->argc >= 5 && !argument_integer_or_reply(call, 4, &end))) {
        return false;
    }
    *range = resolve(start, end, bits, string);
    range->closed = call->argc >= 5;
    return true;
}

static void cmd_bitpos(struct call *call)
{
    struct string *string;
    struct bit_range range;
    int64_t bit;
    if (!argument_integer_or_reply(call, 2, &bit)) {
        return;
    }
    if (bit != 0 && bit != 1) {
        reply_error(call->reply, "ERR The bit argument must be 1 or 0.");
        return;
    }
    if (!string_read_or_reply(call, 1, &string)) {
        return;
    }
    if (string == NULL) {
        reply_integer(call->reply, bit == 1 ? -1 : 0);
        return;
    }
    if (!position_range_or_reply(call, string, &range)) {
        return;
    }
    int64_t found = -1;
    if (range.first <= range.last) {
        found = find_bit(string, range, bit == 1);
        if (found < 0 && bit == 0 && !range.closed) {
            found = range.last + 1; /* zeros follow the string's end */
        }
    }
    reply_integer(call->reply, found);
}

static const struct command commands[] = {
    {
        .name = "SETBIT",
        .handler = cmd_setbit,
        .arity = 4,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
        .since = "2.2.0",
        .complexity = "O(1)",
        .summary = "Sets or clears the bit at offset in the string value stored at key",
        .arguments = "key#0 offset=integer value=integer",
    },
    {
        .name = "GETBIT",
        .handler = cmd_getbit,
        .arity = 3,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.2.0",
        .complexity = "O(1)",
        .summary = "Returns the bit value at offset in the string value stored at key",
        .arguments = "key#0 offset=integer",
    },
    {
        .name = "BITOP",
        .handler = cmd_bitop,
        .arity = -4,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 2, 0, 1), KEY_RANGE(KEY_RO | KEY_ACCESS, 3, -1, 1)},
        .since = "2.6.0",
        .complexity = "O(N)",
        .summary = "Perform bitwise operations between strings",
        .arguments = "operation destkey#0 key#1...",
    },
    {
        .name = "BITCOUNT",
        .handler = cmd_bitcount,
        .arity = -2,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.6.0",
        .complexity = "O(N)",
        .summary = "Count set bits in a string",
        .arguments = "key#0 [index{start=integer end=integer "
                     "[index_unit(byte=token@BYTE|bit=token@BIT)^7.0.0]}]",
        .history = (const struct command_history[]){{"7.0.0", "Added the `BYTE|BIT` option."}, {0}},
    },
    {
        .name = "BITPOS",
        .handler = cmd_bitpos,
        .arity = -3,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.8.7",
        .complexity = "O(N)",
        .summary = "Find first bit set or clear in a string",
        .arguments = "key#0 bit=integer [index{start=integer [end_index{end=integer "
                     "[index_unit(byte=token@BYTE|bit=token@BIT)^7.0.0]}]}]",
        .history = (const struct command_history[]){{"7.0.0", "Added the `BYTE|BIT` option."}, {0}},
    },
};

const struct command_family bitmap_family = {"bitmap", commands, ARRAY_LEN(commands)};

/* BITFIELD and BITFIELD_RO: integers of any width up to 64 bits at any bit offset. */
#include "resp/arguments.h"
#include "resp/commands/bitmap.h"
#include "resp/instance_state.h"

/* Wide enough for any sum of two 64-bit numbers. */
__extension__ typedef __int128 wide;

enum operation_kind { FIELD_GET, FIELD_SET, FIELD_INCREMENT };
enum overflow { OVERFLOW_WRAP, OVERFLOW_SATURATE, OVERFLOW_FAIL };

struct operation {
    enum operation_kind kind;
    enum overflow overflow;
    bool is_signed;
    unsigned width;
    uint64_t offset;
    int64_t number;
};

struct plan {
    struct call *call;
    int index;              /* of the next argument */
    enum overflow overflow; /* of the operations that follow */
};

static bool type_or_reply(struct call *call, int index, struct operation *operation)
{
    struct bytes text = call->argv[index];
    char sign = text.size > 0 ? text.data[0] : '\0';
    int64_t width;
    operation->is_signed = sign == 'i';
    if ((sign == 'i' || sign == 'u') && bytes_to_int64(bytes_slice(text, 1, text.size), &width) &&
        width >= 1 && width <= (operation->is_signed ? 64 : 63)) {
        operation->width = (unsigned)width;
        return true;
    }
    reply_error(call->reply, "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 "
                             "is not supported but i64 is.");
    return false;
}

static bool overflow_or_reply(struct call *call, int index, enum overflow *overflow)
{
    static const char *const names[] = {"WRAP", "SAT", "FAIL"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (bytes_equal_string_nocase(call->argv[index], names[i])) {
            *overflow = (enum overflow)i;
            return true;
        }
    }
    reply_error(call->reply, "ERR Invalid OVERFLOW type specified");
    return false;
}

/* Reads the next operation. False: there is none, or (*failed) an error was answered. */
static bool next_operation(struct plan *plan, struct operation *operation, bool *failed)
{
    static const char *const names[] = {"GET", "SET", "INCRBY"};
    static const int lengths[] = {3, 4, 4};
    struct call *call = plan->call;
    *failed = true;
    while (call->argc - plan->index >= 2 &&
           bytes_equal_string_nocase(call->argv[plan->index], "OVERFLOW")) {
        if (!overflow_or_reply(call, plan->index + 1, &plan->overflow)) {
            return false;
        }
        plan->index += 2;
    }
    if (plan->index == call->argc) {
        *failed = false;
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (call->argc - plan->index < lengths[i] ||
            !bytes_equal_string_nocase(call->argv[plan->index], names[i])) {
            continue;
        }
        *operation = (struct operation){.kind = (enum operation_kind)i, .overflow = plan->overflow};
        *failed =
            !type_or_reply(call, plan->index + 1, operation) ||
            !bit_offset_or_reply(call, plan->index + 2, operation->width, &operation->offset) ||
            (operation->kind != FIELD_GET &&
             !argument_integer_or_reply(call, plan->index + 3, &operation->number));
        plan->index += lengths[i];
        return !*failed;
    }
    reply_syntax_error(call);
    return false;
}

static uint64_t read_bits(struct bytes text, uint64_t offset, unsigned width)
{
    uint64_t bits = 0;
    for (uint64_t at = offset; at < offset + width; at++) {
        unsigned byte = at / 8 < text.size ? (unsigned char)text.data[at / 8] : 0;
        bits = bits << 1 | (byte >> (7 - at % 8) & 1);
    }
    return bits;
}

static void write_bits(struct string *string, uint64_t offset, unsigned width, uint64_t bits)
{
    for (unsigned i = 0; i < width; i++) {
        uint64_t at = offset + i;
        unsigned mask = 0x80u >> (at % 8);
        bool on = (bits >> (width - 1 - i) & 1) != 0;
        unsigned byte = (unsigned char)string->data[at / 8];
        string->data[at / 8] = (char)(on ? byte | mask : byte & ~mask);
    }
}

/* The field's bits as the number they stand for. */
static wide number_of(const struct operation *operation, uint64_t bits)
{
    bool negative = operation->is_signed && (bits >> (operation->width - 1) & 1) != 0;
    return (wide)bits - (negative ? (wide)1 << operation->width : 0);
}

/* Brings the number into the field's range; false: it lies outside and must not be stored. */
static bool settle_overflow(const struct operation *operation, wide *number)
{
    wide most = ((wide)1 << (operation->width - (operation->is_signed ? 1 : 0))) - 1;
    wide least = operation->is_signed ? -most - 1 : 0;
    if (*number >= least && *number <= most) {
        return true;
    }
    switch (operation->overflow) {
    case OVERFLOW_FAIL:
        return false;
    case OVERFLOW_SATURATE:
        *number = *number > most ? most : least;
        return true;
    default: {
        uint64_t mask = operation->width == 64 ? UINT64_MAX : ((uint64_t)1 << operation->width) - 1;
        *number = number_of(operation, (uint64_t)*number & mask);
        return true;
    }
    }
}

/* Answers one operation; true: the string, which had been `grown` for it or not, was changed. */
static bool run(struct call *call, const struct operation *operation, struct string *string,
                bool grown)
{
    struct bytes text = string == NULL ? BYTES("") : string_bytes(string);
    wide old = number_of(operation, read_bits(text, operation->offset, operation->width)), number;
    if (operation->kind == FIELD_GET) {
        reply_integer(call->reply, (int64_t)old);
        return false;
    }
    if (operation->kind == FIELD_INCREMENT) {
        number = old + operation->number;
    } else {
        /* A negative number for an unsigned field is a very large one. */
        number = operation->is_signed ? operation->number : (wide)(uint64_t)operation->number;
    }
    if (!settle_overflow(operation, &number)) {
        reply_null(call->reply);
        return false;
    }
    reply_integer(call->reply, (int64_t)(operation->kind == FIELD_SET ? old : number));
    write_bits(string, operation->offset, operation->width, (uint64_t)number);
    return grown || number != old;
}

struct outline {
    size_t operations;
    bool writes;
    uint64_t last_written_bit;
};

/* Reads all arguments once before anything happens. */
static bool outline_or_reply(struct call *call, struct outline *outline)
{
    struct plan plan = {.call = call, .index = 2};
    struct operation operation;
    bool failed;
    while (next_operation(&plan, &operation, &failed)) {
        outline->operations++;
        if (operation.kind != FIELD_GET) {
            uint64_t last = operation.offset + operation.width - 1;
            outline->writes = true;
            outline->last_written_bit =
                last > outline->last_written_bit ? last : outline->last_written_bit;
        }
    }
    return !failed;
}

static void bitfield(struct call *call, bool read_only)
{
    struct outline outline = {0};
    struct string *string;
    bool grown = false, failed, changed = false;
    if (!outline_or_reply(call, &outline)) {
        return;
    }
    if (read_only && outline.writes) {
        reply_error(call->reply, "ERR BITFIELD_RO only supports the GET subcommand");
        return;
    }
    if (outline.writes ? !bits_write_or_reply(call, outline.last_written_bit, &string, &grown)
                       : !string_read_or_reply(call, 1, &string)) {
        return;
    }
    reply_array(call->reply, outline.operations);
    struct plan plan = {.call = call, .index = 2};
    for (struct operation operation; next_operation(&plan, &operation, &failed);) {
        changed = run(call, &operation, string, grown) || changed;
    }
    /* Before 7.0 each write was a change, whatever it left. */
    if (changed || (outline.writes && !call_supports(call, "7.0.0"))) {
        keyspace_changed(call, call->argv[1], EVENT_STRING, "setbit");
    } else if (grown) {
        /* For numbers that did not fit: it stays as long as it is, and Redis says nothing. */
        keyspace_changed_silently(call->db, keyspace_found(call->db, call->argv[1]));
    }
}

static void cmd_bitfield(struct call *call)
{
    bitfield(call, false);
}

static void cmd_bitfield_ro(struct call *call)
{
    bitfield(call, true);
}

/* It only reads when all its operations do, as far as they can be told. */
static unsigned bitfield_key_flags(const struct bytes *argv, int argc)
{
    for (int i = 2; i < argc; i++) {
        int left = argc - i - 1;
        if (left >= 2 && bytes_equal_string_nocase(argv[i], "GET")) {
            i += 2;
        } else if (left >= 1 && bytes_equal_string_nocase(argv[i], "OVERFLOW")) {
            i++;
        } else {
            return KEY_RW | KEY_ACCESS | KEY_UPDATE;
        }
    }
    return KEY_RO | KEY_ACCESS;
}

static const struct command commands[] = {
    {
        .name = "BITFIELD",
        .handler = cmd_bitfield,
        .key_flags = bitfield_key_flags,
        .arity = -2,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {{.begin = KEY_BEGIN_INDEX,
                  .index = 1,
                  .find = KEY_FIND_RANGE,
                  .last = 0,
                  .step = 1,
                  .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE,
                  .notes = "This command allows both access and modification of the key"}},
        .since = "3.2.0",
        .complexity = "O(1) for each subcommand specified",
        .summary = "Perform arbitrary bitfield integer operations on strings",
        .arguments = "key#0 [operation(encoding_offset{encoding "
                     "offset=integer}@GET|write{[wrap_sat_fail(wrap=token@WRAP|sat=token@SAT|fail="
                     "token@FAIL)@OVERFLOW] "
                     "write_operation(encoding_offset_value{encoding offset=integer "
                     "value=integer}@SET|encoding_offset_increment{encoding offset=integer "
                     "increment=integer}@INCRBY)})...]",
    },
    {
        .name = "BITFIELD_RO",
        .handler = cmd_bitfield_ro,
        .arity = -2,
        .flags = CMD_READONLY | CMD_FAST,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "6.0.0",
        .complexity = "O(1) for each subcommand specified",
        .summary = "Perform arbitrary bitfield integer operations on strings. Read-only "
                   "variant of BITFIELD",
        .arguments = "key#0 [encoding_offset{encoding offset=integer}@GET*...]",
    },
};

const struct command_family bitfield_family = {"bitmap", commands, ARRAY_LEN(commands)};

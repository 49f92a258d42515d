/* DUMP and RESTORE: one value in Redis's dump format, with a footer of version and checksum. */
#include "resp/arguments.h"
#include "resp/errors.h"
#include "resp/instance_state.h"
#include "resp/rdb_reader.h"
#include "resp/rdb_writer.h"

#define PAYLOAD_LIMIT ((size_t)1 << 30)

static void cmd_dump(struct call *call)
{
    const struct entry *entry = keyspace_read(call, call->argv[1]);
    if (entry == NULL) {
        reply_null(call->reply);
        return;
    }
    struct buf payload;
    struct rdb_writer writer;
    buf_init(&payload, PAYLOAD_LIMIT);
    const struct rdb_sink sink = {rdb_sink_into_buf, &payload};
    rdb_writer_init(&writer, &sink, rdb_version(call->instance));
    rdb_write_type(&writer, entry_type(entry)->rdb_type(entry->data));
    entry_type(entry)->rdb_save(entry->data, &writer);
    rdb_write_footer(&writer, rdb_version(call->instance));
    rdb_writer_finish(&writer);
    reply_bulk(call->reply, buf_bytes(&payload));
    buf_finish(&payload);
}

static const struct option restore_options[] = {
    {"REPLACE", OPTION_FLAG, 0, NULL, 0},
    {"ABSTTL", OPTION_FLAG, 0, "5.0.0", 0},
    {"IDLETIME", OPTION_INTEGER, 1, "5.0.0", 0},
    {"FREQ", OPTION_INTEGER, 1, "5.0.0", 0},
    {0},
};
enum { RESTORE_REPLACE, RESTORE_ABSTTL, RESTORE_IDLETIME, RESTORE_FREQ, RESTORE_OPTIONS };

static bool read_value(struct call *call, struct bytes value, const struct value_type **type,
                       void **data)
{
    struct rdb_reader reader = {.data = value, .random = call->instance->random};
    unsigned char mark;
    *data = NULL;
    if (rdb_read_byte(&reader, &mark) && rdb_read_value(&reader, mark, type, data) &&
        reader.at == value.size) {
        return true;
    }
    if (*data != NULL) {
        (*type)->destroy(*data);
    }
    return false;
}

static void cmd_restore(struct call *call)
{
    struct option_found found[RESTORE_OPTIONS];
    struct bytes key = call->argv[1], value;
    int64_t ttl;
    if (!arguments_options_or_reply(call, 4, restore_options, found)) {
        return;
    }
    if (found[RESTORE_IDLETIME].present && found[RESTORE_IDLETIME].integer < 0) {
        reply_error(call->reply, "ERR Invalid IDLETIME value, must be >= 0");
        return;
    }
    if (found[RESTORE_FREQ].present &&
        (found[RESTORE_FREQ].integer < 0 || found[RESTORE_FREQ].integer > 255)) {
        reply_error(call->reply, "ERR Invalid FREQ value, must be >= 0 and <= 255");
        return;
    }
    if (!found[RESTORE_REPLACE].present && keyspace_write(call, key) != NULL) {
        reply_error(call->reply, "BUSYKEY Target key name already exists.");
        return;
    }
    if (!argument_integer_or_reply(call, 2, &ttl)) {
        return;
    }
    if (ttl < 0) {
        reply_error(call->reply, "ERR Invalid TTL value, must be >= 0");
        return;
    }
    if (!rdb_footer_fits(call->instance, call->argv[3], &value)) {
        reply_error(call->reply, ERROR_PAYLOAD_FOOTER);
        return;
    }
    const struct value_type *type = NULL;
    void *data;
    if (!read_value(call, value, &type, &data)) {
        reply_error(call->reply, "ERR Bad data format");
        return;
    }
    int64_t at_ms = ttl == 0                         ? NO_EXPIRY
                    : found[RESTORE_ABSTTL].present  ? ttl
                    : ttl > INT64_MAX - call->now_ms ? INT64_MAX
                                                     : ttl + call->now_ms;
    if (at_ms != NO_EXPIRY && at_ms <= call->now_ms) {
        type->destroy(data);
        keyspace_delete_changed(call, key);
    } else {
        struct entry *entry = keyspace_set_take(call->db, key, type, data);
        keyspace_set_expiry(call->db, entry, at_ms);
        if (found[RESTORE_IDLETIME].present) {
            entry->access =
                (uint32_t)(call->now_ms / 1000 - found[RESTORE_IDLETIME].integer) & 0xffffff;
        }
        keyspace_changed(call, key, EVENT_GENERIC, "restore");
    }
    reply_ok(call->reply);
}

static const struct command commands[] = {
    {
        .name = "DUMP",
        .handler = cmd_dump,
        .arity = 2,
        .flags = CMD_READONLY,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "2.6.0",
        .complexity = "O(1) to access the key and additional O(N*M) to serialize it, where N "
                      "is the number of Redis objects composing the value and M their average "
                      "size. For small string values the time complexity is thus O(1)+O(1*M) "
                      "where M is small, so simply O(1).",
        .summary = "Return a serialized version of the value stored at the specified key.",
        .arguments = "key#0",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
    },
    {
        .name = "RESTORE",
        .handler = cmd_restore,
        .arity = -4,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .categories = CATEGORY_DANGEROUS | CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1)},
        .since = "2.6.0",
        .complexity = "O(1) to create the new key and additional O(N*M) to reconstruct the "
                      "serialized value, where N is the number of Redis objects composing the "
                      "value and M their average size. For small string values the time "
                      "complexity is thus O(1)+O(1*M) where M is small, so simply O(1). "
                      "However for sorted set values the complexity is O(N*M*log(N)) because "
                      "inserting values into sorted sets is O(log(N)).",
        .summary = "Create a key using the provided serialized value, previously obtained "
                   "using DUMP.",
        .arguments = "key#0 ttl=integer serialized-value [replace=token@REPLACE^3.0.0] "
                     "[absttl=token@ABSTTL^5.0.0] [seconds=integer@IDLETIME^5.0.0] "
                     "[frequency=integer@FREQ^5.0.0]",
        .history =
            (const struct command_history[]){{"3.0.0", "Added the `REPLACE` modifier."},
                                             {"5.0.0", "Added the `ABSTTL` modifier."},
                                             {"5.0.0", "Added the `IDLETIME` and `FREQ` options."},
                                             {0}},
    },
    {
        .name = "RESTORE-ASKING",
        .managed = AZURE_BLOCKED,
        .group = "server",
        .handler = cmd_restore,
        .arity = -4,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_ASKING | CMD_SYSTEM,
        .categories = CATEGORY_DANGEROUS | CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1)},
        .since = "3.0.0",
        .complexity = "O(1) to create the new key and additional O(N*M) to reconstruct the "
                      "serialized value, where N is the number of Redis objects composing the "
                      "value and M their average size. For small string values the time "
                      "complexity is thus O(1)+O(1*M) where M is small, so simply O(1). "
                      "However for sorted set values the complexity is O(N*M*log(N)) because "
                      "inserting values into sorted sets is O(log(N)).",
        .summary = "An internal command for migrating keys in a cluster",
        .arguments = "key#0 ttl=integer serialized-value [replace=token@REPLACE^3.0.0] "
                     "[absttl=token@ABSTTL^5.0.0] [seconds=integer@IDLETIME^5.0.0] "
                     "[frequency=integer@FREQ^5.0.0]",
        .history =
            (const struct command_history[]){{"3.0.0", "Added the `REPLACE` modifier."},
                                             {"5.0.0", "Added the `ABSTTL` modifier."},
                                             {"5.0.0", "Added the `IDLETIME` and `FREQ` options."},
                                             {0}},
    },
};

const struct command_family dump_family = {"generic", commands, ARRAY_LEN(commands)};

/* The list of the types, and the row of the string type. */
#include "resp/value.h"

#include "resp/rdb_writer.h"
#include "resp/types/hash.h"
#include "resp/types/list.h"
#include "resp/types/set.h"
#include "resp/types/sorted_set.h"
#include "resp/types/stream.h"
#include "resp/types/string.h"

enum { LONGEST_EMBEDDED = 44 };

static void destroy(void *data)
{
    string_destroy(data);
}

static void *copy(const void *data)
{
    const struct string *from = data;
    struct string *to = string_create(string_bytes(from));
    to->form = from->form;
    return to;
}

static const char *encoding(const void *data)
{
    const struct string *string = data;
    int64_t number;
    if (string->form == STRING_STORED && string_integer(string, &number)) {
        return "int";
    }
    return string->form != STRING_RAW && string->size <= LONGEST_EMBEDDED ? "embstr" : "raw";
}

static size_t memory(const void *data)
{
    return string_memory(data);
}

static size_t effort(const void *data)
{
    (void)data;
    return 1;
}

static unsigned char rdb_type(const void *data)
{
    (void)data;
    return RDB_TYPE_STRING;
}

static void save(const void *data, struct rdb_writer *writer)
{
    rdb_write_string(writer, string_bytes(data));
}

const struct value_type string_type = {
    .name = "string",
    .kind = VALUE_STRING,
    .destroy = destroy,
    .copy = copy,
    .encoding = encoding,
    .memory = memory,
    .effort = effort,
    .rdb_type = rdb_type,
    .rdb_save = save,
};

const struct value_type *const value_types[VALUE_KINDS] = {
    [VALUE_STRING] = &string_type,         [VALUE_LIST] = &list_type, [VALUE_SET] = &set_type,
    [VALUE_SORTED_SET] = &sorted_set_type, [VALUE_HASH] = &hash_type, [VALUE_STREAM] = &stream_type,
};

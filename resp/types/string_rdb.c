/* Reading strings from the dump format. */
#include "resp/rdb_loaders.h"
#include "resp/types/string.h"

enum { LONGEST_TEXT = 512 * 1024 * 1024 };

static bool read_string(struct rdb_reader *reader, void **data)
{
    struct buf text;
    buf_init(&text, LONGEST_TEXT);
    bool read = rdb_read_string(reader, &text);
    if (read) {
        *data = string_create(buf_bytes(&text));
    }
    buf_finish(&text);
    return read;
}

const struct rdb_loader string_loaders[] = {{RDB_TYPE_STRING, &string_type, read_string}, {0}};

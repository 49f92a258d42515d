/*
 * The first line of a script or a library, "#!lua flags=no-writes": its words, quoted as in
 * commands that people type.
 */
#ifndef RESP_SHEBANG_H
#define RESP_SHEBANG_H

#include "base/bytes.h"

/* Borrows the body; finished in any case. */
struct shebang {
    struct bytes rest; /* the body behind it, with the line's end, so that errors count that line */
    struct bytes *words; /* the first begins with "#!" */
    int count;
    struct buf text; /* private: what the words are views of */
};

enum shebang_result {
    SHEBANG_NONE,    /* the body begins with something else */
    SHEBANG_ENDLESS, /* nothing follows the line, not even its end */
    SHEBANG_BROKEN,  /* quotes that do not balance */
    SHEBANG_READ,
};

enum shebang_result shebang_read(struct shebang *shebang, struct bytes body);
void shebang_finish(struct shebang *shebang);

#endif

/*
 * Settings and users as redis.conf has them: a word, then what it is to be, quoted where needed.
 */
#ifndef RESP_CONFIGURATION_FILE_H
#define RESP_CONFIGURATION_FILE_H

#include "base/bytes.h"

struct instance;

/* Writes the instance's file, if it has one; the failure as errno, EFAULT without a file. */
int configuration_rewrite(struct instance *instance, bool all);
/* What differs from the defaults (`all`: everything), and the users unless they have a file. */
void configuration_file_write(const struct instance *instance, bool all, struct buf *text);

/* Lines one after the other, those that say nothing left out. */
struct configuration_line {
    struct bytes text; /* what is left */
    int number;        /* of the present line */
    struct buf name;   /* empty: the line's quotes do not balance */
    struct buf value;  /* the words behind it, joined by spaces */
};
void configuration_lines_begin(struct configuration_line *line, struct bytes text);
bool configuration_lines_next(struct configuration_line *line); /* false at the end */
void configuration_lines_end(struct configuration_line *line);

#endif

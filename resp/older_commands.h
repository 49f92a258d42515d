/*
 * Commands as they were before Redis 7.0: rows say what 7.0 tells of a command, this says where
 * 6.0 told and did otherwise. Containers were commands without rows for their subcommands: all
 * gates looked at the container, and it read its words itself, behind them.
 */
#ifndef RESP_OLDER_COMMANDS_H
#define RESP_OLDER_COMMANDS_H

#include "resp/command_table.h"

/* The rows of one table that differ; freed with memory_free(). */
struct older_row;
struct older_row *older_rows_create(void);

/* The row to use for a command, which lives as long as `rows`; the same one where none differs. */
const struct command *older_row_of(struct older_row *rows, const struct command *command);

/* The derived categories as they were. */
unsigned older_categories(const struct command *command, unsigned categories);

/* Whether it worked without being a command: QUIT. */
bool older_unlisted(const struct command *command);

/* The subcommand that the words name; NULL: there is none, or the row is no older container. */
const struct command *older_subcommand(const struct instance *instance,
                                       const struct command *command, const struct bytes *argv,
                                       int argc);

#endif

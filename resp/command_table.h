/*
 * The commands that one instance knows: the rows of all families that its version has and its tier
 * allows, found by name in any case, with a counter block each.
 */
#ifndef RESP_COMMAND_TABLE_H
#define RESP_COMMAND_TABLE_H

#include "resp/command.h"

struct older_row;

struct command_entry {
    const struct command *command;
    const struct command_family *family;
    const struct command_entry *container; /* of a subcommand */
    struct command_entry *subcommands;
    size_t subcommand_count;
    unsigned id;         /* of all commands and subcommands, from 0 */
    unsigned categories; /* derived and own */
    uint64_t calls, microseconds, rejected, failed;
    uint32_t *histogram; /* LATENCY_BUCKETS of them, from the first call on */
};

/* A name as clients write it, and what was found for it. */
struct command_spelling {
    uint64_t text[2]; /* its bytes, then zeros */
    size_t size;
    struct command_entry *entry;
};

enum { COMMAND_SPELLINGS = 64 };

enum command_tier {
    TIER_AZURE,    /* without what Azure blocks */
    TIER_MANAGED,  /* without what Azure Managed Redis blocks */
    TIER_REDIS,    /* everything */
    TIER_SENTINEL, /* SENTINEL, and the little that goes with it */
};

struct command_table {
    struct command_entry *entries;
    size_t count;
    size_t id_count;
    uint16_t *slots; /* entry index plus one; 0 is empty */
    size_t mask;
    struct command_spelling spellings[COMMAND_SPELLINGS];
    unsigned version;
    enum command_tier tier;
    struct older_row *older; /* rows as they were before 7.0; NULL: not needed */
};

/* A version "6.0.14" as one comparable number. */
unsigned version_number(struct bytes version);

void command_table_init(struct command_table *table, unsigned version, enum command_tier tier);
void command_table_finish(struct command_table *table);
void command_table_reset_counters(struct command_table *table);

struct command_entry *command_table_find(const struct command_table *table, struct bytes name);
/* The same, quicker for a name that has been found in this spelling before. */
struct command_entry *command_table_find_again(struct command_table *table, struct bytes name);
struct command_entry *command_table_subcommand(const struct command_entry *container,
                                               struct bytes name);
/* "client" or "client|kill". */
struct command_entry *command_table_find_full(const struct command_table *table, struct bytes name);
/* Whether a command exists in some version or tier, for messages. */
const struct command *command_rows_find(struct bytes name);
/* Whether the instance has this row, of a command or a subcommand. */
bool command_table_knows(const struct command_table *table, const struct command *command);
/* Whether a server of that version (version_number) has this row. */
bool command_known_at(const struct command *command, unsigned version);
const struct command_family *const *command_families(size_t *count);

/* "client|kill" for subcommands, lower case; terminated. */
void command_full_name(const struct command_entry *entry, char text[64]);

/* The same of what was sent: with the subcommand where the container was one command. */
void command_sent_name(const struct instance *instance, const struct command_entry *entry,
                       const struct bytes *argv, int argc, char text[64]);

struct command_key {
    int index;      /* of the argument */
    unsigned flags; /* enum key_spec_flag: what these arguments do with it */
};
/*
 * The keys among the arguments, at most `most`; returns how many there are, -1 when the arguments
 * do not fit the command's key specification.
 */
int command_keys(const struct command *command, const struct bytes *argv, int argc,
                 struct command_key *keys, int most);
/* As COMMAND INFO shows them: 0, 0, 0 when there are none. */
struct key_range {
    int first, last, step;
};
struct key_range command_key_range(const struct command *command);

struct category_name {
    const char *name;
    unsigned category;
};
extern const struct category_name command_categories[];
extern const size_t command_category_count;

#endif

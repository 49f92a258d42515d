/* The commands that one instance knows, and what follows from a row. */
#include "resp/command_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resp/commands/families.h"
#include "resp/older_commands.h"

unsigned version_number(struct bytes version)
{
    unsigned parts[3] = {0};
    size_t part = 0;
    for (size_t i = 0; i < version.size && part < 3; i++) {
        if (version.data[i] == '.') {
            part++;
        } else if (version.data[i] >= '0' && version.data[i] <= '9') {
            parts[part] = parts[part] * 10 + (unsigned)(version.data[i] - '0');
        }
    }
    return parts[0] << 16 | (parts[1] & 255) << 8 | (parts[2] & 255);
}

/* In the order in which Redis lists them. */
const struct category_name command_categories[] = {
    {"keyspace", CATEGORY_KEYSPACE},
    {"read", CATEGORY_READ},
    {"write", CATEGORY_WRITE},
    {"set", CATEGORY_SET},
    {"sortedset", CATEGORY_SORTED_SET},
    {"list", CATEGORY_LIST},
    {"hash", CATEGORY_HASH},
    {"string", CATEGORY_STRING},
    {"bitmap", CATEGORY_BITMAP},
    {"hyperloglog", CATEGORY_HYPERLOGLOG},
    {"geo", CATEGORY_GEO},
    {"stream", CATEGORY_STREAM},
    {"pubsub", CATEGORY_PUBSUB},
    {"admin", CATEGORY_ADMIN},
    {"fast", CATEGORY_FAST},
    {"slow", CATEGORY_SLOW},
    {"blocking", CATEGORY_BLOCKING},
    {"dangerous", CATEGORY_DANGEROUS},
    {"connection", CATEGORY_CONNECTION},
    {"transaction", CATEGORY_TRANSACTION},
    {"scripting", CATEGORY_SCRIPTING},
};
const size_t command_category_count = ARRAY_LEN(command_categories);

static const struct {
    const char *family;
    unsigned category;
} family_categories[] = {
    {"string", CATEGORY_STRING},
    {"bitmap", CATEGORY_BITMAP},
    {"hash", CATEGORY_HASH},
    {"list", CATEGORY_LIST},
    {"set", CATEGORY_SET},
    {"sorted-set", CATEGORY_SORTED_SET},
    {"stream", CATEGORY_STREAM},
    {"hyperloglog", CATEGORY_HYPERLOGLOG},
    {"geo", CATEGORY_GEO},
    {"scripting", CATEGORY_SCRIPTING},
    {"transactions", CATEGORY_TRANSACTION},
    {"connection", CATEGORY_CONNECTION},
};

static unsigned derive_categories(const struct command *command,
                                  const struct command_family *family, bool older)
{
    unsigned categories = command->categories;
    if (command->subcommands != NULL && (command->flags & CMD_CONTAINER_BARE) == 0 && !older) {
        return categories | CATEGORY_SLOW; /* its subcommands say the rest */
    }
    const char *group = command->group != NULL ? command->group : family->name;
    for (size_t i = 0; i < ARRAY_LEN(family_categories); i++) {
        if (strcmp(group, family_categories[i].family) == 0) {
            categories |= family_categories[i].category;
        }
    }
    if ((command->flags & CMD_WRITE) != 0) {
        categories |= CATEGORY_WRITE;
    }
    if ((command->flags & CMD_READONLY) != 0 && (categories & CATEGORY_SCRIPTING) == 0) {
        categories |= CATEGORY_READ;
    }
    if ((command->flags & CMD_ADMIN) != 0) {
        categories |= CATEGORY_ADMIN | CATEGORY_DANGEROUS;
    }
    if ((command->flags & CMD_PUBSUB) != 0) {
        categories |= CATEGORY_PUBSUB;
    }
    if ((command->flags & CMD_BLOCKING) != 0) {
        categories |= CATEGORY_BLOCKING;
    }
    return categories | ((command->flags & CMD_FAST) != 0 ? CATEGORY_FAST : CATEGORY_SLOW);
}

static const struct command_family *const families[] = {
#define FAMILY(name) &name##_family,
    COMMAND_FAMILIES
#undef FAMILY
};

const struct command_family *const *command_families(size_t *count)
{
    *count = ARRAY_LEN(families);
    return families;
}

static size_t hash_name(struct bytes name)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name.size; i++) {
        hash = (hash ^ ((unsigned char)name.data[i] | 32u)) * 16777619u;
    }
    return hash ^ hash >> 15;
}

static bool of_sentinel(const struct command *command)
{
    static const char *const names[] = {
        "AUTH",  "CLIENT",     "COMMAND",  "HELLO",        "INFO",
        "PING",  "PSUBSCRIBE", "PUBLISH",  "PUNSUBSCRIBE", "QUIT",
        "RESET", "ROLE",       "SENTINEL", "SUBSCRIBE",    "UNSUBSCRIBE",
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(command->name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool command_known_at(const struct command *command, unsigned version)
{
    const char *from = command->from == NULL ? command->since : command->from;
    bool over =
        command->until != NULL && version_number(bytes_from_string(command->until)) <= version;
    return !over && version_number(bytes_from_string(from)) <= version;
}

bool command_table_knows(const struct command_table *table, const struct command *command)
{
    return command_known_at(command, table->version) &&
           !(table->tier == TIER_AZURE && command->azure == AZURE_BLOCKED) &&
           !(table->tier == TIER_MANAGED && command->managed == AZURE_BLOCKED);
}

static void add_subcommands(const struct command_table *table, struct command_entry *entry)
{
    const struct command *rows = entry->command->subcommands;
    size_t most = 0;
    while (rows != NULL && rows[most].name != NULL) {
        most++;
    }
    if (most == 0) {
        return;
    }
    entry->subcommands = memory_allocate_zeroed(most * sizeof(*entry->subcommands));
    for (size_t i = 0; i < most; i++) {
        if (command_table_knows(table, &rows[i])) {
            entry->subcommands[entry->subcommand_count++] = (struct command_entry){
                .command = &rows[i],
                .family = entry->family,
                .container = entry,
                .categories = derive_categories(&rows[i], entry->family, false),
            };
        }
    }
}

static void describe_entry(struct command_table *table, struct command_entry *entry,
                           const struct command *command, const struct command_family *family)
{
    entry->command = command;
    entry->family = family;
    if (table->older == NULL) {
        entry->categories = derive_categories(command, family, false);
        add_subcommands(table, entry);
        return;
    }
    entry->command = older_row_of(table->older, command);
    entry->categories = older_categories(command, derive_categories(entry->command, family, true));
}

static void add_family(struct command_table *table, const struct command_family *family)
{
    for (size_t row = 0; row < family->count; row++) {
        const struct command *command = &family->commands[row];
        if (!command_table_knows(table, command) ||
            (table->tier == TIER_SENTINEL && !of_sentinel(command))) {
            continue;
        }
        struct command_entry *entry = &table->entries[table->count++];
        entry->id = (unsigned)table->id_count++;
        describe_entry(table, entry, command, family);
        for (size_t sub = 0; sub < entry->subcommand_count; sub++) {
            entry->subcommands[sub].id = (unsigned)table->id_count++;
        }
        size_t slot = hash_name(bytes_from_string(command->name)) & table->mask;
        while (table->slots[slot] != 0) {
            slot = (slot + 1) & table->mask;
        }
        table->slots[slot] = (uint16_t)table->count;
    }
}

void command_table_init(struct command_table *table, unsigned version, enum command_tier tier)
{
    size_t rows = sentinel_family.count;
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        rows += families[i]->count;
    }
    size_t slots = 64;
    while (slots < rows * 4) {
        slots *= 2;
    }
    table->entries = memory_allocate_zeroed(rows * sizeof(*table->entries));
    table->slots = memory_allocate_zeroed(slots * sizeof(*table->slots));
    table->mask = slots - 1;
    table->count = table->id_count = 0;
    table->version = version;
    table->tier = tier;
    table->older = version < version_number(BYTES("7.0.0")) ? older_rows_create() : NULL;
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        add_family(table, families[i]);
    }
    if (tier == TIER_SENTINEL) {
        add_family(table, &sentinel_family);
    }
}

void command_table_finish(struct command_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        struct command_entry *entry = &table->entries[i];
        for (size_t sub = 0; sub < entry->subcommand_count; sub++) {
            memory_free(entry->subcommands[sub].histogram);
        }
        memory_free(entry->histogram);
        memory_free(entry->subcommands);
    }
    memory_free(table->entries);
    memory_free(table->slots);
    memory_free(table->older);
    *table = (struct command_table){0};
}

static void reset(struct command_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        entries[i].calls = entries[i].microseconds = 0;
        entries[i].rejected = entries[i].failed = 0;
        memory_free(entries[i].histogram);
        entries[i].histogram = NULL;
        reset(entries[i].subcommands, entries[i].subcommand_count);
    }
}

void command_table_reset_counters(struct command_table *table)
{
    reset(table->entries, table->count);
}

struct command_entry *command_table_find(const struct command_table *table, struct bytes name)
{
    for (size_t slot = hash_name(name) & table->mask; table->slots[slot] != 0;
         slot = (slot + 1) & table->mask) {
        struct command_entry *entry = &table->entries[table->slots[slot] - 1];
        if (bytes_equal_string_nocase(name, entry->command->name)) {
            return entry;
        }
    }
    return NULL;
}

struct command_entry *command_table_find_again(struct command_table *table, struct bytes name)
{
    uint64_t text[2] = {0};
    if (name.size > sizeof(text)) {
        return command_table_find(table, name);
    }
    if (name.size > 0) {
        memcpy(text, name.data, name.size);
    }
    uint64_t mixed = (text[0] ^ text[1] << 7) * 0x9e3779b97f4a7c15u;
    struct command_spelling *spelling = &table->spellings[mixed >> 32 & (COMMAND_SPELLINGS - 1)];
    if (spelling->text[0] == text[0] && spelling->text[1] == text[1] &&
        spelling->size == name.size && spelling->entry != NULL) {
        return spelling->entry;
    }
    struct command_entry *entry = command_table_find(table, name);
    if (entry != NULL) {
        *spelling = (struct command_spelling){{text[0], text[1]}, name.size, entry};
    }
    return entry;
}

struct command_entry *command_table_subcommand(const struct command_entry *container,
                                               struct bytes name)
{
    for (size_t i = 0; i < container->subcommand_count; i++) {
        if (bytes_equal_string_nocase(name, container->subcommands[i].command->name)) {
            return &container->subcommands[i];
        }
    }
    return NULL;
}

struct command_entry *command_table_find_full(const struct command_table *table, struct bytes name)
{
    size_t bar = bytes_find(name, '|');
    struct command_entry *entry = command_table_find(table, bytes_slice(name, 0, bar));
    if (entry != NULL && bar < name.size) {
        return command_table_subcommand(entry, bytes_slice(name, bar + 1, name.size));
    }
    return entry;
}

const struct command *command_rows_find(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        for (size_t row = 0; row < families[i]->count; row++) {
            if (bytes_equal_string_nocase(name, families[i]->commands[row].name)) {
                return &families[i]->commands[row];
            }
        }
    }
    return NULL;
}

void command_full_name(const struct command_entry *entry, char text[64])
{
    int size =
        entry->container != NULL
            ? snprintf(text, 64, "%s|%s", entry->container->command->name, entry->command->name)
            : snprintf(text, 64, "%s", entry->command->name);
    for (int i = 0; i < size && i < 63; i++) {
        text[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
    }
}

void command_sent_name(const struct instance *instance, const struct command_entry *entry,
                       const struct bytes *argv, int argc, char text[64])
{
    const struct command *sub = older_subcommand(instance, entry->command, argv, argc);
    const struct command_entry named = {.command = sub, .container = entry};
    command_full_name(sub == NULL ? entry : &named, text);
}

struct key_range command_key_range(const struct command *command)
{
    struct key_range range = {0};
    const struct key_spec *spec = &command->keys[0];
    if (spec->begin != KEY_BEGIN_INDEX || spec->find != KEY_FIND_RANGE) {
        return range;
    }
    range = (struct key_range){spec->index, spec->last < 0 ? spec->last : spec->index + spec->last,
                               spec->step};
    for (size_t i = 1; i < MAX_KEY_SPECS && command->keys[i].begin == KEY_BEGIN_INDEX; i++) {
        const struct key_spec *more = &command->keys[i];
        if (more->find == KEY_FIND_RANGE && range.last >= 0 && more->index == range.last + 1) {
            range.last = more->last < 0 ? more->last : more->index + more->last;
        }
    }
    return range;
}

static int add_range(int first, int last, int step, int argc, unsigned flags,
                     struct command_key *keys, int most, int count)
{
    if (first >= argc || last >= argc || step <= 0) {
        return -1;
    }
    for (int i = first; i <= last; i += step) {
        if (count < most) {
            keys[count] = (struct command_key){i, flags};
        }
        count++;
    }
    return count;
}

/* Where the spec's arguments start; -1: not in these arguments. */
static int spec_begin(const struct key_spec *spec, const struct bytes *argv, int argc)
{
    if (spec->begin == KEY_BEGIN_INDEX) {
        return spec->index;
    }
    if (spec->begin != KEY_BEGIN_KEYWORD) {
        return -1;
    }
    bool backwards = spec->start_from < 0;
    int from = backwards ? argc + spec->start_from : spec->start_from;
    for (int i = from; i > 0 && i < argc - 1; i += backwards ? -1 : 1) {
        if (bytes_equal_string_nocase(argv[i], spec->keyword)) {
            return i + 1;
        }
    }
    return -1;
}

int command_keys(const struct command *command, const struct bytes *argv, int argc,
                 struct command_key *keys, int most)
{
    int count = 0;
    for (size_t i = 0; i < MAX_KEY_SPECS && command->keys[i].begin != KEY_BEGIN_NONE; i++) {
        const struct key_spec *spec = &command->keys[i];
        bool sought =
            i > 0 && command->find_key != NULL && (spec->flags & (KEY_OW | KEY_INCOMPLETE)) != 0;
        int begin = sought ? command->find_key(argv, argc) : spec_begin(spec, argv, argc);
        if (begin <= 0 || (spec->flags & KEY_NOT_KEY) != 0) {
            continue;
        }
        unsigned flags = (spec->flags & KEY_VARIABLE) != 0 ? command->key_flags(argv, argc)
                                                           : spec->flags & ~KEY_INCOMPLETE;
        if (sought && spec->begin == KEY_BEGIN_KEYWORD) {
            /* MIGRATE ... KEYS: in place of the one key, which has to be empty. */
            if (count == 0 || argv[keys[0].index].size > 0) {
                return 0;
            }
            count = 0;
        }
        int first = begin, last = begin, step = spec->find == KEY_FIND_UNKNOWN ? 1 : spec->step;
        if (spec->find == KEY_FIND_NUMBER) {
            int64_t number;
            int at = begin + spec->number_at;
            if (at >= argc || !bytes_to_int64(argv[at], &number) || number < 0 || number > argc) {
                return -1;
            }
            first = begin + spec->first_key_offset;
            last = first + ((int)number - 1) * spec->step;
            if (number == 0) {
                continue;
            }
        } else if (spec->find == KEY_FIND_RANGE) {
            last = spec->last >= 0    ? begin + spec->last
                   : spec->limit <= 1 ? argc + spec->last
                                      : begin + (argc - begin) / spec->limit + spec->last;
        } else if (!sought) {
            continue;
        }
        count = add_range(first, last, step, argc, flags, keys, most, count);
        if (count < 0) {
            return -1;
        }
    }
    return count;
}

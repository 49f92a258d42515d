/* The words of ACL SETUSER, and their way back for ACL LIST and GETUSER. */
#include <ctype.h>
#include <openssl/evp.h>
#include <string.h>

#include "resp/acl_state.h"
#include "resp/inline_words.h"

static const char syntax_error[] = "Syntax error";
static const char unknown_command[] = "Unknown command or category name in ACL";
static const char bad_hash[] = "The password hash must be exactly 64 characters and contain only "
                               "lowercase hexadecimal characters";

static bool is(struct bytes word, const char *text)
{
    return bytes_equal_string_nocase(word, text);
}

static bool has_spaces(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (isspace((unsigned char)text.data[i]) || text.data[i] == '\0') {
            return true;
        }
    }
    return false;
}

/* ---- Passwords ---- */

static size_t find_hash(const struct acl_user *user, struct bytes hash)
{
    size_t at = 0;
    while (at < user->hash_count && !bytes_equal_string(hash, user->hashes[at])) {
        at++;
    }
    return at;
}

static bool hash_fits(struct bytes hash)
{
    for (size_t i = 0; i < hash.size; i++) {
        char byte = hash.data[i];
        if (!(byte >= '0' && byte <= '9') && !(byte >= 'a' && byte <= 'f')) {
            return false;
        }
    }
    return hash.size == ACL_HASH_SIZE;
}

static void add_hash(struct acl_user *user, struct bytes hash)
{
    user->no_password = false;
    if (find_hash(user, hash) < user->hash_count) {
        return;
    }
    user->hashes = memory_resize(user->hashes, (user->hash_count + 1) * sizeof(*user->hashes));
    memcpy(user->hashes[user->hash_count], hash.data, ACL_HASH_SIZE);
    user->hashes[user->hash_count++][ACL_HASH_SIZE] = '\0';
}

static const char *remove_hash(struct acl_user *user, struct bytes hash)
{
    size_t at = find_hash(user, hash);
    if (at == user->hash_count) {
        return "The password you are trying to remove from the user does not exist";
    }
    user->hash_count--;
    memmove(user->hashes[at], user->hashes[at + 1],
            (user->hash_count - at) * sizeof(*user->hashes));
    return NULL;
}

/* ">password", "<password", "#hash", "!hash" */
static const char *modify_passwords(struct acl_user *user, char mark, struct bytes text)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size;
    struct buf hex;
    const char *failure = NULL;
    buf_init(&hex, 128);
    if (mark == '>' || mark == '<') {
        EVP_Digest(text.data, text.size, digest, &size, EVP_sha256(), NULL);
        buf_append_hex(&hex, (struct bytes){(const char *)digest, size});
        text = buf_bytes(&hex);
    }
    if (!hash_fits(text)) {
        failure = bad_hash;
    } else if (mark == '>' || mark == '#') {
        add_hash(user, text);
    } else {
        failure = remove_hash(user, text);
    }
    buf_finish(&hex);
    return failure;
}

/* ---- Keys and channels ---- */

static void drop_patterns(struct acl_selector *selector)
{
    for (size_t i = 0; i < selector->pattern_count; i++) {
        memory_free((char *)selector->patterns[i].text.data);
    }
    selector->pattern_count = 0;
}

static void drop_channels(struct acl_selector *selector)
{
    for (size_t i = 0; i < selector->channel_count; i++) {
        memory_free((char *)selector->channels[i].data);
    }
    selector->channel_count = 0;
}

/* "~pattern", "%R~pattern", "%RW~pattern" */
static const char *add_pattern(struct acl_selector *selector, struct bytes word)
{
    unsigned permissions = 0;
    size_t at = 1;
    if (selector->all_keys) {
        return "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does "
               "not have any effect. Try 'resetkeys' to start with an empty list of patterns";
    }
    if (word.data[0] == '%') {
        for (; at < word.size && word.data[at] != '~'; at++) {
            unsigned flag = toupper((unsigned char)word.data[at]) == 'R'   ? ACL_READ
                            : toupper((unsigned char)word.data[at]) == 'W' ? ACL_WRITE
                                                                           : 0;
            if (flag == 0 || (permissions & flag) != 0) {
                return syntax_error;
            }
            permissions |= flag;
        }
        if (permissions == 0) {
            return syntax_error;
        }
        at += at < word.size ? 1 : 0;
    } else {
        permissions = ACL_READ | ACL_WRITE;
    }
    struct bytes text = bytes_slice(word, at, word.size);
    if (has_spaces(text)) {
        return syntax_error;
    }
    for (size_t i = 0; i < selector->pattern_count; i++) {
        if (bytes_equal(selector->patterns[i].text, text)) {
            selector->patterns[i].permissions |= permissions;
            return NULL;
        }
    }
    selector->patterns = memory_resize(selector->patterns,
                                       (selector->pattern_count + 1) * sizeof(*selector->patterns));
    selector->patterns[selector->pattern_count++] =
        (struct acl_pattern){{bytes_to_string(text), text.size}, permissions};
    return NULL;
}

static const char *add_channel(struct acl_selector *selector, struct bytes text)
{
    if (selector->all_channels) {
        return "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and "
               "does not have any effect. Try 'resetchannels' to start with an empty list of "
               "channels";
    }
    if (has_spaces(text)) {
        return syntax_error;
    }
    for (size_t i = 0; i < selector->channel_count; i++) {
        if (bytes_equal(selector->channels[i], text)) {
            return NULL;
        }
    }
    selector->channels = memory_resize(selector->channels,
                                       (selector->channel_count + 1) * sizeof(*selector->channels));
    selector->channels[selector->channel_count++] =
        (struct bytes){bytes_to_string(text), text.size};
    return NULL;
}

/* ---- Commands ---- */

static void forget_first_arguments(struct acl_selector *selector, const struct command_entry *entry)
{
    size_t kept = 0;
    for (size_t i = 0; i < selector->first_argument_count; i++) {
        if (entry == NULL || selector->first_arguments[i].entry == entry) {
            memory_free(selector->first_arguments[i].word);
        } else {
            selector->first_arguments[kept++] = selector->first_arguments[i];
        }
    }
    selector->first_argument_count = kept;
}

static void set_command(struct acl_selector *selector, const struct command_entry *entry, bool on)
{
    acl_set_command_bit(selector, entry, on);
    forget_first_arguments(selector, entry);
    for (size_t i = 0; i < entry->subcommand_count; i++) {
        acl_set_command_bit(selector, &entry->subcommands[i], on);
    }
}

struct category_change {
    struct acl_selector *selector;
    unsigned category; /* 0: every command */
    bool on;
};

static void change_category(void *context, struct command_entry *entry)
{
    const struct category_change *change = context;
    if (change->category == 0 || (entry->categories & change->category) != 0) {
        set_command(change->selector, entry, change->on);
    }
}

static void set_all_commands(const struct acl *acl, struct acl_selector *selector, bool on)
{
    struct category_change change = {selector, 0, on};
    acl_each_command(acl, change_category, &change);
    forget_first_arguments(selector, NULL);
    selector->all_commands = on;
}

static const char *set_category(const struct acl *acl, struct acl_selector *selector,
                                struct bytes name, bool on)
{
    if (is(name, "all")) {
        set_all_commands(acl, selector, on);
        return NULL;
    }
    for (size_t i = 0; i < command_category_count; i++) {
        if (is(name, command_categories[i].name)) {
            struct category_change change = {selector, command_categories[i].category, on};
            acl_each_command(acl, change_category, &change);
            return NULL;
        }
    }
    return unknown_command;
}

/* "+command", "-command", "+command|subcommand", "+command|word" */
static const char *set_named(const struct acl *acl, struct acl_selector *selector,
                             struct bytes name, bool on)
{
    const struct command_table *table = &acl->instance->commands;
    const struct command_entry *entry = command_table_find_full(table, name);
    if (entry != NULL) {
        set_command(selector, entry, on);
        return NULL;
    }
    size_t bar = name.size;
    while (bar > 0 && name.data[bar - 1] != '|') {
        bar--;
    }
    entry = bar > 0 && on ? command_table_find_full(table, bytes_slice(name, 0, bar - 1)) : NULL;
    struct bytes word = bytes_slice(name, bar, name.size);
    if (entry == NULL) {
        return unknown_command;
    }
    if (entry->container != NULL) {
        return "Allowing first-arg of a subcommand is not supported";
    }
    if (word.size == 0) {
        return syntax_error;
    }
    if (entry->subcommand_count > 0) {
        return unknown_command;
    }
    for (size_t i = 0; i < selector->first_argument_count; i++) {
        const struct acl_first_argument *known = &selector->first_arguments[i];
        if (known->entry == entry && is(word, known->word)) {
            return NULL;
        }
    }
    selector->first_arguments =
        memory_resize(selector->first_arguments,
                      (selector->first_argument_count + 1) * sizeof(*selector->first_arguments));
    selector->first_arguments[selector->first_argument_count++] =
        (struct acl_first_argument){entry, bytes_to_string(word)};
    return NULL;
}

static const char *modify_selector(const struct acl *acl, struct acl_selector *selector,
                                   struct bytes word)
{
    char mark = word.size > 0 ? word.data[0] : '\0';
    struct bytes rest = bytes_slice(word, 1, word.size);
    if (is(word, "allkeys") || is(word, "~*")) {
        drop_patterns(selector);
        selector->all_keys = true;
    } else if (is(word, "resetkeys")) {
        drop_patterns(selector);
        selector->all_keys = false;
    } else if (is(word, "allchannels") || is(word, "&*")) {
        drop_channels(selector);
        selector->all_channels = true;
    } else if (is(word, "resetchannels")) {
        drop_channels(selector);
        selector->all_channels = false;
    } else if (is(word, "allcommands")) {
        set_all_commands(acl, selector, true);
    } else if (is(word, "nocommands")) {
        set_all_commands(acl, selector, false);
    } else if (mark == '~' || mark == '%') {
        return add_pattern(selector, word);
    } else if (mark == '&') {
        return add_channel(selector, rest);
    } else if ((mark == '+' || mark == '-') && rest.size > 0 && rest.data[0] == '@') {
        return set_category(acl, selector, bytes_slice(rest, 1, rest.size), mark == '+');
    } else if (mark == '+' || mark == '-') {
        return set_named(acl, selector, rest, mark == '+');
    } else {
        return syntax_error;
    }
    return NULL;
}

/* ---- Users ---- */

static void clear_selectors(struct acl_user *user)
{
    while (user->selector_count > 1) {
        acl_selector_destroy(user->selectors[--user->selector_count]);
    }
}

/* "+get ~k*". Where quotes do not balance there are no words, as Redis reads it. */
static const char *modify_by_words(const struct acl *acl, struct acl_selector *selector,
                                   struct bytes words)
{
    const char *failure = NULL;
    struct buf word;
    size_t at = 0;
    enum inline_result result;
    buf_init(&word, SIZE_MAX);
    while ((result = inline_word_read(words, &at, &word)) == INLINE_WORD) {
    }
    bool balanced = result == INLINE_END;
    buf_clear(&word);
    for (at = 0; balanced && failure == NULL && inline_word_read(words, &at, &word) == INLINE_WORD;
         buf_clear(&word)) {
        failure = modify_selector(acl, selector, buf_bytes(&word));
    }
    buf_finish(&word);
    return failure;
}

/* "(+get ~k*)" */
static const char *add_selector(const struct acl *acl, struct acl_user *user, struct bytes word)
{
    struct acl_selector *selector = acl_selector_create(acl);
    const char *failure = modify_by_words(acl, selector, bytes_slice(word, 1, word.size - 1));
    if (failure != NULL) {
        acl_selector_destroy(selector);
        return failure;
    }
    user->selectors =
        memory_resize(user->selectors, (user->selector_count + 1) * sizeof(*user->selectors));
    user->selectors[user->selector_count++] = selector;
    return NULL;
}

static void reset_user(const struct acl *acl, struct acl_user *user)
{
    user->hash_count = 0;
    user->no_password = user->enabled = false;
    user->sanitize = SANITIZE_PAYLOAD;
    clear_selectors(user);
    acl_selector_destroy(user->selectors[0]);
    user->selectors[0] = acl_selector_create(acl);
}

const char *acl_modify(const struct acl *acl, struct acl_user *user, struct bytes word)
{
    if (word.size == 0) {
        return NULL;
    }
    char mark = word.data[0];
    if (is(word, "on") || is(word, "off")) {
        user->enabled = is(word, "on");
    } else if (is(word, "nopass")) {
        user->no_password = true;
        user->hash_count = 0;
    } else if (is(word, "resetpass")) {
        user->no_password = false;
        user->hash_count = 0;
    } else if (is(word, "sanitize-payload")) {
        user->sanitize = SANITIZE_PAYLOAD;
    } else if (is(word, "skip-sanitize-payload")) {
        user->sanitize = SANITIZE_SKIP;
    } else if (is(word, "clearselectors")) {
        clear_selectors(user);
    } else if (is(word, "reset")) {
        reset_user(acl, user);
    } else if (mark == '>' || mark == '<' || mark == '#' || mark == '!') {
        return modify_passwords(user, mark, bytes_slice(word, 1, word.size));
    } else if (mark == '(' && word.data[word.size - 1] == ')') {
        return add_selector(acl, user, word);
    } else {
        return modify_selector(acl, user->selectors[0], word);
    }
    return NULL;
}

/* ---- Describing ---- */

static void add_word(struct buf *text, const char *word)
{
    buf_append_string(text, text->size > 0 ? " " : "");
    buf_append_string(text, word);
}

size_t acl_describe_flags(const struct acl_user *user, const char *flags[4])
{
    size_t count = 0;
    flags[count++] = user->enabled ? "on" : "off";
    if (user->no_password) {
        flags[count++] = "nopass";
    }
    if (user->sanitize != SANITIZE_UNSAID) {
        flags[count++] =
            user->sanitize == SANITIZE_PAYLOAD ? "sanitize-payload" : "skip-sanitize-payload";
    }
    return count;
}

void acl_describe_keys(const struct acl_user *user, size_t index, struct buf *text)
{
    const struct acl_selector *selector = user->selectors[index];
    if (selector->all_keys) {
        add_word(text, "~*");
    }
    for (size_t i = 0; i < selector->pattern_count; i++) {
        unsigned permissions = selector->patterns[i].permissions;
        add_word(text, permissions == ACL_READ ? "%R~" : permissions == ACL_WRITE ? "%W~" : "~");
        buf_append(text, selector->patterns[i].text);
    }
}

void acl_describe_channels(const struct acl_user *user, size_t index, struct buf *text)
{
    const struct acl_selector *selector = user->selectors[index];
    if (selector->all_channels) {
        add_word(text, "&*");
    }
    for (size_t i = 0; i < selector->channel_count; i++) {
        add_word(text, "&");
        buf_append(text, selector->channels[i]);
    }
}

struct tally {
    const struct acl_selector *selector;
    unsigned category;
    size_t on, off;
};

static void count_command(void *context, struct command_entry *entry)
{
    struct tally *tally = context;
    if ((entry->categories & tally->category) != 0) {
        *(acl_command_bit(tally->selector, entry) ? &tally->on : &tally->off) += 1;
    }
}

struct difference {
    const struct acl_selector *selector;
    struct acl_selector *described;
    struct buf *text;
};

static void describe_command(void *context, struct command_entry *entry)
{
    struct difference *difference = context;
    bool on = acl_command_bit(difference->selector, entry);
    char name[64];
    command_full_name(entry, name);
    if (on != acl_command_bit(difference->described, entry)) {
        add_word(difference->text, on ? "+" : "-");
        buf_append_string(difference->text, name);
        set_command(difference->described, entry, on);
    }
    for (size_t i = 0; !on && i < difference->selector->first_argument_count; i++) {
        if (difference->selector->first_arguments[i].entry == entry) {
            add_word(difference->text, "+");
            buf_printf(difference->text, "%s|%s", name,
                       difference->selector->first_arguments[i].word);
        }
    }
}

/*
 * Categories first, each the one that says most with fewest exceptions, then the commands that are
 * still different: what was said is not kept, only what it means.
 */
void acl_describe_commands(const struct acl *acl, const struct acl_user *user, size_t index,
                           struct buf *text)
{
    const struct acl_selector *selector = user->selectors[index];
    bool adds = !selector->all_commands;
    struct acl_selector *described = acl_selector_create(acl);
    struct acl_selector *left = acl_selector_copy(acl, selector);
    unsigned applied = 0;
    add_word(text, adds ? "-@all" : "+@all");
    set_all_commands(acl, described, !adds);
    for (;;) {
        size_t best = command_category_count, fewest = SIZE_MAX, most = 0;
        for (size_t i = 0; i < command_category_count; i++) {
            struct tally tally = {left, command_categories[i].category, 0, 0};
            if ((applied & tally.category) != 0) {
                continue;
            }
            acl_each_command(acl, count_command, &tally);
            size_t same = adds ? tally.on : tally.off, other = adds ? tally.off : tally.on;
            if (same > other && (other < fewest || (other == fewest && same > most))) {
                best = i;
                fewest = other;
                most = same;
            }
        }
        if (best == command_category_count) {
            break;
        }
        struct bytes name = bytes_from_string(command_categories[best].name);
        applied |= command_categories[best].category;
        add_word(text, adds ? "+@" : "-@");
        buf_append(text, name);
        set_category(acl, described, name, adds);
        set_category(acl, left, name, !adds);
    }
    struct difference difference = {selector, described, text};
    acl_each_command(acl, describe_command, &difference);
    acl_selector_destroy(described);
    acl_selector_destroy(left);
}

static void describe_selector(const struct acl *acl, const struct acl_user *user, size_t index,
                              struct buf *text)
{
    struct buf part;
    buf_init(&part, SIZE_MAX);
    acl_describe_keys(user, index, &part);
    if (!user->selectors[index]->all_channels) {
        add_word(&part, "resetchannels");
    }
    acl_describe_channels(user, index, &part);
    acl_describe_commands(acl, user, index, &part);
    buf_append(text, buf_bytes(&part));
    buf_finish(&part);
}

void acl_describe(const struct acl *acl, const struct acl_user *user, struct buf *text)
{
    const char *flags[4];
    size_t count = acl_describe_flags(user, flags);
    for (size_t i = 0; i < count; i++) {
        add_word(text, flags[i]);
    }
    for (size_t i = 0; i < user->hash_count; i++) {
        add_word(text, "#");
        buf_append_string(text, user->hashes[i]);
    }
    for (size_t i = 0; i < user->selector_count; i++) {
        add_word(text, i == 0 ? "" : "(");
        describe_selector(acl, user, i, text);
        buf_append_string(text, i == 0 ? "" : ")");
    }
}

size_t acl_user_selectors(const struct acl_user *user)
{
    return user->selector_count;
}

size_t acl_user_passwords(const struct acl_user *user)
{
    return user->hash_count;
}

const char *acl_user_password(const struct acl_user *user, size_t index)
{
    return user->hashes[index];
}

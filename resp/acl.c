/* Users, and whether they may. What SETUSER says is read in acl_rules.c. */
#include "resp/acl.h"

#include <openssl/evp.h>
#include <string.h>

#include "resp/acl_state.h"
#include "resp/commands/client.h"
#include "resp/errors.h"

enum { LONGEST_LOG = 128, LOG_GROUPING_MS = 60000 };

/* ---- Selectors ---- */

static size_t words_of(const struct acl *acl)
{
    return acl->instance->commands.id_count / 64 + 1;
}

struct acl_selector *acl_selector_create(const struct acl *acl)
{
    struct acl_selector *selector = memory_allocate_zeroed(sizeof(*selector));
    selector->commands = memory_allocate_zeroed(words_of(acl) * sizeof(uint64_t));
    return selector;
}

struct acl_selector *acl_selector_copy(const struct acl *acl, const struct acl_selector *selector)
{
    struct acl_selector *copy = acl_selector_create(acl);
    memcpy(copy->commands, selector->commands, words_of(acl) * sizeof(uint64_t));
    copy->all_commands = selector->all_commands;
    copy->all_keys = selector->all_keys;
    copy->all_channels = selector->all_channels;
    copy->pattern_count = selector->pattern_count;
    copy->patterns = memory_allocate(selector->pattern_count * sizeof(*copy->patterns) + 1);
    for (size_t i = 0; i < selector->pattern_count; i++) {
        copy->patterns[i] = selector->patterns[i];
        copy->patterns[i].text.data = bytes_to_string(selector->patterns[i].text);
    }
    copy->channel_count = selector->channel_count;
    copy->channels = memory_allocate(selector->channel_count * sizeof(*copy->channels) + 1);
    for (size_t i = 0; i < selector->channel_count; i++) {
        copy->channels[i] = selector->channels[i];
        copy->channels[i].data = bytes_to_string(selector->channels[i]);
    }
    copy->first_argument_count = selector->first_argument_count;
    copy->first_arguments =
        memory_allocate(selector->first_argument_count * sizeof(*copy->first_arguments) + 1);
    for (size_t i = 0; i < selector->first_argument_count; i++) {
        copy->first_arguments[i] =
            (struct acl_first_argument){selector->first_arguments[i].entry,
                                        string_duplicate(selector->first_arguments[i].word)};
    }
    return copy;
}

void acl_selector_destroy(struct acl_selector *selector)
{
    for (size_t i = 0; i < selector->pattern_count; i++) {
        memory_free((char *)selector->patterns[i].text.data);
    }
    for (size_t i = 0; i < selector->channel_count; i++) {
        memory_free((char *)selector->channels[i].data);
    }
    for (size_t i = 0; i < selector->first_argument_count; i++) {
        memory_free(selector->first_arguments[i].word);
    }
    memory_free(selector->patterns);
    memory_free(selector->channels);
    memory_free(selector->first_arguments);
    memory_free(selector->commands);
    memory_free(selector);
}

bool acl_command_bit(const struct acl_selector *selector, const struct command_entry *entry)
{
    return (selector->commands[entry->id / 64] >> (entry->id % 64) & 1) != 0;
}

void acl_set_command_bit(struct acl_selector *selector, const struct command_entry *entry, bool on)
{
    uint64_t bit = (uint64_t)1 << (entry->id % 64);
    uint64_t *word = &selector->commands[entry->id / 64];
    *word = on ? *word | bit : *word & ~bit;
}

void acl_each_command(const struct acl *acl,
                      void (*visit)(void *context, struct command_entry *entry), void *context)
{
    const struct command_table *table = &acl->instance->commands;
    for (size_t i = 0; i < table->count; i++) {
        struct command_entry *entry = &table->entries[i];
        visit(context, entry);
        for (size_t sub = 0; sub < entry->subcommand_count; sub++) {
            visit(context, &entry->subcommands[sub]);
        }
    }
}

/* ---- Users ---- */

struct acl_user *acl_user_create(const struct acl *acl, struct bytes name)
{
    struct acl_user *user = memory_allocate_zeroed(sizeof(*user));
    user->name = bytes_to_string(name);
    user->selectors = memory_allocate(sizeof(*user->selectors));
    user->selectors[0] = acl_selector_create(acl);
    user->selector_count = 1;
    return user;
}

struct acl_user *acl_user_copy(const struct acl *acl, const struct acl_user *user)
{
    struct acl_user *copy = memory_allocate(sizeof(*copy));
    *copy = *user;
    copy->name = string_duplicate(user->name);
    copy->hashes = memory_allocate(user->hash_count * sizeof(*copy->hashes) + 1);
    if (user->hash_count > 0) {
        memcpy(copy->hashes, user->hashes, user->hash_count * sizeof(*copy->hashes));
    }
    copy->selectors = memory_allocate(user->selector_count * sizeof(*copy->selectors));
    for (size_t i = 0; i < user->selector_count; i++) {
        copy->selectors[i] = acl_selector_copy(acl, user->selectors[i]);
    }
    return copy;
}

void acl_user_destroy(struct acl_user *user)
{
    for (size_t i = 0; i < user->selector_count; i++) {
        acl_selector_destroy(user->selectors[i]);
    }
    memory_free(user->selectors);
    memory_free(user->hashes);
    memory_free(user->name);
    memory_free(user);
}

static void insert_user(struct acl *acl, struct acl_user *user)
{
    size_t at = 0;
    acl->users = memory_resize(acl->users, (acl->count + 1) * sizeof(*acl->users));
    while (at < acl->count && strcmp(acl->users[at]->name, user->name) < 0) {
        at++;
    }
    memmove(&acl->users[at + 1], &acl->users[at], (acl->count - at) * sizeof(*acl->users));
    acl->users[at] = user;
    acl->count++;
}

struct acl *acl_create(struct instance *instance)
{
    static const char *const everything[] = {"on", "nopass", "~*", "&*", "+@all"};
    struct acl *acl = memory_allocate_zeroed(sizeof(*acl));
    acl->instance = instance;
    acl->default_user = acl_user_create(acl, BYTES("default"));
    for (size_t i = 0; i < ARRAY_LEN(everything); i++) {
        acl_modify(acl, acl->default_user, bytes_from_string(everything[i]));
    }
    acl->default_user->untouched = true;
    insert_user(acl, acl->default_user);
    return acl;
}

void acl_destroy(struct acl *acl)
{
    acl_log_clear(acl);
    for (size_t i = 0; i < acl->count; i++) {
        acl_user_destroy(acl->users[i]);
    }
    memory_free(acl->users);
    memory_free(acl);
}

struct acl_user *acl_default(const struct acl *acl)
{
    return acl->default_user;
}

struct acl_user *acl_find(const struct acl *acl, struct bytes name)
{
    for (size_t i = 0; i < acl->count; i++) {
        if (bytes_equal_string(name, acl->users[i]->name)) {
            return acl->users[i];
        }
    }
    return NULL;
}

size_t acl_count(const struct acl *acl)
{
    return acl->count;
}

struct acl_user *acl_at(const struct acl *acl, size_t index)
{
    return acl->users[index];
}

void acl_remove(struct acl *acl, struct acl_user *user)
{
    size_t at = 0;
    while (acl->users[at] != user) {
        at++;
    }
    acl->count--;
    memmove(&acl->users[at], &acl->users[at + 1], (acl->count - at) * sizeof(*acl->users));
    acl_user_destroy(user);
}

/* In place, because sessions hold on to the user. */
static void replace_user(struct acl_user *user, struct acl_user *with)
{
    struct acl_user swap = *user;
    *user = *with;
    *with = swap;
    acl_user_destroy(with);
}

void acl_put_take(struct acl *acl, struct acl_user *user)
{
    struct acl_user *present = acl_find(acl, bytes_from_string(user->name));
    if (present != NULL) {
        replace_user(present, user);
    } else {
        insert_user(acl, user);
    }
}

void acl_replace_all(struct acl *acl, struct acl_user *const *users, size_t count)
{
    static const char *const everything[] = {"on", "nopass", "~*", "&*", "+@all"};
    struct acl_user *open = acl_user_create(acl, BYTES("default"));
    for (size_t i = 0; i < ARRAY_LEN(everything); i++) {
        acl_modify(acl, open, bytes_from_string(everything[i]));
    }
    while (acl->count > 1) {
        acl_remove(acl, acl->users[acl->users[0] == acl->default_user ? 1 : 0]);
    }
    open->untouched = true;
    acl_put_take(acl, open); /* what "default" is when no line tells of it */
    for (size_t i = 0; i < count; i++) {
        acl_put_take(acl, users[i]);
    }
}

bool acl_set_user(struct acl *acl, struct bytes name, const struct bytes *modifiers, int count,
                  struct buf *error)
{
    struct acl_user *user = acl_find(acl, name);
    struct acl_user *changed = user != NULL ? acl_user_copy(acl, user) : acl_user_create(acl, name);
    for (int i = 0; i < count; i++) {
        const char *failure = acl_modify(acl, changed, modifiers[i]);
        if (failure != NULL) {
            buf_printf(error, "ERR Error in ACL SETUSER modifier '%.*s': %s",
                       (int)modifiers[i].size, modifiers[i].data, failure);
            acl_user_destroy(changed);
            return false;
        }
    }
    changed->untouched = changed->untouched && count == 0;
    if (user != NULL) {
        replace_user(user, changed);
    } else {
        insert_user(acl, changed);
    }
    return true;
}

void acl_set_external(struct acl *acl, struct bytes name, struct bytes rules)
{
    struct acl_user *user = acl_find(acl, name);
    struct acl_user *changed = acl_user_create(acl, name);
    changed->enabled = changed->external = true;
    if (!instance_runs(acl->instance, "7.0.0")) {
        acl_modify(acl, changed, BYTES("allchannels")); /* older ones restrict none by default */
    }
    while (rules.size > 0) {
        size_t end = bytes_find(rules, ' ');
        struct bytes rule = bytes_slice(rules, 0, end);
        rules = bytes_slice(rules, end + (end < rules.size ? 1 : 0), rules.size);
        if (rule.size > 0) {
            acl_modify(acl, changed, rule);
        }
    }
    if (user != NULL) {
        replace_user(user, changed);
    } else {
        insert_user(acl, changed);
    }
}

bool acl_user_external(const struct acl_user *user)
{
    return user->external;
}

const char *acl_user_name(const struct acl_user *user)
{
    return user->name;
}

bool acl_user_open(const struct acl_user *user)
{
    return user->enabled && user->no_password;
}

bool acl_user_untouched(const struct acl_user *user)
{
    return user->untouched;
}

bool acl_user_lets_in(const struct acl_user *user, struct bytes password)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size;
    struct buf hex;
    bool fits = user->no_password;
    EVP_Digest(password.data != NULL ? password.data : "", password.size, digest, &size,
               EVP_sha256(), NULL);
    buf_init(&hex, 128);
    buf_append_hex(&hex, (struct bytes){(const char *)digest, size});
    for (size_t i = 0; i < user->hash_count; i++) {
        fits |= bytes_equal_secret(buf_bytes(&hex), bytes_from_string(user->hashes[i]));
    }
    buf_finish(&hex);
    return fits && user->enabled;
}

/* ---- Checks ---- */

static bool may_run(const struct acl_selector *selector, const struct command_entry *entry,
                    const struct bytes *argv, int argc)
{
    if (acl_command_bit(selector, entry)) {
        return true;
    }
    for (size_t i = 0; i < selector->first_argument_count; i++) {
        const struct acl_first_argument *allowed = &selector->first_arguments[i];
        if (allowed->entry == entry && argc > 1 &&
            bytes_equal_string_nocase(argv[1], allowed->word)) {
            return true;
        }
    }
    return false;
}

static bool may_use_key(const struct acl_selector *selector, struct bytes key, unsigned flags)
{
    unsigned wanted = (flags & KEY_ACCESS) != 0 ? ACL_READ : 0;
    wanted |= (flags & (KEY_INSERT | KEY_DELETE | KEY_UPDATE)) != 0 ? ACL_WRITE : 0;
    for (size_t i = 0; i < selector->pattern_count; i++) {
        const struct acl_pattern *pattern = &selector->patterns[i];
        if ((pattern->permissions & wanted) == wanted &&
            bytes_match_glob(pattern->text, key, false)) {
            return true;
        }
    }
    return selector->all_keys;
}

/* A pattern to subscribe to is allowed where it stands word by word. */
static bool may_use_channel(const struct acl_selector *selector, struct bytes channel, bool pattern)
{
    for (size_t i = 0; i < selector->channel_count; i++) {
        if (pattern ? bytes_equal(selector->channels[i], channel)
                    : bytes_match_glob(selector->channels[i], channel, false)) {
            return true;
        }
    }
    return selector->all_channels;
}

static const struct {
    const char *name;
    bool one, pattern; /* one channel, then the message */
} channel_commands[] = {
    {"PUBLISH", true, false},     {"SPUBLISH", true, false},   {"SUBSCRIBE", false, false},
    {"SSUBSCRIBE", false, false}, {"PSUBSCRIBE", false, true},
};

static enum acl_verdict check_channels(const struct acl_selector *selector,
                                       const struct command_entry *entry, const struct bytes *argv,
                                       int argc, int *index)
{
    for (size_t i = 0; i < ARRAY_LEN(channel_commands); i++) {
        if (strcmp(entry->command->name, channel_commands[i].name) != 0) {
            continue;
        }
        int end = channel_commands[i].one ? 2 : argc;
        for (*index = 1; *index < end; (*index)++) {
            if (!may_use_channel(selector, argv[*index], channel_commands[i].pattern)) {
                return ACL_NO_CHANNEL;
            }
        }
    }
    return ACL_ALLOWED;
}

static enum acl_verdict check_selector(const struct acl_selector *selector,
                                       const struct command_entry *entry, const struct bytes *argv,
                                       int argc, int *index)
{
    if ((entry->command->flags & CMD_NO_AUTH) == 0 && !may_run(selector, entry, argv, argc)) {
        return ACL_NO_COMMAND;
    }
    if (!selector->all_keys) {
        struct command_key *keys = memory_allocate((size_t)argc * sizeof(*keys));
        int count = command_keys(entry->command, argv, argc, keys, argc), refused = -1;
        for (int i = 0; refused < 0 && i < count; i++) {
            refused =
                may_use_key(selector, argv[keys[i].index], keys[i].flags) ? -1 : keys[i].index;
        }
        memory_free(keys);
        if (refused >= 0) {
            *index = refused;
            return ACL_NO_KEY;
        }
    }
    return selector->all_channels ? ACL_ALLOWED
                                  : check_channels(selector, entry, argv, argc, index);
}

enum acl_verdict acl_check(const struct acl_user *user, const struct command_entry *entry,
                           const struct bytes *argv, int argc, int *index)
{
    enum acl_verdict worst = ACL_ALLOWED;
    *index = 0;
    for (size_t i = 0; i < user->selector_count; i++) {
        int at = 0;
        enum acl_verdict verdict = check_selector(user->selectors[i], entry, argv, argc, &at);
        if (verdict == ACL_ALLOWED) {
            return ACL_ALLOWED;
        }
        /* The one that came furthest says why. */
        if (verdict > worst || (verdict == worst && at > *index)) {
            worst = verdict;
            *index = at;
        }
    }
    return worst;
}

bool acl_permits_or_reply(struct call *call, struct command_entry *entry)
{
    const struct acl_user *user = call->session->account;
    int index;
    if (user->untouched) {
        return true;
    }
    enum acl_verdict verdict = acl_check(user, entry, call->argv, call->argc, &index);
    bool modern = instance_runs(call->instance, "7.0.0");
    char name[64];
    command_full_name(entry, name);
    switch (verdict) {
    case ACL_ALLOWED:
        return true;
    case ACL_NO_COMMAND:
        call_refuse(call, "NOPERM this user has no permissions to run the '%s' command%s", name,
                    modern ? "" : " or its subcommand");
        break;
    case ACL_NO_KEY:
        call_refuse(call, "NOPERM this user has no permissions to access one of the keys "
                          "used as arguments");
        break;
    case ACL_NO_CHANNEL:
        call_refuse(call, "NOPERM this user has no permissions to access one of the "
                          "channels used as arguments");
        break;
    }
    acl_log(call, verdict, verdict == ACL_NO_COMMAND ? bytes_from_string(name) : call->argv[index],
            bytes_from_string(user->name));
    return false;
}

/* ---- The log ---- */

static void finish_entry(struct acl_log_entry *entry)
{
    memory_free(entry->object);
    memory_free(entry->username);
    memory_free(entry->client);
}

void acl_log_clear(struct acl *acl)
{
    for (size_t i = 0; i < acl->log_count; i++) {
        finish_entry(&acl->log[i]);
    }
    memory_free(acl->log);
    acl->log = NULL;
    acl->log_count = 0;
}

static bool same_matter(const struct acl_log_entry *a, const struct acl_log_entry *b)
{
    return a->verdict == b->verdict && strcmp(a->context, b->context) == 0 &&
           strcmp(a->object, b->object) == 0 && strcmp(a->username, b->username) == 0;
}

void acl_log(struct call *call, enum acl_verdict verdict, struct bytes object,
             struct bytes username)
{
    struct acl *acl = call->instance->acl;
    struct acl_log_entry entry = {
        .count = 1,
        .verdict = verdict,
        .context = call->instance->snapshot_ms != 0                ? "lua"
                   : call->nested || call->session->in_transaction ? "multi"
                                                                   : "toplevel",
        .object = bytes_to_string(object),
        .username = bytes_to_string(username),
        .client = client_description(call->instance, call->session, call->now_ms),
        .at_ms = call->now_ms,
    };
    size_t at = 0;
    while (at < acl->log_count && !(same_matter(&acl->log[at], &entry) &&
                                    entry.at_ms - acl->log[at].at_ms <= LOG_GROUPING_MS)) {
        at++;
    }
    if (at < acl->log_count) {
        entry.count = acl->log[at].count + 1;
        finish_entry(&acl->log[at]);
    } else {
        acl->log = memory_resize(acl->log, (acl->log_count + 1) * sizeof(*acl->log));
        acl->log_count++;
    }
    memmove(&acl->log[1], &acl->log[0], at * sizeof(*acl->log));
    acl->log[0] = entry;
    if (acl->log_count > LONGEST_LOG) {
        finish_entry(&acl->log[--acl->log_count]);
    }
}

size_t acl_log_count(const struct acl *acl)
{
    return acl->log_count;
}

const struct acl_log_entry *acl_log_at(const struct acl *acl, size_t index)
{
    return &acl->log[index];
}

/* What acl.c and acl_rules.c share. */
#ifndef RESP_ACL_STATE_H
#define RESP_ACL_STATE_H

#include "resp/acl.h"
#include "resp/instance_state.h"

enum { ACL_READ = 1, ACL_WRITE = 2, ACL_HASH_SIZE = 64 };

struct acl_pattern {
    struct bytes text; /* owned, terminated */
    unsigned permissions;
};

/* "+get|word": the command with that first argument only. */
struct acl_first_argument {
    const struct command_entry *entry;
    char *word;
};

struct acl_selector {
    uint64_t *commands; /* a bit for each command_entry.id */
    bool all_commands;  /* future ones, too */
    struct acl_first_argument *first_arguments;
    size_t first_argument_count;
    struct acl_pattern *patterns;
    size_t pattern_count;
    bool all_keys;
    struct bytes *channels; /* each owned */
    size_t channel_count;
    bool all_channels;
};

enum acl_sanitize { SANITIZE_UNSAID, SANITIZE_PAYLOAD, SANITIZE_SKIP };

struct acl_user {
    char *name;
    bool enabled, no_password, untouched, external;
    enum acl_sanitize sanitize;
    char (*hashes)[ACL_HASH_SIZE + 1];
    size_t hash_count;
    struct acl_selector **selectors; /* the first is the root */
    size_t selector_count;
};

struct acl {
    struct instance *instance;
    struct acl_user **users; /* by name */
    size_t count;
    struct acl_user *default_user;
    struct acl_log_entry *log; /* newest first */
    size_t log_count;
};

struct acl_selector *acl_selector_create(const struct acl *acl);
struct acl_selector *acl_selector_copy(const struct acl *acl, const struct acl_selector *selector);
void acl_selector_destroy(struct acl_selector *selector);
bool acl_command_bit(const struct acl_selector *selector, const struct command_entry *entry);
void acl_set_command_bit(struct acl_selector *selector, const struct command_entry *entry, bool on);
/* Every command and subcommand of the instance. */
void acl_each_command(const struct acl *acl,
                      void (*visit)(void *context, struct command_entry *entry), void *context);

struct acl_user *acl_user_create(const struct acl *acl, struct bytes name);
struct acl_user *acl_user_copy(const struct acl *acl, const struct acl_user *user);
void acl_user_destroy(struct acl_user *user);
/* In place of the user of that name, if there is one. Takes it. */
void acl_put_take(struct acl *acl, struct acl_user *user);
/* In place of all others; sessions of users but the default one must be gone. Takes the users. */
void acl_replace_all(struct acl *acl, struct acl_user *const *users, size_t count);
/* "on", ">password", "+@read"...; NULL, or what is wrong with it. */
const char *acl_modify(const struct acl *acl, struct acl_user *user, struct bytes modifier);

#endif

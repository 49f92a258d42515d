/*
 * Users and what they may do: commands, keys and channels, as Redis 7's ACL has it. A user's root
 * permissions are its first selector; further ones are alternatives to it.
 */
#ifndef RESP_ACL_H
#define RESP_ACL_H

#include "resp/command.h"

struct acl;
struct acl_user;
struct command_entry;
struct instance;

enum acl_verdict { ACL_ALLOWED, ACL_NO_COMMAND, ACL_NO_KEY, ACL_NO_CHANNEL };

/* The instance's users: at first only "default", who may do everything. */
struct acl *acl_create(struct instance *instance);
void acl_destroy(struct acl *acl);
struct acl_user *acl_default(const struct acl *acl);
struct acl_user *acl_find(const struct acl *acl, struct bytes name);
size_t acl_count(const struct acl *acl);
struct acl_user *acl_at(const struct acl *acl, size_t index); /* by name */
/* Its sessions must have been told. */
void acl_remove(struct acl *acl, struct acl_user *user);

const char *acl_user_name(const struct acl_user *user);
/* Anybody gets in as this user, without a password. */
bool acl_user_open(const struct acl_user *user);
/* Nothing was ever said of this user: for "default", the keys of the cache decide. */
bool acl_user_untouched(const struct acl_user *user);
bool acl_user_lets_in(const struct acl_user *user, struct bytes password);
/*
 * A user whom the host lets in, whatever the password. acl_set_external makes one, or gives it
 * other rules, skipping those that are not known here.
 */
bool acl_user_external(const struct acl_user *user);
void acl_set_external(struct acl *acl, struct bytes name, struct bytes rules);

/* *index: the argument that is refused, for ACL_NO_KEY and ACL_NO_CHANNEL. */
enum acl_verdict acl_check(const struct acl_user *user, const struct command_entry *entry,
                           const struct bytes *argv, int argc, int *index);

/*
 * ACL SETUSER: applies all the modifiers or none; creates the user when there is none. False with
 * the whole error in `error`.
 */
bool acl_set_user(struct acl *acl, struct bytes name, const struct bytes *modifiers, int count,
                  struct buf *error);

/* "on nopass ~* &* +@all", as ACL LIST shows it behind the name. */
void acl_describe(const struct acl *acl, const struct acl_user *user, struct buf *text);
/* The parts that ACL GETUSER shows. Selector 0 is the root. */
size_t acl_user_selectors(const struct acl_user *user);
size_t acl_user_passwords(const struct acl_user *user);
const char *acl_user_password(const struct acl_user *user, size_t index); /* SHA-256 in hex */
size_t acl_describe_flags(const struct acl_user *user, const char *flags[4]);
void acl_describe_commands(const struct acl *acl, const struct acl_user *user, size_t selector,
                           struct buf *text);
void acl_describe_keys(const struct acl_user *user, size_t selector, struct buf *text);
void acl_describe_channels(const struct acl_user *user, size_t selector, struct buf *text);

/* ---- The log of what was refused ---- */

struct acl_log_entry {
    int64_t count;
    enum acl_verdict verdict; /* ACL_ALLOWED: a failed AUTH */
    const char *context;      /* "toplevel", "multi", "lua" */
    char *object, *username, *client;
    int64_t at_ms;
};

void acl_log(struct call *call, enum acl_verdict verdict, struct bytes object,
             struct bytes username);
size_t acl_log_count(const struct acl *acl);
const struct acl_log_entry *acl_log_at(const struct acl *acl, size_t index); /* newest first */
void acl_log_clear(struct acl *acl);

/* The gate: true, or false after NOPERM. */
bool acl_permits_or_reply(struct call *call, struct command_entry *entry);

#endif

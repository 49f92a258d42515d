/* ACL: users and their permissions. */
#include "resp/acl.h"

#include <errno.h>
#include <string.h>

#include "resp/acl_file.h"
#include "resp/arguments.h"
#include "resp/commands/help.h"
#include "resp/instance_state.h"

#define LARGEST_FILE ((size_t)64 << 20)

static void reply_text(struct call *call, struct buf *text)
{
    reply_bulk(call->reply, text->size == 0 ? BYTES("") : buf_bytes(text));
    buf_clear(text);
}

static void cmd_acl_whoami(struct call *call)
{
    reply_bulk_string(call->reply, call->session->user);
}

static void cmd_acl_users(struct call *call)
{
    const struct acl *acl = call->instance->acl;
    reply_array(call->reply, acl_count(acl));
    for (size_t i = 0; i < acl_count(acl); i++) {
        reply_bulk_string(call->reply, acl_user_name(acl_at(acl, i)));
    }
}

static void cmd_acl_list(struct call *call)
{
    const struct acl *acl = call->instance->acl;
    reply_array(call->reply, acl_count(acl));
    for (size_t i = 0; i < acl_count(acl); i++) {
        struct buf text;
        buf_init(&text, SIZE_MAX);
        buf_printf(&text, "user %s", acl_user_name(acl_at(acl, i)));
        acl_describe(acl, acl_at(acl, i), &text);
        reply_text(call, &text);
        buf_finish(&text);
    }
}

/* "commands", "keys" and "channels" of a selector. */
static void reply_permissions(struct call *call, const struct acl_user *user, size_t selector)
{
    struct buf text;
    buf_init(&text, SIZE_MAX);
    reply_bulk_string(call->reply, "commands");
    acl_describe_commands(call->instance->acl, user, selector, &text);
    reply_text(call, &text);
    reply_bulk_string(call->reply, "keys");
    acl_describe_keys(user, selector, &text);
    reply_text(call, &text);
    reply_bulk_string(call->reply, "channels");
    acl_describe_channels(user, selector, &text);
    reply_text(call, &text);
    buf_finish(&text);
}

static void cmd_acl_getuser(struct call *call)
{
    const struct acl_user *user = acl_find(call->instance->acl, call->argv[2]);
    const char *flags[4];
    if (user == NULL) {
        reply_null(call->reply);
        return;
    }
    size_t count = acl_describe_flags(user, flags);
    reply_map(call->reply, 6);
    reply_bulk_string(call->reply, "flags");
    reply_set(call->reply, count);
    for (size_t i = 0; i < count; i++) {
        reply_bulk_string(call->reply, flags[i]);
    }
    reply_bulk_string(call->reply, "passwords");
    reply_array(call->reply, acl_user_passwords(user));
    for (size_t i = 0; i < acl_user_passwords(user); i++) {
        reply_bulk_string(call->reply, acl_user_password(user, i));
    }
    reply_permissions(call, user, 0);
    reply_bulk_string(call->reply, "selectors");
    reply_array(call->reply, acl_user_selectors(user) - 1);
    for (size_t i = 1; i < acl_user_selectors(user); i++) {
        reply_map(call->reply, 3);
        reply_permissions(call, user, i);
    }
}

/* ---- Changing ---- */

/* "(+get" "~k*)" is one modifier, of which a further "(+set" takes the place. The words are copied
 * into `joined`, their offsets kept there. */
static bool join_selectors_or_reply(struct call *call, struct bytes *modifiers, int *count,
                                    struct buf *joined)
{
    size_t *starts = memory_allocate((size_t)call->argc * sizeof(*starts));
    bool open = false;
    int first = 0;
    *count = 0;
    for (int i = 3; i < call->argc; i++) {
        struct bytes word = call->argv[i];
        bool closes = word.size > 0 && word.data[word.size - 1] == ')';
        bool opens = word.size > 0 && word.data[0] == '(' && !closes;
        if (open && opens) {
            joined->size = starts[--*count];
        }
        if (open && !opens) {
            buf_append_byte(joined, ' ');
        } else {
            starts[(*count)++] = joined->size;
            first = i;
        }
        buf_append(joined, word);
        open = (open || opens) && !closes;
    }
    for (int i = 0; i < *count; i++) {
        size_t end = i + 1 < *count ? starts[i + 1] : joined->size;
        modifiers[i] = (struct bytes){joined->data + starts[i], end - starts[i]};
    }
    memory_free(starts);
    if (open) {
        reply_errorf(call->reply, "ERR Unmatched parenthesis in acl selector starting at '%.*s'.",
                     (int)call->argv[first].size, call->argv[first].data);
    }
    return !open;
}

static void cmd_acl_setuser(struct call *call)
{
    struct bytes name = call->argv[2];
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == ' ' || name.data[i] == '\0') {
            reply_error(call->reply, "ERR Usernames can't contain spaces or null characters");
            return;
        }
    }
    struct bytes *modifiers = memory_allocate((size_t)call->argc * sizeof(*modifiers));
    struct buf joined, error;
    int count;
    buf_init(&joined, SIZE_MAX);
    buf_init(&error, SIZE_MAX);
    if (join_selectors_or_reply(call, modifiers, &count, &joined)) {
        if (acl_set_user(call->instance->acl, name, modifiers, count, &error)) {
            reply_ok(call->reply);
        } else {
            reply_error(call->reply, buf_string(&error));
        }
    }
    buf_finish(&joined);
    buf_finish(&error);
    memory_free(modifiers);
}

/* Those who are signed in as that user are sent away. */
static void close_sessions(struct instance *instance, const struct acl_user *user)
{
    for (struct session *session = instance->sessions; session != NULL; session = session->next) {
        if (session->account == user) {
            session_sign_out(session);
            session_close(session);
        }
    }
}

static void cmd_acl_deluser(struct call *call)
{
    int64_t removed = 0;
    for (int i = 2; i < call->argc; i++) {
        if (bytes_equal_string(call->argv[i], "default")) {
            reply_error(call->reply, "ERR The 'default' user cannot be removed");
            return;
        }
    }
    for (int i = 2; i < call->argc; i++) {
        struct acl_user *user = acl_find(call->instance->acl, call->argv[i]);
        if (user != NULL) {
            close_sessions(call->instance, user);
            acl_remove(call->instance->acl, user);
            removed++;
        }
    }
    reply_integer(call->reply, removed);
}

/* ---- The file ---- */

/* The file's name; NULL after answering. */
static const char *file_or_reply(struct call *call)
{
    const char *path = setting_value(call->instance, "aclfile");
    if (path[0] != '\0') {
        return path;
    }
    reply_error(call->reply,
                "ERR This Redis instance is not configured to use an ACL file. You may "
                "want to specify users via the ACL SETUSER command and then issue a "
                "CONFIG REWRITE (assuming you have a Redis configuration file set) in "
                "order to store users in the Redis configuration.");
    return NULL;
}

static void cmd_acl_load(struct call *call)
{
    struct instance *instance = call->instance;
    const struct instance_host_info *host = &instance->host;
    const char *path = file_or_reply(call);
    if (path == NULL) {
        return;
    }
    struct buf text, error;
    buf_init(&text, LARGEST_FILE);
    buf_init(&error, SIZE_MAX);
    int failure = host->read_file == NULL ? ENOENT : host->read_file(host->context, path, &text);
    if (failure != 0) {
        reply_errorf(call->reply, "ERR Error loading ACLs, opening file '%s': %s", path,
                     strerror(failure));
    } else if (acl_file_read(instance, path, buf_bytes(&text), &error)) {
        reply_ok(call->reply);
    } else {
        reply_errorf(call->reply, "ERR %s", buf_string(&error));
    }
    buf_finish(&text);
    buf_finish(&error);
}

static void cmd_acl_save(struct call *call)
{
    const struct instance_host_info *host = &call->instance->host;
    const char *path = file_or_reply(call);
    if (path == NULL) {
        return;
    }
    struct buf text;
    buf_init(&text, LARGEST_FILE);
    acl_file_write(call->instance, &text);
    if (host->write_file != NULL && host->write_file(host->context, path, buf_bytes(&text)) == 0) {
        reply_ok(call->reply);
    } else {
        reply_error(call->reply, "ERR There was an error trying to save the ACLs. Please check "
                                 "the server logs for more information");
    }
    buf_finish(&text);
}

/* ---- Asking ---- */

struct category_list {
    struct reply *reply;
    unsigned category;
    size_t count;
};

static void list_command(struct category_list *list, const struct command_entry *entry)
{
    char name[64];
    if ((entry->categories & list->category) != 0) {
        command_full_name(entry, name);
        reply_bulk_string(list->reply, name);
        list->count++;
    }
}

static void cmd_acl_cat(struct call *call)
{
    const struct command_table *table = &call->instance->commands;
    struct category_list list = {.reply = call->reply};
    if (call->argc > 3) {
        reply_subcommand_syntax_error(call);
        return;
    }
    if (call->argc == 2) {
        reply_array(call->reply, command_category_count);
        for (size_t i = 0; i < command_category_count; i++) {
            reply_bulk_string(call->reply, command_categories[i].name);
        }
        return;
    }
    for (size_t i = 0; i < command_category_count; i++) {
        if (bytes_equal_string_nocase(call->argv[2], command_categories[i].name)) {
            list.category = command_categories[i].category;
        }
    }
    if (list.category == 0) {
        reply_errorf(call->reply, "ERR Unknown category '%.*s'", (int)call->argv[2].size,
                     call->argv[2].data);
        return;
    }
    size_t mark = reply_defer(call->reply);
    for (size_t i = 0; i < table->count; i++) {
        list_command(&list, &table->entries[i]);
        for (size_t sub = 0; sub < table->entries[i].subcommand_count; sub++) {
            list_command(&list, &table->entries[i].subcommands[sub]);
        }
    }
    reply_array_at(call->reply, mark, list.count);
}

static void cmd_acl_dryrun(struct call *call)
{
    const struct acl_user *user = acl_find(call->instance->acl, call->argv[2]);
    const struct bytes *argv = call->argv + 3;
    int argc = call->argc - 3, index;
    if (user == NULL) {
        reply_errorf(call->reply, "ERR User '%.*s' not found", (int)call->argv[2].size,
                     call->argv[2].data);
        return;
    }
    struct command_entry *entry = command_table_find(&call->instance->commands, argv[0]);
    if (entry != NULL && entry->subcommand_count > 0 && argc > 1) {
        entry = command_table_subcommand(entry, argv[1]);
    }
    if (entry == NULL) {
        reply_errorf(call->reply, "ERR Command '%.*s' not found", (int)argv[0].size, argv[0].data);
        return;
    }
    char name[64];
    int arity = entry->command->arity;
    command_full_name(entry, name);
    if (arity > 0 ? argc != arity : argc < -arity) {
        reply_errorf(call->reply, "ERR wrong number of arguments for '%s' command", name);
        return;
    }
    switch (acl_check(user, entry, argv, argc, &index)) {
    case ACL_ALLOWED:
        reply_ok(call->reply);
        break;
    case ACL_NO_COMMAND:
        reply_bulkf(call->reply, "This user has no permissions to run the '%s' command", name);
        break;
    case ACL_NO_KEY:
        reply_bulkf(call->reply, "This user has no permissions to access the '%.*s' key",
                    (int)argv[index].size, argv[index].data);
        break;
    case ACL_NO_CHANNEL:
        reply_bulkf(call->reply, "This user has no permissions to access the '%.*s' channel",
                    (int)argv[index].size, argv[index].data);
        break;
    }
}

static void cmd_acl_genpass(struct call *call)
{
    int64_t bits = 256;
    char random[512];
    struct buf hex;
    if (call->argc > 3) {
        reply_subcommand_syntax_error(call);
        return;
    }
    if (call->argc == 3 && !argument_integer_or_reply(call, 2, &bits)) {
        return;
    }
    if (bits <= 0 || bits > 4096) {
        reply_error(call->reply, "ERR ACL GENPASS argument must be the number of bits for the "
                                 "output password, a positive number up to 4096");
        return;
    }
    random_fill(call->instance->random, random, sizeof(random));
    buf_init(&hex, 2048);
    buf_append_hex(&hex, (struct bytes){random, sizeof(random)});
    reply_bulk(call->reply, bytes_slice(buf_bytes(&hex), 0, (size_t)(bits + 3) / 4));
    buf_finish(&hex);
}

static void reply_log_entry(struct call *call, const struct acl_log_entry *entry)
{
    static const char *const reasons[] = {"auth", "command", "key", "channel"};
    reply_map(call->reply, 7);
    reply_bulk_string(call->reply, "count");
    reply_integer(call->reply, entry->count);
    reply_bulk_string(call->reply, "reason");
    reply_bulk_string(call->reply, reasons[entry->verdict]);
    reply_bulk_string(call->reply, "context");
    reply_bulk_string(call->reply, entry->context);
    reply_bulk_string(call->reply, "object");
    reply_bulk_string(call->reply, entry->object);
    reply_bulk_string(call->reply, "username");
    reply_bulk_string(call->reply, entry->username);
    reply_bulk_string(call->reply, "age-seconds");
    reply_double(call->reply, (double)(call->now_ms - entry->at_ms) / 1000);
    reply_bulk_string(call->reply, "client-info");
    reply_bulk_string(call->reply, entry->client);
}

static void cmd_acl_log(struct call *call)
{
    int64_t count = 10;
    struct acl *acl = call->instance->acl;
    if (call->argc > 3) {
        reply_subcommand_syntax_error(call);
        return;
    }
    if (call->argc == 3 && bytes_equal_string_nocase(call->argv[2], "RESET")) {
        acl_log_clear(acl);
        reply_ok(call->reply);
        return;
    }
    if (call->argc == 3 && !argument_integer_or_reply(call, 2, &count)) {
        return;
    }
    size_t shown = count < 0                            ? 0
                   : (size_t)count < acl_log_count(acl) ? (size_t)count
                                                        : acl_log_count(acl);
    reply_array(call->reply, shown);
    for (size_t i = 0; i < shown; i++) {
        reply_log_entry(call, acl_log_at(acl, i));
    }
}

static void cmd_acl_help(struct call *call)
{
    static const char *const help_lines[] = {
        "CAT [<category>]",
        "    List all commands that belong to <category>, or all command categories",
        "    when no category is specified.",
        "DELUSER <username> [<username> ...]",
        "    Delete a list of users.",
        "DRYRUN <username> <command> [<arg> ...]",
        "    Returns whether the user can execute the given command without executing the command.",
        "GETUSER <username>",
        "    Get the user's details.",
        "GENPASS [<bits>]",
        "    Generate a secure 256-bit user password. The optional `bits` argument can",
        "    be used to specify a different size.",
        "LIST",
        "    Show users details in config file format.",
        "LOAD",
        "    Reload users from the ACL file.",
        "LOG [<count> | RESET]",
        "    Show the ACL log entries.",
        "SAVE",
        "    Save the current config to the ACL file.",
        "SETUSER <username> <attribute> [<attribute> ...]",
        "    Create or modify a user with the specified attributes.",
        "USERS",
        "    List all the registered usernames.",
        "WHOAMI",
        "    Return the current connection username.",
        NULL,
    };
    reply_help(call, help_lines);
}

static const struct command acl_subcommands[] = {
    {
        .name = "CAT",
        .handler = cmd_acl_cat,
        .arity = -2,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "6.0.0",
        .complexity = "O(1) since the categories and commands are a fixed set.",
        .summary = "List the ACL categories or the commands inside a category",
        .arguments = "[categoryname]",
    },
    {
        .name = "DELUSER",
        .managed = AZURE_BLOCKED,
        .handler = cmd_acl_deluser,
        .arity = -3,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "6.0.0",
        .complexity = "O(1) amortized time considering the typical user.",
        .summary = "Remove the specified ACL users and the associated rules",
        .arguments = "username...",
    },
    {
        .name = "DRYRUN",
        .handler = cmd_acl_dryrun,
        .arity = -4,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "7.0.0",
        .complexity = "O(1).",
        .summary = "Returns whether the user can execute the given command without "
                   "executing the command.",
        .arguments = "username command [arg...]",
    },
    {
        .name = "GENPASS",
        .managed = AZURE_BLOCKED,
        .handler = cmd_acl_genpass,
        .arity = -2,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "6.0.0",
        .complexity = "O(1)",
        .summary = "Generate a pseudorandom secure password to use for ACL users",
        .arguments = "[bits=integer]",
    },
    {
        .name = "GETUSER",
        .handler = cmd_acl_getuser,
        .arity = 3,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "6.0.0",
        .complexity = "O(N). Where N is the number of password, command and pattern rules that "
                      "the user has.",
        .summary = "Get the rules for a specific ACL user",
        .arguments = "username",
        .history =
            (const struct command_history[]){
                {"6.2.0", "Added Pub/Sub channel patterns."},
                {"7.0.0", "Added selectors and changed the format of key and channel patterns from "
                          "a list to their rule representation."},
                {0}},
    },
    {
        .name = "HELP",
        .handler = cmd_acl_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .since = "6.0.0",
        .complexity = "O(1)",
        .summary = "Show helpful text about the different subcommands",
    },
    {
        .name = "LIST",
        .handler = cmd_acl_list,
        .arity = 2,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "6.0.0",
        .complexity = "O(N). Where N is the number of configured users.",
        .summary = "List the current ACL rules in ACL config file format",
    },
    {
        .name = "LOAD",
        .managed = AZURE_BLOCKED,
        .handler = cmd_acl_load,
        .arity = 2,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "6.0.0",
        .complexity = "O(N). Where N is the number of configured users.",
        .summary = "Reload the ACLs from the configured ACL file",
    },
    {
        .name = "LOG",
        .managed = AZURE_BLOCKED,
        .handler = cmd_acl_log,
        .arity = -2,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "6.0.0",
        .complexity = "O(N) with N being the number of entries shown.",
        .summary = "List latest events denied because of ACLs in place",
        .arguments = "[operation(count=integer|reset=token@RESET)]",
    },
    {
        .name = "SAVE",
        .managed = AZURE_BLOCKED,
        .handler = cmd_acl_save,
        .arity = 2,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "6.0.0",
        .complexity = "O(N). Where N is the number of configured users.",
        .summary = "Save the current ACL rules in the configured ACL file",
    },
    {
        .name = "SETUSER",
        .managed = AZURE_BLOCKED,
        .handler = cmd_acl_setuser,
        .arity = -3,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "6.0.0",
        .complexity = "O(N). Where N is the number of rules provided.",
        .summary = "Modify or create the rules for a specific ACL user",
        .arguments = "username [rule...]",
        .history = (const struct command_history[]){{"6.2.0", "Added Pub/Sub channel patterns."},
                                                    {"7.0.0",
                                                     "Added selectors and key based permissions."},
                                                    {0}},
    },
    {
        .name = "USERS",
        .handler = cmd_acl_users,
        .arity = 2,
        .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "6.0.0",
        .complexity = "O(N). Where N is the number of configured users.",
        .summary = "List the username of all the configured ACL rules",
    },
    {
        .name = "WHOAMI",
        .handler = cmd_acl_whoami,
        .arity = 2,
        .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
        .since = "6.0.0",
        .complexity = "O(1)",
        .summary = "Return the name of the user associated to the current connection",
    },
    {0},
};

static const struct command commands[] = {
    {
        .name = "ACL",
        .azure = AZURE_BLOCKED,
        .arity = -2,
        .since = "6.0.0",
        .complexity = "Depends on subcommand.",
        .summary = "A container for Access List Control commands ",
        .subcommands = acl_subcommands,
    },
};

const struct command_family acl_family = {"server", commands, ARRAY_LEN(commands)};

/* MIGRATE: keys move to another server, which RESTOREs them. */
#include "resp/arguments.h"
#include "resp/instance_state.h"
#include "resp/migration.h"

enum { DEFAULT_TIMEOUT_MS = 1000, FIRST_OPTION = 6 };

/* A password, for the slow log not to show it. The words belong to whoever made the call. */
static struct bytes take_secret(struct call *call, int index)
{
    struct bytes secret = call->argv[index];
    ((struct bytes *)(uintptr_t)call->argv)[index] = BYTES("(redacted)");
    return secret;
}

static bool read_sign_in(struct call *call, int *at, struct migration_order *order)
{
    bool named = bytes_equal_string_nocase(call->argv[*at], "AUTH2");
    if (call->argc - 1 - *at < (named ? 2 : 1)) {
        return false;
    }
    order->signs_in = true;
    order->user = named ? take_secret(call, ++*at) : BYTES("");
    order->password = take_secret(call, ++*at);
    return true;
}

static bool read_options_or_reply(struct call *call, struct migration_order *order, int *first_key)
{
    for (int i = FIRST_OPTION; i < call->argc; i++) {
        struct bytes word = call->argv[i];
        if (bytes_equal_string_nocase(word, "COPY")) {
            order->keep = true;
        } else if (bytes_equal_string_nocase(word, "REPLACE")) {
            order->replace = true;
        } else if (bytes_equal_string_nocase(word, "KEYS")) {
            if (call->argv[3].size > 0) {
                reply_error(call->reply, "ERR When using MIGRATE KEYS option, the key argument "
                                         "must be set to the empty string");
                return false;
            }
            *first_key = i + 1;
            order->key_count = call->argc - i - 1;
            return true;
        } else if (!(bytes_equal_string_nocase(word, "AUTH") ||
                     bytes_equal_string_nocase(word, "AUTH2")) ||
                   !read_sign_in(call, &i, order)) {
            reply_syntax_error(call);
            return false;
        }
    }
    return true;
}

static void cmd_migrate(struct call *call)
{
    struct migration_order order = {.host = call->argv[1], .key_count = 1};
    int first_key = 3;
    int64_t port = 0;
    if (call->resumed) {
        migration_finish(call);
        return;
    }
    if (!read_options_or_reply(call, &order, &first_key) ||
        !argument_integer_or_reply(call, 5, &order.timeout_ms) ||
        !argument_integer_or_reply(call, 4, &order.database)) {
        return;
    }
    bytes_to_int64(call->argv[2], &port);
    order.first_key = first_key;
    order.port = port > 0 && port < 65536 ? (int)port : 0;
    order.timeout_ms = order.timeout_ms <= 0 ? DEFAULT_TIMEOUT_MS : order.timeout_ms;
    migration_begin_or_reply(call, &order);
}

/* The first behind KEYS, which are the keys then; 0: there are none. */
static int find_listed(const struct bytes *argv, int argc)
{
    for (int i = FIRST_OPTION; i < argc; i++) {
        if (bytes_equal_string_nocase(argv[i], "KEYS")) {
            return i + 1;
        }
        i += bytes_equal_string_nocase(argv[i], "AUTH")    ? 1
             : bytes_equal_string_nocase(argv[i], "AUTH2") ? 2
                                                           : 0;
    }
    return 0;
}

static const struct command commands[] = {
    {
        .name = "MIGRATE",
        .azure = AZURE_BLOCKED,
        .managed = AZURE_BLOCKED,
        .handler = cmd_migrate,
        .find_key = find_listed,
        .arity = -6,
        .flags = CMD_WRITE | CMD_MAY_RUN_LONG,
        .categories = CATEGORY_DANGEROUS | CATEGORY_KEYSPACE,
        .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 3, 0, 1),
                 {.begin = KEY_BEGIN_KEYWORD,
                  .keyword = "KEYS",
                  .start_from = -2,
                  .find = KEY_FIND_RANGE,
                  .last = -1,
                  .step = 1,
                  .flags = KEY_RW | KEY_ACCESS | KEY_DELETE | KEY_INCOMPLETE}},
        .since = "2.6.0",
        .complexity = "This command actually executes a DUMP+DEL in the source instance, and a "
                      "RESTORE in the target instance. See the pages of these commands for "
                      "time complexity. Also an O(N) data transfer between the two instances "
                      "is performed.",
        .summary = "Atomically transfer a key from a Redis instance to another one.",
        .arguments = "host port=integer key_or_empty_string(key#0|empty_string=token@) "
                     "destination-db=integer timeout=integer [copy=token@COPY^3.0.0] "
                     "[replace=token@REPLACE^3.0.0] "
                     "[authentication([password@AUTH^4.0.7]|[username_password{username "
                     "password}@AUTH2^6.0.0])] [key#1@KEYS^3.0.6...]",
        .tips = (const char *const[]){"nondeterministic_output", NULL},
        .history =
            (const struct command_history[]){{"3.0.0", "Added the `COPY` and `REPLACE` options."},
                                             {"3.0.6", "Added the `KEYS` option."},
                                             {"4.0.7", "Added the `AUTH` option."},
                                             {"6.0.0", "Added the `AUTH2` option."},
                                             {0}},
    },
};

const struct command_family migrate_family = {"generic", commands, ARRAY_LEN(commands)};

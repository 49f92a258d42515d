/* The notation of a row's arguments turned into COMMAND DOCS's maps. Trusts the rows. */
#include "resp/command_arguments.h"

#include <string.h>

#include "resp/command_table.h"

struct argument {
    struct bytes name, type, key_spec, token, since, deprecated;
    const char *inner; /* behind the opening bracket of a oneof or block */
    bool has_token, optional, multiple, multiple_token;
};

static const char *reply_list(struct reply *reply, const char *at, char end, unsigned version);

static const char *skip_inner(const char *at)
{
    int depth = 1;
    for (; depth > 0; at++) {
        depth += *at == '(' || *at == '{' ? 1 : *at == ')' || *at == '}' ? -1 : 0;
    }
    return at;
}

static struct bytes read_word(const char **at, const char *ends)
{
    size_t size = strcspn(*at, ends);
    struct bytes word = {*at, size};
    *at += size;
    return word;
}

/* A token may itself be one of the marks ("*" of XADD, "=", "~", none at all). */
static struct bytes read_token(const char **at)
{
    const char *start = *at;
    if (*start == '*' || *start == '=' || *start == '~' || *start == '$') {
        ++*at;
        return (struct bytes){start, 1};
    }
    return read_word(at, " ^!*.])}|");
}

static const char *read_argument(const char *at, struct argument *argument)
{
    *argument = (struct argument){.optional = *at == '['};
    at += argument->optional ? 1 : 0;
    argument->name = read_word(&at, " =#@^!*.[](){}|");
    if (*at == '(' || *at == '{') {
        argument->type = *at == '(' ? BYTES("oneof") : BYTES("block");
        argument->inner = at + 1;
        at = skip_inner(at + 1);
    }
    for (;;) {
        if (*at == '=') {
            at++;
            argument->type = read_word(&at, " #@^!*.[](){}|");
        } else if (*at == '#') {
            at++;
            argument->key_spec = read_word(&at, " @^!*.[](){}|");
        } else if (*at == '@') {
            at++;
            argument->has_token = true;
            argument->token = read_token(&at);
        } else if (*at == '^') {
            at++;
            argument->since = read_word(&at, " !*[](){}|");
            /* "..." behind a version reads as part of it. */
            while (bytes_end_with(argument->since, BYTES("."))) {
                argument->since.size--;
                argument->multiple = true;
            }
        } else if (*at == '!') {
            at++;
            argument->deprecated = read_word(&at, " *[](){}|");
        } else if (*at == '*') {
            at++;
            argument->multiple_token = true;
        } else if (*at == '.') {
            at += strspn(at, ".");
            argument->multiple = true;
        } else {
            break;
        }
    }
    if (argument->type.size == 0) {
        argument->type = argument->key_spec.size > 0 ? BYTES("key") : BYTES("string");
    } else if (bytes_equal_string(argument->type, "token")) {
        argument->type = BYTES("pure-token");
    }
    return argument->optional ? at + 1 : at;
}

static size_t reply_field(struct reply *reply, const char *name, struct bytes value, bool present)
{
    if (present) {
        reply_bulk_string(reply, name);
        reply_bulk(reply, value);
    }
    return present ? 1 : 0;
}

static size_t reply_flags(struct reply *reply, const struct argument *argument)
{
    const struct {
        bool set;
        const char *name;
    } flags[] = {
        {argument->optional, "optional"},
        {argument->multiple, "multiple"},
        {argument->multiple_token, "multiple_token"},
    };
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        count += flags[i].set ? 1 : 0;
    }
    if (count == 0) {
        return 0;
    }
    reply_bulk_string(reply, "flags");
    reply_set(reply, count);
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        if (flags[i].set) {
            reply_status(reply, flags[i].name);
        }
    }
    return 1;
}

static void reply_argument(struct reply *reply, const struct argument *argument, unsigned version)
{
    size_t mark = reply_defer(reply), pairs = 0;
    int64_t key_spec;
    pairs += reply_field(reply, "name", argument->name, true);
    pairs += reply_field(reply, "type", argument->type, true);
    if (bytes_to_int64(argument->key_spec, &key_spec)) {
        reply_bulk_string(reply, "key_spec_index");
        reply_integer(reply, key_spec);
        pairs++;
    }
    pairs += reply_field(reply, "token", argument->token, argument->has_token);
    pairs += reply_field(reply, "since", argument->since, argument->since.size > 0);
    pairs +=
        reply_field(reply, "deprecated_since", argument->deprecated, argument->deprecated.size > 0);
    pairs += reply_flags(reply, argument);
    if (argument->inner != NULL) {
        reply_bulk_string(reply, "arguments");
        reply_list(reply, argument->inner, bytes_equal_string(argument->type, "oneof") ? ')' : '}',
                   version);
        pairs++;
    }
    reply_map_at(reply, mark, pairs);
}

static const char *reply_list(struct reply *reply, const char *at, char end, unsigned version)
{
    size_t mark = reply_defer(reply), count = 0;
    while (*at != end) {
        struct argument argument;
        at = read_argument(at, &argument);
        if (version_number(argument.since) <= version) {
            reply_argument(reply, &argument, version);
            count++;
        }
        at += strspn(at, " |");
    }
    reply_array_at(reply, mark, count);
    return at;
}

void reply_command_arguments(struct reply *reply, const char *notation, unsigned version)
{
    reply_list(reply, notation, '\0', version);
}

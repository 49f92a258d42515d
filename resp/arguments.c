/* Reading numbers and options out of a command's arguments. */
#include "resp/arguments.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "resp/errors.h"
#include "resp/reply.h"
#include "resp/instance_state.h"

void reply_syntax_error(struct call *call)
{
    reply_error(call->reply, ERROR_SYNTAX);
}

void reply_wrong_type(struct call *call)
{
    reply_error(call->reply, ERROR_WRONG_TYPE);
}

void reply_wrong_arity(struct call *call)
{
    char name[64];
    const struct command_entry *entry = call->session->last;
    command_full_name(entry, name);
    reply_errorf(call->reply, "ERR wrong number of arguments for '%s' command", name);
}

bool call_supports(const struct call *call, const char *since)
{
    return since == NULL || instance_runs(call->instance, since);
}

bool argument_integer_or_reply(struct call *call, int index, int64_t *number)
{
    if (bytes_to_int64(call->argv[index], number)) {
        return true;
    }
    reply_error(call->reply, ERROR_NOT_INTEGER);
    return false;
}

bool argument_integer_in_range_or_reply(struct call *call, int index, int64_t minimum,
                                        int64_t maximum, int64_t *number, const char *message)
{
    if (!bytes_to_int64(call->argv[index], number)) {
        reply_error(call->reply, message != NULL ? message : ERROR_NOT_INTEGER);
        return false;
    }
    if (*number >= minimum && *number <= maximum) {
        return true;
    }
    if (message != NULL) {
        reply_error(call->reply, message);
    } else {
        reply_errorf(call->reply, "ERR value is out of range, value must between %lld and %lld",
                     (long long)minimum, (long long)maximum);
    }
    return false;
}

/* A terminated copy for strtod and strtold, which take leading spaces where Redis does not. */
static bool copy_number(struct bytes text, char copy[LONG_DOUBLE_TEXT])
{
    if (text.size == 0 || text.size >= LONG_DOUBLE_TEXT || text.data[0] == ' ' ||
        (text.data[0] >= '\t' && text.data[0] <= '\r')) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return true;
}

bool bytes_to_long_double(struct bytes text, long double *number)
{
    char copy[LONG_DOUBLE_TEXT], *end;
    if (!copy_number(text, copy)) {
        return false;
    }
    errno = 0;
    *number = strtold(copy, &end);
    return end == copy + text.size && !isnan(*number) &&
           !(errno == ERANGE && (*number == HUGE_VALL || *number == -HUGE_VALL || *number == 0));
}

bool bytes_to_double(struct bytes text, double *number)
{
    char copy[LONG_DOUBLE_TEXT], *end;
    if (!copy_number(text, copy)) {
        return false;
    }
    errno = 0;
    *number = strtod(copy, &end);
    return end == copy + text.size && !isnan(*number) &&
           !(errno == ERANGE && (*number == HUGE_VAL || *number == -HUGE_VAL || *number == 0));
}

bool argument_double_or_reply(struct call *call, int index, double *number)
{
    if (bytes_to_double(call->argv[index], number)) {
        return true;
    }
    reply_error(call->reply, ERROR_NOT_FLOAT);
    return false;
}

bool argument_long_double_or_reply(struct call *call, int index, long double *number)
{
    if (bytes_to_long_double(call->argv[index], number)) {
        return true;
    }
    reply_error(call->reply, ERROR_NOT_FLOAT);
    return false;
}

static const struct option *find_option(const struct call *call, const struct option *options,
                                        struct bytes token, size_t *place)
{
    for (*place = 0; options[*place].token != NULL; (*place)++) {
        const struct option *option = &options[*place];
        if (bytes_equal_string_nocase(token, option->token) && call_supports(call, option->since)) {
            return option;
        }
    }
    return NULL;
}

static bool excluded(const struct option *options, const struct option_found *found, size_t place)
{
    for (size_t i = 0; options[i].token != NULL; i++) {
        if (i != place && found[i].present && options[i].group > 0 &&
            options[i].group == options[place].group) {
            return true;
        }
    }
    return false;
}

static bool read_value_or_reply(struct call *call, const struct option *option, int index,
                                struct option_found *found)
{
    found->bytes = call->argv[index];
    switch (option->value) {
    case OPTION_INTEGER:
        return argument_integer_or_reply(call, index, &found->integer);
    case OPTION_DOUBLE:
        return argument_double_or_reply(call, index, &found->number);
    default:
        return true;
    }
}

bool arguments_options_or_reply(struct call *call, int from, const struct option *options,
                                struct option_found *found)
{
    size_t count = 0;
    while (options[count].token != NULL) {
        found[count++] = (struct option_found){0};
    }
    for (int index = from; index < call->argc; index++) {
        size_t place;
        const struct option *option = find_option(call, options, call->argv[index], &place);
        int values = option == NULL ? 0 : (option->value == OPTION_FLAG ? 0 : 1) + option->extra;
        if (option == NULL || values > call->argc - 1 - index || excluded(options, found, place)) {
            reply_syntax_error(call);
            return false;
        }
        found[place].present = true;
        found[place].index = index;
        for (int value = values; value > 0; value--) {
            if (!read_value_or_reply(call, option, index + value, &found[place])) {
                return false;
            }
        }
        index += values;
    }
    return true;
}

void reply_subcommand_syntax_error(struct call *call)
{
    struct bytes verb = call->argv[1];
    char name[64];
    size_t end = 0;
    command_full_name(call->session->last, name);
    for (; name[end] != '\0' && name[end] != '|'; end++) {
        name[end] = (char)(name[end] >= 'a' && name[end] <= 'z' ? name[end] - 32 : name[end]);
    }
    reply_errorf(
        call->reply,
        call_supports(call, "7.0.0")
            ? "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try %.*s HELP."
            : "ERR Unknown subcommand or wrong number of arguments for '%.*s'. Try %.*s HELP.",
        (int)(verb.size > 128 ? 128 : verb.size), verb.data, (int)end, name);
}

/* The list behind SLOWLOG. */
#include "resp/slow_log.h"

#include <stdio.h>

#include "resp/instance_state.h"

enum { MOST_WORDS = 32, LONGEST_WORD = 128 };

static struct slow_command *destroy(struct slow_command *command)
{
    struct slow_command *next = command->next;
    memory_free(command->argv);
    memory_free(command->address);
    memory_free(command->name);
    memory_free(command);
    return next;
}

void slow_log_clear(struct slow_log *log)
{
    while (log->first != NULL) {
        log->first = destroy(log->first);
    }
    log->count = 0;
}

void slow_log_finish(struct slow_log *log)
{
    slow_log_clear(log);
}

static void shorten(struct slow_log *log)
{
    struct slow_command **place = &log->first;
    for (size_t i = 0; i < log->maximum && *place != NULL; i++) {
        place = &(*place)->next;
    }
    while (*place != NULL) {
        *place = destroy(*place);
        log->count--;
    }
}

void slow_log_record(struct slow_log *log, const struct call *call, int64_t duration_us)
{
    if (log->threshold_us < 0 || duration_us < log->threshold_us || log->maximum == 0) {
        return;
    }
    struct bytes words[MOST_WORDS];
    struct buf texts;
    size_t sizes[MOST_WORDS];
    int count = call->argc > MOST_WORDS ? MOST_WORDS : call->argc;
    buf_init(&texts, SIZE_MAX);
    for (int i = 0; i < count; i++) {
        size_t start = texts.size;
        struct bytes word = call->argv[i];
        if (i == MOST_WORDS - 1 && call->argc > MOST_WORDS) {
            buf_printf(&texts, "... (%d more arguments)", call->argc - MOST_WORDS + 1);
        } else {
            buf_append(&texts, bytes_slice(word, 0, LONGEST_WORD));
            if (word.size > LONGEST_WORD) {
                buf_printf(&texts, "... (%zu more bytes)", word.size - LONGEST_WORD);
            }
        }
        sizes[i] = texts.size - start;
    }
    size_t at = 0;
    for (int i = 0; i < count; i++) {
        words[i] = (struct bytes){texts.data + at, sizes[i]};
        at += sizes[i];
    }
    struct slow_command *command = memory_allocate_zeroed(sizeof(*command));
    command->id = log->next_id++;
    command->time_s = call->now_ms / 1000;
    command->duration_us = duration_us;
    command->argc = count;
    command->argv = words_copy(words, count);
    command->address = string_duplicate(call->session->address);
    command->name = string_duplicate(call->session->name);
    command->next = log->first;
    log->first = command;
    log->count++;
    buf_finish(&texts);
    shorten(log);
}

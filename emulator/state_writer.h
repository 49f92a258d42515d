/*
 * Writes one file at a time in the background: ready bytes on libuv's thread pool, an instance's
 * data by a forked child that sees memory as it was at the fork (decision 7).
 */
#ifndef EMULATOR_STATE_WRITER_H
#define EMULATOR_STATE_WRITER_H

#include <uv.h>

#include "base/bytes.h"
#include "emulator/loop.h"
#include "resp/instance.h"

struct state_writer {
    struct loop *loop;
    void (*done)(struct state_writer *writer, int failure); /* errno value, 0 for success */
    /* Private. */
    bool busy, discard;
    char *path;
    struct buf content;
    int failure;
    uv_work_t work;
    uv_signal_t child_signal;
    pid_t child;
};

/* `done` runs on the loop after each write that was begun. */
void state_writer_init(struct state_writer *writer, struct loop *loop,
                       void (*done)(struct state_writer *writer, int failure));
bool state_writer_busy(const struct state_writer *writer);
/* Takes what `content` owns. Not while busy. */
void state_writer_write(struct state_writer *writer, const char *path, struct buf *content);
/* errno value when no child could be made; then nothing was begun. Not while busy. */
int state_writer_fork(struct state_writer *writer, const char *path, struct instance *instance);
/* The file being written, if it is `path`, is to be gone when its writing ends. */
void state_writer_discard(struct state_writer *writer, const char *path);
/* Waits for the write that is under way, if one is. Its child_signal may be closed already. */
void state_writer_wait(struct state_writer *writer);

/* An instance's data into a buffer, or straight to a file on this thread: 0 or an errno value. */
bool instance_dump(struct instance *instance, struct buf *dump);
int instance_dump_file(struct instance *instance, const char *path);

#endif

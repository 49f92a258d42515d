/* Background writing of state files; see the header. */
#include "emulator/state_writer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "emulator/files.h"
#include "resp/rdb.h"

#define PIECE_SIZE (256 * 1024)

static bool write_to_buffer(void *context, struct bytes piece)
{
    return buf_append(context, piece);
}

bool instance_dump(struct instance *instance, struct buf *dump)
{
    const struct rdb_sink sink = {write_to_buffer, dump};
    return rdb_save(instance, &sink);
}

/* Collects small pieces, so that a save is not a system call per key. */
struct file_sink {
    int descriptor, failure;
    size_t used;
    char piece[PIECE_SIZE];
};

static bool file_sink_flush(struct file_sink *sink)
{
    sink->failure = file_write_all(sink->descriptor, (struct bytes){sink->piece, sink->used});
    sink->used = 0;
    return sink->failure == 0;
}

static bool write_to_file(void *context, struct bytes piece)
{
    struct file_sink *sink = context;

    if (sink->used + piece.size > PIECE_SIZE && !file_sink_flush(sink)) {
        return false;
    }
    if (piece.size > PIECE_SIZE) {
        sink->failure = file_write_all(sink->descriptor, piece);
        return sink->failure == 0;
    }
    if (piece.size > 0) {
        memcpy(sink->piece + sink->used, piece.data, piece.size);
        sink->used += piece.size;
    }
    return true;
}

int instance_dump_file(struct instance *instance, const char *path)
{
    struct file_replacement replacement;
    int failure = file_replace_begin(&replacement, path, 0600);
    if (failure != 0) {
        return failure;
    }
    struct file_sink *file = memory_allocate(sizeof(*file));
    file->descriptor = replacement.descriptor;
    file->failure = 0;
    file->used = 0;
    const struct rdb_sink sink = {write_to_file, file};
    if ((!rdb_save(instance, &sink) || !file_sink_flush(file)) && file->failure == 0) {
        file->failure = EIO;
    }
    failure = file->failure;
    memory_free(file);
    if (failure != 0) {
        file_replace_abandon(&replacement);
        return failure;
    }
    return file_replace_end(&replacement);
}

static void finish_write(struct state_writer *writer)
{
    if (writer->discard) {
        unlink(writer->path);
    }
    memory_free(writer->path);
    writer->path = NULL;
    writer->busy = false;
    writer->done(writer, writer->failure);
}

/* ---- On the thread pool ---- */

static void work_run(uv_work_t *work)
{
    struct state_writer *writer = CONTAINER_OF(work, struct state_writer, work);
    writer->failure = file_replace(writer->path, buf_bytes(&writer->content), 0600);
}

static void work_done(uv_work_t *work, int status)
{
    struct state_writer *writer = CONTAINER_OF(work, struct state_writer, work);
    if (status != 0) {
        writer->failure = ECANCELED;
    }
    buf_finish(&writer->content);
    finish_write(writer);
}

void state_writer_write(struct state_writer *writer, const char *path, struct buf *content)
{
    assert(!writer->busy);
    writer->busy = true;
    writer->discard = false;
    writer->path = string_duplicate(path);
    writer->content = *content;
    *content = (struct buf){0};
    uv_queue_work(&writer->loop->uv, &writer->work, work_run, work_done);
}

/* ---- In a child ---- */

/*
 * The child must not keep the parent's ports open, nor its lock, should the parent be killed
 * while it writes.
 */
static void close_inherited(void)
{
    long most = sysconf(_SC_OPEN_MAX);
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3, ~0U, 0) == 0) {
        return;
    }
#endif
    for (int descriptor = 3; descriptor < (most > 0 && most < 65536 ? most : 65536); descriptor++) {
        close(descriptor);
    }
}

static _Noreturn void child_run(struct instance *instance, const char *path, pid_t parent)
{
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    signal(SIGINT, SIG_IGN); /* Ctrl-C is for the parent, which waits for us */
    signal(SIGTERM, SIG_DFL);
    close_inherited();
    if (getppid() != parent) {
        _exit(ECANCELED & 0x7f);
    }
    _exit(instance_dump_file(instance, path) & 0x7f);
}

static void child_ended(struct state_writer *writer, int status)
{
    writer->failure = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
    if (writer->failure != 0) {
        /* A killed child has left its temporary file. */
        char *temporary = file_temporary_name(writer->path, writer->child);
        unlink(temporary);
        memory_free(temporary);
    }
    writer->child = 0;
    finish_write(writer);
}

static void child_signalled(uv_signal_t *handle, int number)
{
    struct state_writer *writer = CONTAINER_OF(handle, struct state_writer, child_signal);
    int status;

    (void)number;
    if (writer->child != 0 && waitpid(writer->child, &status, WNOHANG) == writer->child) {
        uv_signal_stop(handle);
        child_ended(writer, status);
    }
}

int state_writer_fork(struct state_writer *writer, const char *path, struct instance *instance)
{
    assert(!writer->busy);
    pid_t parent = getpid();
    uv_signal_start(&writer->child_signal, child_signalled, SIGCHLD);
    pid_t child = fork();
    if (child < 0) {
        int failure = errno;
        uv_signal_stop(&writer->child_signal);
        return failure;
    }
    if (child == 0) {
        child_run(instance, path, parent);
    }
    writer->busy = true;
    writer->discard = false;
    writer->child = child;
    writer->path = string_duplicate(path);
    return 0;
}

/* ---- Life ---- */

void state_writer_init(struct state_writer *writer, struct loop *loop,
                       void (*done)(struct state_writer *writer, int failure))
{
    *writer = (struct state_writer){.loop = loop, .done = done};
    uv_signal_init(&loop->uv, &writer->child_signal);
    uv_unref((uv_handle_t *)&writer->child_signal);
}

bool state_writer_busy(const struct state_writer *writer)
{
    return writer->busy;
}

void state_writer_discard(struct state_writer *writer, const char *path)
{
    if (!writer->busy || strcmp(writer->path, path) != 0) {
        return;
    }
    writer->discard = true;
    if (writer->child != 0) {
        kill(writer->child, SIGKILL);
    }
}

void state_writer_wait(struct state_writer *writer)
{
    int status;

    if (writer->child != 0 && waitpid(writer->child, &status, 0) == writer->child) {
        child_ended(writer, status);
    }
    while (writer->busy) {
        uv_run(&writer->loop->uv, UV_RUN_ONCE);
    }
}

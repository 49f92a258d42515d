/*
 * Whole files: read, and replace so that a file under its name is always complete, also after a
 * crash: a temporary name beside it, a sync, a rename, a sync of the directory.
 *
 * Functions return 0 or an errno value.
 */
#ifndef EMULATOR_FILES_H
#define EMULATOR_FILES_H

#include <sys/types.h>

#include "base/bytes.h"

/* What the temporary names end in, before a number; left over only by a crash. */
#define FILE_TEMPORARY_MARK ".tmp-"
/* What this thread, of that process, writes before it is called `path`. memory_free */
char *file_temporary_name(const char *path, pid_t process);

/* Appends the content; EFBIG when it passes the buffer's limit. */
int file_read(const char *path, struct buf *content);
int file_replace(const char *path, struct bytes content, mode_t mode);
/* The same in pieces: begin gives a descriptor to write to; then exactly one of end and abandon. */
struct file_replacement {
    char *path, *temporary; /* owned */
    int descriptor;
};
int file_replace_begin(struct file_replacement *replacement, const char *path, mode_t mode);
int file_replace_end(struct file_replacement *replacement);
void file_replace_abandon(struct file_replacement *replacement);
int file_write_all(int descriptor, struct bytes content);

/* Makes the directory and its parents, those that are missing, with that mode. */
int directory_make(const char *path, mode_t mode);
/* Calls `visit` with each entry's name, "." and ".." left out. */
int directory_visit(const char *path, void (*visit)(void *context, const char *name),
                    void *context);

#endif

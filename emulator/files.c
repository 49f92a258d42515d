/* Whole files, read and replaced without a moment in which a reader could see half of one. */
#include "emulator/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_PIECE (64 * 1024)

int file_read(const char *path, struct buf *content)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return errno;
    }
    struct stat status;
    int failure = fstat(descriptor, &status) != 0 ? errno : 0;
    if (failure == 0 && S_ISDIR(status.st_mode)) {
        failure = EISDIR;
    }
    /* A known size is read in one piece; the piece after it finds the end. */
    size_t piece = failure == 0 && status.st_size > 0 ? (size_t)status.st_size + 1 : READ_PIECE;
    while (failure == 0) {
        size_t room = content->limit - content->size;
        char *target = room == 0 ? NULL : buf_reserve(content, piece < room ? piece : room);
        if (target == NULL) {
            char probe;
            ssize_t more = read(descriptor, &probe, 1);
            failure = more == 0 ? 0 : EFBIG;
            break;
        }
        ssize_t got = read(descriptor, target, piece < room ? piece : room);
        if (got < 0) {
            failure = errno == EINTR ? 0 : errno;
            continue;
        }
        if (got == 0) {
            break;
        }
        content->size += (size_t)got;
        piece = READ_PIECE;
    }
    close(descriptor);
    return failure;
}

int file_write_all(int descriptor, struct bytes content)
{
    while (content.size > 0) {
        ssize_t written = write(descriptor, content.data, content.size);
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno;
        }
        content = bytes_slice(content, (size_t)written, content.size);
    }
    return 0;
}

static int sync_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash == NULL ? string_duplicate(".")
                      : slash == path
                          ? string_duplicate("/")
                          : bytes_to_string((struct bytes){path, (size_t)(slash - path)});
    int descriptor = open(directory, O_RDONLY | O_CLOEXEC);
    int failure = descriptor < 0 ? errno : 0;
    memory_free(directory);
    if (failure != 0) {
        return failure;
    }
    /* Some file systems cannot sync a directory: that is as good as it gets there. */
    if (fsync(descriptor) != 0 && errno != EINVAL && errno != EROFS) {
        failure = errno;
    }
    close(descriptor);
    return failure;
}

/* One thread may save a file while another still writes an older state of it. */
char *file_temporary_name(const char *path, pid_t process)
{
    return string_format("%s" FILE_TEMPORARY_MARK "%ld.%lx", path, (long)process,
                         (unsigned long)pthread_self());
}

int file_replace_begin(struct file_replacement *replacement, const char *path, mode_t mode)
{
    replacement->path = string_duplicate(path);
    replacement->temporary = file_temporary_name(path, getpid());
    /* Not through a name that someone else has put there. */
    unlink(replacement->temporary);
    replacement->descriptor =
        open(replacement->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (replacement->descriptor >= 0) {
        return 0;
    }
    int failure = errno;
    memory_free(replacement->path);
    memory_free(replacement->temporary);
    return failure;
}

void file_replace_abandon(struct file_replacement *replacement)
{
    close(replacement->descriptor);
    unlink(replacement->temporary);
    memory_free(replacement->path);
    memory_free(replacement->temporary);
}

int file_replace_end(struct file_replacement *replacement)
{
    if (fsync(replacement->descriptor) != 0 ||
        rename(replacement->temporary, replacement->path) != 0) {
        int failure = errno;
        file_replace_abandon(replacement);
        return failure;
    }
    close(replacement->descriptor);
    int failure = sync_directory_of(replacement->path);
    memory_free(replacement->path);
    memory_free(replacement->temporary);
    return failure;
}

int file_replace(const char *path, struct bytes content, mode_t mode)
{
    struct file_replacement replacement;
    int failure = file_replace_begin(&replacement, path, mode);
    if (failure != 0) {
        return failure;
    }
    failure = file_write_all(replacement.descriptor, content);
    if (failure != 0) {
        file_replace_abandon(&replacement);
        return failure;
    }
    return file_replace_end(&replacement);
}

int directory_make(const char *path, mode_t mode)
{
    char *copy = string_duplicate(path);
    int failure = 0;

    for (char *at = copy + 1; failure == 0 && *copy != '\0'; at++) {
        if (*at != '/' && *at != '\0') {
            continue;
        }
        char kept = *at;
        *at = '\0';
        if (mkdir(copy, mode) != 0 && errno != EEXIST) {
            failure = errno;
        }
        *at = kept;
        if (kept == '\0') {
            break;
        }
    }
    struct stat status;
    if (failure == 0 && stat(path, &status) != 0) {
        failure = errno;
    } else if (failure == 0 && !S_ISDIR(status.st_mode)) {
        failure = ENOTDIR;
    }
    memory_free(copy);
    return failure;
}

int directory_visit(const char *path, void (*visit)(void *context, const char *name), void *context)
{
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return errno;
    }
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            visit(context, entry->d_name);
        }
    }
    closedir(directory);
    return 0;
}

/* Whole files: replaced at once or not at all. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/files.h"
#include "tests/support/check.h"

static char directory[] = "/tmp/redurite-files-XXXXXX";

static void count_entry(void *context, const char *name)
{
    (void)name;
    ++*(int *)context;
}

static int entries(void)
{
    int count = 0;
    CHECK_NUMBER(directory_visit(directory, count_entry, &count), 0);
    return count;
}

static void replaces_and_reads_back(void)
{
    char *path = string_format("%s/file", directory);
    struct buf content;
    struct stat status;

    buf_init(&content, 100);
    CHECK_NUMBER(file_replace(path, BYTES("first"), 0600), 0);
    CHECK_NUMBER(file_replace(path, BYTES("second\0half"), 0600), 0);
    CHECK_NUMBER(file_read(path, &content), 0);
    CHECK(bytes_equal(buf_bytes(&content), BYTES("second\0half")));
    CHECK(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600);
    CHECK_NUMBER(entries(), 1);
    buf_finish(&content);

    struct buf small;
    buf_init(&small, 5);
    CHECK_NUMBER(file_read(path, &small), EFBIG);
    buf_finish(&small);
    struct buf exact;
    buf_init(&exact, 11);
    CHECK_NUMBER(file_read(path, &exact), 0);
    CHECK_NUMBER(exact.size, 11);
    buf_finish(&exact);
    unlink(path);
    memory_free(path);
}

static void abandoned_replacement_leaves_the_old(void)
{
    char *path = string_format("%s/file", directory);
    struct file_replacement replacement;
    struct buf content;

    buf_init(&content, 100);
    CHECK_NUMBER(file_replace(path, BYTES("old"), 0600), 0);
    CHECK_NUMBER(file_replace_begin(&replacement, path, 0600), 0);
    CHECK_NUMBER(file_write_all(replacement.descriptor, BYTES("half of the n")), 0);
    CHECK_NUMBER(file_read(path, &content), 0);
    file_replace_abandon(&replacement);
    CHECK(bytes_equal(buf_bytes(&content), BYTES("old")));
    CHECK_NUMBER(entries(), 1);
    buf_finish(&content);
    unlink(path);
    memory_free(path);
}

static void directories_are_made_with_their_parents(void)
{
    char *path = string_format("%s/a/b/c", directory);
    char *parent = string_format("%s/a/b", directory);
    char *top = string_format("%s/a", directory);
    struct stat status;

    CHECK_NUMBER(directory_make(path, 0700), 0);
    CHECK_NUMBER(directory_make(path, 0700), 0);
    CHECK(stat(path, &status) == 0 && S_ISDIR(status.st_mode) && (status.st_mode & 0777) == 0700);
    CHECK(rmdir(path) == 0 && file_replace(path, BYTES(""), 0600) == 0);
    CHECK_NUMBER(directory_make(path, 0700), ENOTDIR);
    struct buf content;
    buf_init(&content, 100);
    CHECK_NUMBER(file_read(parent, &content), EISDIR);
    CHECK_NUMBER(file_read("/nonexistent/x", &content), ENOENT);
    buf_finish(&content);
    unlink(path);
    rmdir(parent);
    rmdir(top);
    memory_free(path);
    memory_free(parent);
    memory_free(top);
}

int main(void)
{
    CHECK(mkdtemp(directory) != NULL);
    replaces_and_reads_back();
    abandoned_replacement_leaves_the_old();
    directories_are_made_with_their_parents();
    rmdir(directory);
    return check_result();
}

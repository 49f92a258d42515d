/* Whole files: replaced at once or not at all. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/files.h"
#include "tests/support/test.h"

static char directory[] = "/tmp/redurite-files-XXXXXX";

static void count_entry(void *context, const char *name)
{
    (void)name;
    ++*(int *)context;
}

static int entries(void)
{
    int count = 0;
    CHECK_INT(directory_visit(directory, count_entry, &count), 0);
    return count;
}

TEST(replaces_and_reads_back)
{
    char *path = string_format("%s/file", directory);
    struct buf content;
    struct stat status;

    buf_init(&content, 100);
    CHECK_INT(file_replace(path, BYTES("first"), 0600), 0);
    CHECK_INT(file_replace(path, BYTES("second\0half"), 0600), 0);
    CHECK_INT(file_read(path, &content), 0);
    CHECK(bytes_equal(buf_bytes(&content), BYTES("second\0half")));
    CHECK(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600);
    CHECK_INT(entries(), 1);
    buf_finish(&content);

    struct buf small;
    buf_init(&small, 5);
    CHECK_INT(file_read(path, &small), EFBIG);
    buf_finish(&small);
    struct buf exact;
    buf_init(&exact, 11);
    CHECK_INT(file_read(path, &exact), 0);
    CHECK_INT(exact.size, 11);
    buf_finish(&exact);
    unlink(path);
    memory_free(path);
}

TEST(abandoned_replacement_leaves_the_old)
{
    char *path = string_format("%s/file", directory);
    struct file_replacement replacement;
    struct buf content;

    buf_init(&content, 100);
    CHECK_INT(file_replace(path, BYTES("old"), 0600), 0);
    CHECK_INT(file_replace_begin(&replacement, path, 0600), 0);
    CHECK_INT(file_write_all(replacement.descriptor, BYTES("half of the n")), 0);
    CHECK_INT(file_read(path, &content), 0);
    file_replace_abandon(&replacement);
    CHECK(bytes_equal(buf_bytes(&content), BYTES("old")));
    CHECK_INT(entries(), 1);
    buf_finish(&content);
    unlink(path);
    memory_free(path);
}

TEST(directories_are_made_with_their_parents)
{
    char *path = string_format("%s/a/b/c", directory);
    char *parent = string_format("%s/a/b", directory);
    char *top = string_format("%s/a", directory);
    struct stat status;

    CHECK_INT(directory_make(path, 0700), 0);
    CHECK_INT(directory_make(path, 0700), 0);
    CHECK(stat(path, &status) == 0 && S_ISDIR(status.st_mode) && (status.st_mode & 0777) == 0700);
    CHECK(rmdir(path) == 0 && file_replace(path, BYTES(""), 0600) == 0);
    CHECK_INT(directory_make(path, 0700), ENOTDIR);
    struct buf content;
    buf_init(&content, 100);
    CHECK_INT(file_read(parent, &content), EISDIR);
    CHECK_INT(file_read("/nonexistent/x", &content), ENOENT);
    buf_finish(&content);
    unlink(path);
    rmdir(parent);
    rmdir(top);
    memory_free(path);
    memory_free(parent);
    memory_free(top);
}

static const struct test_case cases[] = {
    CASE(replaces_and_reads_back),
    CASE(abandoned_replacement_leaves_the_old),
    CASE(directories_are_made_with_their_parents),
};

int main(void)
{
    if (mkdtemp(directory) == NULL) {
        return 1;
    }
    int result = test_run(cases, ARRAY_LEN(cases));
    rmdir(directory);
    return result;
}

#include "tests/unit/emulator/test_directory.h"

#include <stdlib.h>
#include <unistd.h>

#include "emulator/files.h"

void test_directory_make(struct test_directory *directory)
{
    *directory = (struct test_directory){"/tmp/redurite-test-XXXXXX"};
    if (mkdtemp(directory->path) == NULL) {
        abort();
    }
}

static void remove_file(void *context, const char *name)
{
    const struct test_directory *directory = context;
    char *path = string_format("%s/%s", directory->path, name);
    unlink(path);
    memory_free(path);
}

void test_directory_remove(struct test_directory *directory)
{
    directory_visit(directory->path, remove_file, directory);
    rmdir(directory->path);
}

/* Gives a fuzz target the files named, and those in the folders named: its regression test. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>

#include "base/bytes.h"

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    /* Exactly as long as the input, so that a sanitizer sees any read beyond it. */
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = memory_allocate(size);
    int failed = fread(data, 1, size, file) != size;
    fclose(file);
    if (!failed) {
        LLVMFuzzerTestOneInput(data, size);
    }
    memory_free(data);
    return failed;
}

static int replay(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return replay_file(path);
    }
    int failures = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] != '.') {
            char *inside = string_format("%s/%s", path, entry->d_name);
            failures += replay(inside);
            memory_free(inside);
        }
    }
    closedir(folder);
    return failures;
}

int main(int argc, char **argv)
{
    int failures = argc < 2;
    for (int i = 1; i < argc; i++) {
        failures += replay(argv[i]);
    }
    return failures > 0;
}

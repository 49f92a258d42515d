/* A data directory of its own, for tests that need files. */
#ifndef TESTS_UNIT_EMULATOR_TEST_DIRECTORY_H
#define TESTS_UNIT_EMULATOR_TEST_DIRECTORY_H

struct test_directory {
    char path[40];
};

void test_directory_make(struct test_directory *directory);
void test_directory_remove(struct test_directory *directory); /* with the files in it */

#endif

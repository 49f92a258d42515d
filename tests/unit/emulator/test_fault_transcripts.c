/*
 * Each kind of fault that says something has a transcript: a rule of its name in one of the files
 * that fixtures/ holds, and for presets the code or the first words that the real service uses.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/faults/families.h"
#include "tests/support/test.h"

enum { MOST_TEXT = 1 << 22 };

/* All transcripts whose names begin with "faults". */
static void read_transcripts(const char *folder, struct buf *text)
{
    char path[1024], line[16384];
    snprintf(path, sizeof(path), "%s/%s", getenv("FIXTURES"), folder);
    DIR *directory = opendir(path);
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        snprintf(path, sizeof(path), "%s/%s/%s", getenv("FIXTURES"), folder, entry->d_name);
        FILE *file = strncmp(entry->d_name, "faults", 6) == 0 ? fopen(path, "r") : NULL;
        while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
            buf_append_string(text, line);
        }
        if (file != NULL) {
            fclose(file);
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
}

/* Whether a line "@ fault" adds a rule of that kind in one of the planes. */
static bool played(const char *text, const struct fault_kind *kind)
{
    static const char *const planes[] = {
        [FAULT_ARM] = "arm",           [FAULT_REDIS] = "redis",         [FAULT_ENTRA] = "entra",
        [FAULT_KEYVAULT] = "keyvault", [FAULT_MONITOR] = "monitor",     [FAULT_TLS] = "tls",
        [FAULT_TCP] = "tcp",           [FAULT_OPERATION] = "operation", [FAULT_DNS] = "dns",
    };
    for (size_t plane = 0; plane < FAULT_PLANES; plane++) {
        char rule[256];
        snprintf(rule, sizeof(rule), "\n@ fault {\"plane\": \"%s\", \"type\": \"%s\"",
                 planes[plane], kind->name);
        if ((kind->planes & FAULT_BIT(plane)) != 0 && strstr(text, rule) == NULL) {
            printf("# no transcript has a rule %s\n", rule + 1);
            return false;
        }
    }
    return true;
}

static bool quoted(const char *text, const struct fault_kind *kind)
{
    char start[24];
    if (kind->preset.code != NULL) {
        return strstr(text, kind->preset.code) != NULL;
    }
    snprintf(start, sizeof(start), "%s", kind->preset.message == NULL ? "" : kind->preset.message);
    return strstr(text, start) != NULL;
}

TEST(each_kind_has_a_transcript)
{
    static const struct fault_family *const families[] = {
        &fault_redis_family, &fault_arm_family,      &fault_operation_family,
        &fault_entra_family, &fault_keyvault_family, &fault_dns_family,
    };
    struct buf text;
    buf_init(&text, MOST_TEXT);
    read_transcripts("arm", &text);
    read_transcripts("redis", &text);
    CHECK(text.size > 0);
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        for (size_t k = 0; k < families[i]->count; k++) {
            CHECK(played(buf_string(&text), &families[i]->kinds[k]));
            CHECK(quoted(buf_string(&text), &families[i]->kinds[k]));
        }
    }
    buf_finish(&text);
}

static const struct test_case cases[] = {
    CASE(each_kind_has_a_transcript),
};

TEST_MAIN(cases)

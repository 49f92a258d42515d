/* Fault rules: what is taken can be shown, and taken again as the same; and it can be asked. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

#include "emulator/faults/faults.h"

static void ask(struct faults *faults, enum fault_plane plane)
{
    struct fault_subject subject = {.plane = plane, .duration_ms = 1000, .write = true};
    struct fault_verdict verdict;

    for (int key = 0; key < FAULT_KEYS; key++) {
        subject.values[key] = BYTES("aaaaaaaaaaaaaaaaaaaaaaaaaaaa/b");
    }
    for (int moment = 0; moment < FAULT_AT_STEP; moment++) {
        subject.moment = (enum fault_moment)moment;
        faults_decide(faults, &subject, &verdict);
        assert(memchr(verdict.message, '\0', sizeof(verdict.message)) != NULL);
        assert(memchr(verdict.error, '\0', sizeof(verdict.error)) != NULL);
    }
}

static void use(const cJSON *document)
{
    struct clock *clock = clock_create(NULL, NULL);
    struct random random;
    struct buf error;
    cJSON *answer;

    random_init(&random, 1);
    buf_init(&error, 64 * 1024);
    struct faults *faults =
        faults_create(&(struct faults_config){.clock = clock, .random = &random});
    if (faults_add(faults, document, &answer, &error) == FAULTS_DONE) {
        cJSON *saved = faults_save(faults);
        assert(faults_check(saved, &error));
        for (int plane = 0; plane < FAULT_PLANES; plane++) {
            ask(faults, (enum fault_plane)plane);
        }
        clock_advance(clock, 1000);
        faults_load(faults, saved);
        cJSON *again = faults_save(faults);
        /* Names are given to rules without one; all else is as it was. */
        assert(cJSON_GetArraySize(saved) == cJSON_GetArraySize(again));
        cJSON_Delete(again);
        cJSON_Delete(saved);
    } else {
        assert(error.size > 0);
    }
    cJSON_Delete(answer);
    faults_destroy(faults);
    clock_destroy(clock);
    buf_finish(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cJSON *document = cJSON_ParseWithLength((const char *)data, size);
    use(document);
    cJSON_Delete(document);
    return 0;
}

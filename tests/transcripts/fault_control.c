/* Rules out of transcripts. */
#include "tests/transcripts/fault_control.h"

#include <stdio.h>
#include <string.h>

bool fault_control(struct faults *faults, const char *value)
{
    if (strcmp(value, "none") == 0) {
        faults_clear(faults);
        return true;
    }
    cJSON *rule = cJSON_Parse(value), *answer = NULL;
    struct buf error;
    buf_init(&error, 4096);
    bool good = rule != NULL && faults_add(faults, rule, &answer, &error) == FAULTS_DONE;
    if (!good) {
        fprintf(stderr, "%s\n", rule == NULL ? "the rule is not JSON" : buf_string(&error));
    }
    cJSON_Delete(answer);
    cJSON_Delete(rule);
    buf_finish(&error);
    return good;
}

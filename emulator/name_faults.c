/* What becomes of a name. */
#include "emulator/name_faults.h"

enum name_fate name_faults_decide(struct faults *faults, struct bytes name,
                                  struct name_answer *answer)
{
    struct fault_subject subject = {.plane = FAULT_DNS, .moment = FAULT_AT_REQUEST};
    struct fault_verdict verdict;

    *answer = (struct name_answer){0};
    subject.values[FAULT_KEY_NAME] = name;
    if (faults == NULL || !faults_armed(faults, FAULT_DNS) ||
        !faults_decide(faults, &subject, &verdict)) {
        return NAME_RESOLVES;
    }
    answer->serial = verdict.serial;
    fault_copy(verdict.address, answer->address, sizeof(answer->address));
    return verdict.no_such_name         ? NAME_UNKNOWN
           : verdict.silent             ? NAME_SILENT
           : verdict.address[0] != '\0' ? NAME_ELSEWHERE
                                        : NAME_RESOLVES;
}

/* An error in place of an answer. */
#include "emulator/faults/answer.h"

#define LONGEST_WAIT_MS 86400000.0

bool fault_decide_answer(const struct fault *fault, const struct fault_subject *subject,
                         struct fault_verdict *verdict)
{
    const struct fault_preset *preset = &fault->kind->preset;
    const char *code = fault_text(fault, "code"), *message = fault_text(fault, "message");
    int status = (int)fault_number(fault, "status");

    verdict->status = status == 0 ? preset->status : status;
    fault_copy(code[0] != '\0'        ? code
               : preset->code == NULL ? ""
                                      : preset->code,
               verdict->code, sizeof(verdict->code));
    fault_fill(message[0] != '\0'        ? message
               : preset->message == NULL ? ""
                                         : preset->message,
               fault, subject, verdict->message, sizeof(verdict->message));
    fault_copy(preset->detail == NULL ? "" : preset->detail, verdict->detail,
               sizeof(verdict->detail));
    verdict->retry_after_s = fault_has(fault, "retryAfter")
                                 ? (int64_t)(fault_number(fault, "retryAfter") / 1000)
                                 : preset->retry_after_s;
    verdict->served = fault_flag(fault, "served");
    verdict->from_provider = preset->from_provider;
    return true;
}

const struct fault_attribute fault_preset_attributes[] = {
    {.name = "status", .type = FAULT_WHOLE, .least = 400, .most = 599},
    {.name = "code", .type = FAULT_TEXT},
    {.name = "message", .type = FAULT_TEXT},
    {.name = "retryAfter", .type = FAULT_DURATION, .most = LONGEST_WAIT_MS},
    {.name = "served", .type = FAULT_FLAG},
    {0},
};

const struct fault_attribute fault_answer_attributes[] = {
    {.name = "status", .type = FAULT_WHOLE, .least = 400, .most = 599, .required = true},
    {.name = "code", .type = FAULT_TEXT, .required = true},
    {.name = "message", .type = FAULT_TEXT, .required = true},
    {.name = "retryAfter", .type = FAULT_DURATION, .most = LONGEST_WAIT_MS},
    {.name = "served", .type = FAULT_FLAG},
    {0},
};

/* Trouble with secrets. `detail` is the code of innererror. */
#include "emulator/faults/answer.h"
#include "emulator/faults/families.h"

#define VAULT .planes = FAULT_BIT(FAULT_KEYVAULT), .moments = FAULT_BIT(FAULT_AT_REQUEST)

static bool of_secret(const struct fault_subject *subject)
{
    return subject->values[FAULT_KEY_SECRET].size > 0;
}

static bool decide_not_found(const struct fault *fault, const struct fault_subject *subject,
                             struct fault_verdict *verdict)
{
    return of_secret(subject) && fault_decide_answer(fault, subject, verdict);
}

/* The action of the built-in roles that was missing: setting is a PUT, reading one a GET. */
static bool decide_forbidden(const struct fault *fault, const struct fault_subject *subject,
                             struct fault_verdict *verdict)
{
    struct fault_subject named = *subject;
    struct bytes method = subject->values[FAULT_KEY_METHOD];

    named.values[FAULT_KEY_OPERATION] = bytes_equal_string(method, "PUT")
                                            ? BYTES("setSecret/action")
                                        : bytes_equal_string(method, "DELETE") ? BYTES("delete")
                                        : of_secret(subject) ? BYTES("getSecret/action")
                                                             : BYTES("readMetadata/action");
    return fault_decide_answer(fault, &named, verdict);
}

/* Its name is taken for as long as it can be recovered; it cannot be read either. */
static bool decide_soft_deleted(const struct fault *fault, const struct fault_subject *subject,
                                struct fault_verdict *verdict)
{
    if (!of_secret(subject) || !fault_decide_answer(fault, subject, verdict)) {
        return false;
    }
    if (bytes_equal_string(subject->values[FAULT_KEY_METHOD], "GET")) {
        verdict->status = 404;
        verdict->detail[0] = '\0';
        fault_copy("SecretNotFound", verdict->code, sizeof(verdict->code));
        fault_fill("A secret with (name/id) {secret} was not found in this key vault. If you "
                   "recently deleted this secret you may be able to recover it using the correct "
                   "recovery command. For help resolving this issue, please see "
                   "https://go.microsoft.com/fwlink/?linkid=2125182",
                   fault, subject, verdict->message, sizeof(verdict->message));
    }
    return true;
}

static const struct fault_kind kinds[] = {
    {
        .name = "forbidden", /* piyushsachdeva/Terraform_AKS#2: status, codes and words */
        VAULT,
        .summary = "the caller has no role for the secret",
        .attributes = fault_preset_attributes,
        .decide = decide_forbidden,
        .preset = {.status = 403,
                   .code = "Forbidden",
                   .detail = "ForbiddenByRbac",
                   .message =
                       "Caller is not authorized to perform action on resource.\r\nIf role "
                       "assignments, deny assignments or role definitions were changed "
                       "recently, please observe propagation time.\r\nCaller: {principal}\r\n"
                       "Action: 'Microsoft.KeyVault/vaults/secrets/{operation}'\r\nResource: "
                       "'{resource}'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\n"
                       "DecisionReason: 'DeniedWithNoValidRBAC' \r\nVault: {vault};location="
                       "{location}\r\n"},
    },
    {
        .name = "secret_not_found", /* azure-sdk-for-js#25489: status, code and words */
        VAULT,
        .summary = "there is no such secret",
        .attributes = fault_preset_attributes,
        .decide = decide_not_found,
        .preset = {.status = 404,
                   .code = "SecretNotFound",
                   .message = "A secret with (name/id) {secret} was not found in this key vault. "
                              "If you recently deleted this secret you may be able to recover it "
                              "using the correct recovery command. For help resolving this issue, "
                              "please see https://go.microsoft.com/fwlink/?linkid=2125182"},
    },
    {
        .name = "throttled", /* dotnet/sign#403, AzureSignTool#219: the whole JSON */
        VAULT,
        .summary = "too many requests: 429 with Retry-After",
        .attributes = fault_preset_attributes,
        .decide = fault_decide_answer,
        .preset = {.status = 429,
                   .code = "Throttled",
                   .retry_after_s = 10,
                   .message = "Request was not processed because too many requests were received. "
                              "Reason: VaultRequestTypeLimitReached"},
    },
    {
        .name = "soft_deleted", /* external-secrets#3519: code and innererror */
        VAULT,
        .summary = "the secret was deleted and can be recovered: not read, not written",
        .attributes = fault_preset_attributes,
        .decide = decide_soft_deleted,
        .preset = {.status = 409,
                   .code = "Conflict",
                   .detail = "ObjectIsDeletedButRecoverable",
                   .message = "Secret {secret} is currently in a deleted but recoverable state, "
                              "and its name cannot be reused; in this state, the secret can only "
                              "be recovered or purged."},
    },
};

const struct fault_family fault_keyvault_family = {"keyvault", kinds, ARRAY_LEN(kinds)};

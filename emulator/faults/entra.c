/*
 * Trouble with tokens, in Entra ID's words. AADSTS codes and texts as quoted in the issues named
 * beside them. `code` is the AADSTS number, `detail` OAuth's word.
 */
#include "emulator/faults/answer.h"
#include "emulator/faults/families.h"

#define ENTRA FAULT_BIT(FAULT_ENTRA)
#define REQUEST FAULT_BIT(FAULT_AT_REQUEST)
#define TOKEN FAULT_BIT(FAULT_AT_TOKEN)
#define MOST_SECONDS 1e9

static const char *const words[] = {"invalid_client",      "invalid_request", "invalid_grant",
                                    "unauthorized_client", "invalid_scope",   NULL};

static bool decide_error(const struct fault *fault, const struct fault_subject *subject,
                         struct fault_verdict *verdict)
{
    fault_decide_answer(fault, subject, verdict);
    if (fault_has(fault, "error")) {
        fault_copy(fault_text(fault, "error"), verdict->detail, sizeof(verdict->detail));
    }
    return true;
}

static const struct fault_attribute error_attributes[] = {
    {.name = "status", .type = FAULT_WHOLE, .least = 400, .most = 599, .fallback = 400},
    {.name = "code", .type = FAULT_TEXT, .required = true},
    {.name = "message", .type = FAULT_TEXT, .required = true},
    {.name = "error", .type = FAULT_CHOICE, .text = "invalid_request", .choices = words},
    {.name = "retryAfter", .type = FAULT_DURATION, .most = 86400000},
    {0},
};

static const struct fault_attribute preset_attributes[] = {
    {.name = "message", .type = FAULT_TEXT},
    {.name = "retryAfter", .type = FAULT_DURATION, .most = 86400000},
    {0},
};

static bool decide_lifetime(const struct fault *fault, const struct fault_subject *subject,
                            struct fault_verdict *verdict)
{
    (void)subject;
    verdict->token_seconds = (int64_t)(fault_number(fault, "lifetime") / 1000);
    return true;
}

static const struct fault_attribute lifetime_attributes[] = {
    {.name = "lifetime",
     .type = FAULT_DURATION,
     .least = 1000,
     .most = MOST_SECONDS * 1000,
     .required = true},
    {0},
};

static bool decide_skew(const struct fault *fault, const struct fault_subject *subject,
                        struct fault_verdict *verdict)
{
    (void)subject;
    verdict->skew_s = (int64_t)(fault_number(fault, "skew") / 1000);
    return true;
}

static bool check_skew(const struct fault *fault, struct buf *error)
{
    if (fault_number(fault, "skew") != 0) {
        return true;
    }
    buf_append_string(error, "attribute 'skew' must not be 0");
    return false;
}

static const struct fault_attribute skew_attributes[] = {
    {.name = "skew",
     .type = FAULT_DURATION,
     .least = -MOST_SECONDS * 1000,
     .most = MOST_SECONDS * 1000,
     .required = true},
    {0},
};

/* Checks are not counted: they follow from the tokens. */
static bool decide_rollover(const struct fault *fault, const struct fault_subject *subject,
                            struct fault_verdict *verdict)
{
    (void)fault;
    verdict->other_key = true;
    verdict->quiet = subject->moment == FAULT_AT_CHECK;
    return true;
}

#define PRESET(kind_name, kind_summary, ...)                                                       \
    {                                                                                              \
        .name = (kind_name), .planes = ENTRA, .moments = REQUEST, .summary = (kind_summary),       \
        .attributes = preset_attributes, .decide = decide_error, .preset = {__VA_ARGS__},          \
    }

static const struct fault_kind kinds[] = {
    {
        .name = "error",
        .planes = ENTRA,
        .moments = REQUEST,
        .summary = "token requests are answered with this AADSTS code and message",
        .attributes = error_attributes,
        .decide = decide_error,
    },
    /* dotnet/sign#849, liprec/vsts-release-aas#119 (the whole JSON) */
    PRESET("expired_secret", "the client's secret has expired or was revoked", .status = 401,
           .code = "7000222", .detail = "invalid_client",
           .message =
               "The provided client secret keys for app '{client}' are expired. Visit the "
               "Azure portal to create new keys for your app: https://aka.ms/NewClientSecret,"
               " or consider using certificate credentials for added security: "
               "https://aka.ms/certCreds."),
    /* sap-automation#418: status and the whole JSON */
    PRESET("wrong_secret", "the client's secret is wrong", .status = 401, .code = "7000215",
           .detail = "invalid_client",
           .message = "Invalid client secret provided. Ensure the secret being sent in the request "
                      "is the client secret value, not the client secret ID, for a secret added to "
                      "app '{client}'."),
    /* azure-cli#22145: code and words; status and OAuth's word of tokens: identity_errors.c */
    PRESET("unknown_tenant", "there is no such tenant", .status = 400, .code = "90002",
           .detail = "invalid_request",
           .message = "Tenant '{tenant}' not found. Check to make sure you have the correct tenant "
                      "ID and are signing into the correct cloud. Check with your subscription "
                      "administrator, this may happen if there are no active subscriptions for the "
                      "tenant."),
    /* Worklytics/psoxy#74 (the JSON), onedrivecmd#79 */
    PRESET("disabled_principal", "the service principal has been disabled", .status = 400,
           .code = "7000112", .detail = "unauthorized_client",
           .message = "Application '{client}'(redurite) is disabled."),
    /* azure-sdk-for-net#23324; MSAL.PS#10 says that it is throttling */
    PRESET("throttled", "too many token requests: 429 with Retry-After", .status = 429,
           .code = "50196", .detail = "invalid_grant", .retry_after_s = 60,
           .message = "The server terminated an operation because it encountered a client request "
                      "loop. Please contact your app vendor."),
    {
        .name = "token_lifetime",
        .planes = ENTRA,
        .moments = TOKEN,
        .summary = "access tokens live this long",
        .attributes = lifetime_attributes,
        .decide = decide_lifetime,
    },
    {
        .name = "clock_skew",
        .planes = ENTRA,
        .moments = TOKEN,
        .summary = "tokens are dated by a clock that is off by skew",
        .attributes = skew_attributes,
        .decide = decide_skew,
        .check = check_skew,
    },
    {
        .name = "key_rollover",
        .planes = ENTRA,
        .moments = TOKEN | FAULT_BIT(FAULT_AT_CHECK),
        .summary = "tokens are signed with another key: those of before are refused",
        .decide = decide_rollover,
    },
};

const struct fault_family fault_entra_family = {"entra", kinds, ARRAY_LEN(kinds)};

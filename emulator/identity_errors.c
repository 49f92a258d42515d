/* AADSTS errors as rows, and the refusals of tokens. */
#include "emulator/identity_errors.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

#define ERROR_LIMIT 8192
#define QUOTE_LIMIT 1024
#define CLAIM_LIMIT 200

struct login_error_row {
    int code; /* AADSTS... */
    int status;
    const char *error; /* OAuth's word */
    const char *text;
    const char *suberror; /* NULL: none */
};

#define CERTIFICATE_HELP                                                                           \
    "Review the documentation at "                                                                 \
    "https://learn.microsoft.com/entra/identity-platform/certificate-credentials ."
#define FEDERATION_HELP                                                                            \
    "Check your federated identity credential Subject, Audience and Issuer against the presented " \
    "assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
#define TENANT_NOT_FOUND                                                                           \
    "Tenant '{0}' not found. Check to make sure you have the correct tenant ID and are signing "   \
    "into the correct cloud. Check with your subscription administrator, this may happen if there" \
    " are no active subscriptions for the tenant."

static const struct login_error_row rows[] = {
    [LOGIN_MISSING_PARAMETER] =
        {
            .code = 900144,
            .status = 400,
            .error = "invalid_request",
            .text = "The request body must contain the following parameter: '{0}'.",
        },
    [LOGIN_ONLY_POST] =
        {
            .code = 900561,
            .status = 400,
            .error = "invalid_request",
            .text = "The endpoint only accepts POST requests. Received a {0} request.",
        },
    [LOGIN_UNSUPPORTED_GRANT] =
        {
            .code = 70003,
            .status = 400,
            .error = "unsupported_grant_type",
            .text = "The app requested an unsupported grant type '{0}'.",
        },
    [LOGIN_GRANT_NEEDS_TENANT] =
        {
            .code = 9001023,
            .status = 400,
            .error = "invalid_request",
            .text = "The grant type is not supported over the /common or /consumers endpoints. "
                    "Please use the /organizations or tenant-specific endpoint.",
        },
    [LOGIN_UNKNOWN_TENANT] =
        {
            .code = 90002,
            .status = 400,
            .error = "invalid_request",
            .text = TENANT_NOT_FOUND,
        },
    [LOGIN_UNKNOWN_TENANT_DISCOVERY] =
        {
            .code = 90002,
            .status = 400,
            .error = "invalid_tenant",
            .text = TENANT_NOT_FOUND,
        },
    [LOGIN_INVALID_TENANT] =
        {
            .code = 900023,
            .status = 400,
            .error = "invalid_request",
            .text = "Specified tenant identifier '{0}' is neither a valid DNS name, nor a valid "
                    "external domain.",
        },
    [LOGIN_UNKNOWN_INSTANCE] =
        {
            .code = 50049,
            .status = 400,
            .error = "invalid_instance",
            .text = "Unknown or invalid instance.",
        },
    [LOGIN_UNKNOWN_CLIENT] =
        {
            .code = 700016,
            .status = 400,
            .error = "unauthorized_client",
            .text = "Application with identifier '{0}' was not found in the directory '{1}'. This "
                    "can happen if the application has not been installed by the administrator of "
                    "the tenant or consented to by any user in the tenant. You may have sent your "
                    "authentication request to the wrong tenant.",
        },
    [LOGIN_WRONG_SECRET] =
        {
            .code = 7000215,
            .status = 401,
            .error = "invalid_client",
            .text = "Invalid client secret provided. Ensure the secret being sent in the request "
                    "is the client secret value, not the client secret ID, for a secret added to "
                    "app '{0}'.",
        },
    [LOGIN_MISSING_CREDENTIAL] =
        {
            .code = 7000216,
            .status = 401,
            .error = "invalid_client",
            .text = "'client_assertion', 'client_secret' or 'request' is required for the "
                    "'client_credentials' grant type.",
        },
    [LOGIN_MALFORMED_ASSERTION] =
        {
            .code = 50027,
            .status = 400,
            .error = "invalid_request",
            .text = "JWT token is invalid or malformed.",
        },
    [LOGIN_ASSERTION_OTHER_CLIENT] =
        {
            .code = 700021,
            .status = 401,
            .error = "invalid_client",
            .text = "Client assertion application identifier doesn't match 'client_id' parameter. "
                    "Review the documentation at "
                    "https://learn.microsoft.com/entra/identity-platform/certificate-credentials .",
        },
    [LOGIN_ASSERTION_AUDIENCE] =
        {
            .code = 700023,
            .status = 401,
            .error = "invalid_client",
            .text = "Client assertion audience claim does not match Realm issuer. Audience: '{0}', "
                    "expected: '{1}'. " CERTIFICATE_HELP,
        },
    [LOGIN_ASSERTION_EXPIRED] =
        {
            .code = 700024,
            .status = 401,
            .error = "invalid_client",
            .text = "Client assertion is not within its valid time range. Current time: {0}, "
                    "assertion valid from {1}, expiry time of assertion {2}. " CERTIFICATE_HELP,
        },
    [LOGIN_ASSERTION_SIGNATURE] =
        {
            .code = 700027,
            .status = 401,
            .error = "invalid_client",
            .text = "The certificate with identifier used to sign the client assertion is not "
                    "registered on application. [Reason - {0}] " CERTIFICATE_HELP,
        },
    [LOGIN_FEDERATED_AUDIENCE] =
        {
            .code = 700212,
            .status = 401,
            .error = "invalid_client",
            .text = "No matching federated identity record found for presented assertion audience "
                    "'{0}'. " FEDERATION_HELP,
        },
    [LOGIN_WRONG_PASSWORD] =
        {
            .code = 50126,
            .status = 400,
            .error = "invalid_grant",
            .text = "Error validating credentials due to invalid username or password.",
        },
    [LOGIN_UNKNOWN_USER] =
        {
            .code = 50034,
            .status = 400,
            .error = "invalid_grant",
            .text = "The user account {EUII Hidden} does not exist in the {0} directory. To sign "
                    "into this application, the account must be added to the directory.",
        },
    [LOGIN_INVALID_SCOPE] =
        {
            .code = 70011,
            .status = 400,
            .error = "invalid_scope",
            .text = "The provided value for the input parameter 'scope' is not valid. The scope "
                    "{0} is not valid.",
        },
    [LOGIN_SCOPE_NOT_DEFAULT] =
        {
            .code = 1002012,
            .status = 400,
            .error = "invalid_scope",
            .text = "The provided value for scope {0} is not valid. Client credential flows must "
                    "have a scope value with /.default suffixed to the resource identifier "
                    "(application ID URI).",
        },
    [LOGIN_SCOPE_SEVERAL_RESOURCES] =
        {
            .code = 28000,
            .status = 400,
            .error = "invalid_request",
            .text = "Provided value for the input parameter scope is not valid because it contains "
                    "more than one resource. Scope {0} is not valid.",
        },
    [LOGIN_UNKNOWN_RESOURCE] =
        {
            .code = 500011,
            .status = 400,
            .error = "invalid_resource",
            .text = "The resource principal named {0} was not found in the tenant named {1}. This "
                    "can happen if the application has not been installed by the administrator of "
                    "the tenant or consented to by any user in the tenant. You might have sent "
                    "your authentication request to the wrong tenant.",
        },
    [LOGIN_INVALID_GRANT] =
        {
            .code = 9002313,
            .status = 400,
            .error = "invalid_grant",
            .text = "Invalid request. Request is malformed or invalid.",
        },
    [LOGIN_OTHER_CLIENTS_GRANT] =
        {
            .code = 70000,
            .status = 400,
            .error = "invalid_grant",
            .text = "Provided grant is invalid or malformed.",
        },
    [LOGIN_REFRESH_EXPIRED] =
        {
            .code = 700082,
            .status = 400,
            .error = "invalid_grant",
            .text = "The refresh token has expired due to inactivity. The token was issued on {0} "
                    "and was inactive for {1}.",
            .suberror = "bad_token",
        },
    [LOGIN_CODE_EXPIRED] =
        {
            .code = 70008,
            .status = 400,
            .error = "invalid_grant",
            .text = "The provided authorization code or refresh token has expired due to "
                    "inactivity. Send a new interactive authorization request for this user and "
                    "resource.",
        },
    [LOGIN_CODE_REDEEMED] =
        {
            .code = 54005,
            .status = 400,
            .error = "invalid_grant",
            .text = "OAuth2 Authorization code was already redeemed, please retry with a new valid "
                    "code or use an existing refresh token.",
        },
    [LOGIN_CODE_VERIFIER] =
        {
            .code = 501481,
            .status = 400,
            .error = "invalid_grant",
            .text = "The Code_Verifier does not match the code_challenge supplied in the "
                    "authorization request.",
        },
    [LOGIN_CODE_ADDRESS] =
        {
            .code = 500112,
            .status = 400,
            .error = "invalid_client",
            .text = "The reply address '{0}' does not match the reply address '{1}' provided when "
                    "requesting Authorization code.",
        },
    [LOGIN_DEVICE_PENDING] =
        {
            .code = 70016,
            .status = 400,
            .error = "authorization_pending",
            .text = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
        },
    [LOGIN_DEVICE_EXPIRED] =
        {
            .code = 70020,
            .status = 400,
            .error = "expired_token",
            .text = "The provided value for the input parameter 'device_code' is not valid. This "
                    "device code has expired.",
        },
    [LOGIN_DEVICE_UNKNOWN] =
        {
            .code = 70000,
            .status = 400,
            .error = "bad_verification_code",
            .text = "The provided value for the input parameter 'device_code' is not valid.",
        },
    [LOGIN_INVALID_ASSERTION] =
        {
            .code = 50013,
            .status = 400,
            .error = "invalid_grant",
            .text = "Assertion failed signature validation. [Reason - The key was not found.]",
        },
    [LOGIN_REPLY_ADDRESS] =
        {
            .code = 50011,
            .status = 400,
            .error = "invalid_request",
            .text = "The redirect URI '{0}' specified in the request does not match the redirect "
                    "URIs configured for the application '{1}'. Make sure the redirect URI sent in "
                    "the request matches one added to your application in the Azure portal.",
        },
    [LOGIN_RESPONSE_TYPE] =
        {
            .code = 70005,
            .status = 400,
            .error = "unsupported_response_type",
            .text = "The app requested an unsupported response type '{0}'.",
        },
};

/* What a client sent, cut between characters so that an answer stays of sensible size. */
static void append_quoted(struct buf *output, struct bytes value)
{
    if (value.size > QUOTE_LIMIT) {
        value.size = QUOTE_LIMIT;
        while (value.size > 0 && ((unsigned char)value.data[value.size] & 0xc0) == 0x80) {
            value.size--;
        }
    }
    buf_append(output, value);
}

/* `text` with {0}, {1}, {2} replaced; anything else in braces stays as it is. */
static void append_filled(struct buf *output, const char *text, const char *const *values)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (c[0] == '{' && c[1] >= '0' && c[1] <= '2' && c[2] == '}') {
            append_quoted(output, bytes_from_string(values[c[1] - '0']));
            c += 2;
        } else {
            buf_append_byte(output, *c);
        }
    }
}

/* "2026-11-20 22:20:05Z", as Entra ID dates its errors. */
static void error_timestamp(int64_t time_ms, char text[32])
{
    timestamp_format(time_ms, text);
    text[10] = ' ';
    memcpy(text + 19, "Z", 2);
}

char *login_error_text(enum login_error error, const char *text0, const char *text1)
{
    const char *values[] = {text0, text1, NULL};
    struct buf text;
    buf_init(&text, ERROR_LIMIT);
    buf_printf(&text, "AADSTS%d: ", rows[error].code);
    append_filled(&text, rows[error].text, values);
    char *copy = bytes_to_string(buf_bytes(&text));
    buf_finish(&text);
    return copy;
}

static void reply_row(struct login *login, const struct login_error_row *row,
                      const char *const *values)
{
    char timestamp[32];
    error_timestamp(login->now_ms, timestamp);

    struct buf text;
    buf_init(&text, ERROR_LIMIT);
    buf_printf(&text, "AADSTS%d: ", row->code);
    append_filled(&text, row->text, values);
    buf_printf(&text, "\r\nTrace ID: %s\r\nCorrelation ID: %s\r\nTimestamp: %s", login->trace_id,
               login->correlation_id, timestamp);

    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "error", row->error);
    cJSON_AddStringToObject(document, "error_description", buf_string(&text));
    cJSON_AddItemToArray(cJSON_AddArrayToObject(document, "error_codes"),
                         cJSON_CreateNumber(row->code));
    cJSON_AddStringToObject(document, "timestamp", timestamp);
    cJSON_AddStringToObject(document, "trace_id", login->trace_id);
    cJSON_AddStringToObject(document, "correlation_id", login->correlation_id);
    char *help = login_url(login, "error?code=%d", row->code);
    cJSON_AddStringToObject(document, "error_uri", help);
    memory_free(help);
    if (row->suberror != NULL) {
        cJSON_AddStringToObject(document, "suberror", row->suberror);
    }
    buf_finish(&text);
    log_info("identity", "request refused code=AADSTS%d error=%s", row->code, row->error);
    identity_reply_json(login->response, row->status, document);
}

void login_reply_error(struct login *login, enum login_error error, const char *text0,
                       const char *text1, const char *text2)
{
    reply_row(login, &rows[error], (const char *[]){text0, text1, text2});
}

void login_reply_refusal(struct login *login, const struct token_refusal_words *words)
{
    const struct login_error_row row = {
        .code = words->code,
        .status = words->status,
        .error = words->error[0] == '\0' ? "invalid_request" : words->error,
        .text = words->message,
    };
    if (words->retry_after_s > 0) {
        http_response_header(login->response, "Retry-After", "%lld",
                             (long long)words->retry_after_s);
    }
    reply_row(login, &row, (const char *[]){"", "", ""});
}

static const struct {
    const char *code, *text;
} refusals[] = {
    [TOKEN_MISSING] = {"AuthenticationFailed",
                       "Authentication failed. The 'Authorization' header is missing."},
    [TOKEN_INVALID] = {"InvalidAuthenticationToken", "The access token is invalid."},
    [TOKEN_WRONG_TENANT] =
        {"InvalidAuthenticationTokenTenant",
         "The access token is from the wrong issuer '{0}'. It must match the tenant "
         "'https://sts.windows.net/{1}/' associated with this subscription. Please use the "
         "authority (URL) 'https://login.windows.net/{1}' to get the token. Note, if the "
         "subscription is transferred to another tenant there is no impact to the services, but "
         "information about new tenant could take time to propagate (up to an hour). If you just "
         "transferred your subscription and see this error message, please try back later."},
    [TOKEN_EXPIRED] = {"ExpiredAuthenticationToken",
                       "The access token expiry UTC time '{0}' is earlier than current UTC time "
                       "'{1}'."},
    [TOKEN_WRONG_AUDIENCE] =
        {"InvalidAuthenticationTokenAudience",
         "The access token has been obtained for wrong audience or resource '{0}'. It should "
         "exactly match with one of the allowed audiences {1}."},
    [TOKEN_WITHOUT_OBJECT_ID] =
        {"InvalidAuthenticationToken",
         "The received access token is not valid: at least one of the claims 'puid' or 'altsecid' "
         "or 'oid' should be present. If you are accessing as application please make sure "
         "service principal is properly created in the tenant."},
};

void token_refuse(struct arm_error *error, enum token_refusal refusal, const char *text0,
                  const char *text1)
{
    /* Claims of a token that nobody vouches for: short, and UTF-8. */
    char *claim = text_make_valid(bytes_slice(bytes_from_string(text0), 0, CLAIM_LIMIT));
    const char *values[] = {claim, text1, NULL};
    struct buf text;
    buf_init(&text, ERROR_LIMIT);
    append_filled(&text, refusals[refusal].text, values);
    memory_free(claim);
    *error = (struct arm_error){.status = 401};
    snprintf(error->code, sizeof(error->code), "%s", refusals[refusal].code);
    snprintf(error->message, sizeof(error->message), "%s", buf_string(&text));
    buf_finish(&text);
}

/* Client authentication at the token endpoint. */
#include "emulator/identity_client.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "emulator/identity_errors.h"

#define JWT_ASSERTION "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define CLOCK_SKEW_SECONDS 300

/* "Basic base64(id:secret)", the parts form-encoded (RFC 6749, 2.3.1); owned by the caller. */
static bool basic_credentials(const struct login *login, char **client_id, char **secret)
{
    struct bytes header = http_headers_get(&login->site->http->headers, "Authorization");
    if (header.size < 6 || !bytes_equal_nocase(bytes_slice(header, 0, 6), BYTES("Basic "))) {
        return false;
    }
    struct buf text, part;
    buf_init(&text, 8192);
    buf_init(&part, 8192);
    bool good = false;
    if (buf_append_base64_decoded(&text, bytes_slice(header, 6, header.size))) {
        size_t colon = bytes_find(buf_bytes(&text), ':');
        if (colon < text.size &&
            http_url_decode(bytes_slice(buf_bytes(&text), 0, colon), true, &part)) {
            *client_id = text_make_valid(buf_bytes(&part));
            buf_clear(&part);
            http_url_decode(bytes_slice(buf_bytes(&text), colon + 1, text.size), true, &part);
            *secret = text_make_valid(buf_bytes(&part));
            good = true;
        }
    }
    buf_finish(&part);
    buf_finish(&text);
    return good;
}

static bool in_time(int64_t now, int64_t from, int64_t until)
{
    return from <= now + CLOCK_SKEW_SECONDS && now < until + CLOCK_SKEW_SECONDS;
}

static bool assertion_dates_or_reply(struct login *login, const cJSON *payload)
{
    int64_t until, from = 0;
    if (!json_seconds(payload, "exp", &until)) {
        login_reply_error(login, LOGIN_MALFORMED_ASSERTION, NULL, NULL, NULL);
        return false;
    }
    json_seconds(payload, "nbf", &from);
    if (in_time(login->now_ms / 1000, from, until) || in_time((int64_t)time(NULL), from, until)) {
        return true;
    }
    char texts[3][32];
    timestamp_format(login->now_ms, texts[0]);
    timestamp_format(from * 1000, texts[1]);
    timestamp_format(until * 1000, texts[2]);
    login_reply_error(login, LOGIN_ASSERTION_EXPIRED, texts[0], texts[1], texts[2]);
    return false;
}

/* The audience names a login endpoint: of Entra ID under its real name, or of this emulator. */
static bool audience_is_login(const struct login *login, const char *audience)
{
    struct bytes text = bytes_from_string(audience);
    if (!bytes_start_with(text, BYTES("https://"))) {
        return false;
    }
    struct bytes rest = bytes_slice(text, sizeof("https://") - 1, text.size);
    struct bytes host = bytes_slice(rest, 0, bytes_find(rest, '/'));
    return bytes_equal_nocase(host, login->site->authority) ||
           bytes_match_glob(BYTES("login.*"), host, true) ||
           bytes_equal_nocase(host, BYTES("sts.windows.net"));
}

static bool certificate_assertion_or_reply(struct login *login, const char *assertion,
                                           const cJSON *payload,
                                           const struct application *application)
{
    const char *audience = json_string(payload, "aud");
    if (audience == NULL || !audience_is_login(login, audience)) {
        char *expected = login_url(login, "%s/v2.0", login->identity->tenant_id);
        login_reply_error(login, LOGIN_ASSERTION_AUDIENCE, audience, expected, NULL);
        memory_free(expected);
        return false;
    }
    if (application->certificate_count == 0) {
        return true;
    }
    for (size_t i = 0; i < application->certificate_count; i++) {
        if (token_certificate_check(application->certificates[i], bytes_from_string(assertion))) {
            return true;
        }
    }
    login_reply_error(login, LOGIN_ASSERTION_SIGNATURE, "The key was not found.", NULL, NULL);
    return false;
}

static bool federated_assertion_or_reply(struct login *login, const cJSON *payload)
{
    const char *audience = json_string(payload, "aud");
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(payload, "aud");
    if (cJSON_IsArray(list) && cJSON_IsString(list->child)) {
        audience = list->child->valuestring;
    }
    if (audience != NULL &&
        bytes_match_glob(BYTES("api://AzureADTokenExchange*"), bytes_from_string(audience), true)) {
        return true;
    }
    login_reply_error(login, LOGIN_FEDERATED_AUDIENCE, audience, NULL, NULL);
    return false;
}

static bool assertion_or_reply(struct login *login, const char *assertion,
                               const struct token_subject *subject)
{
    const char *type = login_field(login, "client_assertion_type");
    cJSON *header, *payload;
    if (type == NULL) {
        login_reply_error(login, LOGIN_MISSING_PARAMETER, "client_assertion_type", NULL, NULL);
        return false;
    }
    if (strcmp(type, JWT_ASSERTION) != 0 ||
        !token_read(bytes_from_string(assertion), &header, &payload)) {
        login_reply_error(login, LOGIN_MALFORMED_ASSERTION, NULL, NULL, NULL);
        return false;
    }
    const char *issuer = json_string(payload, "iss");
    const char *about = json_string(payload, "sub");
    bool good = false;
    if (issuer == NULL || about == NULL) {
        login_reply_error(login, LOGIN_MALFORMED_ASSERTION, NULL, NULL, NULL);
    } else if (!assertion_dates_or_reply(login, payload)) {
        good = false;
    } else if (strcasecmp(issuer, subject->client_id) == 0) {
        if (strcasecmp(about, subject->client_id) != 0) {
            login_reply_error(login, LOGIN_ASSERTION_OTHER_CLIENT, NULL, NULL, NULL);
        } else {
            good = certificate_assertion_or_reply(login, assertion, payload, subject->application);
        }
    } else if (is_guid(issuer)) {
        login_reply_error(login, LOGIN_ASSERTION_OTHER_CLIENT, NULL, NULL, NULL);
    } else {
        good = federated_assertion_or_reply(login, payload);
    }
    cJSON_Delete(header);
    cJSON_Delete(payload);
    return good;
}

static bool client_find_or_reply(struct login *login, const char *client_id, bool required,
                                 struct token_subject *subject)
{
    const struct identity *identity = login->identity;
    subject->application = tenant_application(&identity->tenant, client_id);
    if (subject->application != NULL) {
        subject->client_id = subject->application->client_id;
        return true;
    }
    if (!required && public_client_name(client_id) != NULL) {
        subject->client_id = login_field(login, "client_id");
        return true;
    }
    login_reply_error(login, LOGIN_UNKNOWN_CLIENT, client_id, identity->tenant_id, NULL);
    return false;
}

bool client_identify_or_reply(struct login *login, bool required, struct token_subject *subject)
{
    char *basic_id = NULL, *basic_secret = NULL;
    basic_credentials(login, &basic_id, &basic_secret);
    const char *client_id = login_field(login, "client_id");
    const char *secret = login_field(login, "client_secret");
    const char *assertion = login_field(login, "client_assertion");
    if (client_id == NULL) {
        client_id = basic_id;
    }
    if (secret == NULL) {
        secret = basic_secret;
    }
    bool good = false;
    *subject = (struct token_subject){.proof = CLIENT_PUBLIC};
    if (client_id == NULL) {
        login_reply_error(login, LOGIN_MISSING_PARAMETER, "client_id", NULL, NULL);
    } else if (!client_find_or_reply(login, client_id, required, subject)) {
        good = false;
    } else if (assertion != NULL && subject->application != NULL) {
        subject->proof = CLIENT_ASSERTION;
        good = assertion_or_reply(login, assertion, subject);
    } else if (secret != NULL && subject->application != NULL) {
        subject->proof = CLIENT_SECRET;
        good = application_has_secret(subject->application, secret);
        if (!good) {
            login_reply_error(login, LOGIN_WRONG_SECRET, subject->client_id, NULL, NULL);
        }
    } else if (required) {
        login_reply_error(login, LOGIN_MISSING_CREDENTIAL, NULL, NULL, NULL);
    } else {
        good = true;
    }
    memory_free(basic_id);
    memory_free(basic_secret);
    return good;
}

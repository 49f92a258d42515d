/* The authorization and device authorization endpoints. */
#include "emulator/identity_sign_in.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "emulator/identity_client.h"
#include "emulator/identity_errors.h"
#include "emulator/identity_grants.h"

#define DEVICE_CODE_SECONDS 900
#define URL_LIMIT 32768

/* An address that an answer may be sent to: of a web or native app, never script or file. */
static bool address_allowed(const char *address)
{
    static const char *const forbidden[] = {"javascript:*", "data:*", "vbscript:*", "file:*"};
    struct bytes text = bytes_from_string(address);
    for (size_t i = 0; i < ARRAY_LEN(forbidden); i++) {
        if (bytes_match_glob(bytes_from_string(forbidden[i]), text, true)) {
            return false;
        }
    }
    return strchr(address, ':') != NULL;
}

static char *code_make(struct login *login, const struct token_subject *subject)
{
    static const char *const kept[] = {"redirect_uri", "scope", "nonce", "code_challenge",
                                       "code_challenge_method"};
    struct identity *identity = login->identity;
    int64_t now = login->now_ms / 1000;
    char id[GUID_SIZE + 1];
    random_guid(identity->random, id);
    cJSON *claims = cJSON_CreateObject();
    cJSON_AddStringToObject(claims, "client_id", subject->client_id);
    cJSON_AddStringToObject(claims, "user", subject->user->object_id);
    cJSON_AddStringToObject(claims, "uti", id);
    cJSON_AddNumberToObject(claims, "exp", (double)(now + CODE_SECONDS));
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        const char *value = login_field(login, kept[i]);
        if (value != NULL) {
            cJSON_AddStringToObject(claims, kept[i], value);
        }
    }
    if (login->flavour == LOGIN_V1) {
        cJSON_DeleteItemFromObject(claims, "scope");
        const char *resource = login_field(login, "resource");
        if (resource != NULL) {
            cJSON_AddStringToObject(claims, "scope", resource);
        }
    }
    char *code = tokens_sign(identity->tokens, TOKEN_TYPE_CODE, claims);
    cJSON_Delete(claims);
    return code;
}

struct answer_field {
    const char *name;
    char *value; /* owned */
};

static void reply_by_redirect(struct login *login, const char *address, char separator,
                              const struct answer_field *fields, size_t count)
{
    struct buf url;
    buf_init(&url, URL_LIMIT);
    buf_append_string(&url, address);
    for (size_t i = 0; i < count; i++) {
        buf_append_byte(&url, i == 0 ? separator : '&');
        buf_append_string(&url, fields[i].name);
        buf_append_byte(&url, '=');
        http_url_encode(bytes_from_string(fields[i].value), &url);
    }
    http_response_header(login->response, "Location", "%s", buf_string(&url));
    buf_finish(&url);
    login->response->status = 302;
}

static void append_escaped(struct buf *html, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        switch (*c) {
        case '&':
            buf_append_string(html, "&amp;");
            break;
        case '<':
            buf_append_string(html, "&lt;");
            break;
        case '>':
            buf_append_string(html, "&gt;");
            break;
        case '"':
            buf_append_string(html, "&quot;");
            break;
        default:
            buf_append_byte(html, *c);
        }
    }
}

static void reply_by_form(struct login *login, const char *address,
                          const struct answer_field *fields, size_t count)
{
    struct buf html;
    buf_init(&html, URL_LIMIT);
    buf_append_string(&html, "<!doctype html><html><head><title>Working...</title></head>"
                             "<body><form method=\"POST\" name=\"hiddenform\" action=\"");
    append_escaped(&html, address);
    buf_append_string(&html, "\">");
    for (size_t i = 0; i < count; i++) {
        buf_printf(&html, "<input type=\"hidden\" name=\"%s\" value=\"", fields[i].name);
        append_escaped(&html, fields[i].value);
        buf_append_string(&html, "\" />");
    }
    buf_append_string(&html, "<noscript><input type=\"submit\" value=\"Continue\" /></noscript>"
                             "</form><script>document.forms[0].submit();</script></body></html>");
    identity_reply_text(login->response, 200, "text/html; charset=utf-8", buf_string(&html));
    buf_finish(&html);
}

static void reply_signed_in(struct login *login, const struct token_subject *subject,
                            const char *address, const char *type)
{
    struct identity *identity = login->identity;
    bool wants_id_token = strstr(type, "id_token") != NULL;
    struct answer_field fields[5];
    size_t count = 0;
    if (strncmp(type, "code", 4) == 0) {
        fields[count++] = (struct answer_field){"code", code_make(login, subject)};
    }
    if (wants_id_token) {
        char *issuer = login_issuer(login);
        fields[count++] =
            (struct answer_field){"id_token", claims_id_token(identity, subject, login->flavour,
                                                              issuer, login_field(login, "nonce"))};
        memory_free(issuer);
    }
    if (login_field(login, "client_info") != NULL) {
        fields[count++] =
            (struct answer_field){"client_info", claims_client_info(identity, subject->user)};
    }
    if (login_field(login, "state") != NULL) {
        fields[count++] =
            (struct answer_field){"state", string_duplicate(login_field(login, "state"))};
    }
    fields[count++] = (struct answer_field){"session_state", string_duplicate(login->trace_id)};

    const char *mode = login_field(login, "response_mode");
    if (mode != NULL && strcmp(mode, "form_post") == 0) {
        reply_by_form(login, address, fields, count);
    } else if (mode != NULL ? strcmp(mode, "fragment") == 0 : wants_id_token) {
        reply_by_redirect(login, address, '#', fields, count);
    } else {
        reply_by_redirect(login, address, strchr(address, '?') != NULL ? '&' : '?', fields, count);
    }
    for (size_t i = 0; i < count; i++) {
        memory_free(fields[i].value);
    }
}

void sign_in_answer_authorize(struct login *login)
{
    const struct identity *identity = login->identity;
    const char *client_id = login_field(login, "client_id");
    const char *address = login_field(login, "redirect_uri");
    const char *type = login_field(login, "response_type");
    struct token_subject subject = {.client_id = client_id};
    if (client_id == NULL || address == NULL || type == NULL) {
        login_reply_error(login, LOGIN_MISSING_PARAMETER,
                          client_id == NULL ? "client_id"
                          : address == NULL ? "redirect_uri"
                                            : "response_type",
                          NULL, NULL);
        return;
    }
    subject.application = tenant_application(&identity->tenant, client_id);
    subject.user = tenant_user(IDENTITY_USER_NAME);
    if (subject.application == NULL && public_client_name(client_id) == NULL) {
        login_reply_error(login, LOGIN_UNKNOWN_CLIENT, client_id, identity->tenant_id, NULL);
    } else if (!address_allowed(address)) {
        login_reply_error(login, LOGIN_REPLY_ADDRESS, address, client_id, NULL);
    } else if (strcmp(type, "code") != 0 && strcmp(type, "id_token") != 0 &&
               strcmp(type, "code id_token") != 0) {
        login_reply_error(login, LOGIN_RESPONSE_TYPE, type, NULL, NULL);
    } else {
        reply_signed_in(login, &subject, address, type);
        log_info("identity", "user signed in client=%s user=%s", client_id, subject.user->name);
    }
}

/* Nine letters and digits that cannot be misread, as Entra ID's user codes. */
static void user_code_make(struct random *random, char code[16])
{
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    for (size_t i = 0; i < 9; i++) {
        code[i] = letters[random_below(random, sizeof(letters) - 1)];
    }
    code[9] = '\0';
}

static struct device_sign_in *device_begin(struct login *login, const char *client_id)
{
    struct identity *identity = login->identity;
    struct device_sign_in *sign_in = &identity->device_sign_ins[identity->next_device_sign_in];
    identity->next_device_sign_in = (identity->next_device_sign_in + 1) % DEVICE_SIGN_INS;
    memory_free(sign_in->scope);
    *sign_in = (struct device_sign_in){0};
    const char *scope = login_field(login, login->flavour == LOGIN_V1 ? "resource" : "scope");
    sign_in->scope = scope != NULL ? string_duplicate(scope) : NULL;
    snprintf(sign_in->client_id, sizeof(sign_in->client_id), "%s", client_id);
    random_guid(identity->random, sign_in->device_code);
    user_code_make(identity->random, sign_in->user_code);
    sign_in->expires_at_ms = login->now_ms + DEVICE_CODE_SECONDS * 1000;
    return sign_in;
}

void sign_in_answer_device_code(struct login *login)
{
    struct token_subject subject;
    struct scopes scopes = {0};
    if (!bytes_equal_string(login->site->http->method, "POST") &&
        login_field(login, "client_id") == NULL) {
        login_reply_error(login, LOGIN_ONLY_POST, "GET", NULL, NULL);
        return;
    }
    if (client_identify_or_reply(login, false, &subject) &&
        scopes_read_or_reply(login, false, NULL, &scopes)) {
        const struct device_sign_in *sign_in = device_begin(login, subject.client_id);
        bool strings = login->flavour == LOGIN_V1;
        char *page = login_url(login, "devicelogin");
        char *message = string_format(
            "To sign in, use a web browser to open the page %s and enter the code %s to "
            "authenticate. (Redurite approves it by itself.)",
            page, sign_in->user_code);
        cJSON *document = cJSON_CreateObject();
        cJSON_AddStringToObject(document, "user_code", sign_in->user_code);
        cJSON_AddStringToObject(document, "device_code", sign_in->device_code);
        cJSON_AddStringToObject(document, strings ? "verification_url" : "verification_uri", page);
        if (strings) {
            cJSON_AddStringToObject(document, "expires_in", "900");
            cJSON_AddStringToObject(document, "interval", "1");
        } else {
            cJSON_AddNumberToObject(document, "expires_in", DEVICE_CODE_SECONDS);
            cJSON_AddNumberToObject(document, "interval", 1);
        }
        cJSON_AddStringToObject(document, "message", message);
        identity_reply_json(login->response, 200, document);
        memory_free(message);
        memory_free(page);
    }
    scopes_finish(&scopes);
}

void sign_in_answer_device_page(struct login *login)
{
    identity_reply_text(login->response, 200, "text/html; charset=utf-8",
                        "<!doctype html><html><head><title>Device sign-in</title></head><body>"
                        "<p>Redurite approves device codes by itself: there is nothing to enter. "
                        "Go back to the program that asked.</p></body></html>");
}

void sign_in_answer_logout(struct login *login)
{
    const char *address = login_field(login, "post_logout_redirect_uri");
    if (address != NULL && address_allowed(address)) {
        http_response_header(login->response, "Location", "%s", address);
        login->response->status = 302;
        return;
    }
    identity_reply_text(login->response, 200, "text/html; charset=utf-8",
                        "<!doctype html><html><head><title>Signed out</title></head><body>"
                        "<p>You signed out of your account.</p></body></html>");
}

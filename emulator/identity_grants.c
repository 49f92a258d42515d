/* Grants of the token endpoint: how each finds out for whom a token is to be made. */
#include "emulator/identity_grants.h"

#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "emulator/identity_client.h"
#include "emulator/identity_errors.h"

enum grant_flag {
    GRANT_NEEDS_CREDENTIAL = 1u << 0, /* a client without one is refused */
    GRANT_NEEDS_TENANT = 1u << 1,     /* not over /common */
};

struct grant {
    const char *type;
    unsigned flags;
    /* Completes the subject and answers, with tokens or an error. */
    void (*run)(struct login *login, struct token_subject *subject);
};

char *login_issuer(const struct login *login)
{
    const char *tenant_id = login->identity->tenant_id;
    switch (login->flavour) {
    case LOGIN_V1:
        return string_format("https://sts.windows.net/%s/", tenant_id);
    case LOGIN_ADFS:
        return login_url(login, "adfs");
    case LOGIN_V2:
        break;
    }
    return login_url(login, "%s/v2.0", tenant_id);
}

/* v1 writes numbers as strings. */
static void add_number(struct login *login, cJSON *document, const char *name, int64_t number)
{
    if (login->flavour == LOGIN_V1) {
        char *text = string_format("%lld", (long long)number);
        cJSON_AddStringToObject(document, name, text);
        memory_free(text);
    } else {
        cJSON_AddNumberToObject(document, name, (double)number);
    }
}

static void add_taken(cJSON *document, const char *name, char *text)
{
    cJSON_AddStringToObject(document, name, text);
    memory_free(text);
}

/* The tokens for a subject that has proved itself. */
static void reply_tokens(struct login *login, const struct token_subject *subject,
                         const struct scopes *scopes, const char *nonce)
{
    struct identity *identity = login->identity;
    const struct token_attempt attempt = {
        .client = bytes_from_string(subject->client_id),
        .tenant = bytes_from_string(login->tenant),
        .grant = bytes_from_string(login_field(login, "grant_type")),
    };
    const struct token_shape shape = identity_shape(identity, &attempt);
    int64_t seconds = shape.seconds == 0 ? ACCESS_TOKEN_SECONDS : shape.seconds;
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "token_type", "Bearer");
    if (subject->user != NULL && login->flavour != LOGIN_V1) {
        cJSON_AddStringToObject(document, "scope", scopes->granted);
    } else if (subject->user != NULL) {
        cJSON_AddStringToObject(document, "scope", scopes->permissions);
    }
    add_number(login, document, "expires_in", seconds);
    add_number(login, document, "ext_expires_in", seconds);
    if (login->flavour == LOGIN_V1) {
        int64_t now = login->now_ms / 1000;
        add_number(login, document, "expires_on", now + seconds);
        add_number(login, document, "not_before", now);
        cJSON_AddStringToObject(document, "resource", scopes->resource);
    }
    add_taken(document, "access_token",
              claims_access_token(identity, subject, scopes->resource, scopes->permissions, seconds,
                                  &shape));
    if (subject->user != NULL) {
        bool adfs = login->flavour == LOGIN_ADFS;
        if (scopes->offline || adfs) {
            char *kept = login->flavour == LOGIN_V1
                             ? string_duplicate(scopes->resource)
                             : string_format("%s offline_access", scopes->granted);
            add_taken(document, "refresh_token", claims_refresh_token(identity, subject, kept));
            memory_free(kept);
        }
        if (scopes->openid || adfs) {
            char *issuer = login_issuer(login);
            add_taken(document, "id_token",
                      claims_id_token(identity, subject, login->flavour, issuer, nonce));
            memory_free(issuer);
        }
        add_taken(document, "client_info", claims_client_info(identity, subject->user));
    }
    log_info("identity", "token issued client=%s user=%s resource=%s", subject->client_id,
             subject->user != NULL ? subject->user->name : "-", scopes->resource);
    identity_reply_json(login->response, 200, document);
}

/* A parameter that the grant cannot do without; NULL: the error has been answered. */
static const char *field_or_reply(struct login *login, const char *name)
{
    const char *value = login_field(login, name);
    if (value == NULL) {
        login_reply_error(login, LOGIN_MISSING_PARAMETER, name, NULL, NULL);
    }
    return value;
}

static void finish(struct login *login, const struct token_subject *subject, const char *kept,
                   const char *nonce)
{
    struct scopes scopes;
    if (scopes_read_or_reply(login, subject->user == NULL, kept, &scopes)) {
        reply_tokens(login, subject, &scopes, nonce);
    }
    scopes_finish(&scopes);
}

static void grant_client_credentials(struct login *login, struct token_subject *subject)
{
    finish(login, subject, NULL, NULL);
}

static void grant_password(struct login *login, struct token_subject *subject)
{
    const char *name = field_or_reply(login, "username");
    const char *password = name != NULL ? field_or_reply(login, "password") : NULL;
    if (password == NULL) {
        return;
    }
    subject->user = tenant_user(name);
    if (subject->user == NULL) {
        login_reply_error(login, LOGIN_UNKNOWN_USER, login->identity->tenant_id, NULL, NULL);
    } else if (!bytes_equal_secret(bytes_from_string(password),
                                   bytes_from_string(subject->user->password))) {
        login_reply_error(login, LOGIN_WRONG_PASSWORD, NULL, NULL, NULL);
    } else {
        finish(login, subject, NULL, NULL);
    }
}

/*
 * Opens a token that we gave the client to come back with; NULL: the error has been answered.
 * Expiry is the caller's business, because its error differs.
 */
static cJSON *open_or_reply(struct login *login, const char *text, const char *type,
                            struct token_subject *subject)
{
    cJSON *claims = NULL;
    enum token_check check =
        tokens_open(login->identity->tokens, bytes_from_string(text), type, &claims);
    const char *client_id = claims != NULL ? json_string(claims, "client_id") : NULL;
    const char *user = claims != NULL ? json_string(claims, "user") : NULL;
    subject->user = user != NULL ? tenant_user_by_object_id(user) : NULL;
    if (check != TOKEN_GENUINE || client_id == NULL || subject->user == NULL) {
        login_reply_error(login, LOGIN_INVALID_GRANT, NULL, NULL, NULL);
    } else if (strcasecmp(client_id, subject->client_id) != 0 &&
               (public_client_name(client_id) == NULL || subject->application != NULL)) {
        /* Microsoft's own clients are one family and share refresh tokens. */
        login_reply_error(login, LOGIN_OTHER_CLIENTS_GRANT, NULL, NULL, NULL);
    } else {
        return claims;
    }
    cJSON_Delete(claims);
    return NULL;
}

static void grant_refresh_token(struct login *login, struct token_subject *subject)
{
    const char *text = field_or_reply(login, "refresh_token");
    cJSON *claims = text != NULL ? open_or_reply(login, text, TOKEN_TYPE_REFRESH, subject) : NULL;
    int64_t issued = 0, until = 0;
    if (claims == NULL) {
        return;
    }
    json_seconds(claims, "iat", &issued);
    json_seconds(claims, "exp", &until);
    if (login->now_ms / 1000 >= until) {
        char issued_text[32];
        timestamp_format(issued * 1000, issued_text);
        login_reply_error(login, LOGIN_REFRESH_EXPIRED, issued_text, "90.00:00:00", NULL);
    } else {
        finish(login, subject, json_string(claims, "scope"), NULL);
    }
    cJSON_Delete(claims);
}

/* False when the code has been here before. */
static bool redeem(struct identity *identity, const char *id)
{
    for (size_t i = 0; i < REDEEMED_CODES; i++) {
        if (strcmp(identity->redeemed_codes[i], id) == 0) {
            return false;
        }
    }
    char *place = identity->redeemed_codes[identity->next_redeemed_code];
    size_t size = strlen(id) < GUID_SIZE ? strlen(id) : GUID_SIZE;
    memcpy(place, id, size);
    place[size] = '\0';
    identity->next_redeemed_code = (identity->next_redeemed_code + 1) % REDEEMED_CODES;
    return true;
}

/* PKCE: what was promised to /authorize is what is shown now. */
static bool verifier_fits(struct login *login, const cJSON *claims)
{
    const char *challenge = json_string(claims, "code_challenge");
    const char *method = json_string(claims, "code_challenge_method");
    const char *verifier = login_field(login, "code_verifier");
    if (challenge == NULL) {
        return true;
    }
    if (verifier == NULL) {
        return false;
    }
    char digest[44];
    token_digest(bytes_from_string(verifier), digest);
    bool plain = method == NULL || strcasecmp(method, "plain") == 0;
    return strcmp(challenge, plain ? verifier : digest) == 0;
}

static void grant_authorization_code(struct login *login, struct token_subject *subject)
{
    const char *text = field_or_reply(login, "code");
    cJSON *claims = text != NULL ? open_or_reply(login, text, TOKEN_TYPE_CODE, subject) : NULL;
    if (claims == NULL) {
        return;
    }
    const char *id = json_string(claims, "uti");
    const char *then = json_string(claims, "redirect_uri");
    const char *now = login_field(login, "redirect_uri");
    int64_t until = 0;
    json_seconds(claims, "exp", &until);
    if (login->now_ms / 1000 >= until) {
        login_reply_error(login, LOGIN_CODE_EXPIRED, NULL, NULL, NULL);
    } else if (now != NULL && then != NULL && strcmp(now, then) != 0) {
        login_reply_error(login, LOGIN_CODE_ADDRESS, now, then, NULL);
    } else if (!verifier_fits(login, claims)) {
        login_reply_error(login, LOGIN_CODE_VERIFIER, NULL, NULL, NULL);
    } else if (id == NULL || !redeem(login->identity, id)) {
        login_reply_error(login, LOGIN_CODE_REDEEMED, NULL, NULL, NULL);
    } else {
        finish(login, subject, json_string(claims, "scope"), json_string(claims, "nonce"));
    }
    cJSON_Delete(claims);
}

static struct device_sign_in *device_find(struct identity *identity, const char *device_code)
{
    for (size_t i = 0; i < DEVICE_SIGN_INS; i++) {
        struct device_sign_in *sign_in = &identity->device_sign_ins[i];
        if (sign_in->device_code[0] != '\0' && strcmp(sign_in->device_code, device_code) == 0) {
            return sign_in;
        }
    }
    return NULL;
}

/*
 * Nobody is there to enter the user code: the first poll hears that the sign-in is pending, as a
 * client must be able to, and the second has the tokens.
 */
static void grant_device_code(struct login *login, struct token_subject *subject)
{
    const char *code = login_field(login, "device_code");
    if (code == NULL) {
        code = login_field(login, "code"); /* v1's name for it */
    }
    if (code == NULL) {
        login_reply_error(login, LOGIN_MISSING_PARAMETER, "device_code", NULL, NULL);
        return;
    }
    struct device_sign_in *sign_in = device_find(login->identity, code);
    if (sign_in == NULL || strcasecmp(sign_in->client_id, subject->client_id) != 0) {
        login_reply_error(login, LOGIN_DEVICE_UNKNOWN, NULL, NULL, NULL);
    } else if (login->now_ms >= sign_in->expires_at_ms) {
        login_reply_error(login, LOGIN_DEVICE_EXPIRED, NULL, NULL, NULL);
    } else if (sign_in->polls++ == 0) {
        login_reply_error(login, LOGIN_DEVICE_PENDING, NULL, NULL, NULL);
    } else {
        subject->user = tenant_user(IDENTITY_USER_NAME);
        finish(login, subject, sign_in->scope, NULL);
        sign_in->device_code[0] = '\0';
    }
}

/* On behalf of: a token of the user for this application becomes one for another resource. */
static void grant_on_behalf_of(struct login *login, struct token_subject *subject)
{
    const char *use = field_or_reply(login, "requested_token_use");
    const char *assertion = use != NULL ? field_or_reply(login, "assertion") : NULL;
    if (assertion == NULL) {
        return;
    }
    cJSON *claims = NULL;
    enum token_check check = tokens_open(login->identity->tokens, bytes_from_string(assertion),
                                         TOKEN_TYPE_ACCESS, &claims);
    const char *user = claims != NULL ? json_string(claims, "oid") : NULL;
    const char *audience = claims != NULL ? json_string(claims, "aud") : NULL;
    int64_t until = 0;
    subject->user = user != NULL ? tenant_user_by_object_id(user) : NULL;
    bool for_client = audience != NULL && bytes_end_with(bytes_from_string(audience),
                                                         bytes_from_string(subject->client_id));
    if (check != TOKEN_GENUINE || subject->user == NULL || !for_client ||
        !json_seconds(claims, "exp", &until) || login->now_ms / 1000 >= until) {
        login_reply_error(login, LOGIN_INVALID_ASSERTION, NULL, NULL, NULL);
    } else {
        finish(login, subject, NULL, NULL);
    }
    cJSON_Delete(claims);
}

static const struct grant grants[] = {
    {
        .type = "client_credentials",
        .flags = GRANT_NEEDS_CREDENTIAL,
        .run = grant_client_credentials,
    },
    {
        .type = "password",
        .flags = GRANT_NEEDS_TENANT,
        .run = grant_password,
    },
    {
        .type = "refresh_token",
        .run = grant_refresh_token,
    },
    {
        .type = "authorization_code",
        .run = grant_authorization_code,
    },
    {
        .type = "urn:ietf:params:oauth:grant-type:device_code",
        .run = grant_device_code,
    },
    {
        .type = "device_code", /* as ADAL and v1 spell it */
        .run = grant_device_code,
    },
    {
        .type = "urn:ietf:params:oauth:grant-type:jwt-bearer",
        .flags = GRANT_NEEDS_CREDENTIAL,
        .run = grant_on_behalf_of,
    },
};

static const struct grant *grant_find(const char *type)
{
    for (size_t i = 0; i < ARRAY_LEN(grants); i++) {
        if (strcmp(grants[i].type, type) == 0) {
            return &grants[i];
        }
    }
    return NULL;
}

void grants_answer_token(struct login *login)
{
    struct bytes method = login->site->http->method;
    if (!bytes_equal_string(method, "POST")) {
        char *text = bytes_to_string(method);
        login_reply_error(login, LOGIN_ONLY_POST, text, NULL, NULL);
        memory_free(text);
        return;
    }
    const char *type = field_or_reply(login, "grant_type");
    const struct grant *grant = type != NULL ? grant_find(type) : NULL;
    struct token_subject subject;
    if (type == NULL) {
        return;
    }
    if (grant == NULL) {
        login_reply_error(login, LOGIN_UNSUPPORTED_GRANT, type, NULL, NULL);
    } else if ((grant->flags & GRANT_NEEDS_TENANT) != 0 && login->tenant != NULL &&
               strcasecmp(login->tenant, "common") == 0) {
        login_reply_error(login, LOGIN_GRANT_NEEDS_TENANT, NULL, NULL, NULL);
    } else if (client_identify_or_reply(login, (grant->flags & GRANT_NEEDS_CREDENTIAL) != 0,
                                        &subject)) {
        grant->run(login, &subject);
    }
}

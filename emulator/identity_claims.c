/* The claims of the tokens that this tenant gives out. */
#include "emulator/identity_claims.h"

#include <stdio.h>

/* Seconds since 1970 on the emulator's clock. */
static int64_t now_seconds(const struct identity *identity)
{
    return clock_now_ms(identity->clock) / 1000;
}

static void add_dates(cJSON *claims, int64_t now, int64_t lifetime_seconds)
{
    cJSON_AddNumberToObject(claims, "iat", (double)now);
    cJSON_AddNumberToObject(claims, "nbf", (double)now);
    cJSON_AddNumberToObject(claims, "exp", (double)(now + lifetime_seconds));
}

/* A token's own identifier, 22 characters as Entra ID's. */
static void add_identifier(struct identity *identity, cJSON *claims)
{
    char bytes[16];
    random_fill(identity->random, bytes, sizeof(bytes));
    struct buf text;
    buf_init(&text, 64);
    buf_append_base64url(&text, (struct bytes){bytes, sizeof(bytes)});
    cJSON_AddStringToObject(claims, "uti", buf_string(&text));
    buf_finish(&text);
}

static void add_user(cJSON *claims, const struct token_subject *subject, const char *scopes)
{
    const struct user *user = subject->user;
    cJSON_AddStringToObject(claims, "acr", "1");
    cJSON_AddItemToArray(cJSON_AddArrayToObject(claims, "amr"), cJSON_CreateString("pwd"));
    cJSON_AddStringToObject(claims, "family_name", user->family_name);
    cJSON_AddStringToObject(claims, "given_name", user->given_name);
    cJSON_AddStringToObject(claims, "idtyp", "user");
    cJSON_AddStringToObject(claims, "ipaddr", "127.0.0.1");
    cJSON_AddStringToObject(claims, "name", user->display_name);
    cJSON_AddStringToObject(claims, "oid", user->object_id);
    cJSON_AddStringToObject(claims, "puid", "100320000000A1A1");
    cJSON_AddStringToObject(claims, "scp", scopes);
    cJSON_AddStringToObject(claims, "sub", user->object_id);
    cJSON_AddStringToObject(claims, "unique_name", user->name);
    cJSON_AddStringToObject(claims, "upn", user->name);
}

static void add_application(cJSON *claims, const struct token_subject *subject)
{
    const struct application *application = subject->application;
    cJSON_AddStringToObject(claims, "idtyp", "app");
    cJSON_AddStringToObject(claims, "oid", application->object_id);
    cJSON_AddStringToObject(claims, "sub", application->object_id);
    if (application->resource_id != NULL) {
        cJSON_AddStringToObject(claims, "xms_mirid", application->resource_id);
    }
}

char *claims_access_token(struct identity *identity, const struct token_subject *subject,
                          const char *audience, const char *scopes, int64_t lifetime_seconds,
                          const struct token_shape *shape)
{
    char issuer[128];
    snprintf(issuer, sizeof(issuer), "https://sts.windows.net/%s/", identity->tenant_id);
    cJSON *claims = cJSON_CreateObject();
    cJSON_AddStringToObject(claims, "aud", audience);
    cJSON_AddStringToObject(claims, "iss", issuer);
    add_dates(claims, now_seconds(identity) + shape->skew_s, lifetime_seconds);
    cJSON_AddStringToObject(claims, "appid", subject->client_id);
    char proof[] = {(char)('0' + subject->proof), '\0'};
    cJSON_AddStringToObject(claims, "appidacr", proof);
    const char *name = subject->application != NULL ? subject->application->name
                                                    : public_client_name(subject->client_id);
    if (name != NULL) {
        cJSON_AddStringToObject(claims, "app_displayname", name);
    }
    if (subject->user != NULL) {
        add_user(claims, subject, scopes);
    } else {
        cJSON_AddStringToObject(claims, "idp", issuer);
        add_application(claims, subject);
    }
    cJSON_AddStringToObject(claims, "tid", identity->tenant_id);
    add_identifier(identity, claims);
    cJSON_AddStringToObject(claims, "ver", "1.0");
    char *token =
        tokens_sign(identity_tokens(identity, shape->other_key), TOKEN_TYPE_ACCESS, claims);
    cJSON_Delete(claims);
    return token;
}

char *claims_id_token(struct identity *identity, const struct token_subject *subject,
                      enum login_flavour flavour, const char *issuer, const char *nonce)
{
    const struct user *user = subject->user;
    cJSON *claims = cJSON_CreateObject();
    cJSON_AddStringToObject(claims, "aud", subject->client_id);
    cJSON_AddStringToObject(claims, "iss", issuer);
    add_dates(claims, now_seconds(identity), ACCESS_TOKEN_SECONDS);
    if (nonce != NULL) {
        cJSON_AddStringToObject(claims, "nonce", nonce);
    }
    cJSON_AddStringToObject(claims, "name", user->display_name);
    cJSON_AddStringToObject(claims, "oid", user->object_id);
    cJSON_AddStringToObject(claims, "sub", user->object_id);
    cJSON_AddStringToObject(claims, "tid", identity->tenant_id);
    cJSON_AddStringToObject(claims, "upn", user->name);
    cJSON_AddStringToObject(claims, "unique_name", user->name);
    cJSON_AddStringToObject(claims, "preferred_username", user->name);
    cJSON_AddStringToObject(claims, "email", user->name);
    add_identifier(identity, claims);
    cJSON_AddStringToObject(claims, "ver", flavour == LOGIN_V2 ? "2.0" : "1.0");
    char *token = tokens_sign(identity->tokens, TOKEN_TYPE_ACCESS, claims);
    cJSON_Delete(claims);
    return token;
}

char *claims_refresh_token(struct identity *identity, const struct token_subject *subject,
                           const char *scopes)
{
    cJSON *claims = cJSON_CreateObject();
    cJSON_AddStringToObject(claims, "client_id", subject->client_id);
    cJSON_AddStringToObject(claims, "user", subject->user->object_id);
    cJSON_AddStringToObject(claims, "tid", identity->tenant_id);
    if (scopes != NULL) {
        cJSON_AddStringToObject(claims, "scope", scopes);
    }
    add_dates(claims, now_seconds(identity), REFRESH_TOKEN_SECONDS);
    add_identifier(identity, claims);
    char *token = tokens_sign(identity->tokens, TOKEN_TYPE_REFRESH, claims);
    cJSON_Delete(claims);
    return token;
}

char *claims_client_info(const struct identity *identity, const struct user *user)
{
    char *text =
        string_format("{\"uid\":\"%s\",\"utid\":\"%s\"}", user->object_id, identity->tenant_id);
    struct buf encoded;
    buf_init(&encoded, 1024);
    buf_append_base64url(&encoded, bytes_from_string(text));
    char *result = bytes_to_string(buf_bytes(&encoded));
    buf_finish(&encoded);
    memory_free(text);
    return result;
}

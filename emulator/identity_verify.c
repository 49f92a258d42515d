/* Verification of the tokens of this tenant, for the management API and the data planes. */
#include "emulator/identity.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "emulator/identity_errors.h"
#include "emulator/identity_state.h"

#define CLOCK_SKEW_SECONDS 300

/* "11/20/2026 10:20:05 PM", as the management API writes times in these errors. */
static void american_time(int64_t seconds, char text[64])
{
    time_t time = (time_t)seconds;
    struct tm parts;
    gmtime_r(&time, &parts);
    int hour = parts.tm_hour % 12 == 0 ? 12 : parts.tm_hour % 12;
    snprintf(text, 64, "%d/%d/%d %d:%02d:%02d %s", parts.tm_mon + 1, parts.tm_mday,
             parts.tm_year + 1900, hour, parts.tm_min, parts.tm_sec,
             parts.tm_hour < 12 ? "AM" : "PM");
}

static bool tenant_fits(const struct identity *identity, const cJSON *claims,
                        struct arm_error *error)
{
    const char *issuer = json_string(claims, "iss");
    const char *tenant = json_string(claims, "tid");
    if (issuer == NULL || tenant == NULL) {
        token_refuse(error, TOKEN_INVALID, NULL, NULL);
        return false;
    }
    char ours[128];
    snprintf(ours, sizeof(ours), "https://sts.windows.net/%s/", identity->tenant_id);
    if (strcasecmp(tenant, identity->tenant_id) != 0 || strcasecmp(issuer, ours) != 0) {
        token_refuse(error, TOKEN_WRONG_TENANT, issuer, identity->tenant_id);
        return false;
    }
    return true;
}

static bool dates_fit(const struct identity *identity, const cJSON *claims, int64_t *until,
                      struct arm_error *error)
{
    int64_t now = clock_now_ms(identity->clock) / 1000;
    int64_t from = 0;
    json_seconds(claims, "nbf", &from);
    if (!json_seconds(claims, "exp", until) || from > now + CLOCK_SKEW_SECONDS) {
        token_refuse(error, TOKEN_INVALID, NULL, NULL);
        return false;
    }
    if (now >= *until) {
        char until_text[64], now_text[64];
        american_time(*until, until_text);
        american_time(now, now_text);
        token_refuse(error, TOKEN_EXPIRED, until_text, now_text);
        return false;
    }
    return true;
}

static bool audience_fits(const cJSON *claims, const char *const *audiences,
                          struct arm_error *error)
{
    const char *audience = json_string(claims, "aud");
    struct buf allowed;
    buf_init(&allowed, 1024);
    bool fits = false;
    for (size_t i = 0; audience != NULL && audiences[i] != NULL && !fits; i++) {
        fits = bytes_match_glob(bytes_from_string(audiences[i]), bytes_from_string(audience), true);
        if (strpbrk(audiences[i], "*?[") == NULL) {
            buf_printf(&allowed, "%s'%s'", allowed.size > 0 ? "," : "", audiences[i]);
        }
    }
    if (!fits) {
        token_refuse(error, TOKEN_WRONG_AUDIENCE, audience, buf_string(&allowed));
    }
    buf_finish(&allowed);
    return fits;
}

static void copy_claim(const cJSON *claims, const char *name, char *text, size_t size)
{
    const char *value = json_string(claims, name);
    snprintf(text, size, "%s", value != NULL ? value : "");
}

static bool claims_take(const cJSON *payload, struct token_claims *claims, struct arm_error *error)
{
    struct arm_principal *principal = &claims->principal;
    copy_claim(payload, "oid", principal->object_id, sizeof(principal->object_id));
    if (principal->object_id[0] == '\0') {
        token_refuse(error, TOKEN_WITHOUT_OBJECT_ID, NULL, NULL);
        return false;
    }
    bool user = json_string(payload, "upn") != NULL;
    copy_claim(payload, "tid", principal->tenant_id, sizeof(principal->tenant_id));
    if (!user) {
        copy_claim(payload, "appid", principal->application_id, sizeof(principal->application_id));
    }
    copy_claim(payload, user ? "upn" : "app_displayname", principal->name, sizeof(principal->name));
    return true;
}

/* A fault may have replaced the key that tokens of this client are checked by. */
static struct tokens *checking_tokens(struct identity *identity, struct bytes token)
{
    cJSON *header, *payload;

    if (identity->faults.other_key == NULL || !token_read(token, &header, &payload)) {
        return identity->tokens;
    }
    const struct token_attempt attempt = {
        .client = bytes_from_string(json_string(payload, "appid")),
        .tenant = bytes_from_string(json_string(payload, "tid")),
    };
    struct tokens *tokens = identity_check_tokens(identity, &attempt);
    cJSON_Delete(header);
    cJSON_Delete(payload);
    return tokens;
}

bool identity_verify(struct identity *identity, struct bytes token, const char *const *audiences,
                     struct token_claims *claims, struct arm_error *error)
{
    *claims = (struct token_claims){0};
    if (token.size == 0) {
        token_refuse(error, TOKEN_MISSING, NULL, NULL);
        return false;
    }
    cJSON *payload = NULL;
    enum token_check check =
        tokens_open(checking_tokens(identity, token), token, TOKEN_TYPE_ACCESS, &payload);
    int64_t until = 0;
    bool good = false;
    if (check == TOKEN_MALFORMED) {
        token_refuse(error, TOKEN_INVALID, NULL, NULL);
    } else if (!tenant_fits(identity, payload, error)) {
        /* Said before the signature is: a token of the real Azure is the usual mistake. */
        good = false;
    } else if (check != TOKEN_GENUINE) {
        token_refuse(error, TOKEN_INVALID, NULL, NULL);
    } else {
        copy_claim(payload, "aud", claims->audience, sizeof(claims->audience));
        good = dates_fit(identity, payload, &until, error) &&
               audience_fits(payload, audiences, error) && claims_take(payload, claims, error);
        claims->expires_at_ms = until * 1000;
    }
    cJSON_Delete(payload);
    return good;
}

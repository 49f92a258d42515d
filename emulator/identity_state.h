/*
 * What the files of the identity plane share: its state, one login request, and the way answers
 * are written. Not for use outside emulator/identity*, metadata and managed_identity.
 */
#ifndef EMULATOR_IDENTITY_STATE_H
#define EMULATOR_IDENTITY_STATE_H

#include <cjson/cJSON.h>

#include "emulator/identity.h"
#include "emulator/identity_tenant.h"
#include "emulator/tokens.h"

/* A sign-in by device code that is under way. */
struct device_sign_in {
    char device_code[64]; /* empty: a free place */
    char user_code[16];
    char client_id[64];
    char *scope;
    int64_t expires_at_ms;
    unsigned polls;
};

#define DEVICE_SIGN_INS 64
#define REDEEMED_CODES 256
#define SITE_COUNT 5

struct identity {
    struct clock *clock;
    struct random *random;
    char *tenant_id, *subscription_id, *client_id, *client_secret;
    struct tokens *tokens;
    struct tokens *other_tokens; /* another key, once a fault wants it */
    struct identity_faults faults;
    struct tenant tenant;
    struct device_sign_in device_sign_ins[DEVICE_SIGN_INS];
    size_t next_device_sign_in;
    /* Authorization codes are good once: the ids of those seen last. */
    char redeemed_codes[REDEEMED_CODES][GUID_SIZE + 1];
    size_t next_redeemed_code;
    struct site sites[SITE_COUNT];
};

/* The three families of endpoints differ in paths, parameters and the shape of answers. */
enum login_flavour {
    LOGIN_V1,   /* /{tenant}/oauth2/token, `resource` */
    LOGIN_V2,   /* /{tenant}/oauth2/v2.0/token, `scope` */
    LOGIN_ADFS, /* /adfs/oauth2/token: v2 without tenants and without instance discovery */
};

#define LOGIN_SEGMENTS 8
#define LOGIN_FIELDS 32

struct login_field {
    const char *name;
    char *value;
};

/* One request to a login endpoint, being answered. */
struct login {
    struct identity *identity;
    const struct site_request *site;
    struct http_response *response;
    enum login_flavour flavour;
    char *segments[LOGIN_SEGMENTS]; /* of the path, decoded, empty ones dropped */
    size_t segment_count;
    const char *tenant; /* as the path has it; NULL when it has none */
    char trace_id[GUID_SIZE + 1], correlation_id[GUID_SIZE + 1];
    int64_t now_ms;                          /* read once, so that all dates of an answer agree */
    struct login_field fields[LOGIN_FIELDS]; /* read so far */
    size_t field_count;
};

/*
 * A parameter of the form (POST) or the query (anything else), decoded; NULL when absent or
 * empty. Borrowed until the request is answered.
 */
const char *login_field(struct login *login, const char *name);
/* "https://AUTHORITY/rest", the authority being what the client called us; owned, memory_free. */
char *login_url(const struct login *login, const char *format, ...) PRINTF_LIKE(2, 3);

/* How the token of this client is dated and signed. */
struct token_shape identity_shape(struct identity *identity, const struct token_attempt *attempt);
/* The key by which tokens of this client are checked. */
struct tokens *identity_tokens(struct identity *identity, bool other_key);
struct tokens *identity_check_tokens(struct identity *identity,
                                     const struct token_attempt *attempt);

/* Writes the document as the body of a JSON answer and deletes it. */
void identity_reply_json(struct http_response *response, int status, cJSON *document);
/* A page or a line for people. */
void identity_reply_text(struct http_response *response, int status, const char *type,
                         const char *text);

/*
 * Terminated copy of what a client sent, each byte that is not part of UTF-8 (or is zero) replaced
 * by U+FFFD: it may be quoted in JSON. Owned by the caller.
 */
char *text_make_valid(struct bytes text);

/* The string of that name in a document; NULL when there is none. */
const char *json_string(const cJSON *document, const char *name);
/* The whole number of that name; false when there is none. */
bool json_seconds(const cJSON *document, const char *name, int64_t *seconds);

/* Splits a path at slashes into decoded segments, dropping empty ones; -1 for too many. */
int path_segments(struct bytes path, char **segments, size_t limit);
void path_segments_free(char **segments, size_t count);

#endif

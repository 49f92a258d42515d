/*
 * Every error of the login endpoints in Entra ID's words, and every reason to refuse a token in
 * the words of the management API. Texts live here and nowhere else.
 */
#ifndef EMULATOR_IDENTITY_ERRORS_H
#define EMULATOR_IDENTITY_ERRORS_H

#include "emulator/identity_state.h"

/* Named by their AADSTS numbers' meaning; the numbers are in the rows. */
enum login_error {
    LOGIN_MISSING_PARAMETER,  /* {0}: its name */
    LOGIN_ONLY_POST,          /* {0}: the method sent */
    LOGIN_UNSUPPORTED_GRANT,  /* {0}: the grant type */
    LOGIN_GRANT_NEEDS_TENANT, /* not over /common */
    LOGIN_UNKNOWN_TENANT,     /* {0}: as the path has it */
    LOGIN_UNKNOWN_TENANT_DISCOVERY,
    LOGIN_INVALID_TENANT, /* {0}: as the path has it */
    LOGIN_UNKNOWN_INSTANCE,
    LOGIN_UNKNOWN_CLIENT, /* {0}: client id, {1}: tenant */
    LOGIN_WRONG_SECRET,   /* {0}: client id */
    LOGIN_MISSING_CREDENTIAL,
    LOGIN_MALFORMED_ASSERTION,
    LOGIN_ASSERTION_OTHER_CLIENT,
    LOGIN_ASSERTION_AUDIENCE,  /* {0}: the audience, {1}: what it should be */
    LOGIN_ASSERTION_EXPIRED,   /* {0}: now, {1}: valid from, {2}: expiry */
    LOGIN_ASSERTION_SIGNATURE, /* {0}: reason */
    LOGIN_FEDERATED_AUDIENCE,  /* {0}: the audience */
    LOGIN_WRONG_PASSWORD,
    LOGIN_UNKNOWN_USER,            /* {0}: tenant */
    LOGIN_INVALID_SCOPE,           /* {0}: the scope */
    LOGIN_SCOPE_NOT_DEFAULT,       /* {0}: the scope */
    LOGIN_SCOPE_SEVERAL_RESOURCES, /* {0}: the scope */
    LOGIN_UNKNOWN_RESOURCE,        /* {0}: the resource, {1}: tenant */
    LOGIN_INVALID_GRANT,
    LOGIN_OTHER_CLIENTS_GRANT,
    LOGIN_REFRESH_EXPIRED, /* {0}: issued, {1}: days.hh:mm:ss */
    LOGIN_CODE_EXPIRED,
    LOGIN_CODE_REDEEMED,
    LOGIN_CODE_VERIFIER,
    LOGIN_CODE_ADDRESS, /* {0}: now, {1}: then */
    LOGIN_DEVICE_PENDING,
    LOGIN_DEVICE_EXPIRED,
    LOGIN_DEVICE_UNKNOWN,
    LOGIN_INVALID_ASSERTION, /* on behalf of */
    LOGIN_REPLY_ADDRESS,     /* {0}: redirect_uri, {1}: client id */
    LOGIN_RESPONSE_TYPE,     /* {0}: response_type */
};

/* Answers with the JSON document of that error; texts fill {0}, {1}, {2} and may be NULL. */
void login_reply_error(struct login *login, enum login_error error, const char *text0,
                       const char *text1, const char *text2);
/* The same with words that are no row: a fault's. */
void login_reply_refusal(struct login *login, const struct token_refusal_words *words);
/* "AADSTS500011: The resource principal ...", for endpoints with documents of their own. */
char *login_error_text(enum login_error error, const char *text0, const char *text1);

enum token_refusal {
    TOKEN_MISSING,
    TOKEN_INVALID,
    TOKEN_WRONG_TENANT,   /* {0}: its issuer, {1}: our tenant */
    TOKEN_EXPIRED,        /* {0}: expiry, {1}: now */
    TOKEN_WRONG_AUDIENCE, /* {0}: its audience, {1}: those allowed, quoted */
    TOKEN_WITHOUT_OBJECT_ID,
};
void token_refuse(struct arm_error *error, enum token_refusal refusal, const char *text0,
                  const char *text1);

#endif

/* What faults may do to Entra ID: whom it refuses, and how it dates and signs its tokens. */
#ifndef EMULATOR_IDENTITY_FAULTS_H
#define EMULATOR_IDENTITY_FAULTS_H

#include "emulator/site.h"

/* Who asks for a token, as far as it is known. Borrowed. */
struct token_attempt {
    struct bytes client, tenant, grant;
};

struct token_refusal_words {
    int status;
    int code;           /* AADSTS... */
    char error[64];     /* OAuth's word */
    char message[1024]; /* behind "AADSTS7000222: " */
    int64_t retry_after_s;
};

struct token_shape {
    int64_t seconds; /* 0: as ever */
    int64_t skew_s;
    bool other_key;
};

/* Every callback may be NULL. */
struct identity_faults {
    void *context;
    /* False: refused, in these words. */
    bool (*admit)(void *context, const struct site_request *request,
                  const struct token_attempt *attempt, struct token_refusal_words *words);
    void (*shape)(void *context, const struct token_attempt *attempt, struct token_shape *shape);
    /* Whether tokens are checked by another key now. */
    bool (*other_key)(void *context, const struct token_attempt *attempt);
};

#endif

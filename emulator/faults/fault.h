/*
 * What a kind of fault is. Each file of this folder named after a family ends in a table of rows;
 * a row's `decide` is a pure function: from what is about to happen (the subject) and from the
 * rule's attributes it makes a verdict. Verdicts are carried out elsewhere, by code that never
 * asks which kind it was. Words and attributes of the network family are Toxiproxy's.
 */
#ifndef EMULATOR_FAULTS_FAULT_H
#define EMULATOR_FAULTS_FAULT_H

#include "base/bytes.h"
#include "base/random.h"

/* Where a rule acts. The names are in match.c. */
enum fault_plane {
    FAULT_ARM,
    FAULT_REDIS,
    FAULT_ENTRA,
    FAULT_KEYVAULT,
    FAULT_MONITOR,
    FAULT_TLS,
    FAULT_TCP,
    FAULT_DNS,
    FAULT_OPERATION, /* a long-running one of the management API */
    FAULT_PLANES
};
#define FAULT_BIT(number) (1u << (number))

/* When. */
enum fault_moment {
    FAULT_AT_CONNECT,  /* tcp: a connection begins; redis: a client comes; tls: a hello came */
    FAULT_AT_REQUEST,  /* a command, an HTTP request, a query */
    FAULT_AT_MESSAGE,  /* redis: a published message is about to reach a subscriber */
    FAULT_AT_TOKEN,    /* entra: a token is made */
    FAULT_AT_CHECK,    /* entra: a token is checked */
    FAULT_AT_DUE,      /* operation: it is about to end */
    FAULT_AT_POLL,     /* operation: a client asks how it is */
    FAULT_AT_ELECTION, /* redis: a node in `zone` could become the primary */
    FAULT_AT_STEP,     /* the rule has become active, or its next step is due */
};

/* What `match` may speak of. */
enum fault_key {
    FAULT_KEY_CACHE,
    FAULT_KEY_COMMAND,
    FAULT_KEY_KEY,
    FAULT_KEY_CLIENT,
    FAULT_KEY_ADDRESS,
    FAULT_KEY_DATABASE,
    FAULT_KEY_OPERATION,
    FAULT_KEY_RESOURCE,
    FAULT_KEY_RESOURCE_TYPE,
    FAULT_KEY_LOCATION,
    FAULT_KEY_SKU,
    FAULT_KEY_METHOD,
    FAULT_KEY_PRINCIPAL,
    FAULT_KEY_API_VERSION,
    FAULT_KEY_TENANT,
    FAULT_KEY_GRANT,
    FAULT_KEY_VAULT,
    FAULT_KEY_SECRET,
    FAULT_KEY_PORT,
    FAULT_KEY_NAME,
    FAULT_KEYS
};

/* What is about to happen. All views are borrowed for the call; what is not known stays empty. */
struct fault_subject {
    enum fault_plane plane;
    enum fault_moment moment;
    struct bytes values[FAULT_KEYS];
    const struct bytes *keys; /* of a command with several; else values[FAULT_KEY_KEY] */
    size_t key_count;
    unsigned groups;     /* enum command_category, of a command */
    bool write;          /* the command changes data */
    bool while_loading;  /* the command is answered even while a server loads */
    bool scheduled;      /* redis: the cache's planned maintenance falls into windows of its own */
    bool needs_memory;   /* the command is refused when memory is full */
    int64_t age_ms;      /* arm: since the resource was made; -1 unknown */
    int64_t duration_ms; /* operation: as long as it was to take */
    bool postponed;      /* operation: has been before */
    unsigned step;       /* FAULT_AT_STEP: counts from 0 */
    char zone;           /* redis: of the node that the client is at or wants; 0 unknown */
    /*
     * Rules that became active before this order number have been asked already (connections are
     * looked at again when rules change). 0: all rules.
     */
    uint64_t since;
    unsigned only_keys; /* only rules that match by one of these keys; 0: all rules */
};

/* ---- Attributes ---- */

enum fault_attribute_type {
    FAULT_NUMBER, /* from `least` to `most` */
    FAULT_WHOLE,
    FAULT_MILLISECONDS, /* a number of them, or a duration with a unit: "250ms" */
    FAULT_DURATION,     /* as on the command line: "90s"; a bare number is seconds */
    FAULT_TEXT,
    FAULT_CHOICE,
    FAULT_FLAG,
};

struct fault_attribute {
    const char *name;
    enum fault_attribute_type type;
    double least, most;         /* of numbers; milliseconds for the two kinds of time */
    double fallback;            /* of numbers and flags */
    const char *text;           /* the default of texts and choices; NULL: none */
    const char *const *choices; /* NULL-terminated */
    bool required;
};

/* As parsed: numbers, flags and times (in milliseconds) in `number`. */
struct fault_value {
    double number;
    char *text; /* owned; NULL: none */
};

enum { FAULT_MOST_ATTRIBUTES = 12 };

/* ---- Verdicts ---- */

enum fault_ending { FAULT_GOES_ON, FAULT_CLOSES, FAULT_RESETS };
enum fault_direction { FAULT_DOWNSTREAM, FAULT_UPSTREAM, FAULT_BOTH_WAYS };
enum fault_certificate {
    FAULT_TRUE_CERTIFICATE,
    FAULT_EXPIRED_CERTIFICATE,
    FAULT_FUTURE_CERTIFICATE,
    FAULT_OTHER_HOSTS_CERTIFICATE,
    FAULT_FOREIGN_CERTIFICATE, /* of an authority that nobody trusts */
    FAULT_RENEWED_CERTIFICATE, /* good, but another one with another key */
};
enum fault_stay { FAULT_NOT_LATER = 0, FAULT_FOR_EVER = -1 };

/* Everything zero: nothing acts. Texts of verdicts are copies or literals. */
struct fault_verdict {
    char rule[64]; /* filled in by the engine */
    uint64_t serial;
    bool quiet; /* prepares only: counts as no firing */

    /* Time and endings, for every plane. */
    int64_t delay_ms, jitter_ms;
    bool silent; /* no answer at all */
    enum fault_ending ending;
    int64_t ending_ms; /* after so long; FAULT_FOR_EVER: only once the rule has gone */

    /* A stream of bytes (tcp). */
    enum fault_direction direction;
    double bytes_per_second;             /* 0: no limit */
    int64_t slice_size, slice_variation; /* 0: not sliced */
    int64_t slice_pause_us;
    int64_t byte_limit; /* -1: none */
    int64_t close_delay_ms;
    bool blocked; /* nothing passes */
    bool down;    /* nobody gets in */

    /* An HTTP answer; status 0: the request is served. */
    int status;
    bool served; /* it takes effect all the same, only its answer is this one */
    bool from_provider;
    bool html;
    int64_t retry_after_s; /* 0: no header */
    char code[96];
    char detail[96]; /* innererror of Key Vault, OAuth's word of Entra */
    char message[1024];

    /* A token. */
    int64_t token_seconds; /* 0: as ever */
    int64_t skew_s;
    bool other_key;

    /* A long-running operation. */
    int64_t later_ms; /* it ends so much later, FAULT_FOR_EVER: not while the rule is there */
    bool fails;       /* with code and message */

    /* A Redis command. */
    char error[512]; /* answered instead of running; empty: none */
    char raw[512];   /* RESP in place of the answer; empty: none */
    bool drop_answer;
    bool run; /* although `error` or `raw` is answered */
    bool lose_message;
    int64_t stale_ms; /* > 0: reads see data that is up to so old */
    bool expire_keys; /* those of the command that have an expiry */
    int64_t expire_within_ms;
    int64_t stall_ms;   /* the whole cache waits */
    double memory_fill; /* the share of maxmemory that is taken by others */
    int64_t evict_keys;
    double evict_share;

    /* A handshake. */
    enum fault_certificate certificate;
    bool stall_handshake;
    int tls_maximum; /* as enum tls_version; 0: as ever */

    /* A name. */
    bool no_such_name;
    char address[64]; /* answered instead; empty: the true one */

    /* The life of the caches that the rule matches. */
    const char *event;       /* NotificationType of AzureRedisEvents; NULL: none */
    int64_t event_starts_ms; /* from now */
    bool event_replica;
    bool cut, lose_data, promote;
    char zone;              /* whose nodes are gone; 0: none */
    bool planned;           /* maintenance: where a cache has windows it waits for the next */
    int64_t plan_ms;        /* with it: the notice, said at the first step; -1 at others */
    const char *rotate_key; /* "Primary", "Secondary"; NULL: none */
    int64_t next_ms;        /* when the next step is due; -1: this was the last */
};

/* ---- Kinds ---- */

struct fault_kind;

/* A rule as `decide` sees it. */
struct fault {
    const struct fault_kind *kind;
    const struct fault_value *values; /* in the order of the kind's attributes */
    int64_t elapsed_ms;               /* since the rule became active */
    struct random *random;
};

/* What a preset answers: the real service's own words. */
struct fault_preset {
    int status;
    const char *code;
    const char *message; /* {name}, {resource}, {location} ... stand for parts of the subject */
    const char *detail;
    int retry_after_s;
    bool from_provider;
};

struct fault_kind {
    const char *name;
    unsigned planes, moments; /* FAULT_BITs */
    const char *summary;
    const struct fault_attribute *attributes; /* ends with a zero row; NULL: none */
    /* False: this rule leaves this subject alone. */
    bool (*decide)(const struct fault *fault, const struct fault_subject *subject,
                   struct fault_verdict *verdict);
    struct fault_preset preset;
    /* Rules across attributes; false with one line in `error`. May be NULL. */
    bool (*check)(const struct fault *fault, struct buf *error);
};

struct fault_family {
    const char *name;
    const struct fault_kind *kinds;
    size_t count;
};

/* The value of an attribute that the kind has. */
double fault_number(const struct fault *fault, const char *name);
bool fault_flag(const struct fault *fault, const char *name);
const char *fault_text(const struct fault *fault, const char *name); /* "" when there is none */
/* Whether the kind has that attribute and the rule gives it a value (a text, or a number not 0). */
bool fault_has(const struct fault *fault, const char *name);
/* A text with the subject's parts filled in; cut to `size`. */
void fault_fill(const char *text, const struct fault *fault, const struct fault_subject *subject,
                char *target, size_t size);
/* A text without parts to fill in; cut. */
void fault_copy(const char *text, char *target, size_t size);

/* ---- kinds.c ---- */
const struct fault_family *const *fault_families(size_t *count);
/* The row of that name for a plane; `plane` FAULT_PLANES: any. NULL: there is none. */
const struct fault_kind *fault_kind_find(struct bytes name, enum fault_plane plane);
/* All planes in which a kind of that name acts, as bits. */
unsigned fault_kind_planes(struct bytes name);

#endif

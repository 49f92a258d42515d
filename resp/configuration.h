/*
 * The settings of an instance, as CONFIG shows and changes them: one row each, values kept as
 * text in Redis's own normal form.
 */
#ifndef RESP_CONFIGURATION_H
#define RESP_CONFIGURATION_H

#include "base/bytes.h"

struct call;
struct instance;
struct session;

enum setting_kind {
    SETTING_TEXT,
    SETTING_BOOL,   /* yes, no */
    SETTING_NUMBER, /* minimum to maximum */
    SETTING_MEMORY, /* bytes, with units k, kb, m, mb, g, gb */
    SETTING_CHOICE,
};

struct setting {
    const char *name, *alias; /* the alias is an older name for the same value */
    enum setting_kind kind;
    const char *fallback;
    int64_t minimum, maximum;   /* of SETTING_MEMORY: unsigned; 0 is the most of 63 bits */
    const char *const *choices; /* ended by NULL */
    bool immutable;             /* CONFIG SET refuses it */
    bool at_start;              /* immutable, but given at the start it has an effect */
    bool guarded;               /* CONFIG SET takes it where enable-protected-configs says so */
    bool managed;               /* Azure Managed Redis shows it and lets it be changed */
    const char *since;          /* NULL: always */
};

extern const struct setting setting_rows[]; /* ends with a zero row */

struct configuration {
    char **values; /* in the order of setting_rows */
};

void configuration_init(struct configuration *configuration);
void configuration_finish(struct configuration *configuration);

/* Index of a row by name or alias in any case; -1: unknown. */
int setting_find(struct bytes name);
/* Whether clients of the instance may see and change it. */
bool setting_offered(const struct instance *instance, const struct setting *setting);
const char *setting_value(const struct instance *instance, const char *name);
int64_t setting_number(const struct instance *instance, const char *name);
/*
 * Whether a client may use what a setting of "no", "yes" and "local" guards. "local": it is on this
 * machine.
 */
bool setting_permits(const struct session *session, const char *name);
/* The same for a command, with Redis's refusal. */
bool permitted_or_reply(struct call *call, const char *command, const char *setting);
/* Bytes with an optional unit, as Redis reads them ("100mb"). */
bool memory_amount_parse(struct bytes text, int64_t *amount);

/*
 * The normal form of a value for a row, memory_free; NULL when it does not fit, with Redis's
 * words in `error`. `present` is the value so far.
 */
char *setting_normalize(const struct setting *setting, struct bytes value, const char *present,
                        struct buf *error);
/* Stores a normal form (taken) and lets it take effect. */
void setting_store_take(struct instance *instance, int index, char *value);
/*
 * What a start may say of a setting: those that CONFIG SET takes, and some that it does not. False
 * with the reason in `error`; `instance` NULL: it is only looked at.
 */
bool setting_give(struct instance *instance, struct bytes name, struct bytes value,
                  struct buf *error);
/* What the host decided (maxmemory, policy, notifications, clients) shown in the settings. */
void configuration_mirror(struct instance *instance);

#endif

/*
 * Who may come into a cache: the holders of its keys, and those whom access policies name, with
 * tokens of Entra ID. Verifies no token itself.
 */
#ifndef EMULATOR_CACHE_ACCESS_H
#define EMULATOR_CACHE_ACCESS_H

#include "arm/host.h"

struct cache;

/* What a verified token says. */
struct cache_token {
    char object_id[64];
    int64_t ends_at_ms;
};

/* An access policy's assignment; all texts owned. */
struct cache_identity {
    char *object_id, *alias, *permissions;
};

struct cache_access {
    bool keys_disabled, entra_enabled;
    struct cache_identity *identities;
    size_t count;
};

/*
 * Takes it over from what ARM says, and tells the instances. Connections that would not be let in
 * any more are cut: by keys that are disabled, by assignments that are gone, from addresses that
 * are refused now.
 */
void cache_access_apply(struct cache *cache, const struct arm_cache *arm);
void cache_access_finish(struct cache_access *access); /* a zeroed one is fine */

bool cache_access_by_key(const struct cache *cache, struct bytes key);
/* Whom the user name of an AUTH means: an object ID or its alias. NULL: nobody. */
const struct cache_identity *cache_access_find(const struct cache *cache, struct bytes user);

#endif

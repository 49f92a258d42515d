#include "emulator/cache_access.h"

#include "base/log.h"
#include "emulator/cache_host.h"
#include "resp/session.h"

static void free_identities(struct cache_access *access)
{
    for (size_t i = 0; i < access->count; i++) {
        memory_free(access->identities[i].object_id);
        memory_free(access->identities[i].alias);
        memory_free(access->identities[i].permissions);
    }
    memory_free(access->identities);
    access->identities = NULL;
    access->count = 0;
}

void cache_access_finish(struct cache_access *access)
{
    free_identities(access);
}

static void take_identities(struct cache_access *access, const struct arm_cache *arm)
{
    size_t count = arm->entra_enabled ? arm->access_count : 0;
    free_identities(access);
    access->identities = memory_allocate_zeroed(count * sizeof(*access->identities) + 1);
    access->count = count;
    for (size_t i = 0; i < count; i++) {
        access->identities[i] = (struct cache_identity){
            .object_id = bytes_to_string(arm->accesses[i].object_id),
            .alias = bytes_to_string(arm->accesses[i].alias),
            .permissions = bytes_to_string(arm->accesses[i].permissions),
        };
    }
}

static void cut_unwelcome(void *context, struct session *session)
{
    const struct cache *cache = context;
    bool by_key = session_authenticated(session) && !session_has_account(session);
    const char *reason = network_rules_refusal(&cache->network, session_address(session),
                                               session_local_address(session));
    if (reason == NULL && by_key && cache->access.keys_disabled) {
        reason = "access keys are disabled";
    }
    if (reason != NULL) {
        struct bytes peer = session_address(session);
        log_info("redis", "cut name=%s peer=%.*s reason=\"%s\"", cache->name, (int)peer.size,
                 peer.data, reason);
        session_close(session);
    }
}

void cache_access_apply(struct cache *cache, const struct arm_cache *arm)
{
    struct cache_access *access = &cache->access;
    access->keys_disabled = arm->access_keys_disabled;
    access->entra_enabled = arm->entra_enabled;
    take_identities(access, arm);

    struct bytes none = {0};
    struct instance_account *accounts = memory_allocate(access->count * sizeof(*accounts) + 1);
    for (size_t i = 0; i < access->count; i++) {
        accounts[i] =
            (struct instance_account){bytes_from_string(access->identities[i].object_id),
                                      bytes_from_string(access->identities[i].permissions)};
    }
    for (int i = 0; i < cache_instance_count(cache); i++) {
        struct instance *instance = cache_instance(cache, i);
        instance_set_keys(instance, access->keys_disabled ? none : arm->primary_key,
                          access->keys_disabled ? none : arm->secondary_key);
        instance_set_accounts(instance, accounts, access->count);
        instance_each_session(instance, cut_unwelcome, cache);
    }
    memory_free(accounts);
}

bool cache_access_by_key(const struct cache *cache, struct bytes key)
{
    return !cache->access.keys_disabled &&
           (bytes_equal_secret(key, bytes_from_string(cache->primary_key)) ||
            bytes_equal_secret(key, bytes_from_string(cache->secondary_key)));
}

const struct cache_identity *cache_access_find(const struct cache *cache, struct bytes user)
{
    for (size_t i = 0; i < cache->access.count; i++) {
        const struct cache_identity *identity = &cache->access.identities[i];
        if (bytes_equal_string_nocase(user, identity->object_id) ||
            (identity->alias[0] != '\0' && bytes_equal_string(user, identity->alias))) {
            return identity;
        }
    }
    return NULL;
}

/*
 * Key Vault's place at the front door: the hosts of vaults, the challenge that tells clients which
 * token to bring, and the check of the token. What a vault does is arm/vaults/'s.
 */
#ifndef EMULATOR_KEY_VAULT_H
#define EMULATOR_KEY_VAULT_H

#include "arm/service.h"
#include "emulator/identity.h"
#include "emulator/site.h"

struct key_vault;

/* Both outlive it. */
struct key_vault *key_vault_create(struct arm_service *service, struct identity *identity,
                                   const char *tenant_id);
void key_vault_destroy(struct key_vault *key_vault);
const struct site *key_vault_sites(struct key_vault *key_vault, size_t *count);

#endif

/* What the files of Microsoft.KeyVault know of each other. */
#ifndef ARM_TYPES_KEY_VAULTS_H
#define ARM_TYPES_KEY_VAULTS_H

#include "arm/vaults/vaults.h"

/* ---- key_vaults.c ---- */
bool key_vault_name_fits(struct bytes name);
bool key_vault_policies_or_fail(struct arm_call *call, const cJSON *policies);
/* The vault of a route's second and third wildcard, or an error. */
struct arm_resource *key_vault_or_fail(struct arm_call *call);

/* ---- key_vaults_deleted.c ---- */
/* The soft-deleted vault of that name, unless its time is over; NULL: none. */
struct arm_resource *key_vault_deleted(struct arm_service *service, struct bytes name);
/* The vault goes: it is kept as a deleted one where it has soft delete. */
void key_vault_soft_delete(struct arm_service *service, struct arm_resource *vault);
/* The new vault takes over what the deleted one of its name held, which is gone then. */
void key_vault_take_back(struct arm_service *service, struct arm_resource *vault);

#endif

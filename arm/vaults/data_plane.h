/*
 * Key Vault's own API, below https://{vault}.vault.azure.net: a request in, a response out. Who is
 * asking has been found out before.
 */
#ifndef ARM_VAULTS_DATA_PLANE_H
#define ARM_VAULTS_DATA_PLANE_H

#include "arm/service.h"

struct arm_vault_request {
    const struct http_request *http;
    struct bytes vault;     /* the host's first label */
    struct bytes authority; /* what the client called the vault, with port: ids begin with it */
    struct bytes peer;
    const struct arm_principal *principal;
};

bool arm_vault_exists(const struct arm_service *service, struct bytes vault);
/* Its resource id and its region ("eastus"), borrowed; empty where there is no such vault. */
struct arm_vault_place {
    struct bytes id, location;
};
struct arm_vault_place arm_vault_place(const struct arm_service *service, struct bytes vault);
void arm_vault_handle(struct arm_service *service, const struct arm_vault_request *request,
                      struct http_response *response);
/* An error as Key Vault writes it; `inner` is a code, or NULL. */
void arm_vault_answer_error(struct http_response *response, const struct arm_error *error,
                            const char *inner);

/*
 * The value of a secret, for what reads it on a resource's behalf (a web app's reference, a
 * deployment's parameter). `version` may be empty. NULL: `error` says why; owned by the service.
 */
const char *arm_vault_secret_value(struct arm_service *service, struct bytes vault,
                                   const char *secret, const char *version,
                                   const struct arm_principal *principal, struct arm_error *error);

#endif

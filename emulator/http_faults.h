/*
 * Asks the fault engine about requests of the management API, of Entra ID and of Key Vault, and
 * about long-running operations; says in each plane's own words what it decided.
 */
#ifndef EMULATOR_HTTP_FAULTS_H
#define EMULATOR_HTTP_FAULTS_H

#include "arm/service.h"
#include "emulator/faults/faults.h"
#include "emulator/identity_faults.h"
#include "emulator/site.h"

struct http_faults;

struct http_faults *http_faults_create(struct faults *faults);
void http_faults_destroy(struct http_faults *owner); /* NULL is fine */

/* As in arm/host.h; `request` is NULL for what the service asks of itself. */
void http_faults_interfere(struct http_faults *owner, const struct site_request *request,
                           const struct arm_attempt *attempt,
                           struct arm_interference *interference);
void http_faults_decide_outcome(struct http_faults *owner, const struct arm_ending *ending,
                                struct arm_outcome *outcome);
/* Whether the rule behind an operation's holder still acts. The context is the owner. */
bool http_faults_holds(void *context, uint64_t holder);

/* For identity_config. */
struct identity_faults http_faults_identity(struct http_faults *owner);

/*
 * A request to Key Vault: true when it is answered. Asked by the front door of every request to a
 * site whose plane is "keyvault".
 */
bool http_faults_answer_keyvault(struct http_faults *owner, const struct arm_service *service,
                                 const struct site_request *request,
                                 struct http_response *response);

#endif

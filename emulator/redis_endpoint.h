/*
 * The Redis ports: connections on one side, sessions on the other. Who may come in, and where to,
 * is decided in redis_admission.
 */
#ifndef EMULATOR_REDIS_ENDPOINT_H
#define EMULATOR_REDIS_ENDPOINT_H

#include "emulator/listener.h"
#include "emulator/redis_admission.h"

struct redis_endpoint;

/* `faults` decide on clients and commands; NULL: none. */
struct redis_endpoint *redis_endpoint_create(struct loop *loop,
                                             const struct redis_directory *directory,
                                             struct redis_faults *faults);
void redis_endpoint_destroy(struct redis_endpoint *endpoint); /* its connections must be gone */
/* For the listeners of both ports. */
struct connection_handler redis_endpoint_handler(struct redis_endpoint *endpoint);
struct tls_policy_source redis_endpoint_policy(struct redis_endpoint *endpoint);

#endif

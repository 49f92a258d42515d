/*
 * MIGRATE of the plain Redis that devcache is in profile redis: the connection that carries its
 * keys to another server. What is said on it comes from resp/migration.h.
 */
#ifndef EMULATOR_MIGRATION_CLIENT_H
#define EMULATOR_MIGRATION_CLIENT_H

#include "emulator/connection.h"
#include "resp/instance.h"

struct migration_client;

struct migration_client *migration_client_create(struct loop *loop);
/* Goes when its connections have. NULL is fine. */
void migration_client_destroy(struct migration_client *client);

/* In place of an earlier one, which nobody waits for any more. Timeouts are real time. */
void migration_client_begin(struct migration_client *client, struct instance *instance,
                            struct bytes host, int port, int64_t timeout_ms);
/* The instance goes. */
void migration_client_forget(struct migration_client *client, const struct instance *instance);

#endif

/*
 * REPLICAOF: the plain Redis that devcache is in profile redis follows another one, over the
 * network. Owns the connection and Redis's handshake; what arrives runs in resp/replica.h.
 */
#ifndef EMULATOR_REPLICATION_CLIENT_H
#define EMULATOR_REPLICATION_CLIENT_H

#include "emulator/connection.h"
#include "resp/instance.h"

struct replication_client;

/* Primaries with TLS are trusted by `authority` unless a setting names another. */
struct replication_client *replication_client_create(struct loop *loop,
                                                     const struct tls_authority *authority);
/* Goes when its connection has. NULL is fine. */
void replication_client_destroy(struct replication_client *client);

/* In place of what it followed before; `host` empty: nobody. It tries again until told otherwise.
 */
void replication_client_follow(struct replication_client *client, struct instance *instance,
                               struct bytes host, int port);
/* The instance goes. */
void replication_client_forget(struct replication_client *client, const struct instance *instance);

#endif

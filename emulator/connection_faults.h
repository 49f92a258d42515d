/*
 * Which faults act on a connection: asked when it comes, when its hello names a server, when it
 * turns out which cache it is for, and whenever rules change.
 */
#ifndef EMULATOR_CONNECTION_FAULTS_H
#define EMULATOR_CONNECTION_FAULTS_H

#include "emulator/connection_state.h"

/* Listens for changes of rules, for all connections of the group; and no longer. */
void connection_faults_watch(struct connection_group *group);
void connection_faults_unwatch(struct connection_group *group);

/* A client has come: rules for this port are asked. */
void connection_faults_begin(struct connection *connection);
/* What the group's policy and faults say of its hello. */
struct tls_policy_source connection_faults_policy(struct connection *connection);

#endif

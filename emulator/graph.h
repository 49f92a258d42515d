/*
 * Microsoft Graph, as much of it as tools for Azure ask: who is in the directory (the user, service
 * principals, applications), and new applications with their passwords, which can sign in at once.
 */
#ifndef EMULATOR_GRAPH_H
#define EMULATOR_GRAPH_H

#include "arm/service.h"
#include "emulator/identity.h"

struct graph;

/* All are borrowed and outlive it. New applications are kept with the service's state. */
struct graph *graph_create(struct identity *identity, struct arm_service *service,
                           struct clock *clock, struct random *random, const char *tenant_id);
void graph_destroy(struct graph *graph); /* NULL is fine */
const struct site *graph_sites(struct graph *graph, size_t *count);

#endif

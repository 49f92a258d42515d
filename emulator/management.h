/*
 * The management API's place in the process: its site at the front door, and what it asks of its
 * host (arm/host.h) passed on to identity, to the caches and to persistence.
 */
#ifndef EMULATOR_MANAGEMENT_H
#define EMULATOR_MANAGEMENT_H

#include "arm/service.h"
#include "emulator/cache_host.h"
#include "emulator/http_faults.h"
#include "emulator/identity.h"
#include "emulator/metrics.h"
#include "emulator/site.h"
#include "emulator/web_client.h"

struct management;

struct management_config {
    struct arm_service_config service; /* its host is filled in here */
    struct identity *identity;
    struct cache_host *caches;
    struct metrics *metrics;
    struct web_client *web; /* for webhooks, and for documents that deployments link to */
    /* A resource changed. May be NULL. */
    void (*changed)(void *context);
    struct http_faults *faults; /* on requests and operations; NULL: none */
    /* As arm_host's. */
    void (*app_log)(void *context, struct bytes resource_id, struct bytes line);
    int (*front_door_port)(void *context);
    void *context;
};

struct management *management_create(const struct management_config *config);
void management_destroy(struct management *management);
struct arm_service *management_service(struct management *management);
const struct site *management_sites(struct management *management, size_t *count);

#endif

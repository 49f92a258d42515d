/* What the files of Microsoft.Network know of each other. */
#ifndef ARM_TYPES_NETWORK_H
#define ARM_TYPES_NETWORK_H

#include "arm/service_state.h"

extern const struct arm_resource_type arm_virtual_network_type, arm_subnet_type, arm_peering_type,
    arm_network_interface_type, arm_private_endpoint_type, arm_private_zone_type,
    arm_zone_link_type, arm_a_record_type;

/* ---- network_address.c ---- */
struct arm_prefix {
    uint32_t first, last;
};
/* "10.0.0.0/16", with no bit set behind the prefix. */
bool arm_prefix_read(const char *text, struct arm_prefix *prefix);
bool arm_prefix_holds(struct arm_prefix outer, struct arm_prefix inner);
bool arm_prefixes_overlap(struct arm_prefix one, struct arm_prefix other);
void arm_address_write(uint32_t address, char text[16]);
/* The lowest address of the subnet that nothing has; 0: it is full. */
uint32_t arm_subnet_free_address(const struct arm_service *service,
                                 const struct arm_resource *subnet);
/* Whether an interface or a cache has this address of the subnet. */
bool arm_subnet_address_taken(const struct arm_service *service, const struct arm_resource *subnet,
                              const char *address);
/* Whether it lies in the subnet and is none of those that Azure keeps. */
bool arm_subnet_offers(const struct arm_resource *subnet, uint32_t address);
/* The id of an interface or a cache in the subnet, or NULL. */
const char *arm_subnet_user(const struct arm_service *service, const struct arm_resource *subnet);
const char *arm_subnet_interface(const struct arm_service *service,
                                 const struct arm_resource *subnet);

/* 400 SubnetIsFull. Always false. */
bool arm_fail_subnet_full(struct arm_error *error, const struct arm_resource *subnet);
/* 400 InvalidResourceReference. Always false. */
bool arm_fail_reference(struct arm_call *call, const char *id);
/* The resource of that type that the id names; NULL, with the error, when there is none. */
struct arm_resource *arm_reference(struct arm_call *call, const struct arm_resource_type *type,
                                   const char *id);
/* Puts a new resourceGuid into a body that has none. */
void arm_network_complete(struct arm_service *service, cJSON *body);
/* An update keeps resourceGuid. */
void arm_network_keep(const struct arm_resource *old, cJSON *body);
/* As arm_resource_show_plain; one that is being created is "Updating", as the provider has it. */
cJSON *arm_network_show(struct arm_call *call, const struct arm_resource *resource, bool secrets);

/*
 * Children that may be written inside their parent: those in properties.{list} of its body become
 * children, others of the type go. Without the list nothing changes.
 */
void arm_inline_children(struct arm_service *service, struct arm_resource *parent, const char *list,
                         const struct arm_resource_type *type);
/* Adds the children to properties.{list} of what is shown. */
void arm_show_children(struct arm_call *call, const struct arm_resource *parent, cJSON *item,
                       const char *list, const struct arm_resource_type *type);

/* ---- network_endpoints.c ---- */
/* The loopback address at which the emulator serves what has this address in its network. */
const char *arm_endpoint_served_at(const struct arm_service *service, const char *address);
/* The lowest loopback address that serves nothing yet. */
void arm_free_loopback(const struct arm_service *service, char text[16]);

/* ---- network_zones.c ---- */
/* The A record is made, or has these addresses from now on. */
void arm_zone_set_record(struct arm_service *service, struct arm_resource *zone, const char *name,
                         const char *address, const char *creator);
/* The records with that mark go. */
void arm_zone_forget(struct arm_service *service, const char *creator);

#endif

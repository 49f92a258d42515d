/*
 * The fixed values of a fresh emulator, documented in README: one tenant, one subscription, one
 * application and the cache "devcache". Test values, not secrets; the same on every machine, so
 * that they can stand in a repository.
 */
#ifndef EMULATOR_WELL_KNOWN_H
#define EMULATOR_WELL_KNOWN_H

#define WELL_KNOWN_TENANT_ID "00000000-0000-4000-8000-00000000da7a"
#define WELL_KNOWN_SUBSCRIPTION_ID "00000000-0000-4000-8000-000000006379"
#define WELL_KNOWN_SUBSCRIPTION_NAME "Redurite"
#define WELL_KNOWN_CLIENT_ID "00000000-0000-4000-8000-00000000c11e"
#define WELL_KNOWN_CLIENT_SECRET "redurite-client-secret-for-tests"

#define WELL_KNOWN_RESOURCE_GROUP "redurite"
#define WELL_KNOWN_LOCATION "westeurope"
#define WELL_KNOWN_CACHE "devcache"
/* 44 base64 characters with the service's mark "AzCa" at offset 33, as real access keys. */
#define WELL_KNOWN_PRIMARY_KEY "ReduriteDevcachePrimaryKeyForTestAzCaAAAAAA="
#define WELL_KNOWN_SECONDARY_KEY "ReduriteDevcacheSecondaryKeyTestsAzCaAAAAAA="

#endif

/*
 * Export and import: RDB files in blob containers. A folder of the data directory stands for each
 * container: storage/{account}/{container}/. URLs are read as Azure writes them and as Azurite
 * does; signatures (SAS) are not looked at, and nothing is fetched.
 */
#ifndef EMULATOR_CACHE_FILES_H
#define EMULATOR_CACHE_FILES_H

#include "arm/host.h"

struct cache_host;

/* As in arm/host.h. Files are named "{prefix}-{shard}.rdb", as many as there are shards. */
bool cache_host_export(struct cache_host *host, struct bytes name, struct bytes container,
                       struct bytes prefix, struct arm_error *error);
/* All files are read before anything is deleted: on false the cache is as before. */
bool cache_host_import(struct cache_host *host, struct bytes name, const struct bytes *files,
                       size_t count, struct arm_error *error);

/*
 * "account/container" or "account/container/blob", decoded, from the URL. False: it is none of a
 * container, or of a blob, or it would lead out of the folder.
 */
bool storage_path(struct bytes url, bool blob, struct buf *path);

#endif

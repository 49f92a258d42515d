#include "emulator/process_memory.h"

#include <stdio.h>
#include <unistd.h>

uint64_t process_resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file != NULL) {
        if (fscanf(file, "%*s %lu", &pages) != 1) {
            pages = 0;
        }
        fclose(file);
    }
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t process_resident_share(struct cache_host *caches, const struct instance *instance)
{
    uint64_t used = instance_memory(instance), all = 0;
    for (const struct cache *cache = cache_host_first(caches); cache != NULL; cache = cache->next) {
        for (int i = 0; i < cache_instance_count(cache); i++) {
            all += instance_memory(cache_instance(cache, i));
        }
    }
    double share = all > used ? (double)used / (double)all : 1;
    return (uint64_t)((double)process_resident_bytes() * share);
}

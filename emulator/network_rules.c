#include "emulator/network_rules.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/*
 * The address in "10.0.0.7:6380", "[::ffff:10.0.0.7]:6380" or without the port. This machine under
 * its IPv6 name counts as 127.0.0.1: clients that look "localhost" up cannot choose. False: an
 * address that no rule can name.
 */
static bool parse_address(struct bytes text, uint32_t *address)
{
    char host[64];
    struct in_addr four;
    struct in6_addr six;
    size_t end = text.size;
    if (text.size > 0 && text.data[0] == '[') {
        text = bytes_slice(text, 1, text.size);
        end = bytes_find(text, ']');
    } else if (memchr(text.data == NULL ? "" : text.data, '.', text.size) != NULL) {
        end = bytes_find(text, ':');
    }
    text = bytes_slice(text, 0, end);
    if (text.size >= sizeof(host)) {
        return false;
    }
    snprintf(host, sizeof(host), "%.*s", (int)text.size, text.data == NULL ? "" : text.data);
    if (inet_pton(AF_INET, host, &four) == 1) {
        *address = ntohl(four.s_addr);
        return true;
    }
    if (inet_pton(AF_INET6, host, &six) != 1) {
        return false;
    }
    if (IN6_IS_ADDR_LOOPBACK(&six)) {
        *address = INADDR_LOOPBACK;
        return true;
    }
    memcpy(&four, six.s6_addr + 12, sizeof(four));
    *address = ntohl(four.s_addr);
    return IN6_IS_ADDR_V4MAPPED(&six);
}

static void set_ranges(struct network_rules *rules, const struct arm_cache *cache)
{
    rules->ranges =
        memory_resize(rules->ranges, cache->firewall_count * sizeof(*rules->ranges) + 1);
    if (cache->firewall_count > 0) {
        memcpy(rules->ranges, cache->firewall, cache->firewall_count * sizeof(*rules->ranges));
    }
    rules->range_count = cache->firewall_count;
}

bool network_rules_set(struct network_rules *rules, const struct arm_cache *cache)
{
    uint32_t *addresses = memory_allocate(cache->private_address_count * sizeof(*addresses) + 1);
    size_t count = 0;
    for (size_t i = 0; i < cache->private_address_count; i++) {
        count += parse_address(cache->private_addresses[i], &addresses[count]) ? 1 : 0;
    }
    bool moved =
        count != rules->private_count ||
        (count > 0 && memcmp(addresses, rules->private_addresses, count * sizeof(*addresses)) != 0);
    memory_free(rules->private_addresses);
    rules->private_addresses = addresses;
    rules->private_count = count;
    rules->public_access = cache->public_network_access;
    set_ranges(rules, cache);
    return moved;
}

void network_rules_finish(struct network_rules *rules)
{
    memory_free(rules->ranges);
    memory_free(rules->private_addresses);
    *rules = (struct network_rules){0};
}

static bool is_private(const struct network_rules *rules, struct bytes local)
{
    uint32_t address;
    if (!parse_address(local, &address)) {
        return false;
    }
    for (size_t i = 0; i < rules->private_count; i++) {
        if (rules->private_addresses[i] == address) {
            return true;
        }
    }
    return false;
}

static bool in_range(const struct network_rules *rules, struct bytes peer)
{
    uint32_t address;
    if (!parse_address(peer, &address)) {
        return false;
    }
    for (size_t i = 0; i < rules->range_count; i++) {
        if (address >= rules->ranges[i].start && address <= rules->ranges[i].end) {
            return true;
        }
    }
    return false;
}

const char *network_rules_refusal(const struct network_rules *rules, struct bytes peer,
                                  struct bytes local)
{
    if (is_private(rules, local)) {
        return NULL;
    }
    if (!rules->public_access) {
        return "publicNetworkAccess is Disabled and this is no private endpoint of the cache";
    }
    return rules->range_count == 0 || in_range(rules, peer)
               ? NULL
               : "no firewall rule of the cache admits this address";
}

void network_address_format(uint32_t address, char text[16])
{
    snprintf(text, 16, "%u.%u.%u.%u", address >> 24 & 255u, address >> 16 & 255u,
             address >> 8 & 255u, address & 255u);
}

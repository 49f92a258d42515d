/* Address ranges: parseCidr, cidrSubnet, cidrHost, for IPv4 and IPv6. */
#include "arm/templates/function.h"

#include <stdio.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

struct range {
    int family, bits, prefix;
    wide network;
};

static wide host_mask(const struct range *range)
{
    int free_bits = range->bits - range->prefix;
    return free_bits == 128 ? ~(wide)0 : ((wide)1 << free_bits) - 1;
}

static bool read_range(const struct function_call *call, struct range *range)
{
    const char *text = function_text(call, 0);
    if (text == NULL) {
        return false;
    }
    char address[64];
    unsigned char raw[16];
    const char *slash = strchr(text, '/');
    char *end = NULL;
    long prefix =
        slash != NULL && slash[1] >= '0' && slash[1] <= '9' ? strtol(slash + 1, &end, 10) : -1;
    *range = (struct range){.family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET};
    range->bits = range->family == AF_INET6 ? 128 : 32;
    bool valid = end != NULL && *end == '\0' && prefix >= 0 && prefix <= range->bits &&
                 (size_t)(slash - text) < sizeof(address);
    if (valid) {
        memcpy(address, text, (size_t)(slash - text));
        address[slash - text] = '\0';
        valid = inet_pton(range->family, address, raw) == 1;
    }
    if (!valid) {
        function_fail(call,
                      "Unable to evaluate template language function '%s': the value '%.64s' is "
                      "not a valid CIDR range.",
                      call->name, text);
        return false;
    }
    for (int i = 0; i < range->bits / 8; i++) {
        range->network = range->network << 8 | raw[i];
    }
    range->prefix = (int)prefix;
    range->network &= ~host_mask(range);
    return true;
}

static void print_address(const struct range *range, wide address, char text[64])
{
    unsigned char raw[16];
    for (int i = range->bits / 8 - 1; i >= 0; i--) {
        raw[i] = (unsigned char)address;
        address >>= 8;
    }
    inet_ntop(range->family, raw, text, 64);
}

static void add_address(cJSON *object, const char *name, const struct range *range, wide address)
{
    char text[64];
    print_address(range, address, text);
    cJSON_AddStringToObject(object, name, text);
}

static cJSON *run_parse_cidr(const struct function_call *call)
{
    struct range range;
    if (!read_range(call, &range)) {
        return NULL;
    }
    wide mask = host_mask(&range), last = range.network | mask;
    bool four = range.family == AF_INET, wide_enough = range.bits - range.prefix > 1;
    cJSON *result = cJSON_CreateObject();
    add_address(result, "network", &range, range.network);
    add_address(result, "netmask", &range, ~mask);
    if (four) {
        add_address(result, "broadcast", &range, last);
    }
    add_address(result, "firstUsable", &range, range.network + (four && wide_enough));
    add_address(result, "lastUsable", &range, last - (four && wide_enough));
    cJSON_AddNumberToObject(result, "cidr", range.prefix);
    return result;
}

static cJSON *run_cidr_subnet(const struct function_call *call)
{
    struct range range;
    int64_t prefix, index;
    if (!read_range(call, &range) || !function_integer(call, 1, &prefix) ||
        !function_integer(call, 2, &index)) {
        return NULL;
    }
    bool valid = prefix >= range.prefix && prefix <= range.bits && index >= 0;
    int extra = valid ? (int)prefix - range.prefix : 0;
    if (!valid || (extra < 63 && index >= (int64_t)1 << extra)) {
        return function_fail(call,
                             "Unable to evaluate template language function 'cidrSubnet': there "
                             "is no subnet with prefix '%lld' and index '%lld' in the range.",
                             (long long)prefix, (long long)index);
    }
    struct range subnet = range;
    subnet.prefix = (int)prefix;
    char text[80];
    print_address(&range, range.network + (index == 0 ? 0 : (wide)index << (range.bits - prefix)),
                  text);
    size_t size = strlen(text);
    snprintf(text + size, sizeof(text) - size, "/%d", subnet.prefix);
    return function_string(call, bytes_from_string(text));
}

static cJSON *run_cidr_host(const struct function_call *call)
{
    struct range range;
    int64_t index;
    if (!read_range(call, &range) || !function_integer(call, 1, &index)) {
        return NULL;
    }
    wide last = host_mask(&range);
    bool four = range.family == AF_INET && range.bits - range.prefix > 1;
    wide host = (wide)index + four;
    if (index < 0 || host > last - four) {
        return function_fail(call,
                             "Unable to evaluate template language function 'cidrHost': there is "
                             "no usable address with index '%lld' in the range.",
                             (long long)index);
    }
    char text[64];
    print_address(&range, range.network + host, text);
    return function_string(call, bytes_from_string(text));
}

static const struct template_function functions[] = {
    {"cidrHost", 2, 2, .run = run_cidr_host},
    {"cidrSubnet", 3, 3, .run = run_cidr_subnet},
    {"parseCidr", 1, 1, .run = run_parse_cidr},
};

const struct function_family network_functions = {functions, ARRAY_LEN(functions)};

/* Names that do not resolve (RFC 1035, 4.1.1: code 3), or resolve to where the cache was before. */
#include "emulator/faults/families.h"

#define QUERY .planes = FAULT_BIT(FAULT_DNS), .moments = FAULT_BIT(FAULT_AT_REQUEST)

static bool decide_nxdomain(const struct fault *fault, const struct fault_subject *subject,
                            struct fault_verdict *verdict)
{
    (void)fault;
    (void)subject;
    verdict->no_such_name = true;
    return true;
}

static bool decide_timeout(const struct fault *fault, const struct fault_subject *subject,
                           struct fault_verdict *verdict)
{
    (void)fault;
    (void)subject;
    verdict->silent = true;
    return true;
}

/* 192.0.2.0/24 is set aside for examples (RFC 5737): nothing answers there. */
static bool decide_old_address(const struct fault *fault, const struct fault_subject *subject,
                               struct fault_verdict *verdict)
{
    (void)subject;
    fault_copy(fault_text(fault, "to"), verdict->address, sizeof(verdict->address));
    return true;
}

static bool check_address(const struct fault *fault, struct buf *error)
{
    struct bytes address = bytes_from_string(fault_text(fault, "to"));
    unsigned dots = 0, number = 0, digits = 0;
    bool good = address.size >= 7 && address.size <= 15;

    for (size_t i = 0; i < address.size && good; i++) {
        char c = address.data[i];
        if (c == '.') {
            good = digits > 0;
            dots++;
            number = digits = 0;
        } else {
            number = number * 10 + (unsigned)(c - '0');
            good = c >= '0' && c <= '9' && ++digits <= 3 && number <= 255;
        }
    }
    if (good && dots == 3 && digits > 0) {
        return true;
    }
    buf_append_string(error, "attribute 'to' must be an IPv4 address");
    return false;
}

static const struct fault_attribute address_attributes[] = {
    {.name = "to", .type = FAULT_TEXT, .text = "192.0.2.1"},
    {0},
};

static const struct fault_kind kinds[] = {
    {
        .name = "nxdomain",
        QUERY,
        .summary = "there is no such name",
        .decide = decide_nxdomain,
    },
    {
        .name = "timeout",
        QUERY,
        .summary = "the question is never answered",
        .decide = decide_timeout,
    },
    {
        .name = "old_address",
        QUERY,
        .summary = "the name leads to an address where nothing answers any more",
        .attributes = address_attributes,
        .decide = decide_old_address,
        .check = check_address,
    },
};

const struct fault_family fault_dns_family = {"dns", kinds, ARRAY_LEN(kinds)};

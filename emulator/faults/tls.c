/* Trouble while shaking hands. What clients make of each is OpenSSL's and their own words. */
#include "emulator/faults/families.h"
#include "emulator/tls.h"

static bool decide_expired(const struct fault *fault, const struct fault_subject *subject,
                           struct fault_verdict *verdict)
{
    (void)fault;
    (void)subject;
    verdict->certificate = FAULT_EXPIRED_CERTIFICATE;
    return true;
}

static bool decide_future(const struct fault *fault, const struct fault_subject *subject,
                          struct fault_verdict *verdict)
{
    (void)fault;
    (void)subject;
    verdict->certificate = FAULT_FUTURE_CERTIFICATE;
    return true;
}

static bool decide_other_host(const struct fault *fault, const struct fault_subject *subject,
                              struct fault_verdict *verdict)
{
    (void)fault;
    (void)subject;
    verdict->certificate = FAULT_OTHER_HOSTS_CERTIFICATE;
    return true;
}

static bool decide_foreign(const struct fault *fault, const struct fault_subject *subject,
                           struct fault_verdict *verdict)
{
    (void)fault;
    (void)subject;
    verdict->certificate = FAULT_FOREIGN_CERTIFICATE;
    return true;
}

static bool decide_renewed(const struct fault *fault, const struct fault_subject *subject,
                           struct fault_verdict *verdict)
{
    (void)fault;
    (void)subject;
    verdict->certificate = FAULT_RENEWED_CERTIFICATE;
    return true;
}

static bool decide_weak(const struct fault *fault, const struct fault_subject *subject,
                        struct fault_verdict *verdict)
{
    struct bytes version = bytes_from_string(fault_text(fault, "version"));

    (void)subject;
    verdict->tls_maximum = bytes_equal_string(version, "1.0") ? TLS_1_0 : TLS_1_1;
    return true;
}

static const char *const versions[] = {"1.0", "1.1", NULL};

static const struct fault_attribute weak_attributes[] = {
    {.name = "version", .type = FAULT_CHOICE, .text = "1.1", .choices = versions},
    {0},
};

static bool decide_stall(const struct fault *fault, const struct fault_subject *subject,
                         struct fault_verdict *verdict)
{
    (void)fault;
    (void)subject;
    verdict->stall_handshake = true;
    return true;
}

#define HELLO .planes = FAULT_BIT(FAULT_TLS), .moments = FAULT_BIT(FAULT_AT_CONNECT)

static const struct fault_kind kinds[] = {
    {
        .name = "expired_certificate",
        HELLO,
        .summary = "the certificate was valid until yesterday",
        .decide = decide_expired,
    },
    {
        .name = "future_certificate",
        HELLO,
        .summary = "the certificate is not valid yet",
        .decide = decide_future,
    },
    {
        .name = "wrong_host",
        HELLO,
        .summary = "the certificate is for another host name",
        .decide = decide_other_host,
    },
    {
        .name = "unknown_authority",
        HELLO,
        .summary = "the certificate is of an authority that nobody trusts",
        .decide = decide_foreign,
    },
    {
        .name = "weak_protocol",
        HELLO,
        .summary = "the server speaks TLS 1.1 or older only",
        .attributes = weak_attributes,
        .decide = decide_weak,
    },
    {
        .name = "stalled_handshake",
        HELLO,
        .summary = "the hello is never answered",
        .decide = decide_stall,
    },
    {
        .name = "renewed_certificate",
        HELLO,
        .summary = "a good certificate with another key: who pinned the old one is out",
        .decide = decide_renewed,
    },
};

const struct fault_family fault_tls_family = {"tls", kinds, ARRAY_LEN(kinds)};

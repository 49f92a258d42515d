/*
 * DNS messages, as far as a responder needs them: one question in, an answer out. Bytes only;
 * compression is neither written (but for the owner's name) nor followed. Source: RFC 1035, 6891.
 */
#ifndef BASE_DNS_H
#define BASE_DNS_H

#include "base/bytes.h"

enum {
    DNS_NAME_SIZE = 256,       /* text without the last dot, terminated */
    DNS_PLAIN_LIMIT = 512,     /* of an answer over UDP, unless the client can take more */
    DNS_EXTENDED_LIMIT = 1232, /* what passes every network in one piece */
    DNS_TCP_LIMIT = 65535,
};

enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_AAAA = 28, DNS_OPT = 41, DNS_ANY = 255 };

enum dns_code {
    DNS_DONE = 0,
    DNS_BAD_FORMAT = 1,
    DNS_NO_SUCH_NAME = 3,
    DNS_NOT_IMPLEMENTED = 4,
    DNS_REFUSED = 5,
};

struct dns_question {
    uint16_t id, flags, type;
    char name[DNS_NAME_SIZE]; /* as the client wrote it */
    struct bytes section;     /* the question's bytes, borrowed from the message */
    size_t udp_limit;
    bool extended; /* the client speaks EDNS, and so does the answer */
};

/*
 * DNS_DONE: *question is whole. Another code: that is to be answered, with dns_write and no
 * records. False: nothing is to be answered at all.
 */
bool dns_read(struct bytes message, struct dns_question *question, enum dns_code *code);

struct dns_record {
    enum dns_type type;
    char owner[DNS_NAME_SIZE];
    char target[DNS_NAME_SIZE]; /* of a CNAME */
    unsigned char address[16];  /* of A (4) and AAAA (16) */
};

/* Appends the answer; what does not fit into `limit` is left out, and the client is told. */
void dns_write(const struct dns_question *question, enum dns_code code,
               const struct dns_record *records, size_t count, uint32_t ttl_s, size_t limit,
               struct buf *output);

#endif

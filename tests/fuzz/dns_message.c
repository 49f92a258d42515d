/* Any datagram as a DNS question, and the answer to what was understood of it. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

#include "base/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_question question;
    enum dns_code code;
    struct dns_record records[9];
    struct buf output;

    if (!dns_read((struct bytes){(const char *)data, size}, &question, &code)) {
        return 0;
    }
    memset(records, 0, sizeof(records));
    for (size_t i = 0; i < 9; i++) {
        records[i].type = i % 3 == 0 ? DNS_CNAME : i % 3 == 1 ? DNS_A : DNS_AAAA;
        memcpy(records[i].owner, question.name, sizeof(question.name));
        memcpy(records[i].target, question.name, sizeof(question.name));
    }
    buf_init(&output, DNS_TCP_LIMIT);
    dns_write(&question, code, records, code == DNS_DONE ? 9 : 0, 10, question.udp_limit, &output);
    assert(output.size >= 12 && output.size <= question.udp_limit);
    buf_finish(&output);
    return 0;
}

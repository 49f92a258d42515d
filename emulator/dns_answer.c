/* Names and faults into records. */
#include "emulator/dns_answer.h"

#include <stdio.h>

#include <uv.h>

#include "base/dns.h"
#include "base/log.h"

enum {
    TTL_S = 10, /* short: what is emulated changes often */
    MOST_RECORDS = NAMES_MOST_ALIASES + 1,
};

/* False: a fault wants silence. */
static bool ask_faults(struct faults *faults, const struct dns_question *question,
                       struct fault_verdict *verdict)
{
    *verdict = (struct fault_verdict){0};
    if (faults != NULL && faults_armed(faults, FAULT_DNS)) {
        const struct fault_subject subject = {
            .plane = FAULT_DNS,
            .moment = FAULT_AT_REQUEST,
            .values[FAULT_KEY_NAME] = bytes_from_string(question->name),
            .age_ms = -1,
        };
        faults_decide(faults, &subject, verdict);
    }
    return !verdict->silent;
}

static void copy_name(char to[DNS_NAME_SIZE], const char *name)
{
    snprintf(to, DNS_NAME_SIZE, "%s", name);
}

static size_t make_records(const struct dns_question *question, const struct names_answer *found,
                           struct dns_record *records)
{
    size_t count = 0;
    bool any = question->type == DNS_ANY;
    const char *owner = question->name;
    for (size_t i = 0; i < found->alias_count; i++) {
        struct dns_record *record = &records[count++];
        *record = (struct dns_record){.type = DNS_CNAME};
        copy_name(record->owner, owner);
        copy_name(record->target, found->aliases[i]);
        owner = found->aliases[i];
        if (question->type == DNS_CNAME) {
            return count;
        }
    }
    struct dns_record *record = &records[count];
    *record = (struct dns_record){0};
    copy_name(record->owner, owner);
    if (uv_inet_pton(AF_INET, found->address, record->address) == 0) {
        record->type = DNS_A;
    } else if (uv_inet_pton(AF_INET6, found->address, record->address) == 0) {
        record->type = DNS_AAAA;
    } else {
        return count;
    }
    return any || question->type == record->type ? count + 1 : count;
}

void dns_answer(const struct names *names, struct faults *faults, struct bytes message,
                size_t limit, struct buf *output)
{
    struct dns_question question;
    struct dns_record records[MOST_RECORDS];
    struct names_answer found = {0};
    struct fault_verdict verdict = {0};
    enum dns_code code;
    size_t count = 0;
    if (!dns_read(message, &question, &code) ||
        (code == DNS_DONE && !ask_faults(faults, &question, &verdict))) {
        return;
    }
    if (code == DNS_DONE) {
        enum names_result result = names_resolve(names, bytes_from_string(question.name), &found);
        if (verdict.address[0] != '\0' && result == NAMES_FOUND) {
            snprintf(found.address, sizeof(found.address), "%s", verdict.address);
        }
        code = verdict.no_such_name || result == NAMES_MISSING ? DNS_NO_SUCH_NAME
               : result == NAMES_FOREIGN                       ? DNS_REFUSED
                                                               : DNS_DONE;
        /* The aliases of a name that leads nowhere are still true. */
        bool told = code == DNS_DONE || (code == DNS_NO_SUCH_NAME && !verdict.no_such_name);
        count = told ? make_records(&question, &found, records) : 0;
        log_debug("dns", "answered name=%s type=%d code=%d address=%s", question.name,
                  question.type, code, found.address);
    }
    dns_write(&question, code, records, count, TTL_S, limit == 0 ? question.udp_limit : limit,
              output);
}

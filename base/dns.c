/* DNS messages, bounded. */
#include "base/dns.h"

#include <string.h>

enum {
    HEADER = 12,
    MOST_LABEL = 63,
    MOST_NAME = 255, /* on the wire */
    FLAG_RESPONSE = 0x8000,
    FLAG_AUTHORITATIVE = 0x0400,
    FLAG_TRUNCATED = 0x0200,
    FLAG_RECURSION = 0x0100, /* desired */
    OPCODE = 0x7800,
    CLASS_INTERNET = 1,
    CLASS_ANY = 255,
    OWNER_OF_QUESTION = 0xc000 | HEADER,
};

static uint16_t number_at(struct bytes message, size_t at)
{
    return (uint16_t)((unsigned char)message.data[at] << 8 | (unsigned char)message.data[at + 1]);
}

/* Reads labels up to the empty one; 0: they are broken. Returns the place behind them. */
static size_t read_name(struct bytes message, size_t at, char name[DNS_NAME_SIZE])
{
    size_t used = 0, start = at;
    for (;;) {
        if (at >= message.size || at - start >= MOST_NAME) {
            return 0;
        }
        size_t size = (unsigned char)message.data[at++];
        if (size == 0) {
            break;
        }
        if (size > MOST_LABEL || size > message.size - at || at - start + size >= MOST_NAME) {
            return 0;
        }
        if (used > 0) {
            name[used++] = '.';
        }
        for (size_t i = 0; i < size; i++) {
            char byte = message.data[at + i];
            if (byte <= ' ' || byte == '.' || byte == 0x7f) {
                return 0; /* no name of a host */
            }
            name[used++] = byte;
        }
        at += size;
    }
    name[used] = '\0';
    return at;
}

bool dns_read(struct bytes message, struct dns_question *question, enum dns_code *code)
{
    *question = (struct dns_question){.udp_limit = DNS_PLAIN_LIMIT};
    if (message.size < HEADER || (number_at(message, 2) & FLAG_RESPONSE) != 0) {
        return false;
    }
    question->id = number_at(message, 0);
    question->flags = number_at(message, 2);
    *code = DNS_NOT_IMPLEMENTED;
    if ((question->flags & OPCODE) != 0) {
        return true;
    }
    *code = DNS_BAD_FORMAT;
    if (number_at(message, 4) != 1 || number_at(message, 6) != 0) {
        return true;
    }
    size_t at = read_name(message, HEADER, question->name);
    if (at == 0 || message.size - at < 4) {
        question->name[0] = '\0';
        return true;
    }
    question->type = number_at(message, at);
    uint16_t class = number_at(message, at + 2);
    at += 4;
    question->section = bytes_slice(message, HEADER, at);
    /* An OPT record of the root is what EDNS looks like. */
    if (number_at(message, 10) > 0 && message.size - at >= 11 && message.data[at] == 0 &&
        number_at(message, at + 1) == DNS_OPT) {
        size_t wanted = number_at(message, at + 3);
        question->extended = true;
        question->udp_limit = wanted < DNS_PLAIN_LIMIT      ? DNS_PLAIN_LIMIT
                              : wanted > DNS_EXTENDED_LIMIT ? DNS_EXTENDED_LIMIT
                                                            : wanted;
    }
    *code = class == CLASS_INTERNET || class == CLASS_ANY ? DNS_DONE : DNS_REFUSED;
    return true;
}

static void put_number(struct buf *output, uint16_t number)
{
    buf_append_byte(output, (char)(number >> 8));
    buf_append_byte(output, (char)(number & 255));
}

static void put_name(struct buf *output, const char *name)
{
    while (*name != '\0') {
        size_t size = strcspn(name, ".");
        size = size < MOST_LABEL ? size : MOST_LABEL;
        buf_append_byte(output, (char)size);
        buf_append(output, (struct bytes){name, size});
        name += size;
        name += strspn(name, ".");
    }
    buf_append_byte(output, 0);
}

static void put_record(const struct dns_question *question, const struct dns_record *record,
                       uint32_t ttl_s, struct buf *output)
{
    struct buf data;
    buf_init(&data, DNS_NAME_SIZE + 2);
    if (bytes_equal_string_nocase(bytes_from_string(record->owner), question->name)) {
        put_number(output, OWNER_OF_QUESTION);
    } else {
        put_name(output, record->owner);
    }
    if (record->type == DNS_CNAME) {
        put_name(&data, record->target);
    } else {
        buf_append(&data, (struct bytes){(const char *)record->address,
                                         record->type == DNS_AAAA ? 16 : 4});
    }
    put_number(output, (uint16_t)record->type);
    put_number(output, CLASS_INTERNET);
    put_number(output, (uint16_t)(ttl_s >> 16));
    put_number(output, (uint16_t)ttl_s);
    put_number(output, (uint16_t)data.size);
    buf_append(output, buf_bytes(&data));
    buf_finish(&data);
}

void dns_write(const struct dns_question *question, enum dns_code code,
               const struct dns_record *records, size_t count, uint32_t ttl_s, size_t limit,
               struct buf *output)
{
    struct buf body;
    size_t fixed = HEADER + question->section.size + (question->extended ? 11 : 0);
    size_t written = 0;
    uint16_t flags =
        (uint16_t)(FLAG_RESPONSE | (question->flags & (OPCODE | FLAG_RECURSION)) | code);
    flags |= code == DNS_DONE || code == DNS_NO_SUCH_NAME ? FLAG_AUTHORITATIVE : 0;
    buf_init(&body, DNS_TCP_LIMIT);
    for (; written < count; written++) {
        size_t before = body.size;
        put_record(question, &records[written], ttl_s, &body);
        if (fixed + body.size > limit) {
            body.size = before;
            flags |= FLAG_TRUNCATED;
            break;
        }
    }
    put_number(output, question->id);
    put_number(output, flags);
    put_number(output, question->section.size > 0 ? 1 : 0);
    put_number(output, (uint16_t)written);
    put_number(output, 0);
    put_number(output, question->extended ? 1 : 0);
    buf_append(output, question->section);
    buf_append(output, buf_bytes(&body));
    if (question->extended) {
        buf_append_byte(output, 0);
        put_number(output, DNS_OPT);
        put_number(output, DNS_EXTENDED_LIMIT);
        put_number(output, 0);
        put_number(output, 0);
        put_number(output, 0);
    }
    buf_finish(&body);
}

/* See hashes.h. */
#include "arm/templates/hashes.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "arm/templates/text_case.h"

#define MULTIPLIER_1 597399067u
#define MULTIPLIER_2 2869860233u

static uint32_t rotate(uint32_t value, int bits)
{
    return value << bits | value >> (32 - bits);
}

/* Up to four bytes, little-endian. */
static uint32_t read_word(struct bytes text, size_t at)
{
    uint32_t word = 0;
    for (size_t i = 0; i < 4 && at + i < text.size; i++) {
        word |= (uint32_t)(unsigned char)text.data[at + i] << (8 * i);
    }
    return word;
}

static uint32_t mix_first(uint32_t word)
{
    return rotate(word * MULTIPLIER_1, 15) * MULTIPLIER_2;
}

static uint32_t mix_second(uint32_t word)
{
    return rotate(word * MULTIPLIER_2, 17) * MULTIPLIER_1;
}

static uint32_t finish(uint32_t hash)
{
    hash = (hash ^ hash >> 16) * 2246822507u;
    hash = (hash ^ hash >> 13) * 3266489909u;
    return hash ^ hash >> 16;
}

uint64_t template_murmur64(struct bytes text)
{
    uint32_t first = 0, second = 0;
    size_t at = 0;
    for (; at + 8 <= text.size; at += 8) {
        first = rotate(first ^ mix_first(read_word(text, at)), 19) + second;
        first = first * 5 + 1444728091u;
        second = rotate(second ^ mix_second(read_word(text, at + 4)), 13) + first;
        second = second * 5 + 197830471u;
    }
    if (text.size > at) {
        first ^= mix_first(read_word(text, at));
    }
    if (text.size > at + 4) {
        second ^= mix_second(read_word(text, at + 4));
    }
    first ^= (uint32_t)text.size;
    second ^= (uint32_t)text.size;
    first += second;
    second += first;
    first = finish(first);
    second = finish(second);
    first += second;
    second += first;
    return (uint64_t)second << 32 | first;
}

void template_unique_string(struct bytes text, char result[14])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint64_t hash = template_murmur64(text);
    for (int i = 0; i < 13; i++) {
        result[i] = letters[hash >> 59];
        hash <<= 5;
    }
    result[13] = '\0';
}

void template_guid(struct bytes text, char result[GUID_SIZE + 1])
{
    static const unsigned char space[16] = {0x11, 0xfb, 0x06, 0xfb, 0x71, 0x2d, 0x4d, 0xdd,
                                            0x98, 0xc7, 0xe7, 0x1b, 0xbd, 0x58, 0x88, 0x30};
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(context, EVP_sha1(), NULL);
    EVP_DigestUpdate(context, space, sizeof(space));
    EVP_DigestUpdate(context, text.data, text.size);
    EVP_DigestFinal_ex(context, digest, NULL);
    EVP_MD_CTX_free(context);
    digest[6] = (unsigned char)((digest[6] & 0x0f) | 0x50);
    digest[8] = (unsigned char)((digest[8] & 0x3f) | 0x80);
    char *at = result;
    for (int i = 0; i < 16; i++) {
        at += sprintf(at, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", digest[i]);
    }
}

void template_hash(const cJSON *template, char result[24])
{
    char *printed = cJSON_PrintUnformatted(template);
    struct buf upper;
    buf_init(&upper, strlen(printed) * 2 + 16);
    text_append_case(&upper, bytes_from_string(printed), true);
    snprintf(result, 24, "%" PRIu64, template_murmur64(buf_bytes(&upper)));
    buf_finish(&upper);
    cJSON_free(printed);
}

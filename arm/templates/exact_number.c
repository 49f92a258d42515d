#include "arm/templates/exact_number.h"

#include <string.h>

enum { LONG_DIGITS = 16, MOST_DIGITS = 20 };
#define EXACT ((int64_t)1 << 53)

static void set_digits(cJSON *item, const char *digits, size_t size)
{
    /* cJSON frees it, so it must be cJSON's. */
    item->valuestring = cJSON_malloc(size + 1);
    memcpy(item->valuestring, digits, size);
    item->valuestring[size] = '\0';
}

cJSON *exact_number_create(int64_t number)
{
    cJSON *item = cJSON_CreateNumber((double)number);
    if (number > EXACT || number < -EXACT) {
        char digits[24];
        set_digits(item, digits, int64_to_digits(number, digits));
    }
    return item;
}

int64_t exact_number(const cJSON *item)
{
    int64_t number;
    if (item->valuestring != NULL &&
        bytes_to_int64(bytes_from_string(item->valuestring), &number)) {
        return number;
    }
    return item->valuedouble >= 9223372036854775807.0    ? INT64_MAX
           : item->valuedouble <= -9223372036854775808.0 ? INT64_MIN
                                                         : (int64_t)item->valuedouble;
}

/* ---- Parsing ---- */

struct walk {
    struct bytes text;
    size_t at;
};

/* The next number of the text; false: there is none. Texts are passed by. */
static bool next_token(struct walk *walk, struct bytes *token)
{
    while (walk->at < walk->text.size) {
        char byte = walk->text.data[walk->at];
        if (byte == '"') {
            walk->at++;
            while (walk->at < walk->text.size && walk->text.data[walk->at] != '"') {
                walk->at += walk->text.data[walk->at] == '\\' ? 2 : 1;
            }
            walk->at++;
        } else if (byte == '-' || (byte >= '0' && byte <= '9')) {
            size_t start = walk->at;
            while (walk->at < walk->text.size &&
                   memchr("0123456789+-.eE", walk->text.data[walk->at], 15) != NULL) {
                walk->at++;
            }
            *token = bytes_slice(walk->text, start, walk->at);
            return true;
        } else {
            walk->at++;
        }
    }
    return false;
}

static void restore(cJSON *item, struct walk *walk)
{
    struct bytes token;
    int64_t number;
    if (cJSON_IsNumber(item)) {
        if (next_token(walk, &token) && token.size >= LONG_DIGITS && token.size <= MOST_DIGITS &&
            bytes_to_int64(token, &number) && (number > EXACT || number < -EXACT)) {
            set_digits(item, token.data, token.size);
        }
        return;
    }
    for (cJSON *child = item->child; child != NULL; child = child->next) {
        restore(child, walk);
    }
}

static bool has_long_digits(struct bytes text)
{
    size_t run = 0;
    for (size_t i = 0; i < text.size; i++) {
        run = text.data[i] >= '0' && text.data[i] <= '9' ? run + 1 : 0;
        if (run >= LONG_DIGITS) {
            return true;
        }
    }
    return false;
}

void exact_number_restore(cJSON *tree, struct bytes text)
{
    if (tree != NULL && has_long_digits(text)) {
        struct walk walk = {text, 0};
        restore(tree, &walk);
    }
}

/* ---- Printing ---- */

static bool is_exact(const cJSON *item)
{
    return cJSON_IsNumber(item) && item->valuestring != NULL;
}

static bool holds_exact(const cJSON *value)
{
    if (is_exact(value)) {
        return true;
    }
    for (const cJSON *child = value->child; child != NULL; child = child->next) {
        if (holds_exact(child)) {
            return true;
        }
    }
    return false;
}

static void make_raw(cJSON *value)
{
    if (is_exact(value)) {
        value->type = (value->type & ~0xff) | cJSON_Raw;
    }
    for (cJSON *child = value->child; child != NULL; child = child->next) {
        make_raw(child);
    }
}

char *exact_print(const cJSON *value)
{
    if (!holds_exact(value)) {
        return cJSON_PrintUnformatted(value);
    }
    cJSON *copy = cJSON_Duplicate(value, true);
    make_raw(copy);
    char *text = cJSON_PrintUnformatted(copy);
    cJSON_Delete(copy);
    return text;
}

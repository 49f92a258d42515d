#include "arm/name_rule.h"

#include <stdio.h>
#include <string.h>

#include "arm/schema.h"
#include "base/random.h"

static bool plain(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        unsigned char byte = (unsigned char)name.data[i];
        if (byte < 0x20 || strchr("<>%&?/\\#", byte) != NULL) {
            return false;
        }
    }
    return name.size > 0 && name.size <= 260 && name.data[name.size - 1] != '.';
}

static bool guid(struct bytes name)
{
    char text[GUID_SIZE + 1];
    snprintf(text, sizeof(text), "%.*s", (int)bytes_slice(name, 0, GUID_SIZE).size, name.data);
    return name.size == GUID_SIZE && arm_guid_like(text);
}

static bool is_mark(const struct arm_name_rule *rule, char byte)
{
    return byte != '\0' && rule->marks != NULL && strchr(rule->marks, byte) != NULL;
}

static bool mark_fits(const struct arm_name_rule *rule, struct bytes name, size_t at)
{
    bool first = at == 0, last = at + 1 == name.size;
    return is_mark(rule, name.data[at]) && !(first && (rule->flags & ARM_NAME_NOT_FIRST) != 0) &&
           !(last && (rule->flags & ARM_NAME_NOT_LAST) != 0) &&
           !(!first && (rule->flags & ARM_NAME_SINGLE) != 0 && is_mark(rule, name.data[at - 1]));
}

bool arm_name_fits(const struct arm_name_rule *rule, struct bytes name)
{
    if (rule->fits != NULL) {
        return rule->fits(name);
    }
    if ((rule->flags & ARM_NAME_GUID) != 0) {
        return guid(name);
    }
    if (rule->most == 0) {
        return plain(name);
    }
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.data[i];
        bool capital = byte >= 'A' && byte <= 'Z', digit = byte >= '0' && byte <= '9';
        bool letter =
            (byte >= 'a' && byte <= 'z') || (capital && (rule->flags & ARM_NAME_LOWER) == 0);
        bool allowed_digit = digit && !(i == 0 && (rule->flags & ARM_NAME_LETTER_FIRST) != 0);
        if (!letter && !allowed_digit && !mark_fits(rule, name, i)) {
            return false;
        }
    }
    return name.size >= rule->least && name.size <= rule->most;
}

const char *arm_name_words(const struct arm_name_rule *rule)
{
    return rule->words != NULL
               ? rule->words
               : "1 to 260 characters, without < > % & ? / \\ # and a dot at the end";
}

/* See json_position.h. A scanner that keeps no tree; a text it cannot read gives no position. */
#include "arm/templates/json_position.h"

#include <stdlib.h>
#include <string.h>

#define MOST_DEPTH 512

struct scanner {
    struct bytes text;
    size_t at;
};

static void skip_blank(struct scanner *scanner)
{
    struct bytes text = scanner->text;
    while (scanner->at < text.size) {
        struct bytes rest = bytes_slice(text, scanner->at, text.size);
        if (strchr(" \t\r\n", rest.data[0]) != NULL) {
            scanner->at++;
        } else if (bytes_start_with(rest, BYTES("//"))) {
            scanner->at += bytes_find(rest, '\n');
        } else if (bytes_start_with(rest, BYTES("/*"))) {
            scanner->at += 2;
            while (scanner->at < text.size &&
                   !(text.data[scanner->at] == '/' && text.data[scanner->at - 1] == '*')) {
                scanner->at++;
            }
            scanner->at++;
        } else {
            return;
        }
    }
}

/* The token at the scanner, which moves behind it; strings without quotes. */
static struct bytes take_token(struct scanner *scanner)
{
    struct bytes text = scanner->text;
    size_t from = scanner->at;
    if (from >= text.size) {
        return bytes_slice(text, from, from);
    }
    char quote = text.data[from];
    if (quote == '"' || quote == '\'') {
        size_t end = from + 1;
        while (end < text.size && text.data[end] != quote) {
            end += text.data[end] == '\\' ? 2 : 1;
        }
        scanner->at = end + 1;
        return bytes_slice(text, from + 1, end);
    }
    if (strchr("{}[],:", quote) != NULL) {
        scanner->at++;
        return bytes_slice(text, from, from + 1);
    }
    while (scanner->at < text.size && strchr("{}[],: \t\r\n", text.data[scanner->at]) == NULL) {
        scanner->at++;
    }
    return bytes_slice(text, from, scanner->at);
}

static bool skip_value(struct scanner *scanner)
{
    int depth = 0;
    do {
        skip_blank(scanner);
        if (scanner->at >= scanner->text.size) {
            return false;
        }
        char mark = scanner->text.data[scanner->at];
        take_token(scanner);
        depth += (mark == '{' || mark == '[') - (mark == '}' || mark == ']');
        if (depth > MOST_DEPTH) {
            return false;
        }
    } while (depth > 0);
    return true;
}

/* Into the element `index` of the array at the scanner. */
static bool enter_element(struct scanner *scanner, long index)
{
    if (!bytes_equal(take_token(scanner), BYTES("["))) {
        return false;
    }
    for (long i = 0; i < index; i++) {
        if (!skip_value(scanner)) {
            return false;
        }
        skip_blank(scanner);
        if (!bytes_equal(take_token(scanner), BYTES(","))) {
            return false;
        }
    }
    skip_blank(scanner);
    return true;
}

static bool enter_member(struct scanner *scanner, struct bytes name)
{
    if (!bytes_equal(take_token(scanner), BYTES("{"))) {
        return false;
    }
    for (;;) {
        skip_blank(scanner);
        struct bytes found = take_token(scanner);
        skip_blank(scanner);
        if (!bytes_equal(take_token(scanner), BYTES(":"))) {
            return false;
        }
        skip_blank(scanner);
        if (bytes_equal_nocase(found, name)) {
            return true;
        }
        if (!skip_value(scanner)) {
            return false;
        }
        skip_blank(scanner);
        if (!bytes_equal(take_token(scanner), BYTES(","))) {
            return false;
        }
    }
}

bool json_position(struct bytes text, const char *path, int *line, int *column)
{
    struct scanner scanner = {text, 0};
    *line = *column = 0;
    skip_blank(&scanner);
    while (*path != '\0') {
        size_t size = strcspn(path, ".[");
        if (*path == '[') {
            char *end;
            long index = strtol(path + 1, &end, 10);
            if (*end != ']' || !enter_element(&scanner, index)) {
                return false;
            }
            path = end + 1;
        } else {
            if (!enter_member(&scanner, (struct bytes){path, size})) {
                return false;
            }
            path += size;
        }
        path += *path == '.';
    }
    skip_blank(&scanner);
    size_t end = scanner.at;
    if (end >= text.size) {
        return false;
    }
    if (strchr("{[", text.data[end]) == NULL) {
        take_token(&scanner);
        end = scanner.at > 0 ? scanner.at - 1 : 0;
    }
    *line = *column = 1;
    for (size_t i = 0; i < end && i < text.size; i++) {
        *column = text.data[i] == '\n' ? 1 : *column + 1;
        *line += text.data[i] == '\n';
    }
    return true;
}

/* $filter: a recursive descent over the text, evaluating as it goes. */
#include "arm/odata_filter.h"

#include <string.h>

enum { DEEPEST = 32, LONGEST_VALUE = 2048 };

struct reader {
    struct bytes rest;
    odata_holds *holds;
    void *context;
    int depth;
    bool good;
};

/* ---- Words ---- */

static void skip_blanks(struct reader *reader)
{
    while (reader->rest.size > 0 && (reader->rest.data[0] == ' ' || reader->rest.data[0] == '\t')) {
        reader->rest = bytes_slice(reader->rest, 1, reader->rest.size);
    }
}

static bool take_byte(struct reader *reader, char byte)
{
    skip_blanks(reader);
    if (reader->rest.size == 0 || reader->rest.data[0] != byte) {
        return false;
    }
    reader->rest = bytes_slice(reader->rest, 1, reader->rest.size);
    return true;
}

static void expect(struct reader *reader, char byte)
{
    reader->good = take_byte(reader, byte) && reader->good;
}

/* Up to a blank, a bracket or a comma. */
static struct bytes peek_word(struct reader *reader)
{
    skip_blanks(reader);
    size_t size = 0;
    while (size < reader->rest.size && strchr(" \t(),'", reader->rest.data[size]) == NULL) {
        size++;
    }
    return bytes_slice(reader->rest, 0, size);
}

static struct bytes take_word(struct reader *reader)
{
    struct bytes word = peek_word(reader);
    reader->rest = bytes_slice(reader->rest, word.size, reader->rest.size);
    return word;
}

static bool take_keyword(struct reader *reader, const char *keyword)
{
    struct bytes word = peek_word(reader);
    bool fits = bytes_equal_string_nocase(word, keyword);
    if (fits) {
        reader->rest = bytes_slice(reader->rest, word.size, reader->rest.size);
    }
    return fits;
}

/* 'it''s' or a bare word such as true, 7 or a time. */
static void take_value(struct reader *reader, struct buf *value)
{
    buf_clear(value);
    if (!take_byte(reader, '\'')) {
        struct bytes word = take_word(reader);
        /* datetime'2026-01-01' and guid'...' say their type in front. */
        if (reader->rest.size > 0 && reader->rest.data[0] == '\'') {
            take_value(reader, value);
        } else {
            reader->good = reader->good && word.size > 0 && buf_append(value, word);
        }
        return;
    }
    while (reader->good) {
        size_t size = bytes_find(reader->rest, '\'');
        reader->good =
            size < reader->rest.size && buf_append(value, bytes_slice(reader->rest, 0, size));
        reader->rest = bytes_slice(reader->rest, size + 1, reader->rest.size);
        if (reader->rest.size == 0 || reader->rest.data[0] != '\'') {
            return;
        }
        reader->rest = bytes_slice(reader->rest, 1, reader->rest.size);
        buf_append_byte(value, '\'');
    }
}

/* ---- Conditions ---- */

static bool ask(struct reader *reader, struct bytes name, enum odata_operator relation,
                struct buf *value)
{
    const struct odata_condition condition = {name, relation, buf_string(value)};
    return reader->good && reader->holds(reader->context, &condition);
}

static bool compare(struct reader *reader, struct bytes name, struct buf *value)
{
    static const char *const operators[] = {"eq", "ne", "gt", "ge", "lt", "le"};
    struct bytes word = take_word(reader);
    size_t relation = 0;
    while (relation < ARRAY_LEN(operators) &&
           !bytes_equal_string_nocase(word, operators[relation])) {
        relation++;
    }
    reader->good = reader->good && relation < ARRAY_LEN(operators);
    if (reader->good) {
        take_value(reader, value);
    }
    return ask(reader, name, (enum odata_operator)relation, value);
}

static bool call(struct reader *reader, struct bytes name, struct buf *value)
{
    static const struct {
        const char *name;
        enum odata_operator relation;
    } functions[] = {
        {"startswith", ODATA_STARTS}, {"endswith", ODATA_ENDS}, {"contains", ODATA_CONTAINS}};
    bool result;
    if (name.size > 4 &&
        bytes_equal_string_nocase(bytes_slice(name, name.size - 4, name.size), "/any")) {
        struct bytes variable = take_word(reader); /* "c:c" */
        reader->good = reader->good && bytes_find(variable, ':') < variable.size;
        result = compare(reader, bytes_slice(name, 0, name.size - 4), value);
        expect(reader, ')');
        return result;
    }
    if (bytes_equal_string_nocase(name, "substringof")) {
        take_value(reader, value);
        expect(reader, ',');
        result = ask(reader, take_word(reader), ODATA_CONTAINS, value);
        expect(reader, ')');
        return result;
    }
    for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
        if (bytes_equal_string_nocase(name, functions[i].name)) {
            struct bytes property = take_word(reader);
            expect(reader, ',');
            take_value(reader, value);
            result = ask(reader, property, functions[i].relation, value);
            expect(reader, ')');
            return result;
        }
    }
    skip_blanks(reader);
    if (reader->rest.size > 0 && reader->rest.data[0] != ')') {
        take_value(reader, value);
    }
    result = ask(reader, name, ODATA_CALL, value);
    expect(reader, ')');
    return result;
}

static bool either(struct reader *reader);

static bool one(struct reader *reader)
{
    struct buf value;
    bool result = false;
    if (++reader->depth > DEEPEST) {
        reader->good = false;
    }
    if (!reader->good) {
        return false;
    }
    if (take_keyword(reader, "not")) {
        result = !one(reader);
    } else if (take_byte(reader, '(')) {
        result = either(reader);
        expect(reader, ')');
    } else {
        struct bytes name = take_word(reader);
        buf_init(&value, LONGEST_VALUE);
        reader->good = name.size > 0;
        result =
            take_byte(reader, '(') ? call(reader, name, &value) : compare(reader, name, &value);
        buf_finish(&value);
    }
    reader->depth--;
    return result;
}

static bool both(struct reader *reader)
{
    bool result = one(reader);
    while (reader->good && take_keyword(reader, "and")) {
        bool next = one(reader);
        result = result && next;
    }
    return result;
}

static bool either(struct reader *reader)
{
    bool result = both(reader);
    while (reader->good && take_keyword(reader, "or")) {
        bool next = both(reader);
        result = result || next;
    }
    return result;
}

bool odata_filter(struct bytes filter, odata_holds *holds, void *context, bool *result)
{
    struct reader reader = {filter, holds, context, 0, true};
    skip_blanks(&reader);
    if (reader.rest.size == 0) {
        *result = true;
        return true;
    }
    *result = either(&reader);
    skip_blanks(&reader);
    reader.good = reader.good && reader.rest.size == 0;
    *result = *result && reader.good;
    return reader.good;
}

static bool never(void *context, const struct odata_condition *condition)
{
    (void)context;
    (void)condition;
    return false;
}

bool odata_filter_well_formed(struct bytes filter)
{
    bool result;
    return odata_filter(filter, never, NULL, &result);
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
}

static int compare_texts(struct bytes left, struct bytes right)
{
    for (size_t i = 0; i < left.size && i < right.size; i++) {
        unsigned char a = (unsigned char)lower(left.data[i]),
                      b = (unsigned char)lower(right.data[i]);
        if (a != b) {
            return a < b ? -1 : 1;
        }
    }
    return left.size == right.size ? 0 : left.size < right.size ? -1 : 1;
}

bool odata_text_fits(const struct odata_condition *condition, const char *text)
{
    struct bytes value = bytes_from_string(condition->value), own = bytes_from_string(text);
    if (text == NULL) {
        return condition->relation == ODATA_NE;
    }
    int order = compare_texts(own, value);
    switch (condition->relation) {
    case ODATA_EQ:
        return order == 0;
    case ODATA_NE:
        return order != 0;
    case ODATA_GT:
        return order > 0;
    case ODATA_GE:
        return order >= 0;
    case ODATA_LT:
        return order < 0;
    case ODATA_LE:
        return order <= 0;
    case ODATA_STARTS:
        return own.size >= value.size && bytes_equal_nocase(bytes_slice(own, 0, value.size), value);
    case ODATA_ENDS:
        return own.size >= value.size &&
               bytes_equal_nocase(bytes_slice(own, own.size - value.size, own.size), value);
    case ODATA_CONTAINS:
        for (size_t i = 0; i + value.size <= own.size; i++) {
            if (bytes_equal_nocase(bytes_slice(own, i, i + value.size), value)) {
                return true;
            }
        }
        return false;
    default:
        return false;
    }
}

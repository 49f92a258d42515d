/* format(): composite format strings, with the .NET number formats that templates use. */
#include "arm/templates/function.h"

#include <stdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Digits in groups of three. */
static bool append_grouped(struct buf *text, const char *digits, size_t whole)
{
    for (size_t i = 0; i < whole; i++) {
        if (i > 0 && (whole - i) % 3 == 0 && !buf_append_byte(text, ',')) {
            return false;
        }
        if (!buf_append_byte(text, digits[i])) {
            return false;
        }
    }
    return buf_append_string(text, digits + whole);
}

/* "000", "#,##0.00": zeros are always shown, # only where there is a digit. */
static bool append_pattern(struct buf *text, double number, const char *pattern)
{
    int least = 0, decimals = 0;
    bool point = false, grouped = false;
    size_t first = strcspn(pattern, "0#"), last = first;
    for (size_t i = first; pattern[i] != '\0' && strchr("0#.,", pattern[i]) != NULL; i++) {
        point = point || pattern[i] == '.';
        grouped = grouped || (pattern[i] == ',' && !point);
        decimals += point && pattern[i] != '.';
        least += !point && pattern[i] == '0';
        last = i + 1;
    }
    char digits[400];
    int size = snprintf(digits, sizeof(digits), "%0*.*f", least + (decimals > 0 ? decimals + 1 : 0),
                        decimals > 20 ? 20 : decimals, fabs(number));
    if (size < 0 || (size_t)size >= sizeof(digits)) {
        return false;
    }
    if (least == 0 && fabs(number) < 1 && digits[0] == '0') {
        memmove(digits, digits + 1, strlen(digits));
    }
    bool fits = (number >= 0 || buf_append_byte(text, '-')) &&
                buf_append(text, (struct bytes){pattern, first});
    if (grouped) {
        fits = fits && append_grouped(text, digits, strcspn(digits, "."));
    } else {
        fits = fits && buf_append_string(text, digits);
    }
    return fits && buf_append_string(text, pattern + last);
}

static bool append_hex(struct buf *text, double number, int width, bool upper)
{
    unsigned long long value =
        number < 0 && number >= INT32_MIN ? (uint32_t)(int32_t)number : (unsigned long long)number;
    return upper ? buf_printf(text, "%0*llX", width, value)
                 : buf_printf(text, "%0*llx", width, value);
}

static bool append_number(struct buf *text, double number, const char *style)
{
    if (fabs(number) >= 9e18) {
        return buf_printf(text, "%g", number);
    }
    bool standard = style[0] != '\0' && strchr("DdXxNnFfGgPpEeCc", style[0]) != NULL &&
                    strspn(style + 1, "0123456789") == strlen(style + 1) && strlen(style) <= 3;
    if (!standard) {
        return append_pattern(text, number, style);
    }
    int precision = style[1] != '\0' ? atoi(style + 1) : -1;
    char digits[400];
    switch (style[0] | 0x20) {
    case 'd':
        return buf_printf(text, "%s%0*lld", number < 0 ? "-" : "", precision < 1 ? 1 : precision,
                          llabs((long long)number));
    case 'x':
        return append_hex(text, number, precision < 1 ? 1 : precision, style[0] == 'X');
    case 'n':
    case 'c':
        snprintf(digits, sizeof(digits), "%.*f", precision < 0 ? 2 : precision, fabs(number));
        return (number >= 0 || buf_append_byte(text, '-')) &&
               ((style[0] | 0x20) == 'n' || buf_append_string(text, "\xc2\xa4")) &&
               append_grouped(text, digits, strcspn(digits, "."));
    case 'f':
        return buf_printf(text, "%.*f", precision < 0 ? 2 : precision, number);
    case 'p':
        snprintf(digits, sizeof(digits), "%.*f", precision < 0 ? 2 : precision, fabs(number) * 100);
        return (number >= 0 || buf_append_byte(text, '-')) &&
               append_grouped(text, digits, strcspn(digits, ".")) && buf_append_string(text, " %");
    case 'e':
        snprintf(digits, sizeof(digits), "%.*e", precision < 0 ? 6 : precision, number);
        {
            char *mark = strchr(digits, 'e');
            return buf_append(text, (struct bytes){digits, (size_t)(mark - digits)}) &&
                   buf_printf(text, "%c%c%03d", style[0], mark[1], atoi(mark + 2));
        }
    default:
        return buf_printf(text, "%.*g", precision < 1 ? 15 : precision, number);
    }
}

/* What stands between the braces: index[,width][:style]. */
struct hole {
    long index, width;
    char style[64];
};

static bool read_hole(struct bytes text, struct hole *hole)
{
    char copy[96], *end;
    if (text.size == 0 || text.size >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    *hole = (struct hole){0};
    char *style = strchr(copy, ':');
    if (style != NULL) {
        *style = '\0';
        snprintf(hole->style, sizeof(hole->style), "%s", style + 1);
    }
    hole->index = strtol(copy, &end, 10);
    if (end == copy || hole->index < 0) {
        return false;
    }
    if (*end == ',') {
        char *width = end + 1;
        hole->width = strtol(width, &end, 10);
        if (end == width || labs(hole->width) > 10000) {
            return false;
        }
    }
    return *end == '\0';
}

static bool append_hole(const struct function_call *call, const struct hole *hole, struct buf *text)
{
    const cJSON *value = call->arguments[hole->index + 1];
    struct buf part;
    buf_init(&part, EXPRESSION_MOST_RESULT + 1);
    bool fits = cJSON_IsNumber(value) && hole->style[0] != '\0'
                    ? append_number(&part, value->valuedouble, hole->style)
                    : function_append_value(&part, value);
    long width = labs(hole->width) - (long)text_units(buf_string(&part));
    for (long i = 0; fits && hole->width > 0 && i < width; i++) {
        fits = buf_append_byte(text, ' ');
    }
    fits = fits && buf_append(text, buf_bytes(&part));
    for (long i = 0; fits && hole->width < 0 && i < width; i++) {
        fits = buf_append_byte(text, ' ');
    }
    buf_finish(&part);
    return fits;
}

static cJSON *fail_format(const struct function_call *call)
{
    return function_fail(call, "Unable to evaluate template language function 'format': the format "
                               "string is not valid, or refers to an argument that was not "
                               "provided. Please see https://aka.ms/arm-functions/#format for "
                               "usage details.");
}

static cJSON *run_format(const struct function_call *call)
{
    const char *format = function_text(call, 0);
    if (format == NULL) {
        return NULL;
    }
    struct buf text;
    buf_init(&text, EXPRESSION_MOST_RESULT + 1);
    bool fits = true;
    while (fits && *format != '\0') {
        size_t plain = strcspn(format, "{}");
        fits = buf_append(&text, (struct bytes){format, plain});
        format += plain;
        if (*format == '\0' || !fits) {
            break;
        }
        if (format[1] == format[0]) {
            fits = buf_append_byte(&text, format[0]);
            format += 2;
            continue;
        }
        size_t size = strcspn(format, "}");
        struct hole hole;
        if (format[0] == '}' || format[size] == '\0' ||
            !read_hole((struct bytes){format + 1, size - 1}, &hole) ||
            (size_t)hole.index + 1 >= call->count) {
            buf_finish(&text);
            return fail_format(call);
        }
        fits = append_hole(call, &hole, &text);
        format += size + 1;
    }
    if (!fits) {
        buf_finish(&text);
        return function_fail_size(call);
    }
    return function_take_text(call, &text);
}

static const struct template_function functions[] = {
    {"format", 1, FUNCTION_ANY, .run = run_format},
};

const struct function_family format_functions = {functions, ARRAY_LEN(functions)};

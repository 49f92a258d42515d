/* Dates: .NET's standard and custom format strings, ISO 8601 durations with years and months. */
#include "arm/templates/function.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define DAY_MS INT64_C(86400000)

struct date {
    int64_t year;
    int month, day; /* from 1 */
    int64_t of_day_ms;
};

/* Proleptic Gregorian, by eras of 400 years. */
static int64_t days_from(const struct date *date)
{
    int64_t year = date->year - (date->month <= 2);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int month = (date->month + 9) % 12;
    int64_t of_year = (153 * month + 2) / 5 + date->day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct date date_from(int64_t time_ms)
{
    int64_t days = time_ms / DAY_MS;
    if (time_ms % DAY_MS < 0) {
        days--;
    }
    struct date date = {.of_day_ms = time_ms - days * DAY_MS};
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int month = (int)((5 * of_year + 2) / 153);
    date.day = (int)(of_year - (153 * month + 2) / 5 + 1);
    date.month = month < 10 ? month + 3 : month - 9;
    date.year = years + era * 400 + (date.month <= 2);
    return date;
}

static int days_of_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static const char *const month_names[] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};
static const char *const day_names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};

/* A standard format's one letter as a custom format; NULL: there is none. */
static const char *standard_format(char letter)
{
    switch (letter) {
    case 'd':
        return "M/d/yyyy";
    case 'D':
        return "dddd, MMMM d, yyyy";
    case 'f':
        return "dddd, MMMM d, yyyy h:mm tt";
    case 'F':
        return "dddd, MMMM d, yyyy h:mm:ss tt";
    case 'g':
        return "M/d/yyyy h:mm tt";
    case 'G':
        return "M/d/yyyy h:mm:ss tt";
    case 'M':
    case 'm':
        return "MMMM d";
    case 'O':
    case 'o':
        return "yyyy-MM-ddTHH:mm:ss.fffffffZ";
    case 'R':
    case 'r':
        return "ddd, dd MMM yyyy HH:mm:ss 'GMT'";
    case 's':
        return "yyyy-MM-ddTHH:mm:ss";
    case 't':
        return "h:mm tt";
    case 'T':
        return "h:mm:ss tt";
    case 'u':
        return "yyyy-MM-dd HH:mm:ssZ";
    case 'Y':
    case 'y':
        return "MMMM yyyy";
    default:
        return NULL;
    }
}

/* One run of the same letter. */
static bool append_field(struct buf *text, const struct date *date, char letter, int count)
{
    int64_t ms = date->of_day_ms;
    int hour = (int)(ms / 3600000), minute = (int)(ms / 60000 % 60), second = (int)(ms / 1000 % 60);
    int twelve = hour % 12 == 0 ? 12 : hour % 12;
    char fraction[16];
    int width = count > 1 ? 2 : 1;
    switch (letter) {
    case 'y':
        return count <= 2 ? buf_printf(text, "%0*d", width, (int)(date->year % 100))
                          : buf_printf(text, "%0*lld", count, (long long)date->year);
    case 'M':
        if (count >= 3) {
            return buf_printf(text, "%.*s", count == 3 ? 3 : 20, month_names[date->month - 1]);
        }
        return buf_printf(text, "%0*d", width, date->month);
    case 'd':
        if (count >= 3) {
            return buf_printf(text, "%.*s", count == 3 ? 3 : 20,
                              day_names[((days_from(date) + 4) % 7 + 7) % 7]);
        }
        return buf_printf(text, "%0*d", width, date->day);
    case 'H':
        return buf_printf(text, "%0*d", width, hour);
    case 'h':
        return buf_printf(text, "%0*d", width, twelve);
    case 'm':
        return buf_printf(text, "%0*d", width, minute);
    case 's':
        return buf_printf(text, "%0*d", width, second);
    case 'f':
    case 'F':
        snprintf(fraction, sizeof(fraction), "%03d0000", (int)(ms % 1000));
        return buf_append(text, (struct bytes){fraction, (size_t)(count < 7 ? count : 7)});
    case 't':
        return buf_printf(text, "%.*s", count > 1 ? 2 : 1, hour < 12 ? "AM" : "PM");
    case 'z':
        return buf_append_string(text, count == 1 ? "+0" : count == 2 ? "+00" : "+00:00");
    default:
        return buf_append_byte(text, 'Z'); /* K */
    }
}

static bool append_date(struct buf *text, int64_t time_ms, const char *format)
{
    struct date date = date_from(time_ms);
    if (format[0] != '\0' && format[1] == '\0') {
        format = standard_format(format[0]);
        if (format == NULL) {
            return false;
        }
    }
    while (*format != '\0') {
        int count = 1;
        if (*format == '\'' || *format == '"') {
            const char *end = strchr(format + 1, *format);
            if (end == NULL ||
                !buf_append(text, (struct bytes){format + 1, (size_t)(end - format - 1)})) {
                return false;
            }
            format = end + 1;
            continue;
        }
        if (*format == '\\' && format[1] != '\0') {
            format++;
            if (!buf_append_byte(text, *format++)) {
                return false;
            }
            continue;
        }
        if (*format == '%' && format[1] != '\0') {
            format++;
        }
        if (strchr("yMdHhmsfFtzK", *format) == NULL) {
            if (!buf_append_byte(text, *format++)) {
                return false;
            }
            continue;
        }
        while (format[count] == *format && *format != 'K') {
            count++;
        }
        if (!append_field(text, &date, *format, count)) {
            return false;
        }
        format += count;
    }
    return true;
}

static cJSON *make_date(const struct function_call *call, int64_t time_ms, const char *format)
{
    struct buf text;
    buf_init(&text, 1024);
    if (!append_date(&text, time_ms, format)) {
        buf_finish(&text);
        return function_fail(call,
                             "Unable to evaluate template language function '%s': the date format "
                             "'%.64s' is not valid.",
                             call->name, format);
    }
    return function_take_text(call, &text);
}

/* "yyyyMMddTHHmmssZ" as digits, or ISO 8601. `format` is what the text is written in. */
static bool read_date(struct bytes text, int64_t *time_ms, const char **format)
{
    char extended[32];
    *format = "yyyy-MM-ddTHH:mm:ssZ";
    if (text.size == 16 && text.data[8] == 'T' && text.data[15] == 'Z') {
        const char *t = text.data;
        snprintf(extended, sizeof(extended), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", t, t + 4, t + 6,
                 t + 9, t + 11, t + 13);
        text = bytes_from_string(extended);
        *format = "yyyyMMddTHHmmssZ";
        return timestamp_parse(text, time_ms);
    }
    if (text.size == 10) {
        snprintf(extended, sizeof(extended), "%.10sT00:00:00Z", text.data);
        *format = "yyyy-MM-dd";
        return timestamp_parse(bytes_from_string(extended), time_ms);
    }
    if (text.size > 10 && text.size < sizeof(extended) && text.data[10] == ' ') {
        memcpy(extended, text.data, text.size);
        extended[text.size] = '\0';
        extended[10] = 'T';
        *format = "yyyy-MM-dd HH:mm:ssZ";
        return timestamp_parse(bytes_from_string(extended), time_ms);
    }
    return timestamp_parse(text, time_ms);
}

/* -P1Y2M3DT4H5M6S and P2W, with fractions of seconds. */
static bool add_duration(const char *text, int64_t *time_ms)
{
    int sign = 1;
    if (*text == '-' || *text == '+') {
        sign = *text++ == '-' ? -1 : 1;
    }
    if (*text++ != 'P' || *text == '\0') {
        return false;
    }
    int64_t months = 0, rest = 0;
    bool clock = false;
    while (*text != '\0') {
        if (*text == 'T' && !clock) {
            clock = true;
            text++;
            continue;
        }
        char *end;
        double number = isdigit((unsigned char)*text) ? strtod(text, &end) : -1;
        if (number < 0 || number > 1e7) {
            return false;
        }
        static const char units[] = "YMWDhms";
        char unit = clock ? (char)tolower((unsigned char)*end) : *end;
        static const int64_t sizes[] = {12, 1, 7 * DAY_MS, DAY_MS, 3600000, 60000, 1000};
        const char *known = unit != '\0' ? strchr(units, unit) : NULL;
        if (known == NULL) {
            return false;
        }
        int64_t amount = (int64_t)(number * (double)sizes[known - units]);
        if (known - units < 2) {
            months += amount;
        } else {
            rest += amount;
        }
        text = end + 1;
    }
    struct date date = date_from(*time_ms);
    int64_t total = date.year * 12 + date.month - 1 + sign * months;
    if (total < 12 || total > 9999 * 12) {
        return false;
    }
    date.year = total / 12;
    date.month = (int)(total % 12) + 1;
    int most = days_of_month(date.year, date.month);
    date.day = date.day < most ? date.day : most;
    *time_ms = days_from(&date) * DAY_MS + date.of_day_ms + sign * rest;
    return *time_ms > INT64_C(-62135596800000) && *time_ms < INT64_C(253402300800000);
}

static bool read_date_argument(const struct function_call *call, int64_t *time_ms,
                               const char **format)
{
    const char *text = function_text(call, 0);
    if (text == NULL) {
        return false;
    }
    if (!read_date(bytes_from_string(text), time_ms, format)) {
        function_fail(call,
                      "Unable to evaluate template language function '%s': the date '%.64s' is "
                      "not valid.",
                      call->name, text);
        return false;
    }
    return true;
}

static cJSON *run_date_time_add(const struct function_call *call)
{
    int64_t time_ms;
    const char *format;
    if (!read_date_argument(call, &time_ms, &format)) {
        return NULL;
    }
    const char *duration = function_text(call, 1);
    if (duration == NULL) {
        return NULL;
    }
    if (!add_duration(duration, &time_ms)) {
        return function_fail(call,
                             "Unable to evaluate template language function 'dateTimeAdd': the "
                             "duration '%.64s' is not valid.",
                             duration);
    }
    if (call->count > 2) {
        format = function_text(call, 2);
    }
    return format != NULL ? make_date(call, time_ms, format) : NULL;
}

static cJSON *run_date_time_from_epoch(const struct function_call *call)
{
    int64_t seconds;
    if (!function_integer(call, 0, &seconds)) {
        return NULL;
    }
    if (seconds < INT64_C(-62135596800) || seconds > INT64_C(253402300799)) {
        return function_fail(call, "Unable to evaluate template language function "
                                   "'dateTimeFromEpoch': the number is out of range.");
    }
    return make_date(call, seconds * 1000, "yyyy-MM-ddTHH:mm:ssZ");
}

static cJSON *run_date_time_to_epoch(const struct function_call *call)
{
    int64_t time_ms;
    const char *format;
    if (!read_date_argument(call, &time_ms, &format)) {
        return NULL;
    }
    return function_number((double)(time_ms / 1000));
}

static cJSON *run_utc_now(const struct function_call *call)
{
    if (call->scope->random == NULL) {
        return function_fail(call,
                             "The template function '%s' is not expected at this location. The "
                             "function can only be used in the default value of a parameter. "
                             "Please see https://aka.ms/arm-functions for usage details.",
                             call->name);
    }
    const char *format = call->count > 0 ? function_text(call, 0) : "yyyyMMddTHHmmssZ";
    return format != NULL ? make_date(call, call->scope->now_ms, format) : NULL;
}

static const struct template_function functions[] = {
    {"dateTimeAdd", 2, 3, .run = run_date_time_add},
    {"dateTimeFromEpoch", 1, 1, .run = run_date_time_from_epoch},
    {"dateTimeToEpoch", 1, 1, .run = run_date_time_to_epoch},
    {"utcNow", 0, 1, .run = run_utc_now},
};

const struct function_family date_functions = {functions, ARRAY_LEN(functions)};

/* How durations and instants are written and read (declared in clock.h). */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct unit {
    const char *name;
    int64_t ms;
};

/* A name that begins with another ("ms", "m") comes first. */
static const struct unit plain_units[] = {
    {"ms", 1}, {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};
static const struct unit iso_date_units[] = {{"W", 604800000}, {"D", 86400000}};
static const struct unit iso_time_units[] = {{"H", 3600000}, {"M", 60000}, {"S", 1000}};

static const int64_t longest_duration_ms = 1000000000000000; /* some 30,000 years */

static bool starts_with_digit(struct bytes text)
{
    return text.size > 0 && text.data[0] >= '0' && text.data[0] <= '9';
}

static struct bytes skip(struct bytes text, size_t size)
{
    return bytes_slice(text, size, text.size);
}

/* A decimal number with at most 15 digits before the point; digits beyond the ninth behind it are
 * read and dropped. */
static bool take_decimal(struct bytes *rest, int64_t *whole, int64_t *billionths)
{
    size_t digits = 0;
    *whole = *billionths = 0;
    for (; starts_with_digit(*rest); *rest = skip(*rest, 1)) {
        if (++digits > 15) {
            return false;
        }
        *whole = *whole * 10 + (rest->data[0] - '0');
    }
    if (digits == 0 || !bytes_start_with(*rest, BYTES("."))) {
        return digits > 0;
    }
    *rest = skip(*rest, 1);
    if (!starts_with_digit(*rest)) {
        return false;
    }
    for (int64_t weight = 100000000; starts_with_digit(*rest); *rest = skip(*rest, 1)) {
        *billionths += (rest->data[0] - '0') * weight;
        weight /= 10;
    }
    return true;
}

static bool take_unit(struct bytes *rest, const struct unit *units, size_t count, int64_t *unit_ms)
{
    for (size_t i = 0; i < count; i++) {
        struct bytes name = bytes_from_string(units[i].name);
        if (bytes_equal_nocase(bytes_slice(*rest, 0, name.size), name)) {
            *rest = skip(*rest, name.size);
            *unit_ms = units[i].ms;
            return true;
        }
    }
    return false;
}

static bool add_part(int64_t *total_ms, int64_t whole, int64_t billionths, int64_t unit_ms)
{
    if (whole > longest_duration_ms / unit_ms) {
        return false;
    }
    *total_ms += whole * unit_ms + (billionths * unit_ms + 500000000) / 1000000000;
    return *total_ms <= longest_duration_ms;
}

/* Number and unit, again and again: "1h30m". */
static bool take_parts(struct bytes *rest, const struct unit *units, size_t count,
                       int64_t *total_ms)
{
    while (starts_with_digit(*rest)) {
        int64_t whole, billionths, unit_ms;
        if (!take_decimal(rest, &whole, &billionths) || !take_unit(rest, units, count, &unit_ms) ||
            !add_part(total_ms, whole, billionths, unit_ms)) {
            return false;
        }
    }
    return true;
}

/* ISO 8601 without years and months, which have no length of their own. `text` is behind the P. */
static bool parse_iso_duration(struct bytes text, int64_t *total_ms)
{
    if (text.size == 0 || !take_parts(&text, iso_date_units, ARRAY_LEN(iso_date_units), total_ms)) {
        return false;
    }
    if (text.size == 0) {
        return true;
    }
    if (text.data[0] != 'T' && text.data[0] != 't') {
        return false;
    }
    text = skip(text, 1);
    return text.size > 0 &&
           take_parts(&text, iso_time_units, ARRAY_LEN(iso_time_units), total_ms) && text.size == 0;
}

bool duration_parse(struct bytes text, int64_t *duration_ms)
{
    struct bytes rest = text;
    int64_t total_ms = 0, whole, billionths;
    if (text.size > 0 && (text.data[0] == 'P' || text.data[0] == 'p')) {
        if (!parse_iso_duration(skip(text, 1), &total_ms)) {
            return false;
        }
    } else if (take_decimal(&rest, &whole, &billionths) && rest.size == 0) {
        if (!add_part(&total_ms, whole, billionths, 1000)) {
            return false;
        }
    } else {
        rest = text;
        if (!take_parts(&rest, plain_units, ARRAY_LEN(plain_units), &total_ms) || rest.size > 0 ||
            text.size == 0) {
            return false;
        }
    }
    *duration_ms = total_ms;
    return true;
}

void duration_format(int64_t duration_ms, char text[32])
{
    static const struct unit units[] = {
        {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    uint64_t left = duration_ms < 0 ? 0 - (uint64_t)duration_ms : (uint64_t)duration_ms;
    size_t size = 0;
    if (left == 0) {
        memcpy(text, "0s", 3);
        return;
    }
    if (duration_ms < 0) {
        text[size++] = '-';
    }
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        uint64_t count = left / (uint64_t)units[i].ms;
        left %= (uint64_t)units[i].ms;
        if (count > 0) {
            size += (size_t)snprintf(text + size, 32 - size, "%llu%s", (unsigned long long)count,
                                     units[i].name);
        }
    }
}

void timestamp_format(int64_t time_ms, char text[32])
{
    int64_t milliseconds = (time_ms % 1000 + 1000) % 1000;
    time_t seconds = (time_t)((time_ms - milliseconds) / 1000);
    struct tm parts = {0};
    gmtime_r(&seconds, &parts);
    size_t size = strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + size, 32 - size, ".%03dZ", (int)milliseconds);
}

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2 ? 1 : 0;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

/* Exactly `digits` digits, then `behind` (any case) unless that is '\0'. */
static bool take_field(struct bytes *rest, size_t digits, char behind, int *value)
{
    *value = 0;
    for (size_t i = 0; i < digits; i++) {
        if (!starts_with_digit(*rest)) {
            return false;
        }
        *value = *value * 10 + (rest->data[0] - '0');
        *rest = skip(*rest, 1);
    }
    if (behind == '\0') {
        return true;
    }
    bool follows = bytes_equal_nocase(bytes_slice(*rest, 0, 1), (struct bytes){&behind, 1});
    *rest = skip(*rest, 1);
    return follows;
}

/* "Z", "+02:00", "-0530" or nothing, which is taken for UTC as Azure does. */
static bool take_zone(struct bytes *rest, int *offset_minutes)
{
    *offset_minutes = 0;
    if (rest->size == 0) {
        return true;
    }
    char sign = rest->data[0];
    *rest = skip(*rest, 1);
    if (sign == 'Z' || sign == 'z') {
        return true;
    }
    int hours, minutes;
    if ((sign != '+' && sign != '-') || !take_field(rest, 2, '\0', &hours)) {
        return false;
    }
    if (bytes_start_with(*rest, BYTES(":"))) {
        *rest = skip(*rest, 1);
    }
    if (!take_field(rest, 2, '\0', &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *offset_minutes = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
    return true;
}

bool timestamp_parse(struct bytes text, int64_t *time_ms)
{
    int year, month, day, hour, minute, second, offset_minutes;
    int64_t milliseconds = 0;
    if (!take_field(&text, 4, '-', &year) || !take_field(&text, 2, '-', &month) ||
        !take_field(&text, 2, 'T', &day) || !take_field(&text, 2, ':', &hour) ||
        !take_field(&text, 2, ':', &minute) || !take_field(&text, 2, '\0', &second)) {
        return false;
    }
    if (bytes_start_with(text, BYTES("."))) {
        text = skip(text, 1);
        if (!starts_with_digit(text)) {
            return false;
        }
        for (int weight = 100; starts_with_digit(text); weight /= 10) {
            milliseconds += (text.data[0] - '0') * weight;
            text = skip(text, 1);
        }
    }
    if (!take_zone(&text, &offset_minutes) || text.size > 0 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month) || hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    int64_t minutes = (days_from_date(year, month, day) * 24 + hour) * 60 + minute - offset_minutes;
    *time_ms = (minutes * 60 + second) * 1000 + milliseconds;
    return true;
}

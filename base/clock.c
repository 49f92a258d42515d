/* The emulator's time, its timer heap, and how times and durations are written. */
#include "base/clock.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Emulated time = base + (real - anchor) * scale while running, base alone while frozen. */
struct clock {
    int64_t (*read_us)(void *context);
    void *context;
    enum clock_mode mode;
    double scale;
    int64_t base_us, anchor_us;
    struct timer **heap; /* heap[0] is not used: slot 0 means "not armed" */
    size_t count, capacity;
    uint64_t armed; /* timers armed so far: order among equal due times */
};

static int64_t read_system_us(void *context)
{
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct clock *clock_create(int64_t (*read_us)(void *context), void *context)
{
    struct clock *clock = memory_allocate_zeroed(sizeof(*clock));
    clock->read_us = read_us == NULL ? read_system_us : read_us;
    clock->context = context;
    clock->mode = CLOCK_REAL;
    clock->scale = 1;
    clock->base_us = clock->anchor_us = clock->read_us(context);
    return clock;
}

void clock_destroy(struct clock *clock)
{
    if (clock == NULL) {
        return;
    }
    memory_free(clock->heap);
    memory_free(clock);
}

int64_t clock_now_us(const struct clock *clock)
{
    if (clock->mode == CLOCK_FROZEN) {
        return clock->base_us;
    }
    int64_t elapsed = clock->read_us(clock->context) - clock->anchor_us;
    if (clock->scale == 1) {
        return clock->base_us + elapsed;
    }
    return clock->base_us + (int64_t)((double)elapsed * clock->scale);
}

int64_t clock_now_ms(const struct clock *clock)
{
    return clock_now_us(clock) / 1000;
}

int64_t clock_monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

enum clock_mode clock_mode(const struct clock *clock)
{
    return clock->mode;
}

double clock_scale(const struct clock *clock)
{
    return clock->scale;
}

static void continue_from(struct clock *clock, int64_t now_us)
{
    clock->base_us = now_us;
    clock->anchor_us = clock->read_us(clock->context);
}

void clock_set_real(struct clock *clock, double scale)
{
    assert(scale > 0);
    continue_from(clock, clock_now_us(clock));
    clock->mode = CLOCK_REAL;
    clock->scale = scale;
}

void clock_freeze(struct clock *clock)
{
    continue_from(clock, clock_now_us(clock));
    clock->mode = CLOCK_FROZEN;
}

void clock_set(struct clock *clock, int64_t now_ms)
{
    continue_from(clock, now_ms * 1000);
}

static bool earlier(const struct timer *a, const struct timer *b)
{
    return a->due_ms < b->due_ms || (a->due_ms == b->due_ms && a->order < b->order);
}

static void place(struct clock *clock, struct timer *timer, size_t slot)
{
    clock->heap[slot] = timer;
    timer->heap_slot = slot;
}

static void sift_up(struct clock *clock, struct timer *timer, size_t slot)
{
    while (slot > 1 && earlier(timer, clock->heap[slot / 2])) {
        place(clock, clock->heap[slot / 2], slot);
        slot /= 2;
    }
    place(clock, timer, slot);
}

static void sift_down(struct clock *clock, struct timer *timer, size_t slot)
{
    while (slot * 2 <= clock->count) {
        size_t child = slot * 2;
        if (child < clock->count && earlier(clock->heap[child + 1], clock->heap[child])) {
            child++;
        }
        if (!earlier(clock->heap[child], timer)) {
            break;
        }
        place(clock, clock->heap[child], slot);
        slot = child;
    }
    place(clock, timer, slot);
}

void clock_arm(struct clock *clock, struct timer *timer, int64_t due_ms)
{
    clock_disarm(clock, timer);
    if (clock->count + 2 > clock->capacity) {
        clock->capacity = clock->capacity == 0 ? 16 : clock->capacity * 2;
        clock->heap = memory_resize(clock->heap, clock->capacity * sizeof(struct timer *));
    }
    timer->due_ms = due_ms;
    timer->order = ++clock->armed;
    sift_up(clock, timer, ++clock->count);
}

void clock_disarm(struct clock *clock, struct timer *timer)
{
    size_t slot = timer->heap_slot;
    if (slot == 0) {
        return;
    }
    assert(clock->heap[slot] == timer);
    timer->heap_slot = 0;
    struct timer *last = clock->heap[clock->count--];
    if (last == timer) {
        return;
    }
    if (slot > 1 && earlier(last, clock->heap[slot / 2])) {
        sift_up(clock, last, slot);
    } else {
        sift_down(clock, last, slot);
    }
}

bool timer_armed(const struct timer *timer)
{
    return timer->heap_slot != 0;
}

static void fire_first(struct clock *clock)
{
    struct timer *timer = clock->heap[1];
    clock_disarm(clock, timer);
    timer->fire(timer);
}

int64_t clock_run(struct clock *clock)
{
    /* What callbacks arm for now or earlier waits for the next run: no callback can hold us here.
     */
    uint64_t newest = clock->armed;
    int64_t now_ms = clock_now_ms(clock);
    while (clock->count > 0 && clock->heap[1]->due_ms <= now_ms &&
           clock->heap[1]->order <= newest) {
        fire_first(clock);
    }
    if (clock->count == 0) {
        return -1;
    }
    int64_t wait_ms = clock->heap[1]->due_ms - clock_now_ms(clock);
    if (wait_ms <= 0) {
        return 0;
    }
    if (clock->mode == CLOCK_FROZEN) {
        return -1;
    }
    return clock->scale == 1 ? wait_ms : (int64_t)((double)wait_ms / clock->scale) + 1;
}

void clock_advance(struct clock *clock, int64_t by_ms)
{
    int64_t start_us = clock_now_us(clock);
    int64_t target_us = start_us + by_ms * 1000;
    enum clock_mode mode = clock->mode;
    clock->mode = CLOCK_FROZEN; /* so that every timer sees its own due time */
    clock->base_us = start_us;
    while (clock->count > 0 && clock->heap[1]->due_ms * 1000 <= target_us) {
        int64_t due_us = clock->heap[1]->due_ms * 1000;
        clock->base_us = due_us > clock->base_us ? due_us : clock->base_us;
        fire_first(clock);
    }
    clock->mode = mode;
    continue_from(clock, target_us);
}

static const struct {
    const char *name;
    int64_t ms;
} units[] = {{"ms", 1}, {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};

static bool unit_at(struct bytes text, size_t *at, int64_t *ms)
{
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        struct bytes name = bytes_from_string(units[i].name);
        if (bytes_equal_nocase(bytes_slice(text, *at, *at + name.size), name)) {
            *at += name.size;
            *ms = units[i].ms;
            return true;
        }
    }
    return false;
}

bool duration_parse(struct bytes text, int64_t *duration_ms)
{
    size_t at = 0;
    bool iso = text.size > 1 && (text.data[0] == 'P' || text.data[0] == 'p');
    at += iso ? 1 : 0;
    double total = 0;
    size_t parts = 0;
    while (at < text.size) {
        if (iso && (text.data[at] == 'T' || text.data[at] == 't')) {
            at++;
            continue;
        }
        double number = 0, fraction = 1;
        size_t digits = 0;
        bool point = false;
        for (; at < text.size; at++) {
            if (text.data[at] == '.' && !point) {
                point = true;
            } else if (text.data[at] >= '0' && text.data[at] <= '9') {
                digits++;
                fraction = point ? fraction / 10 : fraction;
                number = point ? number + (text.data[at] - '0') * fraction
                               : number * 10 + (text.data[at] - '0');
            } else {
                break;
            }
        }
        int64_t unit_ms = 1000;
        if (digits == 0 || digits > 15 || (at < text.size && !unit_at(text, &at, &unit_ms)) ||
            (at == text.size && unit_ms == 1000 && (parts > 0 || iso) &&
             text.data[text.size - 1] != 's' && text.data[text.size - 1] != 'S')) {
            return false;
        }
        total += number * (double)unit_ms;
        parts++;
    }
    if (parts == 0 || total > 1e15) {
        return false;
    }
    *duration_ms = (int64_t)(total + 0.5);
    return true;
}

void duration_format(int64_t duration_ms, char text[32])
{
    static const struct {
        const char *name;
        int64_t ms;
    } parts[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    size_t size = 0;
    text[0] = '\0';
    if (duration_ms < 0) {
        text[size++] = '-';
        duration_ms = -duration_ms;
    }
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        int64_t count = duration_ms / parts[i].ms;
        duration_ms %= parts[i].ms;
        if (count > 0) {
            size +=
                (size_t)snprintf(text + size, 32 - size, "%lld%s", (long long)count, parts[i].name);
        }
    }
    if (size == 0) {
        memcpy(text, "0s", 3);
    }
}

void timestamp_format(int64_t time_ms, char text[32])
{
    int64_t milliseconds = (time_ms % 1000 + 1000) % 1000;
    time_t seconds = (time_t)((time_ms - milliseconds) / 1000);
    struct tm parts;
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

bool timestamp_parse(struct bytes text, int64_t *time_ms)
{
    char copy[40];
    if (text.size < 19 || text.size >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    int year, month, day, hour, minute, second, used = 0;
    if (sscanf(copy, "%4d-%2d-%2d%*1[Tt ]%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute,
               &second, &used) != 6 ||
        used != 19 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 ||
        second > 60) {
        return false;
    }
    int64_t milliseconds = 0, weight = 100;
    const char *rest = copy + used;
    if (*rest == '.') {
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, weight /= 10) {
            milliseconds += (*rest - '0') * weight;
        }
    }
    int64_t offset_minutes = 0;
    if (*rest == '+' || *rest == '-') {
        int hours, minutes, size = 0;
        if (sscanf(rest + 1, "%2d:%2d%n", &hours, &minutes, &size) != 2 || size != 5) {
            return false;
        }
        offset_minutes = (*rest == '-' ? -1 : 1) * (hours * 60 + minutes);
        rest += 6;
    } else if (*rest == 'Z' || *rest == 'z') {
        rest++;
    }
    if (*rest != '\0') {
        return false;
    }
    int64_t days = days_from_date(year, month, day);
    *time_ms =
        ((days * 24 + hour) * 60 + minute - offset_minutes) * 60000 + second * 1000 + milliseconds;
    return true;
}

/* GEOSEARCH, GEOSEARCHSTORE, and GEORADIUS with its forms: what lies within a circle or a box. */
#include <math.h>
#include <stdlib.h>

#include "resp/arguments.h"
#include "resp/commands/geo.h"
#include "resp/commands/sorted_set.h"
#include "resp/instance_state.h"

/* The commands' forms; an option says in which of them it exists. */
enum form {
    FORM_RADIUS = 1 << 0,
    FORM_RADIUS_RO = 1 << 1,
    FORM_SEARCH = 1 << 2,
    FORM_SEARCH_STORE = 1 << 3,
    FORM_ALL = FORM_RADIUS | FORM_RADIUS_RO | FORM_SEARCH | FORM_SEARCH_STORE,
};

enum order { ORDER_NONE, ORDER_NEAREST, ORDER_FARTHEST };

struct search {
    struct call *call;
    const struct sorted_set *set; /* NULL: no such key */
    struct geohash_shape shape;
    bool has_center, by_member, has_shape;
    bool with_distance, with_hash, with_place;
    bool any, store_distance;
    enum order order;
    int64_t count;
    int store_at; /* argument index of the key to store at; 0: none */
};

/* ---- Options: each reads its values at argv[at] on; false after answering ---- */

static bool read_with_distance(struct search *search, int at)
{
    (void)at;
    return search->with_distance = true;
}

static bool read_with_hash(struct search *search, int at)
{
    (void)at;
    return search->with_hash = true;
}

static bool read_with_place(struct search *search, int at)
{
    (void)at;
    return search->with_place = true;
}

static bool read_any(struct search *search, int at)
{
    (void)at;
    return search->any = true;
}

static bool read_nearest(struct search *search, int at)
{
    (void)at;
    search->order = ORDER_NEAREST;
    return true;
}

static bool read_farthest(struct search *search, int at)
{
    (void)at;
    search->order = ORDER_FARTHEST;
    return true;
}

static bool read_count(struct search *search, int at)
{
    if (!argument_integer_or_reply(search->call, at, &search->count)) {
        return false;
    }
    if (search->count <= 0) {
        reply_error(search->call->reply, "ERR COUNT must be > 0");
        return false;
    }
    return true;
}

static bool read_store(struct search *search, int at)
{
    search->store_at = at;
    search->store_distance = false;
    return true;
}

static bool read_store_distance(struct search *search, int at)
{
    search->store_at = at;
    return search->store_distance = true;
}

static bool read_distances(struct search *search, int at)
{
    (void)at;
    return search->store_distance = true;
}

static bool read_place(struct search *search, int at)
{
    if (search->by_member) {
        reply_syntax_error(search->call);
        return false;
    }
    search->has_center = true;
    return place_or_reply(search->call, at, &search->shape.center);
}

static bool read_member(struct search *search, int at)
{
    double score;
    if (search->has_center && !search->by_member) {
        reply_syntax_error(search->call);
        return false;
    }
    search->has_center = search->by_member = true;
    if (search->set == NULL) {
        return true;
    }
    if (!sorted_set_score(search->set, search->call->argv[at], &score)) {
        reply_error(search->call->reply, "ERR could not decode requested zset member");
        return false;
    }
    search->shape.center = geohash_of_score(score);
    return true;
}

static bool length_or_reply(struct call *call, int at, const char *message, double *length)
{
    if (bytes_to_double(call->argv[at], length)) {
        return true;
    }
    reply_error(call->reply, message);
    return false;
}

static bool read_radius(struct search *search, int at)
{
    struct call *call = search->call;
    if (search->has_shape && search->shape.box) {
        reply_syntax_error(call);
        return false;
    }
    search->has_shape = true;
    if (!length_or_reply(call, at, "ERR need numeric radius", &search->shape.radius)) {
        return false;
    }
    if (search->shape.radius < 0) {
        reply_error(call->reply, "ERR radius cannot be negative");
        return false;
    }
    return unit_or_reply(call, at + 1, &search->shape.unit);
}

static bool read_box(struct search *search, int at)
{
    struct call *call = search->call;
    if (search->has_shape && !search->shape.box) {
        reply_syntax_error(call);
        return false;
    }
    search->has_shape = search->shape.box = true;
    if (!length_or_reply(call, at, "ERR need numeric width", &search->shape.width) ||
        !length_or_reply(call, at + 1, "ERR need numeric height", &search->shape.height)) {
        return false;
    }
    if (search->shape.width < 0 || search->shape.height < 0) {
        reply_error(call->reply, "ERR height or width cannot be negative");
        return false;
    }
    return unit_or_reply(call, at + 2, &search->shape.unit);
}

static const struct search_option {
    const char *token;
    int values;
    unsigned forms;
    const char *since;
    bool (*read)(struct search *search, int at);
} search_options[] = {
    {"WITHDIST", 0, FORM_ALL, NULL, read_with_distance},
    {"WITHHASH", 0, FORM_ALL, NULL, read_with_hash},
    {"WITHCOORD", 0, FORM_ALL, NULL, read_with_place},
    {"ANY", 0, FORM_ALL, "6.2.0", read_any},
    {"ASC", 0, FORM_ALL, NULL, read_nearest},
    {"DESC", 0, FORM_ALL, NULL, read_farthest},
    {"COUNT", 1, FORM_ALL, NULL, read_count},
    {"STORE", 1, FORM_RADIUS, NULL, read_store},
    {"STOREDIST", 1, FORM_RADIUS, NULL, read_store_distance},
    {"STOREDIST", 0, FORM_SEARCH_STORE, NULL, read_distances},
    {"FROMMEMBER", 1, FORM_SEARCH | FORM_SEARCH_STORE, NULL, read_member},
    {"FROMLONLAT", 2, FORM_SEARCH | FORM_SEARCH_STORE, NULL, read_place},
    {"BYRADIUS", 2, FORM_SEARCH | FORM_SEARCH_STORE, NULL, read_radius},
    {"BYBOX", 3, FORM_SEARCH | FORM_SEARCH_STORE, NULL, read_box},
};

static const struct search_option *find_option(const struct search *search, enum form form, int at)
{
    const struct call *call = search->call;
    for (size_t i = 0; i < ARRAY_LEN(search_options); i++) {
        const struct search_option *option = &search_options[i];
        if ((option->forms & form) != 0 && option->values < call->argc - at &&
            bytes_equal_string_nocase(call->argv[at], option->token) &&
            call_supports(call, option->since)) {
            return option;
        }
    }
    return NULL;
}

static bool options_or_reply(struct search *search, enum form form, int at)
{
    struct call *call = search->call;
    bool is_search = (form & (FORM_SEARCH | FORM_SEARCH_STORE)) != 0;
    while (at < call->argc) {
        const struct search_option *option = find_option(search, form, at);
        if (option == NULL) {
            reply_syntax_error(call);
            return false;
        }
        if (!option->read(search, at + 1)) {
            return false;
        }
        at += 1 + option->values;
    }
    struct bytes name = call->argv[0];
    if (search->store_at != 0 &&
        (search->with_distance || search->with_hash || search->with_place)) {
        reply_errorf(call->reply,
                     "ERR %s is not compatible with WITHDIST, WITHHASH and WITHCOORD%s options",
                     is_search ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS",
                     call_supports(call, "6.2.0") ? "" : "S");
    } else if (is_search && !search->has_center) {
        reply_errorf(call->reply,
                     "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for %.*s",
                     (int)name.size, name.data);
    } else if (is_search && !search->has_shape) {
        reply_errorf(call->reply, "ERR exactly one of BYRADIUS and BYBOX can be specified for %.*s",
                     (int)name.size, name.data);
    } else if (search->any && search->count == 0) {
        reply_error(call->reply, "ERR the ANY argument requires COUNT argument");
    } else {
        return true;
    }
    return false;
}

/* ---- Finding ---- */

struct find {
    struct bytes member; /* a copy */
    struct place place;
    double distance, score;
    size_t order; /* found as this one */
};

struct finds {
    struct find *items;
    size_t count, capacity;
};

static void add_find(struct finds *finds, const struct find *find)
{
    if (finds->count == finds->capacity) {
        finds->capacity = finds->capacity == 0 ? 16 : finds->capacity * 2;
        finds->items = memory_resize(finds->items, finds->capacity * sizeof(*finds->items));
    }
    struct find *item = &finds->items[finds->count];
    *item = *find;
    item->member.data = bytes_to_string(find->member);
    item->order = finds->count++;
}

static void finish_finds(struct finds *finds)
{
    for (size_t i = 0; i < finds->count; i++) {
        memory_free((char *)finds->items[i].member.data);
    }
    memory_free(finds->items);
}

static bool below_score(const void *context, struct bytes member, double score)
{
    (void)member;
    return score < *(const double *)context;
}

/* Looks through one cell; stops at `most` finds (0: never). */
static void search_cell(const struct search *search, struct geohash_cell cell, size_t most,
                        struct finds *finds)
{
    double least, end;
    geohash_scores(cell, &least, &end);
    struct sorted_set_element element;
    struct sorted_set_cursor cursor =
        sorted_set_at(search->set, sorted_set_partition(search->set, below_score, &least), false);
    while (sorted_set_next(&cursor, &element) && element.score < end) {
        struct find find = {.member = element.member, .score = element.score};
        find.place = geohash_of_score(element.score);
        if (geohash_within(&search->shape, find.place, &find.distance)) {
            add_find(finds, &find);
        }
        if (most > 0 && finds->count >= most) {
            return;
        }
    }
}

static void search_cells(const struct search *search, struct finds *finds)
{
    struct geohash_cell cells[GEOHASH_CELLS];
    size_t most = search->any ? (size_t)search->count : 0, last = 0;
    geohash_cover(&search->shape, cells);
    for (size_t i = 0; i < GEOHASH_CELLS; i++) {
        /* With a huge radius neighbours are the same cell. */
        if (cells[i].steps == 0 || (last > 0 && cells[i].bits == cells[last].bits)) {
            continue;
        }
        if (most > 0 && finds->count >= most) {
            return;
        }
        search_cell(search, cells[i], most, finds);
        last = i;
    }
}

static int by_distance(const void *a, const void *b)
{
    const struct find *first = a, *second = b;
    if (first->distance != second->distance) {
        return first->distance < second->distance ? -1 : 1;
    }
    return first->order < second->order ? -1 : 1;
}

static int by_distance_descending(const void *a, const void *b)
{
    const struct find *first = a, *second = b;
    return first->distance != second->distance ? by_distance(b, a) : by_distance(a, b);
}

/* ---- Answering ---- */

static void reply_finds(const struct search *search, const struct finds *finds, size_t count)
{
    struct call *call = search->call;
    size_t extras = (size_t)search->with_distance + search->with_hash + search->with_place;
    reply_array(call->reply, count);
    for (size_t i = 0; i < count; i++) {
        const struct find *find = &finds->items[i];
        if (extras > 0) {
            reply_array(call->reply, extras + 1);
        }
        reply_bulk(call->reply, find->member);
        if (search->with_distance) {
            reply_distance(call, find->distance / search->shape.unit);
        }
        if (search->with_hash) {
            reply_integer(call->reply, (int64_t)find->score);
        }
        if (search->with_place) {
            reply_place(call, find->place);
        }
    }
}

static void store_finds(const struct search *search, const struct finds *finds, size_t count,
                        const char *event)
{
    struct call *call = search->call;
    struct sorted_set result = sorted_set_create();
    for (size_t i = 0; i < count; i++) {
        const struct find *find = &finds->items[i];
        sorted_set_put(&result, find->member,
                       search->store_distance ? find->distance / search->shape.unit : find->score,
                       &call->instance->packing);
    }
    sorted_set_store(call, call->argv[search->store_at], result, event);
}

static void answer(struct search *search, const char *event)
{
    struct finds finds = {0};
    if (search->set != NULL) {
        search_cells(search, &finds);
    }
    size_t count = search->count == 0 || finds.count < (size_t)search->count
                       ? finds.count
                       : (size_t)search->count;
    /* The nearest ones are wanted when only some are, unless any will do. */
    if (search->order == ORDER_NONE && search->count > 0 && !search->any) {
        search->order = ORDER_NEAREST;
    }
    if (search->order != ORDER_NONE && finds.count > 0) {
        qsort(finds.items, finds.count, sizeof(*finds.items),
              search->order == ORDER_NEAREST ? by_distance : by_distance_descending);
    }
    if (search->store_at != 0) {
        store_finds(search, &finds, count, event);
    } else {
        reply_finds(search, &finds, count);
    }
    finish_finds(&finds);
}

static bool begin_or_reply(struct call *call, int source, struct search *search)
{
    struct sorted_set *set;
    if (!sorted_set_read_or_reply(call, source, &set)) {
        return false;
    }
    *search =
        (struct search){.call = call, .set = set, .shape.older = !call_supports(call, "7.0.0")};
    return true;
}

/* Before 6.2 a missing key ended GEORADIUS, whatever else was asked for. */
static bool worth_reading_or_reply(struct search *search)
{
    if (search->set != NULL || call_supports(search->call, "6.2.0")) {
        return true;
    }
    reply_array(search->call->reply, 0);
    return false;
}

static void radius(struct call *call, enum form form)
{
    struct search search;
    if (begin_or_reply(call, 1, &search) && worth_reading_or_reply(&search) &&
        read_place(&search, 2) && read_radius(&search, 4) && options_or_reply(&search, form, 6)) {
        answer(&search, "georadiusstore");
    }
}

static void radius_by_member(struct call *call, enum form form)
{
    struct search search;
    if (!begin_or_reply(call, 1, &search) || !worth_reading_or_reply(&search)) {
        return;
    }
    /* Without the key Redis does not look at the member and the radius. */
    if ((search.set == NULL || (read_member(&search, 2) && read_radius(&search, 3))) &&
        options_or_reply(&search, form, 5)) {
        answer(&search, "georadiusstore");
    }
}

static void cmd_georadius(struct call *call)
{
    radius(call, FORM_RADIUS);
}

static void cmd_georadius_ro(struct call *call)
{
    radius(call, FORM_RADIUS_RO);
}

static void cmd_georadiusbymember(struct call *call)
{
    radius_by_member(call, FORM_RADIUS);
}

static void cmd_georadiusbymember_ro(struct call *call)
{
    radius_by_member(call, FORM_RADIUS_RO);
}

static void cmd_geosearch(struct call *call)
{
    struct search search;
    if (begin_or_reply(call, 1, &search) && options_or_reply(&search, FORM_SEARCH, 2)) {
        answer(&search, NULL);
    }
}

static void cmd_geosearchstore(struct call *call)
{
    struct search search;
    if (!begin_or_reply(call, 2, &search)) {
        return;
    }
    search.store_at = 1;
    if (options_or_reply(&search, FORM_SEARCH_STORE, 3)) {
        answer(&search, "geosearchstore");
    }
}

static const struct command commands[] = {
    {
        .name = "GEORADIUS",
        .handler = cmd_georadius,
        .arity = -6,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1),
                 {.begin = KEY_BEGIN_KEYWORD,
                  .keyword = "STORE",
                  .start_from = 6,
                  .find = KEY_FIND_RANGE,
                  .last = 0,
                  .step = 1,
                  .flags = KEY_OW | KEY_UPDATE},
                 {.begin = KEY_BEGIN_KEYWORD,
                  .keyword = "STOREDIST",
                  .start_from = 6,
                  .find = KEY_FIND_RANGE,
                  .last = 0,
                  .step = 1,
                  .flags = KEY_OW | KEY_UPDATE}},
        .since = "3.2.0",
        .complexity = "O(N+log(M)) where N is the number of elements inside the bounding box "
                      "of the circular area delimited by center and radius and M is the number "
                      "of items inside the index.",
        .summary = "Query a sorted set representing a geospatial index to fetch members "
                   "matching a given maximum distance from a point",
        .arguments = "key#0 longitude=double latitude=double radius=double "
                     "unit(m=token@M|km=token@KM|ft=token@FT|mi=token@MI) "
                     "[withcoord=token@WITHCOORD] [withdist=token@WITHDIST] "
                     "[withhash=token@WITHHASH] [count{count=integer@COUNT "
                     "[any=token@ANY^6.2.0]}] [order(asc=token@ASC|desc=token@DESC)] "
                     "[key#1@STORE] [key#2@STOREDIST]",
        .history =
            (const struct command_history[]){{"6.2.0", "Added the `ANY` option for `COUNT`."},
                                             {"7.0.0", "Added support for uppercase unit names."},
                                             {0}},
        .deprecated_since = "6.2.0",
        .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
    },
    {
        .name = "GEORADIUS_RO",
        .handler = cmd_georadius_ro,
        .arity = -6,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "3.2.10",
        .complexity = "O(N+log(M)) where N is the number of elements inside the bounding box "
                      "of the circular area delimited by center and radius and M is the number "
                      "of items inside the index.",
        .summary = "A read-only variant for GEORADIUS",
        .arguments = "key#0 longitude=double latitude=double radius=double "
                     "unit(m=token@M|km=token@KM|ft=token@FT|mi=token@MI) "
                     "[withcoord=token@WITHCOORD] [withdist=token@WITHDIST] "
                     "[withhash=token@WITHHASH] [count{count=integer@COUNT "
                     "[any=token@ANY^6.2.0]}] [order(asc=token@ASC|desc=token@DESC)]",
        .history =
            (const struct command_history[]){{"6.2.0", "Added the `ANY` option for `COUNT`."}, {0}},
        .deprecated_since = "6.2.0",
        .replaced_by = "`GEOSEARCH` with the `BYRADIUS` argument",
    },
    {
        .name = "GEORADIUSBYMEMBER",
        .handler = cmd_georadiusbymember,
        .arity = -5,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1),
                 {.begin = KEY_BEGIN_KEYWORD,
                  .keyword = "STORE",
                  .start_from = 5,
                  .find = KEY_FIND_RANGE,
                  .last = 0,
                  .step = 1,
                  .flags = KEY_OW | KEY_UPDATE},
                 {.begin = KEY_BEGIN_KEYWORD,
                  .keyword = "STOREDIST",
                  .start_from = 5,
                  .find = KEY_FIND_RANGE,
                  .last = 0,
                  .step = 1,
                  .flags = KEY_OW | KEY_UPDATE}},
        .since = "3.2.0",
        .complexity = "O(N+log(M)) where N is the number of elements inside the bounding box "
                      "of the circular area delimited by center and radius and M is the number "
                      "of items inside the index.",
        .summary = "Query a sorted set representing a geospatial index to fetch members "
                   "matching a given maximum distance from a member",
        .arguments = "key#0 member radius=double "
                     "unit(m=token@M|km=token@KM|ft=token@FT|mi=token@MI) "
                     "[withcoord=token@WITHCOORD] [withdist=token@WITHDIST] "
                     "[withhash=token@WITHHASH] [count{count=integer@COUNT [any=token@ANY]}] "
                     "[order(asc=token@ASC|desc=token@DESC)] [key#1@STORE] [key#2@STOREDIST]",
        .history =
            (const struct command_history[]){{"7.0.0", "Added support for uppercase unit names."},
                                             {0}},
        .deprecated_since = "6.2.0",
        .replaced_by =
            "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
    },
    {
        .name = "GEORADIUSBYMEMBER_RO",
        .handler = cmd_georadiusbymember_ro,
        .arity = -5,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "3.2.10",
        .complexity = "O(N+log(M)) where N is the number of elements inside the bounding box "
                      "of the circular area delimited by center and radius and M is the number "
                      "of items inside the index.",
        .summary = "A read-only variant for GEORADIUSBYMEMBER",
        .arguments = "key#0 member radius=double "
                     "unit(m=token@M|km=token@KM|ft=token@FT|mi=token@MI) "
                     "[withcoord=token@WITHCOORD] [withdist=token@WITHDIST] "
                     "[withhash=token@WITHHASH] [count{count=integer@COUNT [any=token@ANY]}] "
                     "[order(asc=token@ASC|desc=token@DESC)]",
        .deprecated_since = "6.2.0",
        .replaced_by = "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
    },
    {
        .name = "GEOSEARCH",
        .handler = cmd_geosearch,
        .arity = -7,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "6.2.0",
        .complexity = "O(N+log(M)) where N is the number of elements in the grid-aligned "
                      "bounding box area around the shape provided as the filter and M is the "
                      "number of items inside the shape",
        .summary = "Query a sorted set representing a geospatial index to fetch members "
                   "inside an area of a box or a circle.",
        .arguments = "key#0 from(member@FROMMEMBER|longitude_latitude{longitude=double "
                     "latitude=double}@FROMLONLAT) by(circle{radius=double@BYRADIUS "
                     "unit(m=token@M|km=token@KM|ft=token@FT|mi=token@MI)}|box{width=double@BYBOX "
                     "height=double unit(m=token@M|km=token@KM|ft=token@FT|mi=token@MI)}) "
                     "[order(asc=token@ASC|desc=token@DESC)] [count{count=integer@COUNT "
                     "[any=token@ANY]}] [withcoord=token@WITHCOORD] [withdist=token@WITHDIST] "
                     "[withhash=token@WITHHASH]",
        .history =
            (const struct command_history[]){{"7.0.0", "Added support for uppercase unit names."},
                                             {0}},
    },
    {
        .name = "GEOSEARCHSTORE",
        .handler = cmd_geosearchstore,
        .arity = -8,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1), KEY_RANGE(KEY_RO | KEY_ACCESS, 2, 0, 1)},
        .since = "6.2.0",
        .complexity = "O(N+log(M)) where N is the number of elements in the grid-aligned "
                      "bounding box area around the shape provided as the filter and M is the "
                      "number of items inside the shape",
        .summary = "Query a sorted set representing a geospatial index to fetch members "
                   "inside an area of a box or a circle, and store the result in another "
                   "key.",
        .arguments = "destination#0 source#1 "
                     "from(member@FROMMEMBER|longitude_latitude{longitude=double "
                     "latitude=double}@FROMLONLAT) by(circle{radius=double@BYRADIUS "
                     "unit(m=token@M|km=token@KM|ft=token@FT|mi=token@MI)}|box{width=double@BYBOX "
                     "height=double unit(m=token@M|km=token@KM|ft=token@FT|mi=token@MI)}) "
                     "[order(asc=token@ASC|desc=token@DESC)] [count{count=integer@COUNT "
                     "[any=token@ANY]}] [storedist=token@STOREDIST]",
        .history =
            (const struct command_history[]){{"7.0.0", "Added support for uppercase unit names."},
                                             {0}},
    },
};

const struct command_family geo_search_family = {"geo", commands, ARRAY_LEN(commands)};

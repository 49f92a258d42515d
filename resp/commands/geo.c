/* GEOADD, GEOPOS, GEOHASH, GEODIST: places as scores of a sorted set. */
#include "resp/commands/geo.h"
#include "resp/arguments.h"
#include "resp/commands/sorted_set.h"
#include "resp/instance_state.h"

bool place_or_reply(struct call *call, int index, struct place *place)
{
    if (!argument_double_or_reply(call, index, &place->longitude) ||
        !argument_double_or_reply(call, index + 1, &place->latitude)) {
        return false;
    }
    if (place->longitude >= -LONGITUDE_LIMIT && place->longitude <= LONGITUDE_LIMIT &&
        place->latitude >= -LATITUDE_LIMIT && place->latitude <= LATITUDE_LIMIT) {
        return true;
    }
    reply_errorf(call->reply, "ERR invalid longitude,latitude pair %f,%f", place->longitude,
                 place->latitude);
    return false;
}

bool unit_or_reply(struct call *call, int index, double *metres)
{
    static const struct {
        const char *name;
        double metres;
    } units[] = {{"m", 1}, {"km", 1000}, {"ft", 0.3048}, {"mi", 1609.34}};
    bool any_case = call_supports(call, "6.2.0");
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        struct bytes word = call->argv[index], name = bytes_from_string(units[i].name);
        if (any_case ? bytes_equal_nocase(word, name) : bytes_equal(word, name)) {
            *metres = units[i].metres;
            return true;
        }
    }
    reply_error(call->reply, any_case ? "ERR unsupported unit provided. please use M, KM, FT, MI"
                                      : "ERR unsupported unit provided. please use m, km, ft, mi");
    return false;
}

void reply_distance(struct call *call, double distance)
{
    reply_bulkf(call->reply, "%.4f", distance);
}

void reply_place(struct call *call, struct place place)
{
    reply_array(call->reply, 2);
    reply_long_double(call->reply, place.longitude);
    reply_long_double(call->reply, place.latitude);
}

static const struct option add_options[] = {
    {"NX", OPTION_FLAG, 0, "6.2.0", 0},
    {"XX", OPTION_FLAG, 0, "6.2.0", 0},
    {"CH", OPTION_FLAG, 0, "6.2.0", 0},
};

static void cmd_geoadd(struct call *call)
{
    unsigned flags = 0;
    int first = 2;
    for (bool known = true; known && first < call->argc; first += known ? 1 : 0) {
        known = false;
        for (size_t i = 0; i < ARRAY_LEN(add_options); i++) {
            if (bytes_equal_string_nocase(call->argv[first], add_options[i].token) &&
                call_supports(call, add_options[i].since)) {
                known = true;
                flags |= 1u << i; /* in the order of enum sorted_set_add_flag */
            }
        }
    }
    int words = call->argc - first, count = words / 3;
    if (words % 3 != 0 && !call_supports(call, "6.2.0")) {
        reply_error(call->reply, "ERR syntax error. Try GEOADD key [x1] [y1] [name1] [x2] [y2] "
                                 "[name2] ... ");
        return;
    }
    if (words % 3 != 0 || ((flags & ADD_NX) != 0 && (flags & ADD_XX) != 0)) {
        reply_syntax_error(call);
        return;
    }
    double *scores = memory_allocate((size_t)count * sizeof(*scores) + 1);
    bool going = true;
    for (int i = 0; going && i < count; i++) {
        struct place place;
        going = place_or_reply(call, first + i * 3, &place);
        if (going) {
            scores[i] = (double)geohash_encode(place, LATITUDE_LIMIT, GEOHASH_STEPS);
        }
    }
    if (going && count == 0) {
        reply_syntax_error(call);
    } else if (going) {
        sorted_set_add(call, flags, scores, count, first + 2, 3);
    }
    memory_free(scores);
}

/* ---- Reading ---- */

static bool find_place(const struct sorted_set *set, struct bytes member, struct place *place)
{
    double score;
    bool found = set != NULL && sorted_set_score(set, member, &score);
    if (found) {
        *place = geohash_of_score(score);
    }
    return found;
}

/* The standard geohash: latitudes up to 90 degrees, eleven characters, of which the last is 0. */
static void reply_geohash(struct call *call, struct place place)
{
    static const char alphabet[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    uint64_t bits = geohash_encode(place, 90, GEOHASH_STEPS);
    char text[11];
    for (int i = 0; i < 11; i++) {
        text[i] = alphabet[i == 10 ? 0 : bits >> (52 - (i + 1) * 5) & 0x1f];
    }
    reply_bulk(call->reply, (struct bytes){text, sizeof(text)});
}

/* Each member's place in one form or the other; what is not there is `absent`. */
static void reply_members(struct call *call, void (*present)(struct call *call, struct place place),
                          void (*absent)(struct reply *reply))
{
    struct sorted_set *set;
    struct place place;
    if (!sorted_set_read_or_reply(call, 1, &set)) {
        return;
    }
    reply_array(call->reply, (size_t)call->argc - 2);
    for (int i = 2; i < call->argc; i++) {
        if (find_place(set, call->argv[i], &place)) {
            present(call, place);
        } else {
            absent(call->reply);
        }
    }
}

static void cmd_geopos(struct call *call)
{
    reply_members(call, reply_place, reply_null_array);
}

static void cmd_geohash(struct call *call)
{
    reply_members(call, reply_geohash, reply_null);
}

static void cmd_geodist(struct call *call)
{
    double unit = 1;
    struct sorted_set *set;
    struct place from, to;
    if (call->argc > 5) {
        reply_syntax_error(call);
        return;
    }
    if ((call->argc == 5 && !unit_or_reply(call, 4, &unit)) ||
        !sorted_set_read_or_reply(call, 1, &set)) {
        return;
    }
    if (find_place(set, call->argv[2], &from) && find_place(set, call->argv[3], &to)) {
        reply_distance(call, geohash_distance(from, to) / unit);
    } else {
        reply_null(call->reply);
    }
}

static const struct command commands[] = {
    {
        .name = "GEOADD",
        .handler = cmd_geoadd,
        .arity = -5,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
        .since = "3.2.0",
        .complexity = "O(log(N)) for each item added, where N is the number of elements in the "
                      "sorted set.",
        .summary = "Add one or more geospatial items in the geospatial index represented "
                   "using a sorted set",
        .arguments = "key#0 [condition(nx=token@NX|xx=token@XX)^6.2.0] "
                     "[change=token@CH^6.2.0] longitude_latitude_member{longitude=double "
                     "latitude=double member}...",
        .history =
            (const struct command_history[]){{"6.2.0", "Added the `CH`, `NX` and `XX` options."},
                                             {0}},
    },
    {
        .name = "GEOPOS",
        .handler = cmd_geopos,
        .arity = -2,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "3.2.0",
        .complexity = "O(N) where N is the number of members requested.",
        .summary = "Returns longitude and latitude of members of a geospatial index",
        .arguments = "key#0 member...",
    },
    {
        .name = "GEOHASH",
        .handler = cmd_geohash,
        .arity = -2,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "3.2.0",
        .complexity = "O(log(N)) for each member requested, where N is the number of elements "
                      "in the sorted set.",
        .summary = "Returns members of a geospatial index as standard geohash strings",
        .arguments = "key#0 member...",
    },
    {
        .name = "GEODIST",
        .handler = cmd_geodist,
        .arity = -4,
        .flags = CMD_READONLY,
        .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
        .since = "3.2.0",
        .complexity = "O(log(N))",
        .summary = "Returns the distance between two members of a geospatial index",
        .arguments = "key#0 member1 member2 "
                     "[unit(m=token@M|km=token@KM|ft=token@FT|mi=token@MI)]",
    },
};

const struct command_family geo_family = {"geo", commands, ARRAY_LEN(commands)};

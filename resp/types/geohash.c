#include "resp/types/geohash.h"

#include <math.h>

static const double earth_radius = 6372797.560856; /* metres; Redis's value */
static const double mercator_limit = 20037726.37;  /* half the equator */
static const double degree = M_PI / 180.0;

/* ---- Cells ---- */

/* Spreads the low half's bits to the even places. */
static uint64_t spread(uint32_t half)
{
    static const uint64_t masks[] = {0x0000ffff0000ffffu, 0x00ff00ff00ff00ffu, 0x0f0f0f0f0f0f0f0fu,
                                     0x3333333333333333u, 0x5555555555555555u};
    uint64_t bits = half;
    for (int i = 0, shift = 16; i < 5; i++, shift /= 2) {
        bits = (bits | bits << shift) & masks[i];
    }
    return bits;
}

static uint32_t gather(uint64_t bits)
{
    static const uint64_t masks[] = {0x3333333333333333u, 0x0f0f0f0f0f0f0f0fu, 0x00ff00ff00ff00ffu,
                                     0x0000ffff0000ffffu, 0x00000000ffffffffu};
    bits &= 0x5555555555555555u;
    for (int i = 0, shift = 1; i < 5; i++, shift *= 2) {
        bits = (bits | bits >> shift) & masks[i];
    }
    return (uint32_t)bits;
}

uint64_t geohash_encode(struct place place, double latitude_limit, int steps)
{
    double cells = (double)((uint64_t)1 << steps);
    double y = (place.latitude + latitude_limit) / (2 * latitude_limit) * cells;
    double x = (place.longitude + LONGITUDE_LIMIT) / (2 * LONGITUDE_LIMIT) * cells;
    return spread((uint32_t)y) | spread((uint32_t)x) << 1;
}

struct geohash_area geohash_area(struct geohash_cell cell)
{
    double cells = (double)((uint64_t)1 << cell.steps);
    double y = gather(cell.bits), x = gather(cell.bits >> 1);
    return (struct geohash_area){
        .least = {-LONGITUDE_LIMIT + x / cells * (2 * LONGITUDE_LIMIT),
                  -LATITUDE_LIMIT + y / cells * (2 * LATITUDE_LIMIT)},
        .most = {-LONGITUDE_LIMIT + (x + 1) / cells * (2 * LONGITUDE_LIMIT),
                 -LATITUDE_LIMIT + (y + 1) / cells * (2 * LATITUDE_LIMIT)},
    };
}

static double clamp(double number, double limit)
{
    return number > limit ? limit : number < -limit ? -limit : number;
}

struct place geohash_decode(uint64_t hash)
{
    struct geohash_area area = geohash_area((struct geohash_cell){hash, GEOHASH_STEPS});
    return (struct place){
        clamp((area.least.longitude + area.most.longitude) / 2, LONGITUDE_LIMIT),
        clamp((area.least.latitude + area.most.latitude) / 2, LATITUDE_LIMIT),
    };
}

struct place geohash_of_score(double score)
{
    const double half = 9223372036854775808.0; /* 2^63 */
    uint64_t hash;
    if (score >= 2 * half) {
        hash = 0;
    } else if (score >= half) {
        hash = (uint64_t)score;
    } else if (score >= -half) {
        hash = (uint64_t)(int64_t)score;
    } else {
        hash = (uint64_t)1 << 63;
    }
    return geohash_decode(hash);
}

static uint64_t align(struct geohash_cell cell)
{
    return cell.bits << (2 * (GEOHASH_STEPS - cell.steps));
}

void geohash_scores(struct geohash_cell cell, double *least, double *most)
{
    *least = (double)align(cell);
    cell.bits++;
    *most = (double)align(cell);
}

/*
 * The cell so many to the east and north; the grid is a torus. A place on the very edge lies one
 * cell beyond the grid, and stays there in a direction in which it does not move, as in Redis.
 */
static struct geohash_cell neighbour(struct geohash_cell cell, int east, int north)
{
    uint32_t mask = (uint32_t)(((uint64_t)1 << cell.steps) - 1);
    uint32_t y = gather(cell.bits), x = gather(cell.bits >> 1);
    y = north == 0 ? y : (y + (uint32_t)north) & mask;
    x = east == 0 ? x : (x + (uint32_t)east) & mask;
    return (struct geohash_cell){spread(y) | spread(x) << 1, cell.steps};
}

/* ---- Distances ---- */

double geohash_distance(struct place a, struct place b)
{
    double latitude_a = a.latitude * degree, latitude_b = b.latitude * degree;
    double u = sin((latitude_b - latitude_a) / 2);
    double v = sin((b.longitude * degree - a.longitude * degree) / 2);
    return 2.0 * earth_radius * asin(sqrt(u * u + cos(latitude_a) * cos(latitude_b) * v * v));
}

bool geohash_within(const struct geohash_shape *shape, struct place place, double *distance)
{
    if (shape->box) {
        struct place same_latitude = {shape->center.longitude, place.latitude};
        struct place same_longitude = {place.longitude, shape->center.latitude};
        if (geohash_distance(place, same_latitude) > shape->width * shape->unit / 2 ||
            geohash_distance(place, same_longitude) > shape->height * shape->unit / 2) {
            return false;
        }
    }
    *distance = geohash_distance(shape->center, place);
    return shape->box || *distance <= shape->radius * shape->unit;
}

/* ---- The cells around a shape ---- */

static struct geohash_area bounding_box(const struct geohash_shape *shape)
{
    double height = shape->unit * (shape->box ? shape->height / 2 : shape->radius);
    double width = shape->unit * (shape->box ? shape->width / 2 : shape->radius);
    struct place center = shape->center;
    double latitude_delta = height / earth_radius / degree;
    /* The side towards the pole spans more degrees. */
    double widest =
        center.latitude < 0 ? center.latitude - latitude_delta : center.latitude + latitude_delta;
    widest = shape->older ? center.latitude : widest;
    double longitude_delta = width / earth_radius / cos(widest * degree) / degree;
    return (struct geohash_area){
        .least = {center.longitude - longitude_delta, center.latitude - latitude_delta},
        .most = {center.longitude + longitude_delta, center.latitude + latitude_delta},
    };
}

/* How fine a grid may be so that the cell of the centre and its neighbours cover the radius. */
static int steps_for(double radius, double latitude)
{
    int steps = 1;
    if (radius == 0) {
        return GEOHASH_STEPS;
    }
    for (; radius < mercator_limit; radius *= 2) {
        steps++;
    }
    steps -= 2 + (fabs(latitude) > 66) + (fabs(latitude) > 80);
    return steps < 1 ? 1 : steps > GEOHASH_STEPS ? GEOHASH_STEPS : steps;
}

/* The cell and its neighbours reach at least as far as the box. */
static bool neighbours_cover(struct geohash_cell cell, struct geohash_area box)
{
    return geohash_area(neighbour(cell, 0, 1)).most.latitude >= box.most.latitude &&
           geohash_area(neighbour(cell, 0, -1)).least.latitude <= box.least.latitude &&
           geohash_area(neighbour(cell, 1, 0)).most.longitude >= box.most.longitude &&
           geohash_area(neighbour(cell, -1, 0)).least.longitude <= box.least.longitude;
}

/* Measured from the centre, as Redis did before 7.0. */
static bool neighbours_reach(struct geohash_cell cell, struct place center, double radius)
{
    double north = geohash_area(neighbour(cell, 0, 1)).most.latitude;
    double south = geohash_area(neighbour(cell, 0, -1)).least.latitude;
    double east = geohash_area(neighbour(cell, 1, 0)).most.longitude;
    double west = geohash_area(neighbour(cell, -1, 0)).least.longitude;
    return geohash_distance(center, (struct place){center.longitude, north}) >= radius &&
           geohash_distance(center, (struct place){center.longitude, south}) >= radius &&
           geohash_distance(center, (struct place){east, center.latitude}) >= radius &&
           geohash_distance(center, (struct place){west, center.latitude}) >= radius;
}

void geohash_cover(const struct geohash_shape *shape, struct geohash_cell cells[GEOHASH_CELLS])
{
    static const struct {
        int east, north;
    } directions[GEOHASH_CELLS] = {{0, 0}, {0, 1},  {0, -1}, {1, 0},  {-1, 0},
                                   {1, 1}, {-1, 1}, {1, -1}, {-1, -1}};
    struct geohash_area box = bounding_box(shape);
    double radius = shape->unit * (shape->box ? sqrt(shape->width / 2 * (shape->width / 2) +
                                                     shape->height / 2 * (shape->height / 2))
                                              : shape->radius);
    struct geohash_cell cell = {.steps = steps_for(radius, shape->center.latitude)};
    cell.bits = geohash_encode(shape->center, LATITUDE_LIMIT, cell.steps);
    bool covered =
        shape->older ? neighbours_reach(cell, shape->center, radius) : neighbours_cover(cell, box);
    if (cell.steps > 1 && !covered) {
        cell.steps--;
        cell.bits = geohash_encode(shape->center, LATITUDE_LIMIT, cell.steps);
    }
    struct geohash_area area = geohash_area(cell);
    for (int i = 0; i < GEOHASH_CELLS; i++) {
        int east = directions[i].east, north = directions[i].north;
        /* Beyond a side of the cell that lies outside the shape's box there is nothing to find. */
        bool useless = (north < 0 && area.least.latitude < box.least.latitude) ||
                       (north > 0 && area.most.latitude > box.most.latitude) ||
                       (east < 0 && area.least.longitude < box.least.longitude) ||
                       (east > 0 && area.most.longitude > box.most.longitude);
        cells[i] =
            cell.steps >= 2 && useless ? (struct geohash_cell){0} : neighbour(cell, east, north);
    }
}

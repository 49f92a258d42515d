/*
 * Places on Earth as numbers: 52 bits that interleave latitude and longitude, so that near places
 * mostly have near numbers, as Redis keeps them in the scores of sorted sets. Degrees and metres.
 */
#ifndef RESP_TYPES_GEOHASH_H
#define RESP_TYPES_GEOHASH_H

#include <stdbool.h>
#include <stdint.h>

/* Mercator's limits: what EPSG:900913 can show. */
#define LONGITUDE_LIMIT 180.0
#define LATITUDE_LIMIT 85.05112878

enum { GEOHASH_STEPS = 26 }; /* bits of each coordinate in a score */

struct place {
    double longitude, latitude;
};

/* A cell of the grid that has 2^steps cells in each direction; steps 0: no cell. */
struct geohash_cell {
    uint64_t bits;
    int steps;
};

struct geohash_area {
    struct place least, most;
};

uint64_t geohash_encode(struct place place, double latitude_limit, int steps);
struct place geohash_decode(uint64_t hash); /* the middle of the smallest cell */
struct geohash_area geohash_area(struct geohash_cell cell);

/* The place that a score stands for, whatever number it is, as Redis on x86-64 reads it. */
struct place geohash_of_score(double score);
/* The scores of a cell: least <= score < most. */
void geohash_scores(struct geohash_cell cell, double *least, double *most);

double geohash_distance(struct place a, struct place b); /* along a great circle, metres */

struct geohash_shape {
    struct place center;
    bool box;
    double radius, width, height; /* in units of `unit` metres */
    double unit;
    bool older; /* covered as Redis did before 7.0, which missed parts of large circles */
};

bool geohash_within(const struct geohash_shape *shape, struct place place, double *distance);

/* The cells to look into: the one of the centre, then N, S, E, W, NE, NW, SE, SW. */
enum { GEOHASH_CELLS = 9 };
void geohash_cover(const struct geohash_shape *shape, struct geohash_cell cells[GEOHASH_CELLS]);

#endif

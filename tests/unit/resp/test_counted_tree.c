/* The counted tree against a sorted array: every rank, both ways, after every kind of change. */
#include "resp/types/counted_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "tests/support/test.h"

enum { MOST = 5000 };

struct element {
    double score;
    char name[16];
};

static struct bytes name_of(const void *context, const void *handle)
{
    (void)context;
    return bytes_from_string(((const struct element *)handle)->name);
}

static int compare(const void *a, const void *b)
{
    const struct element *one = *(struct element *const *)a, *other = *(struct element *const *)b;
    return one->score != other->score ? (one->score < other->score ? -1 : 1)
                                      : strcmp(one->name, other->name);
}

/* Whether a tree holds just these, in order. */
static bool holds(const struct counted_tree *tree, struct element **sorted, size_t count)
{
    struct counted_item item;
    if (tree->count != count) {
        return false;
    }
    qsort(sorted, count, sizeof(*sorted), compare);
    struct counted_place forth = counted_tree_at(tree, 0);
    struct counted_place back = counted_tree_at(tree, count - 1);
    for (size_t i = 0; i < count; i++) {
        const struct counted_item sought = {sorted[i]->score, sorted[i]};
        if (!counted_item_at(forth, &item) || item.handle != sorted[i] ||
            item.score != sorted[i]->score || !counted_item_at(back, &item) ||
            item.handle != sorted[count - 1 - i] || counted_tree_rank(tree, sought) != i ||
            !counted_item_at(counted_tree_at(tree, i), &item) || item.handle != sorted[i]) {
            return false;
        }
        forth = counted_next(forth);
        back = counted_previous(back);
    }
    return !counted_item_at(forth, &item) && !counted_item_at(back, &item) &&
           !counted_item_at(counted_tree_at(tree, count), &item);
}

static bool below(const void *context, struct bytes name, double score)
{
    (void)name;
    return score < *(const double *)context;
}

/* Random changes, with as many ties as `scores` makes; `growth` of 100 changes add. */
static void change(uint64_t seed, unsigned scores, unsigned growth, size_t changes)
{
    struct random random;
    struct counted_tree tree;
    static struct element elements[MOST];
    static struct element *in[MOST], *out[MOST], *sorted[MOST];
    size_t inside = 0, outside = MOST;
    random_init(&random, seed);
    counted_tree_init(&tree, name_of, NULL);
    for (size_t i = 0; i < MOST; i++) {
        snprintf(elements[i].name, sizeof(elements[i].name), "%zu", i);
        out[i] = &elements[i];
    }
    for (size_t step = 0; step < changes; step++) {
        unsigned dice = (unsigned)random_below(&random, 100);
        if (dice < growth && outside > 0) {
            size_t which = random_below(&random, outside);
            struct element *element = out[which];
            out[which] = out[--outside];
            in[inside++] = element;
            element->score = (double)random_below(&random, scores);
            counted_tree_insert(&tree, (struct counted_item){element->score, element});
        } else if (dice < growth + 20 && inside > 0) {
            struct element *element = in[random_below(&random, inside)];
            double score = (double)random_below(&random, scores);
            counted_tree_move(&tree, (struct counted_item){element->score, element}, score);
            element->score = score;
        } else if (inside > 0) {
            size_t which = random_below(&random, inside);
            struct element *element = in[which];
            in[which] = in[--inside];
            out[outside++] = element;
            counted_tree_remove(&tree, (struct counted_item){element->score, element});
        }
        if (step % 499 == 0 || inside < 3) {
            memcpy(sorted, in, inside * sizeof(*in));
            CHECK(holds(&tree, sorted, inside));
            double border = (double)random_below(&random, scores + 1);
            size_t before = 0;
            for (size_t i = 0; i < inside; i++) {
                before += in[i]->score < border ? 1 : 0;
            }
            CHECK_INT(counted_tree_partition(&tree, below, &border), before);
        }
    }
    counted_tree_finish(&tree);
    CHECK_INT(tree.count, 0);
    CHECK_INT(tree.memory, 0);
}

TEST(it_is_a_sorted_array_while_it_grows)
{
    change(1, 1000000, 75, 20000);
}

TEST(it_is_a_sorted_array_while_it_shrinks_and_grows)
{
    change(2, 1000000, 42, 40000);
}

TEST(ties_stand_in_the_order_of_their_names)
{
    change(3, 3, 60, 20000);
}

/* As leaderboards by time are filled: in order, or backwards; then emptied from either end. */
static void fill_and_empty(bool forth, bool from_front)
{
    static struct element elements[MOST];
    static struct element *sorted[MOST];
    struct counted_tree tree;
    counted_tree_init(&tree, name_of, NULL);
    for (size_t i = 0; i < MOST; i++) {
        elements[i].score = forth ? (double)i : (double)(MOST - i);
        snprintf(elements[i].name, sizeof(elements[i].name), "%zu", i);
        sorted[i] = &elements[i];
        counted_tree_insert(&tree, (struct counted_item){elements[i].score, &elements[i]});
    }
    CHECK(holds(&tree, sorted, MOST));
    for (size_t left = MOST; left > 0; left--) {
        struct element *element = from_front ? sorted[MOST - left] : sorted[left - 1];
        counted_tree_remove(&tree, (struct counted_item){element->score, element});
        if (left % 500 == 1) {
            CHECK(holds(&tree, from_front ? sorted + (MOST - left + 1) : sorted, left - 1));
        }
    }
    CHECK_INT(tree.memory, 0);
    counted_tree_finish(&tree);
}

TEST(in_order_it_is_filled_and_emptied_from_both_ends)
{
    for (int way = 0; way < 4; way++) {
        fill_and_empty((way & 1) != 0, (way & 2) != 0);
    }
}

/* 17 bytes an item when filled in order, 16 of them the item itself. */
TEST(filled_in_order_it_wastes_little)
{
    static struct element elements[MOST];
    struct counted_tree tree;
    counted_tree_init(&tree, name_of, NULL);
    for (size_t i = 0; i < MOST; i++) {
        elements[i].score = (double)i;
        counted_tree_insert(&tree, (struct counted_item){elements[i].score, &elements[i]});
    }
    CHECK(tree.memory < (size_t)MOST * 20);
    counted_tree_finish(&tree);
}

TEST(it_is_freed_step_by_step)
{
    static struct element elements[MOST];
    struct counted_tree tree;
    size_t steps = 1;
    counted_tree_init(&tree, name_of, NULL);
    CHECK(counted_tree_finish_some(&tree, 1));
    for (size_t i = 0; i < MOST; i++) {
        elements[i].score = (double)i;
        counted_tree_insert(&tree, (struct counted_item){elements[i].score, &elements[i]});
    }
    for (; !counted_tree_finish_some(&tree, 200); steps++) {
    }
    CHECK(steps > MOST / 300 && steps < MOST / 100);
    CHECK_INT(tree.count, 0);
}

static const struct test_case cases[] = {
    CASE(it_is_a_sorted_array_while_it_grows),
    CASE(it_is_a_sorted_array_while_it_shrinks_and_grows),
    CASE(ties_stand_in_the_order_of_their_names),
    CASE(in_order_it_is_filled_and_emptied_from_both_ends),
    CASE(filled_in_order_it_wastes_little),
    CASE(it_is_freed_step_by_step),
};

TEST_MAIN(cases)

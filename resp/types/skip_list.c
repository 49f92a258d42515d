/* A skip list with spans. */
#include "resp/types/skip_list.h"

enum { HIGHEST = 32, ONE_IN = 4 };

static struct skip_node *make_node(struct skip_list *list, int height)
{
    struct skip_node *node =
        memory_allocate_zeroed(sizeof(*node) + (size_t)height * sizeof(node->links[0]));
    list->memory += memory_size(node);
    return node;
}

static void free_node(struct skip_list *list, struct skip_node *node)
{
    list->memory -= memory_size(node);
    memory_free(node);
}

void skip_list_init(struct skip_list *list, struct random *random)
{
    *list = (struct skip_list){.height = 1, .random = random};
    list->head = make_node(list, HIGHEST);
}

void skip_list_finish(struct skip_list *list)
{
    struct skip_node *node = list->head;
    while (node != NULL) {
        struct skip_node *next = node->links[0].next;
        memory_free(node);
        node = next;
    }
    *list = (struct skip_list){0};
}

static bool stands_before(const struct skip_node *node, double score, struct bytes member)
{
    return node->score < score || (node->score == score && bytes_compare(node->member, member) < 0);
}

/* On each level, the last node before the place, and its rank counted from 1 (the head is 0). */
struct path {
    struct skip_node *nodes[HIGHEST];
    size_t ranks[HIGHEST];
};

static void find_path(const struct skip_list *list, double score, struct bytes member,
                      struct path *path)
{
    struct skip_node *node = list->head;
    size_t rank = 0;
    for (int level = list->height - 1; level >= 0; level--) {
        while (node->links[level].next != NULL &&
               stands_before(node->links[level].next, score, member)) {
            rank += node->links[level].span;
            node = node->links[level].next;
        }
        path->nodes[level] = node;
        path->ranks[level] = rank;
    }
}

static int random_height(struct random *random)
{
    int height = 1;
    while (height < HIGHEST && random_below(random, ONE_IN) == 0) {
        height++;
    }
    return height;
}

struct skip_node *skip_list_insert(struct skip_list *list, double score, struct bytes member)
{
    struct path path;
    int height = random_height(list->random);
    find_path(list, score, member, &path);
    for (; list->height < height; list->height++) {
        path.nodes[list->height] = list->head;
        path.ranks[list->height] = 0;
        list->head->links[list->height].span = list->count;
    }
    struct skip_node *node = make_node(list, height);
    node->score = score;
    node->member = member;
    for (int level = 0; level < height; level++) {
        struct skip_link *link = &path.nodes[level]->links[level];
        size_t passed = path.ranks[0] - path.ranks[level];
        node->links[level] = (struct skip_link){link->next, link->span - passed};
        *link = (struct skip_link){node, passed + 1};
    }
    for (int level = height; level < list->height; level++) {
        path.nodes[level]->links[level].span++;
    }
    node->previous = path.nodes[0] == list->head ? NULL : path.nodes[0];
    if (node->links[0].next != NULL) {
        node->links[0].next->previous = node;
    } else {
        list->last = node;
    }
    list->count++;
    return node;
}

void skip_list_remove(struct skip_list *list, struct skip_node *node)
{
    struct path path;
    find_path(list, node->score, node->member, &path);
    for (int level = 0; level < list->height; level++) {
        struct skip_link *link = &path.nodes[level]->links[level];
        if (link->next == node) {
            *link = (struct skip_link){node->links[level].next,
                                       link->span + node->links[level].span - 1};
        } else {
            link->span--;
        }
    }
    if (node->links[0].next != NULL) {
        node->links[0].next->previous = node->previous;
    } else {
        list->last = node->previous;
    }
    while (list->height > 1 && list->head->links[list->height - 1].next == NULL) {
        list->height--;
    }
    list->count--;
    free_node(list, node);
}

struct skip_node *skip_list_move(struct skip_list *list, struct skip_node *node, double score)
{
    const struct skip_node *next = node->links[0].next;
    bool stays = (node->previous == NULL || stands_before(node->previous, score, node->member)) &&
                 (next == NULL || !stands_before(next, score, node->member));
    if (stays) {
        node->score = score;
        return node;
    }
    struct bytes member = node->member;
    skip_list_remove(list, node);
    return skip_list_insert(list, score, member);
}

struct skip_node *skip_list_first(const struct skip_list *list)
{
    return list->head->links[0].next;
}

size_t skip_list_rank(const struct skip_list *list, const struct skip_node *node)
{
    struct path path;
    find_path(list, node->score, node->member, &path);
    return path.ranks[0];
}

struct skip_node *skip_list_at(const struct skip_list *list, size_t rank)
{
    struct skip_node *node = list->head;
    size_t left = rank + 1;
    if (rank >= list->count) {
        return NULL;
    }
    for (int level = list->height - 1; left > 0 && level >= 0; level--) {
        while (node->links[level].next != NULL && node->links[level].span <= left) {
            left -= node->links[level].span;
            node = node->links[level].next;
        }
    }
    return node;
}

size_t skip_list_partition(const struct skip_list *list, skip_before *before, const void *context)
{
    const struct skip_node *node = list->head;
    size_t passed = 0;
    for (int level = list->height - 1; level >= 0; level--) {
        for (const struct skip_node *next;
             (next = node->links[level].next) != NULL && before(context, next->member, next->score);
             node = next) {
            passed += node->links[level].span;
        }
    }
    return passed;
}

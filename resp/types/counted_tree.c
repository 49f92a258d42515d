/* A B+ tree with counts. Nodes split when they are full, and join a neighbour when few are left. */
#include "resp/types/counted_tree.h"

#include <assert.h>
#include <string.h>

enum {
    LEAF_ITEMS = 64,
    FIRST_ITEMS = 8, /* a tree that is one leaf grows with what is in it */
    CHILDREN = 32,
    MOST_LEVELS = 16,
};

struct counted_leaf {
    struct counted_leaf *next, *previous;
    unsigned count, capacity;
    struct counted_item items[];
};

struct child {
    void *node;
    size_t size;               /* items below */
    struct counted_item first; /* of these; not kept for the first child of a branch */
};

struct branch {
    unsigned count;
    struct child children[CHILDREN];
};

/* The way down to a place: a child of each branch, the root's first, and an index in the leaf. */
struct path {
    struct {
        struct branch *branch;
        unsigned index;
    } steps[MOST_LEVELS];
    struct counted_leaf *leaf;
    unsigned index;
};

static void *make_node(struct counted_tree *tree, size_t size)
{
    void *node = memory_allocate(size);
    tree->memory += memory_size(node);
    return node;
}

static void free_node(struct counted_tree *tree, void *node)
{
    tree->memory -= memory_size(node);
    memory_free(node);
}

static size_t leaf_size(unsigned capacity)
{
    return sizeof(struct counted_leaf) + capacity * sizeof(struct counted_item);
}

static struct counted_leaf *make_leaf(struct counted_tree *tree, unsigned capacity)
{
    struct counted_leaf *leaf = make_node(tree, leaf_size(capacity));
    *leaf = (struct counted_leaf){.capacity = capacity};
    return leaf;
}

static struct branch *make_branch(struct counted_tree *tree)
{
    struct branch *branch = make_node(tree, sizeof(*branch));
    branch->count = 0;
    return branch;
}

void counted_tree_init(struct counted_tree *tree, counted_name *name, const void *context)
{
    *tree = (struct counted_tree){.name = name, .context = context};
}

/* Frees the branches from here on; the leaves hang together without them. */
static struct counted_leaf *strip(void *node, int levels)
{
    if (levels == 0) {
        return node;
    }
    struct branch *branch = node;
    struct counted_leaf *first = strip(branch->children[0].node, levels - 1);
    for (unsigned i = 1; i < branch->count; i++) {
        strip(branch->children[i].node, levels - 1);
    }
    memory_free(branch);
    return first;
}

bool counted_tree_finish_some(struct counted_tree *tree, size_t items)
{
    struct counted_leaf *leaf = tree->root == NULL ? NULL : strip(tree->root, tree->levels);
    for (size_t freed = 0; leaf != NULL && freed < items; freed += LEAF_ITEMS) {
        struct counted_leaf *next = leaf->next;
        memory_free(leaf);
        leaf = next;
    }
    tree->root = leaf;
    tree->levels = 0;
    if (leaf == NULL) {
        *tree = (struct counted_tree){.name = tree->name, .context = tree->context};
    }
    return leaf == NULL;
}

void counted_tree_finish(struct counted_tree *tree)
{
    counted_tree_finish_some(tree, SIZE_MAX);
}

/* ---- Finding ---- */

/* Whether `item` stands before the one sought, of which `name` is the name. */
static bool stands_before(const struct counted_tree *tree, const struct counted_item *item,
                          const struct counted_item *sought, struct bytes name)
{
    if (item->score != sought->score) {
        return item->score < sought->score;
    }
    return item->handle != sought->handle &&
           bytes_compare(tree->name(tree->context, item->handle), name) < 0;
}

/* The way to `sought`, or to where it would go. */
static void find_path(const struct counted_tree *tree, const struct counted_item *sought,
                      struct path *path)
{
    struct bytes name = tree->name(tree->context, sought->handle);
    void *node = tree->root;
    for (int level = 0; level < tree->levels; level++) {
        struct branch *branch = node;
        unsigned low = 0, high = branch->count;
        while (high - low >
               1) { /* the child at `low` begins at or before it, that at `high` behind */
            unsigned middle = (low + high) / 2;
            const struct counted_item *first = &branch->children[middle].first;
            if (first->handle == sought->handle || stands_before(tree, first, sought, name)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        path->steps[level].branch = branch;
        path->steps[level].index = low;
        node = branch->children[low].node;
    }
    path->leaf = node;
    unsigned low = 0, high = path->leaf->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (stands_before(tree, &path->leaf->items[middle], sought, name)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    path->index = low;
}

size_t counted_tree_rank(const struct counted_tree *tree, struct counted_item item)
{
    struct path path;
    find_path(tree, &item, &path);
    size_t rank = path.index;
    for (int level = 0; level < tree->levels; level++) {
        for (unsigned i = 0; i < path.steps[level].index; i++) {
            rank += path.steps[level].branch->children[i].size;
        }
    }
    return rank;
}

static bool item_before(const struct counted_tree *tree, const struct counted_item *item,
                        counted_before *before, const void *context)
{
    return before(context, tree->name(tree->context, item->handle), item->score);
}

size_t counted_tree_partition(const struct counted_tree *tree, counted_before *before,
                              const void *context)
{
    size_t passed = 0;
    const void *node = tree->root;
    if (node == NULL) {
        return 0;
    }
    for (int level = 0; level < tree->levels; level++) {
        const struct branch *branch = node;
        unsigned low = 0, high = branch->count;
        while (high - low > 1) {
            unsigned middle = (low + high) / 2;
            if (item_before(tree, &branch->children[middle].first, before, context)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        for (unsigned i = 0; i < low; i++) {
            passed += branch->children[i].size;
        }
        node = branch->children[low].node;
    }
    const struct counted_leaf *leaf = node;
    unsigned low = 0, high = leaf->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (item_before(tree, &leaf->items[middle], before, context)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return passed + low;
}

/* ---- Places ---- */

struct counted_place counted_tree_at(const struct counted_tree *tree, size_t rank)
{
    const void *node = tree->root;
    if (rank >= tree->count) {
        return (struct counted_place){0};
    }
    for (int level = 0; level < tree->levels; level++) {
        const struct child *child = ((const struct branch *)node)->children;
        for (; rank >= child->size; child++) {
            rank -= child->size;
        }
        node = child->node;
    }
    return (struct counted_place){node, (unsigned)rank};
}

bool counted_item_at(struct counted_place place, struct counted_item *item)
{
    if (place.leaf != NULL) {
        *item = place.leaf->items[place.index];
    }
    return place.leaf != NULL;
}

struct counted_place counted_next(struct counted_place place)
{
    if (place.index + 1 < place.leaf->count) {
        return (struct counted_place){place.leaf, place.index + 1};
    }
    return (struct counted_place){place.leaf->next, 0};
}

struct counted_place counted_previous(struct counted_place place)
{
    if (place.index > 0) {
        return (struct counted_place){place.leaf, place.index - 1};
    }
    const struct counted_leaf *leaf = place.leaf->previous;
    return (struct counted_place){leaf, leaf == NULL ? 0 : leaf->count - 1};
}

/* ---- Inserting ---- */

static void put_item(struct counted_leaf *leaf, unsigned at, struct counted_item item)
{
    memmove(leaf->items + at + 1, leaf->items + at, (leaf->count - at) * sizeof(item));
    leaf->items[at] = item;
    leaf->count++;
}

static void put_child(struct branch *branch, unsigned at, struct child child)
{
    memmove(branch->children + at + 1, branch->children + at, (branch->count - at) * sizeof(child));
    branch->children[at] = child;
    branch->count++;
}

/* Where a full node is cut: behind everything when it grows at its end, as it will go on to. */
static unsigned cut_of(unsigned at, unsigned count)
{
    return at == count ? count - 1 : count / 2;
}

/* Inserts into a leaf. What is split off stands behind it: a child without a node is none. */
static struct child insert_item(struct counted_tree *tree, struct counted_leaf *leaf, unsigned at,
                                struct counted_item item)
{
    if (leaf->count < leaf->capacity) {
        put_item(leaf, at, item);
        return (struct child){0};
    }
    if (leaf->capacity < LEAF_ITEMS) { /* it is the root */
        unsigned doubled = leaf->capacity * 2;
        tree->memory -= memory_size(leaf);
        leaf = memory_resize(leaf, leaf_size(doubled));
        tree->memory += memory_size(leaf);
        leaf->capacity = doubled;
        tree->root = leaf;
        put_item(leaf, at, item);
        return (struct child){0};
    }
    unsigned keep = cut_of(at, leaf->count);
    struct counted_leaf *right = make_leaf(tree, LEAF_ITEMS);
    right->count = leaf->count - keep;
    memcpy(right->items, leaf->items + keep, right->count * sizeof(item));
    leaf->count = keep;
    right->next = leaf->next;
    right->previous = leaf;
    leaf->next = right;
    if (right->next != NULL) {
        right->next->previous = right;
    }
    if (at <= keep) {
        put_item(leaf, at, item);
    } else {
        put_item(right, at - keep, item);
    }
    return (struct child){right, right->count, right->items[0]};
}

/* The same for a branch. */
static struct child insert_child(struct counted_tree *tree, struct branch *branch, unsigned at,
                                 struct child child)
{
    if (branch->count < CHILDREN) {
        put_child(branch, at, child);
        return (struct child){0};
    }
    unsigned keep = cut_of(at, branch->count);
    struct branch *right = make_branch(tree);
    right->count = branch->count - keep;
    memcpy(right->children, branch->children + keep, right->count * sizeof(child));
    branch->count = keep;
    if (at <= keep) {
        put_child(branch, at, child);
    } else {
        put_child(right, at - keep, child);
    }
    size_t size = 0;
    for (unsigned i = 0; i < right->count; i++) {
        size += right->children[i].size;
    }
    return (struct child){right, size, right->children[0].first};
}

void counted_tree_insert(struct counted_tree *tree, struct counted_item item)
{
    struct path path;
    if (tree->root == NULL) {
        tree->root = make_leaf(tree, FIRST_ITEMS);
    }
    find_path(tree, &item, &path);
    tree->count++;
    struct child right = insert_item(tree, path.leaf, path.index, item);
    for (int level = tree->levels - 1; level >= 0; level--) {
        struct branch *branch = path.steps[level].branch;
        unsigned at = path.steps[level].index;
        branch->children[at].size += 1 - right.size;
        if (right.node != NULL) {
            right = insert_child(tree, branch, at + 1, right);
        }
    }
    if (right.node != NULL) {
        struct branch *root = make_branch(tree);
        put_child(root, 0, (struct child){.node = tree->root, .size = tree->count - right.size});
        put_child(root, 1, right);
        tree->root = root;
        tree->levels++;
        assert(tree->levels <= MOST_LEVELS);
    }
}

/* ---- Removing ---- */

/* What is below the step at `level` begins with another item now: tells the branch that keeps it.
 */
static void keep_first(struct path *path, int level, struct counted_item first)
{
    for (; level >= 0; level--) {
        if (path->steps[level].index > 0) {
            path->steps[level].branch->children[path->steps[level].index].first = first;
            return;
        }
    }
}

static void unlink_leaf(struct counted_leaf *leaf)
{
    if (leaf->previous != NULL) {
        leaf->previous->next = leaf->next;
    }
    if (leaf->next != NULL) {
        leaf->next->previous = leaf->previous;
    }
}

static void drop_child(struct counted_tree *tree, struct branch *branch, unsigned at, bool leaf)
{
    if (leaf) {
        unlink_leaf(branch->children[at].node);
    }
    free_node(tree, branch->children[at].node);
    branch->count--;
    memmove(branch->children + at, branch->children + at + 1,
            (branch->count - at) * sizeof(branch->children[0]));
}

static unsigned used(const void *node, bool leaf)
{
    return leaf ? ((const struct counted_leaf *)node)->count : ((const struct branch *)node)->count;
}

/* The child behind `at` joins it, if both have room in one node with some to spare. */
static bool join_next(struct counted_tree *tree, struct branch *branch, unsigned at, bool leaf)
{
    if (at + 1 >= branch->count) {
        return false;
    }
    struct child *left = &branch->children[at], *right = left + 1;
    unsigned most = leaf ? LEAF_ITEMS : CHILDREN, more = used(right->node, leaf);
    if (used(left->node, leaf) + more > most / 4 * 3) {
        return false;
    }
    if (leaf) {
        struct counted_leaf *into = left->node;
        const struct counted_leaf *from = right->node;
        memcpy(into->items + into->count, from->items, more * sizeof(from->items[0]));
        into->count += more;
    } else {
        struct branch *into = left->node, *from = right->node;
        from->children[0].first = right->first;
        memcpy(into->children + into->count, from->children, more * sizeof(from->children[0]));
        into->count += more;
    }
    left->size += right->size;
    drop_child(tree, branch, at + 1, leaf);
    return true;
}

/* After something went from the child: few join a neighbour, none need no node. */
static void settle_child(struct counted_tree *tree, struct path *path, int level, bool leaf)
{
    struct branch *branch = path->steps[level].branch;
    unsigned at = path->steps[level].index;
    unsigned most = leaf ? LEAF_ITEMS : CHILDREN, left = used(branch->children[at].node, leaf);
    if (left == 0) {
        drop_child(tree, branch, at, leaf);
        if (at == 0 && branch->count > 0) {
            keep_first(path, level - 1, branch->children[0].first);
        }
    } else if (left < most / 4 && !join_next(tree, branch, at, leaf) && at > 0) {
        join_next(tree, branch, at - 1, leaf);
    }
}

static void lower_root(struct counted_tree *tree)
{
    while (tree->levels > 0 && ((struct branch *)tree->root)->count == 1) {
        struct branch *root = tree->root;
        tree->root = root->children[0].node;
        tree->levels--;
        free_node(tree, root);
    }
}

void counted_tree_remove(struct counted_tree *tree, struct counted_item item)
{
    struct path path;
    find_path(tree, &item, &path);
    struct counted_leaf *leaf = path.leaf;
    assert(path.index < leaf->count && leaf->items[path.index].handle == item.handle);
    if (tree->count == 1) {
        counted_tree_finish(tree);
        return;
    }
    tree->count--;
    leaf->count--;
    memmove(leaf->items + path.index, leaf->items + path.index + 1,
            (leaf->count - path.index) * sizeof(item));
    if (path.index == 0 && leaf->count > 0) {
        keep_first(&path, tree->levels - 1, leaf->items[0]);
    }
    for (int level = tree->levels - 1; level >= 0; level--) {
        path.steps[level].branch->children[path.steps[level].index].size--;
    }
    for (int level = tree->levels - 1; level >= 0; level--) {
        settle_child(tree, &path, level, level == tree->levels - 1);
    }
    lower_root(tree);
}

void counted_tree_move(struct counted_tree *tree, struct counted_item item, double score)
{
    struct path path;
    const struct counted_item moved = {score, item.handle};
    struct bytes name = tree->name(tree->context, item.handle);
    find_path(tree, &item, &path);
    struct counted_item *present = &path.leaf->items[path.index];
    /* Between its neighbours of the same leaf it stays where it is. */
    if (path.index > 0 && path.index + 1 < path.leaf->count &&
        stands_before(tree, present - 1, &moved, name) &&
        !stands_before(tree, present + 1, &moved, name)) {
        present->score = score;
        return;
    }
    counted_tree_remove(tree, item);
    counted_tree_insert(tree, moved);
}

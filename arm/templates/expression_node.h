/*
 * A parsed expression: a tree of nodes, each owned by the one above. For expression.c and its
 * parser only.
 */
#ifndef ARM_TEMPLATES_EXPRESSION_NODE_H
#define ARM_TEMPLATES_EXPRESSION_NODE_H

#include "arm/templates/expression.h"

enum expression_node_kind {
    NODE_STRING,
    NODE_NUMBER,
    NODE_CALL,   /* text(arguments), perhaps space.text(arguments) */
    NODE_MEMBER, /* arguments[0].text */
    NODE_INDEX,  /* arguments[0][arguments[1]] */
};

struct expression_node {
    enum expression_node_kind kind;
    char *text, *space; /* space: NULL but for user functions */
    double number;
    bool whole; /* then `integer` is all of it */
    int64_t integer;
    struct expression_node **arguments;
    size_t count;
};

/* `text` stands between the brackets. NULL: see the error. */
struct expression_node *expression_parse(struct bytes text, struct template_error *error);
void expression_node_destroy(struct expression_node *node); /* NULL is fine */

#endif

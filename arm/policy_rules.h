/*
 * The conditions of Azure Policy against a resource as a request would make it: fields, values,
 * allOf, anyOf, not, and expressions with the assignment's parameters.
 */
#ifndef ARM_POLICY_RULES_H
#define ARM_POLICY_RULES_H

#include "arm/service_state.h"

/* A "count" being made: the array's name and the element it is at. */
struct policy_count {
    const char *name;
    const cJSON *item;
    const struct policy_count *outer;
};

/* One policy being held against one resource. All is borrowed. */
struct policy_trial {
    const struct arm_call *call;
    const cJSON *resource;   /* with id, name, type and location */
    const cJSON *parameters; /* of the assignment: {"name": {"value": ...}}; may be NULL */
    const cJSON *declared;   /* of the definition, with their defaults; may be NULL */
    const struct policy_count *counts; /* innermost first; NULL: none is being made */
    cJSON *evaluated;                  /* an array that gets each comparison made; may be NULL */
};

/* A value of the rule with its expressions evaluated; owned. NULL: it cannot be told. */
cJSON *policy_evaluate(struct policy_trial *trial, const cJSON *value);
/* Whether the rule's "if" holds. */
bool policy_condition_holds(struct policy_trial *trial, const cJSON *condition);
/* The effect of the rule's "then", "deny" for one; owned by the caller (memory_free). */
char *policy_effect(struct policy_trial *trial, const cJSON *rule);

#endif

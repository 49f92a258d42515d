/*
 * What the effects "append" and "modify" make of a request's body before it is carried out.
 * Source: Microsoft's reference of Azure Policy effects.
 */
#ifndef ARM_POLICY_EFFECTS_H
#define ARM_POLICY_EFFECTS_H

#include "arm/policy_rules.h"

enum policy_outcome {
    POLICY_LEFT,    /* nothing had to change */
    POLICY_CHANGED, /* the body is another one */
    POLICY_REFUSED, /* append would have to overwrite a value */
};

/*
 * `body` is what the client sent; `type` the resource's. The trial's resource, which is what the
 * request would make, is looked at and stays as it is.
 */
enum policy_outcome policy_apply(struct policy_trial *trial, const char *effect, const cJSON *rule,
                                 const char *type, cJSON *body);
/* Whether the effect is one of the two. */
bool policy_alters(const char *effect);

#endif

/* What the files of Microsoft.Insights know of each other. */
#ifndef ARM_TYPES_INSIGHTS_H
#define ARM_TYPES_INSIGHTS_H

#include "arm/metrics.h"
#include "arm/service_state.h"

/* ---- insights_metrics.c ---- */
/* Whether it is a cache. */
bool arm_metric_has(const struct arm_resource *resource);
/* Everything is sampled up to now; how many shards there are to ask for. 0: it has no metrics. */
int arm_metric_shards(const struct arm_service *service, const struct arm_resource *resource);
struct arm_sample arm_metric_sample(const struct arm_service *service,
                                    const struct arm_resource *resource, int shard,
                                    enum arm_figure figure, int64_t from_ms, int64_t to_ms);
/* "Microsoft.Cache/redis" */
const char *arm_metric_namespace(const struct arm_resource *resource);

/* ---- insights_alerts.c ---- */
extern const struct arm_resource_type arm_alert_rule_type;
bool arm_alert_operator_known(const char *name);
/* Whether the condition's threshold is learnt, which is not emulated. */
bool arm_alert_is_dynamic(const cJSON *condition);

/* ---- insights_alert_checks.c: for the type's row ---- */
bool arm_alert_rule_check(struct arm_call *call, const struct arm_resource *old, cJSON *body);
bool arm_alert_rule_sound(const cJSON *body);

/* ---- insights_actions.c ---- */
/* What an alert says when it fires or ends. All is borrowed. */
struct arm_alert_event {
    const struct arm_resource *rule, *target;
    const char *alert_id;
    bool fired;
    int64_t fired_ms, now_ms, from_ms; /* the window is from_ms to now_ms */
    const cJSON *conditions;           /* of the rule's allOf, each with its metricValue */
};
/* The action groups that the rule names, by webhook. */
void arm_alert_tell(struct arm_service *service, const struct arm_alert_event *event);

/* ---- alerts_management.c ---- */
extern const struct arm_resource_type arm_alert_type;
/* The alert of this rule and target that is still on, or NULL. */
struct arm_resource *arm_alert_on(const struct arm_service *service,
                                  const struct arm_resource *rule,
                                  const struct arm_resource *target);
struct arm_resource *arm_alert_add(struct arm_service *service, const struct arm_resource *rule,
                                   const struct arm_resource *target, int64_t now_ms);
void arm_alert_resolve(struct arm_service *service, struct arm_resource *alert, int64_t now_ms);

#endif

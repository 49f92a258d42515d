/*
 * What happens to a cache as a whole. A rule of this family acts when it becomes active, in steps
 * on the emulator's clock; meanwhile it also decides on commands and new connections. What it has
 * done (a rotated key, lost data) stays when the rule goes.
 *
 * The messages of AzureRedisEvents, their order and distances: facts/azure-rest.md 3.7, after
 * Microsoft's AzureRedisEvents.md and the tests of StackExchange.Redis. How long nodes are away:
 * 3.4 there.
 */
#include "emulator/faults/families.h"

#define REDIS FAULT_BIT(FAULT_REDIS)
#define LIFE (FAULT_BIT(FAULT_AT_STEP) | FAULT_BIT(FAULT_AT_REQUEST) | FAULT_BIT(FAULT_AT_CONNECT))
#define MOST_MS 86400000.0
#define SECOND 1000
#define MINUTE (60 * SECOND)

#define READONLY_ERROR "READONLY You can't write against a read only replica."

/* From the cut on: nobody gets in for `outage`, and writes are refused for `readonly`. */
static bool decide_aftermath(const struct fault *fault, const struct fault_subject *subject,
                             struct fault_verdict *verdict, int64_t cut_ms)
{
    int64_t since_ms = fault->elapsed_ms - cut_ms;

    if (since_ms < 0) {
        return false;
    }
    if (subject->moment == FAULT_AT_CONNECT) {
        verdict->ending = FAULT_CLOSES;
        return since_ms < (int64_t)fault_number(fault, "outage");
    }
    if (!subject->write || since_ms >= (int64_t)fault_number(fault, "readonly")) {
        return false;
    }
    fault_copy(READONLY_ERROR, verdict->error, sizeof(verdict->error));
    return true;
}

static void end_of_steps(struct fault_verdict *verdict)
{
    verdict->next_ms = -1;
}

/* ---- Failover: nobody knew ---- */

static bool decide_failover(const struct fault *fault, const struct fault_subject *subject,
                            struct fault_verdict *verdict)
{
    int64_t outage_ms = (int64_t)fault_number(fault, "outage");

    if (subject->moment != FAULT_AT_STEP) {
        return decide_aftermath(fault, subject, verdict, 0);
    }
    if (subject->step == 0) {
        verdict->event = "NodeMaintenanceStart";
        verdict->cut = true;
        verdict->promote = true;
        verdict->next_ms = outage_ms;
    } else {
        verdict->event = "NodeMaintenanceFailover";
        end_of_steps(verdict);
    }
    return true;
}

static const struct fault_attribute failover_attributes[] = {
    {.name = "readonly", .type = FAULT_MILLISECONDS, .most = MOST_MS, .fallback = SECOND},
    {.name = "outage", .type = FAULT_MILLISECONDS, .most = MOST_MS, .fallback = 0},
    {0},
};

/* ---- Planned maintenance: announced ahead ---- */

static const struct {
    int64_t before_ms; /* before the start of maintenance; negative: after it */
    const char *event;
    bool dated; /* the message says when */
    bool cut;
} maintenance_steps[] = {
    {14 * MINUTE, "NodeMaintenanceScheduled", true, false},
    {20 * SECOND, "NodeMaintenanceStarting", true, false},
    {0, "NodeMaintenanceStart", false, false},
    {-1 * SECOND, NULL, false, true},
    {-11 * SECOND, "NodeMaintenanceFailover", false, false},
    {-3 * MINUTE, "NodeMaintenanceEnded", false, false},
};

static bool decide_maintenance(const struct fault *fault, const struct fault_subject *subject,
                               struct fault_verdict *verdict)
{
    /* A shorter notice leaves no time for the first message, which is then the second's. */
    int64_t notice_ms = (int64_t)fault_number(fault, "notice");
    size_t first = 0;

    while (maintenance_steps[first].before_ms > notice_ms) {
        first++;
    }
    if (subject->moment != FAULT_AT_STEP) {
        return !subject->scheduled && decide_aftermath(fault, subject, verdict,
                                                       maintenance_steps[first].before_ms + SECOND);
    }
    size_t step = first + subject->step;
    if (step >= ARRAY_LEN(maintenance_steps)) {
        return false;
    }
    verdict->planned = true;
    verdict->plan_ms = subject->step == 0 ? notice_ms : -1;
    verdict->event = maintenance_steps[step].event;
    verdict->event_starts_ms =
        maintenance_steps[step].dated ? maintenance_steps[step].before_ms : -1;
    verdict->cut = verdict->promote = maintenance_steps[step].cut;
    if (step + 1 < ARRAY_LEN(maintenance_steps)) {
        verdict->next_ms =
            maintenance_steps[step].before_ms - maintenance_steps[step + 1].before_ms;
    } else {
        end_of_steps(verdict);
    }
    return true;
}

static const struct fault_attribute maintenance_attributes[] = {
    {.name = "notice", .type = FAULT_DURATION, .most = 1e9, .fallback = 14 * MINUTE},
    {.name = "readonly", .type = FAULT_MILLISECONDS, .most = MOST_MS, .fallback = SECOND},
    {.name = "outage", .type = FAULT_MILLISECONDS, .most = MOST_MS, .fallback = 0},
    {0},
};

/* ---- Reboot ---- */

static const char *const nodes[] = {"PrimaryNode", "SecondaryNode", "AllNodes", NULL};

static bool decide_reboot(const struct fault *fault, const struct fault_subject *subject,
                          struct fault_verdict *verdict)
{
    struct bytes which = bytes_from_string(fault_text(fault, "rebootType"));
    bool secondary = bytes_equal_string(which, "SecondaryNode");

    if (subject->moment != FAULT_AT_STEP) {
        return !secondary && decide_aftermath(fault, subject, verdict, 0);
    }
    verdict->event_replica = secondary;
    if (subject->step == 0) {
        verdict->event = "NodeMaintenanceStart";
        verdict->cut = !secondary; /* clients are connected to the primary */
        verdict->promote = bytes_equal_string(which, "PrimaryNode");
        verdict->lose_data = bytes_equal_string(which, "AllNodes");
        verdict->next_ms = (int64_t)fault_number(fault, "outage");
    } else {
        verdict->event = "NodeMaintenanceEnded";
        end_of_steps(verdict);
    }
    return true;
}

static const struct fault_attribute reboot_attributes[] = {
    {.name = "rebootType", .type = FAULT_CHOICE, .text = "PrimaryNode", .choices = nodes},
    {.name = "readonly", .type = FAULT_MILLISECONDS, .most = MOST_MS, .fallback = SECOND},
    {.name = "outage", .type = FAULT_MILLISECONDS, .most = MOST_MS, .fallback = 10 * SECOND},
    {0},
};

/* ---- Scaling: the same cache on other machines ---- */

static bool decide_scale(const struct fault *fault, const struct fault_subject *subject,
                         struct fault_verdict *verdict)
{
    if (subject->moment != FAULT_AT_STEP) {
        return decide_aftermath(fault, subject, verdict, 0);
    }
    if (subject->step == 0) {
        verdict->cut = true;
        verdict->next_ms = (int64_t)fault_number(fault, "outage");
    } else {
        verdict->event = "NodeMaintenanceScaleComplete";
        end_of_steps(verdict);
    }
    return true;
}

static const struct fault_attribute scale_attributes[] = {
    {.name = "readonly", .type = FAULT_MILLISECONDS, .most = MOST_MS},
    {.name = "outage", .type = FAULT_MILLISECONDS, .most = MOST_MS, .fallback = SECOND},
    {0},
};

/* ---- A zone: all that stands in one building ---- */

static bool decide_zone(const struct fault *fault, const struct fault_subject *subject,
                        struct fault_verdict *verdict)
{
    char zone = (char)('0' + (int)fault_number(fault, "zone"));
    if (subject->moment != FAULT_AT_STEP) {
        verdict->quiet = subject->moment == FAULT_AT_ELECTION;
        /* Nobody is at home there: commands that are under way hear nothing either. */
        verdict->silent = subject->moment == FAULT_AT_REQUEST;
        verdict->ending = subject->moment == FAULT_AT_REQUEST ? FAULT_RESETS : FAULT_CLOSES;
        return subject->zone == zone;
    }
    verdict->zone = zone;
    verdict->event_starts_ms = -1;
    end_of_steps(verdict);
    return true;
}

static const struct fault_attribute zone_attributes[] = {
    {.name = "zone", .type = FAULT_WHOLE, .least = 1, .most = 3, .fallback = 1},
    {0},
};

/* ---- Keys ---- */

static const char *const key_types[] = {"Primary", "Secondary", NULL};

static bool decide_key_rotation(const struct fault *fault, const struct fault_subject *subject,
                                struct fault_verdict *verdict)
{
    (void)subject;
    verdict->rotate_key =
        bytes_equal_string(bytes_from_string(fault_text(fault, "keyType")), "Secondary")
            ? "Secondary"
            : "Primary";
    verdict->cut = fault_flag(fault, "disconnect");
    verdict->event_starts_ms = -1;
    end_of_steps(verdict);
    return true;
}

static const struct fault_attribute key_rotation_attributes[] = {
    {.name = "keyType", .type = FAULT_CHOICE, .text = "Primary", .choices = key_types},
    {.name = "disconnect", .type = FAULT_FLAG, .fallback = 1},
    {0},
};

static const struct fault_kind kinds[] = {
    {
        .name = "failover",
        .planes = REDIS,
        .moments = LIFE,
        .summary = "the primary goes, its replica takes over: connections cut, writes refused",
        .attributes = failover_attributes,
        .decide = decide_failover,
    },
    {
        .name = "maintenance",
        .planes = REDIS,
        .moments = LIFE,
        .summary = "a failover that AzureRedisEvents announces ahead of time",
        .attributes = maintenance_attributes,
        .decide = decide_maintenance,
    },
    {
        .name = "reboot",
        .planes = REDIS,
        .moments = LIFE,
        .summary = "one node restarts, or all: then the data is gone",
        .attributes = reboot_attributes,
        .decide = decide_reboot,
    },
    {
        .name = "scale",
        .planes = REDIS,
        .moments = LIFE,
        .summary = "the cache moves to other machines: clients must reconnect",
        .attributes = scale_attributes,
        .decide = decide_scale,
    },
    {
        .name = "zone_down",
        .planes = REDIS,
        .moments = LIFE | FAULT_BIT(FAULT_AT_ELECTION),
        .summary = "an availability zone is gone: nodes elsewhere take over, where there are any",
        .attributes = zone_attributes,
        .decide = decide_zone,
    },
    {
        .name = "key_rotation",
        .planes = REDIS,
        .moments = FAULT_BIT(FAULT_AT_STEP),
        .summary = "an access key is regenerated while clients are connected",
        .attributes = key_rotation_attributes,
        .decide = decide_key_rotation,
    },
};

const struct fault_family fault_cache_life_family = {"cache_life", kinds, ARRAY_LEN(kinds)};

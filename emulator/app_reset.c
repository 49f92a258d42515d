/* Back to the start state. */
#include "emulator/app_parts.h"

#include <string.h>

#include "base/log.h"
#include "emulator/seed.h"

/* To what the options said, at real time. */
static void reset_clock(struct app *app)
{
    struct clock *wall = clock_create(NULL, NULL);

    clock_set(app->clock, clock_now_ms(wall));
    clock_destroy(wall);
    app_set_clock(app);
}

/* Caches of the start state keep their connections, not their data. */
static bool reset_resources(struct app *app, struct buf *error)
{
    struct arm_service *service = management_service(app->management);

    cache_host_hold(app->caches);
    arm_service_reset(service);
    bool good = seed_resources(app->config, service, app->caches, true, error);
    cache_host_release(app->caches);
    app->start_changes = app->resource_changes;
    return good;
}

bool app_reset(struct app *app, struct buf *error)
{
    /* Most tests change data only: the resources need not be made anew. CONFIG SET changes more. */
    bool untouched =
        app->start_changes == app->resource_changes && app->config->profile != PROFILE_REDIS;

    scenarios_stop_all(app->scenarios);
    actions_clear(app->actions);
    faults_clear(app->faults);
    reset_clock(app);
    identity_reset(app->identity);
    bool good = untouched || reset_resources(app, error);
    cache_host_reset(app->caches);
    metrics_clear(app->metrics);
    journal_clear(app->journal);
    state_changed(app->state);
    good = good && app_start_scenarios(app, error);
    log_info("app", "reset to the start state");
    return good;
}

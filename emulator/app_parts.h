/* How the emulator is put together: for the files of app only. */
#ifndef EMULATOR_APP_PARTS_H
#define EMULATOR_APP_PARTS_H

#include "emulator/app.h"

/* ---- app_parts.c, in the order in which they are made ---- */
bool app_is_loopback(const char *address);
bool app_make_data_directory(const struct config *config, struct buf *error);
uint64_t app_random_seed_of(const struct config *config);
void app_set_clock(struct app *app);
bool app_make_keys(struct app *app, struct buf *error);
void app_make_caches(struct app *app);
void app_make_faults(struct app *app);
void app_faults_changed(struct faults_listener *listener);
void app_make_management(struct app *app);
void app_make_scenarios(struct app *app);
bool app_start_scenarios(struct app *app, struct buf *error);

/* ---- app_ports.c ---- */
void app_make_endpoints(struct app *app);
bool app_open_ports(struct app *app, struct buf *error);
void app_listener_closed(void *context);

#endif

/*
 * The admin API: /_redurite/..., /health and /metrics. One file per group of routes, each ending
 * in its rows; admin.c guards against web pages, finds the row and answers errors.
 */
#ifndef EMULATOR_ADMIN_H
#define EMULATOR_ADMIN_H

#include <cjson/cJSON.h>

#include "emulator/site.h"

struct app;
struct admin;

/* One request being answered. */
struct admin_call {
    struct app *app;
    const struct site_request *request;
    struct bytes id; /* what stands for {id} in the path */
    cJSON *body;     /* of POST, PUT and PATCH; NULL when there was none */
    struct http_response *response;
};

struct admin_route {
    const char *method, *path; /* one part of the path may be "{id}": any */
    void (*handle)(struct admin_call *call);
};

/* What each file of routes exports; ends with a zero row. */
extern const struct admin_route admin_info_routes[];
extern const struct admin_route admin_clock_routes[];
extern const struct admin_route admin_fault_routes[];
extern const struct admin_route admin_scenario_routes[];
extern const struct admin_route admin_action_routes[];
extern const struct admin_route admin_state_routes[];
extern const struct admin_route admin_journal_routes[];
extern const struct admin_route admin_events_routes[];
extern const struct admin_route admin_metrics_routes[];

struct admin *admin_create(struct app *app);
void admin_destroy(struct admin *admin);
const struct site *admin_sites(struct admin *admin, size_t *count);

/* Answers 200 with the document, which is freed. */
void admin_answer(struct admin_call *call, cJSON *document);
void admin_answer_error(struct admin_call *call, int status, const char *code, const char *format,
                        ...) PRINTF_LIKE(4, 5);
/* A number of the query; `fallback` when absent, false after answering 400. */
bool admin_query_number_or_answer(struct admin_call *call, const char *name, int64_t fallback,
                                  int64_t most, int64_t *number);

/* A host name that only this machine or its private network can mean, for tests. */
bool admin_host_is_ours(struct bytes authority, const char *bind, const char *machine_name);
/* What /_redurite/info answers; owned by the caller. */
cJSON *admin_info_document(struct app *app);
cJSON *admin_clock_document(struct app *app);

#endif

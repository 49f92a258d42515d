/* What the files of Microsoft Graph share: the directory, and one request on its way. */
#ifndef EMULATOR_GRAPH_STATE_H
#define EMULATOR_GRAPH_STATE_H

#include <cjson/cJSON.h>

#include "arm/odata_filter.h"
#include "emulator/graph.h"

/* An application with its service principal, or a managed identity. */
struct graph_object {
    char *app_id, *principal_id, *name;
    char application_id[GUID_SIZE + 1];
    char *resource_id; /* of a managed identity, which is no application; else NULL */
    bool principal;    /* there is a service principal */
    bool made;         /* by a request, and to be kept */
    bool known;        /* to the identity plane, since the request began */
    int64_t created_ms;
    cJSON *passwords; /* without the secrets */
    cJSON *secrets;   /* by the keyId of their password */
    cJSON *keys;      /* certificates, PEM */
    struct graph_object *next;
};

struct graph {
    struct identity *identity;
    struct arm_service *service;
    struct clock *clock;
    struct random *random;
    const char *tenant_id;
    struct graph_object *objects;
    struct site sites[2];
};

struct graph_call {
    struct graph *graph;
    const struct http_request *request;
    struct http_response *response;
    char path[2048];
    struct bytes segments[8]; /* without the version: the first is "v1.0" */
    size_t segment_count;
    struct buf filter;
    cJSON *body; /* NULL: none */
    struct arm_principal principal;
};

/* Answers in Graph's envelope. Always false. */
bool graph_fail(struct graph_call *call, int status, const char *code, const char *format, ...)
    PRINTF_LIKE(4, 5);
void graph_answer(struct graph_call *call, int status, cJSON *body);            /* takes body */
void graph_answer_list(struct graph_call *call, const char *kind, cJSON *list); /* takes list */

enum graph_ids { GRAPH_APP_ID = 1, GRAPH_APPLICATION_ID = 2, GRAPH_PRINCIPAL_ID = 4 };
/* By any of those ids; NULL: there is none. */
struct graph_object *graph_find(const struct graph *graph, struct bytes id, enum graph_ids ids);
/* NULL: the directory is full, and the request answered. */
struct graph_object *graph_add_application(struct graph_call *call, const char *name);
/* One more certificate. False: it is none. */
bool graph_add_key(struct graph *graph, struct graph_object *object, const char *pem);
/* What was made has changed: it is kept. */
void graph_changed(struct graph *graph);
void graph_forget(struct graph *graph, struct graph_object *object);
/* Answers with the new password, which is told only now. */
bool graph_add_password(struct graph_call *call, struct graph_object *object);

/* graph_requests.c: answers, whatever is asked. */
void graph_route(struct graph_call *call);

#endif

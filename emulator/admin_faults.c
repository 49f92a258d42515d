/* /_redurite/faults and /_redurite/faults/{id}; GET /_redurite/fault-types */
#include "emulator/admin.h"

#include "emulator/app.h"
#include "emulator/faults/families.h"

#define ERROR_LIMIT 8192

static void answer_result(struct admin_call *call, enum faults_result result, struct buf *error)
{
    switch (result) {
    case FAULTS_NOT_FOUND:
        admin_answer_error(call, 404, "FaultNotFound", "There is no fault '%.*s'",
                           (int)bytes_slice(call->id, 0, 100).size, call->id.data);
        break;
    case FAULTS_DUPLICATE:
        admin_answer_error(call, 409, "FaultExists", "%s", buf_string(error));
        break;
    case FAULTS_TOO_MANY:
        admin_answer_error(call, 400, "TooManyFaults", "%s", buf_string(error));
        break;
    default:
        admin_answer_error(call, 400, "BadFault", "%s", buf_string(error));
    }
}

static void faults_show_all(struct admin_call *call)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddItemToObject(document, "faults", faults_list(call->app->faults));
    admin_answer(call, document);
}

static void fault_add(struct admin_call *call)
{
    struct buf error;
    cJSON *answer;

    buf_init(&error, ERROR_LIMIT);
    enum faults_result result = faults_add(call->app->faults, call->body, &answer, &error);
    if (result == FAULTS_DONE) {
        admin_answer(call, answer);
        call->response->status = 201;
    } else {
        answer_result(call, result, &error);
    }
    buf_finish(&error);
}

static void faults_remove_all(struct admin_call *call)
{
    faults_clear(call->app->faults);
    faults_show_all(call);
}

static void fault_show(struct admin_call *call)
{
    cJSON *document = faults_show(call->app->faults, call->id);
    if (document == NULL) {
        answer_result(call, FAULTS_NOT_FOUND, NULL);
    } else {
        admin_answer(call, document);
    }
}

static void fault_change(struct admin_call *call)
{
    struct buf error;
    cJSON *answer;

    buf_init(&error, ERROR_LIMIT);
    enum faults_result result =
        faults_change(call->app->faults, call->id, call->body, &answer, &error);
    if (result == FAULTS_DONE) {
        admin_answer(call, answer);
    } else {
        answer_result(call, result, &error);
    }
    buf_finish(&error);
}

static void fault_remove(struct admin_call *call)
{
    cJSON *document = faults_show(call->app->faults, call->id);
    if (document == NULL) {
        answer_result(call, FAULTS_NOT_FOUND, NULL);
        return;
    }
    faults_remove(call->app->faults, call->id);
    cJSON_ReplaceItemInObjectCaseSensitive(document, "active", cJSON_CreateFalse());
    admin_answer(call, document); /* as it was, with its counts */
}

static cJSON *type_document(const struct fault_kind *kind)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "type", kind->name);
    cJSON *planes = cJSON_AddArrayToObject(document, "planes");
    for (int plane = 0; plane < FAULT_PLANES; plane++) {
        if ((kind->planes & FAULT_BIT(plane)) != 0) {
            cJSON_AddItemToArray(planes,
                                 cJSON_CreateString(fault_plane_name((enum fault_plane)plane)));
        }
    }
    cJSON_AddStringToObject(document, "summary", kind->summary);
    cJSON *attributes = cJSON_AddArrayToObject(document, "attributes");
    for (size_t i = 0; kind->attributes != NULL && kind->attributes[i].name != NULL; i++) {
        cJSON_AddItemToArray(attributes, cJSON_CreateString(kind->attributes[i].name));
    }
    return document;
}

static void types_show(struct admin_call *call)
{
    size_t count;
    const struct fault_family *const *families = fault_families(&count);
    cJSON *document = cJSON_CreateObject();
    cJSON *types = cJSON_AddArrayToObject(document, "types");

    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < families[i]->count; k++) {
            cJSON_AddItemToArray(types, type_document(&families[i]->kinds[k]));
        }
    }
    admin_answer(call, document);
}

const struct admin_route admin_fault_routes[] = {
    {"GET", "/_redurite/faults", faults_show_all},
    {"POST", "/_redurite/faults", fault_add},
    {"DELETE", "/_redurite/faults", faults_remove_all},
    {"GET", "/_redurite/faults/{id}", fault_show},
    {"PATCH", "/_redurite/faults/{id}", fault_change},
    {"DELETE", "/_redurite/faults/{id}", fault_remove},
    {"GET", "/_redurite/fault-types", types_show},
    {0},
};

/* The admin API's guard and router. */
#include "emulator/admin.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "arm/templates/exact_number.h"
#include "emulator/app.h"
#include "emulator/options.h"

static const char *const admin_paths[] = {
    "/_redurite", "/_redurite/*",  "/health",
    "/metrics",   "/action",       "/action/*",
    "/actions",   "/slot-migrate", "/topology-change-standalone",
    NULL};

static const struct admin_route *const route_groups[] = {
    admin_info_routes,     admin_clock_routes,  admin_fault_routes,
    admin_scenario_routes, admin_action_routes, admin_state_routes,
    admin_journal_routes,  admin_events_routes, admin_metrics_routes,
};

struct admin {
    struct app *app;
    char machine_name[256];
    struct site sites[1];
};

/* ---- Answers ---- */

static void set_body(struct http_response *response, int status, cJSON *document)
{
    char *text = exact_print(document);

    response->status = status;
    http_response_header(response, "Content-Type", "application/json; charset=utf-8");
    http_response_header(response, "Cache-Control", "no-store");
    buf_append_string(&response->body, text);
    buf_append_byte(&response->body, '\n');
    cJSON_free(text);
    cJSON_Delete(document);
}

void admin_answer(struct admin_call *call, cJSON *document)
{
    set_body(call->response, 200, document);
}

void admin_answer_error(struct admin_call *call, int status, const char *code, const char *format,
                        ...)
{
    struct buf message;
    va_list arguments;

    buf_init(&message, 8192);
    va_start(arguments, format);
    buf_vprintf(&message, format, arguments);
    va_end(arguments);
    cJSON *document = cJSON_CreateObject();
    cJSON *error = cJSON_AddObjectToObject(document, "error");
    cJSON_AddStringToObject(error, "code", code);
    cJSON_AddStringToObject(error, "message", buf_string(&message));
    set_body(call->response, status, document);
    buf_finish(&message);
}

bool admin_query_number_or_answer(struct admin_call *call, const char *name, int64_t fallback,
                                  int64_t most, int64_t *number)
{
    struct buf value;
    bool good = true;

    buf_init(&value, 64);
    *number = fallback;
    if (http_form_get(call->request->http->query, name, &value) &&
        (!bytes_to_int64(buf_bytes(&value), number) || *number < 0 || *number > most)) {
        admin_answer_error(call, 400, "BadRequest", "'%s' must be a number from 0 to %lld", name,
                           (long long)most);
        good = false;
    }
    buf_finish(&value);
    return good;
}

/* ---- Guard ---- */

static struct bytes without_port(struct bytes authority)
{
    if (authority.size > 0 && authority.data[0] == '[') {
        return bytes_slice(authority, 0, bytes_find(authority, ']') + 1);
    }
    return bytes_slice(authority, 0, bytes_find(authority, ':'));
}

static bool is_ipv6_address(struct bytes host)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr parsed;

    if (host.size < 3 || host.data[host.size - 1] != ']' || host.size - 2 >= sizeof(address)) {
        return false;
    }
    memcpy(address, host.data + 1, host.size - 2);
    address[host.size - 2] = '\0';
    return inet_pton(AF_INET6, address, &parsed) == 1;
}

/*
 * A page of some web site can make its own name resolve to 127.0.0.1 (DNS rebinding), but not an
 * address, a name without dots, or one of ours.
 */
bool admin_host_is_ours(struct bytes authority, const char *bind, const char *machine_name)
{
    struct bytes host = without_port(authority);
    bool dotted = false, numeric = true;

    if (host.size == 0 || host.size > 253) {
        return false;
    }
    if (host.data[0] == '[') {
        return is_ipv6_address(host);
    }
    for (size_t i = 0; i < host.size; i++) {
        char c = host.data[i];
        bool digit = c >= '0' && c <= '9';
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!digit && !letter && (i == 0 || (c != '-' && c != '.' && c != '_'))) {
            return false;
        }
        dotted = dotted || c == '.';
        numeric = numeric && (c == '.' || digit);
    }
    return (!dotted && host.size <= 63) || numeric || bytes_equal_string_nocase(host, bind) ||
           bytes_equal_string_nocase(host, machine_name) ||
           bytes_equal_string_nocase(host, "host.docker.internal") ||
           bytes_match_glob(BYTES("*.localhost"), host, true);
}

/* A browser that sends a page's request says where the page is from. */
static bool from_foreign_page(const struct site_request *request)
{
    struct bytes site = http_headers_get(&request->http->headers, "Sec-Fetch-Site");
    if (bytes_equal_string_nocase(site, "cross-site")) {
        return true;
    }
    struct bytes origin = http_headers_get(&request->http->headers, "Origin");
    if (origin.data == NULL) {
        return false;
    }
    size_t scheme = bytes_start_with(origin, BYTES("https://"))  ? 8
                    : bytes_start_with(origin, BYTES("http://")) ? 7
                                                                 : 0;
    return scheme == 0 ||
           !bytes_equal_nocase(bytes_slice(origin, scheme, origin.size), request->authority);
}

static bool guard_or_answer(struct admin *admin, struct admin_call *call)
{
    const struct site_request *request = call->request;

    if (!admin_host_is_ours(request->authority, admin->app->config->bind, admin->machine_name)) {
        admin_answer_error(call, 403, "ForeignHost",
                           "The admin API does not answer to '%.*s'; use localhost or an address",
                           (int)(request->authority.size < 200 ? request->authority.size : 200),
                           request->authority.data);
        return false;
    }
    if (from_foreign_page(request)) {
        admin_answer_error(call, 403, "ForeignOrigin",
                           "The admin API does not answer to pages from elsewhere");
        return false;
    }
    return true;
}

/* ---- Routing ---- */

/* What stands for the "{id}" of the route is the call's id. */
static bool path_fits(struct bytes path, const char *route, struct bytes *id)
{
    const char *place = strstr(route, "{id}");

    if (path.size > 1 && path.data[path.size - 1] == '/') {
        path.size--;
    }
    if (place == NULL) {
        return bytes_equal_string(path, route);
    }
    struct bytes start = {route, (size_t)(place - route)}, end = bytes_from_string(place + 4);
    if (path.size <= start.size + end.size || !bytes_start_with(path, start) ||
        !bytes_end_with(path, end)) {
        return false;
    }
    struct bytes found = bytes_slice(path, start.size, path.size - end.size);
    if (bytes_find(found, '/') < found.size) {
        return false;
    }
    *id = found;
    return true;
}

/* The row, or NULL after answering 404 or 405. */
static const struct admin_route *find_route_or_answer(struct admin_call *call)
{
    const struct http_request *http = call->request->http;
    struct buf allowed;
    const struct admin_route *found = NULL;

    buf_init(&allowed, 256);
    for (size_t group = 0; group < ARRAY_LEN(route_groups) && found == NULL; group++) {
        for (const struct admin_route *route = route_groups[group]; route->path != NULL; route++) {
            if (!path_fits(http->path, route->path, &call->id)) {
                continue;
            }
            if (bytes_equal_string(http->method, route->method) ||
                (bytes_equal_string(http->method, "HEAD") && strcmp(route->method, "GET") == 0)) {
                found = route;
                break;
            }
            buf_printf(&allowed, "%s%s", allowed.size == 0 ? "" : ", ", route->method);
        }
    }
    if (found == NULL && allowed.size > 0) {
        http_response_header(call->response, "Allow", "%s", buf_string(&allowed));
        admin_answer_error(call, 405, "MethodNotAllowed", "This path allows %s",
                           buf_string(&allowed));
    } else if (found == NULL) {
        struct buf list;
        buf_init(&list, 4096);
        for (size_t group = 0; group < ARRAY_LEN(route_groups); group++) {
            for (const struct admin_route *route = route_groups[group]; route->path != NULL;
                 route++) {
                buf_printf(&list, "%s%s %s", list.size == 0 ? "" : ", ", route->method,
                           route->path);
            }
        }
        admin_answer_error(call, 404, "NotFound", "There is no such path; there are: %s",
                           buf_string(&list));
        buf_finish(&list);
    }
    buf_finish(&allowed);
    return found;
}

static bool read_body_or_answer(struct admin_call *call)
{
    struct bytes text = call->request->http->body;

    if (text.size == 0) {
        return true;
    }
    const char *end = NULL;
    call->body =
        !bytes_are_utf8(text) ? NULL : cJSON_ParseWithLengthOpts(text.data, text.size, &end, false);
    while (call->body != NULL && end < text.data + text.size && strchr(" \t\r\n", *end) != NULL &&
           *end != '\0') {
        end++;
    }
    if (call->body == NULL || end < text.data + text.size) {
        admin_answer_error(call, 400, "BadRequest", "The body is not valid JSON");
        return false;
    }
    exact_number_restore(call->body, text); /* of snapshots */
    return true;
}

static void handle(void *context, const struct site_request *request,
                   struct http_response *response)
{
    struct admin *admin = context;
    struct admin_call call = {.app = admin->app, .request = request, .response = response};
    const struct admin_route *route;

    if (!guard_or_answer(admin, &call)) {
        return;
    }
    route = find_route_or_answer(&call);
    if (route != NULL && read_body_or_answer(&call)) {
        route->handle(&call);
    }
    cJSON_Delete(call.body);
}

struct admin *admin_create(struct app *app)
{
    struct admin *admin = memory_allocate_zeroed(sizeof(*admin));

    admin->app = app;
    if (gethostname(admin->machine_name, sizeof(admin->machine_name) - 1) != 0) {
        admin->machine_name[0] = '\0';
    }
    admin->sites[0] = (struct site){
        .name = "admin",
        .paths = admin_paths,
        .plain_allowed = true,
        .handle = handle,
        .context = admin,
    };
    return admin;
}

void admin_destroy(struct admin *admin)
{
    memory_free(admin);
}

const struct site *admin_sites(struct admin *admin, size_t *count)
{
    *count = ARRAY_LEN(admin->sites);
    return admin->sites;
}

/* Who follows which app's log, and what they are sent. */
#include "emulator/log_streams.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "arm/apps/log_access.h"
#include "emulator/http_error.h"

enum { LINES_AT_FIRST = 100, MOST_LINES = 300, ID_LIMIT = 2048, LINE_LIMIT = 4096 };

static const char *const scm_hosts[] = {"*.scm.azurewebsites.net", NULL};
static const char *const page_hosts[] = {"*.azurewebsites.net", NULL};
static const char *const container_hosts[] = {"*.azurecontainerapps.dev", NULL};

/* One client that follows. */
struct follower {
    struct log_streams *streams;
    struct site_stream *stream;
    char *id;
    bool json; /* a document for each line */
    struct follower *next;
};

struct log_streams {
    struct arm_service *service;
    struct follower *followers;
    struct site sites[3];
};

/* ---- Lines ---- */

struct output {
    struct buf *text;
    bool json;
};

/* "{time}  {text}" as it is, or as {"TimeStamp", "Log"}. */
static void append_line(void *context, struct bytes line)
{
    struct output *output = context;
    if (!output->json) {
        buf_append(output->text, line);
        buf_append_string(output->text, "\r\n");
        return;
    }
    size_t time = bytes_find(line, ' ');
    char *stamp = bytes_to_string(bytes_slice(line, 0, time));
    char *log = bytes_to_string(bytes_slice(line, time + 2, line.size));
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "TimeStamp", stamp);
    cJSON_AddStringToObject(document, "Log", log);
    char *text = cJSON_PrintUnformatted(document);
    buf_append_string(output->text, text);
    buf_append_string(output->text, "\n");
    cJSON_free(text);
    cJSON_Delete(document);
    memory_free(log);
    memory_free(stamp);
}

void log_streams_write(struct log_streams *streams, struct bytes resource_id, struct bytes line)
{
    for (struct follower *follower = streams->followers; follower != NULL;
         follower = follower->next) {
        if (bytes_equal_string_nocase(resource_id, follower->id)) {
            struct buf text;
            buf_init(&text, LINE_LIMIT);
            struct output output = {&text, follower->json};
            append_line(&output, line);
            site_stream_write(follower->stream, buf_bytes(&text));
            buf_finish(&text);
        }
    }
}

/* ---- Followers ---- */

static void closed(void *context)
{
    struct follower *follower = context;
    struct follower **at = &follower->streams->followers;
    while (*at != follower) {
        at = &(*at)->next;
    }
    *at = follower->next;
    memory_free(follower->id);
    memory_free(follower);
}

static void follow(struct log_streams *streams, const struct site_request *request, const char *id,
                   bool json)
{
    struct follower *follower = memory_allocate_zeroed(sizeof(*follower));
    follower->streams = streams;
    follower->json = json;
    follower->stream = site_stream_open(request, closed, follower);
    if (follower->stream == NULL) { /* HEAD */
        memory_free(follower);
        return;
    }
    follower->id = string_duplicate(id);
    follower->next = streams->followers;
    streams->followers = follower;
}

static void refuse(struct http_response *response, const struct arm_error *error)
{
    if (error->status == 401) {
        http_response_header(response, "WWW-Authenticate", "Basic realm=\"site\"");
    }
    http_error(response, error->status, error->code, "%s", error->message);
}

static bool is_get(const struct site_request *request)
{
    return bytes_equal_string(request->http->method, "GET") ||
           bytes_equal_string(request->http->method, "HEAD");
}

/* ---- Web apps ---- */

static struct bytes first_label(struct bytes authority)
{
    return bytes_slice(authority, 0, bytes_find(authority, '.'));
}

static void handle_scm(void *context, const struct site_request *request,
                       struct http_response *response)
{
    struct log_streams *streams = context;
    struct arm_error error;
    struct bytes path = request->http->path;
    const char *id =
        arm_site_log(streams->service, first_label(request->authority),
                     http_headers_get(&request->http->headers, "Authorization"), &error);
    if (id == NULL) {
        refuse(response, &error);
    } else if (!bytes_match_glob(BYTES("/logstream*"), path, true) &&
               !bytes_match_glob(BYTES("/api/logstream*"), path, true)) {
        http_error(response, 404, "NotFound",
                   "Of this site's publishing service there is /logstream only.");
    } else if (!is_get(request)) {
        http_error(response, 405, "MethodNotAllowed", "The log is read with GET.");
    } else {
        struct output output = {&response->body, false};
        response->status = 200;
        http_response_header(response, "Content-Type", "text/plain; charset=utf-8");
        http_response_header(response, "Cache-Control", "no-store");
        arm_app_log_each(streams->service, id, LINES_AT_FIRST, append_line, &output);
        follow(streams, request, id, false);
    }
}

static void handle_page(void *context, const struct site_request *request,
                        struct http_response *response)
{
    struct log_streams *streams = context;
    struct bytes name = first_label(request->authority);
    if (!arm_site_exists(streams->service, name)) {
        http_error(response, 404, "NotFound", "There is no web app '%.*s'.",
                   (int)bytes_slice(name, 0, 63).size, name.data);
        return;
    }
    response->status = 200;
    http_response_header(response, "Content-Type", "text/plain; charset=utf-8");
    buf_printf(&response->body,
               "The web app %.*s is running. Its code is not run by this emulator; its log tells "
               "what it would meet: az webapp log tail\n",
               (int)name.size, name.data);
}

/* ---- Container apps ---- */

/*
 * /subscriptions/{}/resourceGroups/{}/containerApps/{}/revisions/{}/.../logstream, or eventstream
 * below the app: the resource id is what stands before, with the provider put in.
 */
static bool container_id(struct bytes path, struct buf *id)
{
    static const char mark[] = "/containerApps/";
    size_t size = strlen(mark);
    for (size_t i = 0; i + size < path.size; i++) {
        if (bytes_equal_string_nocase(bytes_slice(path, i, i + size), mark)) {
            struct bytes rest = bytes_slice(path, i + size, path.size);
            buf_append(id, bytes_slice(path, 0, i));
            buf_append_string(id, "/providers/Microsoft.App");
            buf_append_string(id, mark);
            return buf_append(id, bytes_slice(rest, 0, bytes_find(rest, '/')));
        }
    }
    return false;
}

static bool asked(const struct site_request *request, const char *name, const char *value)
{
    struct buf text;
    buf_init(&text, 64);
    bool given = request->http->query.data != NULL &&
                 http_form_get(request->http->query, name, &text) &&
                 bytes_equal_string_nocase(buf_bytes(&text), value);
    buf_finish(&text);
    return given;
}

static size_t lines_asked(const struct site_request *request)
{
    struct buf text;
    int64_t lines = LINES_AT_FIRST;
    buf_init(&text, 64);
    if (request->http->query.data != NULL &&
        http_form_get(request->http->query, "tailLines", &text) &&
        (!bytes_to_int64(buf_bytes(&text), &lines) || lines < 0 || lines > MOST_LINES)) {
        lines = LINES_AT_FIRST;
    }
    buf_finish(&text);
    return (size_t)lines;
}

static void handle_container(void *context, const struct site_request *request,
                             struct http_response *response)
{
    struct log_streams *streams = context;
    struct arm_error error;
    struct buf id;
    buf_init(&id, ID_LIMIT);
    if (!container_id(request->http->path, &id) || !is_get(request)) {
        http_error(response, 404, "NotFound",
                   "Here are the logs of container apps only: .../containerApps/{app}/revisions/"
                   "{revision}/replicas/{replica}/containers/{container}/logstream");
        buf_finish(&id);
        return;
    }
    const char *app =
        arm_container_log(streams->service, buf_bytes(&id),
                          http_headers_get(&request->http->headers, "Authorization"), &error);
    buf_finish(&id);
    if (app == NULL) {
        refuse(response, &error);
        return;
    }
    bool events = bytes_end_with(request->http->path, BYTES("/eventstream"));
    struct output output = {&response->body, events || asked(request, "output", "json")};
    response->status = 200;
    http_response_header(response, "Content-Type", "text/plain; charset=utf-8");
    http_response_header(response, "Cache-Control", "no-store");
    arm_app_log_each(streams->service, app, lines_asked(request), append_line, &output);
    if (asked(request, "follow", "true")) {
        follow(streams, request, app, output.json);
    }
}

/* ---- Life ---- */

struct log_streams *log_streams_create(struct arm_service *service)
{
    struct log_streams *streams = memory_allocate_zeroed(sizeof(*streams));
    streams->service = service;
    streams->sites[0] =
        (struct site){.name = "scm", .hosts = scm_hosts, .handle = handle_scm, .context = streams};
    streams->sites[1] = (struct site){
        .name = "webapp",
        .hosts = page_hosts,
        .plain_allowed = true,
        .handle = handle_page,
        .context = streams,
    };
    streams->sites[2] = (struct site){
        .name = "containerapp",
        .hosts = container_hosts,
        .handle = handle_container,
        .context = streams,
    };
    return streams;
}

void log_streams_destroy(struct log_streams *streams)
{
    memory_free(streams);
}

const struct site *log_streams_sites(struct log_streams *streams, size_t *count)
{
    *count = ARRAY_LEN(streams->sites);
    return streams->sites;
}

#include "tests/unit/emulator/door_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "tests/unit/emulator/test_directory.h"

enum { LARGE = 8 * 1024 * 1024 };

static struct test_directory directory;
static struct clock *wall;
static struct tls_authority *authority;

bool door_fixture_begin(void)
{
    struct buf error;
    log_configure(LOG_ERROR, NULL, NULL);
    test_directory_make(&directory);
    wall = clock_create(NULL, NULL);
    buf_init(&error, 1000);
    authority = tls_authority_create(directory.path, wall, &error);
    if (authority == NULL) {
        printf("# %s\n", buf_string(&error));
    }
    buf_finish(&error);
    return authority != NULL;
}

void door_fixture_end(void)
{
    tls_authority_destroy(authority);
    clock_destroy(wall);
    test_directory_remove(&directory);
}

int door_test_main(const struct test_case *cases, size_t count)
{
    int status = door_fixture_begin() ? test_run(cases, count) : 1;
    door_fixture_end();
    return status;
}

struct clock *door_clock(void)
{
    return wall;
}

struct tls_authority *door_authority(void)
{
    return authority;
}

/* ---- Sites ---- */

static void stream_closed(void *context)
{
    struct door *door = context;
    door->streams_closed++;
    door->stream = NULL;
}

static void handle(void *context, const struct site_request *request,
                   struct http_response *response)
{
    struct door *door = context;
    struct bytes path = request->http->path;

    if (bytes_equal_string(path, "/large")) {
        memset(buf_reserve(&response->body, LARGE), 'x', LARGE);
        response->body.size += LARGE;
    } else if (bytes_equal_string(path, "/events")) {
        door->stream = site_stream_open(request, stream_closed, door);
        buf_append_string(&response->body, "first\n");
    } else {
        buf_printf(&response->body, "%.*s %.*s %.*s %s %zu\n", (int)request->http->method.size,
                   request->http->method.data, (int)request->authority.size,
                   request->authority.data, (int)path.size, path.data,
                   request->tls ? "tls" : "plain", request->http->body.size);
    }
}

static void record(void *context, const struct http_record *record)
{
    struct door *door = context;
    door->recorded++;
    door->last_status = record->status;
}

/* ---- The door ---- */

void door_open(struct door *door, struct http_endpoint_config config)
{
    static const char *const azure[] = {"management.azure.com", NULL};
    static const char *const open_paths[] = {"/open*", "/large", "/events", NULL};
    struct buf error;

    *door = (struct door){0};
    loop_init(&door->loop, wall);
    door->sites[0] = (struct site){.name = "open",
                                   .paths = open_paths,
                                   .plain_allowed = true,
                                   .handle = handle,
                                   .context = door};
    door->sites[1] =
        (struct site){.name = "azure", .hosts = azure, .handle = handle, .context = door};
    config.loop = &door->loop;
    config.record = record;
    config.context = door;
    door->endpoint = http_endpoint_create(&config);
    http_endpoint_add_sites(door->endpoint, door->sites, ARRAY_LEN(door->sites));
    const struct listener_config listening = {
        .address = "127.0.0.1",
        .security = LISTENER_EITHER,
        .http = true,
        .authority = authority,
        .policy = http_endpoint_policy(door->endpoint),
        .handler = http_endpoint_handler(door->endpoint),
    };
    buf_init(&error, 1000);
    door->listener = listener_create(&door->loop, &listening, &error);
    if (door->listener == NULL) {
        printf("# %s\n", buf_string(&error));
        exit(1);
    }
    buf_finish(&error);
}

void door_turn(struct door *door)
{
    uv_run(&door->loop.uv, UV_RUN_NOWAIT);
}

static void listener_gone(void *context)
{
    ((struct door *)context)->gone = true;
}

void door_close(struct door *door)
{
    int64_t end_us = patience_end_us();

    listener_close(door->listener, listener_gone, door);
    while (!door->gone && patience_left(end_us)) {
        door_turn(door);
    }
    CHECK(door->gone);
    http_endpoint_destroy(door->endpoint);
    loop_finish(&door->loop);
}

void door_join(struct door *door, struct client *client)
{
    client_connect(client, &door->loop, listener_port(door->listener));
}

void door_check_answer(struct bytes request, const char *start, const char *text)
{
    struct door door;
    struct client client;

    door_open(&door, (struct http_endpoint_config){0});
    door_join(&door, &client);
    client_send(&client, request);
    CHECK(text == NULL ? client_wait_for_end(&client) : client_wait_for(&client, text));
    CHECK(bytes_start_with(buf_bytes(&client.got), bytes_from_string(start)));
    client_finish(&client);
    door_close(&door);
}

/*
 * A front door on a free port, with sites that say what they were asked, for tests over real
 * sockets.
 */
#ifndef TESTS_UNIT_EMULATOR_DOOR_FIXTURE_H
#define TESTS_UNIT_EMULATOR_DOOR_FIXTURE_H

#include "emulator/http_endpoint.h"
#include "tests/support/test.h"
#include "tests/unit/emulator/network_client.h"

/*
 * Sites: "open" for /open* ("GET localhost:8443 /open/a plain 0\n": method, authority, path, how,
 * size of the body), /large (eight megabytes) and /events (a stream that begins with "first\n"),
 * all over plain HTTP too; "azure" for management.azure.com, TLS only.
 */
struct door {
    struct loop loop;
    struct listener *listener;
    struct http_endpoint *endpoint;
    struct site sites[2];
    struct site_stream *stream; /* the last that was opened; NULL: its client has gone */
    int recorded, last_status, streams_closed;
    bool gone;
};

/* The clock and the authority of all doors of the program; around test_run. */
bool door_fixture_begin(void);
void door_fixture_end(void);
struct clock *door_clock(void);
struct tls_authority *door_authority(void);

/* `config`: limits and `offline`; the rest is the fixture's. */
void door_open(struct door *door, struct http_endpoint_config config);
void door_close(struct door *door);
void door_turn(struct door *door);
void door_join(struct door *door, struct client *client);
/* Sends one request to a new door and closes it: the answer begins so and holds `text`. NULL: the
 * door hangs up by itself. */
void door_check_answer(struct bytes request, const char *start, const char *text);

/* main() of a program of such tests. */
int door_test_main(const struct test_case *cases, size_t count);

#endif

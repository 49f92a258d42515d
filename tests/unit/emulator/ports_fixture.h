/*
 * The two Redis ports on free ports, with a directory of two caches, for tests over real sockets.
 * Clock and authority are door_fixture's.
 */
#ifndef TESTS_UNIT_EMULATOR_PORTS_FIXTURE_H
#define TESTS_UNIT_EMULATOR_PORTS_FIXTURE_H

#include "emulator/redis_endpoint.h"
#include "tests/unit/emulator/door_fixture.h"

/*
 * "one" (key-one, three clients at most) takes plain clients and old TLS, "two" (key-two) neither.
 */
struct ports {
    struct loop loop;
    struct random random;
    struct instance *anteroom, *one, *two;
    struct redis_endpoint *endpoint;
    struct listener *plain, *tls;
    int listeners_open;
};

void ports_open(struct ports *ports);
void ports_close(struct ports *ports);
void ports_join(struct client *client, struct ports *ports);
/* False: the handshake failed. The version is OpenSSL's. */
bool ports_join_tls(struct client *client, struct tls_client *tls, struct ports *ports,
                    const char *name, int version);
/* Forgets what has come, sends, and waits for that answer. */
bool ports_ask(struct client *client, const char *command, const char *answer);

#endif

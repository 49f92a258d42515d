/*
 * A client on a real socket, in the same thread as the loop it talks to: each wait is turns of the
 * loop until what is waited for has come, or patience ends.
 */
#ifndef TESTS_UNIT_EMULATOR_NETWORK_CLIENT_H
#define TESTS_UNIT_EMULATOR_NETWORK_CLIENT_H

#include "emulator/loop.h"
#include "tests/unit/emulator/tls_client.h"

enum { FAR_LIMIT = 256 * 1024 * 1024 };

struct client {
    struct loop *loop;
    int socket;
    struct buf got;
    bool ended;
    struct tls_client *tls; /* borrowed; NULL: plain */
};

int network_connect(int port); /* a socket that does not block */
void client_connect(struct client *client, struct loop *loop, int port);
void client_finish(struct client *client);
/* One turn of the server, then what has come meanwhile. */
void client_turn(struct client *client);
void client_send(struct client *client, struct bytes data);
bool client_holds(const struct client *client, const char *text);
bool client_wait_for(struct client *client, const char *text);
bool client_wait_for_size(struct client *client, size_t size);
bool client_wait_for_end(struct client *client);
/* `ca_file` and `name` as in tls_client_init. False: refused. */
bool client_start_tls(struct client *client, struct tls_client *tls, const char *ca_file,
                      const char *name, int least, int most);

/* Real time by which a wait gives up: waits end earlier when all is well. */
int64_t patience_end_us(void);
bool patience_left(int64_t end_us);

#endif

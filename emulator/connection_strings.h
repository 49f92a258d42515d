/* What an app pastes to reach a cache, in the notation of its client. */
#ifndef EMULATOR_CONNECTION_STRINGS_H
#define EMULATOR_CONNECTION_STRINGS_H

#include "base/bytes.h"

struct connection_facts {
    const char *host_name;
    int port, ssl_port; /* 0: that port is not served, or closed for this cache */
    const char *key;    /* empty: no password */
    const char *ca_file;
};

/* TLS where it is served. Each is appended to `output`. */
void connection_string_stackexchange(const struct connection_facts *facts, struct buf *output);
void connection_string_url(const struct connection_facts *facts, struct buf *output);
/* Over the plain port where it is open: nothing to trust first. */
void connection_string_redis_cli(const struct connection_facts *facts, struct buf *output);
/* Lines "REDIS_HOST=..." */
void connection_string_env(const struct connection_facts *facts, struct buf *output);

#endif

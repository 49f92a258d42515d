/* What the log says of clients that came to the wrong door, or not in. */
#include <string.h>

#include "base/log.h"
#include "emulator/connection_state.h"

const char *protocol_guess(struct bytes first)
{
    static const char *const methods[] = {"GET ",     "POST ", "PUT ",     "HEAD ",
                                          "OPTIONS ", "PRI ",  "CONNECT ", "DELETE "};
    static const char *const commands[] = {"PING", "AUTH", "HELLO", "INFO", "QUIT"};

    if (first.size == 0) {
        return "a client";
    }
    if (first.data[0] == CONNECTION_TLS_RECORD) {
        return "a TLS client";
    }
    if (first.data[0] == '*') {
        return "a Redis client";
    }
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (bytes_start_with(first, bytes_from_string(methods[i]))) {
            return "an HTTP client";
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        struct bytes word = bytes_from_string(commands[i]);
        if (bytes_equal_nocase(bytes_slice(first, 0, word.size), word)) {
            return "a Redis client";
        }
    }
    return "a client of some other protocol";
}

void connection_log_plain_text(const struct connection *connection, struct bytes first)
{
    log_info("net", "closed: plain text on the TLS port port=%d peer=%s from=\"%s\" hint=\"%s\"",
             connection->group->port, connection->peer, protocol_guess(first),
             connection->group->http ? "use https"
                                     : "turn TLS on (ssl=True, rediss://), or use "
                                       "the plain port");
}

void connection_log_handshake_failure(const struct connection *connection)
{
    const char *reason = tls_stream_failure(connection->tls);
    struct bytes name = tls_stream_server_name(connection->tls);
    bool distrust = strstr(reason, "unknown ca") != NULL ||
                    strstr(reason, "bad certificate") != NULL ||
                    strstr(reason, "certificate unknown") != NULL;
    bool too_old = strstr(reason, "unsupported protocol") != NULL;

    log_info("tls", "handshake failed port=%d peer=%s name=\"%.*s\" reason=\"%s\"%s",
             connection->group->port, connection->peer, (int)name.size, name.data, reason,
             distrust  ? " hint=\"the client must trust ca.pem: see redurite ca\""
             : too_old ? " hint=\"the minimum TLS version of this name is newer\""
                       : "");
}

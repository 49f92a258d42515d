/* Connection strings, each as the client's own documentation writes it. */
#include "emulator/connection_strings.h"

#include "base/http.h"

static bool uses_tls(const struct connection_facts *facts)
{
    return facts->ssl_port != 0;
}

static int chosen_port(const struct connection_facts *facts)
{
    return uses_tls(facts) ? facts->ssl_port : facts->port;
}

void connection_string_stackexchange(const struct connection_facts *facts, struct buf *output)
{
    buf_printf(output, "%s:%d", facts->host_name, chosen_port(facts));
    if (facts->key[0] != '\0') {
        buf_printf(output, ",password=%s", facts->key);
    }
    buf_printf(output, ",ssl=%s,abortConnect=False", uses_tls(facts) ? "True" : "False");
}

void connection_string_url(const struct connection_facts *facts, struct buf *output)
{
    buf_append_string(output, uses_tls(facts) ? "rediss://" : "redis://");
    if (facts->key[0] != '\0') {
        buf_append_byte(output, ':');
        http_url_encode(bytes_from_string(facts->key), output);
        buf_append_byte(output, '@');
    }
    buf_printf(output, "%s:%d/0", facts->host_name, chosen_port(facts));
}

void connection_string_redis_cli(const struct connection_facts *facts, struct buf *output)
{
    if (facts->port != 0) {
        buf_printf(output, "redis-cli -h %s -p %d", facts->host_name, facts->port);
    } else {
        buf_printf(output, "redis-cli -h %s -p %d --tls --cacert '%s'", facts->host_name,
                   facts->ssl_port, facts->ca_file);
    }
    if (facts->key[0] != '\0') {
        buf_printf(output, " --no-auth-warning -a '%s'", facts->key);
    }
}

void connection_string_env(const struct connection_facts *facts, struct buf *output)
{
    buf_printf(output, "REDIS_HOST=%s\nREDIS_PORT=%d\nREDIS_PASSWORD=%s\nREDIS_SSL=%s\n",
               facts->host_name, chosen_port(facts), facts->key,
               uses_tls(facts) ? "true" : "false");
    buf_append_string(output, "REDIS_URL=");
    connection_string_url(facts, output);
    buf_append_string(output, "\nREDIS_CONNECTION_STRING=");
    connection_string_stackexchange(facts, output);
}

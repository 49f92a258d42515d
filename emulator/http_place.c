#include "emulator/http_place.h"

#include <string.h>

enum { HTTP_PORT = 80, HTTPS_PORT = 443 };

bool http_place_read(const char *url, struct http_place *place)
{
    struct bytes text = bytes_from_string(url);
    int64_t port;
    place->tls = bytes_start_with(text, BYTES("https://"));
    if (!place->tls && !bytes_start_with(text, BYTES("http://"))) {
        return false;
    }
    text = bytes_slice(text, strlen(place->tls ? "https://" : "http://"), text.size);
    for (size_t i = 0; i < text.size; i++) {
        if ((unsigned char)text.data[i] <= ' ' || text.data[i] == 0x7f) {
            return false;
        }
    }
    size_t size = strcspn(text.data, "/?#");
    struct bytes authority = bytes_slice(text, 0, size);
    place->path = bytes_slice(text, size, size + strcspn(text.data + size, "#"));
    size_t at = bytes_find(authority, '@');
    if (at < authority.size) {
        authority = bytes_slice(authority, at + 1, authority.size);
    }
    size_t bracket = bytes_find(authority, ']');
    size_t from = bracket < authority.size ? bracket : 0;
    size_t colon = from + bytes_find(bytes_slice(authority, from, authority.size), ':');
    place->host = bytes_slice(authority, 0, colon);
    place->port = place->tls ? HTTPS_PORT : HTTP_PORT;
    if (colon < authority.size) {
        if (!bytes_to_int64(bytes_slice(authority, colon + 1, authority.size), &port) || port < 1 ||
            port > 65535) {
            return false;
        }
        place->port = (int)port;
    }
    return place->host.size > 0;
}

char *http_place_name(const struct http_place *place)
{
    return bytes_to_string(place->host.data[0] == '['
                               ? bytes_slice(place->host, 1, place->host.size - 1)
                               : place->host);
}

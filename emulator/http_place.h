/* Where an http or https URL leads. Views of the URL. */
#ifndef EMULATOR_HTTP_PLACE_H
#define EMULATOR_HTTP_PLACE_H

#include "base/bytes.h"

struct http_place {
    bool tls;
    struct bytes host; /* with the brackets of an IPv6 address */
    int port;
    struct bytes path; /* with the query; may be empty */
};

bool http_place_read(const char *url, struct http_place *place);
/* The host without brackets; memory_free. */
char *http_place_name(const struct http_place *place);

#endif

/* The one shape of the front door's own errors, {"error":{"code","message"}}. */
#ifndef EMULATOR_HTTP_ERROR_H
#define EMULATOR_HTTP_ERROR_H

#include "base/http.h"

/* Sets status, type and body. What clients sent may be quoted: it is escaped, and cut. */
void http_error(struct http_response *response, int status, const char *code, const char *format,
                ...) PRINTF_LIKE(4, 5);

#endif

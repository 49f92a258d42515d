/*
 * The blocking HTTP client of the command line: one request to the admin API of a running
 * emulator, over plain HTTP (the front door answers it on the same port as TLS).
 */
#ifndef EMULATOR_CLI_CLIENT_H
#define EMULATOR_CLI_CLIENT_H

#include <cjson/cJSON.h>

#include "emulator/cli/cli.h"

#define CLIENT_DEFAULT_ENDPOINT "http://127.0.0.1:8443"

/* The row of --endpoint, for settings with `char *endpoint`. */
#define CLIENT_ENDPOINT_OPTION(settings)                                                           \
    {                                                                                              \
        .name = "endpoint", .placeholder = "URL",                                                  \
        .help = "the running emulator [REDURITE_ENDPOINT or " CLIENT_DEFAULT_ENDPOINT "]",         \
        .value = OPTION_TEXT, .offset = offsetof(settings, endpoint)                               \
    }

/* --endpoint, else REDURITE_ENDPOINT, else the default. */
const char *client_endpoint(const char *option);

/*
 * Sends a request and waits. On EXIT_DONE the answer is a 2xx and its body was appended to `body`;
 * otherwise one line went to stderr. A NULL `content` sends no body.
 */
enum exit_status client_request(const char *endpoint, const char *method, const char *path,
                                const struct bytes *content, struct buf *body);
/* The same with a JSON answer; owned by the caller on EXIT_DONE. NULL `content`: a GET. */
enum exit_status client_json(const char *endpoint, const char *path, const cJSON *content,
                             cJSON **answer);
enum exit_status client_info(const char *endpoint, cJSON **info);

/* Reading answers: "" or 0 when it is not there. Paths are written "ports.https". */
const cJSON *json_at(const cJSON *object, const char *path);
const char *json_text(const cJSON *object, const char *path);
int64_t json_number(const cJSON *object, const char *path);

#endif

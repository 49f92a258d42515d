/* Writes the front door's own errors. */
#include "emulator/http_error.h"

#include <cjson/cJSON.h>

enum { MESSAGE_LIMIT = 4096 };

/* JSON is UTF-8; what came from a client may be anything. */
static void keep_ascii(struct buf *text)
{
    for (size_t i = 0; i < text->size; i++) {
        unsigned char byte = (unsigned char)text->data[i];
        if (byte < ' ' || byte > '~') {
            text->data[i] = '?';
        }
    }
}

void http_error(struct http_response *response, int status, const char *code, const char *format,
                ...)
{
    struct buf message;
    va_list arguments;

    buf_init(&message, MESSAGE_LIMIT);
    va_start(arguments, format);
    buf_vprintf(&message, format, arguments);
    va_end(arguments);
    keep_ascii(&message);

    cJSON *document = cJSON_CreateObject();
    cJSON *error = cJSON_AddObjectToObject(document, "error");
    cJSON_AddStringToObject(error, "code", code);
    cJSON_AddStringToObject(error, "message", buf_string(&message));
    char *text = cJSON_PrintUnformatted(document);
    response->status = status;
    http_response_header(response, "Content-Type", "application/json; charset=utf-8");
    buf_clear(&response->body);
    buf_append_string(&response->body, text);
    cJSON_free(text);
    cJSON_Delete(document);
    buf_finish(&message);
}

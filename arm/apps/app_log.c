/* The log of an app: its latest lines. */
#include <stdio.h>

#include "arm/apps/apps.h"
#include "arm/json.h"

cJSON *app_secrets(struct arm_resource *app)
{
    if (!cJSON_IsObject(app->secrets)) {
        cJSON_Delete(app->secrets);
        app->secrets = cJSON_CreateObject();
    }
    return app->secrets;
}

const cJSON *app_log_lines(const struct arm_resource *app)
{
    return cJSON_GetObjectItem(app->secrets, "log");
}

void app_log(struct arm_service *service, struct arm_resource *app, const char *format, ...)
{
    struct buf line;
    va_list arguments;
    char time[32];
    cJSON *lines = cJSON_GetObjectItem(app_secrets(app), "log");
    if (!cJSON_IsArray(lines)) {
        cJSON_DeleteItemFromObject(app->secrets, "log");
        lines = cJSON_AddArrayToObject(app->secrets, "log");
    }
    timestamp_format(clock_now_ms(service->clock), time);
    buf_init(&line, APP_LOG_LINE_SIZE);
    buf_printf(&line, "%s  ", time);
    va_start(arguments, format);
    buf_vprintf(&line, format, arguments);
    va_end(arguments);
    cJSON_AddItemToArray(lines, cJSON_CreateString(buf_string(&line)));
    while (cJSON_GetArraySize(lines) > APP_LOG_LINES) {
        cJSON_DeleteItemFromArray(lines, 0);
    }
    if (service->host.app_log != NULL) {
        service->host.app_log(service->host.context, bytes_from_string(app->id), buf_bytes(&line));
    }
    buf_finish(&line);
    arm_changed(service);
}

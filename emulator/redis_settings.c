/* Settings of redis.conf, given on the command line of the emulator. */
#include "emulator/redis_settings.h"

#include "resp/configuration.h"

enum { DATABASES = 16 };

static struct bytes split(const char *setting, struct bytes *value)
{
    struct bytes text = bytes_from_string(setting);
    size_t equals = bytes_find(text, '=');
    *value = bytes_slice(text, equals + 1, text.size);
    return bytes_slice(text, 0, equals);
}

void redis_settings_apply(const struct option_list *settings, struct instance *instance)
{
    struct buf ignored;
    buf_init(&ignored, 1024);
    for (size_t i = 0; settings != NULL && i < settings->count; i++) {
        struct bytes value, name = split(settings->items[i], &value);
        setting_give(instance, name, value, &ignored);
    }
    buf_finish(&ignored);
}

int redis_settings_databases(const struct option_list *settings)
{
    int64_t count = DATABASES;
    for (size_t i = 0; settings != NULL && i < settings->count; i++) {
        struct bytes value, name = split(settings->items[i], &value);
        if (bytes_equal_string_nocase(name, "databases")) {
            bytes_to_int64(value, &count);
        }
    }
    return (int)count;
}

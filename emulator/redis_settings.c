/* Settings of redis.conf: of the command line, and of the file that CONFIG REWRITE writes. */
#include "emulator/redis_settings.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "emulator/files.h"
#include "resp/acl_file.h"
#include "resp/configuration.h"
#include "resp/configuration_file.h"

#define FILE_LIMIT ((size_t)64 << 20)

enum { DATABASES = 16 };

static struct bytes split(const char *setting, struct bytes *value)
{
    struct bytes text = bytes_from_string(setting);
    size_t equals = bytes_find(text, '=');
    *value = bytes_slice(text, equals + 1, text.size);
    return bytes_slice(text, 0, equals);
}

/* ---- Files ---- */

static char *full_path(const struct redis_settings *settings, const char *path)
{
    return path[0] == '/' ? string_duplicate(path)
                          : string_format("%s/%s", settings->directory, path);
}

int redis_settings_read_file(const struct redis_settings *settings, const char *path,
                             struct buf *content)
{
    char *full = full_path(settings, path);
    int failure = file_read(full, content);
    memory_free(full);
    return failure;
}

int redis_settings_write_file(const struct redis_settings *settings, const char *path,
                              struct bytes content)
{
    char *full = full_path(settings, path);
    int failure = file_replace(full, content, 0600);
    if (failure != 0) {
        log_error("redis", "could not write file=%s reason=\"%s\"", full, strerror(failure));
    }
    memory_free(full);
    return failure;
}

/* ---- What is given ---- */

static void add(struct option_list *list, char *text)
{
    list->items = memory_resize(list->items, (list->count + 1) * sizeof(*list->items));
    list->items[list->count++] = text;
}

static void read_line(struct redis_settings *settings, struct configuration_line *line)
{
    struct buf why;
    struct bytes name = buf_bytes(&line->name), value = buf_bytes(&line->value);
    buf_init(&why, 1024);
    if (bytes_equal_string_nocase(name, "user")) {
        add(&settings->users, bytes_to_string(value));
    } else if (setting_give(NULL, name, value, &why)) {
        add(&settings->given,
            string_format("%s=%s", buf_string(&line->name), buf_string(&line->value)));
    } else {
        log_warn("redis", "line left out file=%s line=%d reason=\"%s\"", settings->file,
                 line->number, buf_string(&why));
    }
    buf_finish(&why);
}

static void read_file(struct redis_settings *settings)
{
    struct buf text;
    struct configuration_line line;
    buf_init(&text, FILE_LIMIT);
    int failure = file_read(settings->file, &text);
    if (failure != 0 && failure != ENOENT) {
        log_warn("redis", "could not read file=%s reason=\"%s\"", settings->file,
                 strerror(failure));
    }
    configuration_lines_begin(&line, buf_bytes(&text));
    while (failure == 0 && configuration_lines_next(&line)) {
        read_line(settings, &line);
    }
    configuration_lines_end(&line);
    buf_finish(&text);
}

void redis_settings_init(struct redis_settings *settings, const struct option_list *options,
                         const char *directory, bool keeps_file)
{
    *settings = (struct redis_settings){.directory = directory};
    if (keeps_file) {
        settings->file = string_format("%s/redis.conf", directory);
        read_file(settings);
    }
    for (size_t i = 0; options != NULL && i < options->count; i++) {
        add(&settings->given, string_duplicate(options->items[i]));
    }
}

static void clear(struct option_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        memory_free(list->items[i]);
    }
    memory_free(list->items);
}

void redis_settings_finish(struct redis_settings *settings)
{
    clear(&settings->given);
    clear(&settings->users);
    memory_free(settings->file);
}

/* ---- Effects ---- */

void redis_settings_apply(const struct redis_settings *settings, struct instance *instance)
{
    struct buf ignored;
    buf_init(&ignored, 1024);
    for (size_t i = 0; i < settings->given.count; i++) {
        struct bytes value, name = split(settings->given.items[i], &value);
        setting_give(instance, name, value, &ignored);
    }
    buf_finish(&ignored);
}

static void read_users(const struct redis_settings *settings, struct instance *instance,
                       const char *path)
{
    struct buf text, error;
    buf_init(&text, FILE_LIMIT);
    buf_init(&error, SIZE_MAX);
    int failure = redis_settings_read_file(settings, path, &text);
    if (failure != 0) {
        log_warn("redis", "could not read users file=%s reason=\"%s\"", path, strerror(failure));
    } else if (!acl_file_read(instance, path, buf_bytes(&text), &error)) {
        log_error("redis", "could not read users reason=\"%s\"", buf_string(&error));
    }
    buf_finish(&text);
    buf_finish(&error);
}

void redis_settings_add_users(const struct redis_settings *settings, struct instance *instance)
{
    const char *path = setting_value(instance, "aclfile");
    if (path[0] != '\0') {
        read_users(settings, instance, path);
        return;
    }
    for (size_t i = 0; i < settings->users.count; i++) {
        struct buf error;
        buf_init(&error, SIZE_MAX);
        if (!acl_file_read_user(instance, bytes_from_string(settings->users.items[i]), &error)) {
            log_warn("redis", "user left out file=%s reason=\"%s\"", settings->file,
                     buf_string(&error));
        }
        buf_finish(&error);
    }
}

int redis_settings_databases(const struct redis_settings *settings)
{
    int64_t count = DATABASES;
    for (size_t i = 0; i < settings->given.count; i++) {
        struct bytes value, name = split(settings->given.items[i], &value);
        if (bytes_equal_string_nocase(name, "databases")) {
            bytes_to_int64(value, &count);
        }
    }
    return (int)count;
}

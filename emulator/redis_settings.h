/*
 * The Redis settings and users that devcache has from the start in profile redis: those of the
 * file that CONFIG REWRITE wrote, under those of the command line.
 */
#ifndef EMULATOR_REDIS_SETTINGS_H
#define EMULATOR_REDIS_SETTINGS_H

#include "emulator/options.h"
#include "resp/instance.h"

struct redis_settings {
    const char *directory;           /* for names of files that are relative */
    char *file;                      /* redis.conf; NULL: nothing is kept */
    struct option_list given, users; /* "NAME=VALUE", "NAME on ..."; in their order */
};

/*
 * `options` are checked already; NULL: there are none. What is wrong in the file is logged and left
 * out. `directory` is borrowed.
 */
void redis_settings_init(struct redis_settings *settings, const struct option_list *options,
                         const char *directory, bool keeps_file);
void redis_settings_finish(struct redis_settings *settings);

void redis_settings_apply(const struct redis_settings *settings, struct instance *instance);
/* The users of the file, or of the ACL file that a setting names. */
void redis_settings_add_users(const struct redis_settings *settings, struct instance *instance);
/* How many databases there are to be. */
int redis_settings_databases(const struct redis_settings *settings);

/* As in struct instance_host_info. */
int redis_settings_read_file(const struct redis_settings *settings, const char *path,
                             struct buf *content);
int redis_settings_write_file(const struct redis_settings *settings, const char *path,
                              struct bytes content);

#endif

/*
 * Users as text, a line each: "user NAME on nopass ~* &* +@all", as ACL files and redis.conf have
 * them. Texts of errors are Redis's; each ends with a space.
 */
#ifndef RESP_ACL_FILE_H
#define RESP_ACL_FILE_H

#include "base/bytes.h"

struct instance;

/* All users. Where only a password setting was given, the default user has that. */
void acl_file_write(const struct instance *instance, struct buf *text);
/*
 * In place of all users there are; those signed in as others than "default" lose their connections.
 * All or nothing: false with what is wrong in `error`, line by line; `path` is only named.
 */
bool acl_file_read(struct instance *instance, const char *path, struct bytes text,
                   struct buf *error);
/* One more user, of redis.conf: "NAME on ...". False with the reason in `error`. */
bool acl_file_read_user(struct instance *instance, struct bytes line, struct buf *error);

#endif

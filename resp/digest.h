/*
 * What DEBUG DIGEST says of data: equal for equal data, here and in redis-server, whatever the
 * order of keys and members and however values are encoded.
 */
#ifndef RESP_DIGEST_H
#define RESP_DIGEST_H

#include "resp/keyspace.h"

enum { DIGEST_SIZE = 20, DIGEST_TEXT = 41 };

/* Of one value with its expiry, in hex; `entry` NULL: of nothing, zeros. */
void digest_value(const struct entry *entry, char text[DIGEST_TEXT]);
/* Of all databases. */
void digest_instance(struct instance *instance, char text[DIGEST_TEXT]);

#endif

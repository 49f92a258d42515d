/*
 * What the files of the stream family share.
 */
#ifndef RESP_COMMANDS_STREAM_H
#define RESP_COMMANDS_STREAM_H

#include "resp/keyspace.h"
#include "resp/types/stream_group.h"

VALUE_LOOKUPS(stream)
/* Groups changed behind the key's back: no event, no WATCH, as in Redis. */
void stream_account(struct call *call, struct bytes key);

/* "ms-seq", "-" and "+"; a missing seq is `missing`. */
bool stream_id_read(struct bytes text, uint64_t missing, struct stream_id *id);
/* "ms-seq" or "ms" only; "ERR Invalid stream ID specified as stream command argument". */
bool stream_id_read_strict(struct bytes text, struct stream_id *id);
bool stream_id_or_reply(struct call *call, int index, struct stream_id *id);
/* Ends of an interval at argv[from_at] and argv[to_at]; "(" leaves the ID itself out. */
bool stream_interval_or_reply(struct call *call, int from_at, int to_at, struct stream_id *from,
                              struct stream_id *to);
bool stream_interval_start_or_reply(struct call *call, int index, struct stream_id *from);

void reply_stream_id(struct call *call, struct stream_id id);
void reply_stream_entry(struct call *call, struct stream_entry entry);
/* An array of the entries of a range; count 0: all. */
void reply_stream_range(struct call *call, const struct stream *stream, struct stream_id from,
                        struct stream_id to, bool reverse, int64_t count);

/* The group at argv[group_at] of the stream at argv[key_at]; false after NOGROUP or WRONGTYPE. */
bool stream_group_or_reply(struct call *call, int key_at, int group_at, struct stream **stream,
                           struct stream_group **group);
/* The consumer, created (with its event) when it is not there; it has been seen now. */
struct stream_consumer *stream_consumer_obtain(struct call *call, int key_at, struct stream *stream,
                                               struct stream_group *group, struct bytes name);

#endif

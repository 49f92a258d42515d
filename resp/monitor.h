/*
 * MONITOR: every command as a line to those who watch.
 */
#ifndef RESP_MONITOR_H
#define RESP_MONITOR_H

#include "resp/command.h"

/* Sends the command to the instance's monitors. `from_script`: it has no client of its own. */
void monitor_feed(const struct call *call, bool from_script);
/* Quotes as Redis does: \n, \xff and so on. */
void append_quoted(struct buf *line, struct bytes text);

#endif

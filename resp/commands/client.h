/*
 * Handlers of CLIENT's subcommands that have files of their own: client_control.c and
 * client_tracking.c. The rows are in client.c.
 */
#ifndef RESP_COMMANDS_CLIENT_H
#define RESP_COMMANDS_CLIENT_H

#include "resp/command.h"

/* The session's line of CLIENT LIST; memory_free. */
char *client_description(struct instance *instance, const struct session *session, int64_t now_ms);

void cmd_client_no_evict(struct call *call);
void cmd_client_no_touch(struct call *call);
void cmd_client_pause(struct call *call);
void cmd_client_reply(struct call *call);
void cmd_client_unblock(struct call *call);
void cmd_client_unpause(struct call *call);

void cmd_client_caching(struct call *call);
void cmd_client_getredir(struct call *call);
void cmd_client_tracking(struct call *call);
void cmd_client_trackinginfo(struct call *call);

#endif

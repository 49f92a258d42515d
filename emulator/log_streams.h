/*
 * The logs of web apps and container apps at the front door: {app}.scm.azurewebsites.net/logstream
 * and {region}.azurecontainerapps.dev/.../logstream, as streams that go on while somebody follows.
 * Also the page under {app}.azurewebsites.net, which tells that the app's code is not run here.
 */
#ifndef EMULATOR_LOG_STREAMS_H
#define EMULATOR_LOG_STREAMS_H

#include "arm/service.h"
#include "emulator/site.h"

struct log_streams;

struct log_streams *log_streams_create(struct arm_service *service); /* which outlives it */
void log_streams_destroy(struct log_streams *streams); /* after the connections are gone */
const struct site *log_streams_sites(struct log_streams *streams, size_t *count);
/* One more line of that resource's log. */
void log_streams_write(struct log_streams *streams, struct bytes resource_id, struct bytes line);

#endif

/*
 * /metadata/endpoints: where a cloud has its parts, in the shape that each api-version has.
 * Custom clouds of az and Terraform start from it.
 */
#ifndef EMULATOR_METADATA_H
#define EMULATOR_METADATA_H

#include "emulator/site.h"

/* No context: everything follows from what the client called us. */
void metadata_handle(void *context, const struct site_request *request,
                     struct http_response *response);

#endif

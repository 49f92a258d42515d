/*
 * Managed identity: the instance metadata service of virtual machines, and the local endpoint of
 * App Service and Cloud Shell. Both answer over plain HTTP; a header that no web page can send
 * keeps other origins out.
 */
#ifndef EMULATOR_MANAGED_IDENTITY_H
#define EMULATOR_MANAGED_IDENTITY_H

#include "emulator/site.h"

/*
 * `context` is the struct identity. Serves /metadata/identity/oauth2/token,
 * /metadata/instance and /MSI/token.
 */
void managed_identity_handle(void *context, const struct site_request *request,
                             struct http_response *response);

#endif

/* If-Match and If-None-Match, for types that have etags. */
#include "arm/service_state.h"

bool arm_precondition_or_fail(struct arm_call *call, const struct arm_resource *resource)
{
    const struct http_headers *headers = &call->request->headers;
    struct bytes match = http_headers_get(headers, "If-Match");
    struct bytes none = http_headers_get(headers, "If-None-Match");
    char etag[ETAG_SIZE] = "";
    if ((call->target.type->traits & ARM_ETAG) == 0 || call->method == ARM_GET ||
        call->method == ARM_HEAD) {
        return true;
    }
    if (resource != NULL) {
        arm_resource_etag(resource, etag);
    }
    bool any = bytes_equal_string(match, "*");
    bool matches =
        match.size == 0 || (resource != NULL && (any || bytes_equal_string(match, etag)));
    bool differs = none.size == 0 || resource == NULL ||
                   (!bytes_equal_string(none, "*") && !bytes_equal_string(none, etag));
    return (matches && differs) ||
           arm_fail(&call->error, 412, "PreconditionFailed",
                    "The condition of the header '%s' is not met: the resource %s%s.",
                    matches ? "If-None-Match" : "If-Match",
                    resource == NULL ? "does not exist" : "has the etag ", etag);
}

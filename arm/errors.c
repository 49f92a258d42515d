/* Errors of the management API, in the words of the real service. */
#include "arm/errors.h"

#include <stdio.h>

static bool fill(struct arm_error *error, int status, const char *code, bool from_provider,
                 const char *format, va_list arguments) PRINTF_LIKE(5, 0);
static bool fill(struct arm_error *error, int status, const char *code, bool from_provider,
                 const char *format, va_list arguments)
{
    *error = (struct arm_error){.status = status, .from_provider = from_provider};
    snprintf(error->code, sizeof(error->code), "%s", code);
    vsnprintf(error->message, sizeof(error->message), format, arguments);
    return false;
}

bool arm_fail(struct arm_error *error, int status, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fill(error, status, code, false, format, arguments);
    va_end(arguments);
    return false;
}

bool arm_fail_provider(struct arm_error *error, int status, const char *code, const char *format,
                       ...)
{
    va_list arguments;
    va_start(arguments, format);
    fill(error, status, code, true, format, arguments);
    va_end(arguments);
    return false;
}

bool arm_fail_group_not_found(struct arm_error *error, struct bytes group)
{
    return arm_fail(error, 404, "ResourceGroupNotFound",
                    "Resource group '%.*s' could not be found.", (int)group.size, group.data);
}

bool arm_fail_resource_not_found(struct arm_error *error, const char *path, struct bytes group)
{
    return arm_fail(error, 404, "ResourceNotFound",
                    "The Resource '%s' under resource group '%.*s' was not found. For more details "
                    "please go to https://aka.ms/ARMResourceNotFoundFix",
                    path, (int)group.size, group.data);
}

/* "occured" is the service's own. */
bool arm_fail_name_taken(struct arm_error *error)
{
    return arm_fail_provider(
        error, 409, "NameNotAvailable",
        "An error occured when trying to reserve the DNS name for the cache instance. This may be "
        "a temporary issue if a cache instance of this name was recently deleted. Please choose a "
        "different name or try again later.");
}

bool arm_fail_property(struct arm_error *error, const char *path, const char *allowed)
{
    if (allowed == NULL) {
        return arm_fail_provider(error, 400, "InvalidRequestBody",
                                 "The value of the parameter '%s' is invalid.", path);
    }
    return arm_fail_provider(error, 400, "InvalidRequestBody",
                             "The value of the parameter '%s' is invalid. Allowed values: %s.",
                             path, allowed);
}

bool arm_fail_property_because(struct arm_error *error, const char *path, const char *why)
{
    return arm_fail_provider(error, 400, "InvalidRequestBody",
                             "The value of the parameter '%s' is invalid: %s.", path, why);
}

/* Two spaces after the full stop are the service's own. */
bool arm_fail_busy(struct arm_error *error, const char *id)
{
    return arm_fail_provider(
        error, 409, "Conflict",
        "The resource '%s' is busy processing a previous update request or is undergoing system "
        "maintenance.  As such, it is currently unable to accept the update request.  Please try "
        "again later.",
        id);
}

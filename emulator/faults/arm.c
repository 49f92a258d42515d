/*
 * Errors of the management API. Each row says where its code and words were seen: "rest 2.7" and
 * the like are sections of the project's notes on recorded traffic; repo#number is a public issue
 * that quotes the real service.
 */
#include "emulator/faults/answer.h"
#include "emulator/faults/families.h"

#define ARM FAULT_BIT(FAULT_ARM)
#define REQUEST FAULT_BIT(FAULT_AT_REQUEST)

static bool changes(const struct fault_subject *subject)
{
    struct bytes method = subject->values[FAULT_KEY_METHOD];
    return !bytes_equal_string(method, "GET") && !bytes_equal_string(method, "HEAD");
}

/* Of errors that only those hear who make or change something. */
static bool decide_write(const struct fault *fault, const struct fault_subject *subject,
                         struct fault_verdict *verdict)
{
    struct bytes method = subject->values[FAULT_KEY_METHOD];
    return (bytes_equal_string(method, "PUT") || bytes_equal_string(method, "PATCH")) &&
           fault_decide_answer(fault, subject, verdict);
}

/* A name that is taken: said to PUT and to checkNameAvailability. */
static bool decide_name(const struct fault *fault, const struct fault_subject *subject,
                        struct fault_verdict *verdict)
{
    bool asked = bytes_match_glob(BYTES("*/checkNameAvailability*"),
                                  subject->values[FAULT_KEY_OPERATION], true);
    return asked ? fault_decide_answer(fault, subject, verdict)
                 : decide_write(fault, subject, verdict);
}

static bool decide_change(const struct fault *fault, const struct fault_subject *subject,
                          struct fault_verdict *verdict)
{
    return changes(subject) && fault_decide_answer(fault, subject, verdict);
}

static bool decide_deletion(const struct fault *fault, const struct fault_subject *subject,
                            struct fault_verdict *verdict)
{
    return bytes_equal_string(subject->values[FAULT_KEY_METHOD], "DELETE") &&
           fault_decide_answer(fault, subject, verdict);
}

static bool decide_html(const struct fault *fault, const struct fault_subject *subject,
                        struct fault_verdict *verdict)
{
    verdict->html = true;
    return fault_decide_answer(fault, subject, verdict);
}

/* A resource that was just made is not there yet for those who ask. */
static bool decide_not_yet(const struct fault *fault, const struct fault_subject *subject,
                           struct fault_verdict *verdict)
{
    return bytes_equal_string(subject->values[FAULT_KEY_METHOD], "GET") && subject->age_ms >= 0 &&
           subject->age_ms < (int64_t)fault_number(fault, "for") &&
           fault_decide_answer(fault, subject, verdict);
}

static const struct fault_attribute not_yet_attributes[] = {
    {.name = "for", .type = FAULT_DURATION, .least = 1, .most = 1e10, .fallback = 10000},
    {0},
};

static const struct fault_attribute html_attributes[] = {
    {.name = "status", .type = FAULT_WHOLE, .least = 400, .most = 599, .fallback = 502},
    {.name = "served", .type = FAULT_FLAG},
    {0},
};

#define PRESET(kind_name, kind_summary, function, ...)                                             \
    {                                                                                              \
        .name = (kind_name), .planes = ARM, .moments = REQUEST, .summary = (kind_summary),         \
        .attributes = fault_preset_attributes, .decide = (function), .preset = {__VA_ARGS__},      \
    }

static const struct fault_kind kinds[] = {
    {
        .name = "error",
        .planes = ARM | FAULT_BIT(FAULT_MONITOR) | FAULT_BIT(FAULT_KEYVAULT),
        .moments = REQUEST,
        .summary = "requests are answered with this status, code and message",
        .attributes = fault_answer_attributes,
        .decide = fault_decide_answer,
    },

    /* ---- Quota and capacity ---- */

    /* MicrosoftLearning/AZ400#709 quotes code and text; the status is that of ARM's conflicts. */
    PRESET("quota_exceeded", "the subscription's quota for the SKU is used up", decide_write,
           .status = 409, .code = "SubscriptionIsOverQuotaForSku",
           .message = "This region has quota of 0 instances for your subscription. Try selecting "
                      "different region or SKU.",
           .from_provider = true),
    /* recordings of az, test_group_deployment (rest 2.7): quota of a resource provider */
    PRESET("quota_limit", "a limit of the subscription would be passed", decide_write,
           .status = 409, .code = "QuotaExceeded",
           .message = "Operation results in exceeding quota limits of {sku}. Maximum allowed: 0, "
                      "Current in use: 0, Additional requested: 1. Please read more about quota "
                      "increase at https://aka.ms/AzurePerVMQuotaLimits."),
    /* recordings of az, test_search (rest 2.7) */
    PRESET("service_quota_exceeded", "a service's own quota is used up", decide_write,
           .status = 409, .code = "ServiceQuotaExceeded",
           .message = "Creating the service '{name}' would exceed quota of sku '{sku}' for "
                      "subscription '{subscription}'.",
           .from_provider = true),
    /* langchain-ai/terraform#258 (code); service-fabric-mesh-preview#392 (words) */
    PRESET("insufficient_capacity", "the region has no machines left", decide_write, .status = 409,
           .code = "InsufficientCapacity",
           .message = "Insufficient capacity is available in this region. Please try again later "
                      "or try a different region.",
           .from_provider = true),
    /* vscode-azurevirtualmachines#94, azuresandbox#654 (status) */
    PRESET("sku_not_available", "the SKU is not offered in the region", decide_write, .status = 409,
           .code = "SkuNotAvailable",
           .message = "The requested size for resource '{resource}' is currently not available in "
                      "location '{location}' zones '' for subscription '{subscription}'. Please "
                      "try another size or deploy to a different location or zones. See "
                      "https://aka.ms/azureskunotavailable for details."),
    /* azure-quickstart-templates#3984 (code and words) */
    PRESET("zone_not_available", "the region has no availability zones for it", decide_write,
           .status = 400, .code = "ResourceTypeNotSupportAvailabilityZones",
           .message = "The resource type '{type}' does not support availability zones at location "
                      "'{location}'."),
    /* arm/types/redis_cache.c and rest 2.8: what an unknown region is answered */
    PRESET("region_unavailable", "the type is not offered in the region", decide_write,
           .status = 400, .code = "LocationNotAvailableForResourceType",
           .message = "The provided location '{location}' is not available for resource type "
                      "'{type}'. List of available regions for the resource type is "
                      "'westus2,westus,eastus,eastus2,centralus,northeurope,westeurope,...'."),

    /* ---- Names, rights, locks ---- */

    /* rest 2.7: azure-service-operator#852, acme-fitness-store#13; the typo is the service's */
    PRESET("name_not_available", "the name is taken, or was until recently", decide_name,
           .status = 409, .code = "NameNotAvailable",
           .message = "An error occured when trying to reserve the DNS name for the cache "
                      "instance. This may be a temporary issue if a cache instance of this name "
                      "was recently deleted. Please choose a different name or try again later.",
           .from_provider = true),
    /* rest 2.8: recordings of az, test_managedappdef; status 409 */
    PRESET("provider_not_registered", "the subscription may not use Microsoft.Cache yet",
           fault_decide_answer, .status = 409, .code = "MissingSubscriptionRegistration",
           .message = "The subscription is not registered to use namespace 'Microsoft.Cache'. See "
                      "https://aka.ms/rps-not-found for how to register subscriptions."),
    /* vscode-apimanagement#348, ignite25-LAB519#19 */
    PRESET("policy_denied", "a policy of the organization forbids it", decide_change, .status = 403,
           .code = "RequestDisallowedByPolicy",
           .message = "Resource '{name}' was disallowed by policy. Policy identifiers: "
                      "'[{\"policyAssignment\":{\"name\":\"Deny caches\",\"id\":\"/subscriptions/"
                      "{subscription}/providers/Microsoft.Authorization/policyAssignments/"
                      "deny-caches\"},\"policyDefinition\":{\"name\":\"Not allowed resource "
                      "types\",\"id\":\"/providers/Microsoft.Authorization/policyDefinitions/"
                      "6c112d4e-5bc7-47ae-a041-ea2d9dccd749\"}}]'."),
    /* rest 2.8 */
    PRESET("authorization_failed", "the principal has no role for this", fault_decide_answer,
           .status = 403, .code = "AuthorizationFailed",
           .message = "The client '{principal}' with object id '{principal}' does not have "
                      "authorization to perform action '{operation}' over scope '{resource}' or "
                      "the scope is invalid. If access was recently granted, please refresh your "
                      "credentials."),
    /* rest 2.8: recordings of az, test_readonly_resource_lock */
    PRESET("resource_locked", "a lock forbids the deletion", decide_deletion, .status = 409,
           .code = "ScopeLocked",
           .message = "The scope '{resource}' cannot perform delete operation because following "
                      "scope(s) are locked: '{resource}'. Please remove the lock and try again."),
    /* rest 2.7: recordings of azure-service-operator; two spaces behind full stops */
    PRESET("conflict", "another operation on the resource is running", decide_change, .status = 409,
           .code = "Conflict",
           .message = "The resource '{resource}' is busy processing a previous update request or "
                      "is undergoing system maintenance.  As such, it is currently unable to "
                      "accept the update request.  Please try again later.",
           .from_provider = true),

    /* ---- Throttling and outages ---- */

    /* azure-docs#51431: the limits of ARM itself; rest 5.6: Retry-After is there */
    PRESET("throttle", "too many requests: 429 with Retry-After", fault_decide_answer,
           .status = 429, .code = "SubscriptionRequestsThrottled",
           .message = "Number of requests for subscription '{subscription}' and operation "
                      "'{operation}' exceeded the backend storage limit. Please try again after "
                      "'{retryAfter}' seconds.",
           .retry_after_s = 17),
    /* azqr#34 */
    PRESET("resource_throttle", "too many requests of one action", fault_decide_answer,
           .status = 429, .code = "ResourceRequestsThrottled",
           .message = "Number of requests for action '{operation}' exceeded the limit of '50' for "
                      "time interval '00:05:00'. Please try again after '{retryAfter}' seconds.",
           .retry_after_s = 30),
    /* rest 2.7: what operations of the provider say when it broke */
    PRESET("internal_error", "500 of the provider", fault_decide_answer, .status = 500,
           .code = "InternalServerError", .message = "Something went wrong.",
           .from_provider = true),
    /* rest 2.8: recordings of az have the bare 503; vscode-azureappservice#1593, #1290: words */
    PRESET("service_unavailable", "503 of the gateway", fault_decide_answer, .status = 503,
           .code = "ServiceUnavailable", .message = "The service is unavailable."),
    /* azure-docs#62448: the words, of Microsoft.Cache; terraform-provider-azurerm#8169: the request
     * may have had its effect ("served") */
    PRESET("gateway_timeout", "504: the provider did not answer in time", fault_decide_answer,
           .status = 504, .code = "GatewayTimeout",
           .message = "The gateway did not receive a response from 'Microsoft.Cache' within the "
                      "specified time period."),
    {
        .name = "gateway_html", /* what Azure's Application Gateway shows without a backend */
        .planes = ARM | FAULT_BIT(FAULT_MONITOR),
        .moments = REQUEST,
        .summary = "a page of HTML where a client expects JSON",
        .attributes = html_attributes,
        .decide = decide_html,
        .preset = {.status = 502,
                   .code = "Bad Gateway",
                   .message = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
                              "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>"
                              "Microsoft-Azure-Application-Gateway/v2</center>\r\n</body>\r\n"
                              "</html>\r\n"},
    },
    {
        .name = "not_yet_found", /* rest 2.8: the words for what is not there */
        .planes = ARM,
        .moments = REQUEST,
        .summary = "a resource is answered 404 for a while after it was made",
        .attributes = not_yet_attributes,
        .decide = decide_not_yet,
        .preset = {.status = 404,
                   .code = "ResourceNotFound",
                   .message = "The Resource '{type}/{name}' under resource group '{group}' was "
                              "not found. For more details please go to "
                              "https://aka.ms/ARMResourceNotFoundFix"},
    },
};

const struct fault_family fault_arm_family = {"arm", kinds, ARRAY_LEN(kinds)};

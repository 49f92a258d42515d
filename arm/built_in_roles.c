/* The built-in roles that provisioning of caches and what is around them uses, as Azure has them.
 */
#include "arm/roles.h"

#define COMMON                                                                                     \
    "Microsoft.Authorization/*/read Microsoft.Insights/alertRules/* "                              \
    "Microsoft.ResourceHealth/availabilityStatuses/read Microsoft.Resources/deployments/* "        \
    "Microsoft.Resources/subscriptions/resourceGroups/read Microsoft.Support/* "
#define VAULT_COMMON                                                                               \
    "Microsoft.Authorization/*/read Microsoft.Insights/alertRules/* "                              \
    "Microsoft.Resources/deployments/* Microsoft.Resources/subscriptions/resourceGroups/read "     \
    "Microsoft.Support/* Microsoft.KeyVault/checkNameAvailability/read "                           \
    "Microsoft.KeyVault/deletedVaults/read Microsoft.KeyVault/locations/*/read "                   \
    "Microsoft.KeyVault/vaults/*/read Microsoft.KeyVault/operations/read"
#define BLOBS "Microsoft.Storage/storageAccounts/blobServices/containers"

const struct arm_built_in_role arm_built_in_roles[] = {
    {"8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner",
     "Grants full access to manage all resources, including the ability to assign roles in Azure "
     "RBAC.",
     "*", NULL, NULL},
    {"b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor",
     "Grants full access to manage all resources, but does not allow you to assign roles in Azure "
     "RBAC, manage assignments in Azure Blueprints, or share image galleries.",
     "*",
     "Microsoft.Authorization/*/Delete Microsoft.Authorization/*/Write "
     "Microsoft.Authorization/elevateAccess/Action "
     "Microsoft.Blueprint/blueprintAssignments/write "
     "Microsoft.Blueprint/blueprintAssignments/delete Microsoft.Compute/galleries/share/action "
     "Microsoft.Purview/consents/write Microsoft.Purview/consents/delete "
     "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
     NULL},
    {"acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader",
     "View all resources, but does not allow you to make any changes.", "*/read", NULL, NULL},
    {"18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator",
     "Lets you manage user access to Azure resources.",
     "*/read Microsoft.Authorization/* Microsoft.Support/*", NULL, NULL},
    {"f58310d9-a9f6-439a-9e8d-f62e7b41a168", "Role Based Access Control Administrator",
     "Manage access to Azure resources by assigning roles using Azure RBAC. This role does not "
     "allow you to manage access using other ways, such as Azure Policy.",
     "Microsoft.Authorization/roleAssignments/write "
     "Microsoft.Authorization/roleAssignments/delete */read Microsoft.Support/*",
     NULL, NULL},
    {"e0f68234-74aa-48ed-b826-c38b57376e17", "Redis Cache Contributor",
     "Lets you manage Redis caches, but not access to them.",
     COMMON "Microsoft.Cache/register/action Microsoft.Cache/redis/*", NULL, NULL},
    {"00482a5a-887f-4fb3-b363-3b7fe8e74483", "Key Vault Administrator",
     "Perform all data plane operations on a key vault and all objects in it, including "
     "certificates, keys, and secrets. Cannot manage key vault resources or manage role "
     "assignments.",
     VAULT_COMMON, NULL, "Microsoft.KeyVault/vaults/*"},
    {"f25e0fa2-a7c8-4377-a976-54943a77a395", "Key Vault Contributor",
     "Lets you manage key vaults, but not access to them.",
     "Microsoft.Authorization/*/read Microsoft.Insights/alertRules/* Microsoft.KeyVault/* "
     "Microsoft.Resources/deployments/* Microsoft.Resources/subscriptions/resourceGroups/read "
     "Microsoft.Support/*",
     "Microsoft.KeyVault/locations/deletedVaults/purge/action Microsoft.KeyVault/hsmPools/* "
     "Microsoft.KeyVault/managedHsms/*",
     NULL},
    {"21090545-7ca7-4776-b22c-e363652d74d2", "Key Vault Reader",
     "Read metadata of key vaults and its certificates, keys, and secrets. Cannot read sensitive "
     "values such as secret contents or key material.",
     VAULT_COMMON, NULL,
     "Microsoft.KeyVault/vaults/*/read Microsoft.KeyVault/vaults/secrets/readMetadata/action"},
    {"b86a8fe4-44ce-4948-aee5-eccb2c155cd7", "Key Vault Secrets Officer",
     "Perform any action on the secrets of a key vault, except manage permissions.", VAULT_COMMON,
     NULL, "Microsoft.KeyVault/vaults/secrets/*"},
    {"4633458b-17de-408a-b874-0445c86b69e6", "Key Vault Secrets User", "Read secret contents.",
     NULL, NULL,
     "Microsoft.KeyVault/vaults/secrets/getSecret/action "
     "Microsoft.KeyVault/vaults/secrets/readMetadata/action"},
    {"14b46e9e-c2b7-41b4-b07b-48a6ebf60603", "Key Vault Crypto Officer",
     "Perform any action on the keys of a key vault, except manage permissions.", VAULT_COMMON,
     NULL, "Microsoft.KeyVault/vaults/keys/* Microsoft.KeyVault/vaults/keyrotationpolicies/*"},
    {"a4417e6f-fecd-4de8-b567-7b0420556985", "Key Vault Certificates Officer",
     "Perform any action on the certificates of a key vault, except manage permissions.",
     VAULT_COMMON, NULL,
     "Microsoft.KeyVault/vaults/certificatecas/* Microsoft.KeyVault/vaults/certificates/*"},
    {"749f88d5-cbae-40b8-bcfc-e573ddc772fa", "Monitoring Contributor",
     "Can read all monitoring data and update monitoring settings.",
     "*/read Microsoft.AlertsManagement/* Microsoft.Insights/* Microsoft.Monitor/* "
     "Microsoft.OperationalInsights/workspaces/* Microsoft.OperationsManagement/* "
     "Microsoft.Resources/deployments/* Microsoft.Support/*",
     NULL, NULL},
    {"43d0d8ad-25c7-4714-9337-8ba259a9fe05", "Monitoring Reader", "Can read all monitoring data.",
     "*/read Microsoft.OperationalInsights/workspaces/search/action Microsoft.Support/*", NULL,
     NULL},
    {"3913510d-42f4-4e42-8a64-420c390055eb", "Monitoring Metrics Publisher",
     "Enables publishing metrics against Azure resources",
     "Microsoft.Insights/Register/Action Microsoft.Support/* "
     "Microsoft.Resources/subscriptions/resourceGroups/read",
     NULL, "Microsoft.Insights/Metrics/Write Microsoft.Insights/Telemetry/Write"},
    {"92aaf0da-9dab-42b6-94a3-d43ce8d16293", "Log Analytics Contributor",
     "Log Analytics Contributor can read all monitoring data and edit monitoring settings.",
     "*/read Microsoft.Insights/alertRules/* Microsoft.Insights/diagnosticSettings/* "
     "Microsoft.OperationalInsights/* Microsoft.OperationsManagement/* "
     "Microsoft.Resources/deployments/* Microsoft.Storage/storageAccounts/listKeys/action "
     "Microsoft.Support/*",
     NULL, NULL},
    {"73c42c96-874c-492b-b04d-ab87d138a893", "Log Analytics Reader",
     "Log Analytics Reader can view and search all monitoring data as well as and view monitoring "
     "settings, including viewing the configuration of Azure diagnostics on all Azure resources.",
     "*/read Microsoft.OperationalInsights/workspaces/analytics/query/action "
     "Microsoft.OperationalInsights/workspaces/search/action Microsoft.Support/*",
     "Microsoft.OperationalInsights/workspaces/sharedKeys/read", NULL},
    {"de139f84-1756-47ae-9be6-808fbbe84772", "Website Contributor",
     "Lets you manage websites (not web plans), but not access to them.",
     COMMON "Microsoft.Insights/components/* Microsoft.Web/certificates/* "
            "Microsoft.Web/listSitesAssignedToHostName/read Microsoft.Web/serverFarms/join/action "
            "Microsoft.Web/serverFarms/read Microsoft.Web/sites/*",
     NULL, NULL},
    {"2cc479cb-7b4d-49a8-b449-8c00fd0f0a4b", "Web Plan Contributor",
     "Lets you manage the web plans for websites, but not access to them.",
     COMMON "Microsoft.Web/serverFarms/* Microsoft.Web/hostingEnvironments/Join/Action "
            "Microsoft.Insights/autoscalesettings/*",
     NULL, NULL},
    {"4d97b98b-1d4f-4787-a291-c67834d212e7", "Network Contributor",
     "Lets you manage networks, but not access to them.", COMMON "Microsoft.Network/*", NULL, NULL},
    {"b12aa53e-6015-4669-85d0-8515ebb3ae7f", "Private DNS Zone Contributor",
     "Lets you manage private DNS zone resources, but not the virtual networks they are linked to.",
     COMMON "Microsoft.Network/privateDnsZones/* "
            "Microsoft.Network/privateDnsOperationResults/* "
            "Microsoft.Network/privateDnsOperationStatuses/* "
            "Microsoft.Network/virtualNetworks/read Microsoft.Network/virtualNetworks/join/action",
     NULL, NULL},
    {"17d1049b-9a84-46fb-8f53-869881c3d3ab", "Storage Account Contributor",
     "Lets you manage storage accounts, including accessing storage account keys which provide "
     "full access to storage account data.",
     COMMON "Microsoft.Insights/diagnosticSettings/* "
            "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action "
            "Microsoft.Storage/storageAccounts/*",
     NULL, NULL},
    {"b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "Storage Blob Data Owner",
     "Allows for full access to Azure Storage blob containers and data, including assigning POSIX "
     "access control.",
     BLOBS "/* Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
     NULL, BLOBS "/blobs/*"},
    {"ba92f5b4-2d11-453d-a403-e96b0029c9fe", "Storage Blob Data Contributor",
     "Allows for read, write and delete access to Azure Storage blob containers and data",
     BLOBS "/delete " BLOBS "/read " BLOBS "/write "
           "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
     NULL,
     BLOBS "/blobs/delete " BLOBS "/blobs/read " BLOBS "/blobs/write " BLOBS
           "/blobs/move/action " BLOBS "/blobs/add/action"},
    {"2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", "Storage Blob Data Reader",
     "Allows for read access to Azure Storage blob containers and data",
     BLOBS "/read Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
     NULL, BLOBS "/blobs/read"},
    {"e40ec5ca-96e0-45a2-b4ff-59039f2c2b59", "Managed Identity Contributor",
     "Create, Read, Update, and Delete User Assigned Identity",
     COMMON "Microsoft.ManagedIdentity/userAssignedIdentities/read "
            "Microsoft.ManagedIdentity/userAssignedIdentities/write "
            "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
     NULL, NULL},
    {"f1a07417-d97a-45cb-824c-7a7467783830", "Managed Identity Operator",
     "Read and Assign User Assigned Identity",
     COMMON "Microsoft.ManagedIdentity/userAssignedIdentities/*/read "
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
     NULL, NULL},
    {"4a9ae827-6dc8-4573-8ac7-8239d42aa03f", "Tag Contributor",
     "Lets you manage tags on entities, without providing access to the entities themselves.",
     COMMON "Microsoft.Resources/subscriptions/resourceGroups/resources/read "
            "Microsoft.Resources/subscriptions/resources/read Microsoft.Resources/tags/*",
     NULL, NULL},
    {"36243c78-bf99-498c-9df9-86d9f8d28608", "Resource Policy Contributor",
     "Users with rights to create/modify resource policy, create support ticket and read "
     "resources/hierarchy.",
     "*/read Microsoft.Authorization/policyassignments/* "
     "Microsoft.Authorization/policydefinitions/* Microsoft.Authorization/policyexemptions/* "
     "Microsoft.Authorization/policysetdefinitions/* Microsoft.PolicyInsights/* "
     "Microsoft.Support/*",
     NULL, NULL},
    {"9980e02c-c2be-4d73-94e8-173b1dc7cf3c", "Virtual Machine Contributor",
     "Lets you manage virtual machines, but not access to them, and not the virtual network or "
     "storage account they're connected to.",
     COMMON "Microsoft.Compute/availabilitySets/* Microsoft.Compute/locations/* "
            "Microsoft.Compute/virtualMachines/* Microsoft.Compute/virtualMachineScaleSets/* "
            "Microsoft.Compute/disks/write Microsoft.Compute/disks/read "
            "Microsoft.Compute/disks/delete Microsoft.Network/networkInterfaces/* "
            "Microsoft.Network/virtualNetworks/read "
            "Microsoft.Network/virtualNetworks/subnets/join/action",
     NULL, NULL},
    {"7f951dda-4ed3-4680-a7ca-43fe172d538d", "AcrPull", "acr pull",
     "Microsoft.ContainerRegistry/registries/pull/read", NULL, NULL},
};
const size_t arm_built_in_role_count = ARRAY_LEN(arm_built_in_roles);

const struct arm_built_in_role *arm_built_in_role_find(struct bytes id)
{
    for (size_t i = 0; i < arm_built_in_role_count; i++) {
        if (bytes_equal_string_nocase(id, arm_built_in_roles[i].id)) {
            return &arm_built_in_roles[i];
        }
    }
    return NULL;
}

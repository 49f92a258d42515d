"""The infrastructure of the guide of seed 002 as Bicep's compiler puts it out: main.bicep and its modules.

The guide shows what is mended (the module of the container app); the modules around it are as it describes them.
"""
from .deployments import nested, template

GROUP, APP, CACHE = "rg-westeurope-magictoolbox-dev", "app-we-magictoolbox-01", "red-westeurope-magictoolbox-01"
ZONE = "privatelink.redis.cache.windows.net"
LINK = "link-magictoolbox"
ENDPOINT = "pe-redis-magictoolbox"
VARIABLES = {"REDIS_URL": ("redis-url", 0), "CELERY_BROKER_URL": ("celery-broker-url", 1),
             "CELERY_RESULT_BACKEND": ("celery-result-backend", 1)}
NETWORK, VAULT = "Microsoft.Network", "kv-we-magictoolbox"
LOCATION = {"location": {"type": "string", "defaultValue": "[resourceGroup().location]"}}


def subnet(name):
    return f"[resourceId('{NETWORK}/virtualNetworks/subnets', 'vnet-magictoolbox', '{name}')]"


NETWORK_MODULE = template(parameters=LOCATION, resources=[
    {"type": f"{NETWORK}/virtualNetworks", "apiVersion": "2023-11-01", "name": "vnet-magictoolbox",
     "location": "[parameters('location')]", "properties": {
         "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
         "subnets": [{"name": "snet-container-apps", "properties": {"addressPrefix": "10.0.0.0/23"}},
                     {"name": "snet-private-endpoints", "properties": {"addressPrefix": "10.0.2.0/24"}}]}},
    {"type": f"{NETWORK}/privateDnsZones", "apiVersion": "2020-06-01", "name": ZONE, "location": "global"},
    {"type": f"{NETWORK}/privateDnsZones/virtualNetworkLinks", "apiVersion": "2020-06-01", "name": f"{ZONE}/{LINK}",
     "location": "global", "properties": {"registrationEnabled": False, "virtualNetwork": {
         "id": f"[resourceId('{NETWORK}/virtualNetworks', 'vnet-magictoolbox')]"}},
     "dependsOn": [f"[resourceId('{NETWORK}/privateDnsZones', '{ZONE}')]",
                   f"[resourceId('{NETWORK}/virtualNetworks', 'vnet-magictoolbox')]"]}])

REDIS_MODULE = template(
    parameters=LOCATION,
    resources=[
        {"type": "Microsoft.Cache/redis", "apiVersion": "2023-08-01", "name": CACHE,
         "location": "[parameters('location')]", "properties": {
             "sku": {"name": "Basic", "family": "C", "capacity": 0}, "enableNonSslPort": False,
             "minimumTlsVersion": "1.2", "publicNetworkAccess": "Disabled",
             "redisConfiguration": {"maxmemory-policy": "allkeys-lru"}}},
        {"type": "Microsoft.KeyVault/vaults/secrets", "apiVersion": "2023-07-01", "name": f"{VAULT}/redis-access-key",
         "properties": {"value": f"[listKeys(resourceId('Microsoft.Cache/redis', '{CACHE}'), '2023-08-01').primaryKey]"},
         "dependsOn": [f"[resourceId('Microsoft.Cache/redis', '{CACHE}')]"]}],
    outputs={"redisHostName": {"type": "string",
                               "value": f"[reference(resourceId('Microsoft.Cache/redis', '{CACHE}')).hostName]"}})

ENDPOINTS_MODULE = template(parameters=LOCATION, resources=[
    {"type": f"{NETWORK}/privateEndpoints", "apiVersion": "2023-11-01", "name": ENDPOINT,
     "location": "[parameters('location')]", "properties": {
         "subnet": {"id": subnet("snet-private-endpoints")},
         "privateLinkServiceConnections": [{"name": "redis", "properties": {
             "privateLinkServiceId": f"[resourceId('Microsoft.Cache/redis', '{CACHE}')]",
             "groupIds": ["redisCache"]}}]}},
    {"type": f"{NETWORK}/privateEndpoints/privateDnsZoneGroups", "apiVersion": "2023-11-01",
     "name": f"{ENDPOINT}/default", "properties": {"privateDnsZoneConfigs": [{"name": "redis", "properties": {
         "privateDnsZoneId": f"[resourceId('{NETWORK}/privateDnsZones', '{ZONE}')]"}}]},
     "dependsOn": [f"[resourceId('{NETWORK}/privateEndpoints', '{ENDPOINT}')]"]}])


def url(credentials, database):
    """Bicep's 'rediss://:${redisAccessKey}@${redisHostName}:6380/0?ssl_cert_reqs=required', compiled."""
    return (f"[format('rediss://{credentials}@{{1}}:6380/{database}?ssl_cert_reqs=required', "
            "parameters('redisAccessKey'), parameters('redisHostName'))]")


def app_module(mended):
    """container-apps.bicep, before the guide's change and after it."""
    if mended:
        secrets = [{"name": name, "value": url(":{0}", database)} for name, database in VARIABLES.values()]
        variables = [{"name": name, "secretRef": secret} for name, (secret, _) in VARIABLES.items()]
    else:
        secrets = []
        variables = [{"name": name, "value": url("default", database)} for name, (_, database) in VARIABLES.items()]
    return template(
        parameters={**LOCATION, "redisHostName": {"type": "string"}, "redisAccessKey": {"type": "securestring"}},
        resources=[
            {"type": "Microsoft.App/managedEnvironments", "apiVersion": "2024-03-01", "name": "env-magictoolbox",
             "location": "[parameters('location')]", "properties": {"vnetConfiguration": {
                 "infrastructureSubnetId": subnet("snet-container-apps"), "internal": False}}},
            {"type": "Microsoft.App/containerApps", "apiVersion": "2024-03-01", "name": APP,
             "location": "[parameters('location')]", "properties": {
                 "managedEnvironmentId": "[resourceId('Microsoft.App/managedEnvironments', 'env-magictoolbox')]",
                 "configuration": {"ingress": {"external": True, "targetPort": 8000}, "secrets": secrets},
                 "template": {"containers": [{"name": "web", "image": "magictoolbox", "env": variables}]}},
             "dependsOn": ["[resourceId('Microsoft.App/managedEnvironments', 'env-magictoolbox')]"]}])


def deployment(name):
    return f"[resourceId('Microsoft.Resources/deployments', '{name}')]"


def main(mended=True):
    """main.bicep; the key comes from the vault with kv.getSecret(), or straight from the cache."""
    key = (f"[if(parameters('useKeyVaultReferences'), createObject('reference', createObject('keyVault', "
           f"createObject('id', resourceId('Microsoft.KeyVault/vaults', '{VAULT}')), 'secretName', 'redis-access-key')), "
           f"createObject('value', listKeys(resourceId('Microsoft.Cache/redis', '{CACHE}'), '2023-08-01').primaryKey))]")
    host = ("[reference(resourceId('Microsoft.Resources/deployments', 'redis'), '2022-09-01')"
            ".outputs.redisHostName.value]")
    return template(
        parameters={"environment": {"type": "string", "allowedValues": ["dev", "staging", "prod"]},
                    "useKeyVaultReferences": {"type": "bool", "defaultValue": False}},
        resources=[
            {"type": "Microsoft.KeyVault/vaults", "apiVersion": "2023-07-01", "name": VAULT,
             "location": "[resourceGroup().location]", "tags": {"environment": "[parameters('environment')]"},
             "properties": {"tenantId": "[subscription().tenantId]", "sku": {"family": "A", "name": "standard"},
                            "enabledForTemplateDeployment": True, "accessPolicies": []}},
            nested("network", NETWORK_MODULE),
            nested("redis", REDIS_MODULE, dependsOn=[f"[resourceId('Microsoft.KeyVault/vaults', '{VAULT}')]"]),
            nested("privateEndpoints", ENDPOINTS_MODULE, dependsOn=[deployment("network"), deployment("redis")]),
            nested("containerApps", app_module(mended), dependsOn=[deployment("privateEndpoints"), deployment("redis")],
                   properties={"parameters": {"redisHostName": {"value": host}, "redisAccessKey": key}})],
        outputs={"redisHostName": {"type": "string", "value": host}})

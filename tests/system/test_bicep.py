"""What the Bicep compiler makes of an application's infrastructure: modules, a network, a vault, an app."""
import pytest

from harness.deployments import Group, nested, template

ZONE = "privatelink.redis.cache.windows.net"
NETWORK = "Microsoft.Network"

NETWORK_MODULE = template(
    parameters={"name": {"type": "string"}, "location": {"type": "string"}},
    variables={"subnets": [{"name": "apps", "prefix": "[cidrSubnet('10.7.0.0/16', 24, 0)]"},
                           {"name": "links", "prefix": "[cidrSubnet('10.7.0.0/16', 24, 1)]"}]},
    resources=[
        {"type": f"{NETWORK}/virtualNetworks", "apiVersion": "2023-11-01", "name": "[parameters('name')]",
         "location": "[parameters('location')]",
         "properties": {
             "copy": [{"name": "subnets", "count": "[length(variables('subnets'))]", "input": {
                 "name": "[variables('subnets')[copyIndex('subnets')].name]",
                 "properties": {"addressPrefix": "[variables('subnets')[copyIndex('subnets')].prefix]"}}}],
             "addressSpace": {"addressPrefixes": ["10.7.0.0/16"]}}},
        {"type": f"{NETWORK}/privateDnsZones", "apiVersion": "2020-06-01", "name": ZONE, "location": "global"},
        {"type": f"{NETWORK}/privateDnsZones/virtualNetworkLinks", "apiVersion": "2020-06-01",
         "name": f"[format('{{0}}/{{1}}', '{ZONE}', uniqueString(parameters('name')))]", "location": "global",
         "properties": {"registrationEnabled": False, "virtualNetwork": {
             "id": f"[resourceId('{NETWORK}/virtualNetworks', parameters('name'))]"}},
         "dependsOn": [f"[resourceId('{NETWORK}/privateDnsZones', '{ZONE}')]",
                       f"[resourceId('{NETWORK}/virtualNetworks', parameters('name'))]"]}],
    outputs={"linksId": {"type": "string",
                         "value": f"[resourceId('{NETWORK}/virtualNetworks/subnets', parameters('name'), 'links')]"},
             "zoneId": {"type": "string", "value": f"[resourceId('{NETWORK}/privateDnsZones', '{ZONE}')]"}})

CACHE_MODULE = {
    **template(
        parameters={"name": {"type": "string"}, "location": {"type": "string"}, "subnetId": {"type": "string"},
                    "zoneId": {"type": "string"}, "vaultName": {"type": "string"}},
        resources={
            "cache": {"type": "Microsoft.Cache/redis", "apiVersion": "2024-11-01", "name": "[parameters('name')]",
                      "location": "[parameters('location')]",
                      "properties": {"sku": {"name": "Standard", "family": "C", "capacity": 1},
                                     "enableNonSslPort": False, "minimumTlsVersion": "1.2",
                                     "publicNetworkAccess": "Disabled",
                                     "redisConfiguration": {"maxmemory-policy": "allkeys-lru"}}},
            "endpoint": {"type": f"{NETWORK}/privateEndpoints", "apiVersion": "2023-11-01",
                         "name": "[format('{0}-endpoint', parameters('name'))]",
                         "location": "[parameters('location')]",
                         "properties": {"subnet": {"id": "[parameters('subnetId')]"},
                                        "privateLinkServiceConnections": [{"name": "cache", "properties": {
                                            "privateLinkServiceId":
                                                "[resourceId('Microsoft.Cache/redis', parameters('name'))]",
                                            "groupIds": ["redisCache"]}}]},
                         "dependsOn": ["cache"]},
            "zones": {"type": f"{NETWORK}/privateEndpoints/privateDnsZoneGroups", "apiVersion": "2023-11-01",
                      "name": "[format('{0}/{1}', format('{0}-endpoint', parameters('name')), 'default')]",
                      "properties": {"privateDnsZoneConfigs": [{"name": "redis", "properties": {
                          "privateDnsZoneId": "[parameters('zoneId')]"}}]},
                      "dependsOn": ["endpoint"]},
            "vault": {"existing": True, "type": "Microsoft.KeyVault/vaults", "apiVersion": "2022-07-01",
                      "name": "[parameters('vaultName')]"},
            "secret": {"type": "Microsoft.KeyVault/vaults/secrets", "apiVersion": "2022-07-01",
                       "name": "[format('{0}/{1}', parameters('vaultName'), 'redis-url')]",
                       "properties": {"value": "[format('rediss://:{0}@{1}:{2}/0', listKeys('cache', "
                                               "'2024-11-01').primaryKey, reference('cache').hostName, "
                                               "reference('cache').sslPort)]"},
                       "dependsOn": ["cache", "vault"]}},
        outputs={"host": {"type": "string", "value": "[reference('cache').hostName]"},
                 "vaultUri": {"type": "string", "value": "[reference('vault').vaultUri]"}}),
    "languageVersion": "2.0"}

MAIN = template(
    parameters={"environment": {"type": "string", "allowedValues": ["dev", "prod"]},
                "location": {"type": "string", "defaultValue": "[resourceGroup().location]"}},
    variables={"prefix": "[format('mt-{0}-{1}', parameters('environment'), take(uniqueString(resourceGroup().id), 5))]",
               "vault": "[format('kv-{0}', take(uniqueString(resourceGroup().id), 8))]"},
    resources=[
        {"type": "Microsoft.KeyVault/vaults", "apiVersion": "2022-07-01", "name": "[variables('vault')]",
         "location": "[parameters('location')]",
         "properties": {"tenantId": "[subscription().tenantId]", "sku": {"family": "A", "name": "standard"},
                        "accessPolicies": []}},
        {"type": "Microsoft.Authorization/locks", "apiVersion": "2020-05-01", "name": "keep",
         "scope": "[format('Microsoft.KeyVault/vaults/{0}', variables('vault'))]",
         "properties": {"level": "CanNotDelete"},
         "dependsOn": ["[resourceId('Microsoft.KeyVault/vaults', variables('vault'))]"]},
        nested("network", NETWORK_MODULE, properties={"parameters": {
            "name": {"value": "[format('{0}-net', variables('prefix'))]"},
            "location": {"value": "[parameters('location')]"}}}),
        nested("cache", CACHE_MODULE, properties={"parameters": {
            "name": {"value": "[variables('prefix')]"}, "location": {"value": "[parameters('location')]"},
            "subnetId": {"value": "[reference(resourceId('Microsoft.Resources/deployments', 'network'), "
                                  "'2022-09-01').outputs.linksId.value]"},
            "zoneId": {"value": "[reference(resourceId('Microsoft.Resources/deployments', 'network'), "
                                "'2022-09-01').outputs.zoneId.value]"},
            "vaultName": {"value": "[variables('vault')]"}}},
            dependsOn=["[resourceId('Microsoft.Resources/deployments', 'network')]",
                       "[resourceId('Microsoft.KeyVault/vaults', variables('vault'))]"]),
        {"type": "Microsoft.Web/serverfarms", "apiVersion": "2023-12-01", "name": "plan",
         "location": "[parameters('location')]", "sku": {"name": "B1", "tier": "Basic"}},
        {"type": "Microsoft.Web/sites", "apiVersion": "2023-12-01", "name": "[format('{0}-web', variables('prefix'))]",
         "location": "[parameters('location')]", "identity": {"type": "SystemAssigned"},
         "properties": {"serverFarmId": "[resourceId('Microsoft.Web/serverfarms', 'plan')]", "siteConfig": {
             "appSettings": [{"name": "REDIS_HOST", "value": "[reference(resourceId('Microsoft.Resources/deployments', "
                                                             "'cache'), '2022-09-01').outputs.host.value]"}]}},
         "dependsOn": ["[resourceId('Microsoft.Resources/deployments', 'cache')]",
                       "[resourceId('Microsoft.Web/serverfarms', 'plan')]"]}],
    outputs={"host": {"type": "string", "value": "[reference(resourceId('Microsoft.Resources/deployments', 'cache'), "
                                                 "'2022-09-01').outputs.host.value]"},
             "prefix": {"type": "string", "value": "[variables('prefix')]"},
             "vault": {"type": "string", "value": "[variables('vault')]"}})


@pytest.fixture
def group(emulator):
    return Group(emulator)


def test_an_application_of_modules(emulator, group):
    done = group.deploy(MAIN, {"environment": "dev"}, name="main", by="3h")
    prefix, vault = done["outputs"]["prefix"]["value"], done["outputs"]["vault"]["value"]
    cache = group.resource(f"Microsoft.Cache/redis/{prefix}").json["properties"]
    assert done["outputs"]["host"]["value"] == cache["hostName"]
    assert cache["privateEndpointConnections"], cache
    zone = emulator.arm("GET", f"{group.path}/providers/{NETWORK}/privateDnsZones/{ZONE}/A/{prefix}",
                        version="2020-06-01").json
    address = zone["properties"]["aRecords"][0]["ipv4Address"]
    assert address.startswith("10.7.1.")
    secret = group.resource(f"Microsoft.KeyVault/vaults/{vault}/secrets/redis-url", "2022-07-01")
    assert secret.status == 200
    locks = emulator.arm("GET", f"{group.path}/providers/Microsoft.KeyVault/vaults/{vault}/providers/"
                                "Microsoft.Authorization/locks", version="2020-05-01").json["value"]
    assert [lock["name"] for lock in locks] == ["keep"]
    settings = emulator.arm("POST", f"{group.path}/providers/Microsoft.Web/sites/{prefix}-web/config/appsettings/list",
                            version="2023-12-01").json["properties"]
    assert settings["REDIS_HOST"] == cache["hostName"]
    # Again: nothing is new.
    again = group.deploy(MAIN, {"environment": "dev"}, name="main", by="3h")
    assert again["outputs"] == done["outputs"]
    ids = [resource["id"].lower() for resource in again["outputResources"]]
    assert len(ids) == len(set(ids)) == 11


def test_complete_mode_meets_a_lock(emulator, group):
    group.deploy(MAIN, {"environment": "dev"}, name="main", by="3h")
    done = group.deploy(template(), name="empty", mode="Complete", wanted="Failed", by="3h")
    details = [detail["message"] for detail in done["error"]["details"]]
    assert len(details) == 1 and "ScopeLocked" in details[0]

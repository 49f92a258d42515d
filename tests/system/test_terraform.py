"""The exchanges of Terraform's azurerm provider, as observed of versions 4.81 and 5.2, request by request.

Terraform itself is no package of Debian, npm or PyPI; what it sends, and what it insists on, is known.
"""
import pytest

from harness.terraform import Terraform

GROUP = "/resourceGroups/tf"
REDIS = GROUP + "/providers/Microsoft.Cache/redis"
NETWORK = GROUP + "/providers/Microsoft.Network"


@pytest.fixture
def terraform(emulator):
    client = Terraform(emulator)
    client.get(GROUP, "2023-07-01", 404)
    client.call("PUT", GROUP, "2023-07-01", {"location": "westeurope", "tags": {}})
    client.get(GROUP, "2023-07-01")
    return client


def cache_body(**properties):
    return {"location": "westeurope", "tags": {}, "identity": {"type": "None", "userAssignedIdentities": None},
            "properties": {"enableNonSslPort": False, "minimumTlsVersion": "1.2", "publicNetworkAccess": "Enabled",
                           "redisVersion": "6", "disableAccessKeyAuthentication": False,
                           "redisConfiguration": {"preferred-data-persistence-auth-method": ""},
                           "sku": {"name": "Premium", "family": "P", "capacity": 1}, **properties}}


def test_the_provider_starts(emulator):
    client = Terraform(emulator)
    answer = emulator.request("GET", "/metadata/endpoints?api-version=2022-09-01")
    assert answer.status == 200
    cloud = answer.json if isinstance(answer.json, dict) else answer.json[0]
    assert cloud["name"] not in ("", "AzureStackCloud") and cloud["authentication"]["identityProvider"] == "AAD"
    assert cloud["authentication"]["tenant"] == "common" and not cloud["authentication"]["loginEndpoint"].endswith("/")
    assert cloud["suffixes"]["storage"] and cloud["suffixes"]["keyVaultDns"]
    providers = client.get("/providers", "2022-09-01")["value"]
    states = {provider["namespace"]: provider["registrationState"] for provider in providers}
    for namespace in ("Microsoft.Cache", "Microsoft.Network", "Microsoft.Storage", "Microsoft.Web", "Microsoft.KeyVault"):
        assert states[namespace] == "Registered"
    assert client.get("", "2022-12-01")["state"] == "Enabled"


def test_a_cache_with_a_schedule_comes_changes_and_goes(terraform):
    path, version = REDIS + "/tf-cache", "2024-11-01"
    cache = terraform.create(path, version, cache_body())
    assert cache["properties"]["hostName"] and cache["properties"]["sslPort"]
    assert cache["properties"]["redisVersion"].startswith("6") and cache["properties"]["redisConfiguration"]
    entry = {"dayOfWeek": "Sunday", "maintenanceWindow": "PT5H", "startHourUtc": 2}
    terraform.call("PUT", path + "/patchSchedules/default", version, {"properties": {"scheduleEntries": [entry]}})
    keys = terraform.call("POST", path + "/listKeys", version, status=200)[1]
    assert keys["primaryKey"] and keys["secondaryKey"]
    assert terraform.get(path + "/patchSchedules/default", version)["properties"]["scheduleEntries"] == [entry]

    change = {"tags": {"env": "dev"}, "properties": {"enableNonSslPort": True, "redisVersion": "6",
                                                     "redisConfiguration": {"maxmemory-policy": "allkeys-lru"},
                                                     "sku": {"name": "Premium", "family": "P", "capacity": 1}}}
    terraform.call("PATCH", path, version, change, 200)
    cache = terraform.settled(path, version)
    assert cache["properties"]["redisConfiguration"]["maxmemory-policy"] == "allkeys-lru"
    assert cache["tags"] == {"env": "dev"} and cache["properties"]["enableNonSslPort"] is True
    terraform.call("PATCH", path, version, {"identity": {"type": "SystemAssigned"}}, 200)
    assert terraform.settled(path, version)["identity"]["principalId"]
    terraform.destroy(path, version)


def test_rules_policies_and_links(terraform):
    version = "2024-11-01"
    for name in ("tf-one", "tf-two"):
        terraform.create(f"{REDIS}/{name}", version, cache_body(
            redisConfiguration={"aad-enabled": "true", "preferred-data-persistence-auth-method": ""}))
    terraform.create(f"{REDIS}/tf-one/firewallRules/office", version,
                     {"properties": {"startIP": "10.0.0.1", "endIP": "10.0.0.9"}})
    terraform.create(f"{REDIS}/tf-one/accessPolicies/readers", version,
                     {"properties": {"permissions": "+@read +@connection +cluster|info"}})
    terraform.create(f"{REDIS}/tf-one/accessPolicyAssignments/ada1", version, {"properties": {
        "accessPolicyName": "readers", "objectId": "00000000-0000-4000-8000-00000000ada1", "objectIdAlias": "ada"}})
    two = terraform.get(f"{REDIS}/tf-two", version)["id"]
    terraform.create(f"{REDIS}/tf-one/linkedServers/tf-two", version, {"properties": {
        "linkedRedisCacheId": two, "linkedRedisCacheLocation": "westeurope", "serverRole": "Secondary"}})
    for child in ("linkedServers/tf-two", "accessPolicyAssignments/ada1", "accessPolicies/readers",
                  "firewallRules/office"):
        terraform.destroy(f"{REDIS}/tf-one/{child}", version)
    for name in ("tf-one", "tf-two"):
        terraform.destroy(f"{REDIS}/{name}", version)


def test_a_private_endpoint_and_its_zone(terraform):
    cache = terraform.create(f"{REDIS}/tf-private", "2024-11-01", cache_body())
    network = f"{NETWORK}/virtualNetworks/v"
    terraform.create(network, "2025-01-01", {"location": "westeurope", "tags": {}, "properties": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "dhcpOptions": {"dnsServers": []}, "subnets": []}})
    subnet = terraform.create(f"{network}/subnets/s", "2025-01-01", {"properties": {"addressPrefixes": ["10.0.1.0/24"]}})
    zone = f"{NETWORK}/privateDnsZones/privatelink.redis.cache.windows.net"
    terraform.create(zone, "2024-06-01", {"location": "global", "tags": {}, "properties": {}})
    assert terraform.get(zone + "/SOA/@", "2024-06-01")["properties"]["soaRecord"]["host"]
    terraform.create(f"{zone}/virtualNetworkLinks/l", "2024-06-01", {"location": "global", "tags": {}, "properties": {
        "virtualNetwork": {"id": terraform.get(network, "2025-01-01")["id"]}, "registrationEnabled": False}})
    endpoint = f"{NETWORK}/privateEndpoints/pe"
    made = terraform.create(endpoint, "2025-01-01", {"location": "westeurope", "tags": {}, "properties": {
        "subnet": {"id": subnet["id"]}, "ipConfigurations": [], "customNetworkInterfaceName": "",
        "privateLinkServiceConnections": [{"name": "c", "properties": {
            "groupIds": ["redisCache"], "privateLinkServiceId": cache["id"], "requestMessage": ""}}],
        "manualPrivateLinkServiceConnections": []}})
    interface = made["properties"]["networkInterfaces"][0]["id"].split(terraform.emulator.ready["subscriptionId"])[1]
    assert terraform.get(interface, "2025-01-01")["properties"]["ipConfigurations"]
    terraform.create(f"{endpoint}/privateDnsZoneGroups/default", "2025-01-01", {"properties": {"privateDnsZoneConfigs": [
        {"name": "redis", "properties": {"privateDnsZoneId": terraform.get(zone, "2024-06-01")["id"]}}]}})
    assert terraform.get(endpoint + "/privateDnsZoneGroups", "2025-01-01")["value"]
    for path, version in ((endpoint + "/privateDnsZoneGroups/default", "2025-01-01"), (endpoint, "2025-01-01"),
                          (zone + "/virtualNetworkLinks/l", "2024-06-01"), (zone, "2024-06-01"),
                          (network + "/subnets/s", "2025-01-01"), (network, "2025-01-01")):
        terraform.destroy(path, version)


def test_diagnostics_into_a_workspace(terraform):
    cache = f"{REDIS}/tf-watched"
    terraform.create(cache, "2024-11-01", cache_body())
    insights = "/providers/Microsoft.OperationalInsights"
    assert terraform.get(insights + "/deletedWorkspaces", "2023-09-01") == {"value": []}
    workspace = f"{GROUP}{insights}/workspaces/logs"
    body = {"location": "westeurope", "tags": {}, "properties": {"sku": {"name": "PerGB2018"}, "retentionInDays": 30}}
    made = terraform.create(workspace, "2023-09-01", body)
    terraform.call("PUT", workspace, "2023-09-01", body)
    assert terraform.call("POST", workspace + "/sharedKeys", "2020-08-01", status=200)[1]["primarySharedKey"]
    setting = cache + "/providers/Microsoft.Insights/diagnosticSettings/all"
    terraform.get(setting, "2021-05-01-preview", 404)
    terraform.call("PUT", setting, "2021-05-01-preview", {"properties": {
        "workspaceId": made["id"], "logs": [], "metrics": [{"category": "AllMetrics", "enabled": True}]}}, 200)
    terraform.destroy(setting, "2021-05-01-preview")


def test_a_group_is_only_removed_when_it_is_empty_to_terraform(terraform):
    listed = terraform.send("GET", f"/subscriptions/{terraform.emulator.ready['subscriptionId']}{GROUP}/resources"
                            "?$expand=provisioningState&$top=10&api-version=2023-07-01")
    assert listed[0] == 200 and listed[2]["value"] == []
    terraform.destroy(GROUP, "2023-07-01")

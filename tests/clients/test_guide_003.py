"""The guide of a SaaS product's cache (seed 003): its Terraform, its sessions, its cache service.

Terraform's provider is no package of a registry: its requests are played, resource by resource, as it is known to send
them, with the values of the guide. What Azure refuses of the guide is asserted as refused, and then mended.
"""
import json
import re

import pytest
import redis

from harness.dns import ask
from harness.emulator import ROOT, wait_until
from harness.programs import node
from harness.terraform import Terraform

EAST, WEST = "/resourceGroups/rg-oversight-prod-saas-eastus", "/resourceGroups/rg-oversight-prod-saas-westus"
CACHE, NETWORK = "2024-11-01", "2025-01-01"
MAIN = EAST + "/providers/Microsoft.Cache/redis/redis-oversight-prod"
SECONDARY = WEST + "/providers/Microsoft.Cache/redis/redis-oversight-prod-secondary"
VNET = EAST + "/providers/Microsoft.Network/virtualNetworks/vnet-oversight"
SUBNET = VNET + "/subnets/saas-redis"
ENDPOINT = EAST + "/providers/Microsoft.Network/privateEndpoints/pe-redis"
ZONE = EAST + "/providers/Microsoft.Network/privateDnsZones/privatelink.redis.cache.windows.net"
PREMIUM = {"name": "Premium", "family": "P", "capacity": 1}


def storage(terraform):
    """azurerm_storage_account.redis_backup, whose connection strings the cache is given."""
    path = EAST + "/providers/Microsoft.Storage/storageAccounts/oversightredisbackup"
    terraform.create(path, "2023-05-01", {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"},
                                          "properties": {"minimumTlsVersion": "TLS1_2"}})
    keys = terraform.call("POST", path + "/listKeys", "2023-05-01", status=200)[1]["keys"]
    return [f"DefaultEndpointsProtocol=https;AccountName=oversightredisbackup;AccountKey={key['value']};"
            "EndpointSuffix=core.windows.net" for key in keys]


def main_body(primary, secondary, **properties):
    return {
        "location": "eastus", "zones": ["1", "2"],
        "tags": {"environment": "production", "component": "cache", "ha_enabled": "true"},
        "identity": {"type": "None", "userAssignedIdentities": None},
        "properties": {
            "enableNonSslPort": False, "minimumTlsVersion": "1.2", "publicNetworkAccess": "Enabled", "redisVersion": "6",
            "disableAccessKeyAuthentication": False, "sku": PREMIUM, "shardCount": 2,
            "redisConfiguration": {
                "maxmemory-policy": "allkeys-lru", "maxmemory-reserved": "10", "maxfragmentationmemory-reserved": "10",
                "rdb-backup-enabled": "true", "rdb-backup-frequency": "60", "rdb-backup-max-snapshot-count": "1",
                "rdb-storage-connection-string": primary, "aof-backup-enabled": "true",
                "aof-storage-connection-string-0": primary, "aof-storage-connection-string-1": secondary,
                "notify-keyspace-events": "Ex", "preferred-data-persistence-auth-method": ""},
            **properties}}


@pytest.fixture
def terraform(start_emulator):
    emulator = start_emulator("--clock", "frozen", "--provisioning", "realistic", "--offline", "--dns-port", "0",
                              "--record-commands")
    client = Terraform(emulator)
    for group, location in ((EAST, "eastus"), (WEST, "westus")):
        client.call("PUT", group, "2023-07-01", {"location": location, "tags": {}})
    client.create(VNET, NETWORK, {"location": "eastus", "tags": {}, "properties": {
        "addressSpace": {"addressPrefixes": ["10.20.0.0/16"]}, "dhcpOptions": {"dnsServers": []}, "subnets": []}})
    client.create(SUBNET, NETWORK, {"properties": {"addressPrefixes": ["10.20.5.0/24"]}})
    return client


def link_body(terraform):
    return {"properties": {"linkedRedisCacheId": terraform.get(SECONDARY, CACHE)["id"],
                           "linkedRedisCacheLocation": "westus", "serverRole": "Secondary"}}


def refused(terraform, path, version, body):
    """The message of a PUT that is refused."""
    answer = terraform.call("PUT", path, version, body, status=400)[1]
    terraform.get(path, version, 404)
    return answer["error"]["message"]


def connect(terraform, cache, address="127.0.0.1"):
    key = terraform.call("POST", cache + "/listKeys", CACHE, status=200)[1]["primaryKey"]
    return redis.RedisCluster(host=address, port=terraform.emulator.tls_port, password=key, decode_responses=True, ssl=True,
                              ssl_ca_certs=terraform.emulator.ca_file, ssl_check_hostname=False)


def test_the_infrastructure_from_the_cache_to_its_diagnostics(terraform):
    emulator = terraform.emulator
    connections = storage(terraform)
    make_main_cache(terraform, connections)
    with connect(terraform, MAIN) as cache:
        assert cache.set("product:catalog:456:details", "before")
    keep_others_out(terraform)
    replicate(terraform, connections)
    make_private_endpoint(terraform)
    code, records = ask(emulator.ports["dns"], "redis-oversight-prod.redis.cache.windows.net")
    assert code == "NOERROR" and records[0][2] == "redis-oversight-prod.privatelink.redis.cache.windows.net"
    assert records[-1][2] == "127.0.0.1"  # the guide links its zone to no network: nobody inside asks it
    terraform.create(ZONE + "/virtualNetworkLinks/vnet-oversight", "2024-06-01", {"location": "global", "tags": {},
                     "properties": {"virtualNetwork": {"id": terraform.get(VNET, NETWORK)["id"]},
                                    "registrationEnabled": False}})
    address = ask(emulator.ports["dns"], "redis-oversight-prod.redis.cache.windows.net")[1][-1][2]
    with connect(terraform, MAIN, address) as inside, connect(terraform, SECONDARY) as copy:
        assert inside.get("product:catalog:456:details") == "before"
        assert inside.set("user:profile:123:data", "after")
        wait_until(lambda: copy.get("user:profile:123:data") == "after", "the write in the other region")
        with pytest.raises(redis.exceptions.ReadOnlyError):
            copy.set("user:profile:123:data", "mine")
    with pytest.raises(redis.exceptions.RedisClusterException):
        connect(terraform, MAIN)
    watch(terraform)


def test_the_cache_inside_its_subnet(terraform):
    """azurerm_redis_cache.main with subnet_id, as it is written: the address of the guide's notes, and no other way in."""
    emulator = terraform.emulator
    made = terraform.create(MAIN, CACHE, main_body(*storage(terraform), subnetId=terraform.get(SUBNET, NETWORK)["id"]))
    assert made["properties"]["staticIP"] == "10.20.5.4" and made["properties"]["shardCount"] == 2
    terraform.create(MAIN + "/firewallRules/app_service_access", CACHE,
                     {"properties": {"startIP": "10.20.2.0", "endIP": "10.20.2.255"}})
    (_, _, address), = ask(emulator.ports["dns"], "redis-oversight-prod.redis.cache.windows.net")[1]
    with connect(terraform, MAIN, address) as cache:
        assert cache.set("session:user:789:cart", "[]") and cache.get("session:user:789:cart") == "[]"
    with pytest.raises(redis.exceptions.RedisClusterException):
        connect(terraform, MAIN)


def make_main_cache(terraform, connections):
    """azurerm_redis_cache.main, without subnet_id: Azure gives no private endpoint to a cache in a subnet."""
    body = main_body(*connections)
    body["properties"]["redisConfiguration"]["rdb-backup-max-snapshot-count"] = "5"
    assert "rdb-backup-max-snapshot-count" in refused(terraform, MAIN, CACHE, body)
    made = terraform.create(MAIN, CACHE, main_body(*connections))
    properties, settings = made["properties"], made["properties"]["redisConfiguration"]
    assert made["zones"] == ["1", "2"] and made["tags"]["ha_enabled"] == "true"
    assert properties["shardCount"] == 2 and {i["zone"] for i in properties["instances"]} == {"1", "2"}
    assert settings["maxmemory-policy"] == "allkeys-lru" and settings["notify-keyspace-events"] == "Ex"
    assert settings["maxclients"] == "7500"
    assert (settings["rdb-backup-enabled"], settings["rdb-backup-frequency"]) == ("true", "60")
    assert settings["aof-backup-enabled"] == "true"
    entry = {"dayOfWeek": "Sunday", "startHourUtc": 2}
    terraform.call("PUT", MAIN + "/patchSchedules/default", CACHE, {"properties": {"scheduleEntries": [entry]}})
    shown, = terraform.get(MAIN + "/patchSchedules/default", CACHE)["properties"]["scheduleEntries"]
    assert (shown["dayOfWeek"], shown["startHourUtc"]) == ("Sunday", 2)


def keep_others_out(terraform):
    """azurerm_redis_firewall_rule.app_service. (The azurerm provider itself wants no hyphens in the name.)"""
    rule = {"properties": {"startIP": "10.20.2.0", "endIP": "10.20.2.255"}}
    made = terraform.create(MAIN + "/firewallRules/app-service-access", CACHE, rule)
    assert made["properties"] == rule["properties"]
    terraform.emulator.advance("5m")
    with pytest.raises(redis.exceptions.RedisClusterException):
        connect(terraform, MAIN)


def replicate(terraform, connections):
    """azurerm_redis_cache.secondary and azurerm_redis_linked_server.geo_replication."""
    secondary = main_body(*connections)
    del secondary["zones"], secondary["properties"]["shardCount"]
    secondary["location"] = "westus"
    terraform.create(SECONDARY, CACHE, secondary)
    path = MAIN + "/linkedServers/redis-oversight-prod-secondary"
    assert "the same number of shards" in refused(terraform, path, CACHE, link_body(terraform))
    terraform.call("PATCH", SECONDARY, CACHE, {"properties": {"shardCount": 2}}, 200)
    terraform.settled(SECONDARY, CACHE)
    terraform.create(path, CACHE, link_body(terraform))
    assert terraform.get(path, CACHE)["properties"]["serverRole"] == "Secondary"
    other = terraform.get(SECONDARY + "/linkedServers/redis-oversight-prod", CACHE)
    assert other["properties"]["serverRole"] == "Primary"
    with connect(terraform, SECONDARY) as copy:
        wait_until(lambda: copy.get("product:catalog:456:details") == "before", "the copy in the other region")


def make_private_endpoint(terraform):
    """azurerm_private_dns_zone.redis and azurerm_private_endpoint.redis; then the public way is closed."""
    zone = terraform.create(ZONE, "2024-06-01", {"location": "global", "tags": {}, "properties": {}})
    assert terraform.get(ZONE + "/SOA/@", "2024-06-01")["properties"]["soaRecord"]["host"]
    terraform.create(ENDPOINT, NETWORK, {"location": "eastus", "tags": {}, "properties": {
        "subnet": {"id": terraform.get(SUBNET, NETWORK)["id"]}, "ipConfigurations": [], "customNetworkInterfaceName": "",
        "privateLinkServiceConnections": [{"name": "psc-redis", "properties": {
            "groupIds": ["redisCache"], "privateLinkServiceId": terraform.get(MAIN, CACHE)["id"], "requestMessage": ""}}],
        "manualPrivateLinkServiceConnections": []}})
    group = terraform.create(ENDPOINT + "/privateDnsZoneGroups/pdz-group-redis", NETWORK, {"properties": {
        "privateDnsZoneConfigs": [{"name": ZONE.rsplit("/", 1)[1], "properties": {"privateDnsZoneId": zone["id"]}}]}})
    record, = group["properties"]["privateDnsZoneConfigs"][0]["properties"]["recordSets"]
    assert record["ipAddresses"] == ["10.20.5.4"]  # as the guide's notes say
    connection, = terraform.get(MAIN, CACHE)["properties"]["privateEndpointConnections"]
    assert connection["properties"]["privateLinkServiceConnectionState"]["status"] == "Approved"
    terraform.call("PATCH", MAIN, CACHE, {"properties": {"publicNetworkAccess": "Disabled"}}, 200)
    assert terraform.settled(MAIN, CACHE)["properties"]["publicNetworkAccess"] == "Disabled"


def watch(terraform):
    """azurerm_monitor_diagnostic_setting.redis."""
    workspace = EAST + "/providers/Microsoft.OperationalInsights/workspaces/logs-oversight"
    made = terraform.create(workspace, "2023-09-01", {"location": "eastus", "tags": {}, "properties": {
        "sku": {"name": "PerGB2018"}, "retentionInDays": 30}})
    setting, version = MAIN + "/providers/Microsoft.Insights/diagnosticSettings/diag-redis", "2021-05-01-preview"
    metric = {"category": "AllMetrics", "enabled": True, "retentionPolicy": {"enabled": True, "days": 30}}
    terraform.get(setting, version, 404)
    terraform.call("PUT", setting, version, {"properties": {"workspaceId": made["id"], "logs": [], "metrics": [metric]}}, 200)
    shown = terraform.get(setting, version)["properties"]
    assert shown["workspaceId"] == made["id"] and shown["metrics"] == [metric]


def run_javascript(emulator, name):
    settings = {"host": "localhost", "port": emulator.tls_port, "key": emulator.key, "ca": emulator.ca_file,
                "url": emulator.url}
    return node(ROOT / "tests" / "clients" / "js" / "guide_003.cjs", name, json.dumps(settings), newest=True)[-1]


def verify(emulator, *expectations):
    answer = emulator.admin("POST", "/requests/verify", list(expectations))
    assert answer["passed"], json.dumps(answer, indent=1)[:6000]


@pytest.fixture
def recording(start_emulator):
    return start_emulator("--clock", "frozen", "--offline", "--record-commands")


def test_sessions_last_a_day_from_the_last_visit(recording):
    outcome = run_javascript(recording, "sessions")
    key = outcome.pop("key")
    assert re.fullmatch("sess:[0-9]{13}-[0-9a-f]{32}", key), key
    assert outcome == {
        "stranger": [{"user": None, "cookie": None}, 0],  # saveUninitialized: nothing is kept of those who only look
        "cookie": "oversight.sid=...; Path=/; Expires=...; HttpOnly; Secure; SameSite=Strict",
        "ttl": [86400, 3600, 86400], "next_day": "789", "deployed": "789",
        "orphan": 86400, "last_second": 1, "expired": [0, None], "reconnects": 3}
    verify(recording,
           {"match": {"plane": "redis", "key": "sess:*", "database": 0}, "atLeast": 10},
           {"match": {"plane": "redis", "key": "sess:*", "database": 1}, "never": True},
           {"match": {"command": "SET", "key": key}, "every": {"ttl": True}},
           {"match": {"command": "EXPIRE", "key": "sess:orphan"}, "exactly": 1})


def test_the_cache_service_keeps_its_conventions(recording):
    outcome = run_javascript(recording, "cache")
    assert outcome == {
        "aside": [{"name": "Ada", "fetched": 1}] * 2,
        "metrics": {"hits": 1, "misses": 1, "rate": 0.5, "missing": []},
        "ttl": [3600, 3060, 3600], "fresh": 1, "refreshed": 2, "expired": 3,
        "many": [{"key": "product:catalog:456:details", "value": {"price": 5}},
                 {"key": "product:catalog:1:details", "value": None}],
        "warm": [600, 3600], "invalidated": [2, 0],
        "left": ["cache:api:endpoint:/users:page1", "user:profile:123:data"],
        "memo": [49, 49, 64, 2], "deleted": 0, "fallback": 4}
    profile = "user:profile:123:data"
    verify(recording,
           {"name": "all of it in database 1", "match": {"command": "@write", "database": 0}, "never": True},
           {"name": "a TTL on all that is kept", "match": {"command": ["SET", "SETEX"]}, "every": {"ttl": True}},
           {"name": "format of the guide", "match": {"command": "SETEX", "key": "*:*:*:*"}, "exactly": 6},
           {"match": {"command": "SETEX", "key": "memo:square:*"}, "exactly": 2},
           {"match": {"command": "SETEX"}, "exactly": 8},
           {"match": {"command": "SETEX", "key": profile, "database": 1}, "exactly": 3},
           {"match": {"command": "KEYS"}, "exactly": 3},
           {"match": {"command": "DEL", "key": "product:*"}, "exactly": 1})

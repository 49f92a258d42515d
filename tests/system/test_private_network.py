"""Private endpoints: a network, its addresses, the zone that names them, and the way in that stays open."""
import socket
import ssl

import pytest

from harness.network import NETWORK, VERSION, ZONE, ZONE_VERSION, get, make_endpoint, make_network, put, resource_id
from harness.wire import Closed, Wire

@pytest.fixture
def cache(emulator):
    """The access key of a cache "cache", beside a network with a subnet."""
    keys = emulator.create_cache("cache")
    make_network(emulator)
    return keys["primaryKey"]


def test_network_as_the_provider_shows_it(emulator):
    emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01")
    answer = make_network(emulator)
    assert answer.status == 201 and answer.json["properties"]["provisioningState"] == "Updating"
    assert "/operations/" in answer.headers["azure-asyncoperation"]
    shown = get(emulator, "/virtualNetworks/vnet")
    properties = shown["properties"]
    assert properties["provisioningState"] == "Succeeded" and len(properties["resourceGuid"]) == 36
    assert properties["enableDdosProtection"] is False and properties["virtualNetworkPeerings"] == []
    subnet, = properties["subnets"]
    assert subnet["id"] == shown["id"] + "/subnets/snet" and shown["etag"].startswith('W/"')
    assert subnet["properties"]["privateEndpointNetworkPolicies"] == "Disabled"
    # A subnet of its own, seen from both sides; a PUT of the network without it takes it away again.
    put(emulator, "/virtualNetworks/vnet/subnets/second", {"properties": {"addressPrefix": "10.0.2.0/24"}})
    emulator.advance("1m")
    names = [s["name"] for s in get(emulator, "/virtualNetworks/vnet")["properties"]["subnets"]]
    assert names == ["snet", "second"]
    again = make_network(emulator)
    assert again.json["properties"]["resourceGuid"] == properties["resourceGuid"]
    assert [s["name"] for s in get(emulator, "/virtualNetworks/vnet/subnets")["value"]] == ["snet"]


@pytest.mark.parametrize("body, code", [
    ({"addressSpace": {"addressPrefixes": ["10.0.0.0/33"]}}, "InvalidCIDRNotation"),
    ({"addressSpace": {"addressPrefixes": ["10.0.0.1/16"]}}, "InvalidCIDRNotation"),
    ({"addressSpace": {"addressPrefixes": []}}, "MissingAddressSpace"),
    ({"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
      "subnets": [{"name": "a", "properties": {"addressPrefix": "10.1.0.0/24"}}]}, "NetcfgInvalidSubnet"),
    ({"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
      "subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}},
                  {"name": "b", "properties": {"addressPrefix": "10.0.0.128/25"}}]}, "NetcfgSubnetRangesOverlap"),
])
def test_networks_that_cannot_be(shared_emulator, body, code):
    shared_emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01")
    answer = shared_emulator.arm("PUT", NETWORK + "/virtualNetworks/bad", {"location": "westus2", "properties": body},
                                 VERSION)
    assert (answer.status, answer.json["error"]["code"]) == (400, code), answer


def test_security_groups_begin_with_the_default_rules(emulator):
    emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01")
    rule = {"name": "in", "properties": {"protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": 100,
                                         "sourceAddressPrefix": "*", "destinationAddressPrefix": "*",
                                         "sourcePortRange": "*", "destinationPortRange": "6380"}}
    put(emulator, "/networkSecurityGroups/nsg", {"location": "westus2", "properties": {"securityRules": [rule]}})
    emulator.advance("1m")
    properties = get(emulator, "/networkSecurityGroups/nsg")["properties"]
    assert [r["name"] for r in properties["securityRules"]] == ["in"]
    assert len(properties["defaultSecurityRules"]) == 6


def test_only_the_endpoint_opens_a_cache_without_public_access(emulator, cache):
    answer = make_endpoint(emulator)
    assert answer.status == 201, answer
    emulator.advance("5m")
    shown = get(emulator, "/privateEndpoints/pe")["properties"]
    state = shown["privateLinkServiceConnections"][0]["properties"]["privateLinkServiceConnectionState"]
    assert state == {"status": "Approved", "description": "Auto-Approved", "actionsRequired": "None"}
    assert shown["customDnsConfigs"] == [{"fqdn": "cache.redis.cache.windows.net", "ipAddresses": ["10.0.1.4"]}]
    interface = get(emulator, "/networkInterfaces/" + shown["networkInterfaces"][0]["id"].rsplit("/", 1)[1])
    address = interface["properties"]["ipConfigurations"][0]["properties"]
    assert address["privateIPAddress"] == "10.0.1.4"
    connections = emulator.arm("GET", emulator.cache_path("cache") + "/privateEndpointConnections").json["value"]
    assert len(connections) == 1 and connections[0]["name"].startswith("pe.")

    changed = emulator.arm("PATCH", emulator.cache_path("cache"), {"properties": {"publicNetworkAccess": "Disabled"}})
    assert changed.status == 200, changed
    emulator.advance("30m")
    with pytest.raises((Closed, ConnectionError, ssl.SSLError)):
        emulator.client(tls=True, key=cache)
    plain = socket.create_connection(("127.0.0.2", emulator.tls_port), 10)
    secure = emulator.tls_context(check_hostname=False).wrap_socket(plain,
                                                                    server_hostname="cache.redis.cache.windows.net")
    with Wire(secure) as wire:
        assert wire.call("AUTH", cache) == "OK" and wire.call("SET", "a", "1") == "OK"

    gone = emulator.arm("DELETE", NETWORK + "/privateEndpoints/pe", version=VERSION)
    assert gone.status == 202
    emulator.advance("5m")
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", emulator.tls_port), 10)
    assert emulator.arm("GET", emulator.cache_path("cache") + "/privateEndpointConnections").json["value"] == []
    assert get(emulator, "/networkInterfaces")["value"] == []


def test_a_manual_connection_waits_for_the_owner(emulator, cache):
    connection = {"name": "c", "properties": {
        "privateLinkServiceId": resource_id(emulator, emulator.cache_path("cache")), "groupIds": ["redisCache"],
        "requestMessage": "please"}}
    answer = make_endpoint(emulator, privateLinkServiceConnections=[],
                           manualPrivateLinkServiceConnections=[connection])
    assert answer.status == 201, answer
    emulator.advance("5m")
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", emulator.tls_port), 10)
    own, = emulator.arm("GET", emulator.cache_path("cache") + "/privateEndpointConnections").json["value"]
    state = own["properties"]["privateLinkServiceConnectionState"]
    assert (state["status"], state["description"]) == ("Pending", "please")
    path = "/resourceGroups" + own["id"].split("/resourceGroups")[1]
    approved = emulator.arm("PUT", path, {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}})
    assert approved.status in (200, 201), approved
    emulator.advance("5m")
    socket.create_connection(("127.0.0.2", emulator.tls_port), 10).close()
    shown = get(emulator, "/privateEndpoints/pe")["properties"]["manualPrivateLinkServiceConnections"][0]
    assert shown["properties"]["privateLinkServiceConnectionState"]["status"] == "Approved"
    # Deleted at the cache, the endpoint stays, cut off.
    emulator.arm("DELETE", path)
    emulator.advance("5m")
    shown = get(emulator, "/privateEndpoints/pe")["properties"]["manualPrivateLinkServiceConnections"][0]
    assert shown["properties"]["privateLinkServiceConnectionState"]["status"] == "Disconnected"


def test_zone_groups_write_the_record(emulator, cache):
    make_endpoint(emulator)
    emulator.advance("5m")
    zone = emulator.arm("PUT", ZONE, {"location": "global"}, ZONE_VERSION)
    assert zone.status == 201 and zone.json["properties"]["numberOfRecordSets"] == 1
    link = {"location": "global", "properties": {
        "virtualNetwork": {"id": resource_id(emulator, NETWORK + "/virtualNetworks/vnet")},
        "registrationEnabled": False}}
    made = emulator.arm("PUT", ZONE + "/virtualNetworkLinks/l", link, ZONE_VERSION)
    assert made.status == 201 and made.json["properties"]["virtualNetworkLinkState"] == "Completed"
    assert emulator.arm("PUT", ZONE + "/virtualNetworkLinks/m", link, ZONE_VERSION).status == 409
    group = {"properties": {"privateDnsZoneConfigs": [
        {"name": "default", "properties": {"privateDnsZoneId": resource_id(emulator, ZONE)}}]}}
    put(emulator, "/privateEndpoints/pe/privateDnsZoneGroups/g", group)
    emulator.advance("5m")
    shown = get(emulator, "/privateEndpoints/pe/privateDnsZoneGroups/g")
    record, = shown["properties"]["privateDnsZoneConfigs"][0]["properties"]["recordSets"]
    assert record["fqdn"] == "cache.privatelink.redis.cache.windows.net" and record["ipAddresses"] == ["10.0.1.4"]
    assert get(emulator, "/privateEndpoints/pe")["properties"]["customDnsConfigs"] == []
    found = emulator.arm("GET", ZONE + "/A/cache", version=ZONE_VERSION).json["properties"]
    assert found["aRecords"] == [{"ipv4Address": "10.0.1.4"}]
    assert found["fqdn"] == "cache.privatelink.redis.cache.windows.net." and found["ttl"] == 10
    everything = emulator.arm("GET", ZONE + "/ALL", version=ZONE_VERSION).json["value"]
    assert sorted(r["type"].rsplit("/", 1)[1] for r in everything) == ["A", "SOA"]
    assert emulator.arm("DELETE", ZONE, version=ZONE_VERSION).status == 409
    emulator.arm("DELETE", NETWORK + "/privateEndpoints/pe", version=VERSION)
    emulator.advance("5m")
    assert emulator.arm("GET", ZONE + "/A/cache", version=ZONE_VERSION).status == 404


def test_what_is_in_use_stays(emulator, cache):
    make_endpoint(emulator)
    emulator.advance("5m")
    for path in ("/virtualNetworks/vnet/subnets/snet", "/virtualNetworks/vnet"):
        answer = emulator.arm("DELETE", NETWORK + path, version=VERSION)
        assert (answer.status, answer.json["error"]["code"]) == (400, "InUseSubnetCannotBeDeleted"), answer
    interface = get(emulator, "/networkInterfaces")["value"][0]["name"]
    answer = emulator.arm("DELETE", f"{NETWORK}/networkInterfaces/{interface}", version=VERSION)
    assert answer.json["error"]["code"] == "NetworkInterfaceInUse"
    answer = make_endpoint(emulator, name="other")
    emulator.advance("5m")
    assert get(emulator, "/privateEndpoints/other")["properties"]["customDnsConfigs"][0]["ipAddresses"] == ["10.0.1.5"]


def test_endpoints_that_cannot_be(emulator, cache):
    wrong = make_endpoint(emulator, connection={"groupIds": ["blob"]})
    assert wrong.json["error"]["code"] == "InvalidPrivateLinkServiceGroupId"
    for more in ({"subnet": {"id": resource_id(emulator, NETWORK + "/virtualNetworks/vnet/subnets/none")}},):
        assert make_endpoint(emulator, **more).json["error"]["code"] == "InvalidResourceReference"
    assert make_endpoint(emulator, cache="nobody").json["error"]["code"] == "InvalidResourceReference"
    assert make_endpoint(emulator, privateLinkServiceConnections=[]).status == 400
    assert emulator.arm("GET", NETWORK + "/privateEndpoints/pe", version=VERSION).status == 404


def test_endpoints_survive_a_restart(start_emulator):
    emulator = start_emulator("--clock", "frozen", "--provisioning", "realistic")
    key = emulator.create_cache("cache")["primaryKey"]
    make_network(emulator)
    make_endpoint(emulator)
    emulator.advance("5m")
    emulator.restart()
    shown = get(emulator, "/privateEndpoints/pe")["properties"]
    assert shown["customDnsConfigs"][0]["ipAddresses"] == ["10.0.1.4"]
    assert len(get(emulator, "/networkInterfaces")["value"]) == 1
    plain = socket.create_connection(("127.0.0.2", emulator.tls_port), 10)
    with Wire(emulator.tls_context(check_hostname=False).wrap_socket(plain, server_hostname="localhost")) as wire:
        assert wire.call("AUTH", key) == "OK"


def test_deleting_the_group_takes_all_of_it(emulator, cache):
    make_endpoint(emulator)
    emulator.arm("PUT", ZONE, {"location": "global"}, ZONE_VERSION)
    group = {"properties": {"privateDnsZoneConfigs": [
        {"name": "default", "properties": {"privateDnsZoneId": resource_id(emulator, ZONE)}}]}}
    put(emulator, "/privateEndpoints/pe/privateDnsZoneGroups/g", group)
    emulator.advance("5m")
    assert emulator.arm("DELETE", "/resourcegroups/tests", version="2021-04-01").status == 202
    emulator.advance("2h")
    assert emulator.arm("GET", "/resourcegroups/tests", version="2021-04-01").status == 404
    left = emulator.arm("GET", "/resources", version="2021-04-01").json["value"]
    assert not [r for r in left if "Microsoft.Network" in r["id"]]


def test_azure_managed_redis_behind_an_endpoint(emulator):
    emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01")
    make_network(emulator)
    cluster = "/resourceGroups/tests/providers/Microsoft.Cache/redisEnterprise/amr"
    made = emulator.arm("PUT", cluster, {"location": "westus2", "sku": {"name": "Balanced_B1"}}, "2024-10-01")
    assert made.status == 201, made
    emulator.advance("1h")
    database = {"properties": {"clusteringPolicy": "EnterpriseCluster", "accessKeysAuthentication": "Enabled"}}
    made = emulator.arm("PUT", cluster + "/databases/default", database, "2024-10-01")
    assert made.status == 201, made
    emulator.advance("1h")
    key = emulator.arm("POST", cluster + "/databases/default/listKeys", version="2024-10-01").json["primaryKey"]
    groups = emulator.arm("GET", cluster + "/privateLinkResources", version="2024-10-01").json["value"]
    assert groups[0]["properties"]["groupId"] == "redisEnterprise"
    answer = make_endpoint(emulator, connection={"privateLinkServiceId": resource_id(emulator, cluster),
                                                 "groupIds": ["redisEnterprise"]})
    assert answer.status == 201, answer
    emulator.advance("5m")
    config, = get(emulator, "/privateEndpoints/pe")["properties"]["customDnsConfigs"]
    assert config == {"fqdn": "amr.westus2.redis.azure.net", "ipAddresses": ["10.0.1.4"]}
    shown = emulator.arm("GET", cluster, version="2024-10-01").json["properties"]["privateEndpointConnections"]
    assert len(shown) == 1
    port = emulator.arm("GET", cluster + "/databases/default", version="2024-10-01").json["properties"]["port"]
    plain = socket.create_connection(("127.0.0.2", port), 10)
    secure = emulator.tls_context(check_hostname=False).wrap_socket(plain, server_hostname=config["fqdn"])
    with Wire(secure) as wire:
        assert wire.call("AUTH", key) == "OK" and wire.call("SET", "a", "1") == "OK"
    metrics = cluster + "/providers/Microsoft.Insights/metrics?metricnames=totalkeys"
    data = emulator.arm("GET", metrics, version="2018-01-01").json["value"][0]["timeseries"][0]["data"]
    assert max(p.get("maximum", 0) for p in data) == 1

"""Caches inside a subnet: their address, the one way in, and what becomes of the subnet."""
import socket
import ssl

import pytest
from conftest import FROZEN

from harness.dns import ask
from harness.network import NETWORK, VERSION, get, make_endpoint, make_network, put, resource_id
from harness.programs import Az
from harness.wire import Closed, Wire

PREMIUM = {"name": "Premium", "family": "P", "capacity": 1}
SUBNET = NETWORK + "/virtualNetworks/vnet/subnets/snet"


def inject(emulator, name, address=None, subnet=SUBNET, **properties):
    emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01")
    more = {"staticIP": address} if address else {}
    return emulator.arm("PUT", emulator.cache_path(name), {"location": "westus2", "properties": {
        "sku": PREMIUM, "subnetId": resource_id(emulator, subnet), **more, **properties}})


def sign_in(emulator, address, name, key):
    plain = socket.create_connection((address, emulator.tls_port), 10)
    secure = emulator.tls_context(check_hostname=False).wrap_socket(
        plain, server_hostname=f"{name}.redis.cache.windows.net")
    with Wire(secure) as wire:
        return wire.call("AUTH", key)


@pytest.fixture
def network(emulator):
    emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01")
    make_network(emulator, subnets=(("snet", "10.0.1.0/28"), ("other", "10.0.2.0/24")))
    return emulator


def test_a_cache_gets_the_next_address_and_is_served_there_only(network):
    made = inject(network, "inside")
    assert made.status == 201, made
    assert made.json["properties"]["staticIP"] == "10.0.1.4"
    assert set(made.json["properties"]["accessKeys"]) == {"primaryKey", "secondaryKey"}
    network.advance("1h")
    shown = network.arm("GET", network.cache_path("inside")).json["properties"]
    assert (shown["staticIP"], shown["publicNetworkAccess"]) == ("10.0.1.4", "Enabled")
    keys = network.arm("POST", network.cache_path("inside") + "/listKeys").json
    assert set(keys) == {"primaryKey", "secondaryKey"}
    assert sign_in(network, "127.0.0.2", "inside", keys["primaryKey"]) == "OK"
    with pytest.raises((Closed, ConnectionError, ssl.SSLError)):
        network.client(tls=True, key=keys["primaryKey"])
    assert inject(network, "second").json["properties"]["staticIP"] == "10.0.1.5"
    network.advance("1h")
    key = network.arm("POST", network.cache_path("second") + "/listKeys").json["primaryKey"]
    assert sign_in(network, "127.0.0.3", "second", key) == "OK"
    # An update that says nothing of the address leaves it; another one is refused.
    assert inject(network, "inside", enableNonSslPort=True).json["properties"]["staticIP"] == "10.0.1.4"
    network.advance("1h")
    moved = inject(network, "inside", address="10.0.1.9")
    assert moved.status == 400 and "properties.staticIP" in moved.json["error"]["message"]
    out = network.arm("PUT", network.cache_path("inside"), {"location": "westus2", "properties": {"sku": PREMIUM}})
    assert out.status == 400 and "properties.subnetId" in out.json["error"]["message"]
    assert network.arm("DELETE", network.cache_path("inside")).status == 202
    network.advance("1h")
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", network.tls_port), 10)
    assert inject(network, "third").json["properties"]["staticIP"] == "10.0.1.4"


@pytest.mark.parametrize("address, said", [
    ("10.0.1.3", "10.0.1.3 is not an address that the subnet snet"),
    ("10.0.1.15", "10.0.1.15 is not an address"),
    ("10.0.2.7", "10.0.2.7 is not an address"),
    ("nonsense", "staticIP"),
    ("10.0.1.6", "10.0.1.6 is already in use in the subnet snet"),
])
def test_addresses_that_the_subnet_does_not_give(network, address, said):
    assert inject(network, "first", address="10.0.1.6").json["properties"]["staticIP"] == "10.0.1.6"
    refused = inject(network, "next", address=address)
    assert refused.status == 400 and said in refused.json["error"]["message"], refused
    assert network.arm("GET", network.cache_path("next")).status == 404


def test_subnets_that_a_cache_cannot_lie_in(network):
    absent = inject(network, "next", subnet=NETWORK + "/virtualNetworks/vnet/subnets/absent")
    assert (absent.status, absent.json["error"]["code"]) == (400, "InvalidResourceReference")
    network.create_cache("cache")
    make_endpoint(network)
    network.advance("5m")
    shared = inject(network, "next")
    assert shared.status == 400 and "contains other resources" in shared.json["error"]["message"]
    assert inject(network, "next", subnet=NETWORK + "/virtualNetworks/vnet/subnets/other").status == 201


def test_a_private_endpoint_is_one_more_way_in(network):
    inject(network, "inside")
    network.advance("1h")
    assert make_endpoint(network, cache="inside").status == 201  # in the same subnet, as guides have it
    network.advance("5m")
    key = network.arm("POST", network.cache_path("inside") + "/listKeys").json["primaryKey"]
    for address in ("127.0.0.2", "127.0.0.3"):
        assert sign_in(network, address, "inside", key) == "OK"


def test_a_subnet_in_use_stays_as_it_is(network):
    inject(network, "inside")
    network.advance("1h")
    refused = network.arm("DELETE", SUBNET, version=VERSION)
    assert (refused.status, refused.json["error"]["code"]) == (400, "InUseSubnetCannotBeDeleted")
    assert "Microsoft.Cache/Redis/inside" in refused.json["error"]["message"]
    whole = network.arm("DELETE", NETWORK + "/virtualNetworks/vnet", version=VERSION)
    assert (whole.status, whole.json["error"]["code"]) == (400, "InUseSubnetCannotBeDeleted")
    smaller = network.arm("PUT", SUBNET, {"properties": {"addressPrefix": "10.0.1.0/29"}}, VERSION)
    assert (smaller.status, smaller.json["error"]["code"]) == (400, "InUsePrefixCannotBeDeleted")
    inline = network.arm("PUT", NETWORK + "/virtualNetworks/vnet", {"location": "westus2", "properties": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": "snet", "properties": {"addressPrefix": "10.0.1.0/29"}}]}}, VERSION)
    assert (inline.status, inline.json["error"]["code"]) == (400, "InUsePrefixCannotBeDeleted")
    put(network, "/virtualNetworks/vnet/subnets/other", {"properties": {"addressPrefix": "10.0.3.0/24"}})
    network.advance("1m")
    network.arm("DELETE", network.cache_path("inside"))
    network.advance("1h")
    assert network.arm("DELETE", SUBNET, version=VERSION).status == 202
    network.advance("1m")
    assert [s["name"] for s in get(network, "/virtualNetworks/vnet/subnets")["value"]] == ["other"]


def test_names_lead_into_the_subnet(start_emulator):
    emulator = start_emulator(*FROZEN, "--dns-port", "0")
    emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01")
    make_network(emulator)
    inject(emulator, "inside")
    emulator.advance("1h")
    name = "inside.redis.cache.windows.net"
    assert ask(emulator.ready["ports"]["dns"], name) == ("NOERROR", [(name, "A", "127.0.0.2")])
    assert f"127.0.0.2 {name}" in emulator.run("hosts").stdout.splitlines()
    emulator.restart()
    key = emulator.arm("POST", emulator.cache_path("inside") + "/listKeys").json["primaryKey"]
    assert sign_in(emulator, "127.0.0.2", "inside", key) == "OK"


def test_az_redis_create_in_a_subnet(emulator, tmp_path):
    az = Az(emulator, tmp_path / "azure")
    az.login()
    az.run("group", "create", "-n", "tests", "-l", "westus2")
    make_network(emulator)
    begun = az.start("redis", "create", "-g", "tests", "-n", "inside", "-l", "westus2", "--sku", "Premium",
                     "--vm-size", "P1", "--subnet-id", resource_id(emulator, SUBNET), "--static-ip", "10.0.1.9")
    made = az.finish(begun, by="10m")
    assert made["staticIp"] == "10.0.1.9"

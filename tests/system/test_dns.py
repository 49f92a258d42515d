"""The DNS responder: public names, private link, and all that must be refused."""
import socket
import struct

import pytest

from harness.dns import ask, exchange, question, read
from harness.network import NETWORK, ZONE, ZONE_VERSION, make_endpoint, make_network, put, resource_id

FROZEN = ("--clock", "frozen", "--provisioning", "realistic", "--offline", "--dns-port", "0")
PUBLIC, PRIVATE = "cache.redis.cache.windows.net", "cache.privatelink.redis.cache.windows.net"


@pytest.fixture
def emulator(start_emulator):
    return start_emulator(*FROZEN)


@pytest.fixture
def port(emulator):
    return emulator.ready["ports"]["dns"]


@pytest.mark.parametrize("tcp", [False, True])
def test_emulated_names_lead_here(emulator, port, tcp):
    for name in ("devcache.redis.cache.windows.net", "DevCache.Redis.Cache.Windows.NET", "management.azure.com",
                 "login.microsoftonline.com"):
        code, records = ask(port, name, tcp=tcp)
        assert code == "NOERROR"
        assert [(kind, value) for _, kind, value in records] == [("A", "127.0.0.1")], name
    assert ask(port, "devcache.redis.cache.windows.net", "AAAA", tcp=tcp) == ("NOERROR", [])
    assert ask(port, "devcache.redis.cache.windows.net", "TXT", tcp=tcp) == ("NOERROR", [])
    assert ask(port, "nobody.redis.cache.windows.net", tcp=tcp) == ("NXDOMAIN", [])
    assert ask(port, "nobody.vault.azure.net", tcp=tcp) == ("NXDOMAIN", [])
    assert ask(port, "shop.scm.azurewebsites.net", tcp=tcp)[0] == "NOERROR"
    assert ask(port, "nobody.azurewebsites.net", tcp=tcp) == ("NXDOMAIN", [])
    assert ask(port, "amr.westus2.redis.azure.net", tcp=tcp) == ("NXDOMAIN", [])
    assert ask(port, "example.com", tcp=tcp) == ("REFUSED", [])


def test_private_link_as_azure_answers_it(emulator, port):
    emulator.create_cache("cache")
    make_network(emulator)
    assert ask(port, PUBLIC) == ("NOERROR", [(PUBLIC, "A", "127.0.0.1")])
    assert ask(port, PRIVATE) == ("NXDOMAIN", [])
    make_endpoint(emulator)
    emulator.advance("5m")
    # Without a zone the alias leads to the public address, as outside of the network.
    assert ask(port, PUBLIC) == ("NOERROR", [(PUBLIC, "CNAME", PRIVATE), (PRIVATE, "A", "127.0.0.1")])
    emulator.arm("PUT", ZONE, {"location": "global"}, ZONE_VERSION)
    assert ask(port, PUBLIC)[1][-1] == (PRIVATE, "A", "127.0.0.1")  # no link: nobody asks the zone
    link = {"location": "global", "properties": {
        "virtualNetwork": {"id": resource_id(emulator, NETWORK + "/virtualNetworks/vnet")}}}
    emulator.arm("PUT", ZONE + "/virtualNetworkLinks/l", link, ZONE_VERSION)
    # A linked zone without the record: the name does not resolve.
    assert ask(port, PUBLIC) == ("NXDOMAIN", [(PUBLIC, "CNAME", PRIVATE)])
    group = {"properties": {"privateDnsZoneConfigs": [
        {"name": "default", "properties": {"privateDnsZoneId": resource_id(emulator, ZONE)}}]}}
    put(emulator, "/privateEndpoints/pe/privateDnsZoneGroups/g", group)
    emulator.advance("5m")
    expected = ("NOERROR", [(PUBLIC, "CNAME", PRIVATE), (PRIVATE, "A", "127.0.0.2")])
    assert ask(port, PUBLIC) == expected and ask(port, PUBLIC, "ANY") == expected
    assert ask(port, PUBLIC, "CNAME") == ("NOERROR", expected[1][:1])
    lines = emulator.run("hosts").stdout.splitlines()
    assert f"127.0.0.2 {PUBLIC}" in lines and f"127.0.0.2 {PRIVATE}" in lines
    assert "127.0.0.1 devcache.redis.cache.windows.net" in lines and "127.0.0.1 management.azure.com" in lines
    emulator.arm("DELETE", ZONE + "/virtualNetworkLinks/l", version=ZONE_VERSION)
    assert ask(port, PUBLIC)[1][-1] == (PRIVATE, "A", "127.0.0.1")


def test_records_of_a_zone_of_ones_own(emulator, port):
    emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01")
    make_network(emulator)
    zone = NETWORK + "/privateDnsZones/corp.internal"
    emulator.arm("PUT", zone, {"location": "global"}, ZONE_VERSION)
    emulator.arm("PUT", zone + "/A/db", {"properties": {"ttl": 60, "aRecords": [{"ipv4Address": "10.9.8.7"}]}},
                 ZONE_VERSION)
    emulator.arm("PUT", zone + "/CNAME/alias", {"properties": {"ttl": 60, "cnameRecord": {"cname": "db.corp.internal"}}},
                 ZONE_VERSION)
    emulator.arm("PUT", zone + "/CNAME/loop", {"properties": {"cnameRecord": {"cname": "loop.corp.internal."}}},
                 ZONE_VERSION)
    assert ask(port, "db.corp.internal") == ("REFUSED", [])
    link = {"location": "global", "properties": {
        "virtualNetwork": {"id": resource_id(emulator, NETWORK + "/virtualNetworks/vnet")}}}
    emulator.arm("PUT", zone + "/virtualNetworkLinks/l", link, ZONE_VERSION)
    assert ask(port, "db.corp.internal") == ("NOERROR", [("db.corp.internal", "A", "10.9.8.7")])
    assert ask(port, "alias.corp.internal")[1][-1] == ("db.corp.internal", "A", "10.9.8.7")
    assert ask(port, "none.corp.internal") == ("NXDOMAIN", [])
    assert ask(port, "loop.corp.internal")[0] == "NXDOMAIN"


def test_the_name_of_a_linked_pair_leads_to_its_primary(emulator, port):
    premium = {"sku": {"name": "Premium", "family": "P", "capacity": 1}}
    for name in ("one", "two"):
        emulator.create_cache(name, premium)
    geo = "one.geo.redis.cache.windows.net"
    assert ask(port, geo) == ("NXDOMAIN", [])
    link = {"properties": {"linkedRedisCacheId": resource_id(emulator, emulator.cache_path("two")),
                           "linkedRedisCacheLocation": "westus2", "serverRole": "Secondary"}}
    made = emulator.arm("PUT", emulator.cache_path("one") + "/linkedServers/two", link)
    assert made.status == 201, made
    emulator.advance("1h")
    primary = "one.redis.cache.windows.net"
    for asked in (geo, "two.geo.redis.cache.windows.net"):
        assert ask(port, asked) == ("NOERROR", [(asked, "CNAME", primary), (primary, "A", "127.0.0.1")])
    assert f"127.0.0.1 {geo}" in emulator.run("hosts").stdout.splitlines()


def test_faults_act_on_names(emulator, port):
    name = "devcache.redis.cache.windows.net"
    for kind, expected in (("nxdomain", ("NXDOMAIN", [])), ("old_address", ("NOERROR", [(name, "A", "192.0.2.1")]))):
        emulator.admin("POST", "/faults", {"id": "f", "plane": "dns", "type": kind, "match": {"name": "devcache.*"}}, 201)
        assert ask(port, name) == expected
        assert ask(port, "management.azure.com")[0] == "NOERROR"
        emulator.admin("DELETE", "/faults/f")
    emulator.admin("POST", "/faults", {"id": "f", "plane": "dns", "type": "timeout", "times": 1}, 201)
    with pytest.raises(TimeoutError):
        exchange(port, question(name), timeout=0.5)
    assert ask(port, name)[0] == "NOERROR"


def test_messages_that_are_none(emulator, port):
    good = question("devcache.redis.cache.windows.net", identifier=77)
    assert read(exchange(port, good[:2] + b"\x28\x00" + good[4:]))[0] == "NOTIMP"  # an update
    assert read(exchange(port, good[:4] + b"\0\2" + good[6:]))[0] == "FORMERR"  # two questions
    assert read(exchange(port, good[:12]))[0] == "FORMERR"
    assert read(exchange(port, good[:12] + b"\xc0\x0c\0\1\0\1"))[0] == "FORMERR"  # a pointer to itself
    assert read(exchange(port, good[:12] + b"\x3f" + b"a" * 20))[0] == "FORMERR"
    assert read(exchange(port, question("devcache.redis.cache.windows.net", klass=3)))[0] == "REFUSED"
    extended = exchange(port, question("devcache.redis.cache.windows.net", edns=True))
    assert struct.unpack(">H", extended[10:12]) == (1,) and read(extended)[0] == "NOERROR"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for junk in (b"", b"x", bytes(11), b"\xff" * 600, good[:2] + b"\x80\0" + good[4:]):  # and a response
            sock.sendto(junk, ("127.0.0.1", port))
    with socket.create_connection(("127.0.0.1", port), 5) as sock:
        sock.sendall(struct.pack(">H", len(good)) * 1 + good + struct.pack(">H", len(good)) + good)  # two in a row
        data = b""
        while data.count(b"\0M") < 2:
            data += sock.recv(4096)
    assert ask(port, "devcache.redis.cache.windows.net")[0] == "NOERROR"


def test_a_port_in_use_is_said(start_emulator, emulator, port):
    with pytest.raises(AssertionError, match=f"port {port}"):
        start_emulator("--dns-port", str(port))

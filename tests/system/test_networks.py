"""From where caches are reached: firewall rules, publicNetworkAccess, private endpoints."""
import socket

import pytest
import redis

from harness.emulator import DEADLINE_SECONDS
from harness.network import make_endpoint, make_network
from harness.wire import Closed, Wire

PLAIN = {"enableNonSslPort": True}


def rule(emulator, cache, name, start, end):
    answer = emulator.arm("PUT", f"{emulator.cache_path(cache)}/firewallRules/{name}",
                          {"properties": {"startIP": start, "endIP": end}})
    assert answer.status in (200, 201), answer
    emulator.advance("5m")


def connect(emulator, source="127.0.0.1", to="127.0.0.1", name=None):
    """Plain, or over TLS with that name."""
    plain = socket.create_connection((to, emulator.tls_port if name else emulator.port), DEADLINE_SECONDS,
                                     source_address=(source, 0))
    return Wire(emulator.tls_context(check_hostname=False).wrap_socket(plain, server_hostname=name)
                if name else plain)


def enters(wire, key):
    """OK, an error, or None for one that is hung up on without a word."""
    try:
        return wire.call("AUTH", key)
    except Closed as closed:
        assert closed.args == (b"",)
        return None


NAME = "walled.redis.cache.windows.net"


@pytest.fixture
def key(emulator):
    return emulator.create_cache("walled", PLAIN)["primaryKey"]


def test_rules_let_in_the_addresses_that_they_name(emulator, key):
    inside, outside = connect(emulator, "127.0.0.7"), connect(emulator, "127.0.0.9")
    assert enters(inside, key) == enters(outside, key) == "OK"
    rule(emulator, "walled", "office", "127.0.0.5", "127.0.0.8")
    assert inside.call("PING") == "PONG"
    assert outside.closed()
    for name in (None, NAME):
        assert enters(connect(emulator, "127.0.0.7", name=name), key) == "OK"
        assert enters(connect(emulator, "127.0.0.9", name=name), key) is None
    assert "no firewall rule of the cache admits this address" in emulator.log
    # Other caches have other rules, and a wrong key is wrong before anything else is.
    assert enters(connect(emulator, "127.0.0.9"), emulator.key) == "OK"
    assert enters(connect(emulator, "127.0.0.9"), "wrong") == "WRONGPASS invalid username-password pair"
    rule(emulator, "walled", "home", "127.0.0.9", "127.0.0.9")
    assert enters(connect(emulator, "127.0.0.9"), key) == "OK"
    for name in ("office", "home"):
        assert emulator.arm("DELETE", f"{emulator.cache_path('walled')}/firewallRules/{name}").status in (200, 202)
        emulator.advance("5m")
    assert enters(connect(emulator, "127.0.0.10"), key) == "OK"


def test_localhost_is_one_address_under_both_families(emulator, key):
    rule(emulator, "walled", "me", "127.0.0.1", "127.0.0.1")
    six = Wire(socket.create_connection(("::1", emulator.port), DEADLINE_SECONDS))
    assert enters(six, key) == "OK"


def test_redis_py_sees_a_lost_connection(emulator, key):
    rule(emulator, "walled", "elsewhere", "203.0.113.1", "203.0.113.9")
    client = redis.Redis(port=emulator.port, password=key)
    with pytest.raises(redis.exceptions.ConnectionError, match="Connection closed by server"):
        client.ping()


def set_public(emulator, access, cache="walled"):
    answer = emulator.arm("PATCH", emulator.cache_path(cache), {"properties": {"publicNetworkAccess": access}})
    assert answer.status in (200, 201, 202), answer
    emulator.advance("10m")


def test_public_access_that_is_disabled(emulator, key):
    wire = connect(emulator)
    assert enters(wire, key) == "OK"
    set_public(emulator, "Disabled")
    assert wire.closed()
    assert enters(connect(emulator), key) is None
    assert enters(connect(emulator, name=NAME), key) is None
    set_public(emulator, "Enabled")
    assert enters(connect(emulator), key) == "OK"


def test_the_shards_of_a_cluster_are_behind_the_same_wall(emulator):
    key = emulator.create_cache("walled", {**PLAIN, "sku": {"name": "Premium", "family": "P", "capacity": 1},
                                           "shardCount": 2})["primaryKey"]
    emulator.advance("3h")
    with emulator.client(key=key) as wire:
        ports = [node[1] for _, _, *nodes in wire.call("CLUSTER", "SLOTS") for node in nodes]
    assert len(set(ports)) == 4
    set_public(emulator, "Disabled")
    for port in ports:
        assert Wire(socket.create_connection(("127.0.0.1", port), DEADLINE_SECONDS)).closed()


def test_a_cluster_stays_behind_its_private_endpoint(emulator):
    key = emulator.create_cache("walled", {**PLAIN, "sku": {"name": "Premium", "family": "P", "capacity": 1},
                                           "shardCount": 2})["primaryKey"]
    emulator.advance("3h")
    make_network(emulator)
    assert make_endpoint(emulator, cache="walled").status == 201
    emulator.advance("9m")
    set_public(emulator, "Disabled")
    with pytest.raises(redis.exceptions.ConnectionError):
        redis.Redis(port=emulator.port, password=key).ping()
    client = redis.RedisCluster(host="127.0.0.2", port=emulator.port, password=key, decode_responses=True)
    assert {node.host for node in client.get_nodes()} == {"127.0.0.2"} and len(client.get_nodes()) == 4
    for number in range(40):
        assert client.set(f"key:{number}", number)
    assert [client.get(f"key:{number}") for number in range(40)] == [str(number) for number in range(40)]
    client.close()

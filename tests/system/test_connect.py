"""Every packaged Redis client, plain and over TLS, with each kind of key; the table is printed at the end."""
import itertools
import ssl
import sys

import pytest

from harness import matrix
from harness.wire import Closed, ErrorReply, encode

CLIENTS = {
    ("redis-cli", 2): lambda e, d, t: matrix.run_redis_cli(e, d, t, 2),
    ("redis-cli", 3): lambda e, d, t: matrix.run_redis_cli(e, d, t, 3),
    ("redis-py", 2): lambda e, d, t: matrix.run_redis_py(e, t, 2, sys.executable),
    ("ioredis", 2): lambda e, d, t: matrix.run_node(e, "ioredis", t, 2),
    ("node-redis", 2): lambda e, d, t: matrix.run_node(e, "redis", t, 2),
    ("node-redis", 3): lambda e, d, t: matrix.run_node(e, "redis", t, 3),
}


@pytest.mark.parametrize("client,transport", itertools.product(CLIENTS, matrix.TRANSPORTS),
                         ids=lambda v: v if isinstance(v, str) else f"{v[0]}-RESP{v[1]}")
def test_matrix(shared_emulator, tmp_path, record_property, client, transport):
    row = matrix.check(CLIENTS[client](shared_emulator, tmp_path, transport))
    record_property("matrix", [*client[:1], transport, client[1], row])


def test_hello_negotiates_and_authenticates(shared_emulator):
    with shared_emulator.connect() as wire:
        assert wire.call("HELLO", "3", "AUTH", "default", shared_emulator.key, "SETNAME", "me")["proto"] == 3
        assert wire.call("CLIENT", "GETNAME") == "me"
        assert wire.call("GET", "no such key") is None
        hello = wire.call("HELLO", "2")
        assert isinstance(hello, list) and hello[hello.index("proto") + 1] == 2


def test_version_is_of_azure(shared_emulator):
    info = shared_emulator.client().call("INFO", "server")
    assert "redis_version:6.0.14\r\n" in info


def test_only_authentication_before_authentication(shared_emulator):
    with shared_emulator.connect() as wire:
        for command in (["GET", "a"], ["SET", "a", "b"], ["INFO"], ["PING"]):
            assert wire.call(*command) == ErrorReply("NOAUTH Authentication required.")


def test_server_name_leads_to_its_cache(emulator):
    keys = emulator.create_cache("named")
    wire = emulator.connect(tls=True, name="named.redis.cache.windows.net")
    # Named in the hello: the key of another cache does not open this one.
    assert wire.call("AUTH", emulator.key) == ErrorReply("WRONGPASS invalid username-password pair")
    assert wire.call("AUTH", keys["primaryKey"]) == "OK"
    assert wire.call("SET", "where", "named") == "OK"
    assert emulator.client(tls=True).call("GET", "where") is None
    assert emulator.client(tls=True, key=keys["secondaryKey"]).call("GET", "where") == "named"


def test_unknown_server_name_is_refused(shared_emulator):
    """A name of the service that no cache has: DNS would not know it, so no data may be reached."""
    try:
        with shared_emulator.connect(tls=True, name="nobody.redis.cache.windows.net") as wire:
            assert isinstance(wire.call("AUTH", shared_emulator.key), ErrorReply)
    except (ssl.SSLError, Closed, ConnectionError):
        pass


def test_plain_port_is_closed_to_a_cache_without_it(emulator):
    keys = emulator.create_cache("secure", {"enableNonSslPort": False})
    with emulator.connect() as wire:
        assert isinstance(wire.call("AUTH", keys["primaryKey"]), ErrorReply)
    assert emulator.client(tls=True, key=keys["primaryKey"]).call("PING") == "PONG"


def test_commands_that_azure_blocks(shared_emulator):
    wire = shared_emulator.client()
    for command in (["CONFIG", "GET", "maxmemory"], ["DEBUG", "SLEEP", "0"], ["BGSAVE"], ["SAVE"], ["SHUTDOWN"],
                    ["REPLICAOF", "NO", "ONE"], ["SLAVEOF", "NO", "ONE"], ["MIGRATE", "h", "1", "k", "0", "1"],
                    ["BGREWRITEAOF"], ["ACL", "LIST"], ["CLUSTER", "MEET", "127.0.0.1", "1"]):
        reply = wire.call(*command)
        assert isinstance(reply, ErrorReply), (command, reply)
    assert wire.call("PING") == "PONG"


def test_profile_redis_needs_no_key(start_emulator):
    emulator = start_emulator("--profile", "redis")
    with emulator.connect() as wire:
        assert wire.call("PING") == "PONG"
        assert "redis_version:7.0.15\r\n" in wire.call("INFO", "server")
        assert wire.call("GETEX", "key") is None  # of Redis 6.2: no Azure cache has it


def test_two_emulators_side_by_side(start_emulator):
    first, second = start_emulator(), start_emulator()
    assert first.client().call("SET", "a", "1") == "OK"
    assert second.client().call("GET", "a") is None


def test_shutdown_ends_the_process_and_keeps_the_data(start_emulator):
    emulator = start_emulator("--profile", "redis")
    with emulator.connect() as wire:
        assert wire.call("SET", "key", "value") == "OK"
        assert wire.call("SHUTDOWN", "ABORT") == "ERR No shutdown in progress."
        wire.send(encode("SHUTDOWN"))
        assert wire.closed()
    assert emulator.process.wait(30) == 0
    emulator.start()
    with emulator.connect() as wire:
        assert wire.call("GET", "key") == "value"

"""Scenarios of the data plane with ioredis and node-redis: the error's name and text, and the recovery."""
import re

import pytest

from harness.emulator import wait_until
from harness.network import ZONE, ZONE_VERSION, make_network, resource_id
from harness.scenarios import play
from harness.talk import LIBRARIES, ClientError, Talk

DEVCACHE = "/resourceGroups/redurite/providers/Microsoft.Cache/redis/devcache"
# How each says that the server has ended the connection; a client that writes first hears of a reset.
CUT = {"ioredis": r"Connection is closed\.|ECONNRESET|EPIPE|Stream isn't writeable",
       "node-redis": r"Socket closed unexpectedly|The client is closed|ECONNRESET|EPIPE"}
both = pytest.mark.parametrize("library", LIBRARIES)


@pytest.fixture
def emulator(start_emulator):
    return start_emulator("--clock", "frozen", "--offline", "--provisioning", "instant", "--dns-port", "0")


@pytest.fixture
def talk(emulator):
    talks = []

    def begin(library, **options):
        talks.append(Talk(emulator, library, **options))
        return talks[-1]

    yield begin
    for each in talks:
        each.stop()


def fails(words, call, *arguments, name=None):
    with pytest.raises(ClientError) as failure:
        call(*arguments)
    assert re.search(words, failure.value.text), failure.value
    assert name is None or failure.value.name == name, failure.value


def is_refused(words, client):
    """At connect, by the first command, or (ioredis) by an event beside "Connection is closed.".

    Whoever writes while the refusal is on its way may hear of the closed connection only, so it is tried again.
    """
    heard = []

    def attempt():
        for step in (client.connect, lambda: client.call("PING")):
            try:
                step()
            except ClientError as error:
                heard.append(error.text)
        heard.extend(event[2] for event in client.events if event[0] == "error")
        return any(re.search(words, text) for text in heard)

    wait_until(attempt, f"a refusal with {words!r}")


def reply_error(library):
    return "ReplyError" if library == "ioredis" else "SimpleError"


@both
def test_missing_password(emulator, talk, library):
    with play(emulator, "missing-password") as scenario:
        keyless = talk(library, password=None).connect()
        fails("^NOAUTH Authentication required", keyless.call, "GET", "a", name=reply_error(library))
        assert talk(library).connect().call("PING") == "PONG"
        emulator.advance("2s")
        assert scenario.solved


@both
def test_key_rotated_while_connected(emulator, talk, library):
    client, other = talk(library).connect(), talk(library, password=emulator.devcache["secondaryKey"])
    client.call("SET", "a", "1")
    with play(emulator, "key-rotated-while-connected") as scenario:
        emulator.advance("1s")
        fails(CUT[library], client.call, "GET", "a")
        assert any(event[0] in ("close", "error") for event in client.events)
        is_refused("^WRONGPASS invalid username-password pair", client)
        assert other.connect().call("GET", "a") == "1"
        new = emulator.admin("GET", "/info")["caches"][0]["primaryKey"]
        assert talk(library, password=new).connect().call("PING") == "PONG" and scenario.solved


@both
def test_max_clients_reached(emulator, talk, library):
    early = talk(library).connect()
    with play(emulator, "max-clients-reached"):
        is_refused("^ERR max number of clients reached", talk(library))
        assert early.call("PING") == "PONG"
        emulator.advance("5m")
        assert talk(library).connect().call("PING") == "PONG"


@both
def test_failover_during_traffic(emulator, talk, library):
    client = talk(library).connect()
    client.call("SET", "a", "1")
    with play(emulator, "failover-during-traffic") as scenario:
        fails(CUT[library], client.call, "SET", "a", "2")
        client.connect()
        fails("^READONLY You can't write against a read only replica", client.call, "SET", "a", "2",
              name=reply_error(library))
        assert client.call("GET", "a") == "1"  # nothing was lost
        emulator.advance("2s")
        assert client.call("SET", "a", "2") == "OK" and scenario.solved


@both
def test_restarted_node_loads(emulator, talk, library):
    client = talk(library).connect()
    with play(emulator, "restarted-node-loads"):
        fails("^LOADING Redis is loading the dataset in memory", client.call, "GET", "a", name=reply_error(library))
        emulator.advance("30s")
        assert talk(library).connect().call("GET", "a") is None


@both
def test_memory_pressure(emulator, talk, library):
    client = talk(library).connect()
    client.call("SET", "a", "1")
    with play(emulator, "memory-pressure") as scenario:
        fails("^OOM command not allowed when used memory > 'maxmemory'", client.call, "SET", "b", "1",
              name=reply_error(library))
        assert client.call("GET", "a") == "1"
        answer = emulator.arm("PATCH", DEVCACHE,
                              {"properties": {"sku": {"name": "Standard", "family": "C", "capacity": 2}}})
        assert answer.status in (200, 202), answer
        emulator.advance("1h")
        assert talk(library).connect().call("SET", "b", "1") == "OK" and scenario.solved


@both
def test_idle_disconnect(emulator, talk, library):
    idle = talk(library).connect()
    with play(emulator, "idle-disconnect"):
        emulator.advance("5s")
        emulator.admin("GET", "/clock")  # the eleven minutes have passed by now
        fails(CUT[library], idle.call, "PING")
        assert idle.connect().call("PING") == "PONG"


@both
def test_network_restricted(emulator, talk, library):
    with play(emulator, "network-restricted") as scenario:
        fails(CUT[library], talk(library).connect)
        answer = emulator.arm("PUT", DEVCACHE + "/firewallRules/app",
                              {"properties": {"startIP": "127.0.0.1", "endIP": "127.0.0.1"}})
        assert answer.status in (200, 201), answer
        emulator.advance("1s")
        assert talk(library).connect().call("PING") == "PONG" and scenario.solved


@both
def test_lost_answers(emulator, talk, library):
    client = talk(library).connect()
    client.call("SET", "counter", "0")
    with play(emulator, "lost-answers"):
        for done in ("1", "2"):
            fails(CUT[library], client.call, "INCR", "counter")
            assert client.connect().call("GET", "counter") == done  # although it seemed to fail
        assert client.call("INCR", "counter") == 3


def test_connection_timeouts(emulator, talk):
    client = talk("ioredis", commandTimeout=200).connect()
    with play(emulator, "connection-timeouts"):
        emulator.admin("POST", "/clock", {"mode": "real"})
        fails("^Command timed out$", client.call, "GET", "a")
        emulator.admin("POST", "/clock", {"mode": "frozen"})
        emulator.advance("2m")
        assert client.call("PING") == "PONG"


def trusting(emulator, **more):
    return {"host": "localhost", "port": emulator.tls_port,
            "tls": {"ca": open(emulator.ca_file).read(), "servername": "localhost", **more}}


@both
@pytest.mark.parametrize("name, words", [
    ("certificate-expired", "^certificate has expired"),
    ("unknown-authority", "unable to (verify the first|get (local )?issuer) certificate|self.signed certificate"),
])
def test_certificates_that_clients_refuse(emulator, talk, library, name, words):
    client = talk(library, **trusting(emulator)).connect()
    with play(emulator, name):
        is_refused(words, client)
    assert client.connect().call("PING") == "PONG"


def test_minimum_tls_raised(emulator, talk):
    key = emulator.create_cache("old", {"minimumTlsVersion": "1.0"})["primaryKey"]

    def client(version):
        # OpenSSL 3 would not speak the old ones by itself.
        options = trusting(emulator, servername="old.redis.cache.windows.net", minVersion=version, maxVersion=version,
                           ciphers="ALL:@SECLEVEL=0")
        return talk("ioredis", password=key, **options)

    with play(emulator, "minimum-tls-raised") as scenario:
        old = client("TLSv1.1")
        assert old.connect().call("PING") == "PONG"
        answer = emulator.arm("PATCH", emulator.cache_path("old"), {"properties": {"minimumTlsVersion": "1.2"}})
        assert answer.status in (200, 202), answer
        emulator.advance("1m")
        assert scenario.steps == ["done", "done"]
        fails("Connection is closed", old.connect)
        assert "alert protocol version" in str(old.events)
        assert client("TLSv1.2").connect().call("PING") == "PONG"


def test_dns_zone_not_linked(emulator, talk):
    name = "devcache.redis.cache.windows.net"
    client = talk("node-redis", host=name, port=emulator.tls_port, dns=f"127.0.0.1:{emulator.ports['dns']}",
                  tls={"ca": open(emulator.ca_file).read(), "servername": name})
    assert client.connect().call("PING") == "PONG"
    assert emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01").status == 201
    make_network(emulator)
    assert emulator.arm("PUT", ZONE, {"location": "global"}, ZONE_VERSION).status in (200, 201, 202)
    emulator.advance("1m")
    with play(emulator, "dns-zone-not-linked"):
        fails(f"^queryA ENOTFOUND {re.escape(name)}", client.connect)
        network = resource_id(emulator, "/resourceGroups/tests/providers/Microsoft.Network/virtualNetworks/vnet")
        link = {"location": "global", "properties": {"virtualNetwork": {"id": network}, "registrationEnabled": False}}
        answer = emulator.arm("PUT", ZONE + "/virtualNetworkLinks/app", link, ZONE_VERSION)
        assert answer.status in (200, 201, 202), answer
        emulator.advance("1m")
        assert client.connect().call("PING") == "PONG"

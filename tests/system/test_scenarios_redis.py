"""The scenarios of the data plane, with redis-py: the symptom that their story tells, and the recovery."""
import contextlib
import time

import pytest
import redis
from redis.exceptions import (AuthenticationError, BusyLoadingError, ConnectionError, ReadOnlyError, ResponseError,
                              TimeoutError)

from harness.scenarios import play

AZURE = "Microsoft.Cache/redis"


@pytest.fixture
def emulator(start_emulator):
    return start_emulator("--clock", "frozen", "--offline", "--provisioning", "instant")


@pytest.fixture
def connect(emulator):
    """Clients of one connection that do not retry: what an application sees that has thought of nothing.

    (A pool of redis-py looks at an idle connection before it uses it, and hides that it was closed.)
    """
    clients = []

    def make(key=None, **options):
        options = {"socket_timeout": 10, "decode_responses": True, "password": key or emulator.key,
                   "single_connection_client": True, **options}
        clients.append(redis.Redis(host="127.0.0.1", port=emulator.port, **options))
        return clients[-1]

    yield make
    for client in clients:
        with contextlib.suppress(redis.RedisError):
            client.close()


def fails(error, words, call, *arguments):
    with pytest.raises(error, match=words):
        call(*arguments)


def test_missing_password(emulator, connect):
    with play(emulator, "missing-password") as scenario:
        open_url = redis.Redis.from_url(f"redis://127.0.0.1:{emulator.port}/0")  # the key is not in it
        fails(AuthenticationError, "Authentication required", open_url.get, "a")
        emulator.advance("1s")
        assert scenario.steps == ["done", "done", "waiting"] and not scenario.solved
        assert connect().ping()
        emulator.advance("1s")
        assert scenario.steps == ["done"] * 3 and scenario.solved


def test_key_rotated_while_connected(emulator, connect):
    old, client = emulator.key, connect()
    other = connect(emulator.devcache["secondaryKey"])
    client.set("a", "1"), other.ping()
    with play(emulator, "key-rotated-while-connected") as scenario:
        emulator.advance("1s")
        fails(ConnectionError, "Connection closed by server|reset by peer", client.get, "a")
        fails(ResponseError, "WRONGPASS invalid username-password pair", connect, old)
        assert connect(emulator.devcache["secondaryKey"]).get("a") == "1"
        new = emulator.admin("GET", "/info")["caches"][0]["primaryKey"]
        assert new != old and connect(new).ping() and scenario.solved


def test_connection_timeouts(emulator, connect):
    impatient = connect(socket_timeout=0.2)
    impatient.ping()
    with play(emulator, "connection-timeouts"):
        emulator.admin("POST", "/clock", {"mode": "real"})
        fails(TimeoutError, "Timeout reading", impatient.get, "a")
        emulator.admin("POST", "/clock", {"mode": "frozen"})
        emulator.advance("2m")
        assert connect(socket_timeout=5).ping()


def test_network_restricted(emulator, connect):
    with play(emulator, "network-restricted") as scenario:
        fails(ConnectionError, "", connect)
        path = f"/resourceGroups/redurite/providers/{AZURE}/devcache/firewallRules/app"
        answer = emulator.arm("PUT", path, {"properties": {"startIP": "127.0.0.1", "endIP": "127.0.0.1"}})
        assert answer.status in (200, 201), answer
        emulator.advance("1s")
        assert connect().ping() and scenario.solved


def test_public_access_disabled(emulator, connect):
    with play(emulator, "public-access-disabled") as scenario:
        with pytest.raises(TimeoutError):
            connect(socket_timeout=0.2)
        answer = emulator.arm("PATCH", f"/resourceGroups/redurite/providers/{AZURE}/devcache",
                              {"properties": {"publicNetworkAccess": "Enabled"}})
        assert answer.status in (200, 202), answer
        emulator.advance("1s")
        assert connect().ping() and scenario.solved


def test_idle_disconnect(emulator, connect):
    idle = connect()
    idle.ping()
    with play(emulator, "idle-disconnect"):
        emulator.advance("5s")
        emulator.admin("GET", "/clock")  # the eleven minutes have passed by now
        fails(ConnectionError, "Connection closed by server", idle.ping)
        assert idle.ping()


def test_max_clients_reached(emulator, connect):
    early = connect()
    early.ping()
    with play(emulator, "max-clients-reached"):
        fails(ConnectionError, "max number of clients reached", connect)
        assert early.ping()
        emulator.advance("5m")
        assert connect().ping()


def test_failover_during_traffic(emulator, connect):
    client = connect()
    client.set("a", "1")
    with play(emulator, "failover-during-traffic") as scenario:
        fails(ConnectionError, "Connection closed by server|reset by peer", client.set, "a", "2")
        fails(ReadOnlyError, "You can't write against a read only replica", client.set, "a", "2")
        assert client.get("a") == "1"  # nothing was lost
        emulator.advance("2s")
        assert client.set("a", "2") and scenario.solved


def test_planned_maintenance(emulator, connect):
    listener = connect().pubsub()
    listener.subscribe("AzureRedisEvents")
    assert listener.get_message(timeout=5)["type"] == "subscribe"
    with play(emulator, "planned-maintenance"):
        heard = listener.get_message(timeout=5)["data"]
        assert "NodeMaintenanceScheduled" in heard
        client = connect()
        emulator.advance("8m")
        client.ping()
        listener.ping()
        assert listener.get_message(timeout=5)["type"] == "pong"
        emulator.advance("6m")
        while "NodeMaintenanceStart|" not in heard + "|":
            message = listener.get_message(timeout=5)
            assert message is not None, heard
            heard += str(message["data"])
            if "NodeMaintenanceStart" in heard.replace("NodeMaintenanceStarting", ""):
                break
        emulator.advance("1s")
        fails(ConnectionError, "", client.ping)
        emulator.advance("5m")
        assert connect().set("a", "1")


def test_restarted_node_loads(emulator, connect):
    client = connect()
    client.ping()
    with play(emulator, "restarted-node-loads"):
        fails(BusyLoadingError, "Redis is loading the dataset in memory", client.get, "a")
        emulator.advance("30s")
        assert connect().get("a") is None


def test_session_store_lost(emulator, connect):
    client = connect()
    client.set("session:1", "ada")
    with play(emulator, "session-store-lost"):
        emulator.advance("1s")
        fails(ConnectionError, "", client.get, "session:1")
        emulator.advance("20s")
        assert connect().get("session:1") is None


def test_celery_broker_gone(emulator, connect):
    from kombu import Connection
    from kombu.exceptions import OperationalError
    url = f"redis://:{emulator.key}@127.0.0.1:{emulator.port}/0"

    def send():
        with Connection(url) as broker:
            broker.SimpleQueue("jobs").put({"job": 1}, retry=False)

    with play(emulator, "celery-broker-gone"):
        with pytest.raises((OperationalError, ConnectionError)):
            send()
        emulator.advance("30s")
        send()
    assert connect().llen("jobs") == 1


def test_throttled_pipeline(emulator, connect):
    client = connect()
    with play(emulator, "throttled-pipeline"):
        emulator.admin("POST", "/clock", {"mode": "real"})
        pipeline = client.pipeline(transaction=False)
        for i in range(200):
            pipeline.set(f"k{i}", "x")
        begun = time.monotonic()
        assert pipeline.execute() == [True] * 200
        assert time.monotonic() - begun >= 0.9  # 200 a second
        emulator.admin("POST", "/clock", {"mode": "frozen"})


def test_memory_pressure(emulator, connect):
    client = connect()
    client.set("a", "1")
    with play(emulator, "memory-pressure") as scenario:
        fails(ResponseError, "command not allowed when used memory > 'maxmemory'", client.set, "b", "1")
        assert client.get("a") == "1"
        answer = emulator.arm("PATCH", f"/resourceGroups/redurite/providers/{AZURE}/devcache",
                              {"properties": {"sku": {"name": "Standard", "family": "C", "capacity": 2}}})
        assert answer.status in (200, 202), answer
        emulator.advance("1h")
        assert connect().set("b", "1") and scenario.solved


def test_eviction_storm(emulator, connect):
    client = connect()
    for i in range(100):
        client.set(f"k{i}", "x", ex=3600)
    with play(emulator, "eviction-storm"):
        client.set("trigger", "x")
        assert 40 <= client.dbsize() <= 61
        assert int(client.info("stats")["evicted_keys"]) >= 40
        size = client.dbsize()
        client.set("one more", "x")
        assert client.dbsize() == size + 1  # it was one storm


def test_low_hit_rate(emulator, connect):
    client = connect()
    with play(emulator, "low-hit-rate"):
        client.set("page", "html", ex=600)
        assert client.get("page") is None and client.info("stats")["keyspace_misses"] >= 1
    client.set("page", "html", ex=600)
    assert client.get("page") == "html"


def test_keys_without_ttl(emulator, connect):
    client = connect()
    with play(emulator, "keys-without-ttl") as scenario:
        client.set("a", "1", ex=60)
        assert scenario.solved
        client.set("b", "1")
        emulator.advance("1s")
        assert scenario.steps == ["done", "done"] and not scenario.solved
        assert "1 of 2 had not" in scenario.show()["running"]["message"]
    with play(emulator, "keys-without-ttl") as scenario:  # after the fix
        client.set("b", "1", ex=60)
        assert scenario.solved


def test_slow_keys_command(emulator, connect):
    client, other = connect(socket_timeout=0.5), connect(socket_timeout=0.5)
    client.ping(), other.ping()
    with play(emulator, "slow-keys-command") as scenario:
        emulator.admin("POST", "/clock", {"mode": "real"})
        fails(TimeoutError, "", client.keys, "session:*")
        fails(TimeoutError, "", other.ping)  # everybody waits
        emulator.admin("POST", "/clock", {"mode": "frozen"})
        assert not scenario.solved
    emulator.advance("10s")
    with play(emulator, "slow-keys-command") as scenario:
        assert list(connect().scan_iter("session:*")) == [] and scenario.solved


def test_lost_answers(emulator, connect):
    client = connect()
    client.set("counter", 0)
    with play(emulator, "lost-answers"):
        for done in (1, 2):
            fails((ConnectionError, TimeoutError), "", client.incr, "counter")
            assert client.get("counter") == str(done)  # although it seemed to fail
        assert client.incr("counter") == 3


def test_stale_reads(emulator, connect):
    client = connect()
    client.set("a", "old")
    with play(emulator, "stale-reads"):
        emulator.advance("10s")
        client.set("a", "new")
        assert client.get("a") == "old"
        emulator.advance("6s")
        assert client.get("a") == "new"


def test_pubsub_messages_lost(emulator, connect):
    client, subscriber = connect(), connect().pubsub(ignore_subscribe_messages=True)
    subscriber.subscribe("news")
    subscriber.get_message(timeout=5)
    with play(emulator, "pubsub-messages-lost"):
        for i in range(300):
            assert client.publish("news", i) == 1
    client.publish("news", "end")
    heard = []
    while "end" not in heard:
        message = subscriber.get_message(timeout=5)
        if message:
            heard.append(message["data"])
    assert 120 <= len(heard) - 1 <= 270

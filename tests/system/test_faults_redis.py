"""Faults on Redis commands, as redis-py tells of them, and that everything is well once they have gone."""
import threading
import time

import pytest
import redis

from harness.emulator import wait_until
from harness.faults import fault, redis_py, shown
from harness.wire import Closed

# Older releases know no name for it.
OutOfMemoryError = getattr(redis.exceptions, "OutOfMemoryError", redis.ResponseError)


@pytest.fixture(scope="module")
def client(shared_emulator):
    return redis_py(shared_emulator)


@pytest.fixture(autouse=True)
def clean(shared_emulator):
    yield
    assert shared_emulator.admin("GET", "/faults")["faults"] == []


PRESETS = [
    ("loading", redis.exceptions.BusyLoadingError, "Redis is loading the dataset in memory"),
    ("readonly", redis.exceptions.ReadOnlyError, "You can't write against a read only replica."),
    ("oom", OutOfMemoryError, "command not allowed when used memory > 'maxmemory'."),
    ("busy", redis.exceptions.ResponseError, "BUSY Redis is busy running a script."),
    ("clusterdown", redis.ResponseError, "The cluster is down"),
    ("tryagain", redis.ResponseError, "Multiple keys request during rehashing of slot"),
    ("moved", redis.ResponseError, "15495 127.0.0.1:6380"),
    ("noauth", redis.exceptions.AuthenticationError, "Authentication required."),
    ("wrongpass", redis.exceptions.RedisError, "invalid username-password pair"),
    ("misconf", redis.exceptions.ResponseError, "MISCONF Redis is configured to save RDB snapshots"),
    ("noreplicas", redis.exceptions.ResponseError, "NOREPLICAS Not enough good replicas to write."),
]


@pytest.mark.parametrize("kind, error, text", PRESETS, ids=[preset[0] for preset in PRESETS])
def test_error_presets_are_what_clients_know(shared_emulator, client, kind, error, text):
    client.ping()
    with fault(shared_emulator, kind, match={"command": "@write", "cache": "devcache"}) as rule:
        with pytest.raises(error) as raised:
            client.set("a", "1")
        assert text in str(raised.value)
        assert shown(shared_emulator, rule)["fired"] == 1
    assert client.set("a", "1")


def test_a_server_that_loads_still_takes_passwords(shared_emulator):
    with fault(shared_emulator, "loading", match={"cache": "devcache"}):
        with shared_emulator.client() as wire:  # AUTH is answered
            assert wire.call("GET", "a") == "LOADING Redis is loading the dataset in memory"
            assert wire.call("SELECT", "1") == "OK"


def test_any_error_by_command_key_client_and_database(shared_emulator, client):
    with fault(shared_emulator, "error", "redis", {"command": ["GET", "MGET"], "key": "session:*"},
               {"error": "ERR no {key}"}, times=2):
        assert client.get("other") is None
        with pytest.raises(redis.ResponseError, match="no session:1"):
            client.get("session:1")
        with pytest.raises(redis.ResponseError):
            client.mget("x", "session:2")
        assert client.get("session:1") is None
    worker = redis_py(shared_emulator, client_name="worker-7")
    with fault(shared_emulator, "error", "redis", {"client": "worker-*"}, {"error": "ERR you"}):
        assert client.get("a")
        with pytest.raises(redis.ResponseError, match="you"):
            worker.get("a")
    second = redis_py(shared_emulator, db=1)
    with fault(shared_emulator, "error", "redis", {"database": 1, "address": "127.0.0.1", "command": "GET"},
               {"error": "ERR db"}):
        assert client.get("a")
        with pytest.raises(redis.ResponseError, match="db"):
            second.get("a")


def test_a_fault_of_one_cache_leaves_the_others_alone(start_emulator):
    emulator = start_emulator("--provisioning", "instant")
    keys = emulator.create_cache("second")
    other = redis_py(emulator, tls=True, key=keys["primaryKey"])
    client = redis_py(emulator)
    with fault(emulator, "readonly", match={"cache": "second"}), \
            fault(emulator, "reset_peer", "redis", {"cache": "secon?", "command": "GET"}), \
            fault(emulator, "max_clients", match={"cache": "second"}, startAfter="1m"):
        assert client.set("a", "1") and client.get("a") == "1"
        with pytest.raises(redis.exceptions.ReadOnlyError):
            other.set("a", "1")
        with pytest.raises(redis.ConnectionError):
            other.get("a")
        emulator.advance("1m")
        assert client.ping() and redis_py(emulator).ping()
        with pytest.raises(redis.ConnectionError, match="max number of clients reached"):
            redis_py(emulator, tls=True, key=keys["primaryKey"]).ping()
    assert other.set("a", "1")


def test_latency_passes_on_the_emulators_clock(shared_emulator, client):
    done = []
    with fault(shared_emulator, "latency", "redis", {"command": "ECHO"}, {"latency": "1h"}) as rule:
        worker = threading.Thread(target=lambda: done.append(client.echo("late")))
        worker.start()
        wait_until(lambda: shown(shared_emulator, rule)["fired"] == 1, "the command")
        assert shared_emulator.client().call("PING") == "PONG" and not done
        shared_emulator.advance("59m")
        assert not done
        shared_emulator.advance("1m")
        worker.join(10)
        assert done == ["late"]


def test_what_waits_goes_on_when_the_rule_is_removed(shared_emulator, client):
    done = []
    for kind, attributes in (("latency", {"latency": "1h"}), ("timeout", {})):
        with fault(shared_emulator, kind, "redis", {"command": "ECHO"}, attributes) as rule:
            worker = threading.Thread(target=lambda: done.append(client.echo(kind)))
            worker.start()
            wait_until(lambda: shown(shared_emulator, rule)["fired"] == 1, "the command")
        worker.join(10)
    assert done == ["latency", "timeout"]


def test_timeout_closes_after_its_time_and_clients_time_out(start_emulator):
    emulator = start_emulator()
    impatient = redis_py(emulator, socket_timeout=0.2)
    with fault(emulator, "timeout", "redis", {"command": "GET"}):
        with pytest.raises(redis.TimeoutError, match="Timeout reading from"):
            impatient.get("a")
    with fault(emulator, "timeout", "redis", {"command": "GET"}, {"timeout": 50}):
        with pytest.raises(redis.ConnectionError):
            redis_py(emulator).get("a")
    assert impatient.get("a") is None


def test_reset_peer_resets(shared_emulator, client):
    client.set("a", "1")
    with fault(shared_emulator, "reset_peer", "redis", {"command": "GET"}):
        with pytest.raises(redis.ConnectionError):
            client.get("a")
    assert client.get("a")


def test_dropped_reply_shows_that_a_retry_duplicates(shared_emulator):
    from redis.backoff import NoBackoff
    from redis.retry import Retry
    retrying = redis_py(shared_emulator, retry=Retry(NoBackoff(), 1), retry_on_error=[redis.ConnectionError])
    retrying.delete("orders")
    with fault(shared_emulator, "dropped_reply", match={"command": "INCR*"}, times=1):
        assert retrying.incr("orders") == 2  # the first one ran, too
    assert retrying.get("orders") == "2"


def test_wrong_replies(shared_emulator, client):
    client.set("a", "true")
    with fault(shared_emulator, "wrong_reply", match={"command": "GET"}, attributes={"value": "false"}):
        assert client.get("a") == "false"
    with fault(shared_emulator, "wrong_reply", match={"command": "GET"}, attributes={"as": "null"}):
        assert client.get("a") is None
    with fault(shared_emulator, "wrong_reply", match={"command": "GET"}, attributes={"as": "garbage", "value": "x"}):
        with pytest.raises(redis.exceptions.InvalidResponse):
            client.get("a")
    assert client.get("a") == "true"


def test_stale_reads_lag_behind_and_catch_up(shared_emulator, client):
    client.set("price", "1")
    client.hset("cart", "items", "1")
    with fault(shared_emulator, "stale_read", match={"cache": "devcache"}, attributes={"lag": 5000}):
        assert client.get("price") == "1"
        client.set("price", "2")
        client.hincrby("cart", "items", 1)
        assert client.get("price") == "1" and client.hgetall("cart") == {"items": "1"}
        shared_emulator.advance("5s")
        assert client.get("price") == "2" and client.hget("cart", "items") == "2"
        client.set("price", "3")
        assert client.get("price") == "2"
    assert client.get("price") == "3"


def test_keys_expire_early(shared_emulator, client):
    client.set("session:1", "x", ex=3600)
    client.set("lasting", "x")
    with fault(shared_emulator, "early_expiry", match={"key": "session:*"}, attributes={"within": "10m"}):
        assert client.get("session:1") == "x"
    with fault(shared_emulator, "early_expiry"):
        before = client.info("stats")["expired_keys"]
        assert client.get("session:1") is None and client.get("lasting") == "x"
        assert client.info("stats")["expired_keys"] == before + 1
    client.set("session:1", "x", ex=3600)
    assert client.get("session:1") == "x"


def test_memory_pressure_evicts_then_refuses(shared_emulator, client):
    client.flushdb()
    client.set("volatile", "x", ex=3600)
    client.set("kept", "x")
    with fault(shared_emulator, "memory_pressure"):
        info = client.info("memory")
        assert info["used_memory"] > info["maxmemory"]
        with pytest.raises(OutOfMemoryError):
            client.set("more", "x")
        assert client.get("volatile") is None  # volatile-lru: it went first
        assert client.get("kept") == "x"
    assert client.info("memory")["used_memory"] < client.info("memory")["maxmemory"]
    assert client.set("more", "x")


def test_eviction_storm(shared_emulator, client):
    client.flushdb()
    for number in range(100):
        client.set(f"key:{number}", "x", ex=3600)
    before = client.info("stats")["evicted_keys"]
    with fault(shared_emulator, "eviction_storm", match={"command": "PING"}, attributes={"keys": 10}, times=3):
        for _ in range(5):
            client.ping()
    assert client.dbsize() == 70 and client.info("stats")["evicted_keys"] == before + 30


def test_slow_command_keeps_everybody_waiting(shared_emulator):
    slow, other = shared_emulator.client(), shared_emulator.client()
    slow.call("SLOWLOG", "RESET")
    with fault(shared_emulator, "slow_command", match={"command": "KEYS"}, attributes={"latency": 2000}) as rule:
        slow.send(b"*2\r\n$4\r\nKEYS\r\n$1\r\n*\r\n")
        wait_until(lambda: shown(shared_emulator, rule)["fired"] == 1, "the command")
        other.send(b"*1\r\n$4\r\nPING\r\n")
        other.sock.settimeout(0.05)
        with pytest.raises(TimeoutError):
            other.reply()
        other.sock.settimeout(10)
        shared_emulator.advance("2s")
        assert other.reply() == "PONG" and isinstance(slow.reply(), list)
    entry = slow.call("SLOWLOG", "GET", "1")[0]
    assert entry[2] == 2000000 and entry[3] == ["KEYS", "*"]


def test_messages_get_lost(shared_emulator, client):
    subscriber = client.pubsub()
    subscriber.subscribe("news", "weather")
    for _ in range(2):
        assert subscriber.get_message(timeout=5)["type"] == "subscribe"
    with fault(shared_emulator, "message_loss", match={"key": "news"}, times=1):
        assert client.publish("news", "lost") == 1
        client.publish("weather", "rain")
        client.publish("news", "read")
    assert [subscriber.get_message(timeout=5)["data"] for _ in range(2)] == ["rain", "read"]
    subscriber.close()


def test_max_clients(shared_emulator, client):
    client.ping()
    with fault(shared_emulator, "max_clients"):
        with pytest.raises(redis.ConnectionError, match="max number of clients reached"):
            redis_py(shared_emulator).ping()
        assert client.ping()  # who is in stays in
    assert redis_py(shared_emulator).ping()


def test_transactions_fail_whole(shared_emulator):
    wire = shared_emulator.client()
    with fault(shared_emulator, "readonly", match={"command": "SET"}):
        assert wire.call("MULTI") == "OK"
        assert wire.call("SET", "a", "1").startswith("READONLY")
        assert wire.call("EXEC").startswith("EXECABORT")
    assert wire.call("SET", "a", "1") == "OK"


# The life of a cache.

def events_of(wire, count):
    return [dict(zip((words := wire.reply()[2].split("|"))[::2], words[1::2])) for _ in range(count)]


def test_failover_cuts_connections_and_is_read_only_for_a_while(start_emulator):
    emulator = start_emulator("--clock", "frozen")
    client = redis_py(emulator)
    client.set("a", "kept")
    run_id, before = client.info("server")["run_id"], client.info("replication")
    held = emulator.client()
    with fault(emulator, "failover", match={"cache": "devcache"}, attributes={"readonly": 1000}):
        with pytest.raises(Closed):
            held.call("PING")
        client.connection_pool.disconnect()
        with pytest.raises(redis.exceptions.ReadOnlyError):
            client.set("a", "2")
        assert client.get("a") == "kept" and client.info("server")["run_id"] != run_id
        after = client.info("replication")
        assert after["master_replid2"] == before["master_replid"] != after["master_replid"]
        assert after["second_repl_offset"] == before["master_repl_offset"] + 1
        emulator.advance("1s")
        assert client.set("a", "2")


def test_maintenance_is_announced(start_emulator):
    emulator = start_emulator("--clock", "frozen")
    now = emulator.admin("GET", "/clock")["now"]
    listener = emulator.client()
    assert listener.call("SUBSCRIBE", "AzureRedisEvents")[0] == "subscribe"
    with fault(emulator, "maintenance"):
        first, = events_of(listener, 1)
        assert first["NotificationType"] == "NodeMaintenanceScheduled" and first["IsReplica"] == "False"
        assert first["StartTimeInUTC"] > now[:19] and len(first["StartTimeInUTC"]) == 19
        emulator.advance("14m")
        assert [event["NotificationType"] for event in events_of(listener, 2)] == [
            "NodeMaintenanceStarting", "NodeMaintenanceStart"]
        emulator.advance("1s")
        with pytest.raises(Closed):
            listener.reply()
        again = emulator.client()
        again.call("SUBSCRIBE", "AzureRedisEvents")
        emulator.advance("5m")
        assert [event["NotificationType"] for event in events_of(again, 2)] == [
            "NodeMaintenanceFailover", "NodeMaintenanceEnded"]


def test_reboot_of_all_nodes_loses_the_data(start_emulator):
    emulator = start_emulator("--clock", "frozen")
    client = redis_py(emulator)
    client.set("a", "1")
    with fault(emulator, "reboot", attributes={"rebootType": "AllNodes", "outage": "1m"}):
        with pytest.raises(redis.ConnectionError):
            client.get("a")
        emulator.advance("1m")
        assert client.get("a") is None


def test_scaling_makes_clients_reconnect(start_emulator):
    emulator = start_emulator("--clock", "frozen")
    client = redis_py(emulator)
    client.set("a", "1")
    with fault(emulator, "scale"):
        with pytest.raises(redis.ConnectionError):
            client.get("a")
        emulator.advance("1s")
        assert client.get("a") == "1"


def test_key_rotation_while_connected(start_emulator):
    emulator = start_emulator("--provisioning", "instant")
    keys = emulator.create_cache("rotated")
    old = redis_py(emulator, tls=True, key=keys["primaryKey"])
    assert old.ping()
    with fault(emulator, "key_rotation", match={"cache": "rotated"}):
        with pytest.raises(redis.RedisError):
            old.ping()
    with pytest.raises(redis.RedisError, match="invalid username-password pair"):
        old.ping()
    now = emulator.arm("POST", emulator.cache_path("rotated") + "/listKeys").json
    assert now["primaryKey"] != keys["primaryKey"] and now["secondaryKey"] == keys["secondaryKey"]
    assert redis_py(emulator, tls=True, key=now["primaryKey"]).ping()
    assert redis_py(emulator).ping()  # devcache's key is as it was


def test_no_rules_no_cost_and_many_rules_stay_usable(start_emulator):
    emulator = start_emulator()
    client = redis_py(emulator)
    rules = [{"type": "readonly", "match": {"key": f"key:{number}"}} for number in range(10000)]
    assert len(emulator.admin("POST", "/faults", rules, status=201)) == 10000
    begin = time.monotonic()
    for _ in range(100):
        client.set("other", "1")
    with pytest.raises(redis.exceptions.ReadOnlyError):
        client.set("key:9999", "1")
    assert time.monotonic() - begin < 5
    assert emulator.admin("DELETE", "/faults")["faults"] == []
    assert client.set("key:9999", "1")

"""Clustered Premium caches: shards with ports of their own, slots, redirection, and clients that follow."""
import json

import pytest
import redis
from redis.cluster import RedisCluster

from harness.emulator import ROOT
from harness.programs import node
from harness.wire import ErrorReply

PREMIUM = {"sku": {"name": "Premium", "family": "P", "capacity": 1}, "enableNonSslPort": True}
SHARDS = 3


def create(emulator, name="clustered", shards=SHARDS):
    emulator.create_cache(name, {**PREMIUM, "shardCount": shards})
    emulator.advance("3h")
    status, keys = _answer(emulator.arm("POST", emulator.cache_path(name) + "/listKeys"))
    assert status == 200
    return keys["primaryKey"]


def _answer(answer):
    return answer.status, answer.json


@pytest.fixture
def key(emulator):
    return create(emulator)


def node_of(wire, name):
    """(port, slot) of the node that a key belongs to."""
    slot = wire.call("CLUSTER", "KEYSLOT", name)
    return next(node[1] for first, last, node, *_ in wire.call("CLUSTER", "SLOTS") if first <= slot <= last), slot


def test_the_endpoint_is_one_of_the_nodes_and_redirects(emulator, key):
    with emulator.client(key=key) as wire:
        slots = wire.call("CLUSTER", "SLOTS")
        assert [(first, last) for first, last, *_ in sorted(slots)] == [(0, 5460), (5461, 10922), (10923, 16383)]
        outcomes = {}
        for name in ("a", "b", "c"):
            port, slot = node_of(wire, name)
            outcomes[name] = wire.call("SET", name, "1")
            assert outcomes[name] == "OK" or outcomes[name] == f"MOVED {slot} 127.0.0.1:{port}"
        assert "OK" in outcomes.values() and len(set(outcomes.values())) > 1
        assert str(wire.call("MGET", "a", "b")).startswith("CROSSSLOT ")
        assert wire.call("SELECT", "1") == "ERR SELECT is not allowed in cluster mode"
        assert "cluster_enabled:1" in wire.call("INFO", "cluster")
        assert "cluster_known_nodes:6" in wire.call("CLUSTER", "INFO")
        assert isinstance(wire.call("CLUSTER", "MEET", "127.0.0.1", "1"), ErrorReply)
        nodes = wire.call("CLUSTER", "NODES")
        assert nodes.count("master") == SHARDS and nodes.count("slave") == SHARDS


def test_transactions_and_scripts_stay_in_one_slot(emulator, key):
    with emulator.client(key=key) as wire:
        own = next(name for name in map(str, range(100)) if wire.call("SET", "{" + name + "}", "1") == "OK")
        other = next(name for name in map(str, range(100))
                     if wire.call("CLUSTER", "KEYSLOT", name) != wire.call("CLUSTER", "KEYSLOT", own)
                     and wire.call("SET", name, "1") == "OK")
        assert wire.call("MULTI") == "OK"
        assert wire.call("INCR", "{" + own + "}") == "QUEUED"
        assert wire.call("INCR", other) == "QUEUED"
        assert str(wire.call("EXEC")).startswith("CROSSSLOT ")
        assert wire.call("EVAL", "return redis.call('GET', KEYS[1])", "1", "{" + own + "}") == "1"
        assert str(wire.call("EVAL", "return 1", "2", own, other)).startswith("CROSSSLOT ")


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_redis_py_cluster(emulator, key, tls):
    options = {"ssl": True, "ssl_ca_certs": emulator.ca_file} if tls else {}
    client = RedisCluster(host="localhost", port=emulator.tls_port if tls else emulator.port, password=key,
                          decode_responses=True, **options)
    for number in range(300):
        assert client.set(f"key:{number}", number)
    assert [client.get(f"key:{number}") for number in range(300)] == [str(number) for number in range(300)]
    assert client.dbsize(target_nodes=RedisCluster.ALL_NODES) and sum(
        client.dbsize(target_nodes=node) for node in client.get_primaries()) == 300
    assert len(client.get_primaries()) == SHARDS
    client.close()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("library", ["ioredis", "redis"])
def test_javascript_cluster_clients(emulator, key, library, tls):
    settings = {"host": "localhost", "port": emulator.tls_port if tls else emulator.port, "key": key}
    settings.update({"ca": emulator.ca_file} if tls else {})
    assert node(ROOT / "tests" / "system" / "js" / "cluster.cjs", library, json.dumps(settings)) == [200]


def test_a_wrong_key_opens_no_shard(emulator, key):
    with emulator.client(key=key) as wire:
        ports = [node[1] for _, _, node, _ in wire.call("CLUSTER", "SLOTS")]
    for port in ports:
        with pytest.raises(redis.exceptions.ResponseError, match="WRONGPASS"):
            redis.Redis(port=port, password="wrong").ping()
        assert redis.Redis(port=port, password=key).ping()


def test_messages_reach_subscribers_of_every_node(emulator, key):
    with emulator.client(key=key) as wire:
        ports = sorted(node[1] for _, _, node, _ in wire.call("CLUSTER", "SLOTS"))
    listeners = [redis.Redis(port=port, password=key).pubsub() for port in ports]
    for listener in listeners:
        listener.subscribe("news")
        assert listener.get_message(timeout=10)["type"] == "subscribe"
    redis.Redis(port=ports[0], password=key).publish("news", "hello")
    for listener in listeners:
        assert listener.get_message(timeout=10)["data"] == b"hello"


def test_scaling_moves_keys_and_restarts_keep_them(start_emulator):
    emulator = start_emulator("--clock", "frozen", "--provisioning", "realistic", "--offline")
    key = create(emulator, shards=2)
    client = RedisCluster(host="localhost", port=emulator.port, password=key, decode_responses=True)
    for number in range(100):
        client.set(f"key:{number}", number, ex=3600 * 24)
    client.close()
    emulator.create_cache("clustered", {**PREMIUM, "shardCount": 3})
    emulator.advance("3h")
    _all_there(emulator, key, 3)
    emulator.restart()
    _all_there(emulator, key, 3)


def _all_there(emulator, key, shards):
    client = RedisCluster(host="localhost", port=emulator.port, password=key, decode_responses=True)
    assert len(client.get_primaries()) == shards
    assert [client.get(f"key:{number}") for number in range(100)] == [str(number) for number in range(100)]
    assert 0 < client.ttl("key:5") <= 3600 * 24
    client.close()


def test_figures_and_loading_cover_every_shard(emulator, key, tmp_path):
    client = RedisCluster(host="localhost", port=emulator.port, password=key)
    for number in range(30):
        client.set(f"key:{number}", number)
    info = next(cache for cache in emulator.admin("GET", "/info")["caches"] if cache["name"] == "clustered")
    assert info["keys"] == 30
    assert 'redurite_cache_keys{cache="clustered"} 30' in emulator.request("GET", "/metrics").body.decode()
    file = tmp_path / "state.redurite"
    assert emulator.run("state", "save", file).returncode == 0
    for number in range(30):
        client.set(f"later:{number}", number)
    assert emulator.run("state", "load", file).returncode == 0
    client = RedisCluster(host="localhost", port=emulator.port, password=key)
    assert sum(client.dbsize(target_nodes=node) for node in client.get_primaries()) == 30


def test_a_deleted_cache_takes_its_ports_with_it(emulator, key):
    with emulator.client(key=key) as wire:
        port = wire.call("CLUSTER", "SLOTS")[2][2][1]
    assert redis.Redis(port=port, password=key).ping()
    emulator.arm("DELETE", emulator.cache_path("clustered"))
    emulator.advance("3h")
    with pytest.raises(redis.exceptions.ConnectionError):
        redis.Redis(port=port, password=key).ping()


def test_replicas_read_for_those_who_say_so(emulator, key):
    with emulator.client(key=key) as wire:
        *_, primary, replica = wire.call("CLUSTER", "SLOTS")[0]
        name = next(name for name in map(str, range(100)) if wire.call("SET", name, "1") == "OK")
        slot = wire.call("CLUSTER", "KEYSLOT", name)
        assert wire.call("CLUSTER", "REPLICAS", primary[2])[0].startswith(replica[2])
    reader = redis.Redis(port=replica[1], password=key, decode_responses=True, single_connection_client=True)
    moved = f"{slot} 127.0.0.1:{primary[1]}"
    with pytest.raises(redis.exceptions.ResponseError, match=moved):
        reader.get(name)
    assert reader.readonly()
    assert reader.get(name) == "1"
    with pytest.raises(redis.exceptions.ResponseError, match=moved):
        reader.set(name, "2")
    with pytest.raises(redis.exceptions.ResponseError, match="READONLY You can't write"):
        reader.eval("return redis.call('SET', KEYS[1], '2')", 1, name)
    assert reader.role()[:3] == ["slave", "127.0.0.1", primary[1]]
    assert reader.info("replication")["role"] == "slave"
    assert reader.execute_command("CLUSTER MYID") == replica[2]
    assert reader.readwrite()
    with pytest.raises(redis.exceptions.ResponseError, match=moved):
        reader.get(name)
    reader.close()


def test_redis_py_reads_from_replicas_and_follows_a_failover(emulator, key):
    client = RedisCluster(host="localhost", port=emulator.port, password=key, decode_responses=True,
                          read_from_replicas=True)
    for number in range(50):
        client.set(f"key:{number}", number)
    assert [client.get(f"key:{number}") for number in range(50)] == [str(number) for number in range(50)]
    assert len(client.get_replicas()) == SHARDS
    answer = emulator.arm("POST", emulator.cache_path("clustered") + "/forceReboot",
                          {"rebootType": "PrimaryNode", "shardId": 0})
    assert answer.status == 200, answer
    before = {node.name for node in client.get_primaries()}
    for number in range(50):
        assert client.set(f"key:{number}", -number)
    client.nodes_manager.initialize()
    after = {node.name for node in client.get_primaries()}
    assert len(before & after) == SHARDS - 1
    assert [client.get(f"key:{number}") for number in range(50)] == [str(-number) for number in range(50)]
    client.close()

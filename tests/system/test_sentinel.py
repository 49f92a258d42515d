"""Sentinel clients find caches by name and follow a failover that the emulator performs."""
import json

import pytest
import redis
from redis.sentinel import Sentinel

from harness.emulator import ROOT, wait_until
from harness.programs import node

SENTINEL = ("--clock", "frozen", "--provisioning", "realistic", "--offline", "--sentinel-port", "0")


@pytest.fixture
def emulator(start_emulator):
    return start_emulator(*SENTINEL)


@pytest.fixture
def key(emulator):
    return emulator.create_cache("shop", {"enableNonSslPort": True,
                                          "sku": {"name": "Premium", "family": "P", "capacity": 1},
                                          "replicasPerMaster": 2})["primaryKey"]


def ask(emulator, *words):
    client = redis.Redis(port=emulator.ports["sentinel"], decode_responses=True)
    client.response_callbacks.clear()
    return client.execute_command(*words)


def test_caches_are_masters_under_their_names(emulator, key):
    host, port = ask(emulator, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "shop")
    assert host == "127.0.0.1" and redis.Redis(port=int(port), password=key).ping()
    assert ask(emulator, "SENTINEL GET-MASTER-ADDR-BY-NAME", "nosuch") is None
    masters = [dict(zip(master[::2], master[1::2])) for master in ask(emulator, "SENTINEL", "MASTERS")]
    assert sorted(master["name"] for master in masters) == ["devcache", "shop"]
    shop = next(master for master in masters if master["name"] == "shop")
    assert (shop["port"], shop["flags"], shop["num-slaves"], shop["quorum"]) == (port, "master", "2", "1")
    replicas = [dict(zip(replica[::2], replica[1::2])) for replica in ask(emulator, "SENTINEL", "REPLICAS", "shop")]
    assert len({replica["port"] for replica in replicas} | {port}) == 3
    for replica in replicas:
        client = redis.Redis(port=int(replica["port"]), password=key)
        assert replica["master-port"] == port and client.role()[0] == b"slave"
        with pytest.raises(redis.exceptions.ReadOnlyError):
            client.set("a", "1")
    assert ask(emulator, "SENTINEL", "SENTINELS", "shop") == []
    assert ask(emulator, "ROLE") == ["sentinel", ["devcache", "shop"]]
    info = ask(emulator, "INFO", "sentinel")
    assert f"name=shop,status=ok,address=127.0.0.1:{port},slaves=2,sentinels=1" in info
    with pytest.raises(redis.exceptions.ResponseError, match="No such master with that name"):
        ask(emulator, "SENTINEL", "MASTER", "nosuch")
    for words in (("GET", "a"), ("CONFIG", "GET", "*"), ("SENTINEL", "NOSUCH")):
        with pytest.raises(redis.exceptions.ResponseError, match="unknown"):
            ask(emulator, *words)


def again(ask):
    """What a program does whose connection is cut while it asks: it asks once more, later."""
    try:
        return ask()
    except redis.exceptions.ConnectionError:
        return False


def test_redis_py_follows_a_failover(emulator, key):
    sentinel = Sentinel([("127.0.0.1", emulator.ports["sentinel"])])
    master = sentinel.master_for("shop", password=key, decode_responses=True)
    replica = sentinel.slave_for("shop", password=key, decode_responses=True)
    assert master.set("a", "1") and replica.get("a") == "1"
    listener = redis.Redis(port=emulator.ports["sentinel"], decode_responses=True).pubsub()
    listener.subscribe("+switch-master")
    assert listener.get_message(timeout=10)["type"] == "subscribe"
    before = sentinel.discover_master("shop")
    assert ask(emulator, "SENTINEL", "FAILOVER", "shop") == "OK"
    after = sentinel.discover_master("shop")
    message = wait_until(lambda: listener.get_message(timeout=1), "the message")
    assert message["data"] == f"shop 127.0.0.1 {before[1]} 127.0.0.1 {after[1]}" and before != after
    wait_until(lambda: again(lambda: master.set("a", "2")), "the new primary")
    wait_until(lambda: again(lambda: replica.get("a") == "2"), "the new replica")
    assert before in sentinel.discover_slaves("shop")


def test_a_reboot_is_a_failover_and_a_cache_without_replicas_has_none(emulator, key):
    sentinel = Sentinel([("127.0.0.1", emulator.ports["sentinel"])])
    before = sentinel.discover_master("shop")
    answer = emulator.arm("POST", emulator.cache_path("shop") + "/forceReboot", {"rebootType": "PrimaryNode"})
    assert answer.status == 200
    assert sentinel.discover_master("shop") != before
    emulator.create_cache("small", {"sku": {"name": "Basic", "family": "C", "capacity": 0}})
    with pytest.raises(redis.exceptions.ResponseError, match="NOGOODSLAVE"):
        ask(emulator, "SENTINEL", "FAILOVER", "small")


def test_ioredis_follows_a_failover(emulator, key):
    settings = {"sentinel": emulator.ports["sentinel"], "name": "shop", "key": key}
    assert node(ROOT / "tests" / "system" / "js" / "sentinel.cjs", json.dumps(settings)) == ["1", "2"]


def test_tls_clients_are_told_of_tls_ports(emulator, key):
    sentinel = redis.Redis(port=emulator.ports["sentinel"], ssl=True, ssl_ca_certs=emulator.ca_file,
                           decode_responses=True)
    port = int(sentinel.sentinel_master("shop")["port"])
    assert redis.Redis(port=port, password=key, ssl=True, ssl_ca_certs=emulator.ca_file).ping()

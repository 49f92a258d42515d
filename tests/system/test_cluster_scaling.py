"""While a clustered cache is scaled its slots move: MIGRATING and IMPORTING, ASK, ASKING, TRYAGAIN."""
import re
import socket

import pytest
import redis
from redis.cluster import RedisCluster

from harness.wire import Wire, encode

PREMIUM = {"sku": {"name": "Premium", "family": "P", "capacity": 1}, "enableNonSslPort": True}
TAGS = 1500
FLIGHT = re.compile(r"\[(\d+)-([<>])-([0-9a-f]{40})\]")


@pytest.fixture
def emulator(start_emulator):
    return start_emulator("--clock", "frozen", "--provisioning", "realistic", "--offline")


def create(emulator, shards):
    emulator.create_cache("scaled", {**PREMIUM, "shardCount": shards})
    emulator.advance("3h")
    return emulator.arm("POST", emulator.cache_path("scaled") + "/listKeys").json["primaryKey"]


def scale(emulator, shards):
    answer = emulator.arm("PATCH", emulator.cache_path("scaled"), {"properties": {"shardCount": shards}})
    assert answer.status in (200, 202) and answer.json["properties"]["provisioningState"] == "Scaling", answer


def cluster(emulator, key):
    return RedisCluster(host="localhost", port=emulator.port, password=key, decode_responses=True)


def fill(emulator, key):
    client = cluster(emulator, key)
    for tag in range(TAGS):
        client.mset({f"{{{tag}}}a": tag, f"{{{tag}}}b": tag})
    client.close()


def all_there(emulator, key):
    client = cluster(emulator, key)
    for tag in range(TAGS):
        assert client.get(f"{{{tag}}}a") == client.get(f"{{{tag}}}b") == str(tag)
    client.close()


def node(port, key):
    return redis.Redis(port=port, password=key, decode_responses=True)


def masters(emulator, key):
    """By ID: the port, the line's slots and what is in flight, as each tells of itself."""
    with emulator.client(key=key) as wire:
        ports = {line.split()[0]: int(re.search(r":(\d+)@", line)[1])
                 for line in wire.call("CLUSTER", "NODES").splitlines() if "master" in line}
    found = {}
    for name, port in ports.items():
        client = node(port, key)
        line = client.execute_command("CLUSTER MYID"), client.connection_pool.get_connection("CLUSTER")
        assert line[0] == name
        line[1].send_command("CLUSTER", "NODES")
        own = next(text for text in line[1].read_response().splitlines() if "myself" in text)
        found[name] = port, own.split(" connected", 1)[1], FLIGHT.findall(own)
    return found


def test_clients_are_asked_over_while_slots_move(emulator):
    key = create(emulator, 2)
    fill(emulator, key)
    before = masters(emulator, key)
    scale(emulator, 3)
    emulator.advance("8m")
    nodes = masters(emulator, key)
    assert set(before) < set(nodes) and len(nodes) == 3
    leaving = {slot: (source, target) for source, (_, _, flight) in nodes.items()
               for slot, way, target in flight if way == ">"}
    coming = {slot: (source, target) for target, (_, _, flight) in nodes.items()
              for slot, way, source in flight if way == "<"}
    assert leaving and leaving == coming
    with emulator.client(key=key) as wire:
        tag, slot = next((tag, slot) for tag in range(TAGS)
                         if (slot := str(wire.call("CLUSTER", "KEYSLOT", tag))) in leaving)
    source, target = (node(nodes[name][0], key) for name in leaving[slot])
    names = [f"{{{tag}}}a", f"{{{tag}}}b"]
    here = [name for name in names if answers(source, "GET", name) == str(tag)]
    moved = [name for name in names if name not in here]
    assert len(here) == len(moved) == 1
    source_port, target_port = nodes[leaving[slot][0]][0], nodes[leaving[slot][1]][0]
    ask, move = f"ASK {slot} 127.0.0.1:{target_port}", f"MOVED {slot} 127.0.0.1:{source_port}"
    assert answers(source, "GET", moved[0]) == ask
    assert answers(source, "SET", f"{{{tag}}}new", "1") == ask and answers(source, "MGET", *names) == ask
    assert answers(target, "GET", moved[0]) == answers(target, "GET", here[0]) == move
    assert answers(target, "GET", moved[0], asking=True) == str(tag)
    assert answers(target, "MGET", *names, asking=True).startswith("TRYAGAIN Multiple keys request")
    assert answers(target, "GET", moved[0]) == move
    assert answers(target, "SET", f"{{{tag}}}new", "1", asking=True) is True
    with source.client() as one:
        one.execute_command("MULTI")
        assert str(one.execute_command("GET", here[0])) == "QUEUED" and one.execute_command("EXEC") == [str(tag)]
    client = cluster(emulator, key)
    assert client.get(f"{{{tag}}}new") == "1" and client.set(f"{{{tag}}}newer", "2") and client.incr("counter") == 1
    client.close()
    all_there(emulator, key)
    emulator.advance("2h")
    nodes = masters(emulator, key)
    assert sorted(slots for _, slots, _ in nodes.values()) == [" 0-5460", " 10923-16383", " 5461-10922"]
    assert set(before) < set(nodes)
    all_there(emulator, key)
    client = cluster(emulator, key)
    assert client.get(f"{{{tag}}}new") == "1" and client.get(f"{{{tag}}}newer") == "2" and client.get("counter") == "1"


def answers(client, *words, asking=False):
    connection = client.connection_pool.get_connection("x")
    try:
        if asking:
            connection.send_command("ASKING")
            assert connection.read_response() in ("OK", b"OK")
        connection.send_command(*words)
        answer = connection.read_response()
        return True if answer == "OK" else answer
    except redis.ResponseError as error:
        return said(error)
    finally:
        client.connection_pool.release(connection)


def said(error):
    """redis-py cuts the words that it knows."""
    kinds = {"AskError": "ASK ", "MovedError": "MOVED ", "TryAgainError": "TRYAGAIN "}
    return kinds.get(type(error).__name__, "") + str(error)


def test_who_waits_for_a_key_is_sent_after_it(emulator):
    key = create(emulator, 2)
    with emulator.client(key=key) as wire:
        name = next(f"list{n}" for n in range(100000) if 5462 < wire.call("CLUSTER", "KEYSLOT", f"list{n}") < 8000)
        slot = wire.call("CLUSTER", "KEYSLOT", name)
        port = next(node[1] for first, last, node, *_ in wire.call("CLUSTER", "SLOTS") if first <= slot <= last)
    with Wire(socket.create_connection(("127.0.0.1", port), 10)) as waiting:
        assert waiting.call("AUTH", key) == "OK"
        waiting.send(encode("BLPOP", name, "0"))
        scale(emulator, 3)
        emulator.advance("12m")
        assert re.fullmatch(rf"MOVED {slot} 127.0.0.1:\d+", waiting.reply())


def test_fewer_shards_with_a_restart_on_the_way(emulator):
    key = create(emulator, 3)
    fill(emulator, key)
    before = masters(emulator, key)
    scale(emulator, 2)
    emulator.advance("5m")
    all_there(emulator, key)
    assert len(masters(emulator, key)) == 3
    emulator.restart()
    all_there(emulator, key)
    emulator.advance("1m")
    assert any(flight for _, _, flight in masters(emulator, key).values())
    all_there(emulator, key)
    emulator.advance("2h")
    nodes = masters(emulator, key)
    assert len(before) == 3 and sorted(slots for _, slots, _ in nodes.values()) == [" 0-8191", " 8192-16383"]
    all_there(emulator, key)


def test_a_cache_is_deleted_on_the_way(emulator):
    key = create(emulator, 2)
    scale(emulator, 4)
    emulator.advance("5m")
    assert len(masters(emulator, key)) == 4
    emulator.advance("3h")
    scale(emulator, 3)
    emulator.advance("5m")
    emulator.admin("POST", "/reset")
    emulator.advance("3h")


def test_a_cache_that_becomes_a_cluster_is_saved_as_one(emulator):
    key = emulator.create_cache("scaled", PREMIUM)["primaryKey"]
    with emulator.client(key=key) as wire:
        for number in range(20):
            wire.call("SET", f"key:{number}", str(number))
    scale(emulator, 2)
    emulator.advance("3h")
    emulator.restart()
    client = cluster(emulator, key)
    assert [client.get(f"key:{number}") for number in range(20)] == [str(number) for number in range(20)]
    client.close()

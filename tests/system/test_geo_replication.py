"""Linked caches, through the management API and with real clients."""
import itertools
import random

import pytest
import redis
from differential import play, rules

from harness.emulator import wait_until
from harness.wire import encode

PREMIUM = {"sku": {"name": "Premium", "family": "P", "capacity": 1}, "enableNonSslPort": True}


def create_pair(emulator, **more):
    keys = [emulator.create_cache(name, {**PREMIUM, **more})["primaryKey"] for name in ("geo-east", "geo-west")]
    emulator.advance("3h")
    return keys


def link(emulator):
    secondary = f"/subscriptions/{emulator.ready['subscriptionId']}{emulator.cache_path('geo-west')}"
    answer = emulator.arm("PUT", emulator.cache_path("geo-east") + "/linkedServers/geo-west", {"properties": {
        "linkedRedisCacheId": secondary, "linkedRedisCacheLocation": "westus2", "serverRole": "Secondary"}})
    assert answer.status in (200, 201), answer
    emulator.advance("6m")  # less than it takes until idle clients are cut


def unlink(emulator):
    answer = emulator.arm("DELETE", emulator.cache_path("geo-east") + "/linkedServers/geo-west")
    assert answer.status in (200, 202), answer
    emulator.advance("6m")  # less than it takes until idle clients are cut


def client(emulator, key, **more):
    return redis.Redis(port=emulator.port, password=key, decode_responses=True, **more)


def state_of(connection):
    """Every key with its type, its value and when it expires."""
    def string(name):
        value = connection.get(name)  # of a HyperLogLog without the count that PFCOUNT keeps in it
        return value[:8] + value[16:] if value.startswith(b"HYLL") else value

    read = {b"string": string, b"list": lambda name: connection.lrange(name, 0, -1),
            b"set": lambda name: sorted(connection.smembers(name)), b"hash": connection.hgetall,
            b"zset": lambda name: connection.zrange(name, 0, -1, withscores=True),
            b"stream": lambda name: (connection.xrange(name), connection.xinfo_groups(name))}
    state = {}
    for name in connection.scan_iter(count=1000):
        kind = connection.type(name)
        state[name] = (kind, read[kind](name), connection.pttl(name))
    return state


def test_a_linked_cache_is_a_read_only_copy_until_it_is_unlinked(emulator):
    east_key, west_key = create_pair(emulator)
    east, west = client(emulator, east_key), client(emulator, west_key)
    east.set("before", "1")
    west.set("lost", "1")
    link(emulator)
    assert west.get("before") == "1" and west.get("lost") is None
    east.hset("cart", mapping={"a": 1, "b": 2})
    wait_until(lambda: west.hgetall("cart") == {"a": "1", "b": "2"}, "the write")
    with pytest.raises(redis.exceptions.ReadOnlyError):
        west.set("before", "2")
    assert west.info("replication")["role"] == "slave" and west.role()[0] == "slave"
    unlink(emulator)
    assert west.set("before", "2") and west.hgetall("cart") == {"a": "1", "b": "2"}
    assert east.get("before") == "1"


def test_the_geo_name_leads_to_the_primary(emulator):
    east_key, _ = create_pair(emulator)
    link(emulator)
    for name in ("geo-west", "geo-east"):
        wire = emulator.client(tls=True, key=east_key, name=f"{name}.geo.redis.cache.windows.net")
        assert wire.call("SET", "a", name) == "OK"


def test_restarts_keep_links_and_data(start_emulator):
    emulator = start_emulator("--clock", "frozen", "--provisioning", "realistic", "--offline")
    east_key, west_key = create_pair(emulator)
    link(emulator)
    client(emulator, east_key).set("a", "1")
    emulator.restart()
    wait_until(lambda: client(emulator, west_key).get("a") == "1", "the copy")
    client(emulator, east_key).set("a", "2")
    wait_until(lambda: client(emulator, west_key).get("a") == "2", "the write")
    with pytest.raises(redis.exceptions.ReadOnlyError):
        client(emulator, west_key).set("a", "3")


def test_clustered_caches(emulator):
    east_key, west_key = create_pair(emulator, shardCount=2)
    link(emulator)
    east, west = (redis.RedisCluster(port=emulator.port, host="localhost", password=key, decode_responses=True)
                  for key in (east_key, west_key))
    for number in range(50):
        east.set(f"key:{number}", number)
    wait_until(lambda: [west.get(f"key:{number}") for number in range(50)] == [str(n) for n in range(50)],
               "the writes")
    for cluster in (east, west):
        cluster.close()


def test_what_a_refused_command_has_written_arrives_too(emulator):
    """PFADD adds to a broken HyperLogLog until it meets the broken part."""
    east_key, west_key = create_pair(emulator)
    link(emulator)
    east, west = (redis.Redis(port=emulator.port, password=key) for key in (east_key, west_key))
    east.pfadd("visitors", "a")
    east.append("visitors", b"HYLL\1" + bytes(11) + b"\x7f\xff")
    before = east.get("visitors")
    with pytest.raises(redis.exceptions.ResponseError, match="INVALIDOBJ"):
        east.pfadd("visitors", *range(2000))
    assert east.get("visitors") != before
    east.set("last", 1)
    wait_until(lambda: west.get("last") == b"1", "the writes")
    assert west.get("visitors") == east.get("visitors")


def test_random_commands_of_every_family_arrive(emulator, seed):
    """Whatever the differential test's generators say to the primary, the copy is the same in the end."""
    made = play.commands(play.FAMILIES, random.Random(seed), rules.waits_or_grows)
    east_key, west_key = create_pair(emulator)
    link(emulator)
    wire = emulator.client(key=east_key)
    sent = [("CLIENT", "REPLY", "OFF"), *itertools.islice(made, 20000), ("CLIENT", "REPLY", "ON")]
    wire.send(b"".join(encode(*command) for command in sent))
    assert wire.reply() == "OK"
    east, west = (redis.Redis(port=emulator.port, password=key) for key in (east_key, west_key))
    state = state_of(east)
    assert len(state) > 20
    east.set("last", seed)
    wait_until(lambda: west.get("last") == b"%d" % seed, f"the writes, seed {seed}")
    east.delete("last")
    wait_until(lambda: west.get("last") is None, "its deletion")
    copy = state_of(west)
    different = {name: (state[name], copy.get(name)) for name in state if copy.get(name) != state[name]}
    assert not different, seed
    assert copy == state

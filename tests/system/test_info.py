"""INFO: the same sections and fields as a real redis-server 7.0, in the same order, and figures that move."""
import contextlib

import pytest
import redis

from harness.emulator import wait_until

BY_COMMAND = ("# Commandstats", "# Latencystats")  # in the order of a hash table there


def fields(client, *sections):
    for words in (("SET", "a", "1"), ("GET", "a"), ("LPUSH", "a", "1"), ("NOSUCH",), ("CLIENT", "ID")):
        try:
            client.execute_command(*words)
        except redis.exceptions.ResponseError:
            pass
    client.response_callbacks.pop("INFO", None)
    found, heading = [], None
    for line in client.execute_command("INFO", *sections).decode().split("\r\n"):
        heading = line if line.startswith("#") else heading
        if line and not line.startswith("#"):
            found.append((heading, line.split(":")[0]))
    return found


@pytest.mark.parametrize("sections", [(), ("everything",), ("all",), ("default",), ("memory", "stats"),
                                      ("latencystats",)], ids=" ".join)
def test_the_fields_are_those_of_redis_server(start_emulator, redis_server, sections):
    emulator = start_emulator("--profile", "redis", "--ephemeral")
    ours, theirs = (fields(redis.Redis(port=port), *sections) for port in (emulator.port, redis_server.port))
    unordered = [{field for field in found if field[0] in BY_COMMAND and not field[1].endswith("_ping")}
                 for found in (ours, theirs)]
    ordered = [[field for field in found if field[0] not in BY_COMMAND] for found in (ours, theirs)]
    assert unordered[0] == unordered[1]
    assert ordered[0] == ordered[1]


def test_figures_are_true(start_emulator):
    emulator = start_emulator("--profile", "redis", "--ephemeral")
    client = redis.Redis(port=emulator.port)
    before = client.info("everything")
    client.set("big", "x" * 10_000_000)
    after = client.info("everything")
    assert after["used_memory"] - before["used_memory"] > 9_900_000
    assert after["used_memory_rss"] >= after["used_memory"]
    assert after["used_memory_rss"] > 1_000_000 and after["total_system_memory"] > 1 << 28
    assert after["total_reads_processed"] > before["total_reads_processed"]
    assert after["total_writes_processed"] > before["total_writes_processed"]
    assert after["latency_percentiles_usec_set"]["p50"] > 0
    client.config_set("latency-tracking-info-percentiles", "25 100")
    assert list(client.info("latencystats")["latency_percentiles_usec_set"]) == ["p25", "p100"]
    client.config_set("latency-tracking", "no")
    assert client.info("latencystats") == {}


@pytest.mark.parametrize("kind", ["set", "hash", "zset", "list", "keys"])
def test_large_values_are_freed_bit_by_bit(start_emulator, kind):
    """The command answers at once; what is left of the value goes between other clients' commands."""
    emulator = start_emulator("--profile", "redis", "--clock", "frozen", "--offline")
    connection = redis.Redis(port=emulator.port, decode_responses=True)
    pipe = connection.pipeline(transaction=False)
    for start in range(0, 100000, 1000):
        names = [f"member:{i}" for i in range(start, start + 1000)]
        {"set": lambda: pipe.sadd("big", *names), "hash": lambda: pipe.hset("big", mapping=dict.fromkeys(names, 1)),
         "zset": lambda: pipe.zadd("big", dict.fromkeys(names, 1)), "list": lambda: pipe.rpush("big", *names * 20),
         "keys": lambda: pipe.mset(dict.fromkeys(names, 1))}[kind]()
    pipe.execute()
    full = connection.info("memory")["used_memory"]
    if kind == "keys":
        pipe.flushall()
    else:
        pipe.delete("big")
    pipe.info("memory")
    pipe.dbsize()
    _, memory, left = pipe.execute()
    assert left == 0 and memory["used_memory"] < full / 2
    assert memory["lazyfree_pending_objects"] == (100000 if kind == "keys" else 1)
    wait_until(lambda: connection.info("memory")["lazyfree_pending_objects"] == 0, "the rest to go")
    connection.sadd("big", "again")
    assert connection.smembers("big") == {"again"}


def test_hits_and_misses_are_counted_as_redis_server_does(start_emulator, redis_server):
    """The hit ratio that guides watch: TTL, TYPE and OBJECT count, too."""
    commands = ("GET k", "GET no", "TTL k", "TTL no", "PTTL k", "PTTL no", "TYPE k", "TYPE no", "EXISTS k no",
                "OBJECT ENCODING k", "OBJECT FREQ no", "STRLEN no", "SET k v", "EXPIRE k 9", "MEMORY USAGE k", "XADD s 1-1 a b",
                "XREAD STREAMS s no 0 $", "XREAD BLOCK 1 STREAMS s $", "XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s >")
    counted = []
    for port in (start_emulator("--profile", "redis", "--ephemeral").port, redis_server.port):
        client, last = redis.Redis(port=port), [0, 0]
        client.response_callbacks.pop("OBJECT")
        client.set("k", "v")
        counted.append([])
        for command in commands:
            with contextlib.suppress(redis.ResponseError):  # OBJECT FREQ, under another policy
                client.execute_command(*command.split())
            stats = client.info("stats")
            now = [stats["keyspace_hits"], stats["keyspace_misses"]]
            counted[-1].append((command, [now[0] - last[0], now[1] - last[1]]))
            last = now
    assert counted[0] == counted[1]
    assert ("TTL k", [1, 0]) in counted[0] and ("TYPE no", [0, 1]) in counted[0]

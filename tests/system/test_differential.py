"""Random commands, the same to this server and to a real redis-server 7.0: every answer must be the same.

A run plays 100,000 commands, half of them in RESP3, the same in each run; with --seed random they are others. The seed is
in the failure's text; play it again, or for longer, with python3 -m differential.play OURS REFERENCE --seed N (see there).
"""
import pytest

from differential import events, play, travel

COMMANDS = 100_000


def test_every_family_is_played():
    assert {name for share in play.SHARES for name in share} == set(play.FAMILIES)


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("share", play.SHARES, ids="-".join)
def test_both_servers_answer_the_same(start_emulator, redis_server, share, protocol, seed):
    emulator = start_emulator("--profile", "redis")
    play.play(emulator.port, redis_server.port, share, COMMANDS // (len(play.SHARES) * 2), seed, protocol)


def test_values_travel_between_both_servers(start_emulator, redis_server, seed):
    """DUMP of one is RESTOREd by the other, whatever the type and the encoding, and holds the same."""
    emulator = start_emulator("--profile", "redis")
    travel.both_ways(emulator.port, redis_server.port, seed)


def test_libraries_of_functions_travel_between_both_servers(start_emulator, redis_server, seed):
    emulator = start_emulator("--profile", "redis")
    travel.functions_both_ways(emulator.port, redis_server.port, seed)


WRITES = (("SET", "k", "v", "EX", 100), ("SETEX", "k", 100, "v"), ("PSETEX", "k", 100000, "v"), ("SET", "k", "v", "KEEPTTL"),
          ("GETEX", "k", "PX", 100000), ("SETBIT", "b", 7, 0), ("SETBIT", "b", 7, 0), ("BITFIELD", "b", "SET", "u8", 0, 0),
          ("BITFIELD", "f", "OVERFLOW", "FAIL", "INCRBY", "u8", 80, 300), ("STRLEN", "f"),
          ("BITFIELD", "f", "OVERFLOW", "FAIL", "INCRBY", "u8", 160, 300, "INCRBY", "u8", 0, 0),
          ("XGROUP", "CREATE", "x", "g", "$", "MKSTREAM"), ("XGROUP", "DELCONSUMER", "x", "g", "nobody"))


def test_writes_notify_of_what_redis_notifies(start_emulator, redis_server):
    emulator = start_emulator("--profile", "redis")
    for wire in (emulator.connect(), redis_server.connect()):
        assert wire.call("CONFIG", "SET", "notify-keyspace-events", "KEA") == "OK"
    events.compare_commands(emulator.port, redis_server.port, WRITES)


@pytest.mark.parametrize("share", play.SHARES, ids="-".join)
def test_both_servers_notify_of_the_same_events(start_emulator, redis_server, share, seed):
    emulator = start_emulator("--profile", "redis")
    for wire in (emulator.connect(), redis_server.connect()):
        assert wire.call("CONFIG", "SET", "notify-keyspace-events", "KEA") == "OK"
    events.compare(emulator.port, redis_server.port, share, 800, seed)

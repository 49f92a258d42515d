"""Random commands, the same to this server and to a real redis-server 7.0: every answer must be the same.

A run plays 100,000 commands, half of them in RESP3. The seed is in the failure's text; play it again, or for longer, with
python3 -m differential.play OURS REFERENCE --seed N (see there).
"""
import random

import pytest

from differential import play

COMMANDS = 100_000


def test_every_family_is_played():
    assert {name for share in play.SHARES for name in share} == set(play.FAMILIES)


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("share", play.SHARES, ids="-".join)
def test_both_servers_answer_the_same(start_emulator, redis_server, share, protocol):
    emulator = start_emulator("--profile", "redis")
    seed = random.randrange(10**9)
    play.play(emulator.port, redis_server.port, share, COMMANDS // (len(play.SHARES) * 2), seed, protocol)


def test_values_travel_between_both_servers(start_emulator, redis_server):
    """DUMP of one is RESTOREd by the other, whatever the type and the encoding, and holds the same."""
    emulator = start_emulator("--profile", "redis")
    ports = [emulator.port, redis_server.port]
    seed = random.randrange(10**9)
    play.play(*ports, ["string", "list", "hash", "set", "sorted_set", "stream", "geo", "hyperloglog"], 8000, seed)
    ours, theirs = (play.Player(port) for port in ports)
    keys = sorted(key for _, key in ours.ask([("KEYS", "*")])[0][1])
    assert len(keys) > 10, "too few keys are left to say anything"
    for source, target in ((ours, theirs), (theirs, ours)):
        for key in keys:
            payload = source.ask([("DUMP", key)])[0][1]
            if payload is None:
                continue
            answers = target.ask([("DEL", "copy"), ("RESTORE", "copy", 0, payload), ("TYPE", "copy")])
            assert answers[1] == ("+", b"OK"), f"{key!r} with seed {seed}: {answers[1]}"
            assert _content(target, b"copy") == _content(source, key), f"{key!r} with seed {seed}"


READING = {
    b"string": ("GET",), b"list": ("LRANGE", 0, -1), b"set": ("SORT", "ALPHA"), b"hash": ("HGETALL",),
    b"zset": ("ZRANGE", 0, -1, "WITHSCORES"), b"stream": ("XINFO", "FULL", "COUNT", 0),
}


def _content(player, key):
    kind = player.ask([("TYPE", key)])[0][1]
    name, *rest = READING[kind]
    words = (name, "STREAM", key, *rest) if kind == b"stream" else (name, key, *rest)
    answer = player.ask([words])[0]
    pairs = answer[1]
    return sorted(zip(pairs[::2], pairs[1::2])) if kind == b"hash" else answer

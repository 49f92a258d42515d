"""Values as DUMP and RESTORE carry them between two servers."""
import random

from . import play, rules
from .families import scripting
from .words import Words

FAMILIES = ["string", "list", "hash", "set", "sorted_set", "stream", "geo", "hyperloglog"]
READING = {
    b"string": ("GET",), b"list": ("LRANGE", 0, -1), b"set": ("SMEMBERS",), b"hash": ("HGETALL",),
    b"zset": ("ZRANGE", 0, -1, "WITHSCORES"), b"stream": ("XINFO", "FULL", "COUNT", 0),
}


def _content(player, key):
    kind = player.ask([("TYPE", key)])[0][1]
    name, *rest = READING[kind]
    words = (name, "STREAM", key, *rest) if kind == b"stream" else (name, key, *rest)
    answer = player.ask([words])[0]
    if kind == b"set":
        return sorted(answer[1])  # SORT would end a member at its first zero byte
    pairs = answer[1]
    return sorted(zip(pairs[::2], pairs[1::2])) if kind == b"hash" else answer


def both_ways(ours, reference, seed, key=None):
    """What random commands leave is dumped by each and restored by the other."""
    play.play(ours, reference, FAMILIES, 8000, seed, key=key)
    ours, theirs = (play.Player(port, key) for port in (ours, reference))
    keys = sorted(key for _, key in ours.ask([("KEYS", "*")])[0][1])
    assert len(keys) > 10, "too few keys are left to say anything"
    for source, target in ((ours, theirs), (theirs, ours)):
        for name in keys:
            payload = source.ask([("DUMP", name)])[0][1]
            if payload is None:
                continue
            answers = target.ask([("DEL", "copy"), ("RESTORE", "copy", 0, payload), ("TYPE", "copy")])
            assert answers[1] == ("+", b"OK"), f"{name!r} with seed {seed}: {answers[1]}"
            assert _content(target, b"copy") == _content(source, name), f"{name!r} with seed {seed}"


def functions_both_ways(ours, reference, seed):
    """What random libraries leave is dumped by each and restored by the other."""
    words = Words(random.Random(seed))
    loads = [("FUNCTION", "LOAD", "REPLACE", scripting.library(words)) for _ in range(200)]
    players = [play.Player(port) for port in (ours, reference)]
    for source, target in (players, players[::-1]):
        source.ask([("FUNCTION", "FLUSH"), *loads])
        held, payload = source.ask([("FUNCTION", "LIST", "WITHCODE"), ("FUNCTION", "DUMP")])
        assert held[1], "no library is left to say anything"
        restored, got = target.ask([("FUNCTION", "RESTORE", payload[1], "FLUSH"), ("FUNCTION", "LIST", "WITHCODE")])
        assert restored == ("+", b"OK") and rules.unordered_within(held, got, None), f"seed {seed}"

"""RESTORE with payloads of every type in which a byte was changed: an error, or a value that works; never a crash."""
import pytest

from differential.play import Player

POLYNOMIAL = 0x95AC9329AC4BC9B5  # of Redis's CRC64, reflected


def _table():
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (POLYNOMIAL if crc & 1 else 0)
        yield crc


TABLE = list(_table())


def crc64(data):
    crc = 0
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc


def sealed(body):
    """With the checksum that belongs to it, or damage would be found at the door."""
    return body + crc64(body).to_bytes(8, "little")


FILL = {
    "string": [("SET", "k", "some text")],
    "list": [("RPUSH", "k", *range(20), "x" * 40)],
    "long list": [("CONFIG", "SET", "list-max-listpack-size", 2), ("RPUSH", "k", *range(7)),
                  ("CONFIG", "SET", "list-max-listpack-size", -2)],
    "packed hash": [("HSET", "k", "a", 1, "b", "text", "c", 2**40)],
    "hash": [("HSET", "k", "a", 1, "b", "y" * 70)],
    "integers": [("SADD", "k", 1, 2, 70000, 2**40)],
    "set": [("SADD", "k", "a", "b", "c", 7)],
    "packed sorted set": [("ZADD", "k", 1, "a", 2.5, "b", 3, "c")],
    "sorted set": [("ZADD", "k", 1, "a", 2.5, "z" * 70, "inf", "c")],
    "stream": [("XADD", "k", "1-1", "a", "1", "b", "2"), ("XADD", "k", "1-2", "a", "3", "b", "4"),
               ("XADD", "k", "2-1", "other", "5"), ("XDEL", "k", "1-2"), ("XGROUP", "CREATE", "k", "g", "0"),
               ("XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", ">"), ("XGROUP", "CREATECONSUMER", "k", "g", "d")],
    "hyperloglog": [("PFADD", "k", *range(30))],
}
# What reads and changes every corner of a value.
USE = {
    b"string": [("GET", "c"), ("PFCOUNT", "c"), ("PFADD", "c", "x"), ("APPEND", "c", "x"), ("BITCOUNT", "c")],
    b"list": [("LRANGE", "c", 0, -1), ("LPOS", "c", "5"), ("LINSERT", "c", "BEFORE", "3", "x"), ("LREM", "c", 0, "1"),
              ("SORT", "c", "ALPHA"), ("LTRIM", "c", 1, -2), ("RPOP", "c", 3)],
    b"hash": [("HGETALL", "c"), ("HSET", "c", "a", "9"), ("HSCAN", "c", 0), ("HINCRBY", "c", "n", 1), ("HDEL", "c", "b")],
    b"set": [("SMEMBERS", "c"), ("SADD", "c", "new", 5), ("SPOP", "c"), ("SSCAN", "c", 0), ("SUNION", "c", "c")],
    b"zset": [("ZRANGE", "c", 0, -1, "WITHSCORES"), ("ZADD", "c", 2, "a"), ("ZRANK", "c", "b"), ("ZSCAN", "c", 0),
              ("ZREMRANGEBYSCORE", "c", 0, 2), ("ZPOPMAX", "c")],
    b"stream": [("XINFO", "STREAM", "c", "FULL"), ("XRANGE", "c", "-", "+"), ("XREVRANGE", "c", "+", "-"),
                ("XADD", "c", "18446744073709551615-1", "a", "x"), ("XREADGROUP", "GROUP", "g", "e", "STREAMS", "c", "0"),
                ("XREADGROUP", "GROUP", "g", "c", "STREAMS", "c", ">"), ("XAUTOCLAIM", "c", "g", "d", 0, "0"),
                ("XACK", "c", "g", "1-1"), ("XDEL", "c", "2-1"), ("XTRIM", "c", "MAXLEN", 1),
                ("XGROUP", "DELCONSUMER", "c", "g", "c"), ("XGROUP", "DESTROY", "c", "g")],
}


@pytest.mark.parametrize("kind", FILL)
def test_no_changed_byte_does_harm(start_emulator, kind):
    player = Player(start_emulator("--profile", "redis").port)
    for answer in player.ask(FILL[kind]):
        assert answer[0] != "-", answer
    payload = player.ask([("DUMP", "k")])[0][1]
    body = payload[:-8]
    assert sealed(body) == payload
    outcomes = {"OK": 0, "refused": 0}
    changed = [body[:at] + bytes([body[at] ^ bits]) + body[at + 1:]
               for at in range(len(body) - 2) for bits in (0x01, 0x80, 0xFF)]
    # The sparse form of a HyperLogLog and the like are long: a part of it says enough.
    for damaged in changed[:3000] + [body[:end] + body[-2:] for end in range(min(len(body) - 2, 300))]:
        restored = player.ask([("DEL", "c"), ("RESTORE", "c", 0, sealed(damaged)), ("TYPE", "c")])
        outcomes["OK" if restored[1] == ("+", b"OK") else "refused"] += 1
        player.ask(USE.get(restored[2][1], []))
        player.ask([("COPY", "c", "copy", "REPLACE"), ("DUMP", "c"), ("MEMORY", "USAGE", "c"), ("OBJECT", "ENCODING", "c")])
    assert outcomes["refused"] > 0 and player.ask([("PING",)]) == [("+", b"PONG")]

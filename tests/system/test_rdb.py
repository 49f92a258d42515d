"""Saved data is Redis's own format: a real redis-server loads ours, and we load its."""
import random

import pytest

from harness.programs import RedisServer
from harness.wire import encode


def data_file(emulator):
    """Where the data of devcache is kept."""
    files = [f for f in emulator.data.rglob("*.rdb")]
    assert len(files) == 1, files
    return files[0]


def fill(wire):
    chance = random.Random(7)
    wire.call("SET", "text", "value")
    wire.call("SET", "empty", "")
    wire.call("SET", "unicode ключ", "значение")
    for number in (0, 1, -1, 127, 128, -129, 32767, 32768, 2**31 - 1, 2**31, -2**63, 2**63 - 1):
        wire.call("SET", f"number:{number}", str(number))
    wire.call("SET", "repeated", "abc" * 50000)  # LZF in the file
    wire.call("SET", "random", chance.randbytes(100000))
    wire.call("SET", b"\0\r\n\xff", b"\xff\r\n\0")
    wire.call("SET", "lasting", "x", "EX", "1000000")
    for size in (1, 62, 63, 64, 65, 16382, 16383, 16384, 16385):
        wire.call("SET", f"size:{size}", "y" * size)
    wire.call("SELECT", "9")
    wire.call("SET", "in nine", "9")
    wire.call("SELECT", "0")


def everything(wire):
    """Every key of every database with its value and the moment it expires."""
    found = {}
    for database in range(16):
        wire.call("SELECT", str(database))
        cursor = "0"
        while True:
            cursor, keys = wire.call("SCAN", cursor, "COUNT", "1000")
            for key in keys:
                wire.send(encode("GET", key) + encode("PTTL", key))
                found[database, key] = (wire.reply(), wire.reply() > 0)
            if cursor == "0":
                break
    return found


@pytest.fixture
def emulator(start_emulator):
    return start_emulator("--profile", "redis")


def test_redis_server_loads_ours(emulator, tmp_path):
    wire = emulator.connect()
    fill(wire)
    ours = everything(wire)
    assert len(ours) > 25
    emulator.stop()
    target = tmp_path / "server"
    target.mkdir()
    (target / "dump.rdb").write_bytes(data_file(emulator).read_bytes())
    server = RedisServer(target)
    try:
        assert everything(server.connect()) == ours
    finally:
        server.stop()


@pytest.mark.parametrize("options", [(), ("--rdbcompression", "no"), ("--rdbchecksum", "no")], ids=lambda o: " ".join(o) or "default")
def test_we_load_those_of_redis_server(emulator, tmp_path, options):
    server = RedisServer(tmp_path / "server", *options)
    try:
        wire = server.connect()
        fill(wire)
        theirs = everything(wire)
        assert wire.call("SAVE") == "OK"
    finally:
        server.stop()
    emulator.connect().call("SET", "a", "b")
    emulator.stop()
    data_file(emulator).write_bytes((tmp_path / "server" / "dump.rdb").read_bytes())
    emulator.start()
    assert everything(emulator.connect()) == theirs
    # And back: what we save of it loads in the real server again.
    emulator.stop()
    (tmp_path / "server" / "dump.rdb").write_bytes(data_file(emulator).read_bytes())
    server = RedisServer(tmp_path / "server")
    try:
        assert everything(server.connect()) == theirs
    finally:
        server.stop()


def test_dump_and_restore_across(emulator, redis_server):
    """DUMP's payload carries version and checksum: each side takes the other's."""
    ours, theirs = emulator.connect(), redis_server.connect()
    for value in ("short", "123456", "z" * 20000, ""):
        for source, target in ((ours, theirs), (theirs, ours)):
            assert source.call("SET", "k", value) == "OK"
            source.send(encode("DUMP", "k"))
            payload = source._exactly(int(source._line()[1:]))
            assert target.call("RESTORE", "k", "0", payload, "REPLACE") == "OK"
            assert target.call("GET", "k") == value

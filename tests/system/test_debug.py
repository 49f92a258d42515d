"""DEBUG in the redis profile: as redis-server answers, and the same digest for the same data on both."""
import random
import re

import pytest
import redis

from harness.emulator import run_binary, wait_until
from harness.programs import RedisServer
from harness.wire import encode

ALLOWED = ("--profile", "redis", "--redis-config", "enable-debug-command=yes")


@pytest.fixture
def debugged(start_emulator):
    return start_emulator(*ALLOWED)


@pytest.fixture
def reference(tmp_path):
    server = RedisServer(tmp_path / "reference", "--enable-debug-command", "yes")
    yield server
    server.stop()


def raw(wire, *commands):
    end = b"$14\r\nend-of-answers\r\n"
    wire.send(b"".join(encode(*command) for command in commands) + encode("ECHO", "end-of-answers"))
    data = b""
    while not data.endswith(end):
        data += wire.sock.recv(65536)
    return data


def answers(server):
    with server.connect() as wire:
        wire.sock.settimeout(0.3)
        try:
            return wire.call("PING") == "PONG"
        except TimeoutError:
            return False


def test_every_shape_in_both_protocols(debugged, reference):
    names = "string integer double bignum null array set map attrib push verbatim true false nosuch".split()
    for protocol in "2", "3":
        heard = []
        for server in debugged, reference:
            with server.connect() as wire:
                wire.call("HELLO", protocol)
                heard.append(raw(wire, *(("DEBUG", "PROTOCOL", name) for name in names),
                                   ("DEBUG", "HTSTATS", "3"), ("DEBUG", "ERROR", "ONE two\r\nthree")))
        assert heard[0] == heard[1]


def test_help_names_what_there_is(debugged, reference):
    ours, theirs = (redis.Redis(port=server.port).execute_command("DEBUG", "HELP") for server in (debugged, reference))
    jemalloc = [index for index, line in enumerate(theirs) if line.startswith(b"MALLCTL")]
    assert ours == [line for index, line in enumerate(theirs) if index not in jemalloc and index - 1 not in jemalloc]
    for line in ours:
        if line[:1].isupper() and line.split()[0] not in (b"DEBUG", b"HELP", b"SEGFAULT", b"PANIC", b"ASSERT", b"OOM",
                                                          b"RESTART", b"CRASH-AND-RECOVER", b"SLEEP"):
            with debugged.connect() as wire:
                words = [word for word in line.decode().split() if word[0].isupper()]
                answer = str(wire.call("DEBUG", *words, *["1"] * line.count(b"<")))
                assert "unknown subcommand" not in answer, (line, answer)


def random_data(client, choose):
    """Every type, packed and not, with and without expiry, with digits that are kept as numbers."""
    def text():
        return choose.choice([str(choose.randrange(-9, 10 ** choose.randrange(1, 18))), choose.randbytes(9).hex(),
                              choose.randbytes(choose.randrange(200)), b""])

    with client.pipeline(transaction=False) as pipe:
        for number in range(120):
            name, size = f"key:{number}", choose.choice([1, 3, 20, 700])
            pipe.rpush("l" + name, *(text() for _ in range(size)))
            pipe.sadd("s" + name, *(text() for _ in range(size)))
            pipe.sadd("i" + name, *(choose.randrange(-1000, 10 ** 9) for _ in range(size)))
            pipe.zadd("z" + name, {text(): choose.choice([choose.random(), choose.randrange(9), 1e300, float("-inf")])
                                   for _ in range(size)})
            pipe.hset("h" + name, mapping={text(): text() for _ in range(size)})
            pipe.set("t" + name, text())
            pipe.setrange("r" + name, choose.randrange(50), text())
            for entry in range(size % 100):
                pipe.xadd("x" + name, {text(): text(), "n": entry}, id=f"{number}-{entry + 1}")
            pipe.expire(choose.choice("lsizhtx") + name, 100000)
        pipe.execute()


def test_digests_are_equal_on_both(debugged, reference, seed):
    theirs, ours = redis.Redis(port=reference.port), redis.Redis(port=debugged.port)
    random_data(theirs, random.Random(seed))
    random_data(redis.Redis(port=reference.port, db=7), random.Random(seed + 1))
    assert ours.replicaof("127.0.0.1", reference.port)
    wait_until(lambda: ours.info("replication")["master_link_status"] == "up", "the link")
    names = sorted(theirs.keys())
    different = [name for name in names if ours.execute_command("DEBUG", "DIGEST-VALUE", name)
                 != theirs.execute_command("DEBUG", "DIGEST-VALUE", name)]
    assert len(names) > 500 and not different, seed
    digest = theirs.execute_command("DEBUG", "DIGEST")
    assert ours.execute_command("DEBUG", "DIGEST") == digest != b"0" * 40
    ours.replicaof("NO", "ONE")
    ours.execute_command("DEBUG", "RELOAD")
    assert ours.execute_command("DEBUG", "DIGEST") == digest
    ours.lpop("lkey:1")
    assert ours.execute_command("DEBUG", "DIGEST") != digest


def test_what_is_told_of_values(debugged):
    client = redis.Redis(port=debugged.port, decode_responses=True)
    client.set("n", 1)
    client.set("text", "hello")
    client.rpush("l", 1, 2, 3)
    client.sadd("s", *(f"member {i}" for i in range(300)))
    debug = lambda *words: client.execute_command("DEBUG", *words)
    number = client.connection_pool.get_connection("DEBUG")
    number.send_command("DEBUG", "OBJECT", "n")
    assert re.fullmatch(r"Value at:0x[0-9a-f]+ refcount:2147483647 encoding:int serializedlength:2 lru:\d+ "
                        r"lru_seconds_idle:0", number.read_response())
    number.send_command("DEBUG", "OBJECT", "l")
    assert re.search(r"encoding:quicklist .* ql_nodes:1 ql_avg_node:3.00 ql_listpack_max:-2 ql_compressed:0 "
                     r"ql_uncompressed_size:13", number.read_response())
    assert debug("SDSLEN", "text").startswith("key_sds_len:4, key_sds_avail:0, key_zmalloc: ")
    assert " val_sds_len:5, val_sds_avail:" in debug("SDSLEN", "text")
    shown = debug("HTSTATS-KEY", "s")
    # One table, or two while it grows.
    assert sum(map(int, re.findall(r" number of elements: (\d+)\n", shown))) == 300 and " max chain length: " in shown
    assert sum(int(length) * int(count) for length, count in re.findall(r"^   (\d+): (\d+) ", shown, re.M)) == 300
    client.expire("s", 100)
    assert debug("HTSTATS", "0").count("number of elements: 4\n") == 1
    assert debug("HTSTATS", "0").count("number of elements: 1\n") == 1
    before = client.info("memory")["used_memory"]
    debug("LEAK", "x" * 1000000)
    assert client.info("memory")["used_memory"] >= before + 1000000


def test_sleep_holds_every_client_of_the_cache(start_emulator):
    emulator = start_emulator(*ALLOWED, "--clock", "frozen")
    with emulator.connect() as sleeper, emulator.connect() as other:
        assert other.call("SET", "a", "1") == "OK"
        sleeper.send(encode("DEBUG", "SLEEP", "1.5"))
        wait_until(lambda: not answers(emulator), "the sleep")
        other.send(encode("GET", "a"))
        emulator.advance("1499ms")
        assert not answers(emulator)
        emulator.advance("1ms")
        assert sleeper.reply() == "OK" and other.reply() == "1" and answers(emulator)
        # Where writes are paused for longer, the rest is not.
        assert other.call("CLIENT", "PAUSE", "100000", "WRITE") == "OK"
        sleeper.send(encode("DEBUG", "SLEEP", "0.5"))
        emulator.advance("1s")
        assert sleeper.reply() == "OK" and other.call("GET", "a") == "1"


def test_keys_that_are_due_stay_until_somebody_looks(start_emulator):
    emulator = start_emulator(*ALLOWED, "--clock", "frozen")
    client = redis.Redis(port=emulator.port)
    client.execute_command("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    client.set("a", "1", px=10)
    client.set("b", "1", px=10)
    emulator.advance("1s")
    assert client.dbsize() == 2 and client.get("a") is None and client.dbsize() == 1
    client.execute_command("DEBUG", "SET-ACTIVE-EXPIRE", "1")
    emulator.advance("1s")
    assert client.dbsize() == 0


def test_reload_brings_back_what_was_saved(debugged):
    client = redis.Redis(port=debugged.port)
    client.set("a", "saved")
    client.save()
    client.set("a", "later")
    client.set("b", "later")
    client.execute_command("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE")
    assert client.get("a") == b"saved" and client.get("b") == b"later"
    with pytest.raises(redis.ResponseError, match="Error trying to load the RDB dump"):
        client.execute_command("DEBUG", "RELOAD", "NOFLUSH")
    assert client.get("a") == b"saved" and client.get("b") == b"later"
    client.execute_command("DEBUG", "RELOAD", "NOSAVE")
    with pytest.raises(redis.ResponseError, match="Error trying to load the AOF"):
        client.execute_command("DEBUG", "LOADAOF")
    client.flushall()
    client.save()
    client.set("a", "1")
    client.execute_command("DEBUG", "RELOAD", "NOSAVE")
    assert client.dbsize() == 0


@pytest.mark.parametrize("how", ["SEGFAULT", "PANIC", "ASSERT", "OOM", "RESTART", "CRASH-AND-RECOVER"])
def test_an_end_is_the_caches_not_the_emulators(debugged, how):
    client = redis.Redis(port=debugged.port)
    client.set("a", "1")
    client.script_load("return 1")
    run = client.info("server")["run_id"]
    with debugged.connect() as other, debugged.connect() as waiting, debugged.connect() as wire:
        assert other.call("PING") == "PONG"
        waiting.send(encode("BLPOP", "list", "0"))
        wait_until(lambda: client.info("clients")["blocked_clients"] == 1, "the wait")
        wire.send(encode("DEBUG", how))
        assert wire.everything() == b"" and other.everything() == b"" and waiting.everything() == b""
    client = redis.Redis(port=debugged.port)
    assert client.get("a") == b"1" and client.info("server")["run_id"] != run
    assert client.script_exists("e0e1f9fabfc9d4800c877a703b823ac0578ff8db") == [False]
    assert debugged.running


def test_replicate_reaches_followers_only(debugged, redis_server):
    ours, theirs = redis.Redis(port=debugged.port), redis.Redis(port=redis_server.port)
    theirs.replicaof("127.0.0.1", debugged.port)
    wait_until(lambda: theirs.info("replication")["master_link_status"] == "up", "the link")
    ours.set("a", "1")
    ours.execute_command("DEBUG", "REPLICATE", "SET", "a", "2")
    wait_until(lambda: theirs.get("a") == b"2", "the command")
    assert ours.get("a") == b"1"


def test_who_may(start_emulator, tmp_path):
    plain = redis.Redis(port=start_emulator("--profile", "redis", "--ephemeral").port)
    with pytest.raises(redis.ResponseError, match="DEBUG command not allowed"):
        plain.execute_command("DEBUG", "SLEEP", "0")
    local = start_emulator("--profile", "redis", "--ephemeral", "--redis-config", "enable-debug-command=local",
                           "--redis-config=maxmemory=100mb", "--redis-config", "databases=3",
                           "--redis-config", "enable-module-command=local")
    client = redis.Redis(port=local.port)
    assert client.execute_command("DEBUG", "SLEEP", "0") == b"OK"
    assert client.config_get("maxmemory") == {"maxmemory": "104857600"}
    with pytest.raises(redis.ResponseError, match="Error loading the extension"):
        client.execute_command("MODULE", "LOAD", "/nosuch")
    with pytest.raises(redis.ResponseError, match="DB index is out of range"):
        client.execute_command("SELECT", "3")
    for words, said in [(("--redis-config", "enable-debug-command=yes"), "--profile redis"),
                        (("--profile", "redis", "--redis-config", "nosuch=1"), "nosuch is no setting"),
                        (("--profile", "redis", "--redis-config", "port=1"), "port is no setting"),
                        (("--profile", "redis", "--redis-config", "maxmemory"), "NAME=VALUE"),
                        (("--profile", "redis", "--redis-config", "maxmemory=x"), "argument must be a memory value")]:
        done = run_binary("start", "--data-dir", tmp_path / "data", *words, timeout=20)
        assert done.returncode == 2 and said in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr

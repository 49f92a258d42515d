"""MIGRATE of the redis profile: to a real redis-server, to another emulator, and where it fails."""
import socket
import time

import pytest
import redis

from harness.emulator import wait_until
from harness.programs import RedisServer
from harness.wire import encode

NO_ONE = "1"  # a port of this machine that nobody listens on


@pytest.fixture
def emulator(start_emulator):
    return start_emulator("--profile", "redis", "--ephemeral", "--redis-config", "enable-debug-command=yes")


@pytest.fixture
def reference(tmp_path):
    server = RedisServer(tmp_path / "reference", "--enable-debug-command", "yes")
    yield server
    server.stop()


@pytest.fixture(params=["redis-server", "emulator"])
def target(request, reference, start_emulator):
    if request.param == "redis-server":
        return reference
    return start_emulator("--profile", "redis", "--ephemeral", "--redis-config", "enable-debug-command=yes")


def fill(client):
    client.set("string", "1")
    client.set("expiring", "text", px=100000)
    client.rpush("list", *range(1000))
    client.sadd("set", "a", "b")
    client.zadd("sorted", {"a": 1, "b": 2.5})
    client.hset("hash", mapping={"f": "v"})
    client.xadd("stream", {"a": "b"}, id="1-1")
    client.xgroup_create("stream", "group", "0")
    client.set("binary", bytes(range(256)) * 100)
    return sorted(client.keys())


def migrate(client, port, *words):
    return client.execute_command("MIGRATE", "127.0.0.1", port, *words)


def test_keys_arrive_and_go(emulator, target):
    ours, theirs = redis.Redis(port=emulator.port), redis.Redis(port=target.port)
    names = fill(ours)
    digests = ours.execute_command("DEBUG", "DIGEST-VALUE", *names)
    assert migrate(ours, target.port, "", 3, 5000, "COPY", "KEYS", *names, "nosuch") == b"OK"
    there = redis.Redis(port=target.port, db=3)
    assert there.execute_command("DEBUG", "DIGEST-VALUE", *names) == digests
    assert ours.dbsize() == len(names) and 0 < there.pttl("expiring") <= 100000 and theirs.dbsize() == 0
    events = ours.pubsub()
    ours.config_set("notify-keyspace-events", "KA")
    events.psubscribe("__keyspace@0__:*")
    assert events.get_message(timeout=10)["type"] == "psubscribe"
    assert migrate(ours, target.port, "", 0, 5000, "KEYS", *names) == b"OK"
    assert ours.dbsize() == 0 and sorted(theirs.keys()) == names
    heard = [events.get_message(timeout=10) for _ in names]
    assert sorted(message["channel"].split(b":", 1)[1] for message in heard) == names
    assert {message["data"] for message in heard} == {b"del"}
    assert migrate(ours, target.port, "string", 0, 5000) == b"NOKEY"


def test_what_the_target_refuses(emulator, target):
    ours, theirs = redis.Redis(port=emulator.port), redis.Redis(port=target.port)
    ours.mset({"a": "new", "b": "new"})
    theirs.set("a", "old")
    with pytest.raises(redis.ResponseError, match="^Target instance replied with error: BUSYKEY Target key name already"):
        migrate(ours, target.port, "a", 0, 5000)
    assert ours.get("a") == b"new" and theirs.get("a") == b"old"
    with pytest.raises(redis.ResponseError, match="Target instance replied with error: BUSYKEY"):
        migrate(ours, target.port, "", 0, 5000, "KEYS", "a", "b")
    assert theirs.get("b") == b"new" and ours.get("a") == b"new" and not ours.exists("b")
    assert migrate(ours, target.port, "a", 0, 5000, "REPLACE") == b"OK"
    assert theirs.get("a") == b"new" and not ours.exists("a")
    ours.set("c", "1")
    # Everything is said in one go: what follows a refused AUTH or SELECT happens, on Redis, too.
    with pytest.raises(redis.ResponseError, match="Target instance replied with error: ERR DB index is out of range"):
        migrate(ours, target.port, "c", 99, 5000)
    theirs.execute_command("ACL", "SETUSER", "mover", "on", ">moving", "~*", "+@all")
    theirs.config_set("requirepass", "secret")
    with pytest.raises(redis.ResponseError, match="Target instance replied with error: NOAUTH Authentication required."):
        migrate(ours, target.port, "c", 0, 5000)
    with pytest.raises(redis.ResponseError, match="Target instance replied with error: WRONGPASS"):
        migrate(ours, target.port, "c", 0, 5000, "AUTH", "wrong")
    assert migrate(ours, target.port, "c", 0, 5000, "COPY", "REPLACE", "AUTH", "secret") == b"OK"
    ours.config_set("slowlog-log-slower-than", "0")
    assert migrate(ours, target.port, "c", 0, 5000, "REPLACE", "AUTH2", "mover", "moving") == b"OK"
    assert not ours.exists("c") and redis.Redis(port=target.port, password="secret").get("c") == b"1"
    logged = [entry["command"] for entry in ours.slowlog_get(10) if entry["command"].startswith(b"MIGRATE")]
    assert logged[0].endswith(b"REPLACE AUTH2 (redacted) (redacted)")
    assert not any(word in command for command in logged for word in (b"secret", b"moving"))


def test_a_real_server_moves_its_keys_here(emulator, reference):
    ours, theirs = redis.Redis(port=emulator.port), redis.Redis(port=reference.port)
    names = fill(theirs)
    digests = theirs.execute_command("DEBUG", "DIGEST-VALUE", *names)
    assert migrate(theirs, emulator.port, "", 0, 5000, "KEYS", *names) == b"OK"
    assert theirs.dbsize() == 0 and ours.execute_command("DEBUG", "DIGEST-VALUE", *names) == digests


def test_connections_that_fail_say_what_redis_says(emulator, reference):
    for client in redis.Redis(port=emulator.port), redis.Redis(port=reference.port):
        client.set("a", "1")
        with pytest.raises(redis.ResponseError, match="^IOERR error or timeout writing to target instance$"):
            migrate(client, NO_ONE, "a", 0, 1000)
        with pytest.raises(redis.ResponseError, match="^IOERR error or timeout connecting to the client$"):
            client.execute_command("MIGRATE", "no.such.name.invalid", "6379", "a", 0, 1000)
        assert client.get("a") == b"1"


def test_others_go_on_while_one_waits(emulator):
    """A target that takes the connection and says nothing: reads are answered, writes wait for the end."""
    with socket.create_server(("127.0.0.1", 0)) as silent, emulator.connect() as mover, emulator.connect() as writer:
        ours = redis.Redis(port=emulator.port)
        ours.set("a", "1")
        mover.send(encode("MIGRATE", "127.0.0.1", silent.getsockname()[1], "a", "0", "700"))
        accepted, _ = silent.accept()
        with accepted:
            assert ours.get("a") == b"1" and ours.info("clients")["blocked_clients"] == 1
            assert ours.client_unblock(ours.client_list()[0]["id"]) is False
            writer.send(encode("SET", "a", "2") + encode("GET", "a"))
            begun = time.monotonic()
            assert mover.reply() == "IOERR error or timeout reading to target instance"
            assert time.monotonic() - begun < 10
        assert writer.reply() == "OK" and writer.reply() == "2"


def test_a_client_that_leaves_gives_it_up(emulator):
    with socket.create_server(("127.0.0.1", 0)) as silent, emulator.connect() as writer:
        ours = redis.Redis(port=emulator.port)
        ours.set("a", "1")
        with emulator.connect() as mover:
            mover.send(encode("MIGRATE", "127.0.0.1", silent.getsockname()[1], "a", "0", "60000"))
            accepted, _ = silent.accept()
            writer.send(encode("SET", "a", "2"))
            assert ours.get("a") == b"1"
        with accepted:
            assert writer.reply() == "OK"
        assert migrate(ours, silent.getsockname()[1], "nosuch", 0, 100) == b"NOKEY"


def test_transactions_and_scripts_wait_for_it(emulator, target):
    ours, theirs = redis.Redis(port=emulator.port), redis.Redis(port=target.port)
    ours.mset({"a": "1", "b": "2", "c": "3", "d": "4"})
    transaction = ours.pipeline().incr("n")
    for name in ("a", "nosuch", "b"):
        transaction.execute_command("MIGRATE", "127.0.0.1", target.port, name, 0, 5000)
    assert transaction.exists("a", "b").incr("n").execute() == [1, b"OK", b"NOKEY", b"OK", 0, 2]
    script = "local r = redis.call('MIGRATE', ARGV[1], ARGV[2], KEYS[1], 0, 5000) return {r.ok, redis.call('DBSIZE')}"
    assert ours.eval(script, 1, "c", "127.0.0.1", target.port) == [b"OK", 2]
    theirs.set("d", "there")
    with pytest.raises(redis.ResponseError, match="^Target instance replied with error: BUSYKEY"):
        ours.eval(script, 1, "d", "127.0.0.1", target.port)
    with pytest.raises(redis.ResponseError, match="IOERR error or timeout writing to target instance"):
        ours.pipeline().execute_command("MIGRATE", "127.0.0.1", NO_ONE, "d", 0, 1000).execute()
    assert ours.get("d") == b"4" and theirs.mget("a", "b", "c", "d") == [b"1", b"2", b"3", b"there"]


def waiting_transaction(emulator, silent, timeout):
    """A client in the midst of its transaction, and the connection that it waits on."""
    mover = emulator.connect()
    mover.send(encode("MULTI") + encode("INCR", "n") + encode("MIGRATE", "127.0.0.1", silent.getsockname()[1], "a", "0", timeout)
               + encode("MIGRATE", "127.0.0.1", silent.getsockname()[1], "b", "0", timeout) + encode("INCR", "n")
               + encode("EXEC"))
    return mover, silent.accept()[0]


def test_nobody_sees_half_a_transaction(emulator):
    with socket.create_server(("127.0.0.1", 0)) as silent, emulator.connect() as reader:
        redis.Redis(port=emulator.port).set("a", "1")
        mover, accepted = waiting_transaction(emulator, silent, "700")
        with accepted, mover:
            reader.send(encode("GET", "n") + encode("GET", "a"))
            assert [mover.reply() for _ in range(5)] == ["OK", *["QUEUED"] * 4]
            assert mover.reply() == [1, "IOERR error or timeout reading to target instance", "NOKEY", 2]
        assert reader.reply() == "2" and reader.reply() == "1"


def test_a_client_that_leaves_its_transaction_holds_nobody(emulator):
    with socket.create_server(("127.0.0.1", 0)) as silent, emulator.connect() as reader:
        redis.Redis(port=emulator.port).mset({"a": "1", "b": "2"})
        mover, accepted = waiting_transaction(emulator, silent, "600000")
        reader.send(encode("GET", "n") + encode("MGET", "a", "b"))
        mover.close()
        assert reader.reply() == "2" and reader.reply() == ["1", "2"]
        accepted.close()
    assert redis.Redis(port=emulator.port).set("a", "2")


def test_followers_hear_that_keys_went(emulator, reference, redis_server):
    ours, theirs = redis.Redis(port=emulator.port), redis.Redis(port=redis_server.port)
    theirs.replicaof("127.0.0.1", emulator.port)
    wait_until(lambda: theirs.info("replication")["master_link_status"] == "up", "the link")
    ours.set("a", "1")
    assert migrate(ours, reference.port, "a", 0, 5000) == b"OK"
    wait_until(lambda: not theirs.exists("a"), "the deletion")

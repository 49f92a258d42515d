"""A real redis-server as a replica of the plain Redis that devcache is in profile redis."""
import itertools
import random
import socket
import subprocess

import pytest
import redis
from differential import play, rules

from harness.emulator import wait_until
from harness.programs import RedisServer
from harness.wire import encode


@pytest.fixture
def emulator(start_emulator):
    return start_emulator("--profile", "redis", "--ephemeral")


def follow(emulator, redis_server):
    ours, theirs = redis.Redis(port=emulator.port), redis.Redis(port=redis_server.port)
    theirs.replicaof("127.0.0.1", emulator.port)
    wait_until(lambda: theirs.info("replication")["master_link_status"] == "up", "the link")
    return ours, theirs


def test_redis_server_copies_and_follows(emulator, redis_server):
    before = redis.Redis(port=emulator.port)
    before.set("a", "1")
    before.hset("h", mapping={"f": "v"})
    redis.Redis(port=emulator.port, db=3).rpush("l", "x", "y")
    before.function_load("#!lua name=lib\nredis.register_function('one', function() return 1 end)")
    ours, theirs = follow(emulator, redis_server)
    assert theirs.get("a") == b"1" and theirs.hgetall("h") == {b"f": b"v"}
    assert redis.Redis(port=redis_server.port, db=3).lrange("l", 0, -1) == [b"x", b"y"]
    ours.set("b", "2", ex=100)
    redis.Redis(port=emulator.port, db=3).lpop("l")
    ours.eval("redis.call('SADD', KEYS[1], 'a', 'b') return redis.call('SPOP', KEYS[1])", 1, "s")
    assert ours.wait(1, 10000) == 1
    assert theirs.get("b") == b"2" and 0 < theirs.ttl("b") <= 100
    assert theirs.smembers("s") == ours.smembers("s")
    assert redis.Redis(port=redis_server.port, db=3).lrange("l", 0, -1) == [b"y"]
    replica = ours.info("replication")
    assert replica["role"] == "master" and replica["connected_slaves"] == 1
    assert replica["slave0"]["port"] == redis_server.port and replica["slave0"]["state"] == "online"
    assert ours.role()[2][0][:2] == [b"127.0.0.1", str(redis_server.port).encode()]
    assert [client["flags"] for client in ours.client_list(_type="replica")] == ["S"]
    listener = theirs.pubsub()
    listener.subscribe("news")
    assert listener.get_message(timeout=10)["type"] == "subscribe"
    ours.publish("news", "hello")
    assert wait_until(lambda: listener.get_message(timeout=1), "the message")["data"] == b"hello"
    # Redis gives a new master the data up to here, and takes writes again.
    theirs.replicaof("NO", "ONE")
    assert theirs.set("a", "9") and ours.get("a") == b"1"
    assert ours.wait(1, 100) == 0


def test_a_flush_from_outside_and_a_broken_link_are_made_good(emulator, redis_server):
    ours, theirs = follow(emulator, redis_server)
    ours.set("a", "1")
    assert ours.wait(1, 10000) == 1
    assert ours.execute_command("CLIENT", "KILL", "TYPE", "replica") == 1
    ours.set("b", "2")
    wait_until(lambda: theirs.get("b") == b"2", "the write")
    ours.flushall()
    wait_until(lambda: theirs.dbsize() == 0, "the flush")


def test_random_commands_arrive_at_redis_server(emulator, redis_server, seed):
    ours, theirs = follow(emulator, redis_server)
    made = play.commands(play.FAMILIES, random.Random(seed), rules.waits_or_grows)
    wire = emulator.connect()
    sent = [("CLIENT", "REPLY", "OFF"), *itertools.islice(made, 20000), ("CLIENT", "REPLY", "ON")]
    wire.send(b"".join(encode(*command) for command in sent))
    assert wire.reply() == "OK"
    # A write that surely waits to be acknowledged, in each database used.
    ours.set("last", "1")
    wait_until(lambda: theirs.get("last") == b"1", "the writes")
    different = [name for name in ours.scan_iter(count=1000) if value_of(ours, name) != value_of(theirs, name)]
    assert not different and ours.dbsize() == theirs.dbsize(), seed


def value_of(client, name):
    kind = client.type(name)
    if kind == b"string":
        value = client.get(name)  # of a HyperLogLog without the count that PFCOUNT keeps in it
        return value[:8] + value[16:] if value.startswith(b"HYLL") else value
    return kind, {b"list": lambda: client.lrange(name, 0, -1), b"set": lambda: sorted(client.smembers(name)),
                  b"hash": lambda: client.hgetall(name), b"zset": lambda: client.zrange(name, 0, -1, withscores=True),
                  b"stream": lambda: client.xrange(name)}[kind]()


def test_we_follow_redis_server(emulator, redis_server):
    ours, theirs = redis.Redis(port=emulator.port), redis.Redis(port=redis_server.port)
    theirs.set("a", "1")
    theirs.execute_command("RPUSH", "l", *map(str, range(1000)))
    ours.set("own", "lost")
    assert ours.replicaof("127.0.0.1", redis_server.port)
    wait_until(lambda: ours.info("replication").get("master_link_status") == "up", "the link")
    assert ours.get("a") == b"1" and ours.get("own") is None and ours.llen("l") == 1000
    assert ours.role()[0] == b"slave" and ours.role()[3] == b"connected"
    with pytest.raises(redis.exceptions.ReadOnlyError):
        ours.set("a", "2")
    theirs.set("b", "2", ex=100)
    redis.Redis(port=redis_server.port, db=3).hset("h", "f", "v")
    theirs.eval("redis.call('SADD', KEYS[1], 'a', 'b') return redis.call('SPOP', KEYS[1])", 1, "s")
    with theirs.pipeline() as transaction:
        transaction.incr("n").incr("n").execute()
    assert theirs.wait(1, 10000) == 1
    assert ours.get("n") == b"2" and 0 < ours.ttl("b") <= 100 and ours.smembers("s") == theirs.smembers("s")
    assert redis.Redis(port=emulator.port, db=3).hget("h", "f") == b"v"
    # A broken link is taken up again, with all that happened meanwhile.
    assert theirs.execute_command("CLIENT", "KILL", "TYPE", "replica") == 1
    theirs.set("c", "3")
    wait_until(lambda: ours.get("c") == b"3", "the write")
    assert ours.replicaof("NO", "ONE")
    assert ours.set("a", "9") and theirs.get("a") == b"1" and ours.role()[0] == b"master"


def test_a_primary_that_is_not_there_is_tried_again(emulator, redis_server):
    ours = redis.Redis(port=emulator.port)
    assert ours.replicaof("127.0.0.1", 1)
    wait_until(lambda: ours.info("replication")["master_link_status"] == "down", "the link")
    with pytest.raises(redis.exceptions.ResponseError, match="Invalid master port"):
        ours.execute_command("REPLICAOF", "127.0.0.1", "x")
    assert ours.replicaof("127.0.0.1", redis_server.port)
    wait_until(lambda: ours.info("replication")["master_link_status"] == "up", "the link")


def status(client, name):
    return client.info("replication").get(name)


def test_a_follower_that_lost_its_link_goes_on(emulator, redis_server):
    ours, theirs = follow(emulator, redis_server)
    ours.set("a", "1")
    other = redis.Redis(port=emulator.port, db=5)
    assert ours.wait(1, 10000) == 1
    for turn in range(3):
        assert ours.execute_command("CLIENT", "KILL", "TYPE", "replica") == 1
        with other.pipeline() as transaction:
            transaction.incr("n").rpush("l", "x" * 1000, turn).execute()
        ours.incr("n")
        wait_until(lambda: theirs.get("n") == str(turn + 1).encode(), "the write")
    assert redis.Redis(port=redis_server.port, db=5).llen("l") == 6
    figures = ours.info("stats")
    assert (figures["sync_full"], figures["sync_partial_ok"]) == (1, 3)
    assert status(ours, "repl_backlog_active") == 1 and status(ours, "repl_backlog_histlen") > 3000
    # More than is kept was missed: a copy again.
    ours.config_set("repl-backlog-size", 16384)
    theirs.config_set("repl-timeout", "5")
    theirs.replicaof("NO", "ONE")
    for number in range(50):
        ours.set("big", str(number) * 1000)
    theirs.replicaof("127.0.0.1", emulator.port)
    wait_until(lambda: theirs.get("big") == b"49" * 1000, "the copy")
    assert ours.info("stats")["sync_full"] == 2


def test_what_nobody_was_told_is_copied(start_emulator, redis_server):
    emulator = start_emulator("--profile", "redis", "--ephemeral", "--clock", "frozen")
    ours, theirs = redis.Redis(port=emulator.port), redis.Redis(port=redis_server.port)
    ours.config_set("repl-backlog-ttl", 10)
    theirs.replicaof("127.0.0.1", emulator.port)
    wait_until(lambda: status(theirs, "master_link_status") == "up", "the link")
    theirs.config_set("masterauth", "wrong")
    ours.config_set("requirepass", "secret")
    ours = redis.Redis(port=emulator.port, password="secret")
    assert ours.execute_command("CLIENT", "KILL", "TYPE", "replica") == 1
    wait_until(lambda: status(ours, "connected_slaves") == 0, "the end of the link")
    emulator.advance("9s")
    assert status(ours, "repl_backlog_active") == 1
    emulator.advance("1s")
    assert status(ours, "repl_backlog_active") == 0
    ours.set("a", "1")
    theirs.config_set("masterauth", "secret")
    wait_until(lambda: theirs.get("a") == b"1", "the copy")
    assert ours.info("stats")["sync_full"] == 2
    # And so is what came from elsewhere than commands.
    with ours.pipeline(transaction=False) as pipe:
        pipe.set("b", "2").execute()
    emulator.admin("POST", "/reset")
    wait_until(lambda: theirs.dbsize() == 0, "the flush")


@pytest.mark.parametrize("user", ["", "copier"])
def test_primaries_with_a_password(emulator, redis_server, user):
    ours, theirs = redis.Redis(port=emulator.port), redis.Redis(port=redis_server.port)
    theirs.set("a", "1")
    theirs.execute_command("ACL", "SETUSER", "copier", "on", ">copying", "+psync", "+replconf", "+ping")
    theirs.config_set("requirepass", "secret")
    theirs = redis.Redis(port=redis_server.port, password="secret")
    assert ours.replicaof("127.0.0.1", redis_server.port)
    wait_until(lambda: "replication failed" in emulator.log, "the refusal")
    assert status(ours, "master_link_status") == "down" and "NOAUTH" in emulator.log
    ours.config_set("masterauth", "wrong")
    ours.config_set("masteruser", user)
    wait_until(lambda: "WRONGPASS" in emulator.log, "the other refusal")
    ours.config_set("masterauth", "copying" if user else "secret")
    wait_until(lambda: status(ours, "master_link_status") == "up", "the link")
    assert ours.get("a") == b"1" and "secret" not in emulator.log and "copying" not in emulator.log
    assert theirs.info("replication")["slave0"]["port"] == emulator.port


def test_we_go_on_after_a_broken_link(emulator, redis_server):
    ours, theirs = redis.Redis(port=emulator.port), redis.Redis(port=redis_server.port)
    theirs.config_set("repl-diskless-sync-delay", 0)
    assert ours.replicaof("127.0.0.1", redis_server.port)
    wait_until(lambda: status(ours, "master_link_status") == "up", "the link")
    for turn in range(1, 4):
        assert theirs.execute_command("CLIENT", "KILL", "TYPE", "replica") == 1
        redis.Redis(port=redis_server.port, db=turn).rpush("l", "x" * 100000)
        theirs.incr("n")
        wait_until(lambda: ours.get("n") == str(turn).encode(), "the write")
        assert redis.Redis(port=emulator.port, db=turn).llen("l") == 1
    figures = theirs.info("stats")
    assert figures["sync_full"] == 1 and figures["sync_partial_ok"] == 3
    assert "goes on" in emulator.log


@pytest.fixture
def certificates(tmp_path):
    """ca.pem, and cert.pem with key.pem that it has signed."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=tmp_path, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca-key.pem", "-out", "ca.pem", "-subj", "/CN=tests", "-days", "2")
    openssl("req", *key, "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=node")
    openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-out",
            "cert.pem", "-days", "2")
    return tmp_path


def test_primaries_over_tls(emulator, certificates):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = RedisServer(certificates / "server", "--tls-port", str(port), "--tls-cert-file", str(certificates / "cert.pem"),
                         "--tls-key-file", str(certificates / "key.pem"), "--tls-ca-cert-file", str(certificates / "ca.pem"))
    ours, theirs = redis.Redis(port=emulator.port), redis.Redis(port=server.port)
    try:
        theirs.set("big", "x" * 3000000)
        ours.config_set("tls-replication", "yes")
        assert ours.replicaof("127.0.0.1", port)
        wait_until(lambda: "certificate verify failed" in emulator.log, "the refusal")
        ours.config_set("tls-ca-cert-file", str(certificates / "ca.pem"))
        ours.config_set("tls-cert-file", str(certificates / "cert.pem"))
        ours.config_set("tls-key-file", str(certificates / "key.pem"))
        wait_until(lambda: status(ours, "master_link_status") == "up", "the link")
        assert ours.get("big") == b"x" * 3000000
        theirs.set("a", "1")
        assert theirs.wait(1, 10000) == 1 and ours.get("a") == b"1"
        assert theirs.execute_command("CLIENT", "KILL", "TYPE", "replica") == 1
        theirs.set("a", "2")
        wait_until(lambda: ours.get("a") == b"2", "the write")
        assert theirs.info("stats")["sync_partial_ok"] == 1
    finally:
        ours.replicaof("NO", "ONE")
        server.stop()


def test_another_emulator_over_tls(emulator, start_emulator):
    primary = start_emulator("--profile", "redis", "--ephemeral")
    ours, theirs = redis.Redis(port=emulator.port), redis.Redis(port=primary.port)
    theirs.set("a", "1")
    ours.config_set("tls-replication", "yes")
    ours.config_set("tls-ca-cert-file", "/nosuch")
    assert ours.replicaof("localhost", primary.tls_port)
    wait_until(lambda: "cannot use tls-ca-cert-file /nosuch" in emulator.log, "the refusal")
    ours.config_set("tls-ca-cert-file", str(primary.ca_file))
    wait_until(lambda: status(ours, "master_link_status") == "up", "the link")
    assert ours.get("a") == b"1"
    theirs.set("a", "2")
    wait_until(lambda: ours.get("a") == b"2", "the write")


def history(client):
    """How the stream is called, how it was called before, and up to where."""
    return [status(client, name) for name in ("master_replid", "master_replid2", "second_repl_offset")]


def caught_up(follower, primary):
    """Both have come equally far in the same stream."""
    wait_until(lambda: status(follower, "master_link_status") == "up", "the link")
    assert primary.wait(1, 10000) >= 1
    wait_until(lambda: status(follower, "master_repl_offset") == status(primary, "master_repl_offset"), "the offset")
    assert history(follower) == history(primary)


@pytest.mark.parametrize("we_begin", [True, False], ids=["ours first", "theirs first"])
def test_primary_and_replica_change_places_without_a_copy(emulator, redis_server, we_begin):
    """The replica takes over, and the former primary goes on under the new name where it was."""
    first, second = (redis.Redis(port=each.port) for each in (emulator, redis_server)[::1 if we_begin else -1])
    redis.Redis(port=redis_server.port).config_set("repl-diskless-sync-delay", 0)
    ports = {first: emulator.port, second: redis_server.port} if we_begin else {first: redis_server.port, second: emulator.port}
    second.replicaof("127.0.0.1", ports[first])
    wait_until(lambda: status(second, "master_link_status") == "up", "the copy")
    first.set("a", "1")
    caught_up(second, first)
    old = status(first, "master_replid")
    assert second.replicaof("NO", "ONE")
    name, before, end = history(second)
    assert name != old and before == old and end == status(second, "master_repl_offset") + 1
    redis.Redis(port=ports[second], db=3).set("b", "2")
    first.replicaof("127.0.0.1", ports[second])
    wait_until(lambda: redis.Redis(port=ports[first], db=3).get("b") == b"2", "what was missed")
    assert first.get("a") == b"1"
    second.set("c", "3")
    caught_up(first, second)
    assert history(first) == [name, old, end]
    figures = second.info("stats")
    assert (figures["sync_full"], figures["sync_partial_ok"]) == (0, 1)


def test_a_replica_of_a_replica_hears_the_first_primary(emulator, redis_server, tmp_path):
    """We stand in the middle, and are promoted: whoever follows us goes on without another copy."""
    server = RedisServer(tmp_path / "last", "--repl-diskless-sync-delay", "0")
    top, ours, last = (redis.Redis(port=port) for port in (redis_server.port, emulator.port, server.port))
    try:
        top.config_set("repl-diskless-sync-delay", 0)
        top.rpush("l", *range(500))
        assert ours.replicaof("127.0.0.1", redis_server.port)
        wait_until(lambda: status(ours, "master_link_status") == "up", "our copy")
        last.replicaof("127.0.0.1", emulator.port)
        wait_until(lambda: status(last, "master_link_status") == "up", "the last copy")
        with top.pipeline() as transaction:
            transaction.set("big", "x" * 300000).spop("nothing").incr("n").execute()
        redis.Redis(port=redis_server.port, db=2).set("a", "1", ex=100)
        wait_until(lambda: redis.Redis(port=server.port, db=2).get("a") == b"1", "the writes")
        assert history(top) == history(ours) == history(last) and last.strlen("big") == 300000
        with pytest.raises(redis.exceptions.ResponseError, match="WAIT cannot be used with replica instances"):
            ours.wait(1, 0)
        assert ours.replicaof("NO", "ONE")
        redis.Redis(port=emulator.port, db=5).set("b", "2")
        wait_until(lambda: redis.Redis(port=server.port, db=5).get("b") == b"2", "the write")
        assert history(last) == history(ours) and status(ours, "master_replid2") == status(top, "master_replid")
        figures = ours.info("stats")
        assert (figures["sync_full"], figures["sync_partial_ok"]) == (1, 1)
        assert last.llen("l") == 500
    finally:
        server.stop()


def test_data_that_is_not_the_primarys_is_copied_anew(emulator, redis_server):
    """A reset from outside is in nobody's stream: once the link breaks, going on would leave it as it is."""
    ours, theirs = redis.Redis(port=emulator.port), redis.Redis(port=redis_server.port)
    theirs.config_set("repl-diskless-sync-delay", 0)
    theirs.set("a", "1")
    assert ours.replicaof("127.0.0.1", redis_server.port)
    wait_until(lambda: status(ours, "master_link_status") == "up", "the link")
    assert history(ours) == history(theirs)
    emulator.admin("POST", "/reset")
    assert ours.get("a") is None and status(ours, "master_replid") != status(theirs, "master_replid")
    assert theirs.execute_command("CLIENT", "KILL", "TYPE", "replica") == 1
    wait_until(lambda: ours.get("a") == b"1", "the copy")
    assert theirs.info("stats")["sync_full"] == 2 and history(ours) == history(theirs)

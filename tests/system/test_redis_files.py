"""ACL files and redis.conf of the redis profile: what they hold survives a restart, in Redis's format."""
import pytest
import redis

from harness.programs import RedisServer

USERS = "user bob on >secret ~a* +get\nuser default on nopass ~* &* +@all\n"
# What Redis says of each; it is asked itself. One with an open parenthesis crashes redis-server 7.0.15.
BAD_USERS = ["nonsense\n", "user\n", "user bob on +nosuch\n", "user bob on\n\nuser bob on\n", "user a b c\n", "# comment\n",
             "user a on +nosuch +nosuch2 bad worse\nuser b ~~x\nuser a on\n"]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "ours.acl").write_text(USERS)
    (tmp_path / "theirs.acl").write_text(USERS)
    return tmp_path


@pytest.fixture
def emulator(start_emulator, files):
    return start_emulator("--profile", "redis", "--redis-config", f"aclfile={files / 'ours.acl'}")


@pytest.fixture
def reference(files):
    server = RedisServer(files / "reference", "--aclfile", str(files / "theirs.acl"))
    yield server
    server.stop()


def said(server, *words):
    with server.connect() as wire:
        return wire.call(*words)


def test_acl_files_as_redis_keeps_them(emulator, reference, files):
    ours = redis.Redis(port=emulator.port, username="bob", password="secret")
    assert ours.get("a") is None and said(emulator, "ACL", "LIST") == said(reference, "ACL", "LIST")
    for server in emulator, reference:
        assert said(server, "ACL", "SETUSER", "eve", "on", ">p", "~*", "+@read", "(+set ~w*)", "sanitize-payload") == "OK"
        assert said(server, "ACL", "SAVE") == "OK"
    saved = (files / "ours.acl").read_text()
    assert sorted(saved.splitlines()) == sorted((files / "theirs.acl").read_text().splitlines())
    (files / "theirs.acl").write_text(saved)
    assert said(reference, "ACL", "LOAD") == "OK"
    (files / "ours.acl").write_text(USERS)
    with redis.Redis(port=emulator.port, username="eve", password="p").client() as eve:
        assert eve.get("a") is None
        assert said(emulator, "ACL", "LOAD") == "OK"
        with pytest.raises(redis.ConnectionError):
            eve.get("a")
    assert [line.split()[1] for line in said(emulator, "ACL", "LIST")] == ["bob", "default"]


@pytest.mark.parametrize("text", BAD_USERS)
def test_a_bad_acl_file_changes_nothing(emulator, reference, files, text):
    for server, name in (emulator, "ours"), (reference, "theirs"):
        (files / f"{name}.acl").write_text(text)
    ours, theirs = said(emulator, "ACL", "LOAD"), said(reference, "ACL", "LOAD")
    assert ours.replace("ours.acl", "theirs.acl") == theirs and "no change to the previously active" in ours
    assert [line.split()[1] for line in said(emulator, "ACL", "LIST")] == ["bob", "default"]


def test_acl_files_that_cannot_be_used(emulator, reference, files):
    (files / "ours.acl").write_text("user bob on (+get\n")
    assert "Unmatched parenthesis" in said(emulator, "ACL", "LOAD")
    for name in "ours", "theirs":
        (files / f"{name}.acl").unlink()
    assert said(emulator, "ACL", "LOAD").replace("ours.acl", "theirs.acl") == said(reference, "ACL", "LOAD")
    for name in "ours", "theirs":
        (files / f"{name}.acl").mkdir()
    assert said(emulator, "ACL", "SAVE") == said(reference, "ACL", "SAVE")


def test_config_rewrite_and_a_restart(start_emulator, tmp_path):
    emulator = start_emulator("--profile", "redis", "--redis-config", "hz=20", "--redis-config", "databases=4")
    client = redis.Redis(port=emulator.port)
    client.config_set("maxmemory", "100mb")
    client.config_set("save", "3600 1 300 100")
    client.config_set("notify-keyspace-events", "KEA")
    client.config_set("requirepass", 'a "b" \x01')
    client = redis.Redis(port=emulator.port, password='a "b" \x01')
    client.acl_setuser("bob", enabled=True, passwords=["+secret"], keys=["a*"], commands=["+get"])
    users = client.acl_list()
    assert client.execute_command("CONFIG", "REWRITE") == b"OK"
    file = client.info("server")["config_file"]
    emulator.stop()
    emulator.start("--profile", "redis", "--redis-config", "hz=30")
    client = redis.Redis(port=emulator.port, password='a "b" \x01')
    shown = client.config_get("*")
    assert (shown["maxmemory"], shown["save"], shown["hz"], shown["databases"]) == \
        ("104857600", "3600 1 300 100", "30", "4")
    assert client.config_get("notify-keyspace-events") == {"notify-keyspace-events": "AKE"}
    assert redis.Redis(port=emulator.port, username="bob", password="secret").get("a") is None
    assert [user for user in client.acl_list() if "bob" in user] == [user for user in users if "bob" in user]
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=emulator.port).ping()
    client.config_set("requirepass", "")
    assert redis.Redis(port=emulator.port).ping() and client.execute_command("CONFIG", "REWRITE") == b"OK"
    server = RedisServer(tmp_path / "server", "--include", file)
    try:
        theirs = redis.Redis(port=server.port)
        assert theirs.config_get("maxmemory") == {"maxmemory": "104857600"}
        assert [user for user in theirs.acl_list() if "bob" in user] == [user for user in users if "bob" in user]
    finally:
        server.stop()


def test_lines_that_are_wrong_are_left_out(start_emulator):
    emulator = start_emulator("--profile", "redis", "--redis-config", "maxmemory=1mb")
    client = redis.Redis(port=emulator.port)
    assert client.execute_command("CONFIG", "REWRITE") == b"OK"
    file = client.info("server")["config_file"]
    emulator.stop()
    with open(file, "a") as more:
        more.write('hz 33\nnosuch 1\nhz "\nuser eve on +nosuch\nport 1\n\n# hz 1\n')
    emulator.start("--profile", "redis")
    client = redis.Redis(port=emulator.port)
    assert client.config_get("hz") == {"hz": "33"} and client.acl_users() == ["default"]
    assert emulator.log.count("left out") == 4


def test_without_a_file(start_emulator):
    emulator = start_emulator("--profile", "redis", "--ephemeral")
    assert said(emulator, "CONFIG", "REWRITE") == "ERR The server is running without a config file"
    assert said(emulator, "ACL", "SAVE").startswith("ERR This Redis instance is not configured to use an ACL file.")

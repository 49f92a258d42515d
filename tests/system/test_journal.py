"""The request journal: what an application did, as a test reads and verifies it."""
import json
import re
import socket

import pytest

from harness.emulator import DEADLINE_SECONDS, ROOT
from harness.wire import ErrorReply


@pytest.fixture
def emulator(start_emulator):
    emulator = start_emulator("--clock", "frozen", "--offline")
    emulator.admin("DELETE", "/requests")
    return emulator


def requests(emulator, query=""):
    """Oldest first."""
    return emulator.admin("GET", "/requests" + query)["requests"][::-1]


def verify(emulator, *expectations):
    return emulator.admin("POST", "/requests/verify", list(expectations))


def test_redis_commands_are_recorded_by_name_and_key(emulator):
    wire = emulator.client()
    wire.call("CLIENT", "SETNAME", "web")
    wire.call("SELECT", "2")
    wire.call("SET", "session:1", "s3cret value", "EX", "60")
    wire.call("MSET", "a", "s3cret one", "b", "s3cret two")
    assert isinstance(wire.call("LPUSH", "session:1", "s3cret"), ErrorReply)
    assert isinstance(wire.call("NOSUCH", "s3cret"), ErrorReply)
    answer = emulator.admin("GET", "/requests?plane=redis")
    seen = answer["requests"][::-1]
    assert [r["operation"] for r in seen] == ["AUTH", "CLIENT SETNAME", "SELECT", "SET", "MSET", "LPUSH", "NOSUCH"]
    assert [r["outcome"] for r in seen] == ["ok", "ok", "ok", "ok", "ok", "WRONGTYPE", "ERR"]
    assert [r["keys"] for r in seen[3:]] == [["session:1"], ["a", "b"], ["session:1"], []]
    assert seen[3]["ttlMs"] == 60000 and seen[4]["ttlMs"] is None
    assert {r["database"] for r in seen[3:]} == {2}
    assert {r["cache"] for r in seen} == {"devcache"}
    assert {r.get("clientName") for r in seen[2:]} == {"web"}
    assert all(r["client"].startswith("127.0.0.1:") for r in seen) and seen[3]["durationMs"] >= 0
    text = json.dumps(answer)
    assert "s3cret" not in text and emulator.key not in text


def test_commands_in_transactions_and_scripts_are_told_apart(emulator):
    wire = emulator.client()
    wire.call("MULTI")
    wire.call("INCR", "n")
    wire.call("LPUSH", "n", "x")
    wire.call("EXEC")
    wire.call("EVAL", "redis.call('SET', KEYS[1], 'x') return redis.pcall('INCR', KEYS[1])", "1", "k")
    seen = [(r["operation"], r.get("inside"), r["outcome"]) for r in requests(emulator, "?plane=redis")][1:]
    assert seen == [("MULTI", None, "ok"), ("INCR", "transaction", "ok"), ("LPUSH", "transaction", "WRONGTYPE"),
                    ("EXEC", None, "ok"), ("SET", "script", "ok"), ("INCR", "script", "ERR"),
                    ("EVAL", None, "ERR")]


def test_a_waiting_command_is_recorded_once(emulator):
    wire, other = emulator.client(), emulator.client()
    wire.send(b"*3\r\n$5\r\nBLPOP\r\n$1\r\nq\r\n$1\r\n0\r\n")
    other.call("PING")
    while len(requests(emulator, "?command=BLPOP")) == 0:
        other.call("PING")
    other.call("LPUSH", "q", "job")
    assert wire.reply() == ["q", "job"]
    assert [r["outcome"] for r in requests(emulator, "?command=BLPOP")] == ["waiting"]


def test_every_plane_but_the_admin_api(emulator):
    emulator.create_cache("orders")
    emulator.request("GET", "/nowhere", host="management.azure.com")
    answer = emulator.request("GET", "http://example.com/path?sig=s3cret")
    assert answer.status == 403  # offline
    for text in (b"CONNECT login.microsoftonline.com:443 HTTP/1.1\r\n\r\n", b"\x00\x01garbage\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", emulator.https_port), DEADLINE_SECONDS) as sock:
            sock.sendall(text)
            assert sock.recv(4096)
    seen = {(r["plane"], r["operation"], r["outcome"]) for r in requests(emulator)}
    assert seen >= {
        ("entra", "oauth2/v2.0/token", "200"),
        ("arm", "Microsoft.Cache/redis/write", "201"),
        ("arm", "Microsoft.Cache/redis/listKeys/action", "200"),
        ("proxy", "CONNECT", "200"),
        ("http", "malformed", "400"),
    }, seen
    assert not [r for r in requests(emulator) if r["plane"] == "admin" or "_redurite" in r.get("path", "")]
    assert "s3cret" not in json.dumps(requests(emulator))
    one = requests(emulator, "?operation=Microsoft.Cache/redis/write&outcome=201")
    assert [r["method"] for r in one] == ["PUT"] and one[0]["path"].endswith("/redis/orders")


def test_nothing_is_recorded_of_redis_before_somebody_asks(start_emulator):
    emulator = start_emulator()
    wire = emulator.client()
    wire.call("GET", "a")
    assert [r["operation"] for r in requests(emulator, "?plane=redis")] == ["AUTH"]
    body = [{"match": {"command": "KEYS"}, "never": True}]
    error = emulator.admin("POST", "/requests/verify", body, status=400)["error"]
    assert "--record-commands" in error["message"] and "DELETE /_redurite/requests" in error["message"]
    assert verify(emulator, {"match": {"plane": "arm"}, "never": True})["passed"]
    assert emulator.admin("DELETE", "/requests")["commandsRecorded"] is True
    wire.call("GET", "a")
    assert [r["operation"] for r in requests(emulator)] == ["GET"]
    assert emulator.admin("DELETE", "/requests?commands=off")["commandsRecorded"] is False
    wire.call("GET", "a")
    assert requests(emulator) == []
    emulator.restart("--record-commands")
    emulator.client().call("GET", "b")
    assert [r["operation"] for r in requests(emulator)] == ["AUTH", "GET"]


def test_expectations_say_what_failed_and_what_was_near(emulator):
    wire = emulator.client()
    for key in ("user:1", "user:1", "user:2"):
        wire.call("GET", key)
    wire.call("SET", "a", "1", "EX", "5")
    wire.call("SET", "b", "1")
    wire.call("KEYS", "*")
    good = verify(emulator, {"match": {"plane": "redis", "command": "GET", "key": "user:1"}, "exactly": 2},
                  {"match": {"command": "@write"}, "atMost": 2}, {"match": {"command": "FLUSHALL"}, "never": True})
    assert good["passed"] and [r["count"] for r in good["results"]] == [2, 2, 0]
    bad = verify(emulator, {"name": "no scans", "match": {"command": "KEYS"}, "never": True},
                 {"match": {"command": "SET"}, "every": {"ttl": True}},
                 {"match": {"command": "GET", "key": "user:3"}})
    assert not bad["passed"] and [r["passed"] for r in bad["results"]] == [False] * 3
    scan, ttl, missing = bad["results"]
    assert scan["name"] == "no scans" and scan["matched"][0]["operation"] == "KEYS"
    assert [r["keys"] for r in ttl["offending"]] == [["b"]] and "1 of 2 had not" in ttl["message"]
    assert missing["near"][0]["keys"] == ["user:2"] and missing["near"][0]["differsIn"] == "key"
    error = emulator.admin("POST", "/requests/verify", {"match": {"comand": "GET"}}, status=400)["error"]
    assert "did you mean 'command'?" in error["message"]
    assert "did you mean 'plane'?" in emulator.admin("GET", "/requests?plan=arm", status=400)["error"]["message"]
    # A number stands for its digits; what has others than those of a whole number is not taken for one.
    for number in (1e300, -1e300, 200.5):
        body = {"match": {"outcome": number}, "never": True}
        error = emulator.admin("POST", "/requests/verify", body, status=400)["error"]
        assert "'outcome' must be a text" in error["message"]
    emulator.request("GET", "/nowhere", host="management.azure.com")
    assert verify(emulator, {"match": {"plane": "arm", "outcome": 401}, "exactly": 1})["passed"]


def read_events(stream, count):
    """The data of so many events."""
    events = []
    for line in stream:
        if line.startswith(b"data: "):
            events.append(json.loads(line[6:]))
        if len(events) == count:
            return events
    raise AssertionError(f"the stream ended after {events}")


def follow(emulator, query, **headers):
    sock = socket.create_connection(("127.0.0.1", emulator.https_port), DEADLINE_SECONDS)
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    sock.sendall(f"GET /_redurite/events{query} HTTP/1.0\r\nHost: localhost\r\n{lines}\r\n".encode())
    stream = sock.makefile("rb")
    while stream.readline() != b": requests as they come\n":
        pass
    return stream


def test_events_follow_and_continue(start_emulator):
    emulator = start_emulator()
    with follow(emulator, "?plane=redis&command=SET") as stream:
        wire = emulator.client()  # someone listens: commands are recorded
        wire.call("GET", "a")
        wire.call("SET", "a", "1")
        first, = read_events(stream, 1)
        assert first["operation"] == "SET" and first["keys"] == ["a"]
    wire.call("SET", "b", "1")
    with follow(emulator, "?command=SET", Last_Event_ID=first["id"]) as stream:
        wire.call("SET", "c", "1")
        assert [e["keys"] for e in read_events(stream, 2)] == [["b"], ["c"]]
    assert emulator.request("HEAD", "/_redurite/events").status == 200
    assert emulator.request("GET", "/_redurite/events?plan=x").status == 400


def test_reset_begins_the_record_anew(emulator):
    wire = emulator.client()
    wire.call("GET", "a")
    emulator.admin("POST", "/reset")
    assert requests(emulator) == []
    wire.call("GET", "b")
    assert [r["keys"] for r in requests(emulator)] == [["b"]]


def test_commands(emulator, tmp_path):
    wire = emulator.client()
    assert emulator.run("requests", "clear").returncode == 0
    wire.call("GET", "user:1")
    wire.call("SET", "a", "s3cret")
    listed = emulator.run("requests", "list", "plane=redis", "key=user:*")
    assert listed.returncode == 0 and listed.stdout.split()[1:5] == ["redis", "GET", "user:1", "ok"], listed
    assert len(json.loads(emulator.run("requests", "list", "--json").stdout)["requests"]) == 2
    file = tmp_path / "expectations.json"
    file.write_text(json.dumps([{"match": {"command": "GET"}, "exactly": 1}]))
    assert emulator.run("requests", "verify", file).returncode == 0
    file.write_text(json.dumps([{"name": "expiry", "match": {"command": "SET"}, "every": {"ttl": True}},
                                {"match": {"command": "GET", "key": "user:2"}}]))
    done = emulator.run("requests", "verify", file)
    assert done.returncode == 1 and "failed: expiry: expected every request" in done.stdout, done
    assert "did not comply: " in done.stdout and "was near: " in done.stdout and "user:1" in done.stdout
    for words, status, text in ((("list", "plane"), 2, "'plane'"), (("list", "plan=x"), 1, "did you mean 'plane'?"),
                                (("verify", tmp_path / "none"), 1, "none"), (("verify",), 2, "FILE"), ((), 2, "list")):
        done = emulator.run("requests", *words)
        assert done.returncode == status and text in done.stderr and len(done.stderr.splitlines()) == 1, done


def test_the_documented_expectations_and_conditions(emulator):
    text = (ROOT / "docs" / "requests.md").read_text()
    wire = emulator.client()
    for words in (("GET", "user:1"), ("GET", "user:1"), ("SET", "a", "1", "EX", "5")):
        wire.call(*words)
    body = json.loads(re.search(r"```json\n(.*?)```", text, re.S)[1])
    answer = emulator.admin("POST", "/requests/verify", body)
    assert answer["passed"], answer
    table = text[text.index("| condition | about |"):text.index("## Expectations")]
    names = [name for line in table.strip().splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])]
    assert len(names) >= 14
    unknown = emulator.admin("GET", "/requests?nonsensicalquestion=1", status=400)["error"]["message"]
    assert sorted(names) == sorted(unknown.split("there are ")[1].replace(", limit", "").split(", "))

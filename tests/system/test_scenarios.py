"""The engine of scenarios: shipped and own ones, timelines, several at a time, and what is refused."""
import json
import re

import pytest

from harness.emulator import ROOT, run_binary
from harness.scenarios import FOLDER, NAMES, document, play

OWN = {
    "name": "own", "title": "One of our own", "story": "It was a dark night.", "observe": ["GET is slow"],
    "fix": "Wait.",
    "steps": [
        {"at": "10s", "say": "it begins", "fault": {"id": "a", "plane": "redis", "type": "error",
                                                    "attributes": {"error": "ERR dark"}, "match": {"command": "GET"}}},
        {"at": "20s", "remove": "a", "expect": {"match": {"command": "GET", "outcome": "ERR"}, "atLeast": 1}},
        {"when": {"plane": "redis", "command": "SET", "key": "go:*"}, "count": 2, "wait": "5s",
         "fault": {"plane": "redis", "type": "readonly"}},
    ],
    "solved": [{"match": {"command": "GET", "outcome": "ok"}, "atLeast": 1}],
}


@pytest.fixture
def emulator(start_emulator):
    return start_emulator("--clock", "frozen")


def test_each_shipped_scenario_tells_its_story_and_leaves_no_trace(emulator):
    listed = emulator.admin("GET", "/scenarios")["scenarios"]
    assert [s["name"] for s in listed] == NAMES and len(NAMES) >= 25
    assert all(s["shipped"] and not s["running"] for s in listed)
    before = emulator.admin("GET", "/state")["arm"]
    for name in NAMES:
        shown = emulator.admin("GET", f"/scenarios/{name}")
        assert shown.pop("running") is None and shown == document(name)
        assert all(shown[part] for part in ("title", "story", "observe", "fix")), name
        with play(emulator, name) as scenario:
            assert "failed" not in scenario.steps, scenario.show()
    assert {r["id"]: r for r in emulator.admin("GET", "/state")["arm"]["resources"]}.keys() == \
        {r["id"]: r for r in before["resources"]}.keys()


def test_each_shipped_scenario_is_played_with_a_real_client():
    tests = "".join(file.read_text() for file in (ROOT / "tests" / "system").glob("test_scenarios_*.py"))
    assert set(re.findall(r'play\(\w+, "([a-z0-9-]+)"', tests)) == set(NAMES)


def test_a_timeline_of_our_own(emulator):
    emulator.admin("POST", "/scenarios", OWN, status=201)
    wire = emulator.client()
    emulator.admin("POST", "/scenarios/own/start")
    assert wire.call("GET", "a") is None
    emulator.advance("10s")
    assert wire.call("GET", "a") == "ERR dark"
    shown = emulator.admin("GET", "/scenarios/own")["running"]
    assert [s["state"] for s in shown["steps"]] == ["done", "waiting", "waiting"] and shown["solved"] is True
    emulator.advance("10s")
    assert wire.call("GET", "a") is None
    assert [s["state"] for s in emulator.admin("GET", "/scenarios/own")["running"]["steps"]][1] == "done"
    for key in ("go:1", "stay", "go:2"):
        assert wire.call("SET", key, "x") == "OK"
    emulator.advance("4s")
    assert wire.call("SET", "a", "x") == "OK"
    emulator.advance("1s")
    assert wire.call("SET", "a", "x").startswith("READONLY")
    ended = emulator.admin("POST", "/scenarios/own/stop")
    assert [s["state"] for s in ended["running"]["steps"]] == ["done"] * 3
    assert wire.call("SET", "a", "x") == "OK"
    assert emulator.admin("GET", "/scenarios/own")["running"] is None


def test_an_expectation_that_does_not_hold_is_told(emulator):
    emulator.admin("POST", "/scenarios", OWN, status=201)
    emulator.admin("POST", "/scenarios/own/start")
    emulator.advance("1m")
    step = emulator.admin("GET", "/scenarios/own")["running"]["steps"][1]
    assert step["state"] == "failed" and "there were 0" in step["message"]


def test_several_run_beside_each_other_and_beside_other_faults(emulator):
    emulator.admin("POST", "/faults", {"id": "mine", "plane": "redis", "type": "oom", "match": {"command": "INCR"}},
                   status=201)
    wire = emulator.client()
    for name in ("slow-keys-command", "restarted-node-loads", "lost-answers"):
        emulator.admin("POST", f"/scenarios/{name}/start")
    assert wire.call("GET", "a").startswith("LOADING")
    assert emulator.request("POST", "/_redurite/scenarios/lost-answers/start").status == 409
    emulator.admin("POST", "/scenarios/restarted-node-loads/stop")
    assert wire.call("GET", "a") is None
    emulator.admin("POST", "/scenarios/slow-keys-command/stop")
    emulator.admin("POST", "/scenarios/lost-answers/stop")
    assert [rule["id"] for rule in emulator.admin("GET", "/faults")["faults"]] == ["mine"]
    assert emulator.request("POST", "/_redurite/scenarios/lost-answers/stop").status == 409


def test_only_one_cache_suffers(start_emulator):
    emulator = start_emulator("--clock", "frozen", "--provisioning", "instant")
    keys = emulator.create_cache("other")
    emulator.admin("POST", "/scenarios/restarted-node-loads/start", {"cache": "other"})
    assert emulator.client().call("GET", "a") is None
    wire = emulator.connect(tls=True)
    assert wire.call("AUTH", keys["primaryKey"]) == "OK" and wire.call("GET", "a").startswith("LOADING")
    answer = emulator.request("POST", "/_redurite/scenarios/lost-answers/start", {"cache": "none"})
    assert answer.status == 404 and "no cache 'none'" in answer.json["error"]["message"]
    for body in ({"cache": 5}, {"cash": "other"}, ["other"]):
        assert emulator.request("POST", "/_redurite/scenarios/lost-answers/start", body).status == 400
    assert emulator.request("POST", "/_redurite/scenarios/lost-answers/start", {"cash": "other"}).status == 400


def test_reset_ends_them_and_the_options_begin_them(start_emulator, tmp_path):
    file = tmp_path / "own.json"
    file.write_text(json.dumps(OWN))
    emulator = start_emulator("--clock", "frozen", "--scenario", "restarted-node-loads", "--scenario", file)

    def running():
        return [s["name"] for s in emulator.admin("GET", "/scenarios")["scenarios"] if s["running"]]

    assert running() == ["own", "restarted-node-loads"]
    emulator.admin("POST", "/scenarios/restarted-node-loads/stop")
    emulator.admin("POST", "/scenarios/lost-answers/start")
    emulator.admin("POST", "/reset")
    assert running() == ["own", "restarted-node-loads"]
    assert emulator.client().call("GET", "a").startswith("LOADING")


def test_commands(emulator, tmp_path):
    listed = emulator.run("scenario", "list")
    assert listed.returncode == 0 and re.search(r"^quota-exceeded +The subscription", listed.stdout, re.M)
    started = emulator.run("scenario", "start", "memory-pressure", "--cache", "devcache")
    assert started.returncode == 0 and "The fix" in started.stdout and "memory is full" in started.stdout
    assert emulator.client().call("SET", "a", "x").startswith("OOM")
    shown = emulator.run("scenario", "show", "memory-pressure")
    assert re.search(r"step 1 +done +memory is full", shown.stdout) and "Not solved yet: expected" in shown.stdout
    told = json.loads(emulator.run("scenario", "show", "memory-pressure", "--json").stdout)
    assert told["running"]["cache"] == "devcache"
    file = tmp_path / "own.json"
    file.write_text(json.dumps(OWN))
    assert emulator.run("scenario", "start", file).returncode == 0
    assert emulator.run("scenario", "stop", "all").returncode == 0
    assert emulator.client().call("SET", "a", "x") == "OK"
    for words, status, text in ((("start", "memory-presure"), 1, "memory-presure"), (("stop", "own"), 1, "own"),
                                (("start",), 2, "NAME|FILE"), (("begin", "x"), 2, "list | show"),
                                (("start", tmp_path / "none.json"), 1, "none.json")):
        done = emulator.run("scenario", *words)
        assert done.returncode == status and text in done.stderr and len(done.stderr.splitlines()) == 1, done
    bad = run_binary("start", "--redis-port", "0", "--redis-tls-port", "0", "--https-port", "0", "--data-dir", tmp_path,
                     "--scenario", "memory-presure")
    assert bad.returncode == 1 and "did you mean 'memory-pressure'?" in bad.stderr


def changed(**parts):
    return {**OWN, **parts}


@pytest.mark.parametrize("body,words", [
    (changed(naem="x"), "'naem'; did you mean 'name'?"),
    (changed(name="No Spaces"), "'name' must be"),
    (changed(name="../etc"), "'name' must be"),
    (changed(title=""), "'title'"),
    (changed(observe=[1]), "'observe'"),
    (changed(steps=[]), "'steps'"),
    (changed(steps=[{"at": "0s"}] * 201), "'steps'"),
    (changed(steps=[{}]), "step 1: it needs 'at' or 'when'"),
    (changed(steps=[{"at": "0s", "when": {}}]), "step 1: it needs 'at' or 'when'"),
    (changed(steps=[{"at": "-5s"}]), "step 1: 'at' must be a duration"),
    (changed(steps=[{"at": "9999999999999999h"}]), "step 1: 'at' must be a duration"),
    (changed(steps=[{"at": "0s"}, {"at": "1s", "falt": {}}]), "step 2: it has no 'falt'; did you mean 'fault'?"),
    (changed(steps=[{"at": "0s", "fault": {"plane": "redis", "type": "eror"}}]), "did you mean 'error'?"),
    (changed(steps=[{"at": "0s", "fault": [{"id": "A B", "plane": "redis", "type": "oom"}]}]), "'id'"),
    (changed(steps=[{"at": "0s", "remove": "nothing"}]), "step 1: 'remove'"),
    (changed(steps=[{"at": "0s", "clock": {"mode": "sideways"}}]), "step 1: 'clock'"),
    (changed(steps=[{"at": "0s", "clock": {"advance": "soon"}}]), "'advance'"),
    (changed(steps=[{"when": {"comand": "GET"}}]), "did you mean 'command'?"),
    (changed(steps=[{"when": {"command": "GET"}, "count": 0}]), "'count'"),
    (changed(steps=[{"at": "0s", "expect": {"match": {}, "exactly": -1}}]), "'exactly'"),
    (changed(solved=[{"never": True}]), "needs 'match'"),
    ([], "must be an object"),
])
def test_malformed_scenarios_are_refused(emulator, body, words):
    answer = emulator.request("POST", "/_redurite/scenarios", body)
    assert answer.status == 400 and words in answer.json["error"]["message"], answer
    assert emulator.request("GET", "/_redurite/scenarios/own").status == 404
    assert emulator.admin("GET", "/faults")["faults"] == []


def test_files_are_named_as_their_scenarios():
    for name in NAMES:
        assert document(name)["name"] == name
        text = (FOLDER / f"{name}.json").read_text()
        assert text == json.dumps(document(name), indent=2, ensure_ascii=False) + "\n"

"""The faults' admin API, its command line, and faults in status, snapshots and the journal."""
import json

from harness.faults import fault, redis_py, shown

READONLY = {"id": "ro", "type": "readonly", "match": {"cache": "devcache"}}


def test_the_whole_life_of_a_rule(emulator):
    added = emulator.admin("POST", "/faults", {**READONLY, "startAfter": "10s", "duration": "1m"}, status=201)
    assert added["plane"] == "redis" and added["active"] is False and added["hits"] == added["fired"] == 0
    assert emulator.admin("GET", "/faults/ro") == added
    assert emulator.admin("GET", "/faults")["faults"] == [added]
    wire = emulator.client()
    assert wire.call("SET", "a", "1") == "OK"
    emulator.advance("10s")
    assert wire.call("SET", "a", "1").startswith("READONLY")
    assert emulator.admin("PATCH", "/faults/ro", {"enabled": False})["active"] is False
    assert wire.call("SET", "a", "1") == "OK"
    assert emulator.admin("PATCH", "/faults/ro", {"enabled": True, "attributes": {"error": "READONLY now"}})["active"]
    assert wire.call("SET", "a", "1") == "READONLY now"
    emulator.advance("1m")
    assert wire.call("SET", "a", "1") == "OK"
    over = emulator.admin("GET", "/faults/ro")
    assert over["active"] is False and over["fired"] == 2
    assert emulator.admin("DELETE", "/faults/ro")["fired"] == 2
    assert emulator.admin("GET", "/faults/ro", status=404)["error"]["code"] == "FaultNotFound"
    assert emulator.admin("DELETE", "/faults/ro", status=404)


def test_bad_rules_are_refused_by_name(emulator):
    for rule, words in (({"type": "readonli"}, "did you mean 'readonly'?"),
                        ({"type": "readonly", "proba": 1}, "unknown field 'proba'"),
                        ({"type": "readonly", "match": {"vault": "x"}}, "plane redis is not matched by 'vault'"),
                        ([], None), (7, "must be a JSON object"), (None, "must be a JSON object")):
        answer = emulator.request("POST", "/_redurite/faults", rule)
        if words is None:
            assert answer.status == 201 and answer.json == []
        else:
            assert answer.status == 400 and words in answer.json["error"]["message"], answer
    emulator.admin("POST", "/faults", READONLY, status=201)
    assert emulator.admin("POST", "/faults", READONLY, status=409)["error"]["code"] == "FaultExists"
    assert emulator.admin("PATCH", "/faults/ro", {"times": -1}, status=400)
    assert shown(emulator, "ro")["enabled"]


def test_types_are_listed(emulator):
    types = emulator.admin("GET", "/fault-types")["types"]
    assert len(types) > 80
    assert all(each["planes"] and each["summary"] for each in types)


def test_the_command_line(emulator):
    added = emulator.run("fault", "add", "readonly", "cache=devcache", "command=SET,DEL", "times=2", "id=ro",
                         "duration=1m")
    assert added.returncode == 0, added.stderr
    rule = shown(emulator, "ro")
    assert rule["match"] == {"cache": "devcache", "command": ["SET", "DEL"]} and rule["times"] == 2
    assert emulator.run("fault", "add", json.dumps({"id": "two", "type": "oom"})).returncode == 0
    assert emulator.run("fault", "add", "token_lifetime", "id=five", "lifetime=5m").returncode == 0
    assert shown(emulator, "five")["attributes"] == {"lifetime": "5m"}
    assert emulator.run("fault", "remove", "five").returncode == 0
    file = emulator.directory / "rules.json"
    file.write_text(json.dumps([{"id": "three", "type": "oom"}, {"id": "four", "type": "busy"}]))
    assert emulator.run("fault", "add", file).returncode == 0
    listed = emulator.run("fault", "list")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["ro", "two", "three", "four"]
    assert json.loads(emulator.run("fault", "list", "--json").stdout)["faults"][0]["id"] == "ro"
    status = emulator.run("status")
    assert "4 active" in status.stdout and "readonly" in status.stdout
    assert emulator.run("fault", "remove", "two").returncode == 0
    missing = emulator.run("fault", "remove", "two")
    assert missing.returncode == 1 and "no fault 'two'" in missing.stderr
    wrong = emulator.run("fault", "add", "readonli")
    assert wrong.returncode == 1 and "did you mean 'readonly'?" in wrong.stderr
    assert emulator.run("fault", "add", "readonly", "nonsense").returncode == 2
    assert emulator.run("fault", "remove").returncode == 2
    assert emulator.run("fault", "frobnicate").returncode == 2
    assert "latency" in emulator.run("fault", "types").stdout
    assert emulator.run("fault", "clear").returncode == 0
    assert emulator.admin("GET", "/faults")["faults"] == []


def test_snapshots_keep_faults_and_reset_drops_them(emulator):
    emulator.admin("POST", "/faults", {**READONLY, "duration": "10m"}, status=201)
    wire = emulator.client()
    assert wire.call("SET", "a", "1").startswith("READONLY")
    saved = emulator.admin("GET", "/state")
    emulator.admin("POST", "/reset", {})
    assert emulator.admin("GET", "/faults")["faults"] == []
    assert emulator.client().call("SET", "a", "1") == "OK"
    emulator.admin("PUT", "/state", saved)
    assert shown(emulator, "ro")["fired"] == 1 and shown(emulator, "ro")["active"]
    assert emulator.client().call("SET", "a", "1").startswith("READONLY")
    emulator.advance("10m")
    assert emulator.client().call("SET", "a", "1") == "OK"
    saved["faults"][0]["rule"]["type"] = "unheard-of"
    answer = emulator.admin("PUT", "/state", saved, status=400)
    assert "unheard-of" in answer["error"]["message"]
    assert shown(emulator, "ro")["type"] == "readonly"


def test_the_journal_names_the_fault(emulator):
    client = redis_py(emulator)
    with fault(emulator, "readonly", id="blamed", match={"command": "SET"}):
        try:
            client.set("a", "1")
        except Exception:
            pass
        client.get("a")
    entries = emulator.admin("GET", "/requests?plane=redis")["requests"]
    blamed = [entry for entry in entries if entry.get("fault") == "blamed"]
    assert [entry["operation"].upper() for entry in blamed] == ["SET"] and blamed[0]["outcome"] == "READONLY"

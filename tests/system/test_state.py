"""What survives: a restart keeps everything, --ephemeral nothing, a kill at any moment leaves whole files."""
import random
import signal
import threading

import pytest

from harness.emulator import wait_until
from harness.wire import Closed

CACHE_BODY = {"location": "westus2", "properties": {"sku": {"name": "Basic", "family": "C", "capacity": 0}}}


def state_files(emulator):
    """Saved resources and data, without certificates and keys."""
    return [f for f in emulator.data.rglob("*") if f.is_file() and f.suffix in (".json", ".rdb")]


def test_restart_keeps_resources_keys_and_data(start_emulator):
    emulator = start_emulator("--provisioning", "instant")
    keys = emulator.create_cache("kept", tags={"env": "dev"})
    emulator.arm("POST", emulator.cache_path("kept") + "/regenerateKey", {"keyType": "Primary"})
    keys = emulator.arm("POST", emulator.cache_path("kept") + "/listKeys").json
    before = emulator.arm("GET", emulator.cache_path("kept")).json
    wire = emulator.client(tls=True, key=keys["primaryKey"])
    binary = bytes(range(256)) * 50
    assert wire.call("SET", "text", "Grüße") == "OK"
    assert wire.call("SET", b"binary \xff\0key", binary) == "OK"
    assert wire.call("SET", "number", "12345678901") == "OK"
    assert wire.call("SET", "lasting", "x", "EX", "100000") == "OK"
    assert wire.call("SET", "fleeting", "x", "PX", "1") == "OK"
    assert wire.call("SELECT", "3") == "OK" and wire.call("SET", "third", "database") == "OK"
    emulator.client().call("SET", "of", "devcache")
    authority = emulator.ca_file and open(emulator.ca_file).read()

    emulator.restart()
    assert open(emulator.ca_file).read() == authority
    after = emulator.arm("GET", emulator.cache_path("kept")).json
    for name in ("hostName", "port", "sslPort"):  # local host names come with this run's ports
        before["properties"].pop(name), after["properties"].pop(name)
    assert after == before
    assert emulator.arm("POST", emulator.cache_path("kept") + "/listKeys").json == keys
    wire = emulator.client(tls=True, key=keys["primaryKey"])
    assert wire.call("GET", "text") == "Grüße"
    wire.send(b"*2\r\n$3\r\nGET\r\n$12\r\nbinary \xff\0key\r\n")
    assert wire._line() == b"$12800" and wire._exactly(12800) == binary
    assert wire.call("INCR", "number") == 12345678902
    assert 99000 < wire.call("TTL", "lasting") <= 100000
    assert wire.call("EXISTS", "fleeting") == 0
    assert wire.call("SELECT", "3") == "OK" and wire.call("GET", "third") == "database"
    assert emulator.client().call("GET", "of") == "devcache"
    # And once more, from what the second run saved.
    emulator.restart()
    assert emulator.client(tls=True, key=keys["primaryKey"]).call("GET", "number") == "12345678902"


def test_restart_in_the_middle_of_an_operation(start_emulator):
    emulator = start_emulator("--clock", "frozen", "--provisioning", "realistic")
    emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01")
    assert emulator.arm("PUT", emulator.cache_path("half"), CACHE_BODY).status == 201
    emulator.restart()
    assert emulator.arm("GET", emulator.cache_path("half")).json["properties"]["provisioningState"] == "Creating"
    emulator.advance("30m")
    assert emulator.arm("GET", emulator.cache_path("half")).json["properties"]["provisioningState"] == "Succeeded"
    key = emulator.arm("POST", emulator.cache_path("half") + "/listKeys").json["primaryKey"]
    assert emulator.client(tls=True, key=key).call("PING") == "PONG"


def test_deleted_cache_leaves_no_data(start_emulator):
    emulator = start_emulator("--provisioning", "instant")
    keys = emulator.create_cache("again")
    emulator.client(tls=True, key=keys["primaryKey"]).call("SET", "a", "old")
    assert emulator.arm("DELETE", emulator.cache_path("again")).status in (200, 202, 204)
    emulator.restart()
    assert emulator.arm("GET", emulator.cache_path("again")).status == 404
    newer = emulator.create_cache("again")
    assert newer["primaryKey"] != keys["primaryKey"]
    assert emulator.client(tls=True, key=newer["primaryKey"]).call("EXISTS", "a") == 0


def test_ephemeral_keeps_only_the_authority(start_emulator):
    emulator = start_emulator("--ephemeral", "--provisioning", "instant")
    emulator.create_cache("lost")
    emulator.client().call("SET", "a", "b")
    authority = open(emulator.ca_file).read()
    emulator.restart()
    assert open(emulator.ca_file).read() == authority
    assert emulator.arm("GET", emulator.cache_path("lost")).status == 404
    assert emulator.client().call("EXISTS", "a") == 0
    assert state_files(emulator) == []


def test_second_emulator_in_the_same_directory_is_refused(start_emulator):
    emulator = start_emulator()
    second = emulator.run("start", "--redis-port", "0", "--redis-tls-port", "0", "--https-port", "0",
                          "--data-dir", emulator.data, timeout=20)
    assert second.returncode == 1
    assert str(emulator.data) in second.stderr and len(second.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "flipped"])
@pytest.mark.parametrize("suffix", [".json", ".rdb"])
def test_corrupt_file_is_named_and_kept(start_emulator, suffix, damage):
    emulator = start_emulator("--provisioning", "instant")
    emulator.create_cache("c1")
    wire = emulator.client()
    for number in range(100):
        wire.call("SET", f"key:{number}", "value" * 20)
    emulator.stop()
    files = [f for f in state_files(emulator) if f.suffix == suffix and f.stat().st_size > 300]
    assert files
    for file in files:
        data = file.read_bytes()
        middle = len(data) // 2
        file.write_bytes({"cut": data[:middle], "noise": random.Random(1).randbytes(len(data)), "empty": b"",
                          "flipped": data[:middle] + bytes(b ^ 0x55 for b in data[middle:middle + 40]) + data[middle + 40:]
                          }[damage])
    damaged = {file: file.read_bytes() for file in files}
    emulator.start()
    for file, data in damaged.items():
        assert file.name in emulator.log
        assert data in [f.read_bytes() for f in file.parent.iterdir() if f.name != file.name and f.is_file()]
    # It works all the same, and what it saves now is good.
    keys = emulator.devcache
    assert emulator.client(key=keys["primaryKey"]).call("SET", "after", "damage") == "OK"
    emulator.restart()
    assert emulator.client().call("GET", "after") == "damage"


def test_whole_after_sigkill_at_any_moment(start_emulator):
    """50 kills in the middle of writing: each time the files load, pairs written in one transaction
    are equal, and nothing falls behind what an earlier run had already loaded."""
    chance = random.Random(50)
    emulator = start_emulator("--provisioning", "instant")
    emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01")
    emulator.restart()
    loaded = 0
    for turn in range(50):
        wire = emulator.client()
        first, second = wire.call("GET", "pair:a"), wire.call("GET", "pair:b")
        assert first == second, turn
        assert int(first or 0) >= loaded, turn
        loaded = int(first or 0)
        ballast = wire.call("GET", "ballast")
        assert ballast is None or set(ballast) == {ballast[0]}, turn
        assert emulator.arm("GET", "/resourcegroups/tests", version="2021-04-01").status == 200
        assert "corrupt" not in emulator.log and "damaged" not in emulator.log

        killer = threading.Timer(chance.uniform(0.001, 0.15), emulator.process.send_signal, [signal.SIGKILL])
        killer.start()
        try:
            for step in range(1000000):
                for words in (["MULTI"], ["INCR", "pair:a"], ["INCR", "pair:b"],
                              ["SET", "ballast", chr(97 + step % 26) * 20000], ["EXEC"]):
                    wire.call(*words)
                if step % 20 == 0:
                    emulator.arm("PUT", f"/resourcegroups/g{step % 7}", {"location": "westus2", "tags": {"n": str(step)}},
                                 "2021-04-01")
        except (Closed, OSError, AssertionError):
            pass
        finally:
            killer.join()
        emulator.process.wait(10)
        emulator.process = None
        emulator.start()


def test_saved_before_long_without_a_stop(start_emulator):
    """A kill loses at most the short delay before a save: once written, never lost."""
    emulator = start_emulator()
    wire = emulator.client()
    assert wire.call("SET", "a", "b") == "OK"
    # The delay before a save is of the process, not of the emulator's clock, so wait for its effect.
    wait_until(lambda: any(f.suffix == ".rdb" for f in state_files(emulator)), "the save")
    emulator.stop(signal.SIGKILL)
    emulator.start()
    assert emulator.client().call("GET", "a") == "b"


def test_save_writes_before_it_answers(start_emulator):
    emulator = start_emulator("--profile", "redis")
    with emulator.connect() as wire:
        assert wire.call("SET", "a", "b") == "OK"
        assert wire.call("SAVE") == "OK"
    assert any(file.suffix == ".rdb" for file in state_files(emulator))
    emulator.stop(signal.SIGKILL)
    emulator.start()
    assert emulator.client().call("GET", "a") == "b"


def test_state_reset_goes_back_to_the_start(start_emulator):
    emulator = start_emulator("--provisioning", "instant")
    emulator.create_cache("c1")
    emulator.client().call("SET", "a", "b")
    done = emulator.run("state", "reset")
    assert done.returncode == 0, done.stderr
    emulator._token = None  # the clock is back at the start, before the token
    assert emulator.arm("GET", emulator.cache_path("c1")).status == 404
    assert emulator.client().call("EXISTS", "a") == 0


def test_state_save_and_load(start_emulator, tmp_path):
    emulator = start_emulator("--provisioning", "instant")
    keys = emulator.create_cache("c1")
    emulator.client(tls=True, key=keys["primaryKey"]).call("SET", "a", "saved", "EX", "1000")
    file = tmp_path / "state.redurite"
    done = emulator.run("state", "save", file)
    assert done.returncode == 0, done.stderr
    emulator.client(tls=True, key=keys["primaryKey"]).call("SET", "a", "changed")
    assert emulator.arm("DELETE", emulator.cache_path("c1")).status in (200, 202, 204)
    other = start_emulator("--provisioning", "instant")
    for each in (emulator, other):
        done = each.run("state", "load", file)
        assert done.returncode == 0, done.stderr
        wire = each.client(tls=True, key=keys["primaryKey"])
        assert wire.call("GET", "a") == "saved"
        assert 990 < wire.call("TTL", "a") <= 1000
    bad = tmp_path / "bad"
    bad.write_bytes(file.read_bytes()[:100])
    done = emulator.run("state", "load", bad)
    assert done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1
    assert emulator.client(tls=True, key=keys["primaryKey"]).call("GET", "a") == "saved"


def test_integers_of_64_bits_survive(start_emulator, tmp_path):
    emulator = start_emulator("--provisioning", "instant")
    emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01")
    path = "/resourceGroups/tests/providers/Microsoft.Resources/deployments/long"
    disk = "/resourceGroups/tests/providers/Microsoft.Compute/disks/long"
    template = {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
                "contentVersion": "1.0.0.0", "parameters": {"p": {"type": "int", "defaultValue": 2**53 + 1}},
                "resources": [{"type": "Microsoft.Compute/disks", "apiVersion": "2023-01-02", "name": "long",
                               "location": "westus2", "properties": {"size": "[parameters('p')]"}}],
                "outputs": {"most": {"type": "int", "value": 2**63 - 1}}}
    answer = emulator.arm("PUT", path, {"properties": {"mode": "Incremental", "template": template}}, "2021-04-01")
    assert answer.status == 201, answer
    emulator.advance("1m")

    def numbers():
        deployment = emulator.arm("GET", path, version="2021-04-01").json["properties"]
        size = emulator.arm("GET", disk, version="2023-01-02").json["properties"]["size"]
        return deployment["outputs"]["most"]["value"], deployment["parameters"]["p"]["value"], size

    expected = (2**63 - 1, 2**53 + 1, 2**53 + 1)
    assert numbers() == expected
    emulator.restart()
    assert numbers() == expected
    file = tmp_path / "snapshot.json"
    assert emulator.run("state", "save", file).returncode == 0
    emulator.admin("POST", "/reset")
    assert emulator.run("state", "load", file).returncode == 0
    assert numbers() == expected

"""The fault injector as the scenario suites of client libraries drive it, with the newest redis-py."""
import json
import pathlib

from harness.programs import TOOLS, run_program

PYTHON = TOOLS / "newest-python" / "bin" / "python"
SCRIPT = pathlib.Path(__file__).parent / "multi_database.py"


def test_a_client_of_two_databases_moves_when_one_has_no_network(start_emulator):
    first, second = start_emulator("--fault-injector-port", "0"), start_emulator()
    want = {"injector": f"http://127.0.0.1:{first.ports['faultInjector']}", "key": first.key,
            "caches": [f"redis://127.0.0.1:{emulator.port}" for emulator in (first, second)]}
    done = run_program(PYTHON, SCRIPT, json.dumps(want))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "status": "success", "moved": True, "works": True, "where": "there"}
    assert second.client().call("GET", "where") == "there"  # what was written meanwhile
    assert first.client().call("PING") == "PONG"  # and the network is back

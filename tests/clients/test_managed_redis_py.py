"""The newest redis-py against a cache of Azure Managed Redis: what Redis 7.2 and 7.4 brought, by its own methods."""
import json
import pathlib
import subprocess

from harness.managed import create
from harness.programs import TOOLS

PYTHON = TOOLS / "newest-python" / "bin" / "python"
SCRIPT = pathlib.Path(__file__).parents[1] / "harness" / "redis_fields.py"


def test_fields_expire_and_ranks_have_scores(start_emulator):
    emulator = start_emulator("--clock", "frozen", "--provisioning", "realistic", "--offline", "--enterprise-port", "0")
    port, keys = create(emulator, "newest", {"clusteringPolicy": "EnterpriseCluster"})
    run = subprocess.run([PYTHON, SCRIPT, str(port), keys["primaryKey"], emulator.ca_file],
                         capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    outcome = json.loads(run.stdout)
    assert sorted(outcome.pop("names")) == ["cart", "token", "user"]
    assert outcome == {
        "set": [1, -2], "conditions": [[1], [0]], "left": [60, 90, -1, -2], "until": [-1], "kept": [1, -1],
        "rank": [1, 20.0], "library": "redis-py", "killed": 0, "at": [2], "rest": {"user": "ada", "cart": "7"},
    }

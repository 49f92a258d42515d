"""Traffic of the real service, recorded by public projects, replayed against the emulator.

The recordings are not part of this repository: RECORDINGS names their folder, and a replay program
lies beside it. differences.json holds each difference that is known, with its reason; a new one
fails, and so does a known one that is gone.
"""
import json
import os
import pathlib
import re
import sys

import pytest

from harness.programs import run_program

RECORDINGS = pathlib.Path(os.environ["RECORDINGS"])
REPLAY = RECORDINGS.parent / "tools" / "replay.py"
KNOWN = json.loads((pathlib.Path(__file__).parent / "differences.json").read_text())


def differences(output):
    """{"number METHOD path": [difference, ...]} of the replay's output."""
    found, current = {}, None
    for line in output.splitlines():
        match = re.match(r"DIFF\s+(\d+) (\w+) (.*) -> \d+$", line)
        if match:
            current = found.setdefault(" ".join(match.groups()), [])
        elif current is not None and line.startswith("           "):
            current.append(line.strip())
    return found


# Those of the resource types that the emulator has; a recording joins when its types do.
COVERED = [
    "az-cannotdelete_resource_lock.yaml",
    "az-group_deployment.yaml",
    "az-group_deployment_crossrg.yaml",
    "az-group_deployment_lite.yaml",
    "az-provider_registration.yaml",
    "az-redis-2018.yaml",
    "az-resource_group.yaml",
    "az-tag_scenario.yaml",
    "redis-2023-08-01-crud.yaml",
    "redisenterprise-2023-07-01-crud.yaml",
]


@pytest.mark.parametrize("recording", COVERED)
def test_replay(start_emulator, recording):
    emulator = start_emulator("--provisioning", "instant", "--hostnames", "azure", "--ephemeral")
    done = run_program(sys.executable, REPLAY, "--ready-file", emulator.ready_file, RECORDINGS / recording, timeout=170)
    assert re.search(r"^replay: \d+/\d+ requests$", done.stdout, re.M), done.stdout + done.stderr
    expected = {where: entry["differences"] for where, entry in KNOWN.get(recording, {}).items()}
    assert differences(done.stdout) == expected, done.stdout


def test_every_known_difference_has_a_reason():
    for requests in KNOWN.values():
        for entry in requests.values():
            assert len(entry["reason"]) > 20 and entry["differences"]

"""The life of a cache with Azure's management SDK for Go: armredis and azidentity."""
import json
import re

import pytest

from harness.emulator import BINARY, ROOT, clean_environment
from harness.programs import run_program


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """Built from the pinned modules apart from the sources, so that nothing is written there."""
    path = tmp_path_factory.mktemp("go") / "armredis"
    done = run_program("go", "build", "-mod=readonly", "-o", path, ".", cwd=ROOT / "tests" / "clients" / "go", timeout=600,
                       environment=clean_environment(GOFLAGS="-buildvcs=false", GOTOOLCHAIN="local"))
    assert done.returncode == 0, done.stderr[-8000:]
    return path


@pytest.mark.parametrize("mode", ["cloud", "proxy"])
def test_a_cache_comes_changes_and_goes(program, start_emulator, mode):
    emulator = start_emulator("--provisioning", "instant", "--offline")
    words = [program, mode]
    if mode == "proxy":
        words = [BINARY, "exec", "--", *words]
    done = run_program(*words, environment=clean_environment(READY=emulator.ready_file, REDURITE_ENDPOINT=emulator.url))
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    refused = result["keys"].pop("before")
    assert re.fullmatch("-WRONGPASS .*", refused), refused
    assert result == {
        "created": "Succeeded",
        "got": ["gocache", "West Europe", "go", "localhost", emulator.tls_port, "allkeys-lru"],
        "listed": ["gocache"],
        "keys": {"secondaryStays": True, "after": "+OK", "secondary": "+OK"},
        "rule": ["gocache/office", "10.0.0.1", "10.0.0.9"],
        "schedule": "Sunday",
        "updated": [True, "noeviction", "update", "Succeeded"],
        "gone": [404, "ResourceNotFound"],
    }

"""Celery as the field guide of queues sets it up: broker and results in databases of the cache, over TLS."""
import json
import sys

from harness.emulator import ROOT, clean_environment
from harness.programs import run_program


def test_celery_runs_its_tasks(start_emulator):
    emulator = start_emulator("--offline")
    environment = clean_environment(TEST_KEY=emulator.key, TEST_PORT=emulator.tls_port, TEST_CA=emulator.ca_file)
    done = run_program(sys.executable, ROOT / "tests" / "harness" / "celery_tasks.py", environment=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"add": 5, "group": [0, 2, 4], "chord": 6, "retried": "at last"}

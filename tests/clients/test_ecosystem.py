"""What applications build on Redis: queues, sessions, locks, limits, caches; over TLS, with a cache of Azure's."""
import json

import pytest

from harness.emulator import ROOT, clean_environment
from harness.programs import TOOLS, node, run_program

HERE = ROOT / "tests" / "clients"
PYTHON = TOOLS / "newest-python" / "bin" / "python"


@pytest.fixture
def running(start_emulator):
    """Time passes here: jobs wait for it."""
    return start_emulator("--offline")


def run_javascript(emulator, name):
    settings = {"host": "localhost", "port": emulator.tls_port, "key": emulator.key, "ca": emulator.ca_file}
    return node(HERE / "js" / "ecosystem.cjs", name, json.dumps(settings), newest=True)[-1]


def run_python(emulator, name):
    environment = clean_environment(TEST_KEY=emulator.key, TEST_PORT=emulator.tls_port, TEST_CA=emulator.ca_file,
                                    PYTHONPATH=HERE)
    done = run_program(PYTHON, HERE / "ecosystem.py", name, environment=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_bullmq_runs_its_jobs(running):
    outcome = run_javascript(running, "bullmq")
    assert outcome["done"] == [2, 4, 6, 8]
    assert outcome["attempts"] == 2
    assert outcome["counts"] == {"completed": 4, "failed": 0, "waiting": 0}


def test_express_keeps_its_sessions_with_connect_redis(running):
    outcome = run_javascript(running, "session")
    assert outcome["visits"] == [1, 2]
    assert outcome["keys"] == 1
    assert 50 <= outcome["ttl"] <= 60
    assert outcome["left"] == 0


def test_rate_limiter_flexible_refuses_the_fourth(running):
    assert run_javascript(running, "limits") == [2, 1, 0, "refused"]


def test_redlock_locks(running):
    assert run_javascript(running, "lock") == {"second": "refused", "extended": True, "third": "got it"}


def test_django_redis_caches(running):
    outcome = run_python(running, "django")
    assert outcome["many"] == {"a": 1, "b": {"c": [1, 2]}}
    assert outcome["added"] == [False, True]
    assert outcome["locked"]
    assert 50 <= outcome["ttl"] <= 60
    assert outcome["counted"] == 6
    assert outcome["found"] == ["a", "b", "new"]
    assert outcome["deleted"] == 3
    assert outcome["left"] == []


def test_redis_py_locks_scripts_and_streams(running):
    outcome = run_python(running, "redis-py")
    assert outcome == {"acquired": True, "again": False, "extended": True, "pipeline": [5, True],
                       "script": ["stock", "x", "5"], "asyncio": ["orders", {"item": "book"}, 1]}

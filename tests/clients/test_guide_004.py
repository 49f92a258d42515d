"""The Redis guide of a hotel platform (shared/seeds/004): its variables, keys, status and health, over TLS."""
import json

import pytest

from harness.emulator import ROOT, clean_environment
from harness.programs import TOOLS, run_program

PYTHON = TOOLS / "newest-python" / "bin" / "python"


@pytest.fixture
def platform(emulator):
    """Runs one step of guide_004.py; the variables are those of the guide's table."""
    keys = emulator.create_cache("hospitality")

    def step(name, **changes):
        variables = {"REDIS_HOST": "localhost", "REDIS_PORT": emulator.tls_port, "REDIS_PASSWORD": keys["primaryKey"],
                     "REDIS_USE_TLS": "true", "REDIS_MAX_RETRIES": 3, "REDIS_CONNECT_TIMEOUT": 5000,
                     "SSL_CERT_FILE": emulator.ca_file, **changes}
        done = run_program(PYTHON, ROOT / "tests" / "clients" / "guide_004.py", name,
                           environment=clean_environment(**{k: v for k, v in variables.items() if v is not None}))
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    return step


def test_status_and_health(emulator, platform):
    assert platform("health") == {"healthy": True, "backend": "redis", "message": "Cache is healthy using redis backend"}
    assert platform("fill") == {"daily": 300, "balance": 60, "summary": 900}
    status = platform("status")
    assert (status["type"], status["available"]) == ("redis", True)
    assert status["redisInfo"]["connected"] is True and status["redisInfo"]["keys"] == 300
    # Next to 100, 200 and 150 bytes of each organization, the guide's own figures.
    assert 100 * 450 < status["redisInfo"]["bytes"] < 100 * 3000
    assert status["redisInfo"]["hitRate"] == 0.86  # three of four reports, and three times left to live
    assert platform("invalidate") == {"found": 3, "deleted": 3, "left": 297}
    emulator.advance("61s")
    assert platform("status")["redisInfo"]["keys"] == 198
    emulator.advance("15m")
    assert platform("status")["redisInfo"]["keys"] == 0


def test_its_troubleshooting(emulator, platform):
    """Authentication failed, a connection refused and TLS errors: the platform goes on in memory and says why."""
    for changes, reason in (({"REDIS_PASSWORD": "wrong"}, "AuthenticationError"), ({"REDIS_PASSWORD": None}, "Authentication"),
                            ({"REDIS_PORT": 1}, "ConnectionError"), ({"REDIS_USE_TLS": "false"}, "ConnectionError")):
        health = platform("health", **changes)
        assert (health["healthy"], health["backend"]) == (False, "memory"), changes
        assert reason in health["message"], changes

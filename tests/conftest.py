"""Fixtures of the system tests and of the tests with the newest clients."""
import random
import zlib

import pytest

pytest.register_assert_rewrite("harness")

from harness import matrix
from harness.emulator import BINARY, Emulator
from harness.programs import RedisServer

# A test decides when time passes; operations take as long as Azure's.
FROZEN = ("--clock", "frozen", "--provisioning", "realistic", "--offline")


def pytest_addoption(parser):
    parser.addoption("--seed", help='of what random tests choose: a number, or "random"; one of each test\'s own otherwise')


def pytest_configure(config):
    assert BINARY.exists(), f"{BINARY} is not built: tools/build.sh build"


@pytest.fixture
def seed(request):
    """The same in each run, so that a test fails by what was changed; "--seed random" looks for what nobody has met yet."""
    given = request.config.getoption("seed")
    chosen = random.randrange(10**9) if given == "random" else int(given or zlib.crc32(request.node.nodeid.encode()) % 10**9)
    print("seed", chosen)
    return chosen


@pytest.fixture
def start_emulator(tmp_path_factory):
    """Starts any number of emulators; each is stopped, and how it ended judged, after the test."""
    started = []

    def start(*options, directory=None, **more):
        directory = directory or tmp_path_factory.mktemp("emulator")
        started.append(Emulator(directory, *options, **more))
        return started[-1]

    yield start
    failures = []
    for emulator in started:
        try:
            emulator.stop()
        except AssertionError as failure:
            failures.append(str(failure))
    assert not failures, "\n".join(failures)


@pytest.fixture
def emulator(start_emulator):
    return start_emulator(*FROZEN)


@pytest.fixture(scope="module")
def shared_emulator(tmp_path_factory):
    """One for all tests of a file, for those that only look or use names of their own."""
    emulator = Emulator(tmp_path_factory.mktemp("emulator"), *FROZEN)
    yield emulator
    emulator.stop()


@pytest.fixture
def redis_server(tmp_path):
    server = RedisServer(tmp_path / "redis-server")
    yield server
    server.stop()


def pytest_terminal_summary(terminalreporter):
    rows = [value for report in terminalreporter.getreports("passed")
            for name, value in report.user_properties if name == "matrix"]
    if rows:
        terminalreporter.section("which client connects how, with which key")
        for line in matrix.table(rows):
            terminalreporter.write_line(line)

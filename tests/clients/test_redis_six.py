"""An Azure cache answers as a real redis-server 6.0 does with the commands renamed away that Azure renames away.

No release of Debian has that server any more, so tools/install.sh builds it from Debian's archive.
"""
import random

import pytest

from differential import play
from harness.programs import AZURE_RENAMES, RedisServer, redis_six
from harness.transcripts import Client, TRANSCRIPTS, steps

COMMANDS = 100_000
PASSWORD = "primary"  # in transcripts
# The others drive the clock, or are of the service itself.
NAMES = [f"{name}.transcript" for name in "redis_6_0 versions".split()]


@pytest.fixture
def start_six(tmp_path):
    started = []

    def start(*options):
        started.append(RedisServer(tmp_path / "six", *options, program=redis_six()))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def both(start_emulator, start_six):
    """An emulator and the reference, which asks for the cache's key as a password."""
    emulator = start_emulator("--ephemeral")
    return emulator, start_six("--requirepass", emulator.key, *AZURE_RENAMES)


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("share", play.SHARES, ids="-".join)
def test_random_commands_are_answered_the_same(both, share, protocol):
    emulator, six = both
    count = COMMANDS // (len(play.SHARES) * 2)
    play.play(emulator.port, six.port, share, count, random.randrange(10**9), protocol, key=emulator.key)


def facts(wire, protocol):
    wire.call("HELLO", protocol)
    count = wire.call("COMMAND", "COUNT")
    told = {row[0]: [sorted(fact) if isinstance(fact, list) else fact for fact in row] for row in wire.call("COMMAND")}
    assert len(told) == count
    return told


@pytest.mark.parametrize("protocol", [2, 3])
def test_command_tells_the_same_facts(both, protocol):
    emulator, six = both
    ours, theirs = (facts(wire, protocol) for wire in (emulator.client(), six.connect()))
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert ours[name] == theirs[name], name


@pytest.mark.parametrize("name", NAMES)
def test_transcripts(start_six, name):
    six = start_six("--requirepass", PASSWORD, *AZURE_RENAMES)
    client = Client(six.port)
    for command, expected in steps((TRANSCRIPTS / name).read_text(), "azure"):
        answer = client.ask(command)
        assert answer == expected, command
        if answer[-1:] == ["closed"]:
            client = Client(six.port)

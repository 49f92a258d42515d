"""An Azure cache answers as a real redis-server 6.0 does with the commands renamed away that Azure renames away.

No release of Debian has that server any more, so tools/install.sh builds it from Debian's archive.
"""
import re

import pytest

from differential import events, play, travel
from harness.programs import AZURE_RENAMES, RedisServer, redis_six
from harness.transcripts import Client, Stage, TRANSCRIPTS, fits, parts, steps

COMMANDS = 100_000
SHARES = [share for share in play.SHARES if share not in play.MODERN]
PASSWORD = "primary"  # in transcripts
# The others drive the clock, or are of the service itself.
NAMES = [f"{name}.transcript" for name in "redis_6_0 redis_6_0_clients versions".split()]


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
@pytest.mark.parametrize("share", SHARES, ids="-".join)
def test_random_commands_are_answered_the_same(both, share, protocol, seed):
    emulator, six = both
    count = COMMANDS // (len(SHARES) * 2)
    play.play(emulator.port, six.port, share, count, seed, protocol, key=emulator.key)


@pytest.mark.parametrize("share", SHARES, ids="-".join)
def test_the_same_events_are_notified(start_emulator, start_six, share, seed):
    emulator = start_emulator("--ephemeral", "--provisioning", "instant", "--offline")
    key = emulator.create_cache("noisy", {"enableNonSslPort": True,
                                          "redisConfiguration": {"notify-keyspace-events": "KEA"}})["primaryKey"]
    six = start_six("--requirepass", key, "--notify-keyspace-events", "KEA", *AZURE_RENAMES)
    writes = (("SET", "k", "v", "EX", 100), ("SETBIT", "b", 7, 0), ("SETBIT", "b", 7, 0), ("BITFIELD", "b", "SET", "u8", 0, 0),
              ("XGROUP", "CREATE", "x", "g", "$", "MKSTREAM"), ("XGROUP", "DELCONSUMER", "x", "g", "nobody"))
    events.compare_commands(emulator.port, six.port, writes, key)
    events.compare(emulator.port, six.port, share, 800, seed, key)


def test_values_travel_between_both(both, seed):
    """DUMP of one is RESTOREd by the other, in the version of the format that 6.0 writes and reads."""
    emulator, six = both
    travel.both_ways(emulator.port, six.port, seed, emulator.key)


def test_dumps_of_newer_servers_are_refused(both, redis_server):
    newer = redis_server.connect()
    newer.call("HSET", "hash", "field", "value")
    payload = play.Player(redis_server.port).ask([("DUMP", "hash")])[0][1]
    emulator, six = both
    for wire in (emulator.client(), six.connect()):
        assert wire.call("RESTORE", "hash", "0", payload) == "ERR DUMP payload version or checksum are wrong"


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
    stage = Stage(start_six("--requirepass", PASSWORD, *AZURE_RENAMES).port)
    for client, command, expected in parts((TRANSCRIPTS / name).read_text(), "azure"):
        answer = stage.ask(client, command, waits=not expected)
        assert fits(answer, expected), (command, answer, expected)


# Commands of transcripts that are answered otherwise, and why.
KEPT = {
    """eval "setmetatable(_G,{})" 0""": "6.0 let a script change what all later ones find (CVE-2022-24735)",
    """eval "rawset(_G,'a',1)" 0""": "the same",
    """eval "return os.clock()" 0""": "the two before it have taken 6.0's guard of globals away",
    """eval "getmetatable('').__index=1" 0""": "the same as these two",
    "WAIT 0 0": "a cache of Azure's Standard tier has a replica",
    "LOLWUT": "no computer art",
    "HELLO 3": "each server counts its own clients, and Azure says 6.0.14",
}
DEADLY = """eval "return unpack({1, 2, 3}, -2^31, 3)" 0"""  # 6.0 writes behind Lua's stack
# These move the clock, speak for several clients, or are about something that 6.0 has not.
OTHERS = ("@ advance", "@ client", "@ fault", "@ setting")


def everything_said():
    """The commands of all transcripts that one client can play, whatever their profile."""
    for path in sorted(TRANSCRIPTS.glob("*.transcript")):
        text = path.read_text()
        if not any(line.startswith(OTHERS) for line in text.splitlines()):
            for profile in ("azure", "redis"):
                # Where 6.0 has less to offer, nobody shall wait for ever.
                yield path.stem, [re.sub("^(B[LRZ].*) 0$", r"\1 0.01", command) for command, _ in steps(text, profile)]


def test_what_transcripts_say_in_any_profile(both):
    emulator, six = both
    differences = []
    for name, commands in everything_said():
        clients = [Client(port, emulator.key) for port in (emulator.port, six.port)]
        for client in clients:
            client.ask("FLUSHALL")
            client.ask("SCRIPT FLUSH")
        for command in commands:
            if command.startswith("AUTH primary") or command == DEADLY:
                continue
            ours, theirs = (client.ask(command) for client in clients)
            # What a client's own command makes invalid, 6.0 says before its answer, if not in its middle.
            pushed = ">2" in ours and sorted(ours) == sorted(theirs)
            if ours != theirs and not pushed and command not in KEPT:
                differences.append(f"{name}: {command[:200]}\n  ours:      {ours!r:.400}\n  reference: {theirs!r:.400}")
            for index, answer in enumerate((ours, theirs)):
                if answer[-1:] == ["closed"]:
                    clients[index] = Client((emulator.port, six.port)[index], emulator.key)
    assert not differences, "\n".join(differences)


# In the order of a hash table there, and of who has spoken to the cache.
OWN_FIELDS = ("cmdstat_", "slave0")


def fields(wire, *sections):
    for words in (("SET", "a", "1"), ("GET", "a"), ("LPUSH", "a", "1"), ("NOSUCH",), ("CLIENT", "ID")):
        wire.call(*words)
    answer = wire.call("INFO", *sections)
    return [line.split(":")[0] for line in answer.splitlines() if not line.startswith(OWN_FIELDS)]


@pytest.mark.parametrize("sections", [(), ("all",), ("everything",), ("default",), ("memory",), ("nosuch",), ("modules",),
                                      ("errorstats",), ("latencystats",), ("memory", "stats"), ("commandstats",),
                                      ("CLUSTER",)], ids=" ".join)
def test_info_has_the_same_fields(both, sections):
    emulator, six = both
    assert fields(emulator.client(), *sections) == fields(six.connect(), *sections)

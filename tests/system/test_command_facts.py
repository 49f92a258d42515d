"""What COMMAND says of each command is what redis-server 7.0 says, in RESP2 and RESP3."""
import pytest

from harness.emulator import ROOT, run_binary
from harness.wire import encode

# Beyond redis-server 7.0: answered to clients that send it, and shown by no 7.0.
NEWER = {"client|setinfo"}


def ordered(value):
    """Sets come in any order."""
    if isinstance(value, list):
        return sorted((ordered(each) for each in value), key=repr)
    return {key: ordered(each) for key, each in value.items()} if isinstance(value, dict) else value


def without_newer(info):
    info[9] = [sub for sub in info[9] if sub[0] not in NEWER]
    return info


def pairs(value):
    """A map of RESP2 is a flat array."""
    return value if isinstance(value, dict) else dict(zip(value[::2], value[1::2]))


@pytest.fixture
def both(start_emulator, redis_server):
    emulator = start_emulator("--profile", "redis")
    return emulator.connect(), redis_server.connect()


@pytest.mark.parametrize("protocol", ["2", "3"])
def test_command_info_tells_redis_own_facts(both, protocol):
    ours, theirs = both
    for wire in both:
        wire.call("HELLO", protocol)
    told = {info[0]: without_newer(info) for info in ours.call("COMMAND")}
    reference = {info[0]: info for info in theirs.call("COMMAND")}
    assert told.keys() <= reference.keys()
    for name in told:
        known = {sub[0] for sub in told[name][9]}
        reference[name][9] = [sub for sub in reference[name][9] if sub[0] in known]
        assert ordered(told[name]) == ordered(reference[name]), name


@pytest.mark.parametrize("protocol", ["2", "3"])
def test_command_docs_tell_redis_own_facts(both, protocol):
    ours, theirs = both
    for wire in both:
        wire.call("HELLO", protocol)
    told = pairs(ours.call("COMMAND", "DOCS"))
    reference = pairs(theirs.call("COMMAND", "DOCS"))
    for name in told:
        mine, real = pairs(told[name]), pairs(reference[name])
        if "subcommands" in mine:
            subcommands = pairs(mine["subcommands"])
            mine["subcommands"] = {sub: pairs(subcommands[sub]) for sub in subcommands if sub not in NEWER}
            real["subcommands"] = {sub: pairs(text) for sub, text in pairs(real["subcommands"]).items()
                                   if sub in mine["subcommands"]}
        assert list(mine) == list(real), name
        assert ordered(mine) == ordered(real), name


def test_command_list_is_an_array_in_resp3(both):
    for wire in both:
        wire.call("HELLO", "3")
        wire.send(encode("COMMAND", "LIST", "FILTERBY", "PATTERN", "getdel") + encode("QUIT"))
        assert wire.everything() == b"*1\r\n$6\r\ngetdel\r\n+OK\r\n"


def test_the_readme_has_the_table_of_this_binary():
    table = run_binary("commands").stdout.strip()
    readme = (ROOT / "README.md").read_text()
    assert f"<!-- redurite commands -->\n{table}\n\n" in readme, "put the output of `redurite commands` into README.md"

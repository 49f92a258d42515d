"""Scripts that run long: the server goes on answering, and ends them when it is told to."""
import pytest

from harness.emulator import wait_until
from harness.wire import ErrorReply, encode

ENDLESS = {
    "plain": "while true do end",
    "inside pcall": "while true do pcall(function() while true do end end) end",
    "inside a sort": "local t = {3, 2, 1} table.sort(t, function() while true do end end)",
    "inside a coroutine": "coroutine.wrap(function() while true do end end)()",
    "inside a pattern's function": "('x'):gsub('x', function() while true do end end)",
}
BUSY = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."


@pytest.fixture
def emulator(start_emulator):
    emulator = start_emulator("--profile", "redis")
    with emulator.connect() as wire:
        assert wire.call("CONFIG", "SET", "busy-reply-threshold", "20") == "OK"
    return emulator


def busy(wire):
    """True once the script has run for long enough to be noticed."""
    reply = wire.call("GET", "key")
    return isinstance(reply, ErrorReply) and str(reply) == BUSY


@pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS.keys())
def test_an_endless_script_is_killed(emulator, script):
    runner, other = emulator.connect(), emulator.connect()
    runner.send(encode("EVAL", script, "0"))
    wait_until(lambda: busy(other), "BUSY")
    assert other.call("SCRIPT", "KILL") == "OK"
    assert "Script killed by user with SCRIPT KILL." in str(runner.reply())
    assert other.call("SET", "key", "value") == "OK"
    assert runner.call("GET", "key") == "value"


def test_a_script_that_wrote_is_not_killed_and_others_stay_out(emulator):
    runner, other = emulator.connect(), emulator.connect()
    runner.send(encode("EVAL", "redis.call('SET', 'key', 'half') while true do end", "0"))
    wait_until(lambda: busy(other), "BUSY")
    assert str(other.call("SCRIPT", "KILL")).startswith("UNKILLABLE ")
    assert busy(other)
    runner.close()  # with its client goes the script
    wait_until(lambda: not busy(other), "the end of the script")
    assert other.call("GET", "key") == "half"


def test_a_transaction_with_an_endless_script_ends_whole(emulator):
    runner, other = emulator.connect(), emulator.connect()
    for command in (["MULTI"], ["SET", "key", "1"], ["EVAL", "while true do end", "0"], ["SET", "key", "2"]):
        runner.call(*command)
    runner.send(encode("EXEC"))
    wait_until(lambda: busy(other), "BUSY")
    assert other.call("SCRIPT", "KILL") == "OK"
    first, killed, last = runner.reply()
    assert (first, last) == ("OK", "OK")
    assert "Script killed by user" in str(killed)
    assert other.call("GET", "key") == "2"


def test_a_function_is_killed_by_its_own_verb(emulator):
    runner, other = emulator.connect(), emulator.connect()
    code = "#!lua name=lib\nredis.register_function('endless', function() while true do end end)"
    assert runner.call("FUNCTION", "LOAD", code) == "lib"
    runner.send(encode("FCALL", "endless", "0"))
    wait_until(lambda: isinstance(other.call("PING"), ErrorReply), "BUSY")
    assert "FUNCTION KILL" in str(other.call("SCRIPT", "KILL"))
    stats = other.call("FUNCTION", "STATS")
    assert stats[1][1] == "endless"
    assert other.call("FUNCTION", "KILL") == "OK"
    assert "Script killed by user with FUNCTION KILL." in str(runner.reply())


def test_the_emulator_stops_in_the_middle_of_a_script(emulator):
    runner, other = emulator.connect(), emulator.connect()
    runner.send(encode("EVAL", "while true do end", "0"))
    wait_until(lambda: busy(other), "BUSY")
    emulator.stop()


@pytest.mark.parametrize("script", [
    "return string.rep('x', 2^30)..string.rep('x', 2^30)",
    "local t = {} for i = 1, 1e9 do t[i] = string.rep('y', 1e6) .. i end",
    "local s = 'x' while true do s = s .. s end",
    "return ('x'):rep(1e6):find(('x?'):rep(1e6)..('x'):rep(1e6))",
    "local function f() return f() + 1 end return f()",
])
def test_a_greedy_script_gets_an_error_and_nothing_else_suffers(emulator, script):
    with emulator.connect() as wire:
        assert wire.call("CONFIG", "SET", "busy-reply-threshold", "60000") == "OK"
        assert isinstance(wire.call("EVAL", script, "0"), (ErrorReply, list))
        assert wire.call("PING") == "PONG"


def test_libraries_survive_a_restart(emulator):
    with emulator.connect() as wire:
        wire.call("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('seven', function() return 7 end)")
        assert wire.call("SET", "key", "value") == "OK"
    emulator.restart()
    with emulator.connect() as wire:
        assert wire.call("FCALL", "seven", "0") == 7


def test_info_tells_what_scripts_and_functions_hold(emulator):
    with emulator.connect() as wire:
        def figures():
            lines = (line.split(":", 1) for line in wire.call("INFO", "memory").split("\r\n") if ":" in line)
            return dict(lines)

        before = figures()
        assert before["number_of_cached_scripts"] == before["number_of_functions"] == "0"
        assert wire.call("EVAL", "return 1", "0") == 1
        assert wire.call("FUNCTION", "LOAD", "#!lua name=library\nredis.register_function('f', function() return 1 end)"
                         ) == "library"
        after = figures()
        assert after["number_of_cached_scripts"] == "1"
        assert (after["number_of_functions"], after["number_of_libraries"]) == ("1", "1")
        for name in ("used_memory_scripts_eval", "used_memory_vm_eval", "used_memory_vm_functions",
                     "used_memory_functions"):
            assert int(after[name]) > int(before[name])
        assert int(after["used_memory_vm_total"]) == int(after["used_memory_vm_eval"]) + int(
            after["used_memory_vm_functions"])


def test_a_script_that_reads_makes_its_keys_tracked(start_emulator, redis_server):
    emulator = start_emulator("--profile", "redis", "--ephemeral")
    heard = []
    for connect in (emulator.connect, redis_server.connect):
        with connect() as reader, connect() as writer:
            assert reader.call("HELLO", "3")["proto"] == 3
            assert reader.call("CLIENT", "TRACKING", "on") == "OK"
            for name, script in (("EVAL", "return redis.call('GET', KEYS[1])"),
                                 ("EVAL", "redis.call('SET', 'other', '1') return redis.call('GET', KEYS[1])"),
                                 ("EVAL_RO", "return redis.call('GET', 'made-up')"), ("EVAL_RO", "return 1")):
                reader.call(name, script, "1", "a")
                for key in ("a", "other", "made-up"):
                    assert writer.call("SET", key, "1") == "OK"
                reader.send(b"*2\r\n$4\r\nECHO\r\n$3\r\nend\r\n")
                pushed = []
                while (reply := reader.reply()) != "end":
                    pushed.append(reply)
                heard.append((name, script, pushed))
    assert heard[:4] == heard[4:]
    assert [pushed for _, _, pushed in heard[:4]] == [[["invalidate", ["a"]]]] * 3 + [[]]

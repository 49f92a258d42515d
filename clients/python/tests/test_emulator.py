"""The helpers as a test of an application uses them, with redis-py."""
import os
import subprocess
import sys

import pytest
import redis

from redurite import Admin, AdminError, Emulator, StartError, VerificationError


@pytest.fixture
def client(redurite):
    client = redis.Redis.from_url(redurite.cache().plain_url, decode_responses=True)
    yield client
    client.close()


def test_connects_with_and_without_tls(redurite, client):
    cache = redurite.cache("DevCache")
    assert client.ping()
    with redis.Redis.from_url(cache.url, ssl_ca_certs=cache.ca_file) as over_tls:
        assert over_tls.ping()
    assert f"{cache.host}:{cache.tls_port},password={cache.key},ssl=True" in cache.connection_string
    with pytest.raises(LookupError, match="there is no cache 'other'; there are: devcache"):
        redurite.cache("other")


def test_time_is_moved(redurite, client):
    client.set("session", "ada", ex=600)
    before = redurite.now_ms
    redurite.advance("9m")  # after ten minutes an idle client is let go
    assert client.ttl("session") == 60
    redurite.advance(60)
    assert client.get("session") is None and redurite.now_ms == before + 600_000
    redurite.resume(scale=1000)
    redurite.freeze()


def test_what_was_done_is_read_and_verified(redurite, client):
    for _ in range(2):
        client.get("user:1")
    client.set("a", "1", ex=5)
    assert [r["keys"] for r in redurite.requests(command="GET")] == [["user:1"], ["user:1"]]
    assert [r["operation"] for r in redurite.requests(key=["a", "user:*"])] == ["GET", "GET", "SET"]
    redurite.verify(command="GET", key="user:1", exactly=2)
    rules = [{"match": {"command": "SET"}, "every": {"ttl": True}}, {"match": {"command": "KEYS"}, "never": True}]
    redurite.verify(*rules)
    client.set("b", "1")
    client.keys("*")
    with pytest.raises(VerificationError) as failure:
        redurite.verify(*rules)
    assert "to have ttl true; 1 of 2 had not" in str(failure.value) and "redis SET b" in str(failure.value)
    assert "expected no request with command KEYS; there was 1" in str(failure.value)
    with pytest.raises(VerificationError, match=r"was near: redis GET user:1 -> ok \(another key\)"):
        redurite.verify(command="GET", key="user:2", at_least=1)
    redurite.clear_requests()
    redurite.verify(command="GET", never=True)


def test_faults_act_in_their_block_and_count(redurite, client):
    with redurite.fault("redis", "error", {"command": "GET"}, attributes={"error": "ERR on a bad day"}) as fault:
        with pytest.raises(redis.ResponseError, match="on a bad day"):
            client.get("a")
        assert fault.fired == 1 and [rule["id"] for rule in redurite.faults()] == [fault.id]
        redurite.verify(command="GET", fault=fault.id, exactly=1)
    assert client.get("a") is None and redurite.faults() == []
    redurite.fault("redis", "oom")
    redurite.clear_faults()
    assert client.set("a", "1")
    with pytest.raises(AdminError, match="did you mean 'loading'"):
        redurite.fault("redis", "loadin")


def test_scenarios_are_played_in_their_block(redurite, client):
    with redurite.scenario("memory-pressure") as scenario:
        with pytest.raises(redis.ResponseError, match="OOM|maxmemory"):
            client.set("a", "1")
        assert not scenario.solved
    assert client.set("a", "1")


@pytest.mark.parametrize("value", ["first", "second"])
def test_each_test_begins_in_the_start_state(redurite, client, value):
    assert client.dbsize() == 0
    client.set("left over", value)
    redurite.advance("1h")


def test_state_goes_and_comes_back(redurite, client):
    client.set("kept", "1")
    snapshot = redurite.save()
    client.flushall()
    redurite.load(snapshot)
    assert client.get("kept") == "1"
    with pytest.raises(AdminError) as error:
        redurite.load({"format": "other"})
    assert error.value.status == 400 and "nothing was changed" in str(error.value)


def test_one_of_ones_own_is_started_and_stopped():
    with Emulator("--no-devcache") as emulator:
        assert emulator.caches() == [] and emulator.running
        assert emulator.environment()["REDURITE_ENDPOINT"] == emulator.endpoint
        assert Admin(emulator.endpoint).info()["version"] == emulator.ready["version"]
    assert not emulator.running and not emulator.directory.exists()


def test_a_start_that_fails_says_why(tmp_path):
    with pytest.raises(StartError, match="no-such-option"):
        Emulator("--no-such-option")
    with pytest.raises(StartError, match="is not a program"):
        Emulator(binary=str(tmp_path / "none"))


def test_nothing_outlives_the_interpreter(tmp_path):
    """Also when the program forgets to stop it."""
    program = "import redurite; print(redurite.Emulator().ready['pid'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True,
                          cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)

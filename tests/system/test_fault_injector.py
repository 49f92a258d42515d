"""The fault injector that Redis client libraries' scenario tests speak to: POST /action, GET /action/{id}."""
import http.client
import json
import socket

import pytest

from harness.emulator import DEADLINE_SECONDS
from harness.wire import Closed


class Injector:
    """As the clients of redis-py, go-redis and jedis: a base address and two requests."""

    def __init__(self, port):
        self.port = port

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_SECONDS)
        connection.request(method, path, None if body is None else json.dumps(body),
                           {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text)

    def trigger(self, kind, **parameters):
        status, answer = self.ask("POST", "/action", {"type": kind, "parameters": parameters})
        assert status == 200, answer
        return answer["action_id"]

    def status(self, action):
        status, answer = self.ask("GET", f"/action/{action}")
        assert status == 200, answer
        return answer["status"]


@pytest.fixture
def emulator(start_emulator):
    return start_emulator("--clock", "frozen", "--fault-injector-port", "0")


@pytest.fixture
def injector(emulator):
    return Injector(emulator.ports["faultInjector"])


def test_a_failover_cuts_connections_and_ends_with_success(emulator, injector):
    wire = emulator.client()
    action = injector.trigger("failover", bdb_id="devcache", cluster_index=0)
    assert injector.status(action) in ("pending", "running")
    emulator.advance("100ms")
    assert injector.status(action) == "running"
    with pytest.raises(Closed):
        wire.call("PING")
    assert emulator.client().call("SET", "a", "1").startswith("READONLY")
    emulator.advance("10s")
    assert injector.status(action) == "success"
    assert emulator.client().call("SET", "a", "1") == "OK"
    assert emulator.admin("GET", "/faults")["faults"] == []


def test_a_network_failure_lasts_as_long_as_it_was_told(emulator, injector):
    action = injector.trigger("network_failure", bdb_id=1, delay=5)
    emulator.advance("1s")
    stuck = socket.create_connection(("127.0.0.1", emulator.port), DEADLINE_SECONDS)
    stuck.sendall(b"*1\r\n$4\r\nPING\r\n")
    rule, = emulator.admin("GET", "/faults")["faults"]
    assert rule["plane"] == "tcp" and rule["match"] == {"cache": "devcache"} and rule["active"]
    assert injector.status(action) == "running"
    emulator.advance("5s")
    assert injector.status(action) == "success"
    assert emulator.client().call("PING") == "PONG"
    stuck.close()


@pytest.mark.parametrize("kind", ["migrate", "bind", "dmc_restart"])
def test_endpoints_that_move_make_clients_reconnect(emulator, injector, kind):
    wire = emulator.client()
    action = injector.trigger(kind, bdb_id="1")
    emulator.advance("1s")
    with pytest.raises(Closed):
        wire.call("PING")
    emulator.advance("5s")
    assert injector.status(action) == "success" and emulator.client().call("PING") == "PONG"


def test_latency_is_a_rule_for_a_while(emulator, injector):
    action = injector.trigger("network_latency", latency="100ms", jitter="20ms", duration="30s")
    emulator.advance("1s")
    rule, = emulator.admin("GET", "/faults")["faults"]
    assert rule["type"] == "latency" and rule["attributes"]["latency"] == 100 and rule["attributes"]["jitter"] == 20
    assert injector.trigger("network_restore")
    emulator.advance("10ms")
    assert emulator.admin("GET", "/faults")["faults"] == [] and injector.status(action) == "success"


def test_a_sequence_runs_in_order(emulator, injector):
    """With Go's nanoseconds for delays, and the parameters under the name that sequences have."""
    action = injector.trigger("sequence_of_actions", bdb_id=1, actions=[
        {"type": "network_latency", "params": {"latency": "1ms", "delay": 3}},
        {"type": "failover", "params": {}, "delay": 30_000_000_000},
    ])
    emulator.advance("1s")
    assert [r["type"] for r in emulator.admin("GET", "/faults")["faults"]] == ["latency"]
    emulator.advance("10s")
    assert emulator.admin("GET", "/faults")["faults"] == [] and injector.status(action) == "running"
    emulator.advance("23s")
    assert [r["type"] for r in emulator.admin("GET", "/faults")["faults"]] == ["failover"]
    emulator.advance("10s")
    assert injector.status(action) == "success"
    status, listed = injector.ask("GET", "/action")
    assert [(a["job_id"], a["action_type"], a["status"]) for a in listed["actions"]] == [
        (action, "sequence_of_actions", "success")]


@pytest.mark.parametrize("body,words", [
    ({"type": "failovre"}, "did you mean 'failover'?"),
    ({"type": "execute_rlutil_command"}, "there are failover"),
    ({}, "needs a 'type'"),
    ({"type": "failover", "parameters": {"bdb_id": "nobody"}}, "'bdb_id'"),
    ({"type": "failover", "parameters": []}, "'parameters'"),
    ({"type": "network_failure", "parameters": {"delay": -1}}, "'delay'"),
    ({"type": "sequence_of_actions", "parameters": {"actions": []}}, "'actions'"),
    ({"type": "sequence_of_actions", "parameters": {"actions": [{"type": "sequence_of_actions"}]}}, "no action"),
])
def test_malformed_actions_are_refused(injector, body, words):
    status, answer = injector.ask("POST", "/action", body)
    assert status == 422 and words in answer["error"]["message"], answer
    assert injector.ask("GET", "/action/999")[0] == 404


def test_a_rule_the_engine_refuses_fails_the_action(emulator, injector):
    action = injector.trigger("network_latency")  # without a latency
    emulator.advance("1s")
    status, answer = injector.ask("GET", f"/action/{action}")
    assert answer["status"] == "failed" and "latency" in answer["error"]


def test_actions_that_run_end_with_the_emulator(emulator, injector):
    injector.trigger("network_failure", delay=60)
    injector.trigger("failover")
    emulator.advance("1s")
    assert len(emulator.admin("GET", "/faults")["faults"]) == 2
    emulator.stop()

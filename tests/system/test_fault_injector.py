"""The fault injector that Redis client libraries' scenario tests speak to: POST /action, GET /action/{id}."""
import http.client
import json
import re

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
    with pytest.raises((Closed, ConnectionError)):  # nobody gets in
        emulator.client()
    rule, = emulator.admin("GET", "/faults")["faults"]
    assert rule["plane"] == "tcp" and rule["match"] == {"cache": "devcache"} and rule["active"]
    assert injector.status(action) == "running"
    emulator.advance("5s")
    assert injector.status(action) == "success"
    assert emulator.client().call("PING") == "PONG"


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


def test_rladmin_tells_what_there_is_and_orders_actions(emulator, injector):
    """In the columns that redis-py, jedis and lettuce read."""
    def told(command):
        action = injector.trigger("execute_rladmin_command", bdb_id="1", rladmin_command=command)
        emulator.advance("10ms")
        status, answer = injector.ask("GET", f"/action/{action}")
        assert status == 200 and answer["status"] == "success", answer
        return answer["output"]["output"]

    status = told("status")
    sections = re.split("(?=CLUSTER NODES:|DATABASES:|ENDPOINTS:|SHARDS:)", status)[1:]
    assert [section.split(":")[0] for section in sections] == ["CLUSTER NODES", "DATABASES", "ENDPOINTS", "SHARDS"]
    assert re.search(r"^\*node:1 .*\nnode:2 .*\nnode:3 .* 0 ", sections[0], re.M)
    assert re.search(r"^db:1\s+devcache\s", sections[1], re.M)
    assert re.search(r"^db:1\s+\S+\s+endpoint:1:1\s+node:1\s+single", sections[2], re.M)
    shard = re.compile(r"^db:1\s+devcache\s+(redis:\d+)\s+(node:\d)\s+(master|slave)\s+0-16383\s+[\d.]+MB\s+OK$", re.M)
    assert shard.findall(sections[3]) == [("redis:1", "node:1", "master"), ("redis:2", "node:2", "slave")]
    assert told("rladmin status shards") + "\n" == sections[3] or told("status shards") == sections[3]
    for command, kind in (("migrate node 1 all_shards target_node 3", "scale"), ("bind endpoint 1:1 policy single",
                          "scale"), ("failover shard 1", "failover")):
        action = injector.trigger("execute_rladmin_command", bdb_id="1", rladmin_command=command)
        emulator.advance("10ms")
        rule, = emulator.admin("GET", "/faults")["faults"]
        assert rule["type"] == kind and rule["match"] == {"cache": "devcache"}
        emulator.advance("5s")
        assert injector.status(action) == "success"


def test_clustered_caches_in_rladmin(emulator, injector):
    emulator.create_cache("sharded", {"sku": {"name": "Premium", "family": "P", "capacity": 1}, "shardCount": 2})
    action = injector.trigger("execute_rladmin_command", rladmin_command="status shards")
    emulator.advance("10ms")
    output = injector.ask("GET", f"/action/{action}")[1]["output"]["output"]
    masters = re.findall(r"^db:2\s+sharded\s+redis:\d+\s+node:1\s+master\s+(\S+)", output, re.M)
    assert masters == ["0-8191", "8192-16383"]


def test_jedis_sends_a_sequence_as_a_text_of_names(emulator, injector):
    action = injector.trigger("sequence_of_actions", bdb_id=1, actions='["reshard","failover"]')
    emulator.advance("1s")
    assert [r["type"] for r in emulator.admin("GET", "/faults")["faults"]] == ["scale"]
    emulator.advance("2s")
    assert [r["type"] for r in emulator.admin("GET", "/faults")["faults"]] == ["failover"]
    emulator.advance("10s")
    assert injector.status(action) == "success"


def test_go_redis_lists_the_types_and_redis_py_is_told_what_azure_lacks(injector):
    status, names = injector.ask("GET", "/actions")
    assert status == 200 and {"failover", "sequence_of_actions", "network_failure", "reshard"} <= set(names)
    for path in ("/slot-migrate?effect=remove-add&cluster_index=0", "/topology-change-standalone?effect=conn_drop"):
        status, answer = injector.ask("GET", path)
        assert status == 422 and "no maintenance notifications" in answer["error"]["message"]


@pytest.mark.parametrize("body,words", [
    ({"type": "execute_rladmin_command", "parameters": {}}, "'rladmin_command' must be a text"),
    ({"type": "execute_rladmin_command", "parameters": {"rladmin_command": "reboot now"}}, "'rladmin reboot'"),
    ({"type": "execute_rladmin_command", "parameters": {"rladmin_command": "status moon"}}, "'rladmin status moon'"),
    ({"type": "execute_rladmin_command", "parameters": {"rladmin_command": ""}}, "there are status"),
    ({"type": "sequence_of_actions", "parameters": {"actions": "[\"failovre\"]"}}, "did you mean 'failover'?"),
    ({"type": "sequence_of_actions", "parameters": {"actions": "failover"}}, "'actions'"),
    ({"type": "failovre"}, "did you mean 'failover'?"),
    ({"type": "execute_rlutil_command"}, "there is no action 'execute_rlutil_command'"), ({"type": "x"}, "there are failover"),
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

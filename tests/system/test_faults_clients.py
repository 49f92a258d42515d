"""What people see of faults: the errors that az prints, and the exceptions of ioredis and node-redis."""
import json
import pathlib

import pytest

from harness.faults import fault
from harness.programs import Az, node

SCRIPT = pathlib.Path(__file__).parent / "js" / "faults.cjs"


@pytest.fixture
def emulator(start_emulator):
    return start_emulator("--provisioning", "instant", "--offline")


@pytest.fixture
def az(emulator, tmp_path):
    return Az(emulator, tmp_path / "azure")


CREATE = ("redis", "create", "-n", "prod-1", "-g", "redurite", "-l", "eastus", "--sku", "Basic", "--vm-size", "c1")


def test_az_prints_azures_code_and_words(emulator, az):
    az.login()
    for kind, words in (("quota_exceeded", "(SubscriptionIsOverQuotaForSku) This region has quota of 0 instances"),
                        ("policy_denied", "(RequestDisallowedByPolicy) Resource 'prod-1' was disallowed by policy."),
                        ("name_not_available", "An error occured when trying to reserve the DNS name")):
        with fault(emulator, kind, match={"resource": "prod-*"}):
            done = az.attempt(*CREATE)
            assert done.returncode == 1 and words in done.stderr, done.stderr
    assert az.run(*CREATE)["provisioningState"] == "Succeeded"


def test_az_hears_of_provisioning_that_failed(emulator, az):
    az.login()
    with fault(emulator, "capacity_failed", match={"operation": "*/write"}):
        done = az.attempt(*CREATE)
    assert done.returncode == 1 and "InsufficientCapacity" in done.stderr, done.stderr
    assert az.run("redis", "show", "-n", "prod-1", "-g", "redurite")["provisioningState"] == "Failed"


def test_az_waits_out_throttling(emulator, az):
    az.login()
    with fault(emulator, "throttle", times=2, attributes={"retryAfter": "1s"}, match={"method": "PUT"}) as rule:
        assert az.run(*CREATE)["provisioningState"] == "Succeeded"
        assert emulator.admin("GET", "/faults/" + rule)["fired"] == 2


def test_az_cannot_log_in_with_an_expired_secret(emulator, az):
    ready = emulator.ready
    words = ("login", "--service-principal", "-u", ready["clientId"], "-p", ready["clientSecret"], "--tenant",
             ready["tenantId"])
    with fault(emulator, "expired_secret"):
        done = az.attempt(*words)
        assert done.returncode == 1 and "AADSTS7000222: The provided client secret keys for app" in done.stderr
    az.run(*words)


NODE = [
    ("readonly", {}, ("ReplyError", "READONLY You can't write"), ("", "READONLY You can't write")),
    ("loading", {"match": {"command": "SET"}}, ("ReplyError", "LOADING Redis is loading"), ("", "LOADING Redis")),
    ("reset_peer", {"plane": "redis", "match": {"command": "SET"}}, ("", "Connection is closed"), ("", "")),
    ("down", {}, ("", "Connection is closed"), ("", "ECONNREFUSED")),
]


@pytest.mark.parametrize("kind, more, ioredis, node_redis", NODE, ids=[row[0] for row in NODE])
def test_javascript_clients_tell_of_it_and_recover(emulator, kind, more, ioredis, node_redis):
    want = json.dumps({"host": "127.0.0.1", "port": emulator.port, "key": emulator.key})
    with fault(emulator, kind, **more):
        for (name, message), (expected, words) in zip(node(SCRIPT, want), (ioredis, node_redis)):
            assert name.endswith(expected) and words in message, (name, message)
    assert node(SCRIPT, want) == [["OK"], ["OK"]]

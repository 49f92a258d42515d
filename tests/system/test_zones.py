"""Availability zones: where nodes lie, and what the loss of a zone does."""
import pytest
import redis

from harness.emulator import wait_until
from harness.faults import fault, redis_py, shown

PREMIUM = {"name": "Premium", "family": "P", "capacity": 1}


def make(emulator, name, sku=PREMIUM, zones=None, **properties):
    more = {"zones": zones} if zones else {}
    keys = emulator.create_cache(name, {"sku": sku, **properties}, **more)
    return redis_py(emulator, tls=True, key=keys["primaryKey"])


def instances(emulator, name):
    return emulator.arm("GET", emulator.cache_path(name)).json["properties"]["instances"]


def failed(client):
    with pytest.raises(redis.exceptions.ConnectionError):
        client.ping()


def back(client):
    try:
        return client.ping()
    except redis.exceptions.ConnectionError:
        return False


def test_nodes_take_turns_in_the_zones(emulator):
    make(emulator, "two", zones=["1", "3"], replicasPerPrimary=2)
    assert [node["zone"] for node in instances(emulator, "two")] == ["1", "3", "1"]
    make(emulator, "sharded", zones=["1", "2"], shardCount=2)
    assert [(node["shardId"], node["zone"]) for node in instances(emulator, "sharded")] == [
        (0, "1"), (0, "2"), (1, "2"), (1, "1")]
    make(emulator, "automatic")
    assert all("zone" not in node for node in instances(emulator, "automatic"))


def test_a_lost_zone_is_survived_by_who_has_another(emulator):
    spread, lone = make(emulator, "spread", zones=["1", "2"]), make(emulator, "lone", zones=["1"])
    elsewhere = make(emulator, "elsewhere", zones=["2"])
    key = emulator.arm("POST", emulator.cache_path("spread") + "/listKeys").json["primaryKey"]
    events, wire = spread.pubsub(), emulator.client(tls=True, key=key)
    for client in (spread, lone, elsewhere):
        client.set("a", "1")
    with fault(emulator, "zone_down", attributes={"zone": 1}) as rule:
        wait_until(lambda: shown(emulator, rule)["fired"] == 1, "the zone is gone")
        assert wire.closed()
        wait_until(lambda: back(spread), "the client has another connection")
        assert spread.get("a") == "1" and spread.set("a", "2")
        assert [(node["zone"], node["isPrimary"]) for node in instances(emulator, "spread")] == [
            ("1", False), ("2", True)]
        events.subscribe("AzureRedisEvents")
        assert events.get_message(timeout=5)["type"] == "subscribe"
        emulator.advance("11s")
        told = wait_until(lambda: events.get_message(timeout=1), "the failover is told")
        assert "NodeMaintenanceFailover" in told["data"]
        for _ in range(3):
            failed(lone)
        assert elsewhere.get("a") == "1"
        # The other zone as well: nothing is left.
        with fault(emulator, "zone_down", attributes={"zone": 2}) as second:
            wait_until(lambda: shown(emulator, second)["fired"] == 1, "the second zone is gone")
            failed(spread)
            failed(elsewhere)
    assert lone.get("a") is None and elsewhere.get("a") is None
    wait_until(lambda: back(spread), "all is well again")
    assert lone.set("a", "2")


def test_a_persisted_cache_is_back_with_its_data(emulator):
    account = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a2V5;EndpointSuffix=core.windows.net"
    client = make(emulator, "kept", zones=["2"], redisConfiguration={
        "rdb-backup-enabled": "true", "rdb-backup-frequency": "60", "rdb-storage-connection-string": account})
    client.set("a", "1")
    with fault(emulator, "zone_down", match={"cache": "kept"}, attributes={"zone": 2}) as rule:
        wait_until(lambda: shown(emulator, rule)["fired"] == 1, "the zone is gone")
        failed(client)
        failed(client)
    assert client.get("a") == "1"


def test_a_zone_that_does_not_exist_is_refused(emulator):
    answer = emulator.admin("POST", "/faults", {"type": "zone_down", "attributes": {"zone": 4}}, status=400)
    assert "zone" in answer["error"]["message"]

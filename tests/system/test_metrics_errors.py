"""Metrics of what commands cost, what went wrong and how geo-replicas keep up."""
import pytest

from harness.emulator import wait_until
from harness.faults import fault
from harness.metrics import ask, values
from harness.wire import encode

PREMIUM = {"sku": {"name": "Premium", "family": "P", "capacity": 1}}


@pytest.fixture
def cache(emulator):
    keys = emulator.create_cache("measured", PREMIUM)
    return emulator.client(tls=True, key=keys["primaryKey"])


def errors(emulator, cache, only="*", **query):
    """The largest figure of each type of error that had one."""
    answer = ask(emulator, cache, "errors", **{"$filter": f"ErrorType eq '{only}'"}, **query)
    found = {}
    for series in answer["value"][0]["timeseries"]:
        names = {item["name"]["value"]: item["value"] for item in series["metadatavalues"]}
        found[names["errortype"]] = max((p.get("maximum", 0) for p in series["data"]), default=0)
    return found


def seen(emulator, cache, **query):
    return {name: figure for name, figure in errors(emulator, cache, **query).items() if figure > 0}


def test_latency_is_that_of_the_commands(emulator, cache):
    for _ in range(50):
        cache.call("SET", "a", "1")
    answer = ask(emulator, "measured", "cacheLatency,LatencyP99", aggregation="average,minimum,maximum,count")
    assert [m["unit"] for m in answer["value"]] == ["Count", "Count"]
    assert sum(values(answer, "count")) >= 50
    average, worst = values(answer, "average")[-1], values(answer, "maximum")[-1]
    assert values(answer, "minimum")[-1] <= average <= worst < 10_000_000
    assert max(values(answer, "maximum", 1)) <= worst


def test_latency_has_what_a_fault_adds(emulator, cache):
    emulator.admin("POST", "/clock", {"mode": "frozen"})
    with fault(emulator, "latency", plane="redis", match={"command": "GET"}, attributes={"latency": 250}) as rule:
        cache.send(encode("GET", "a"))
        wait_until(lambda: emulator.admin("GET", f"/faults/{rule}")["fired"] == 1, "the command is held")
        emulator.advance("250ms")
        assert cache.reply() is None
    cache.call("GET", "a")
    answer = ask(emulator, "measured", "cacheLatency,LatencyP99", aggregation="maximum")
    assert 250_000 <= max(values(answer, "maximum")) < 400_000
    assert 250_000 <= max(values(answer, "maximum", 1)) < 400_000
    emulator.advance("1m")
    cache.call("GET", "a")
    assert values(ask(emulator, "measured", "cacheLatency", aggregation="maximum"), "maximum")[-1] < 100_000


def test_failovers_and_lost_data_are_errors_of_their_types(emulator, cache):
    assert seen(emulator, "measured") == {}
    with fault(emulator, "failover", match={"cache": "measured"}):
        wait_until(lambda: seen(emulator, "measured") == {"Failover": 1}, "the failover is counted")
    assert errors(emulator, "measured", only="Failover") == {"Failover": 1}
    assert errors(emulator, "measured", only="Dataloss") == {"Dataloss": 0}
    emulator.advance("2m")
    reboot = emulator.arm("POST", emulator.cache_path("measured") + "/forceReboot", {"rebootType": "AllNodes"})
    assert reboot.status == 200
    assert seen(emulator, "measured", timespan="PT1M") == {"Dataloss": 1}
    total = ask(emulator, "measured", "errors", timespan="PT10M")  # all types in one
    assert max(values(total, "maximum")) == 1


def test_errors_of_one_shard(emulator):
    emulator.create_cache("sharded", {**PREMIUM, "shardCount": 2})
    answer = emulator.arm("POST", emulator.cache_path("sharded") + "/forceReboot",
                          {"rebootType": "PrimaryNode", "shardId": 1})
    assert answer.status == 200
    found = ask(emulator, "sharded", "errors", **{"$filter": "ShardId eq '*' and ErrorType eq 'Failover'"})
    series = found["value"][0]["timeseries"]
    shown = [{item["name"]["value"]: item["value"] for item in one["metadatavalues"]} for one in series]
    assert shown == [{"shardid": "0", "errortype": "Failover"}, {"shardid": "1", "errortype": "Failover"}]
    assert max(values(found, "maximum")) == 0 and max(values(found, "maximum", 0, 1)) == 1


def test_failed_imports_exports_and_backups(emulator, cache):
    path = emulator.cache_path("measured")
    body = {"files": ["https://acct.blob.core.windows.net/dumps/absent.rdb"], "format": "RDB"}
    assert emulator.arm("POST", path + "/import", body).status == 202
    emulator.advance("1h")
    assert seen(emulator, "measured", timespan="PT2H") == {"Import": 1}
    with fault(emulator, "misconf", match={"cache": "measured", "command": "SET"}):
        assert emulator.client(tls=True, key=emulator.arm("POST", path + "/listKeys").json["primaryKey"]).call(
            "SET", "a", "1").startswith("MISCONF")
    assert seen(emulator, "measured", timespan="PT2H") == {"Import": 1, "RDB": 1}


def test_refused_tokens(emulator):
    emulator.create_cache("tokens", {"redisConfiguration": {"aad-enabled": "true"}})
    who = "11111111-2222-4333-8444-555555555555"
    answer = emulator.arm("PUT", emulator.cache_path("tokens") + "/accessPolicyAssignments/one", {"properties": {
        "accessPolicyName": "Data Contributor", "objectId": who, "objectIdAlias": "someone"}})
    assert answer.status in (200, 201), answer
    emulator.advance("10m")
    with emulator.connect(tls=True) as wire:
        assert str(wire.call("AUTH", who, "no-token")).startswith("WRONGPASS")
    assert seen(emulator, "tokens") == {"AADAuthenticationFailure": 1, "MicrosoftEntraAuthenticationFailure": 1}


def test_clients_that_do_not_read_are_unresponsive(emulator):
    key = emulator.create_cache("measured", PREMIUM)["primaryKey"]
    lazy, loud = emulator.client(tls=True, key=key), emulator.client(tls=True, key=key)
    assert lazy.call("SUBSCRIBE", "news")[0] == "subscribe"
    for _ in range(40):
        loud.call("PUBLISH", "news", "x" * 500_000)
    assert seen(emulator, "measured") == {"UnresponsiveClients": 1}


def test_how_a_geo_replica_keeps_up(emulator):
    for name in ("geo-east", "geo-west"):
        emulator.create_cache(name, PREMIUM)
    emulator.advance("3h")
    assert values(ask(emulator, "geo-west", "GeoReplicationHealthy", aggregation="maximum"), "maximum") == []
    secondary = f"/subscriptions/{emulator.ready['subscriptionId']}{emulator.cache_path('geo-west')}"
    answer = emulator.arm("PUT", emulator.cache_path("geo-east") + "/linkedServers/geo-west", {"properties": {
        "linkedRedisCacheId": secondary, "linkedRedisCacheLocation": "westus2", "serverRole": "Secondary"}})
    assert answer.status in (200, 201), answer
    emulator.advance("6m")
    names = ("GeoReplicationHealthy,GeoReplicationConnectivityLag,GeoReplicationFullSyncEventStarted,"
             "GeoReplicationFullSyncEventFinished,GeoReplicationDataSyncOffset")
    west = ask(emulator, "geo-west", names, aggregation="maximum,count")
    assert min(values(west, "maximum")) == 1 and max(values(west, "maximum", 1)) == 0
    assert sum(values(west, "count", 2)) == 1 and sum(values(west, "count", 3)) == 1
    assert values(west, "count", 4) == []  # told by the primary
    east = ask(emulator, "geo-east", names, aggregation="maximum,count")
    assert [values(east, "count", i) for i in range(4)] == [[]] * 4
    assert max(values(east, "maximum", 4)) == 0


def test_a_filter_that_is_none(emulator, cache):
    for filter_, said in (("ErrorType eq 'Nonsense'", "Nonsense"), ("ShardId", "ShardId"), ("a gt '1'", "a gt")):
        answer = ask(emulator, "measured", "errors", status=400, **{"$filter": filter_})
        assert said in answer["error"]["message"]

"""Azure Monitor's metrics of a cache: figures of the live engine, by the minute."""
import urllib.parse

import pytest

from harness.metrics import METRICS, ask, values


@pytest.fixture
def cache(emulator):
    keys = emulator.create_cache("measured")
    return emulator.client(tls=True, key=keys["primaryKey"])


def test_figures_are_those_of_the_engine(emulator, cache):
    for i in range(10):
        cache.call("SET", f"key{i}", "v" * 1000)
    for _ in range(3):
        cache.call("GET", "key1")
    for _ in range(2):
        cache.call("GET", "absent")
    answer = ask(emulator, "measured", "totalkeys,cachehits,cachemisses,setcommands,connectedclients,usedmemory")
    assert answer["namespace"] == "Microsoft.Cache/redis" and answer["interval"] == "PT1M"
    shown = {m["name"]["value"]: m for m in answer["value"]}
    assert shown["usedmemory"]["unit"] == "Bytes" and shown["totalkeys"]["unit"] == "Count"
    assert max(values(answer, "maximum", 0)) == 10
    assert sum(values(answer, "total", 1)) == 3
    assert sum(values(answer, "total", 2)) == 2
    assert sum(values(answer, "total", 3)) == 10
    assert max(values(answer, "maximum", 4)) == 1
    assert max(values(answer, "maximum", 5)) > 10 * 1000


def test_each_minute_has_its_own_figures(emulator, cache):
    cache.call("SET", "a", "1")
    emulator.advance("5m")
    cache.call("SET", "b", "1")
    cache.call("SET", "c", "1")
    answer = ask(emulator, "measured", "setcommands", timespan="PT10M")
    totals = values(answer, "total")
    assert sorted(t for t in totals if t > 0) == [1, 2]
    first, second = totals.index(1), totals.index(2)
    assert second - first == 5
    data = answer["value"][0]["timeseries"][0]["data"]
    assert len(data) in (10, 11) and data[0]["timeStamp"].endswith(":00Z")
    emulator.advance("3h")
    assert sum(values(ask(emulator, "measured", "setcommands"), "total")) == 0
    assert sum(values(ask(emulator, "measured", "setcommands", timespan="PT4H", interval="PT1H"), "total")) == 3


def test_aggregations_and_the_double_encoded_timespan_of_az(emulator, cache):
    cache.call("SET", "a", "1")
    now = emulator.admin("GET", "/clock")["now"]
    day = now[:10]
    span = urllib.parse.quote(f"{day}T00:00:00.000000/{day}T23:59:59.000000")
    answer = ask(emulator, "measured", "totalkeys", timespan=span, interval="PT5M",
                 aggregation="average,Maximum,count")
    seen = [p for p in answer["value"][0]["timeseries"][0]["data"] if "maximum" in p]
    assert seen and set(seen[0]) == {"timeStamp", "average", "maximum", "count"}
    assert answer["timespan"] == f"{day}T00:00:00Z/{day}T23:59:59Z"


def test_shards_of_a_cluster(emulator):
    emulator.create_cache("sharded", {"sku": {"name": "Premium", "family": "P", "capacity": 1}, "shardCount": 2})
    answer = ask(emulator, "sharded", "totalkeys", **{"$filter": "ShardId eq '*'"})
    series = answer["value"][0]["timeseries"]
    assert [s["metadatavalues"][0]["value"] for s in series] == ["0", "1"]
    one = ask(emulator, "sharded", "totalkeys1,totalkeys7")["value"]
    assert [m["name"]["value"] for m in one] == ["totalkeys1", "totalkeys7"]
    assert len(one[0]["timeseries"]) == 1 and one[1]["timeseries"] == []


def test_definitions_and_namespaces(emulator, cache):
    path = emulator.cache_path("measured") + "/providers/Microsoft.Insights"
    definitions = emulator.arm("GET", path + "/metricDefinitions", version="2018-01-01").json["value"]
    found = {d["name"]["value"]: d for d in definitions}
    assert len(found) == len(definitions) > 200
    memory = found["usedmemorypercentage"]
    assert memory["unit"] == "Percent" and memory["primaryAggregationType"] == "Maximum"
    assert memory["dimensions"] == [{"value": "ShardId", "localizedValue": "ShardId"}]
    assert "usedmemorypercentage9" in found
    spaces = emulator.arm("GET", path + "/metricNamespaces", version="2017-12-01-preview").json["value"]
    assert spaces[0]["properties"]["metricNamespaceName"] == "Microsoft.Cache/redis"


@pytest.mark.parametrize("query, said", [
    ({"names": "nosuchmetric"}, "Failed to find metric configuration"),
    ({"names": "totalkeys", "timespan": "yesterday"}, "timespan 'yesterday'"),
    ({"names": "totalkeys", "interval": "PT7M"}, "invalid time grain"),
    ({"names": "totalkeys", "aggregation": "median"}, "'median'"),
    ({"names": "totalkeys", "timespan": "PT2000H", "interval": "PT1M"}, "more than 20000 intervals"),
])
def test_bad_questions(shared_emulator, query, said):
    if shared_emulator.arm("GET", shared_emulator.cache_path("asked")).status != 200:
        shared_emulator.create_cache("asked")
    answer = ask(shared_emulator, "asked", status=400, **query)
    assert said in answer["error"]["message"]


def test_a_cache_that_is_not_there(emulator, cache):
    answer = emulator.arm("GET", emulator.cache_path("nobody") + METRICS, version="2018-01-01")
    assert answer.status == 404 and answer.json["error"]["code"] == "ResourceNotFound"


def test_a_year_passes_in_an_instant_and_keeps_a_day_of_figures(emulator, cache):
    cache.call("SET", "a", "1")
    emulator.advance("365d")
    hours = ask(emulator, "measured", "totalkeys", timespan="P3D", interval="PT1H")
    seen = values(hours, "maximum")
    assert seen[-1] == 1 and 23 <= len(seen) <= 25


def test_years_ahead_there_are_the_figures_of_the_last_day(emulator, cache):
    """What happened on the way is not counted where it did not happen.

    With a hundred caches: looking at each of them every minute on the way would take longer than a request may.
    """
    body = {"location": "westus2", "properties": {"sku": {"name": "Basic", "family": "C", "capacity": 0}}}
    for number in range(100):
        assert emulator.arm("PUT", emulator.cache_path(f"other-{number}"), body).status == 201
    cache.call("SET", "a", "1", "EX", 30 * 86400)
    cache.call("SET", "b", "1")
    emulator.advance("43800h")
    answer = ask(emulator, "measured", "totalkeys,expiredkeys", timespan="PT23H", interval="PT1H")
    assert len(values(answer, "maximum", 0)) >= 23 and set(values(answer, "maximum", 0)) == {1}
    assert sum(values(answer, "total", 1)) == 0
    answer = ask(emulator, "measured", "totalkeys", timespan="PT1H")
    assert len(values(answer, "maximum")) >= 59  # each minute of it
    emulator.client(tls=True, key=emulator.arm("POST", emulator.cache_path("measured") + "/listKeys")
                    .json["primaryKey"]).call("SET", "c", "1")
    emulator.advance("1m")
    assert max(values(ask(emulator, "measured", "totalkeys", timespan="PT1H"), "maximum")) == 2


def test_a_filter_names_dimensions_that_the_metric_has(emulator, cache):
    for metric, filter_, has in (("cachehits", "Bogus eq '*'", "ShardId"), ("LatencyP99", "ShardId eq '*'", ""),
                                 ("cachehits0", "ShardId eq '*'", ""),
                                 ("cachehits", "ShardId eq '*' and ErrorType eq '*'", "ShardId")):
        answer = ask(emulator, "measured", metric, status=400, **{"$filter": filter_})
        assert answer["error"]["code"] == "BadRequest"
        assert f"supported ones are: {has}, TraceId: " in answer["error"]["message"]
        ask(emulator, "measured", metric, validatedimensions="false", **{"$filter": filter_})
    ask(emulator, "measured", "allcachehits", **{"$filter": "ShardId eq '0' and Primary eq 'True'"})


def test_several_values_of_a_dimension(emulator, cache):
    def seen(filter_, **query):
        series = ask(emulator, "measured", "errors", **{"$filter": filter_}, **query)["value"][0]["timeseries"]
        return sorted(s["metadatavalues"][0]["value"] for s in series), series
    assert seen("ErrorType eq 'Failover' or errortype eq 'Import'")[0] == ["Failover", "Import"]
    assert seen("ErrorType eq 'Failover' and ErrorType eq 'Import'")[0] == []
    types, series = seen("ErrorType eq '*'", resultType="Metadata")
    assert "AOF" in types and all("data" not in s for s in series)
    ask(emulator, "measured", "errors", status=400, **{"$filter": "ErrorType eq 'Import' or ShardId eq '0'"})
    ask(emulator, "measured", "errors", status=400, resultType="Everything")

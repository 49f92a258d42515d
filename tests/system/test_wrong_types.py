"""Bodies with values of the wrong kind: an answer that says so, never an error of the emulator's own."""
import copy

import pytest

WRONG = (None, 5, -1, 1e300, "x", "", [], [None], {}, True)
CACHE = "/resourceGroups/wrong/providers/Microsoft.Cache/redis/wrong"
PROVIDERS = "/resourceGroups/wrong/providers/Microsoft."
SCOPE = "/subscriptions/00000000-0000-4000-8000-000000006379"
BODIES = {
    "cache": (CACHE, "2024-11-01", {
        "location": "westus2", "zones": ["1"], "identity": {"type": "SystemAssigned"}, "tags": {"a": "b"},
        "properties": {"sku": {"name": "Premium", "family": "P", "capacity": 1}, "shardCount": 2,
                       "redisConfiguration": {"maxmemory-policy": "noeviction"}, "minimumTlsVersion": "1.2"}}),
    "network": (PROVIDERS + "Network/virtualNetworks/wrong", "2023-09-01", {
        "location": "westus2", "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "one", "properties": {"addressPrefix": "10.0.0.0/24"}}]}}),
    "alert": (PROVIDERS + "Insights/metricAlerts/wrong", "2018-03-01", {
        "location": "global", "properties": {
            "severity": 2, "enabled": True, "scopes": [SCOPE + CACHE], "evaluationFrequency": "PT1M",
            "windowSize": "PT5M",
            "criteria": {"odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", "allOf": [
                {"name": "load", "metricName": "serverLoad", "operator": "GreaterThan", "threshold": 80,
                 "timeAggregation": "Average", "criterionType": "StaticThresholdCriterion"}]}}}),
    "role": ("/providers/Microsoft.Authorization/roleDefinitions/cccccccc-0000-4000-8000-000000000001", "2022-04-01", {
        "properties": {"roleName": "Wrong", "assignableScopes": [SCOPE], "permissions": [{"actions": ["*/read"]}]}}),
    "policy": ("/providers/Microsoft.Authorization/policyDefinitions/wrong", "2023-04-01", {
        "properties": {"parameters": {"tag": {"type": "String"}}, "policyRule": {
            "if": {"allOf": [{"field": "tags['a']", "equals": "b"}]}, "then": {"effect": "audit"}}}}),
}


def places(value, at=()):
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, at + (key,))


def changed(body, at, change):
    """The body with something else done at that place."""
    body = copy.deepcopy(body)
    holder = body
    for key in at[:-1]:
        holder = holder[key]
    change(holder, at[-1])
    return body


def put(value):
    return lambda holder, key: holder.__setitem__(key, value)


@pytest.mark.parametrize("kind", BODIES)
def test_no_wrong_kind_of_value_is_an_error_of_ours(start_emulator, kind):
    emulator = start_emulator("--clock", "frozen", "--offline")
    emulator.arm("PUT", "/resourceGroups/wrong", {"location": "westus2"}, "2021-04-01")
    path, version, good = BODIES[kind]
    if kind == "alert":
        emulator.create_cache("wrong", group="wrong")
    assert emulator.arm("PUT", path, good, version).status in (200, 201)
    for at in list(places(good))[1:]:  # not the whole
        for change in (*map(put, WRONG), lambda holder, key: holder.__delitem__(key)):
            body = changed(good, at, change)
            answers = [emulator.arm(method, path, body, version) for method in ("PUT", "PATCH")]
            answers.append(emulator.arm("GET", path, None, version))
            assert all(answer.status < 500 for answer in answers), (at, body, answers)
            assert all("error" in answer.json for answer in answers if answer.status >= 400), (at, body, answers)
    emulator.advance("1h")
    assert emulator.arm("DELETE", path, None, version).status < 500

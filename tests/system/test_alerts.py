"""Metric alerts that fire and end on the clock, and the webhooks of action groups."""
import datetime

import pytest

from harness.certificates import signed_by
from harness.emulator import wait_until
from harness.webhook import receiver

RULES = "/resourceGroups/tests/providers/Microsoft.Insights/metricAlerts/"
GROUPS = "/resourceGroups/tests/providers/Microsoft.Insights/actionGroups/"
ALERTS = "/providers/Microsoft.AlertsManagement/alerts"


def rule(emulator, cache, action=None, metric="totalkeys", operator="GreaterThan", threshold=2, **more):
    subscription = f"/subscriptions/{emulator.ready['subscriptionId']}"
    condition = {"name": "c1", "metricName": metric, "operator": operator, "timeAggregation": "Maximum",
                 "threshold": threshold, "dimensions": [], "criterionType": "StaticThresholdCriterion"}
    properties = {"severity": 2, "enabled": True, "scopes": [subscription + emulator.cache_path(cache)],
                  "evaluationFrequency": "PT1M", "windowSize": "PT1M", "description": "too many keys",
                  "criteria": {"odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
                               "allOf": [condition]},
                  "actions": [{"actionGroupId": subscription + GROUPS + action}] if action else []}
    return {"location": "global", "properties": {**properties, **more}}


def alerts(emulator, **query):
    more = "".join(f"&{k}={v}" for k, v in query.items())
    answer = emulator.arm("GET", ALERTS + "?x=1" + more, version="2019-05-05-preview")
    assert answer.status == 200, answer
    return [{**a, **a["properties"]["essentials"]} for a in answer.json["value"]]


@pytest.fixture
def cache(emulator):
    keys = emulator.create_cache("watched")
    return emulator.client(tls=True, key=keys["primaryKey"])


def test_an_alert_fires_and_ends_and_the_webhook_hears_of_both(emulator, cache):
    with receiver() as (url, messages):
        group = {"location": "Global", "properties": {"groupShortName": "ops", "enabled": True, "webhookReceivers": [
            {"name": "hook", "serviceUri": url + "/alert?code=1", "useCommonAlertSchema": True}]}}
        answer = emulator.arm("PUT", GROUPS + "ops", group, version="2022-06-01")
        assert answer.status == 201 and answer.json["properties"]["emailReceivers"] == []
        answer = emulator.arm("PUT", RULES + "Too many keys".replace(" ", "%20"), rule(emulator, "watched", "ops"),
                              version="2018-03-01")
        assert answer.status == 200, answer
        assert answer.json["name"] == "Too many keys" and answer.json["properties"]["autoMitigate"] is True
        emulator.advance("2m")
        assert alerts(emulator) == []
        for i in range(3):
            cache.call("SET", f"k{i}", "v")
        emulator.advance("2m")
        fired, = alerts(emulator)
        assert fired["monitorCondition"] == "Fired" and fired["severity"] == "Sev2"
        assert fired["targetResourceName"] == "watched" and fired["name"] == "Too many keys"
        emulator.advance("5m")
        assert len(alerts(emulator)) == 1  # once until it ends
        cache.call("FLUSHALL")
        cache.call("DEL", "k0", "k1", "k2")
        emulator.advance("2m")
        assert alerts(emulator)[0]["monitorCondition"] == "Fired"  # not healthy for long enough
        emulator.advance("2m")
        assert alerts(emulator)[0]["monitorCondition"] == "Resolved"
        wait_until(lambda: len(messages) >= 2, "two messages")
    first, second = messages
    assert first["path"] == "/alert?code=1" and first["type"].startswith("application/json")
    assert first["schemaId"] == "azureMonitorCommonAlertSchema"
    essentials = first["data"]["essentials"]
    assert essentials["monitorCondition"] == "Fired" and essentials["alertRule"] == "Too many keys"
    assert essentials["alertTargetIDs"] == [fired["targetResource"]] and essentials["alertId"] == fired["id"]
    condition = first["data"]["alertContext"]["condition"]["allOf"][0]
    assert (condition["metricName"], condition["threshold"], condition["metricValue"]) == ("totalkeys", "2", 3)
    assert second["data"]["essentials"]["monitorCondition"] == "Resolved"
    assert "resolvedDateTime" in second["data"]["essentials"]


def test_the_older_schema_and_several_conditions(emulator, cache):
    with receiver() as (url, messages):
        group = {"location": "Global", "properties": {"groupShortName": "ops", "enabled": True, "webhookReceivers": [
            {"name": "hook", "serviceUri": url}]}}
        emulator.arm("PUT", GROUPS + "ops", group, version="2022-06-01")
        both = rule(emulator, "watched", "ops", threshold=0)
        both["properties"]["criteria"]["allOf"].append(
            {"name": "c2", "metricName": "cachehits", "operator": "GreaterThanOrEqual", "timeAggregation": "Total",
             "threshold": 1})
        emulator.arm("PUT", RULES + "both", both, version="2018-03-01")
        cache.call("SET", "k", "v")
        emulator.advance("1m")
        assert alerts(emulator) == []  # keys alone do not do
        cache.call("GET", "k")
        emulator.advance("1m")
        assert [a["monitorCondition"] for a in alerts(emulator)] == ["Fired"]
        wait_until(lambda: messages, "a message")
    assert messages[0]["schemaId"] == "AzureMonitorMetricAlert" and messages[0]["data"]["status"] == "Activated"
    assert messages[0]["data"]["context"]["resourceName"] == "watched"


def test_a_webhook_over_tls_is_trusted_by_the_emulators_own_authority(emulator, cache, tmp_path):
    with receiver(signed_by(emulator, tmp_path)) as (url, messages):
        group = {"location": "Global", "properties": {"groupShortName": "ops", "enabled": True, "webhookReceivers": [
            {"name": "hook", "serviceUri": url, "useCommonAlertSchema": True}]}}
        emulator.arm("PUT", GROUPS + "ops", group, version="2022-06-01")
        emulator.arm("PUT", RULES + "tls", rule(emulator, "watched", "ops", threshold=0), version="2018-03-01")
        cache.call("SET", "k", "v")
        emulator.advance("1m")
        wait_until(lambda: messages, "a message over TLS")
    assert messages[0]["data"]["essentials"]["monitorCondition"] == "Fired"


def test_a_webhook_that_nobody_serves_is_logged(emulator, cache):
    group = {"location": "Global", "properties": {"groupShortName": "ops", "enabled": True, "webhookReceivers": [
        {"name": "hook", "serviceUri": "http://127.0.0.1:1/"},
        {"name": "outside", "serviceUri": "https://hooks.example.com/services/T000/secret"}]}}
    emulator.arm("PUT", GROUPS + "ops", group, version="2022-06-01")
    emulator.arm("PUT", RULES + "r", rule(emulator, "watched", "ops", threshold=-1), version="2018-03-01")
    emulator.advance("1m")
    wait_until(lambda: "webhook failed" in emulator.log, "the failure in the log")
    assert 'host=hooks.example.com reason="the emulator is offline' in emulator.log and "secret" not in emulator.log


def test_frequency_filters_and_states(emulator, cache):
    emulator.arm("PUT", RULES + "slow", rule(emulator, "watched", threshold=-1, evaluationFrequency="PT15M",
                                             windowSize="PT15M"), version="2018-03-01")
    emulator.arm("PUT", RULES + "off", rule(emulator, "watched", threshold=-1, enabled=False), version="2018-03-01")
    emulator.advance("15m")
    alert, = alerts(emulator)
    assert alert["name"] == "slow"
    assert alerts(emulator, monitorCondition="Resolved") == []
    guid = alert["id"].rsplit("/", 1)[1]
    changed = emulator.arm("POST", f"{ALERTS}/{guid}/changestate?newState=Acknowledged", version="2019-05-05-preview")
    assert changed.json["properties"]["essentials"]["alertState"] == "Acknowledged"
    assert [a["name"] for a in alerts(emulator, alertState="Acknowledged", severity="Sev2")] == ["slow"]
    assert emulator.arm("GET", f"{ALERTS}/{guid}", version="2019-05-05-preview").json["id"] == alert["id"]


@pytest.mark.parametrize("change, said", [
    ({"scopes": []}, "at least one scope"),
    ({"scopes": ["/subscriptions/x/resourceGroups/tests/providers/Microsoft.Cache/redis/none"]}, "no such resource"),
    ({"severity": 7}, "severity"),
    ({"windowSize": "PT2M"}, "windowSize"),
    ({"criteria": {"allOf": []}}, "at least one condition"),
    ({"criteria": {"allOf": [{"metricName": "nosuch", "timeAggregation": "Total"}]}}, "metric named nosuch"),
])
def test_bad_rules(shared_emulator, change, said):
    if shared_emulator.arm("GET", shared_emulator.cache_path("watched")).status != 200:
        shared_emulator.create_cache("watched")
    answer = shared_emulator.arm("PUT", RULES + "bad", rule(shared_emulator, "watched", **change), version="2018-03-01")
    assert answer.status == 400 and said in answer.json["error"]["message"], answer
    assert shared_emulator.arm("GET", RULES + "bad", version="2018-03-01").status == 404


def test_diagnostic_settings_and_workspaces(emulator, cache):
    group = "/resourceGroups/tests/providers/Microsoft.OperationalInsights/workspaces/logs"
    made = emulator.arm("PUT", group, {"location": "westus2", "properties": {}}, version="2022-10-01")
    assert made.status == 201 and made.json["properties"]["retentionInDays"] == 30
    customer = made.json["properties"]["customerId"]
    again = emulator.arm("PUT", group, {"location": "westus2", "properties": {"retentionInDays": 60}},
                         version="2022-10-01")
    assert again.json["properties"]["customerId"] == customer
    keys = emulator.arm("POST", group + "/sharedKeys", version="2020-08-01").json
    assert len(keys["primarySharedKey"]) == 88
    setting = emulator.cache_path("watched") + "/providers/Microsoft.Insights/diagnosticSettings/all"
    body = {"properties": {"workspaceId": made.json["id"], "logs": [{"category": "ConnectedClientList",
                                                                     "enabled": True}]}}
    assert emulator.arm("PUT", setting, {"properties": {}}, version="2021-05-01-preview").status == 400
    answer = emulator.arm("PUT", setting, body, version="2021-05-01-preview")
    assert answer.status == 200 and answer.json["properties"]["workspaceId"] == made.json["id"]
    listed = emulator.arm("GET", setting.rsplit("/", 1)[0], version="2021-05-01-preview").json["value"]
    assert [s["name"] for s in listed] == ["all"]
    categories = emulator.arm("GET", setting.rsplit("/", 1)[0] + "Categories", version="2021-05-01-preview").json
    assert [c["name"] for c in categories["value"]] == ["ConnectedClientList", "MSEntraAuthenticationAuditLog",
                                                        "AllMetrics"]


def test_a_long_advance_leaves_no_alert_out(emulator, cache):
    cache.call("SET", "a", "1", "EX", 10 * 86400)
    start = datetime.datetime.fromisoformat(emulator.admin("GET", "/clock")["now"].replace("Z", "+00:00"))
    answer = emulator.arm("PUT", RULES + "empty", rule(emulator, "watched", operator="LessThan", threshold=1),
                          version="2018-03-01")
    assert answer.status == 200, answer
    emulator.advance("960h")
    fired, = alerts(emulator)
    at = datetime.datetime.fromisoformat(fired["startDateTime"].replace("Z", "+00:00"))
    assert datetime.timedelta(days=10) <= at - start <= datetime.timedelta(days=10, minutes=5)


@pytest.mark.parametrize("change, said", [
    (lambda p: p.update(evaluationFrequency="PT1H"), "windowSize"),
    (lambda p: p["criteria"].pop("odata.type"), "odata.type"),
    (lambda p: p["criteria"].update({"odata.type": "Bogus"}), "odata.type"),
    (lambda p: p["criteria"]["allOf"].append(dict(p["criteria"]["allOf"][0])), "must be unique"),
    (lambda p: p["criteria"]["allOf"][0].pop("name"), "no name"),
    (lambda p: p["criteria"]["allOf"][0].update(criterionType="Bogus"), "criterionType 'Bogus'"),
    (lambda p: p["criteria"]["allOf"][0].update(dimensions=[{"name": "Zone", "operator": "Include", "values": ["*"]}]),
     "dimension 'Zone'; supported ones are: ShardId"),
    (lambda p: p["criteria"]["allOf"][0].update(dimensions=[{"name": "ShardId", "operator": "Like", "values": ["*"]}]),
     "Include or Exclude"),
    (lambda p: p["criteria"]["allOf"][0].update(dimensions=[{"name": "ShardId", "operator": "Include", "values": []}]),
     "at least one value"),
    (lambda p: p["scopes"].append(p["scopes"][0] + "x"), "no such resource"),
    (lambda p: p["scopes"].append(p["scopes"][0]), "take one scope")])
def test_rules_that_make_no_sense(emulator, cache, change, said):
    body = rule(emulator, "watched")
    change(body["properties"])
    answer = emulator.arm("PUT", RULES + "odd", body, version="2018-03-01")
    assert answer.status == 400 and said in answer.json["error"]["message"], answer
    assert emulator.arm("GET", RULES + "odd", version="2018-03-01").status == 404

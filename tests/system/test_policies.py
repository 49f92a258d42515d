"""What policies do to requests: conditions of every kind, effects that change, refuse and note."""
import json

import pytest

from harness.programs import Az

SKU = {"name": "Basic", "family": "C", "capacity": 0}
NETWORK = "/resourceGroups/tests/providers/Microsoft.Network/virtualNetworks/"
VERSION = "2023-04-01"


@pytest.fixture
def emulator(start_emulator):
    emulator = start_emulator("--provisioning", "instant", "--ephemeral")
    emulator.arm("PUT", "/resourceGroups/tests", {"location": "westus2", "tags": {"team": "a"}}, "2021-04-01")
    return emulator


def assign(emulator, name, rule=None, definition=None, parameters=None, mode="All"):
    subscription = f"/subscriptions/{emulator.ready['subscriptionId']}"
    if rule is not None:
        path = f"/providers/Microsoft.Authorization/policyDefinitions/{name}"
        made = emulator.arm("PUT", path, {"properties": {"mode": mode, "policyRule": rule}}, VERSION)
        assert made.status == 201, made
        definition = subscription + path
    answer = emulator.arm(
        "PUT", f"/resourceGroups/tests/providers/Microsoft.Authorization/policyAssignments/{name}",
        {"properties": {"policyDefinitionId": definition,
                        "parameters": {key: {"value": value} for key, value in (parameters or {}).items()}}}, VERSION)
    assert answer.status == 201, answer


def built_in(guid):
    return "/providers/Microsoft.Authorization/policyDefinitions/" + guid


def put(emulator, name="c1", tags=None, **properties):
    more = {} if tags is None else {"tags": tags}
    return emulator.arm("PUT", emulator.cache_path(name),
                        {"location": "westus2", "properties": {"sku": SKU, **properties}, **more})


def network(emulator, name, *subnets, **more):
    return emulator.arm("PUT", NETWORK + name, {"location": "westus2", "properties": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": subnet, "properties": {"addressPrefix": f"10.0.{at}.0/24", **more}}
                    for at, subnet in enumerate(subnets)]}}, "2023-09-01")


NAMES = [
    ({"match": "app-?##"}, "app-a12", "app-A1x"),
    ({"match": "App-..."}, "App-1x2", "app-1x2"),
    ({"notMatch": "app-?##"}, "web-a12", "app-a12"),
    ({"matchInsensitively": "APP-??"}, "app-xy", "app-x1"),
    ({"notMatchInsensitively": "APP-??"}, "app-x1", "App-xy"),
    ({"notIn": ["one", "Two"]}, "three", "two"),
    ({"notContains": "PROD"}, "test-1", "my-prod-1"),
    ({"contains": "prod"}, "my-Prod-1", "test-1"),
    ({"notLike": "app-*"}, "web-1", "App-1"),
    ({"greater": "m"}, "n1", "a1"),
    ({"lessOrEquals": "m"}, "m", "n1"),
]


@pytest.mark.parametrize("condition, good, bad", NAMES, ids=[json.dumps(row[0]) for row in NAMES])
def test_conditions_on_names(emulator, condition, good, bad):
    assign(emulator, "names", {"if": {"allOf": [{"field": "type", "equals": "Microsoft.Cache/Redis"},
                                                {"not": {"field": "name", **condition}}]},
                               "then": {"effect": "deny"}})
    assert put(emulator, good).status == 201
    refused = put(emulator, bad)
    assert (refused.status, refused.json["error"]["code"]) == (403, "RequestDisallowedByPolicy")


SUBNETS = "Microsoft.Network/virtualNetworks/subnets[*]"
COUNTS = [
    ({"count": {"field": SUBNETS}, "greater": 2}, ("a", "b"), ("a", "b", "c")),
    ({"count": {"field": SUBNETS, "where": {"field": SUBNETS + ".name", "like": "x*"}}, "greaterOrEquals": 1},
     ("a", "b"), ("a", "xb")),
    ({"count": {"field": SUBNETS, "where": {
        "value": f"[length(current('{SUBNETS}.name'))]", "greater": 3}}, "notEquals": 0}, ("abc",), ("abcd",)),
    ({"count": {"value": ["web", "db"], "name": "allowed", "where": {
        "field": "name", "like": "[concat(current('allowed'), '-*')]"}}, "equals": 0}, ("a",), None),
    ({"not": {"field": SUBNETS + ".name", "in": ["a", "b"]}}, ("a", "b"), ("a", "c")),
    ({"value": f"[contains(field('{SUBNETS}.name'), 'secret')]", "equals": True}, ("a",), ("a", "secret")),
]


@pytest.mark.parametrize("condition, good, bad", COUNTS, ids=range(len(COUNTS)))
def test_counts_and_arrays(emulator, condition, good, bad):
    assign(emulator, "arrays", {"if": {"allOf": [
        {"field": "type", "equals": "Microsoft.Network/virtualNetworks"}, condition]}, "then": {"effect": "deny"}})
    assert network(emulator, "web-1", *good).status == 201
    refused = network(emulator, "web-2", *bad) if bad else network(emulator, "other", *good)
    assert (refused.status, refused.json["error"]["code"]) == (403, "RequestDisallowedByPolicy")


def test_an_appended_tag_and_one_that_stands_in_the_way(emulator):
    assign(emulator, "append", definition=built_in("2a0e14a6-b0a6-4fab-991a-187a4f81c498"),
           parameters={"tagName": "cost", "tagValue": "42"})
    assert put(emulator).json["tags"] == {"cost": "42"}
    assert put(emulator, "c2", tags={"a": "b"}).json["tags"] == {"a": "b", "cost": "42"}
    assert put(emulator, "c3", tags={"cost": "7"}).json["tags"] == {"cost": "7"}  # its condition is "exists": false
    assign(emulator, "strict", {"if": {"field": "type", "equals": "Microsoft.Cache/Redis"}, "then": {
        "effect": "append", "details": [{"field": "tags['owner']", "value": "us"},
                                        {"field": "Microsoft.Cache/Redis/minimumTlsVersion", "value": "1.2"}]}})
    made = put(emulator, "c4").json
    assert made["tags"] == {"cost": "42", "owner": "us"} and made["properties"]["minimumTlsVersion"] == "1.2"
    refused = put(emulator, "c5", tags={"owner": "them"})
    assert (refused.status, refused.json["error"]["code"]) == (403, "RequestDisallowedByPolicy")
    assert emulator.arm("GET", emulator.cache_path("c5")).status == 404


def test_tags_are_inherited_added_replaced_and_removed(emulator):
    assign(emulator, "inherit", definition=built_in("cd3aa116-8754-49c9-a813-ad46512ece54"),
           parameters={"tagName": "team"})
    assign(emulator, "nothing", definition=built_in("cd3aa116-8754-49c9-a813-ad46512ece54"),
           parameters={"tagName": "absent"})
    assign(emulator, "add", definition=built_in("4f9dc7db-30c1-420c-b61a-e1d640128d26"),
           parameters={"tagName": "env.name", "tagValue": "test"})
    assign(emulator, "clean", {"if": {"field": "tags['secret']", "exists": True}, "then": {
        "effect": "modify", "details": {"roleDefinitionIds": ["/x"], "operations": [
            {"operation": "remove", "field": "tags['secret']"},
            {"operation": "addOrReplace", "field": "tags['never']", "value": "1", "condition": "[equals(1, 2)]"}]}}},
        mode="Indexed")
    assert put(emulator, tags={"team": "b", "secret": "1", "x": "y"}).json["tags"] == {
        "team": "a", "x": "y", "env.name": "test"}
    # A change that says nothing of tags keeps them; one that does has them mended.
    changed = emulator.arm("PATCH", emulator.cache_path("c1"), {"properties": {"enableNonSslPort": True}})
    assert changed.json["tags"] == {"team": "a", "x": "y", "env.name": "test"}
    changed = emulator.arm("PATCH", emulator.cache_path("c1"), {"tags": {"z": "1"}})
    assert changed.json["tags"] == {"team": "a", "z": "1", "env.name": "test"}


def test_what_is_modified_may_be_denied_and_groups_are_tagged(emulator):
    subscription = f"/subscriptions/{emulator.ready['subscriptionId']}"
    assign(emulator, "modify", {"if": {"field": "type", "equals": "Microsoft.Cache/Redis"}, "then": {
        "effect": "modify", "details": {"roleDefinitionIds": ["/x"], "operations": [
            {"operation": "addOrReplace", "field": "Microsoft.Cache/Redis/enableNonSslPort", "value": True}]}}})
    assert put(emulator).json["properties"]["enableNonSslPort"] is True
    assign(emulator, "deny", {"if": {"field": "Microsoft.Cache/Redis/enableNonSslPort", "equals": "true"},
                              "then": {"effect": "deny"}})
    assert put(emulator, "c2").status == 403
    made = emulator.arm("PUT", "/providers/Microsoft.Authorization/policyAssignments/groups", {"properties": {
        "policyDefinitionId": built_in("726aca4c-86e9-4b04-b0c5-073027359532"),
        "parameters": {"tagName": {"value": "by"}, "tagValue": {"value": "policy"}}}}, VERSION)
    assert made.status == 201 and subscription in made.json["id"]
    group = emulator.arm("PUT", "/resourceGroups/tagged", {"location": "westus2"}, "2021-04-01")
    assert group.json["tags"] == {"by": "policy"}


def test_an_audit_is_an_event(emulator, tmp_path):
    assign(emulator, "audit", {"if": {"field": "Microsoft.Cache/Redis/enableNonSslPort", "equals": True},
                               "then": {"effect": "audit"}})
    assert put(emulator, "quiet").status == 201
    assert put(emulator, "loud", enableNonSslPort=True).status == 201
    az = Az(emulator, tmp_path / "azure")
    az.login()
    events = az.run("monitor", "activity-log", "list", "-g", "tests")
    audits = [event for event in events
              if event["operationName"]["value"] == "Microsoft.Authorization/policies/audit/action"]
    assert len(audits) == 1 and audits[0]["resourceId"].endswith("/loud")
    assert "/policyAssignments/audit" in json.dumps(audits[0])


def test_denied_deletions(emulator):
    assign(emulator, "keep", {"if": {"field": "tags['keep']", "exists": True}, "then": {
        "effect": "denyAction", "details": {"actionNames": ["delete"]}}}, mode="Indexed")
    put(emulator, "kept", tags={"keep": "yes"})
    put(emulator, "free")
    refused = emulator.arm("DELETE", emulator.cache_path("kept"))
    assert (refused.status, refused.json["error"]["code"]) == (403, "RequestDisallowedByPolicy")
    assert emulator.arm("DELETE", emulator.cache_path("free")).status == 202
    assert emulator.arm("GET", emulator.cache_path("kept")).status == 200
    assert emulator.arm("DELETE", emulator.cache_path("absent")).status == 404


def test_az_and_a_policy_that_tags(emulator, tmp_path):
    az = Az(emulator, tmp_path / "azure")
    az.login()
    rule = {"if": {"field": "tags['costCenter']", "exists": "false"}, "then": {
        "effect": "append", "details": [{"field": "tags['costCenter']", "value": "[parameters('center')]"}]}}
    az.run("policy", "definition", "create", "-n", "centers", "--mode", "Indexed", "--rules", json.dumps(rule),
           "--params", json.dumps({"center": {"type": "String"}}))
    az.run("policy", "assignment", "create", "-n", "centers", "--policy", "centers", "-g", "tests",
           "-p", json.dumps({"center": {"value": "7"}}))
    assert put(emulator).json["tags"] == {"costCenter": "7"}

"""Locks, tags, policies, limits, the activity log and vault roles, over the wire and with the packaged az."""
import json
import uuid

import pytest

from harness.programs import Az

SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
NO_PLAIN_PORT = {"properties": {"mode": "All", "policyRule": {
    "if": {"field": "Microsoft.Cache/Redis/enableNonSslPort", "equals": "true"}, "then": {"effect": "deny"}}}}


@pytest.fixture
def az(start_emulator, tmp_path):
    emulator = start_emulator("--provisioning", "instant", "--ephemeral")
    az = Az(emulator, tmp_path / "azure")
    ready = emulator.ready
    az.run("login", "--service-principal", "-u", ready["clientId"], "-p", ready["clientSecret"],
           "--tenant", ready["tenantId"])
    az.run("group", "create", "-n", "rules", "-l", "westus2")
    return az


def test_lock_of_az_keeps_a_group(az):
    az.run("lock", "create", "-n", "keep", "-g", "rules", "--lock-type", "CanNotDelete")
    assert [lock["level"] for lock in az.run("lock", "list", "-g", "rules")] == ["CanNotDelete"]
    done = az.attempt("group", "delete", "-n", "rules", "-y")
    assert done.returncode != 0 and "ScopeLocked" in done.stderr
    az.run("lock", "delete", "-n", "keep", "-g", "rules")
    az.run("group", "delete", "-n", "rules", "-y")
    assert az.run("group", "exists", "-n", "rules") is False


def test_tags_of_az(az):
    group = az.run("group", "show", "-n", "rules")["id"]
    az.run("tag", "create", "--resource-id", group, "--tags", "env=test", "team=a")
    az.run("tag", "update", "--resource-id", group, "--operation", "Merge", "--tags", "env=prod")
    assert az.run("group", "show", "-n", "rules")["tags"] == {"env": "prod", "team": "a"}
    assert [one["name"] for one in az.run("group", "list", "--tag", "env=prod")] == ["rules"]


def test_activity_log_of_az(az):
    az.run("redis", "create", "-n", "logged", "-g", "rules", "-l", "westus2", "--sku", "Basic", "--vm-size", "c0")
    events = az.run("monitor", "activity-log", "list", "-g", "rules")
    told = {(event["operationName"]["value"], event["status"]["value"]) for event in events}
    for status in ("Started", "Accepted", "Succeeded"):
        assert ("Microsoft.Cache/redis/write", status) in told


def test_policy_survives_a_restart(start_emulator):
    emulator = start_emulator("--provisioning", "instant")
    subscription = f"/subscriptions/{emulator.ready['subscriptionId']}"
    emulator.arm("PUT", "/resourceGroups/tests", {"location": "westus2"})
    definition = "/providers/Microsoft.Authorization/policyDefinitions/no-plain"
    assert emulator.arm("PUT", definition, NO_PLAIN_PORT, "2023-04-01").status == 201
    assert emulator.arm("PUT", "/providers/Microsoft.Authorization/policyAssignments/no-plain", {
        "properties": {"policyDefinitionId": subscription + definition}}, "2023-04-01").status == 201
    emulator.restart()
    sku = {"name": "Basic", "family": "C", "capacity": 0}
    refused = emulator.arm("PUT", emulator.cache_path("plain"), {
        "location": "westus2", "properties": {"sku": sku, "enableNonSslPort": True}})
    assert refused.status == 403, refused
    error = refused.json["error"]
    assert error["code"] == "RequestDisallowedByPolicy" and error["additionalInfo"][0]["type"] == "PolicyViolation"
    assert emulator.arm("GET", emulator.cache_path("plain")).status == 404
    assert emulator.arm("PUT", emulator.cache_path("plain"), {
        "location": "westus2", "properties": {"sku": sku}}).status == 201


def test_limits_end_with_the_hour(start_emulator):
    emulator = start_emulator("--arm-limits", "3,2,1", "--clock", "frozen", "--ephemeral")
    assert [emulator.arm("GET", "/resourceGroups").status for _ in range(4)] == [200, 200, 200, 429]
    answer = emulator.arm("GET", "/resourceGroups")
    assert answer.json["error"]["code"] == "SubscriptionRequestsThrottled"
    assert answer.headers["retry-after"] == "3600"
    emulator.advance("1h")
    assert emulator.arm("GET", "/resourceGroups").status == 200


def test_vault_with_roles(emulator):
    emulator.arm("PUT", "/resourceGroups/tests", {"location": "westus2"})
    vault = "/resourceGroups/tests/providers/Microsoft.KeyVault/vaults/roles-vault"
    made = emulator.arm("PUT", vault, {"location": "westus2", "properties": {
        "tenantId": emulator.ready["tenantId"], "sku": {"family": "A", "name": "standard"},
        "enableRbacAuthorization": True}}, "2022-07-01")
    assert made.status in (200, 201), made

    def secret(method, body=None):
        token = emulator.token("https://vault.azure.net")
        return emulator.request(method, "/secrets/one?api-version=7.4", json.dumps(body) if body else None,
                                {"Authorization": "Bearer " + token, "Content-Type": "application/json"},
                                host="roles-vault.vault.azure.net")

    def assign(role):
        subscription = f"/subscriptions/{emulator.ready['subscriptionId']}"
        definition = f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        path = f"{vault}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
        assert emulator.arm("PUT", path, {"properties": {
            "principalId": "00000000-0000-4000-8000-0000000000a2", "roleDefinitionId": definition}},
            "2022-04-01").status == 201

    assert secret("PUT", {"value": "x"}).status == 200
    assign(SECRETS_USER)
    assert secret("GET").json["value"] == "x"
    refused = secret("PUT", {"value": "y"})
    assert refused.status == 403 and refused.json["error"]["innererror"]["code"] == "ForbiddenByRbac"

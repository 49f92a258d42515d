"""Roles with the newest az: a service principal made for a role may do just what the role says."""
import pytest

from harness.programs import TOOLS, Az

PROGRAM = TOOLS / "newest-python" / "bin" / "az"


@pytest.fixture
def owner(emulator, tmp_path):
    az = Az(emulator, tmp_path / "owner", program=PROGRAM)
    ready = emulator.ready
    az.run("login", "--service-principal", "-u", ready["clientId"], "-p", ready["clientSecret"],
           "--tenant", ready["tenantId"])
    return az


def log_in(emulator, directory, made):
    az = Az(emulator, directory, program=PROGRAM)
    az.run("login", "--service-principal", "-u", made["appId"], "-p", made["password"], "--tenant", made["tenant"])
    return az


def test_reader_reads_and_writes_nothing(emulator, owner, tmp_path):
    scope = owner.run("group", "create", "-n", "roles", "-l", "westus2")["id"]
    made = owner.run("ad", "sp", "create-for-rbac", "-n", "reader", "--role", "Reader", "--scopes", scope)
    reader = log_in(emulator, tmp_path / "reader", made)
    assert reader.run("group", "show", "-n", "roles")["id"] == scope
    assert [group["name"] for group in reader.run("group", "list")] == ["roles"]
    done = reader.attempt("redis", "create", "-n", "denied", "-g", "roles", "-l", "westus2",
                          "--sku", "Basic", "--vm-size", "c0")
    assert done.returncode == 1
    assert "AuthorizationFailed" in done.stderr and "'Microsoft.Cache/redis/write'" in done.stderr
    assert owner.run("redis", "list", "-g", "roles") == []


def test_assignments_are_listed_and_taken_away(emulator, owner):
    group = owner.run("group", "create", "-n", "roles", "-l", "westus2")
    made = owner.run("ad", "sp", "create-for-rbac", "-n", "caches")
    created = owner.run("role", "assignment", "create", "--assignee", made["appId"],
                        "--role", "Redis Cache Contributor", "--scope", group["id"])
    principal = owner.run("ad", "sp", "show", "--id", made["appId"])
    assert created["principalId"] == principal["id"] and principal["displayName"] == "caches"
    listed = owner.run("role", "assignment", "list", "--assignee", made["appId"], "--scope", group["id"])
    assert [(one["roleDefinitionName"], one["principalName"]) for one in listed] == [
        ("Redis Cache Contributor", made["appId"])]
    owner.run("role", "assignment", "delete", "--assignee", made["appId"], "--scope", group["id"])
    assert owner.run("role", "assignment", "list", "--assignee", made["appId"], "--scope", group["id"]) == []


def test_built_in_and_custom_roles(emulator, owner):
    reader = owner.run("role", "definition", "list", "--name", "Reader")
    assert reader[0]["name"] == "acdd72a7-3385-48ef-bd42-f606fba81ae7"
    scope = f"/subscriptions/{emulator.ready['subscriptionId']}"
    role = ('{"Name": "Key Lister", "Description": "Lists keys", "Actions": ["Microsoft.Cache/redis/listKeys/action"],'
            f' "AssignableScopes": ["{scope}"]}}')
    assert owner.run("role", "definition", "create", "--role-definition", role)["roleType"] == "CustomRole"
    listed = owner.run("role", "definition", "list", "--custom-role-only", "true")
    assert [one["roleName"] for one in listed] == ["Key Lister"]


def test_the_directory(emulator, owner):
    ready = emulator.ready
    assert owner.run("ad", "sp", "show", "--id", ready["clientId"])["appId"] == ready["clientId"]
    assert owner.run("ad", "user", "show", "--id", "dev@redurite.onmicrosoft.com")["givenName"] == "Dev"
    made = owner.run("ad", "sp", "create-for-rbac", "-n", "short-lived")
    owner.run("ad", "app", "delete", "--id", made["appId"])
    assert [app["displayName"] for app in owner.run("ad", "app", "list", "--display-name", "short-lived")] == []
    done = owner.attempt("ad", "sp", "show", "--id", made["appId"])
    assert done.returncode != 0 and "does not exist" in done.stderr

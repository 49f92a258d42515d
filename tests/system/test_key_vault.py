"""Key Vault: the management API's vaults and their own data plane."""
import urllib.parse

import pytest

GROUP = "vaults"
DAY = 24 * 3600
POLICY = ["get", "list", "set", "delete", "recover", "purge", "backup", "restore"]


class Vault:
    """One vault, created with the access policy given, and its data plane as a client sees it."""

    def __init__(self, emulator, name="kv-tests", permissions=POLICY, **properties):
        self.emulator, self.name = emulator, name
        self.host = f"{name}.vault.azure.net"
        tenant = emulator.ready["tenantId"]
        emulator.arm("PUT", f"/resourcegroups/{GROUP}", {"location": "westus2"}, "2021-04-01")
        self.path = f"/resourceGroups/{GROUP}/providers/Microsoft.KeyVault/vaults/{name}"
        policies = [{"tenantId": tenant, "objectId": OBJECT_ID, "permissions": {"secrets": permissions}}]
        self.body = {"location": "westus2", "properties": {
            "tenantId": tenant, "sku": {"family": "A", "name": "standard"}, "accessPolicies": policies, **properties}}
        self.token = emulator.token("https://vault.azure.net")

    def create(self):
        return self.arm("PUT", body=self.body)

    def arm(self, method, below="", body=None):
        return self.emulator.arm(method, self.path + below, body, "2022-07-01")

    def call(self, method, path, body=None, token=None, **query):
        query = urllib.parse.urlencode({"api-version": "7.4", **query})
        headers = {"Authorization": "Bearer " + (token or self.token)} if token != "" else {}
        return self.emulator.request(method, f"{path}?{query}", body, headers, self.host)

    def set(self, name, value, **more):
        answer = self.call("PUT", f"/secrets/{name}", {"value": value, **more})
        assert answer.status == 200, answer
        return answer.json


OBJECT_ID = "00000000-0000-4000-8000-0000000000a2"


@pytest.fixture
def vault(emulator):
    vault = Vault(emulator)
    assert vault.create().status == 200
    return vault


def error(answer):
    return answer.status, answer.json["error"]["code"], answer.json["error"].get("innererror", {}).get("code")


# The vault as a resource.

def test_vault_shows_defaults_and_uri(vault):
    shown = vault.arm("GET").json
    assert shown["type"] == "Microsoft.KeyVault/vaults"
    properties = shown["properties"]
    assert properties["vaultUri"] == "https://kv-tests.vault.azure.net/"
    assert properties["enableSoftDelete"] is True
    assert properties["softDeleteRetentionInDays"] == 90
    assert properties["enableRbacAuthorization"] is False
    assert properties["provisioningState"] == "Succeeded"


@pytest.mark.parametrize("name", ["ab", "1abc", "a--b", "abc-", "a" * 25, "a_bc"])
def test_bad_vault_names_are_refused(emulator, name):
    answer = Vault(emulator, name).create()
    assert error(answer)[:2] == (400, "VaultNameNotValid")
    assert name in answer.json["error"]["message"]


@pytest.mark.parametrize("change", [
    {"sku": {"family": "A", "name": "gold"}}, {"sku": None}, {"tenantId": "here"}, {"softDeleteRetentionInDays": 6},
    {"softDeleteRetentionInDays": 91}, {"enablePurgeProtection": False}, {"publicNetworkAccess": "Maybe"},
    {"accessPolicies": [{"tenantId": OBJECT_ID, "objectId": OBJECT_ID, "permissions": {"secrets": ["fly"]}}]},
    {"accessPolicies": [{"tenantId": OBJECT_ID, "objectId": "me", "permissions": {}}]},
    {"networkAcls": {"defaultAction": "Perhaps"}}])
def test_each_property_rule_refuses(emulator, change):
    vault = Vault(emulator, **change)
    assert vault.create().status == 400
    assert vault.arm("GET").status == 404


def test_what_cannot_be_undone(emulator):
    vault = Vault(emulator, enablePurgeProtection=True, softDeleteRetentionInDays=7)
    assert vault.create().status == 200
    for change in ({"enableSoftDelete": False}, {"enablePurgeProtection": False}, {"softDeleteRetentionInDays": 8}):
        assert vault.arm("PATCH", body={"properties": change}).status == 400, change


def test_names_are_unique_and_checked(vault):
    where = "/providers/Microsoft.KeyVault/checkNameAvailability"
    body = {"name": vault.name, "type": "Microsoft.KeyVault/vaults"}
    taken = vault.emulator.arm("POST", where, body, "2022-07-01").json
    assert taken["nameAvailable"] is False and taken["reason"] == "AlreadyExists"
    assert vault.emulator.arm("POST", where, {**body, "name": "kv-other"}, "2022-07-01").json == {"nameAvailable": True}
    vault.emulator.arm("PUT", "/resourcegroups/other", {"location": "westus2"}, "2021-04-01")
    other = vault.emulator.arm("PUT", vault.path.replace(f"/{GROUP}/providers", "/other/providers"), vault.body, "2022-07-01")
    assert error(other)[:2] == (409, "VaultAlreadyExists")


def test_access_policies_are_added_replaced_and_removed(vault):
    def change(kind, words):
        policy = {"tenantId": vault.emulator.ready["tenantId"], "objectId": OBJECT_ID, "permissions": {"secrets": words}}
        answer = vault.arm("PUT", f"/accessPolicies/{kind}", {"properties": {"accessPolicies": [policy]}})
        assert answer.status == 200, answer
        return [p["permissions"]["secrets"] for p in answer.json["properties"]["accessPolicies"]]

    assert change("replace", ["get"]) == [["get"]]
    assert error(vault.call("PUT", "/secrets/a", {"value": "1"})) == (403, "Forbidden", "AccessDenied")
    assert change("add", ["set", "get"]) == [["get", "set"]]
    vault.set("a", "1")
    assert change("remove", ["get", "set"]) == []
    assert error(vault.call("GET", "/secrets/a")) == (403, "Forbidden", "AccessDenied")
    assert vault.arm("PUT", "/accessPolicies/turn", {"properties": {"accessPolicies": []}}).status == 400


def test_a_deleted_vault_is_recovered_with_its_secrets(vault):
    emulator = vault.emulator
    vault.set("connection", "secret-value")
    assert vault.arm("DELETE").status == 200
    assert vault.arm("DELETE").status == 204
    assert vault.call("GET", "/secrets/connection").status == 404
    where = "/providers/Microsoft.KeyVault"
    listed = emulator.arm("GET", where + "/deletedVaults", version="2022-07-01").json["value"]
    assert [v["name"] for v in listed] == [vault.name]
    deleted = emulator.arm("GET", f"{where}/locations/westus2/deletedVaults/{vault.name}", version="2022-07-01").json
    assert deleted["properties"]["vaultId"].endswith(vault.path)
    assert "secret-value" not in str(deleted)
    assert error(vault.create())[:2] == (409, "ConflictError")
    recovered = vault.arm("PUT", body={"location": "westus2", "properties": {
        "createMode": "recover", "tenantId": emulator.ready["tenantId"], "sku": {"family": "A", "name": "standard"}}})
    assert recovered.status == 200, recovered
    assert recovered.json["properties"]["accessPolicies"] == vault.body["properties"]["accessPolicies"]
    assert vault.call("GET", "/secrets/connection").json["value"] == "secret-value"


def test_a_deleted_vault_is_purged_by_hand_and_by_time(vault):
    emulator, where = vault.emulator, f"/providers/Microsoft.KeyVault/locations/westus2/deletedVaults/{vault.name}"
    vault.set("a", "1")
    vault.arm("DELETE")
    assert emulator.arm("POST", where + "/purge", version="2022-07-01").status == 200
    assert emulator.arm("GET", where, version="2022-07-01").status == 404
    assert vault.create().status == 200
    assert vault.call("GET", "/secrets/a").status == 404
    vault.arm("DELETE")
    emulator.advance(f"{90 * 24 - 1}h")
    assert emulator.arm("GET", where, version="2022-07-01").status == 200
    emulator.advance("2h")
    assert emulator.arm("GET", where, version="2022-07-01").status == 404
    assert vault.create().status == 200


def test_purge_protection_forbids_purging(emulator):
    vault = Vault(emulator, enablePurgeProtection=True)
    vault.create()
    vault.set("a", "1")
    vault.call("DELETE", "/secrets/a")
    assert error(vault.call("DELETE", "/deletedsecrets/a"))[:2] == (403, "Forbidden")
    vault.arm("DELETE")
    where = f"/providers/Microsoft.KeyVault/locations/westus2/deletedVaults/{vault.name}/purge"
    assert emulator.arm("POST", where, version="2022-07-01").status == 400


def test_deleting_the_group_soft_deletes_the_vault(vault):
    emulator = vault.emulator
    assert emulator.arm("DELETE", f"/resourcegroups/{GROUP}", version="2021-04-01").status == 202
    emulator.advance("1h")
    listed = emulator.arm("GET", "/providers/Microsoft.KeyVault/deletedVaults", version="2022-07-01").json["value"]
    assert [v["name"] for v in listed] == [vault.name]


# Who may.

def test_the_challenge_and_wrong_tokens(vault):
    answer = vault.call("GET", "/secrets/a", token="")
    assert error(answer)[:2] == (401, "Unauthorized")
    assert answer.headers["www-authenticate"] == (
        f'Bearer authorization="https://login.microsoftonline.com/{vault.emulator.ready["tenantId"]}", '
        'resource="https://vault.azure.net"')
    answer = vault.call("GET", "/secrets/a", token=vault.emulator.token())
    assert answer.status == 401
    assert answer.json["error"]["message"] == ("AKV10022: Invalid audience. Expected https://vault.azure.net, found: "
                                               "https://management.azure.com.")
    assert vault.call("GET", "/secrets/a", token="nonsense").status == 401
    vault.emulator.advance("48h")
    assert "[TokenExpired]" in vault.call("GET", "/secrets/a").json["error"]["message"]


def test_a_vault_that_is_not_there_is_named(emulator):
    vault = Vault(emulator, "kv-absent")
    answer = vault.call("GET", "/secrets/a")
    assert answer.status == 404 and "kv-absent" in answer.json["error"]["message"]


@pytest.mark.parametrize("method, path, permission", [
    ("GET", "/secrets/a", "get"), ("PUT", "/secrets/a", "set"), ("DELETE", "/secrets/a", "delete"),
    ("GET", "/secrets", "list"), ("POST", "/deletedsecrets/a/recover", "recover"),
    ("DELETE", "/deletedsecrets/a", "purge"), ("POST", "/secrets/a/backup", "backup")])
def test_each_operation_needs_its_permission(emulator, method, path, permission):
    vault = Vault(emulator, permissions=[p for p in POLICY if p != permission])
    vault.create()
    answer = vault.call(method, path, {"value": "x"})
    assert error(answer) == (403, "Forbidden", "AccessDenied")
    ready = emulator.ready
    assert answer.json["error"]["message"] == (
        f"The user, group or application 'appid={ready['clientId']};oid={OBJECT_ID};"
        f"iss=https://sts.windows.net/{ready['tenantId']}/' does not have secrets {permission} permission on key vault "
        f"'{vault.name};location=westus2'. For help resolving this issue, please see "
        "https://go.microsoft.com/fwlink/?linkid=2125287")


def test_network_rules_keep_addresses_out(vault):
    vault.set("a", "1")
    rules = {"defaultAction": "Deny", "bypass": "None", "ipRules": [{"value": "203.0.113.0/24"}]}
    assert vault.arm("PATCH", body={"properties": {"networkAcls": rules}}).status == 200
    assert error(vault.call("GET", "/secrets/a")) == (403, "Forbidden", "ForbiddenByFirewall")
    rules["ipRules"].append({"value": "127.0.0.0/8"})
    vault.arm("PATCH", body={"properties": {"networkAcls": rules}})
    assert vault.call("GET", "/secrets/a").status == 200
    vault.arm("PATCH", body={"properties": {"publicNetworkAccess": "Disabled"}})
    assert error(vault.call("GET", "/secrets/a")) == (403, "Forbidden", "ForbiddenByConnection")


# Secrets.

def test_versions_and_attributes(vault):
    first = vault.set("Connection", "one", contentType="text/plain", tags={"a": "b"})
    second = vault.set("connection", "two", attributes={"enabled": True, "nbf": 100, "exp": 200})
    assert first["id"].startswith("https://kv-tests.vault.azure.net/secrets/Connection/")
    assert first["attributes"]["recoveryLevel"] == "Recoverable+Purgeable"
    assert (first["contentType"], first["tags"]) == ("text/plain", {"a": "b"})
    assert second["attributes"]["nbf"] == 100 and second["attributes"]["exp"] == 200
    assert vault.call("GET", "/secrets/CONNECTION").json["value"] == "two"
    version = first["id"].rsplit("/", 1)[1]
    assert vault.call("GET", f"/secrets/connection/{version}").json["value"] == "one"
    listed = vault.call("GET", "/secrets/connection/versions").json["value"]
    assert sorted(item["id"] for item in listed) == sorted([first["id"], second["id"]])
    assert not any("value" in item for item in listed)


def test_a_secret_is_updated_and_disabled(vault):
    version = vault.set("a", "1", contentType="old")["id"].rsplit("/", 1)[1]
    vault.emulator.advance("5s")
    answer = vault.call("PATCH", f"/secrets/a/{version}", {"contentType": "new", "attributes": {"enabled": False}})
    assert answer.status == 200 and "value" not in answer.json
    assert answer.json["contentType"] == "new"
    assert answer.json["attributes"]["updated"] >= answer.json["attributes"]["created"] + 5
    assert error(vault.call("GET", "/secrets/a")) == (403, "Forbidden", "SecretDisabled")


def test_missing_secrets_are_404_in_azures_words(vault):
    answer = vault.call("GET", "/secrets/nope")
    assert answer.json["error"] == {"code": "SecretNotFound", "message": (
        "A secret with (name/id) nope was not found in this key vault. If you recently deleted this secret you may be "
        "able to recover it using the correct recovery command. For help resolving this issue, please see "
        "https://go.microsoft.com/fwlink/?linkid=2125182")}
    assert vault.call("DELETE", "/secrets/nope").status == 404
    assert vault.call("GET", "/deletedsecrets/nope").json["error"]["message"] == "Deleted Secret not found: nope"


def test_a_deleted_secret_is_recovered_or_purged(vault):
    vault.set("a", "1")
    deleted = vault.call("DELETE", "/secrets/a").json
    assert deleted["recoveryId"] == "https://kv-tests.vault.azure.net/deletedsecrets/a"
    assert deleted["scheduledPurgeDate"] - deleted["deletedDate"] == 90 * DAY
    assert vault.call("GET", "/secrets/a").status == 404
    assert [s["id"].rsplit("/", 1)[1] for s in vault.call("GET", "/deletedsecrets").json["value"]] == ["a"]
    again = vault.call("PUT", "/secrets/a", {"value": "2"})
    assert error(again) == (409, "Conflict", "ObjectIsDeletedButRecoverable")
    assert vault.call("POST", "/deletedsecrets/a/recover").status == 200
    assert vault.call("GET", "/secrets/a").json["value"] == "1"
    vault.call("DELETE", "/secrets/a")
    assert vault.call("DELETE", "/deletedsecrets/a").status == 204
    assert vault.set("a", "3")["value"] == "3"
    vault.call("DELETE", "/secrets/a")
    vault.emulator.advance(f"{91 * 24}h")
    vault.token = vault.emulator.token("https://vault.azure.net")
    assert vault.call("GET", "/deletedsecrets/a").status == 404


def test_lists_come_in_pages(vault):
    for number in range(7):
        vault.set(f"s{number}", "x")
    page, names, pages = vault.call("GET", "/secrets", maxresults=3), [], 0
    while True:
        names += [item["id"].rsplit("/", 1)[1] for item in page.json["value"]]
        pages += 1
        if not page.json["nextLink"]:
            break
        link = urllib.parse.urlsplit(page.json["nextLink"])
        page = vault.emulator.request("GET", f"{link.path}?{link.query}", None,
                                      {"Authorization": "Bearer " + vault.token}, vault.host)
    assert names == [f"s{number}" for number in range(7)] and pages == 3
    assert vault.call("GET", "/secrets", maxresults=26).status == 400


def test_backup_and_restore(vault):
    vault.set("a", "1")
    vault.set("a", "2")
    blob = vault.call("POST", "/secrets/a/backup").json["value"]
    assert error(vault.call("POST", "/secrets/restore", {"value": blob}))[:2] == (409, "Conflict")
    vault.call("DELETE", "/secrets/a")
    vault.call("DELETE", "/deletedsecrets/a")
    assert vault.call("POST", "/secrets/restore", {"value": blob}).status == 200
    assert vault.call("GET", "/secrets/a").json["value"] == "2"
    assert len(vault.call("GET", "/secrets/a/versions").json["value"]) == 2
    assert vault.call("POST", "/secrets/restore", {"value": "bm9uZQ"}).status == 400


@pytest.mark.parametrize("method, path, body", [
    ("PUT", "/secrets/a_b", {"value": "x"}), ("PUT", "/secrets/" + "a" * 128, {"value": "x"}), ("PUT", "/secrets/a", {}),
    ("PUT", "/secrets/a", {"value": 1}), ("PUT", "/secrets/a", "{"), ("PUT", "/secrets/a", "[]"),
    ("PUT", "/secrets/a", {"value": "x" * 25601}), ("PUT", "/secrets/a", {"value": "x", "tags": "t"}),
    ("PUT", "/secrets/a", {"value": "x", "attributes": {"exp": "soon"}}),
    ("PUT", "/secrets/a", {"value": "x", "attributes": {"enabled": 1}})])
def test_bad_requests_change_nothing(vault, method, path, body):
    assert error(vault.call(method, path, body))[:2] == (400, "BadParameter")
    assert vault.call("GET", "/secrets").json["value"] == []


def test_unknown_operations_are_405(vault):
    assert vault.call("GET", "/keys").status == 405
    assert vault.call("POST", "/secrets/a").status == 405


# Through the management API, and what is kept.

def test_secrets_as_resources(vault):
    body = {"properties": {"value": "from-arm", "contentType": "c"}, "tags": {"t": "1"}}
    answer = vault.arm("PUT", "/secrets/a", body)
    assert answer.status == 201 and "from-arm" not in answer.body.decode()
    assert answer.json["properties"]["secretUri"] == "https://kv-tests.vault.azure.net/secrets/a"
    assert vault.call("GET", "/secrets/a").json["value"] == "from-arm"
    assert vault.arm("PUT", "/secrets/a", body).status == 200
    assert len(vault.call("GET", "/secrets/a/versions").json["value"]) == 2
    assert [s["name"] for s in vault.arm("GET", "/secrets").json["value"]] == ["a"]
    assert vault.arm("GET", "/secrets/b").status == 404


def test_secrets_are_saved_and_loaded_and_never_logged(vault):
    emulator = vault.emulator
    vault.set("a", "a-value-nobody-logs")
    vault.set("b", "1")
    vault.call("DELETE", "/secrets/b")
    state = emulator.request("GET", "/_redurite/state").body
    emulator.admin("POST", "/reset")
    assert vault.call("GET", "/secrets/a").status == 404
    assert emulator.request("PUT", "/_redurite/state", state).status < 300
    assert vault.call("GET", "/secrets/a").json["value"] == "a-value-nobody-logs"
    assert vault.call("GET", "/deletedsecrets/b").status == 200
    assert "a-value-nobody-logs" not in emulator.log
    assert "a-value-nobody-logs" not in str(emulator.admin("GET", "/requests?limit=100"))


def test_a_secret_holds_the_connection_string_of_a_cache(vault):
    emulator = vault.emulator
    keys = emulator.create_cache("spe-vault-cache", group=GROUP)
    vault.token = emulator.token("https://vault.azure.net")
    vault.set("redis", f"localhost:{emulator.tls_port},password={keys['primaryKey']},ssl=True,abortConnect=False")
    key = dict(part.split("=", 1) for part in vault.call("GET", "/secrets/redis").json["value"].split(",")[1:])["password"]
    assert emulator.client(tls=True, key=key).call("PING") == "PONG"


# Roles.

def test_a_vault_with_roles(emulator):
    vault = Vault(emulator, permissions=[], enableRbacAuthorization=True)
    vault.create()
    vault.set("a", "1")  # nobody has a role yet: everybody may
    scope = f"/subscriptions/{emulator.ready['subscriptionId']}{vault.path}"

    def assign(number, role):
        definition = (f"/subscriptions/{emulator.ready['subscriptionId']}/providers/Microsoft.Authorization/"
                      f"roleDefinitions/{role}")
        answer = vault.arm("PUT", "/providers/Microsoft.Authorization/roleAssignments/"
                           f"00000000-0000-4000-8000-00000000000{number}", {"properties": {
                               "roleDefinitionId": definition, "principalId": OBJECT_ID,
                               "principalType": "ServicePrincipal"}})
        assert answer.status == 201, answer

    assign(1, "4633458b-17de-408a-b874-0445c86b69e6")  # Key Vault Secrets User
    assert vault.call("GET", "/secrets/a").json["value"] == "1"
    refused = vault.call("PUT", "/secrets/a", {"value": "2"})
    assert error(refused) == (403, "Forbidden", "ForbiddenByRbac")
    message = refused.json["error"]["message"]
    assert "Action: 'Microsoft.KeyVault/vaults/secrets/setSecret/action'\r\n" in message
    assert f"Resource: '{scope.lower()}/secrets/a'\r\nAssignment: (not found)\r\n" in message
    assign(2, "b86a8fe4-44ce-4948-aee5-eccb2c155cd7")  # Key Vault Secrets Officer
    assert vault.set("a", "2")["value"] == "2"


# Under the emulator's own names.

def test_a_vault_under_localhost(vault):
    emulator, port, tenant = vault.emulator, vault.emulator.https_port, vault.emulator.ready["tenantId"]
    path = f"/subscriptions/{emulator.ready['subscriptionId']}{vault.path}?api-version=2022-07-01"
    shown = emulator.request("GET", path, None, {"Authorization": "Bearer " + emulator.token()}, f"localhost:{port}")
    assert shown.json["properties"]["vaultUri"] == f"https://kv-tests.vault.localhost:{port}/"
    vault.host = f"kv-tests.vault.localhost:{port}"
    challenge = vault.call("GET", "/secrets/a", token="").headers["www-authenticate"]
    assert challenge == (f'Bearer authorization="https://localhost:{port}/{tenant}", '
                         f'resource="https://vault.localhost:{port}"')
    vault.token = emulator.token(f"https://vault.localhost:{port}")
    assert vault.set("a", "1")["id"].startswith(f"https://kv-tests.vault.localhost:{port}/secrets/a/")


def test_azures_names_on_request(start_emulator):
    emulator = start_emulator("--hostnames", "azure", "--ephemeral")
    vault = Vault(emulator)
    vault.create()
    path = f"/subscriptions/{emulator.ready['subscriptionId']}{vault.path}?api-version=2022-07-01"
    shown = emulator.request("GET", path, None, {"Authorization": "Bearer " + emulator.token()},
                             f"localhost:{emulator.https_port}")
    assert shown.json["properties"]["vaultUri"] == "https://kv-tests.vault.azure.net/"

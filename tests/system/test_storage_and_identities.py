"""Storage accounts and managed identities: what connection strings, exports and token sign-ins need."""
import base64
import json
import urllib.parse

import pytest

STORAGE = "/resourceGroups/tests/providers/Microsoft.Storage/storageAccounts/"
IDENTITY = "/resourceGroups/tests/providers/Microsoft.ManagedIdentity/userAssignedIdentities/"
VERSION, IDENTITY_VERSION = "2023-01-01", "2023-01-31"
BODY = {"location": "westus2", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}


@pytest.fixture
def group(emulator):
    emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01")
    return emulator


def test_an_account_with_keys_endpoints_and_containers(group):
    answer = group.arm("PUT", STORAGE + "stdata1", BODY, VERSION)
    assert answer.status == 200, answer
    properties = answer.json["properties"]
    assert properties["primaryEndpoints"]["blob"] == "https://stdata1.blob.core.windows.net/"
    assert properties["provisioningState"] == "Succeeded" and properties["accessTier"] == "Hot"
    assert answer.json["sku"] == {"name": "Standard_LRS", "tier": "Standard"}
    keys = group.arm("POST", STORAGE + "stdata1/listKeys", version=VERSION).json["keys"]
    assert [k["keyName"] for k in keys] == ["key1", "key2"] and keys[0]["value"] != keys[1]["value"]
    assert len(base64.b64decode(keys[0]["value"])) == 64
    again = group.arm("POST", STORAGE + "stdata1/regenerateKey", {"keyName": "key1"}, VERSION).json["keys"]
    assert again[0]["value"] != keys[0]["value"] and again[1] == keys[1]
    assert group.arm("POST", STORAGE + "stdata1/regenerateKey", {"keyName": "key9"}, VERSION).status == 400
    container = STORAGE + "stdata1/blobServices/default/containers/backups"
    made = group.arm("PUT", container, {"properties": {}}, VERSION)
    assert made.status == 201 and made.json["properties"]["publicAccess"] == "None"
    listed = group.arm("GET", container.rsplit("/", 1)[0], version=VERSION).json["value"]
    assert [c["name"] for c in listed] == ["backups"]
    assert group.arm("PUT", container + "--x", {"properties": {}}, VERSION).status == 400
    assert group.arm("GET", STORAGE + "stdata1/blobServices/default", version=VERSION).json["name"] == "default"


def test_names_of_accounts(group):
    check = "/providers/Microsoft.Storage/checkNameAvailability"
    ask = {"name": "stdata1", "type": "Microsoft.Storage/storageAccounts"}
    assert group.arm("POST", check, ask, VERSION).json == {"nameAvailable": True}
    group.arm("PUT", STORAGE + "stdata1", BODY, VERSION)
    assert group.arm("POST", check, ask, VERSION).json["reason"] == "AlreadyExists"
    assert group.arm("POST", check, {**ask, "name": "No"}, VERSION).json["reason"] == "AccountNameInvalid"
    group.arm("PUT", "/resourcegroups/other", {"location": "westus2"}, "2021-04-01")
    taken = group.arm("PUT", STORAGE.replace("tests", "other") + "stdata1", BODY, VERSION)
    assert (taken.status, taken.json["error"]["code"]) == (409, "StorageAccountAlreadyTaken")
    bad = group.arm("PUT", STORAGE + "Not-Valid", BODY, VERSION)
    assert (bad.status, bad.json["error"]["code"]) == (400, "AccountNameInvalid")
    assert group.arm("PUT", STORAGE + "stdata2", {**BODY, "sku": {"name": "Cheap"}}, VERSION).status == 400


def imds_token(emulator, **query):
    query = {"api-version": "2018-02-01", "resource": "https://redis.azure.com", **query}
    return emulator.request("GET", "/metadata/identity/oauth2/token?" + urllib.parse.urlencode(query),
                            headers={"Metadata": "true"})


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_an_identity_has_tokens_and_opens_a_cache(group):
    group.create_cache("cache", {"redisConfiguration": {"aad-enabled": "true"}})
    answer = group.arm("PUT", IDENTITY + "app", {"location": "westus2", "tags": {"a": "b"}}, IDENTITY_VERSION)
    assert answer.status == 201, answer
    who = answer.json["properties"]
    assert who["tenantId"] == group.ready["tenantId"] and answer.json["tags"] == {"a": "b"}
    again = group.arm("PUT", IDENTITY + "app", {"location": "westus2"}, IDENTITY_VERSION)
    assert again.status == 200 and again.json["properties"] == who
    for query in ({"client_id": who["clientId"]}, {"object_id": who["principalId"]},
                  {"mi_res_id": answer.json["id"]}):
        token = imds_token(group, **query)
        assert token.status == 200, token
        assert claims(token.json["access_token"])["oid"] == who["principalId"]
    body = {"properties": {"objectId": who["principalId"], "objectIdAlias": "app",
                           "accessPolicyName": "Data Owner"}}
    made = group.arm("PUT", group.cache_path("cache") + "/accessPolicyAssignments/app", body)
    assert made.status in (200, 201), made
    group.advance("30m")
    token = imds_token(group, client_id=who["clientId"]).json["access_token"]
    with group.connect(tls=True) as wire:
        assert wire.call("AUTH", who["principalId"], token) == "OK"
    body = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {answer.json["id"]: {}}}}
    group.arm("PATCH", group.cache_path("cache"), body)
    group.advance("30m")
    shown = group.arm("GET", group.cache_path("cache")).json["identity"]
    assert shown["userAssignedIdentities"][answer.json["id"]]["clientId"] == who["clientId"]
    assert "principalId" not in shown

    assert group.arm("DELETE", IDENTITY + "app", version=IDENTITY_VERSION).status == 200
    assert imds_token(group, client_id=who["clientId"]).status == 400


def test_identities_survive_a_restart(start_emulator):
    emulator = start_emulator("--provisioning", "instant")
    emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01")
    who = emulator.arm("PUT", IDENTITY + "app", {"location": "westus2"}, IDENTITY_VERSION).json["properties"]
    emulator.restart()
    assert emulator.arm("GET", IDENTITY + "app", version=IDENTITY_VERSION).json["properties"] == who
    assert imds_token(emulator, client_id=who["clientId"]).status == 200

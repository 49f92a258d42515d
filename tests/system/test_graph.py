"""Microsoft Graph and roles over the wire: a new application signs in with what its role allows."""
import json
import urllib.parse
import uuid

import pytest

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
VERSION = "2022-04-01"


@pytest.fixture
def graph(emulator):
    token = emulator.token("https://graph.microsoft.com")

    def ask(method, path, body=None, status=200):
        answer = emulator.request(method, "/v1.0" + path, json.dumps(body) if body is not None else None,
                                  {"Authorization": "Bearer " + token, "Content-Type": "application/json"},
                                  host="graph.microsoft.com")
        assert answer.status == status, answer
        return json.loads(answer.body) if answer.body else None
    return ask


def sign_in(emulator, client, secret, status=200):
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": client, "client_secret": secret,
                                   "scope": "https://management.azure.com/.default"})
    answer = emulator.request("POST", f"/{emulator.ready['tenantId']}/oauth2/v2.0/token", form,
                              {"Content-Type": "application/x-www-form-urlencoded"},
                              host="login.microsoftonline.com")
    assert answer.status == status, answer
    return answer.json.get("access_token")


def test_new_application_signs_in_as_reader(emulator, graph):
    app = graph("POST", "/applications", {"displayName": "reader"}, 201)
    password = graph("POST", f"/applications/{app['id']}/addPassword", {"passwordCredential": {"displayName": "x"}})
    principal = graph("POST", "/servicePrincipals", {"appId": app["appId"]}, 201)
    found = graph("GET", "/servicePrincipals?$filter=" + urllib.parse.quote(
        f"servicePrincipalNames/any(c:c eq '{app['appId']}')"))
    assert [one["id"] for one in found["value"]] == [principal["id"]]
    token = sign_in(emulator, app["appId"], password["secretText"])

    scope = f"/subscriptions/{emulator.ready['subscriptionId']}"
    assert emulator.arm("PUT", "/resourceGroups/roles", {"location": "westus2"}).status == 201
    assignment = f"/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    made = emulator.arm("PUT", assignment, {"properties": {
        "principalId": principal["id"],
        "roleDefinitionId": f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{READER}"}}, VERSION)
    assert made.status == 201 and made.json["properties"]["principalType"] == "ServicePrincipal"

    reader = {"Authorization": "Bearer " + token}
    assert emulator.arm("GET", "/resourceGroups/roles", headers=reader).status == 200
    refused = emulator.arm("DELETE", "/resourceGroups/roles", headers=reader)
    assert refused.status == 403
    error = refused.json["error"]
    assert error["code"] == "AuthorizationFailed" and principal["id"] in error["message"]
    assert "'Microsoft.Resources/subscriptions/resourceGroups/delete'" in error["message"]


def test_removed_passwords_and_deleted_applications_open_nothing(emulator, graph):
    app = graph("POST", "/applications", {"displayName": "short-lived"}, 201)
    first = graph("POST", f"/applications/{app['id']}/addPassword", {})
    second = graph("POST", f"/applications(appId='{app['appId']}')/addPassword", {})
    graph("POST", f"/applications/{app['id']}/removePassword", {"keyId": first["keyId"]}, 204)
    sign_in(emulator, app["appId"], first["secretText"], 401)
    sign_in(emulator, app["appId"], second["secretText"])
    listed = graph("GET", f"/applications/{app['id']}")["passwordCredentials"]
    assert [one["keyId"] for one in listed] == [second["keyId"]] and listed[0]["secretText"] is None
    graph("DELETE", f"/applications/{app['id']}", status=204)
    sign_in(emulator, app["appId"], second["secretText"], 400)


def test_who_is_in_the_directory(emulator, graph):
    ready = emulator.ready
    user = graph("GET", "/users?$filter=" + urllib.parse.quote("userPrincipalName eq 'DEV@redurite.onmicrosoft.com'"))
    ids = [user["value"][0]["id"], graph("GET", f"/servicePrincipals(appId='{ready['clientId']}')")["id"]]
    kinds = graph("POST", "/directoryObjects/getByIds", {"ids": [*ids, str(uuid.uuid4())], "types": ["user"]})
    assert [one["@odata.type"] for one in kinds["value"]] == ["#microsoft.graph.user",
                                                              "#microsoft.graph.servicePrincipal"]
    assert graph("GET", "/groups")["value"] == []


def test_wrong_requests_are_refused(emulator, graph):
    nobody = graph("GET", f"/servicePrincipals/{uuid.uuid4()}", status=404)["error"]
    assert nobody["code"] == "Request_ResourceNotFound" and "does not exist" in nobody["message"]
    assert graph("GET", "/users?$filter=broken", status=400)["error"]["code"] == "BadRequest"
    assert graph("POST", "/applications", {}, 400)["error"]["code"] == "Request_BadRequest"
    assert graph("POST", "/servicePrincipals", {"appId": str(uuid.uuid4())}, 400)["error"]["message"].endswith(
        "does not reference a valid application object.")
    graph("DELETE", "/me", status=405)
    graph("GET", "/planets", status=400)
    answer = emulator.request("GET", "/v1.0/users", host="graph.microsoft.com")
    assert answer.status == 401 and answer.json["error"]["code"] == "InvalidAuthenticationToken"
    arm_token = {"Authorization": "Bearer " + emulator.token()}
    assert emulator.request("GET", "/v1.0/users", None, arm_token, host="graph.microsoft.com").status == 401


def test_applications_survive_a_restart(start_emulator):
    emulator = start_emulator()
    bearer = {"Authorization": "Bearer " + emulator.token("https://graph.microsoft.com"),
              "Content-Type": "application/json"}

    def ask(path, body):
        return emulator.request("POST", "/v1.0" + path, json.dumps(body), bearer, host="graph.microsoft.com").json

    app = ask("/applications", {"displayName": "lasting"})
    password = ask(f"/applications/{app['id']}/addPassword", {})["secretText"]
    principal = ask("/servicePrincipals", {"appId": app["appId"]})
    emulator.restart()
    sign_in(emulator, app["appId"], password)
    found = emulator.request("GET", f"/v1.0/servicePrincipals/{principal['id']}", None, bearer,
                             host="graph.microsoft.com")
    assert found.json["displayName"] == "lasting"
    emulator.admin("POST", "/reset")
    sign_in(emulator, app["appId"], password, 400)

"""A snapshot whose parts are of the wrong kind: it is refused whole, or it does no harm."""
import copy
import json
import random
import re
import urllib.parse

import pytest

from harness.deployments import Group, cache, nested, template
from harness.emulator import SANITIZED
from harness.network import make_endpoint, make_network, resource_id

# What may stand where something else was; GONE: nothing.
GONE = object()
OTHERS = [None, 5, "x", [], {}, True, GONE]
MOST_MUTATIONS = 120 if SANITIZED else 450
WEB, APP = "/resourceGroups/tests/providers/Microsoft.Web", "/resourceGroups/tests/providers/Microsoft.App"
VAULTS = "/resourceGroups/tests/providers/Microsoft.KeyVault/vaults"
SYSTEM_ASSIGNED = {"type": "SystemAssigned"}


def put(emulator, path, body, version):
    answer = emulator.arm("PUT", path, {"location": "westus2", **body}, version)
    assert answer.status in (200, 201, 202), answer
    return answer


def make_apps(emulator):
    put(emulator, WEB + "/serverfarms/plan", {"sku": {"name": "B1"}}, "2023-12-01")
    put(emulator, WEB + "/sites/site-of-ours", {"identity": SYSTEM_ASSIGNED, "properties": {
        "serverFarmId": resource_id(emulator, WEB + "/serverfarms/plan")}}, "2023-12-01")
    put(emulator, WEB + "/sites/site-of-ours/config/appsettings", {"properties": {"A": "1"}}, "2023-12-01")
    emulator.arm("POST", WEB + "/sites/site-of-ours/config/publishingcredentials/list", version="2023-12-01")
    put(emulator, APP + "/managedEnvironments/env", {"properties": {}}, "2024-03-01")
    emulator.advance("10m")
    put(emulator, APP + "/containerApps/app", {"identity": SYSTEM_ASSIGNED, "properties": {
        "managedEnvironmentId": resource_id(emulator, APP + "/managedEnvironments/env"),
        "configuration": {"secrets": [{"name": "s", "value": "v"}]},
        "template": {"containers": [{"name": "web", "image": "nginx"}]}}}, "2024-03-01")
    emulator.advance("10m")
    emulator.arm("POST", APP + "/containerApps/app/getAuthToken", version="2024-03-01")


def make_vaults(emulator):
    for name in ("vault-of-ours", "vault-that-went"):
        put(emulator, f"{VAULTS}/{name}", {"properties": {
            "tenantId": emulator.ready["tenantId"], "sku": {"family": "A", "name": "standard"},
            "accessPolicies": [], "enableSoftDelete": True}}, "2023-07-01")
        put(emulator, f"{VAULTS}/{name}/secrets/s", {"properties": {"value": "v"}}, "2023-07-01")
    emulator.arm("DELETE", VAULTS + "/vault-that-went", version="2023-07-01")


def make_application(emulator):
    token = emulator.token("https://graph.microsoft.com")

    def post(path, body):
        answer = emulator.request("POST", "/v1.0/applications" + path, body, {"Authorization": "Bearer " + token},
                                  "graph.microsoft.com")
        assert answer.status in (200, 201), answer
        return answer.json

    application = post("", {"displayName": "kept"})
    post(f"/{application['id']}/addPassword", {"passwordCredential": {"displayName": "p"}})


@pytest.fixture(scope="module")
def rich(shared_emulator):
    """A snapshot with something of each module that keeps notes of its own."""
    emulator = shared_emulator
    emulator.create_cache("cache")
    make_network(emulator)
    assert make_endpoint(emulator).status == 201
    emulator.advance("5m")
    make_apps(emulator)
    make_vaults(emulator)
    make_application(emulator)
    put(emulator, "/resourceGroups/tests/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity", {},
        "2023-01-31")
    put(emulator, "/resourceGroups/tests/providers/Microsoft.OperationalInsights/workspaces/logs", {}, "2022-10-01")
    put(emulator, "/resourceGroups/tests/providers/Microsoft.Storage/storageAccounts/store",
        {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}, "2023-01-01")
    put(emulator, "/tagNames/env", {}, "2021-04-01")
    group = Group(emulator)
    group.deploy(template(resources=[], outputs={"o": {"type": "string", "value": "v"}}), name="over")
    group.put(template(resources=[nested("inner", template(resources=[cache("fresh")]))]), name="running")
    outer = nested("[concat('n', copyIndex())]", template(resources=[cache("second")]), copy={"name": "n", "count": 1},
                   properties={"expressionEvaluationOptions": {"scope": "outer"}})
    group.put(template(resources=[outer]), name="looping")
    emulator.advance("10s")
    return emulator, emulator.admin("GET", "/state")


def places(value, path=(), kind=()):
    """Each place in it, one for those that differ only in a name or a number."""
    found = {kind: path}
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        shown = "*" if isinstance(name, int) or re.fullmatch(r"[0-9a-f-]{36}", name) else name
        if path == ("arm", "resources"):
            shown = re.sub(r".*/providers/", "", member["id"]).split("/")[1]
        for inner, where in places(member, (*path, name), (*kind, shown)).items():
            found.setdefault(inner, where)
    return found


def own_notes(path):
    """What no request can bring there."""
    return path[0] != "data" and (path[:2] != ("arm", "resources") or "secrets" in path)


def mutations(document):
    every = [(path, other) for path in places(document).values() for other in range(len(OTHERS)) if path]
    chance = random.Random(1)
    notes = [one for one in every if own_notes(one[0])]
    rest = [one for one in every if not own_notes(one[0])]
    return (chance.sample(notes, min(len(notes), MOST_MUTATIONS * 2 // 3)) +
            chance.sample(rest, min(len(rest), MOST_MUTATIONS // 3)))


def reaches(value, path):
    """Whether there is something at that path."""
    for name in path:
        if isinstance(value, list) and not value or isinstance(value, dict) and name not in value:
            return False
        value = value[name]
    return True


def mutated(document, path, other):
    changed = copy.deepcopy(document)
    holder = changed
    for name in path[:-1]:
        holder = holder[name]
    if other is GONE:
        del holder[path[-1]]
    else:
        holder[path[-1]] = other
    return changed


def look_around(emulator, document, path):
    """Uses what was loaded: shows it, lets a day pass, and saves it; that can be loaded again."""
    subscription = f"/subscriptions/{emulator.ready['subscriptionId']}"
    shown = [subscription + "/resources", subscription + "/resourcegroups"]
    if path[:2] == ("arm", "resources") and len(path) > 3:
        shown.append(document["arm"]["resources"][path[2]]["id"])
    headers = {"Authorization": "Bearer " + emulator.token()}
    for one in shown:
        emulator.request("GET", urllib.parse.quote(one) + "?api-version=2021-04-01", headers=headers)
    emulator.advance("24h")
    saved = emulator.admin("GET", "/state")
    emulator.admin("PUT", "/state", saved)


def test_a_part_of_another_kind_does_no_harm(rich):
    emulator, document = rich
    refused = 0
    for path, number in mutations(document):
        what = f"{path} = {'gone' if OTHERS[number] is GONE else json.dumps(OTHERS[number])}"
        answer = emulator.request("PUT", "/_redurite/state", mutated(document, path, OTHERS[number]))
        assert answer.status in (200, 400), (what, answer)
        if answer.status == 400:
            assert "nothing was changed" in answer.json["error"]["message"], (what, answer)
            refused += 1
            continue
        try:
            look_around(emulator, document, path)
        except (AssertionError, OSError) as error:
            raise AssertionError(what) from error
        assert emulator.running, what
    assert refused > MOST_MUTATIONS // 4
    emulator.admin("PUT", "/state", document)


@pytest.mark.parametrize("kind, path, other", [
    ("Microsoft.Web/sites", ("secrets", "clientId"), 5),
    ("Microsoft.App/containerApps", ("secrets", "revisions", 0, "name"), None),
    ("Microsoft.KeyVault/vaults", ("secrets", "secrets", "s", 0, "value"), []),
    ("Microsoft.KeyVault/deletedVaults", ("secrets", "held", "secrets"), "x"),
    ("Microsoft.Storage/storageAccounts", ("secrets", "key1"), "x"),
    ("Microsoft.Network/privateEndpoints", ("secrets", "connection"), "x"),
    ("Microsoft.Resources/deployments", ("secrets", "steps"), {}),
    ("Microsoft.Resources/deployments", ("secrets", "outer", "loops", 0, "index"), GONE),
    ("Microsoft.ManagedIdentity/userAssignedIdentities", ("properties", "clientId"), True),
    ("Microsoft.Cache/redis", ("createdMs",), "x"),
])
def test_the_refusal_names_the_resource_and_what_is_wrong(rich, kind, path, other):
    emulator, document = rich
    before = emulator.admin("GET", "/state")["arm"]
    number, resource = next((i, r) for i, r in enumerate(document["arm"]["resources"])
                            if f"/providers/{kind}/".lower() in r["id"].lower() and reaches(r, path))
    answer = emulator.request("PUT", "/_redurite/state",
                              mutated(document, ("arm", "resources", number, *path), other))
    words = answer.json["error"]["message"]
    assert answer.status == 400 and "nothing was changed" in words, answer
    assert resource["id"] in words and ".".join(map(str, path[:2])) in words, words
    assert re.search("must be|Allowed", words), words
    assert emulator.admin("GET", "/state")["arm"] == before

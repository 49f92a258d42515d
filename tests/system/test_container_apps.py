"""Container apps: environments, secrets, revisions, and the log that tells what an app meets."""
import http.client
import urllib.parse

import pytest

from harness.network import ZONE_VERSION

GROUP, VERSION = "containers", "2024-03-01"
PROVIDER = f"/resourceGroups/{GROUP}/providers/Microsoft.App"
KEYLESS = "rediss://default@{host}:6380/0?ssl_cert_reqs=required"


class App:
    """A container app in an environment of its own, both ready."""

    def __init__(self, emulator, name="app-magic"):
        self.emulator, self.name, self.path = emulator, name, f"{PROVIDER}/containerApps/{name}"
        emulator.arm("PUT", f"/resourcegroups/{GROUP}", {"location": "westeurope"}, "2021-04-01")
        self.environment = f"{PROVIDER}/managedEnvironments/env"
        assert emulator.arm("PUT", self.environment, {"location": "westeurope", "properties": {}}, VERSION).status == 201
        emulator.advance("10m")
        environment = emulator.arm("GET", self.environment, version=VERSION).json
        assert environment["properties"]["provisioningState"] == "Succeeded"
        self.domain = environment["properties"]["defaultDomain"]
        self.body = {"location": "westeurope", "properties": {
            "managedEnvironmentId": environment["id"],
            "configuration": {"ingress": {"external": True, "targetPort": 80}, "secrets": []},
            "template": {"containers": [{"name": "web", "image": "nginx", "env": []}]}}}

    def arm(self, method, below="", body=None):
        return self.emulator.arm(method, self.path + below, body, VERSION)

    def create(self):
        answer = self.arm("PUT", body=self.body)
        self.emulator.advance("10m")
        return answer

    def set(self, secrets=None, **variables):
        """Puts it again with these secrets, and variables that are values or ("secret", name)."""
        if secrets is not None:
            self.body["properties"]["configuration"]["secrets"] = [
                {"name": name, **(value if isinstance(value, dict) else {"value": value})}
                for name, value in secrets.items()]
        self.body["properties"]["template"]["containers"][0]["env"] = [
            {"name": name, "secretRef": value[1]} if isinstance(value, tuple) else {"name": name, "value": value}
            for name, value in variables.items()]
        return self.arm("PUT", body=self.body)

    def latest(self):
        return self.arm("GET").json["properties"]["latestRevisionName"]

    def open_log(self, token=None, host="westeurope.azurecontainerapps.dev", path=None, **query):
        if token is None:
            token = self.arm("POST", "/getAuthToken").json["properties"]["token"]
        path = path or (f"/subscriptions/{self.emulator.ready['subscriptionId']}/resourceGroups/{GROUP}/containerApps/"
                        f"{self.name}/revisions/{self.latest()}/replicas/r/containers/web/logstream")
        connection = http.client.HTTPConnection(host)
        connection.sock = self.emulator.connect_https(host)
        connection.request("GET", f"{path}?{urllib.parse.urlencode(query)}", headers={"Authorization": "Bearer " + token})
        return connection.getresponse()

    def log(self):
        answer = self.open_log()
        assert answer.status == 200
        return answer.read().decode()


@pytest.fixture
def app(emulator):
    app = App(emulator)
    assert app.create().status == 201
    return app


def code(answer):
    return answer.status, answer.json["error"]["code"]


def test_app_shows_its_name_revision_and_stream(app):
    shown = app.arm("GET").json["properties"]
    assert shown["provisioningState"] == "Succeeded" and shown["runningStatus"] == "Running"
    assert shown["configuration"]["ingress"]["fqdn"] == f"app-magic.{app.domain}"
    assert shown["latestRevisionName"].startswith("app-magic--")
    assert shown["latestRevisionFqdn"] == f"{shown['latestRevisionName']}.{app.domain}"
    assert shown["eventStreamEndpoint"].startswith("https://westeurope.azurecontainerapps.dev/subscriptions/")


def test_nulls_of_containers_are_not_shown(app):
    app.body["properties"]["template"]["containers"][0].update(env=None, command=None)
    shown = app.arm("PUT", body=app.body).json["properties"]["template"]["containers"][0]
    assert shown == {"name": "web", "image": "nginx", "resources": {"cpu": 0.5, "memory": "1Gi"}}
    app.body["properties"]["template"]["containers"][0]["env"] = [{"name": "A", "value": "1", "secretRef": None}]
    shown = app.arm("PUT", body=app.body).json["properties"]["template"]["containers"][0]
    assert shown["env"] == [{"name": "A", "value": "1"}]


def test_an_environment_with_apps_stays(app):
    answer = app.emulator.arm("DELETE", app.environment, version=VERSION)
    assert answer.status == 409 and app.name in answer.json["error"]["message"]
    assert app.arm("DELETE").status == 202
    app.emulator.advance("10m")
    assert app.arm("GET").status == 404
    assert app.emulator.arm("DELETE", app.environment, version=VERSION).status == 202


@pytest.mark.parametrize("change, status", [
    ({"managedEnvironmentId": "/subscriptions/none"}, 404), ({"template": {"containers": []}}, 400),
    ({"template": {"containers": [{"image": "nginx"}]}}, 400), ({"configuration": {"activeRevisionsMode": "Some"}}, 400),
    ({"configuration": {"secrets": [{"name": "Upper", "value": "x"}]}}, 400),
    ({"configuration": {"secrets": [{"name": "a"}]}}, 400), ({"configuration": {"ingress": {"targetPort": 70000}}}, 400),
    ({"template": {"containers": [{"name": "w", "image": "i", "env": [{"name": "A", "secretRef": "none"}]}]}}, 400)])
def test_bad_apps_are_refused(emulator, change, status):
    app = App(emulator)
    app.body["properties"].update(change)
    assert app.create().status == status
    assert app.arm("GET").status == 404


@pytest.mark.parametrize("name", ["a", "Upper", "1app", "a--b", "app-", "a" * 33])
def test_bad_names_are_refused(emulator, name):
    assert App(emulator, name).create().status == 400


def test_secrets_are_told_by_the_list_action_only(app):
    answer = app.set({"redis-url": "hidden-value"}, REDIS_URL=("secret", "redis-url"))
    assert answer.status == 200 and "hidden-value" not in answer.body.decode()
    assert app.arm("GET").json["properties"]["configuration"]["secrets"] == [{"name": "redis-url"}]
    assert app.arm("POST", "/listSecrets").json["value"] == [{"name": "redis-url", "value": "hidden-value"}]
    shown = app.arm("GET").json  # what is shown can be put back
    assert app.arm("PUT", body=shown).status == 200
    assert app.arm("POST", "/listSecrets").json["value"] == [{"name": "redis-url", "value": "hidden-value"}]
    assert code(app.set({}, REDIS_URL=("secret", "redis-url"))) == (400, "ContainerAppSecretRefNotFound")
    assert "hidden-value" not in app.emulator.log


def test_a_change_of_the_template_makes_a_revision(app):
    first = app.latest()
    app.set({"a": "1"})
    assert app.latest() == first
    app.set(None, A="1")
    second = app.latest()
    assert second != first
    told = {item["name"]: item["properties"] for item in app.arm("GET", "/revisions").json["value"]}
    assert told[first]["active"] is False and told[second]["active"] is True
    assert app.arm("GET", f"/revisions/{second}/replicas").json["value"][0]["properties"]["containers"][0]["name"] == "web"
    assert app.arm("GET", f"/revisions/{first}/replicas").json["value"] == []
    assert app.arm("POST", f"/revisions/{second}/restart").status == 200
    assert app.log().count(f"Revision {second} of app-magic is starting") == 2
    assert app.arm("GET", "/revisions/none").status == 404
    assert app.arm("POST", f"/revisions/{second}/explode").status == 404


def test_the_key_that_was_missing_and_the_one_that_opens_the_cache(app):
    emulator = app.emulator
    keys = emulator.create_cache("red-magic", group=GROUP, location="westeurope")
    host = "red-magic.redis.cache.windows.net"
    app.set({"redis-url": KEYLESS.format(host=host)}, REDIS_URL=("secret", "redis-url"))
    assert "Redis connection failed: REDIS_URL: NOAUTH Authentication required." in app.log()
    urls = {name: f"rediss://:{urllib.parse.quote(keys['primaryKey'], safe='')}@{host}:6380/{database}?ssl_cert_reqs=required"
            for name, database in (("redis-url", 0), ("celery-broker-url", 1))}
    app.set(urls, REDIS_URL=("secret", "redis-url"), CELERY_BROKER_URL=("secret", "celery-broker-url"))
    log = app.log()
    assert "Redis connection successful - using cache-based sessions" in log
    assert "CELERY_BROKER_URL: connected to the cache red-magic" in log
    assert keys["primaryKey"] not in log


def test_a_slash_of_the_key_ends_what_should_be_the_port(app):
    app.emulator.create_cache("red-magic", group=GROUP, location="westeurope")
    for password, told in (("ab/cd", "REDIS_URL: The URL has no valid port: a '/' of the access key"),
                           ("ab%2Fcd", "REDIS_URL: WRONGPASS"), ("ab@cd", "REDIS_URL: WRONGPASS")):
        app.set({}, REDIS_URL=f"rediss://:{password}@red-magic.redis.cache.windows.net:6380/0?ssl_cert_reqs=required")
        assert told in app.log().splitlines()[-2]


def test_a_cache_without_public_access(app):
    emulator = app.emulator
    keys = emulator.create_cache("red-magic", group=GROUP, location="westeurope")
    emulator.arm("PATCH", emulator.cache_path("red-magic", GROUP), {"properties": {"publicNetworkAccess": "Disabled"}})
    emulator.advance("30m")
    app.set({}, REDIS_URL=f"rediss://:{urllib.parse.quote(keys['primaryKey'], safe='')}@red-magic.redis.cache.windows.net:6380/0")
    assert "public network access of the cache is disabled" in app.log()


def test_a_private_endpoint_is_found_by_the_zone_that_is_linked(app):
    emulator, network = app.emulator, f"/resourceGroups/{GROUP}/providers/Microsoft.Network"
    keys = emulator.create_cache("red-magic", {"publicNetworkAccess": "Disabled"}, GROUP, "westeurope")
    key = urllib.parse.quote(keys["primaryKey"], safe="")
    zone = network + "/privateDnsZones/privatelink.redis.cache.windows.net"

    def put(path, version, **properties):
        answer = emulator.arm("PUT", path, {"location": "westeurope", "properties": properties}, version)
        assert answer.status in (200, 201), answer
        emulator.advance("5m")
        return answer.json["id"]

    def outcome(host="red-magic.redis.cache.windows.net"):
        app.set({}, REDIS_URL=f"rediss://:{key}@{host}:6380/0")
        app.arm("POST", f"/revisions/{app.latest()}/restart")
        return next(line for line in reversed(app.log().splitlines()) if "Redis connection" in line)

    net = put(network + "/virtualNetworks/vnet", "2023-09-01", addressSpace={"addressPrefixes": ["10.0.0.0/16"]},
              subnets=[{"name": "snet", "properties": {"addressPrefix": "10.0.1.0/24"}}])
    cache = emulator.arm("GET", emulator.cache_path("red-magic", GROUP)).json["id"]
    endpoint = network + "/privateEndpoints/pe"
    put(endpoint, "2023-09-01", subnet={"id": net + "/subnets/snet"}, privateLinkServiceConnections=[
        {"name": "c", "properties": {"privateLinkServiceId": cache, "groupIds": ["redisCache"]}}])
    assert "its name does not lead to its private endpoint" in outcome()
    zone_id = put(zone, ZONE_VERSION)
    assert "Is the private DNS zone linked to the virtual network?" in outcome()
    link = {"virtualNetwork": {"id": net}, "registrationEnabled": False}
    put(zone + "/virtualNetworkLinks/l", ZONE_VERSION, **link)
    assert "No such host is known: no private DNS zone has a record of it." in outcome()
    put(endpoint + "/privateDnsZoneGroups/default", "2023-09-01", privateDnsZoneConfigs=[
        {"name": "redis", "properties": {"privateDnsZoneId": zone_id}}])
    assert "Redis connection successful" in outcome()
    assert "Redis connection successful" in outcome("red-magic.privatelink.redis.cache.windows.net")
    emulator.arm("DELETE", zone + "/virtualNetworkLinks/l", version=ZONE_VERSION)
    assert "Is the private DNS zone linked to the virtual network?" in outcome()


def test_secrets_come_from_a_vault_as_the_apps_identity(app):
    emulator, vault = app.emulator, f"/resourceGroups/{GROUP}/providers/Microsoft.KeyVault/vaults/kv-magic"
    tenant = emulator.ready["tenantId"]
    app.body["identity"] = {"type": "SystemAssigned"}
    principal = app.arm("PUT", body=app.body).json["identity"]["principalId"]
    policy = {"tenantId": tenant, "objectId": principal, "permissions": {"secrets": ["get"]}}
    emulator.arm("PUT", vault, {"location": "westeurope", "properties": {
        "tenantId": tenant, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}}, "2022-07-01")
    emulator.arm("PUT", vault + "/secrets/redis", {"properties": {"value": "rediss://:x@nowhere:6380"}}, "2022-07-01")
    secrets = {"redis": {"keyVaultUrl": "https://kv-magic.vault.azure.net/secrets/redis", "identity": "System"}}
    app.set(secrets, REDIS_URL=("secret", "redis"))
    assert "AccessToKeyVaultDenied" in app.log()
    emulator.arm("PUT", vault + "/accessPolicies/add", {"properties": {"accessPolicies": [policy]}}, "2022-07-01")
    app.arm("POST", f"/revisions/{app.latest()}/restart")
    assert "No such host is known: nowhere" in app.log()


def test_the_log_is_followed_with_its_token_while_it_is_good(app):
    with app.open_log(follow="true", output="json") as stream:
        assert b'"TimeStamp":"' in stream.readline()
        app.set(None, A="2")
        while b"info: Application started" not in (line := stream.readline()) or b"app-magic" not in line:
            assert line
    token = app.arm("POST", "/getAuthToken").json["properties"]["token"]
    assert app.open_log(token, tailLines=1).read().count(b"\n") == 1
    assert app.open_log("guess").status == 401
    assert app.open_log(app.emulator.token()).status == 401
    app.emulator.advance("2h")
    assert app.open_log(token).status == 401
    assert app.open_log(token, path="/elsewhere").status == 404


def test_stopped_apps_do_not_start(app):
    assert app.arm("POST", "/stop").json["properties"]["runningStatus"] == "Stopped"
    before = app.log().count("Application started")
    app.arm("POST", f"/revisions/{app.latest()}/restart")
    assert app.log().count("Application started") == before
    assert app.arm("POST", "/start").json["properties"]["runningStatus"] == "Running"
    assert app.log().count("Application started") == before + 1


def test_apps_survive_saving_and_loading(app):
    app.set({"a": "kept-value"}, A=("secret", "a"))
    revision, log = app.latest(), app.log()
    state = app.emulator.request("GET", "/_redurite/state").body
    app.emulator.admin("POST", "/reset")
    app.emulator.advance("10m")  # the clock is back at its start: another token
    assert app.arm("GET").status == 404
    assert app.emulator.request("PUT", "/_redurite/state", state).status < 300
    assert app.latest() == revision and app.log() == log
    assert app.arm("POST", "/listSecrets").json["value"][0]["value"] == "kept-value"

"""Web apps: plans, settings and their secrets, and the log that tells what an app meets."""
import base64
import http.client

import pytest

from harness.emulator import wait_until

GROUP, VERSION = "web", "2023-12-01"
CREDENTIALS = "/config/publishingcredentials/list"


class Site:
    def __init__(self, emulator, name="spe-api", **properties):
        self.emulator, self.name, self.restarts = emulator, name, 0
        emulator.arm("PUT", f"/resourcegroups/{GROUP}", {"location": "westus2"}, "2021-04-01")
        web = f"/resourceGroups/{GROUP}/providers/Microsoft.Web"
        plan = emulator.arm("PUT", f"{web}/serverfarms/plan", {"location": "westus2", "sku": {"name": "B1"}}, VERSION)
        assert plan.status == 200, plan
        self.path = f"{web}/sites/{name}"
        self.body = {"location": "westus2", "properties": {"serverFarmId": plan.json["id"], **properties}}

    def create(self):
        return self.arm("PUT", body=self.body)

    def arm(self, method, below="", body=None):
        return self.emulator.arm(method, self.path + below, body, VERSION)

    def settings(self, **settings):
        answer = self.arm("PUT", "/config/appsettings", {"properties": settings})
        assert answer.status == 200, answer
        return answer.json["properties"]

    def assign_identity(self):
        answer = self.arm("PATCH", body={"identity": {"type": "SystemAssigned"}})
        return answer.json["identity"]["principalId"]

    def follow(self):
        """A connection to the log, as az opens it."""
        told = self.arm("POST", CREDENTIALS).json["properties"]
        login = base64.b64encode(f"{told['publishingUserName']}:{told['publishingPassword']}".encode()).decode()
        host = f"{self.name}.scm.azurewebsites.net"
        connection = http.client.HTTPConnection(host)
        connection.sock = self.emulator.connect_https(host)
        connection.request("GET", "/logstream", headers={"Authorization": "Basic " + login})
        answer = connection.getresponse()
        assert answer.status == 200
        return Log(connection, answer)

    def restarted(self):
        """Restarts it; the lines that its start wrote."""
        with self.follow() as log:
            assert self.arm("POST", "/restart").status == 200
            self.restarts += 1
            for _ in range(self.restarts):  # those before are told again
                log.until("of a restart")
            return log.until("Application started.")


class Log:
    def __init__(self, connection, answer):
        self.connection, self.answer = connection, answer

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.answer.close()
        self.connection.close()

    def until(self, text):
        lines = []
        while True:
            line = self.answer.readline().decode()
            assert line, f"the log ended before {text!r}: {lines}"
            lines.append(line.rstrip("\r\n"))
            if text in line:
                return "\n".join(lines)


@pytest.fixture
def site(emulator):
    site = Site(emulator)
    assert site.create().status == 200
    return site


@pytest.fixture
def cache(emulator):
    emulator.create_cache("spe-cache", group=GROUP)
    return emulator


def connection_string(emulator, name="spe-cache"):
    done = emulator.run("cache", "connection-string", name)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# Plans and sites.

def test_plan_knows_its_tier_and_its_sites(site):
    plan = site.emulator.arm("GET", site.path.rsplit("/sites", 1)[0] + "/serverfarms/plan", version=VERSION).json
    assert plan["sku"] == {"name": "B1", "tier": "Basic", "size": "B1", "family": "B", "capacity": 1}
    assert plan["properties"]["status"] == "Ready" and plan["properties"]["numberOfSites"] == 1
    gone = site.emulator.arm("DELETE", site.path.rsplit("/sites", 1)[0] + "/serverfarms/plan", version=VERSION)
    assert gone.status == 409 and site.name in gone.json["error"]["message"]


def test_site_shows_its_names_and_state(site):
    shown = site.arm("GET").json["properties"]
    assert shown["defaultHostName"] == "spe-api.azurewebsites.net"
    assert shown["enabledHostNames"][-1] == "spe-api.scm.azurewebsites.net"
    assert [s["name"] for s in shown["hostNameSslStates"] if s["hostType"] == "Repository"] == [
        "spe-api.scm.azurewebsites.net"]
    assert shown["state"] == "Running"
    for action, state in (("stop", "Stopped"), ("start", "Running")):
        assert site.arm("POST", "/" + action).status == 200
        assert site.arm("GET").json["properties"]["state"] == state


@pytest.mark.parametrize("name, change, status", [
    ("a", {}, 400), ("-ab", {}, 400), ("a_b", {}, 400), ("ab", {"serverFarmId": "nowhere"}, 404),
    ("ab", {"httpsOnly": "yes"}, 400), ("ab", {"siteConfig": {"appSettings": [{"value": "x"}]}}, 400)])
def test_bad_sites_are_refused(emulator, name, change, status):
    site = Site(emulator, name, **change)
    assert site.create().status == status
    assert site.arm("GET").status == 404


def test_names_are_unique_and_checked(site):
    where, body = "/providers/Microsoft.Web/checknameavailability", {"name": site.name, "type": "Site"}
    taken = site.emulator.arm("POST", where, body, VERSION).json
    assert (taken["nameAvailable"], taken["reason"]) == (False, "AlreadyExists")
    free = site.emulator.arm("POST", where, {**body, "name": "spe-other"}, VERSION).json
    assert free["nameAvailable"] is True
    site.emulator.arm("PUT", "/resourcegroups/other", {"location": "westus2"}, "2021-04-01")
    other = site.emulator.arm("PUT", site.path.replace(f"/{GROUP}/providers", "/other/providers"), site.body, VERSION)
    assert other.status == 409, other


# Settings.

def test_settings_are_told_by_the_list_action_only(site):
    site.settings(A="1", Secret="hidden-value")
    assert site.arm("POST", "/config/appsettings/list").json["properties"] == {"A": "1", "Secret": "hidden-value"}
    assert site.arm("GET", "/config/appsettings").json["properties"] is None
    assert "hidden-value" not in site.arm("GET").body.decode()
    assert site.settings(B="2") == {"B": "2"}


def test_settings_of_the_site_itself(emulator):
    site = Site(emulator, siteConfig={"appSettings": [{"name": "A", "value": "1"}], "alwaysOn": True, "connectionStrings": [
        {"name": "Redis", "connectionString": "c", "type": "RedisCache"}]})
    assert site.create().status == 200
    assert site.arm("POST", "/config/appsettings/list").json["properties"] == {"A": "1"}
    assert site.arm("POST", "/config/connectionstrings/list").json["properties"] == {
        "Redis": {"value": "c", "type": "RedisCache"}}
    assert site.arm("GET", "/config/web").json["properties"]["alwaysOn"] is True
    assert site.create().status == 200


@pytest.mark.parametrize("properties", [{"A": None}, {"A": {"b": 1}}, {"A" * 600: "1"}, "text", {"": "1"}])
def test_bad_settings_change_nothing(site, properties):
    site.settings(Kept="1")
    assert site.arm("PUT", "/config/appsettings", {"properties": properties}).status == 400
    assert site.arm("POST", "/config/appsettings/list").json["properties"] == {"Kept": "1"}


def test_unknown_configuration_is_named(site):
    answer = site.arm("GET", "/config/nothing")
    assert answer.status == 404 and "nothing" in answer.json["error"]["message"]


# The log.

def test_the_log_tells_of_changes_without_values(site):
    with site.follow() as log:
        site.settings(Password="value-nobody-logs", Other="1")
        line = log.until("Configuration appsettings changed")
        assert "Password" in line and "Other" in line
        assert "value-nobody-logs" not in log.until("Application started.")
    assert "value-nobody-logs" not in site.emulator.log


def test_a_connection_string_that_opens_the_cache(site, cache):
    site.settings(Redis__Enabled="true", Redis__ConnectionString=connection_string(cache), Redis__InstanceName="sdap-dev:")
    lines = site.restarted()
    assert "info: Distributed cache: Redis enabled with instance name 'sdap-dev:'" in lines
    assert "connected to the cache spe-cache" in lines


def test_a_key_that_was_regenerated_no_longer_opens_it(site, cache):
    site.settings(Redis__Enabled="true", Redis__ConnectionString=connection_string(cache), Redis__InstanceName="x:")
    cache.arm("POST", cache.cache_path("spe-cache", GROUP) + "/regenerateKey", {"keyType": "Primary"})
    lines = site.restarted()
    assert "WRONGPASS" in lines and "Redis enabled" not in lines


@pytest.mark.parametrize("connection, told", [
    ("nowhere.redis.cache.windows.net:6380,password=x,ssl=True", "No such host is known"),
    ("spe-cache.redis.cache.windows.net:6380,ssl=True", "NOAUTH"),
    ("spe-cache.redis.cache.windows.net:6379,password=x", "does not serve that port"), ("", "no setting")])
def test_connection_strings_that_open_nothing(site, cache, connection, told):
    site.settings(Redis__Enabled="true", Redis__ConnectionString=connection)
    lines = site.restarted()
    assert told in lines and "Redis enabled with" not in lines


def test_disabled_redis_is_told(site):
    site.settings(Redis__Enabled="false")
    assert "Using in-memory cache" in site.restarted()


def test_a_stopped_app_does_not_start(site):
    with site.follow() as log:
        site.arm("POST", "/stop")
        site.arm("POST", "/restart")
        site.arm("POST", "/start")
        assert "of a restart" not in log.until("of a start")


def test_the_log_needs_credentials(site):
    def status(headers, host="spe-api.scm.azurewebsites.net", path="/logstream"):
        return site.emulator.request("GET", path, None, headers, host).status

    assert status({}) == 401
    assert status({"Authorization": "Basic " + base64.b64encode(b"$spe-api:guess").decode()}) == 401
    assert status({"Authorization": "Bearer nonsense"}) == 401
    assert status({}, "absent.scm.azurewebsites.net") == 404
    assert status({"Authorization": "Bearer " + site.emulator.token()}, path="/api/zip") == 404
    assert site.emulator.request("GET", "/", host="spe-api.azurewebsites.net").status == 200
    assert site.emulator.request("GET", "/", host="absent.azurewebsites.net").status == 404


def test_followers_come_and_go(site):
    logs = [site.follow() for _ in range(3)]
    logs.pop(1).__exit__()
    site.arm("POST", "/restart")
    for log in logs:
        log.until("of a restart")
        log.__exit__()
    site.arm("POST", "/restart")
    assert site.emulator.running


def test_the_log_and_the_settings_survive_a_restart_of_the_emulator(site):
    site.settings(A="1")
    wait_until(lambda: "Application" in str(site.emulator.admin("GET", "/state")), "the log to be part of the state")
    state = site.emulator.request("GET", "/_redurite/state").body
    site.emulator.admin("POST", "/reset")
    assert site.arm("GET").status == 404
    assert site.emulator.request("PUT", "/_redurite/state", state).status < 300
    assert site.arm("POST", "/config/appsettings/list").json["properties"] == {"A": "1"}
    with site.follow() as log:
        log.until("Configuration appsettings changed: A")


# References to secrets.

def reference(site, name="Redis__ConnectionString"):
    return site.arm("GET", f"/config/configreferences/appsettings/{name}").json["properties"]


def test_references_are_resolved_as_the_apps_identity(site, cache):
    tenant = cache.ready["tenantId"]
    vault = f"/resourceGroups/{GROUP}/providers/Microsoft.KeyVault/vaults/kv-web"
    body = {"location": "westus2", "properties": {"tenantId": tenant, "sku": {"family": "A", "name": "standard"},
                                                  "accessPolicies": []}}
    site.settings(Redis__Enabled="true", Redis__InstanceName="kv:", Plain="1",
                  Redis__ConnectionString="@Microsoft.KeyVault(VaultName=kv-web;SecretName=redis)")
    assert reference(site)["status"] == "MSINotEnabled"
    principal = site.assign_identity()
    assert reference(site)["status"] == "VaultNotFound"
    assert cache.arm("PUT", vault, body, "2022-07-01").status == 200
    assert reference(site)["status"] == "AccessToKeyVaultDenied"
    policy = {"tenantId": tenant, "objectId": principal, "permissions": {"secrets": ["get"]}}
    cache.arm("PUT", vault + "/accessPolicies/add", {"properties": {"accessPolicies": [policy]}}, "2022-07-01")
    assert reference(site)["status"] == "SecretNotFound"
    assert "SecretNotFound" in site.restarted()
    cache.arm("PUT", vault + "/secrets/redis", {"properties": {"value": connection_string(cache)}}, "2022-07-01")
    told = reference(site)
    assert told["status"] == "Resolved" and told["vaultName"] == "kv-web" and told["secretName"] == "redis"
    assert "Redis enabled with instance name 'kv:'" in site.restarted()
    listed = site.arm("GET", "/config/configreferences/appsettings").json["value"]
    assert [item["name"] for item in listed] == ["Redis__ConnectionString"]
    site.settings(Redis__Enabled="true", Redis__InstanceName="uri:",
                  Redis__ConnectionString="@Microsoft.KeyVault(SecretUri=https://kv-web.vault.azure.net/secrets/redis/)")
    assert "Redis enabled with instance name 'uri:'" in site.restarted()


def test_an_identity_needs_a_role_in_a_vault_with_roles(site):
    emulator, vault = site.emulator, f"/resourceGroups/{GROUP}/providers/Microsoft.KeyVault/vaults/kv-roles"
    subscription = f"/subscriptions/{emulator.ready['subscriptionId']}"
    principal = site.assign_identity()
    emulator.arm("PUT", vault, {"location": "westus2", "properties": {
        "tenantId": emulator.ready["tenantId"], "sku": {"family": "A", "name": "standard"},
        "enableRbacAuthorization": True}}, "2022-07-01")
    emulator.arm("PUT", vault + "/secrets/redis", {"properties": {"value": "x"}}, "2022-07-01")
    site.settings(Redis__ConnectionString="@Microsoft.KeyVault(VaultName=kv-roles;SecretName=redis)")
    assert reference(site)["status"] == "AccessToKeyVaultDenied"
    role = vault + "/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-000000000001"
    users = f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6"
    assert emulator.arm("PUT", role, {"properties": {"roleDefinitionId": users, "principalId": principal,
                                                     "principalType": "ServicePrincipal"}}, "2022-04-01").status == 201
    assert reference(site)["status"] == "Resolved"


@pytest.mark.parametrize("text", ["@Microsoft.KeyVault(", "@Microsoft.KeyVault()", "@Microsoft.KeyVault(Vault=x)",
                                  "@Microsoft.KeyVault(SecretUri=http://x)", "@Microsoft.KeyVault(VaultName=a;)"])
def test_broken_references_are_told(site, text):
    site.settings(Redis__ConnectionString=text)
    assert reference(site)["status"] == "InvalidSyntax"


def test_an_identity_stays_the_same_and_goes(site):
    principal = site.assign_identity()
    assert site.assign_identity() == principal
    answer = site.arm("PATCH", body={"identity": {"type": "None"}})
    assert "principalId" not in answer.json["identity"]


def test_runtimes_are_listed(emulator):
    token = {"Authorization": "Bearer " + emulator.token()}
    answer = emulator.request("GET", "/providers/Microsoft.Web/webAppStacks?api-version=2023-12-01", None, token,
                              "management.azure.com")
    runtimes = [minor["stackSettings"].get("linuxRuntimeSettings", {}).get("runtimeVersion")
                for stack in answer.json["value"] for major in stack["properties"]["majorVersions"]
                for minor in major["minorVersions"]]
    assert "DOTNETCORE|8.0" in runtimes and "PYTHON|3.12" in runtimes
    assert len(answer.json["value"]) == len({stack["name"] for stack in answer.json["value"]})

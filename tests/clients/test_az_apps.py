"""Vaults, web apps and container apps with the newest az: the guides' commands, as they are written there."""
import urllib.parse

import pytest

from harness.apps_flow import GROUP, NAME, vault_is_deleted_and_comes_back, web_app_gets_its_cache
from harness.programs import TOOLS, Az

PROGRAM = TOOLS / "newest-python" / "bin" / "az"
APP = ("--name", "app-we-magictoolbox-01", "--resource-group", "rg-westeurope-magictoolbox-dev")


@pytest.fixture
def az(emulator, tmp_path):
    az = Az(emulator, tmp_path / "azure", program=PROGRAM)
    az.login()
    return az


def test_web_app_gets_its_cache(emulator, az):
    az.run("group", "create", "--name", GROUP, "--location", "westus2")
    az.run("appservice", "plan", "create", "--name", "plan", "--resource-group", GROUP, "--sku", "B1", "--is-linux")
    az.run("webapp", "create", "--name", NAME, "--resource-group", GROUP, "--plan", "plan", "--runtime", "DOTNETCORE:8.0")
    assert az.run("webapp", "identity", "assign", "--name", NAME, "--resource-group", GROUP)["principalId"]
    web_app_gets_its_cache(emulator, az)


def test_secrets_and_policies_of_the_calendar_assistant(az):
    """This az makes vaults with roles unless told otherwise, and then refuses set-policy; the guide is older."""
    vault = ("--vault-name", "kv-ai-calendar")
    url = "rediss://username:password@redis-ai-calendar-prod.redis.cache.windows.net:6380"
    az.run("group", "create", "--name", "rg-ai-calendar", "--location", "eastus")
    az.run("keyvault", "create", "--name", "kv-ai-calendar", "--resource-group", "rg-ai-calendar", "--location", "eastus",
           "--enable-rbac-authorization", "false")
    made = az.run("keyvault", "secret", "set", *vault, "--name", "redis-connection-string", "--value", url)
    assert made["id"].startswith("https://kv-ai-calendar.vault.azure.net/secrets/redis-connection-string/")
    app = ("--name", "ai-calendar-app", "--resource-group", "rg-ai-calendar")
    az.finish(az.start("containerapp", "env", "create", "--name", "env", *app[2:], "--location", "eastus",
                       "--logs-destination", "none"))
    az.finish(az.start("containerapp", "create", *app, "--environment", "env", "--image", "nginx"))
    identity = az.run("containerapp", "identity", "assign", *app, "--system-assigned")
    changed = az.run("keyvault", "set-policy", "--name", "kv-ai-calendar", "--object-id", identity["principalId"],
                     "--secret-permissions", "get")
    assert identity["principalId"] in [item["objectId"] for item in changed["properties"]["accessPolicies"]]

    assert az.run("keyvault", "secret", "show", *vault, "--name", "redis-connection-string")["value"] == url
    assert [item["name"] for item in az.run("keyvault", "secret", "list", *vault)] == ["redis-connection-string"]
    az.run("keyvault", "secret", "delete", *vault, "--name", "redis-connection-string")
    again = az.attempt("keyvault", "secret", "set", *vault, "--name", "redis-connection-string", "--value", url)
    assert again.returncode != 0 and "is currently in a deleted but recoverable state" in again.stderr
    az.run("keyvault", "secret", "recover", *vault, "--name", "redis-connection-string")
    gone = az.attempt("keyvault", "secret", "show", *vault, "--name", "nope")
    assert gone.returncode == 3 and "SecretNotFound" in gone.stderr
    vault_is_deleted_and_comes_back(az, "kv-ai-calendar")


def test_container_app_gets_the_key_it_lacked(emulator, az):
    group = APP[3]
    az.run("group", "create", "--name", group, "--location", "westeurope")
    keys = emulator.create_cache("red-westeurope-magictoolbox-01", group=group, location="westeurope")
    az.login()  # the clock has moved
    host = "red-westeurope-magictoolbox-01.redis.cache.windows.net"
    az.finish(az.start("containerapp", "env", "create", "--name", "env", "--resource-group", group,
                       "--location", "westeurope", "--logs-destination", "none"))
    az.finish(az.start("containerapp", "create", *APP, "--environment", "env", "--image", "nginx",
                       "--ingress", "external", "--target-port", "80",
                       "--env-vars", f"REDIS_URL=rediss://default@{host}:6380/0?ssl_cert_reqs=required"))
    key = urllib.parse.quote(keys["primaryKey"], safe="")
    az.run("containerapp", "secret", "set", *APP,
           "--secrets", f"redis-url=rediss://:{key}@{host}:6380/0?ssl_cert_reqs=required")
    az.run("containerapp", "update", *APP, "--set-env-vars", "REDIS_URL=secretref:redis-url")
    log = str(az.run("containerapp", "logs", "show", *APP, "--format", "text"))
    assert log.index("Redis connection failed: REDIS_URL: NOAUTH") < log.index(
        "Redis connection successful - using cache-based sessions")
    name = az.run("containerapp", "show", *APP, "--query", "properties.configuration.ingress.fqdn", "-o", "tsv")
    assert name.startswith("app-we-magictoolbox-01.") and name.endswith(".westeurope.azurecontainerapps.io")
    assert [item["name"] for item in az.run("containerapp", "secret", "list", *APP)] == ["redis-url"]
    assert len(az.run("containerapp", "revision", "list", *APP, "--all")) == 2
    az.finish(az.start("containerapp", "delete", *APP, "--yes"))

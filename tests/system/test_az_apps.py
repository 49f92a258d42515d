"""Vaults and web apps with the packaged az. Its commands for secrets are broken in the package."""
import pytest

from harness.apps_flow import GROUP, NAME, vault_is_deleted_and_comes_back, web_app_gets_its_cache
from harness.programs import Az

IDENTITY = "00000000-0000-4000-8000-0000000000a4"


@pytest.fixture
def az(emulator, tmp_path):
    az = Az(emulator, tmp_path / "azure")
    az.login()
    return az


def test_web_app_gets_its_cache(emulator, az):
    az.run("group", "create", "--name", GROUP, "--location", "westus2")
    az.run("appservice", "plan", "create", "--name", "plan", "--resource-group", GROUP, "--sku", "B1")
    az.run("webapp", "create", "--name", NAME, "--resource-group", GROUP, "--plan", "plan")
    web_app_gets_its_cache(emulator, az)


def test_vault_and_its_policies(az):
    az.run("group", "create", "--name", "rg-ai-calendar", "--location", "eastus")
    made = az.run("keyvault", "create", "--name", "kv-ai-calendar", "--resource-group", "rg-ai-calendar",
                  "--location", "eastus")
    assert made["properties"]["vaultUri"] == "https://kv-ai-calendar.vault.azure.net/"
    changed = az.run("keyvault", "set-policy", "--name", "kv-ai-calendar", "--object-id", IDENTITY,
                     "--secret-permissions", "get")
    policies = {item["objectId"]: item["permissions"]["secrets"] for item in changed["properties"]["accessPolicies"]}
    assert policies[IDENTITY] == ["get"]
    vault_is_deleted_and_comes_back(az, "kv-ai-calendar")

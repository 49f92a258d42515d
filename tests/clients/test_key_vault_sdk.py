"""azure-keyvault-secrets with azure-identity, the newest ones, against a vault by its Azure name."""
import json
import pathlib

from harness.emulator import BINARY, clean_environment
from harness.programs import TOOLS, run_program

PYTHON = TOOLS / "newest-python" / "bin" / "python"
GROUP = "sdk"


def test_an_ordinary_program(emulator):
    ready = emulator.ready
    emulator.arm("PUT", f"/resourcegroups/{GROUP}", {"location": "westus2"}, "2021-04-01")
    made = emulator.arm("PUT", f"/resourceGroups/{GROUP}/providers/Microsoft.KeyVault/vaults/kv-sdk", {
        "location": "westus2", "properties": {"tenantId": ready["tenantId"], "enableRbacAuthorization": True,
                                              "sku": {"family": "A", "name": "standard"}}}, "2023-07-01")
    assert made.status == 200, made
    done = run_program(BINARY, "exec", "--", PYTHON, pathlib.Path(__file__).parent / "key_vault_sdk.py",
                       made.json["properties"]["vaultUri"], ready["tenantId"], ready["clientId"], ready["clientSecret"],
                       "the-value", environment=clean_environment(REDURITE_ENDPOINT=emulator.url))
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == {
        "name": "redis", "tags": {"a": "b"}, "vault": "https://kv-sdk.vault.azure.net", "first": "the-value",
        "latest": "the-value2", "versions": 2, "listed": 31, "disabled": 403, "missing": "SecretNotFound",
        "recovered": "the-value2", "restored": "redis"}

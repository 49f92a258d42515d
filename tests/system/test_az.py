"""The packaged Azure CLI: the walk-through of a real project, and every way to log in."""
import base64
import json
import re

import pytest

from harness.programs import Az, find_program, run_program
from harness.seed_flow import walk_through


@pytest.fixture
def az(emulator, tmp_path):
    return Az(emulator, tmp_path / "azure")


@pytest.mark.parametrize("mode", ["proxy", "cloud", "registered"])
def test_walk_through(emulator, tmp_path, mode):
    walk_through(emulator, Az(emulator, tmp_path / "azure", mode))


def test_login_with_wrong_secret(emulator, az):
    done = az.attempt("login", "--service-principal", "-u", emulator.ready["clientId"], "-p", "wrong",
                      "--tenant", emulator.ready["tenantId"])
    assert done.returncode == 1
    assert "AADSTS7000215: Invalid client secret provided." in done.stderr


def test_login_with_unknown_client(emulator, az):
    done = az.attempt("login", "--service-principal", "-u", "11111111-2222-4333-8444-555555555555", "-p", "x",
                      "--tenant", emulator.ready["tenantId"])
    assert done.returncode == 1
    assert "AADSTS700016" in done.stderr


@pytest.fixture
def certificate(tmp_path):
    """A key and a self-signed certificate in one file, as `az login -p` wants it."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    done = run_program(find_program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
                       "-out", cert, "-days", "30", "-subj", "/CN=redurite-test")
    assert done.returncode == 0, done.stderr
    both = tmp_path / "both.pem"
    both.write_text(key.read_text() + cert.read_text())
    return both


@pytest.mark.parametrize("mode", ["proxy", "registered"])
def test_login_with_certificate(emulator, tmp_path, mode, certificate):
    ready, az = emulator.ready, Az(emulator, tmp_path / "azure", mode)
    accounts = az.run("login", "--service-principal", "-u", ready["clientId"], "-p", certificate,
                      "--tenant", ready["tenantId"])
    assert accounts[0]["id"] == ready["subscriptionId"]
    assert az.run("group", "list") is not None


@pytest.mark.parametrize("mode", ["proxy", "registered"])
def test_login_with_device_code(emulator, tmp_path, mode):
    az = Az(emulator, tmp_path / "azure", mode)
    done = az.attempt("login", "--use-device-code", "--tenant", emulator.ready["tenantId"])
    assert done.returncode == 0, done.stderr
    assert re.search(r"enter the code \w+", done.stderr)
    account = json.loads(done.stdout)[0]
    assert account["user"] == {"name": "dev@redurite.onmicrosoft.com", "type": "user"}
    assert az.run("group", "list") is not None


@pytest.mark.parametrize("mode", ["proxy", "registered"])
def test_login_with_user_and_password(emulator, tmp_path, mode):
    az = Az(emulator, tmp_path / "azure", mode)
    who = ("-u", "dev@redurite.onmicrosoft.com", "--tenant", emulator.ready["tenantId"])
    account = az.run("login", *who, "-p", "Redurite-dev-1")[0]
    assert account["user"]["type"] == "user"
    assert az.run("group", "list") is not None
    done = az.attempt("login", *who, "-p", "wrong")
    assert done.returncode == 1
    assert "AADSTS50126" in done.stderr


def test_login_with_managed_identity_of_app_service(emulator, az):
    service = {"MSI_ENDPOINT": emulator.url + "/MSI/token", "MSI_SECRET": "secret"}
    account = az.run("login", "--identity", **service)[0]
    assert account["user"]["name"] == "systemAssignedIdentity"
    assert az.run("group", "list", **service) is not None


def test_login_with_managed_identity_of_virtual_machine(emulator, az):
    through_proxy = {"HTTP_PROXY": emulator.url}
    account = az.run("login", "--identity", **through_proxy)[0]
    assert account["user"]["type"] == "servicePrincipal"
    assert az.run("group", "list", **through_proxy) is not None


def test_login_with_federated_token(emulator, az):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    ready = emulator.ready
    token = ".".join([part({"alg": "RS256", "typ": "JWT", "kid": "1"}),
                      part({"iss": "https://token.actions.githubusercontent.com", "sub": "repo:a/b:ref:refs/heads/main",
                            "aud": "api://AzureADTokenExchange", "exp": 4102444800, "nbf": 0, "iat": 0}), "c2ln"])
    accounts = az.run("login", "--service-principal", "-u", ready["clientId"], "--tenant", ready["tenantId"],
                      "--federated-token", token)
    assert accounts[0]["tenantId"] == ready["tenantId"]


def test_exec_returns_the_status_of_its_command(emulator):
    assert emulator.run("exec", "--", "sh", "-c", "exit 7").returncode == 7
    assert emulator.run("exec", "--", "sh", "-c", "kill -TERM $$").returncode in (128 + 15, -15)
    missing = emulator.run("exec", "--", "no-such-program-anywhere")
    assert missing.returncode not in (0, None) and "no-such-program-anywhere" in missing.stderr


def test_errors_in_the_words_of_azure(emulator, az):
    az.login()
    done = az.attempt("redis", "show", "-n", "nope", "-g", "nowhere")
    assert done.returncode == 3 and "ResourceGroupNotFound" in done.stderr
    az.run("group", "create", "-n", "rg1", "-l", "westus2")
    done = az.attempt("redis", "show", "-n", "nope", "-g", "rg1")
    assert done.returncode == 3
    assert "The Resource 'Microsoft.Cache/redis/nope' under resource group 'rg1' was not found." in done.stderr.replace(
        "Redis/nope", "redis/nope")
    # devcache holds its name in all of Azure.
    done = az.attempt("redis", "create", "-n", "devcache", "-g", "rg1", "-l", "westus2", "--sku", "Basic",
                      "--vm-size", "c0")
    assert done.returncode == 1 and "NameNotAvailable" in done.stderr


def test_every_redis_command_of_this_issue(emulator, az):
    az.login()
    az.run("group", "create", "-n", "rg1", "-l", "westus2")
    emulator.create_cache("cache1", group="rg1")
    cache = ("-n", "cache1", "-g", "rg1")
    assert [c["name"] for c in az.run("redis", "list", "-g", "rg1")] == ["cache1"]
    assert {"cache1", "devcache"} <= {c["name"] for c in az.run("redis", "list")}
    keys = az.run("redis", "list-keys", *cache)
    assert set(keys) == {"primaryKey", "secondaryKey"}
    again = az.run("redis", "regenerate-keys", *cache, "--key-type", "Secondary")
    assert again["primaryKey"] == keys["primaryKey"] and again["secondaryKey"] != keys["secondaryKey"]
    # What this prints depends on how far az's poller came: it does not wait for the operation.
    az.run("redis", "update", *cache, "--set", "enableNonSslPort=true")
    emulator.advance("30m")
    assert az.run("redis", "show", *cache, "--query", "enableNonSslPort") is True
    assert emulator.client(key=keys["primaryKey"]).call("PING") == "PONG"
    az.run("redis", "update", *cache, "--sku", "Standard", "--vm-size", "C2")
    emulator.advance("60m")
    shown = az.run("redis", "show", *cache)
    assert shown["sku"] == {"name": "Standard", "family": "C", "capacity": 2}
    assert shown["provisioningState"] == "Succeeded"
    assert az.run("resource", "list", "-g", "rg1", "--query", "[].name") == ["cache1"]
    assert az.run("redis", "show", "--ids", shown["id"])["name"] == "cache1"

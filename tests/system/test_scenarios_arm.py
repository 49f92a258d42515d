"""The scenarios of the management API: what az prints, what a caller without retries gets, and the recovery."""
import pytest

from harness.emulator import wait_until
from harness.programs import Az
from harness.scenarios import play

BODY = {"location": "westus2", "properties": {"sku": {"name": "Basic", "family": "C", "capacity": 0}}}
SHOW = "redis", "show", "-n", "c1", "-g", "tests"
SIGN_IN = "--service-principal", "-u", "{clientId}", "-p", "{clientSecret}", "--tenant", "{tenantId}"


@pytest.fixture
def emulator(start_emulator):
    emulator = start_emulator("--clock", "frozen", "--offline", "--provisioning", "instant")
    assert emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01").status == 201
    return emulator


@pytest.fixture
def az(emulator, tmp_path):
    az = Az(emulator, tmp_path / "azure")
    az.run("login", *(word.format(**emulator.ready) for word in SIGN_IN))
    return az


def put(emulator, name, location="westus2", **more):
    return emulator.arm("PUT", emulator.cache_path(name), {**BODY, "location": location, **more})


def code(answer):
    return answer.status, answer.json["error"]["code"]


def create_words(name, *more, location="westus2", sku="Basic"):
    return ("redis", "create", "-n", name, "-g", "tests", "-l", location, "--sku", sku, "--vm-size", "c0", *more)


def test_quota_exceeded(emulator, az):
    put(emulator, "nobody-needs-me")
    with play(emulator, "quota-exceeded") as scenario:
        done = az.attempt(*create_words("one-more"))
        assert done.returncode == 1 and "(SubscriptionIsOverQuotaForSku)" in done.stderr
        assert emulator.arm("GET", emulator.cache_path("one-more")).status == 404
        assert emulator.arm("DELETE", emulator.cache_path("nobody-needs-me")).status in (200, 202)
        emulator.advance("1m")
        assert not scenario.solved
        az.run(*create_words("one-more"))
        assert scenario.solved


def test_name_conflict(emulator, az):
    with play(emulator, "name-conflict") as scenario:
        done = az.attempt(*create_words("my-demo-cache"))
        assert done.returncode == 1 and "(NameNotAvailable)" in done.stderr and "choose a different name" in done.stderr
        assert put(emulator, "spe-redis-67e2xz").status == 201 and scenario.solved


def test_region_unavailable(emulator, az):
    with play(emulator, "region-unavailable") as scenario:
        done = az.attempt(*create_words("c1"))
        assert done.returncode == 1 and "(SkuNotAvailable)" in done.stderr and "westus2" in done.stderr
        assert put(emulator, "c1", location="eastus").status == 201 and scenario.solved
    standard = {"sku": {"name": "Standard", "family": "C", "capacity": 0}}
    assert put(emulator, "c2", properties=standard).status == 201


def fails(az, words, *command):
    """az ends with status 1 and prints these words."""
    done = az.attempt(*command)
    assert done.returncode == 1 and words in done.stderr, done.stderr


def test_no_capacity(emulator, az):
    with play(emulator, "no-capacity") as scenario:
        fails(az, "(InsufficientCapacity) Insufficient capacity is available in this region.", *create_words("c1"))
        assert code(put(emulator, "c1")) == (409, "InsufficientCapacity")
        emulator.advance("30m")
        assert az.run(*create_words("c1"))["provisioningState"] == "Succeeded" and scenario.solved


def test_zones_not_supported(emulator, az):
    with play(emulator, "zones-not-supported") as scenario:
        fails(az, "(ResourceTypeNotSupportAvailabilityZones) The resource type 'Microsoft.Cache/Redis' does not support",
              *create_words("c1", "--zones", "1", "2"))
        assert az.run(*create_words("c1"))["provisioningState"] == "Succeeded" and scenario.solved


def test_provider_not_registered(emulator, az):
    with play(emulator, "provider-not-registered") as scenario:
        assert code(put(emulator, "c1")) == (409, "MissingSubscriptionRegistration")
        done = az.attempt(*create_words("c1"))  # which registers it by itself
        assert done.returncode == 0 and "is not registered. We are registering for you." in done.stderr, done.stderr
        assert put(emulator, "c1").status == 200 and scenario.solved
        assert emulator.admin("GET", "/faults")["faults"] == []


def test_policy_denied(emulator, az):
    with play(emulator, "policy-denied"):
        fails(az, "(RequestDisallowedByPolicy) Resource 'c1' was disallowed by policy.", *create_words("c1"))
    assert az.run(*create_words("c1"))["provisioningState"] == "Succeeded"


def test_no_permission(emulator, az):
    with play(emulator, "no-permission") as scenario:
        done = az.attempt(*create_words("c1"))
        assert done.returncode == 1 and "(AuthorizationFailed)" in done.stderr
        assert "Microsoft.Cache/redis/write" in done.stderr
        assert emulator.arm("GET", "/providers/Microsoft.Cache/redis").status == 200
        emulator.advance("5m")
        assert put(emulator, "c1").status == 201 and scenario.solved


def test_busy_cache(emulator, az):
    put(emulator, "c1")
    update = ("redis", "update", "-n", "c1", "-g", "tests", "--set", "enableNonSslPort=true")
    with play(emulator, "busy-cache"):
        fails(az, "(Conflict) The resource '", *update)
        emulator.advance("2m")
        az.run(*update)
        assert az.run(*SHOW)["enableNonSslPort"] is True


def test_management_throttled(emulator, az):
    with play(emulator, "management-throttled") as scenario:
        answer = emulator.arm("GET", "/providers/Microsoft.Cache/redis")
        assert code(answer) == (429, "SubscriptionRequestsThrottled") and answer.headers["retry-after"] == "1"
        names = [cache["name"] for cache in az.run("redis", "list")]  # waits and retries by itself
        assert names == ["devcache"] and scenario.solved


def test_management_unstable(emulator, az):
    with play(emulator, "management-unstable"):  # az retries by itself, and notices neither 503 nor HTML
        assert [group["name"] for group in az.run("group", "list")] == ["redurite", "tests"]
        latest = [entry["outcome"] for entry in emulator.admin("GET", "/requests?plane=arm&limit=4")["requests"]]
        assert latest == ["200", "502", "503", "503"]
    with play(emulator, "management-unstable") as scenario:
        for _ in range(2):
            assert code(emulator.arm("GET", "/resourcegroups", version="2021-04-01")) == (503, "ServiceUnavailable")
        emulator.advance("1s")
        answer = emulator.arm("GET", "/resourcegroups", version="2021-04-01")
        assert answer.status == 502 and answer.body.startswith(b"<html>")
        assert emulator.arm("GET", "/resourcegroups", version="2021-04-01").status == 200 and scenario.solved


def state_of(emulator, name):
    return emulator.arm("GET", emulator.cache_path(name)).json["properties"]["provisioningState"]


@pytest.fixture
def realistic(start_emulator):
    """Where operations take as long as Azure's."""
    emulator = start_emulator("--clock", "frozen", "--offline", "--provisioning", "realistic")
    assert emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01").status == 201
    return emulator


def sign_in(emulator, directory):
    az = Az(emulator, directory)
    az.run("login", *(word.format(**emulator.ready) for word in SIGN_IN))
    return az


def test_provisioning_timeout_in_ci(realistic, tmp_path):
    az = sign_in(realistic, tmp_path / "azure")
    with play(realistic, "provisioning-timeout-in-ci"):
        pipeline = az.start(*create_words("c1"))
        wait_until(lambda: realistic.arm("GET", realistic.cache_path("c1")).status == 200, "az's request")
        realistic.advance("30m")
        assert state_of(realistic, "c1") == "Creating" and pipeline.poll() is None
        pipeline.kill()  # its time is over
        pipeline.communicate()
        realistic.advance("150m")
        assert az.run(*SHOW)["provisioningState"] == "Succeeded"


def test_provisioning_stuck(realistic, tmp_path):
    az = sign_in(realistic, tmp_path / "azure")
    with play(realistic, "provisioning-stuck"):
        put(realistic, "c1")
        realistic.advance("59m")
        assert az.run(*SHOW)["provisioningState"] == "Creating"
        fails(az, "(Conflict) The resource '", "redis", "update", "-n", "c1", "-g", "tests", "--set",
              "enableNonSslPort=true")
        realistic.advance("31m")
        assert az.run(*SHOW)["provisioningState"] == "Succeeded"


def test_provisioning_failed(emulator, az):
    with play(emulator, "provisioning-failed") as scenario:
        fails(az, "(ResourceOperationFailure) The resource operation completed with terminal provisioning state",
              *create_words("c1"))
        assert az.run(*SHOW)["provisioningState"] == "Failed"
        az.run("redis", "delete", "-n", "c1", "-g", "tests", "--yes")
        assert az.run(*create_words("c1"))["provisioningState"] == "Succeeded" and scenario.solved


def test_not_found_after_create(emulator, az):
    with play(emulator, "not-found-after-create"):
        assert put(emulator, "c1").status == 201
        done = az.attempt(*SHOW)
        assert done.returncode == 3 and "(ResourceNotFound) The Resource 'Microsoft.Cache/" in done.stderr, done.stderr
        emulator.advance("10s")
        assert az.run(*SHOW)["name"] == "c1"


def test_expired_client_secret(emulator, tmp_path):
    az = Az(emulator, tmp_path / "azure")
    words = [word.format(**emulator.ready) for word in SIGN_IN]
    with play(emulator, "expired-client-secret"):
        done = az.attempt("login", *words)
        assert done.returncode == 1 and "AADSTS7000222" in done.stderr
        assert emulator.arm("GET", "/resourcegroups", version="2021-04-01").status == 200  # with a token from before
    az.run("login", *words)


def test_short_tokens(emulator, tmp_path):
    az = Az(emulator, tmp_path / "azure")
    with play(emulator, "short-tokens"):
        az.run("login", *(word.format(**emulator.ready) for word in SIGN_IN))
        assert az.run("group", "list")
        emulator.advance("10m")
        assert az.run("group", "list")  # it fetches another token by itself
        emulator._token = token = emulator.token()
        assert emulator.arm("GET", "/resourcegroups", version="2021-04-01").status == 200
        emulator.advance("10m")
        emulator._token = token
        assert code(emulator.arm("GET", "/resourcegroups", version="2021-04-01")) == (401, "ExpiredAuthenticationToken")
        emulator._token = None
        assert emulator.arm("GET", "/resourcegroups", version="2021-04-01").status == 200

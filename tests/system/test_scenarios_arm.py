"""The scenarios of the management API: what az prints, what a caller without retries gets, and the recovery."""
import pytest

from harness.programs import Az
from harness.scenarios import play

BODY = {"location": "westus2", "properties": {"sku": {"name": "Basic", "family": "C", "capacity": 0}}}
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


def test_no_capacity(emulator):
    with play(emulator, "no-capacity") as scenario:
        assert code(put(emulator, "c1")) == (409, "InsufficientCapacity")
        emulator.advance("30m")
        assert put(emulator, "c1").status == 201 and scenario.solved


def test_zones_not_supported(emulator):
    with play(emulator, "zones-not-supported") as scenario:
        assert code(put(emulator, "c1")) == (400, "ResourceTypeNotSupportAvailabilityZones")
        assert put(emulator, "c1").status == 201 and scenario.solved


def test_provider_not_registered(emulator, az):
    with play(emulator, "provider-not-registered") as scenario:
        assert code(put(emulator, "c1")) == (409, "MissingSubscriptionRegistration")
        az.run("provider", "register", "--namespace", "Microsoft.Cache")
        emulator.advance("1m")
        assert put(emulator, "c1").status == 201 and scenario.solved


def test_policy_denied(emulator):
    with play(emulator, "policy-denied"):
        assert code(put(emulator, "c1")) == (403, "RequestDisallowedByPolicy")
    assert put(emulator, "c1").status == 201


def test_no_permission(emulator, az):
    with play(emulator, "no-permission") as scenario:
        done = az.attempt(*create_words("c1"))
        assert done.returncode == 1 and "(AuthorizationFailed)" in done.stderr
        assert "Microsoft.Cache/redis/write" in done.stderr
        assert emulator.arm("GET", "/providers/Microsoft.Cache/redis").status == 200
        emulator.advance("5m")
        assert put(emulator, "c1").status == 201 and scenario.solved


def test_busy_cache(emulator):
    put(emulator, "c1")
    with play(emulator, "busy-cache"):
        change = {"properties": {"enableNonSslPort": True}}
        assert code(emulator.arm("PATCH", emulator.cache_path("c1"), change)) == (409, "Conflict")
        emulator.advance("2m")
        assert emulator.arm("PATCH", emulator.cache_path("c1"), change).status in (200, 202)


def test_management_throttled(emulator, az):
    with play(emulator, "management-throttled") as scenario:
        answer = emulator.arm("GET", "/providers/Microsoft.Cache/redis")
        assert code(answer) == (429, "SubscriptionRequestsThrottled") and answer.headers["retry-after"] == "1"
        names = [cache["name"] for cache in az.run("redis", "list")]  # waits and retries by itself
        assert names == ["devcache"] and scenario.solved


def test_management_unstable(emulator):
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


def test_provisioning_timeout_in_ci(realistic):
    with play(realistic, "provisioning-timeout-in-ci"):
        assert put(realistic, "c1").status == 201
        realistic.advance("30m")
        assert state_of(realistic, "c1") == "Creating"  # the pipeline gives up here
        realistic.advance("150m")
        assert state_of(realistic, "c1") == "Succeeded"


def test_provisioning_stuck(realistic):
    with play(realistic, "provisioning-stuck"):
        put(realistic, "c1")
        realistic.advance("59m")
        assert state_of(realistic, "c1") == "Creating"
        change = {"properties": {"enableNonSslPort": True}}
        assert code(realistic.arm("PATCH", realistic.cache_path("c1"), change)) == (409, "Conflict")
        realistic.advance("31m")
        assert state_of(realistic, "c1") == "Succeeded"


def test_provisioning_failed(realistic):
    with play(realistic, "provisioning-failed") as scenario:
        put(realistic, "c1")
        realistic.advance("30m")
        assert state_of(realistic, "c1") == "Failed"
        assert realistic.arm("DELETE", realistic.cache_path("c1")).status in (200, 202)
        realistic.advance("30m")
        assert put(realistic, "c1").status == 201 and scenario.solved
        realistic.advance("30m")
        assert state_of(realistic, "c1") == "Succeeded"


def test_not_found_after_create(emulator):
    with play(emulator, "not-found-after-create"):
        assert put(emulator, "c1").status == 201
        assert code(emulator.arm("GET", emulator.cache_path("c1"))) == (404, "ResourceNotFound")
        emulator.advance("10s")
        assert emulator.arm("GET", emulator.cache_path("c1")).status == 200


def test_expired_client_secret(emulator, tmp_path):
    az = Az(emulator, tmp_path / "azure")
    words = [word.format(**emulator.ready) for word in SIGN_IN]
    with play(emulator, "expired-client-secret"):
        done = az.attempt("login", *words)
        assert done.returncode == 1 and "AADSTS7000222" in done.stderr
        assert emulator.arm("GET", "/resourcegroups", version="2021-04-01").status == 200  # with a token from before
    az.run("login", *words)


def test_short_tokens(emulator):
    with play(emulator, "short-tokens"):
        emulator._token = token = emulator.token()
        assert emulator.arm("GET", "/resourcegroups", version="2021-04-01").status == 200
        emulator.advance("10m")
        emulator._token = token
        assert code(emulator.arm("GET", "/resourcegroups", version="2021-04-01")) == (401, "ExpiredAuthenticationToken")
        emulator._token = None
        assert emulator.arm("GET", "/resourcegroups", version="2021-04-01").status == 200

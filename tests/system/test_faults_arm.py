"""Faults on the management API, on its operations and on tokens: what a client gets, and the recovery."""
import urllib.parse

import pytest

from harness.emulator import wait_until
from harness.faults import fault, shown
import threading

BODY = {"location": "eastus", "properties": {"sku": {"name": "Basic", "family": "C", "capacity": 1}}}


@pytest.fixture
def grouped(emulator):
    emulator.arm("PUT", "/resourcegroups/tests", {"location": "eastus"}, "2021-04-01")
    return emulator


def put(emulator, name="prod-1", **more):
    return emulator.arm("PUT", emulator.cache_path(name), BODY, **more)


PRESETS = [
    ("quota_exceeded", 409, "SubscriptionIsOverQuotaForSku"), ("quota_limit", 409, "QuotaExceeded"),
    ("service_quota_exceeded", 409, "ServiceQuotaExceeded"), ("insufficient_capacity", 409, "InsufficientCapacity"),
    ("sku_not_available", 409, "SkuNotAvailable"),
    ("zone_not_available", 400, "ResourceTypeNotSupportAvailabilityZones"),
    ("region_unavailable", 400, "LocationNotAvailableForResourceType"),
    ("name_not_available", 409, "NameNotAvailable"),
    ("provider_not_registered", 409, "MissingSubscriptionRegistration"),
    ("policy_denied", 403, "RequestDisallowedByPolicy"), ("authorization_failed", 403, "AuthorizationFailed"),
    ("conflict", 409, "Conflict"), ("throttle", 429, "SubscriptionRequestsThrottled"),
    ("resource_throttle", 429, "ResourceRequestsThrottled"), ("internal_error", 500, "InternalServerError"),
    ("service_unavailable", 503, "ServiceUnavailable"), ("gateway_timeout", 504, "GatewayTimeout"),
]


def test_every_preset_refuses_a_creation_in_azures_envelope(grouped):
    for kind, status, code in PRESETS:
        with fault(grouped, kind, match={"operation": "Microsoft.Cache/redis/write", "resource": "prod-*",
                                         "location": "eastus", "sku": "Basic_C1"}):
            answer = put(grouped)
            assert (answer.status, answer.json["error"]["code"]) == (status, code), answer
            assert answer.json["error"]["message"] and "x-ms-request-id" in answer.headers
            assert ("retry-after" in answer.headers) == (status == 429)
            assert put(grouped, "other").status == 201 if kind == "conflict" else True
        assert grouped.arm("GET", grouped.cache_path("prod-1")).status == 404
    assert put(grouped).status == 201


def test_rules_match_type_method_version_principal_and_location(grouped):
    def throttled(method="GET", path=None, **more):
        return grouped.arm(method, path or grouped.cache_path("prod-1"), **more).status == 429

    put(grouped)
    grouped.advance("30m")
    for match, hit in (({"resourceType": "Microsoft.Cache/redis"}, True), ({"resourceType": "Microsoft.Web/*"}, False),
                       ({"method": "DELETE"}, False), ({"method": ["GET", "PUT"]}, True),
                       ({"apiVersion": "2024-*"}, True), ({"apiVersion": "2023-*"}, False),
                       ({"principal": grouped.ready["clientId"]}, True), ({"principal": "nobody"}, False),
                       ({"location": "eastus"}, True), ({"location": "westus"}, False),
                       ({"sku": "Basic_C1"}, True), ({"sku": "Premium*"}, False),
                       ({"resource": "*/resourceGroups/tests/*"}, True)):
        with fault(grouped, "throttle", match=match):
            assert throttled() == hit, match
    assert not throttled()


def test_throttled_once_then_served(grouped):
    with fault(grouped, "throttle", times=2, attributes={"retryAfter": "3s"}):
        answers = [put(grouped, f"c{number}") for number in range(3)]
    assert [answer.status for answer in answers] == [429, 429, 201]
    assert answers[0].headers["retry-after"] == "3" and "'3' seconds" in answers[0].json["error"]["message"]


def test_a_lock_and_a_failed_deletion(grouped):
    put(grouped)
    grouped.advance("30m")
    with fault(grouped, "resource_locked"):
        assert grouped.arm("DELETE", grouped.cache_path("prod-1")).json["error"]["code"] == "ScopeLocked"
    with fault(grouped, "deletion_failed"):
        assert grouped.arm("DELETE", grouped.cache_path("prod-1")).status == 202
        grouped.advance("30m")
        assert grouped.arm("GET", grouped.cache_path("prod-1")).status == 200
    assert grouped.arm("DELETE", grouped.cache_path("prod-1")).status == 202
    grouped.advance("30m")
    assert grouped.arm("GET", grouped.cache_path("prod-1")).status == 404


def test_html_where_json_is_expected(grouped):
    with fault(grouped, "gateway_html", "arm"):
        answer = put(grouped)
    assert answer.status == 502 and answer.headers["content-type"] == "text/html"
    assert answer.body.startswith(b"<html>")


def test_a_gateway_timeout_whose_request_took_effect(grouped):
    with fault(grouped, "gateway_timeout", match={"method": "PUT"}, attributes={"served": True}):
        assert put(grouped).json["error"]["code"] == "GatewayTimeout"
    assert grouped.arm("GET", grouped.cache_path("prod-1")).status == 200


def test_requests_without_a_token_hear_of_that_first(grouped):
    with fault(grouped, "internal_error"):
        answer = grouped.request("GET", "/subscriptions?api-version=2020-01-01", host="management.azure.com")
        assert answer.status == 401


def test_not_found_for_a_while_after_creation(grouped):
    with fault(grouped, "not_yet_found", match={"resourceType": "Microsoft.Cache/redis"}, attributes={"for": "10s"}):
        assert put(grouped).status == 201
        answer = grouped.arm("GET", grouped.cache_path("prod-1"))
        assert answer.status == 404 and answer.json["error"]["code"] == "ResourceNotFound"
        grouped.advance("10s")
        assert grouped.arm("GET", grouped.cache_path("prod-1")).status == 200


def state(emulator, name="prod-1"):
    return emulator.arm("GET", emulator.cache_path(name)).json["properties"]["provisioningState"]


def test_provisioning_fails_with_a_reason(grouped):
    with fault(grouped, "capacity_failed", match={"operation": "*/write", "resource": "prod-*"}):
        answer = put(grouped)
        put(grouped, "fine")
        grouped.advance("30m")
    assert state(grouped) == "Failed" and state(grouped, "fine") == "Succeeded"
    poll = urllib.parse.urlsplit(answer.headers["azure-asyncoperation"])
    status = grouped.request("GET", f"{poll.path}?{poll.query}", None,
                             {"Authorization": "Bearer " + grouped.token()}, "management.azure.com").json
    assert status["status"] == "Failed" and status["error"]["code"] == "InsufficientCapacity"
    assert status["error"]["message"].startswith("Insufficient capacity is available in this region.")


def test_stuck_in_creating_until_the_rule_goes(grouped):
    with fault(grouped, "stuck"):
        put(grouped)
        grouped.advance("10h")
        assert state(grouped) == "Creating"
    grouped.advance("0s")
    assert state(grouped) == "Succeeded"


def test_slow_provisioning_and_what_is_left_of_it_after_the_rule(grouped):
    with fault(grouped, "slow", attributes={"delay": "1h"}):
        put(grouped)
        put(grouped, "waits")
        grouped.advance("30m")
        assert state(grouped) == "Creating"
        grouped.advance("1h")
        assert state(grouped) == "Succeeded"
        put(grouped, "released")
        grouped.advance("30m")
        assert state(grouped, "released") == "Creating"
    grouped.advance("0s")
    assert state(grouped, "released") == "Succeeded"


def test_a_lost_operation(grouped):
    answer = put(grouped)
    poll = urllib.parse.urlsplit(answer.headers["azure-asyncoperation"])
    headers = {"Authorization": "Bearer " + grouped.token()}

    def ask():
        return grouped.request("GET", f"{poll.path}?{poll.query}", None, headers, "management.azure.com")
    with fault(grouped, "lost"):
        assert ask().status == 404
        grouped.advance("30m")
        assert state(grouped) == "Succeeded"
    assert ask().status in (200, 401)


def test_late_and_missing_answers(grouped):
    answers = []

    def ask():
        try:
            answers.append(put(grouped).status)
        except OSError as error:
            answers.append(type(error))
    for kind, attributes in (("latency", {"latency": "1h"}), ("timeout", {"timeout": "1h"})):
        with fault(grouped, kind, "arm", {"method": "PUT"}, attributes) as rule:
            worker = threading.Thread(target=ask)
            worker.start()
            wait_until(lambda: shown(grouped, rule)["fired"] == 1, "the request")
            grouped.advance("1h")
            worker.join(10)
    assert answers[0] == 201 and issubclass(answers[1], OSError)
    with fault(grouped, "reset_peer", "arm", {"method": "PUT"}):
        with pytest.raises(ConnectionResetError):
            put(grouped)
    assert state(grouped) == "Succeeded"


def test_the_journal_names_the_fault_of_a_request(grouped):
    with fault(grouped, "throttle", id="blamed", match={"method": "PUT"}):
        put(grouped)
    grouped.arm("GET", grouped.cache_path("prod-1"))
    entries = grouped.admin("GET", "/requests?plane=arm")["requests"]
    assert [entry["outcome"] for entry in entries if entry.get("fault") == "blamed"] == ["429"]


# Tokens.

def ask_token(emulator, **more):
    form = urllib.parse.urlencode({
        "grant_type": "client_credentials", "client_id": emulator.ready["clientId"],
        "client_secret": emulator.ready["clientSecret"], "scope": "https://management.azure.com/.default", **more})
    return emulator.request("POST", f"/{emulator.ready['tenantId']}/oauth2/v2.0/token", form,
                            {"Content-Type": "application/x-www-form-urlencoded"}, "login.microsoftonline.com")


@pytest.mark.parametrize("kind, status, code", [
    ("expired_secret", 401, 7000222), ("wrong_secret", 401, 7000215), ("unknown_tenant", 400, 90002),
    ("disabled_principal", 400, 7000112)])
def test_entra_refuses(shared_emulator, kind, status, code):
    with fault(shared_emulator, kind, match={"client": shared_emulator.ready["clientId"], "grant": "client_*"}):
        answer = ask_token(shared_emulator)
        assert answer.status == status and answer.json["error_codes"] == [code], answer
        assert answer.json["error_description"].startswith(f"AADSTS{code}: ") and answer.json["trace_id"]
    assert ask_token(shared_emulator).status == 200


def test_entra_throttles_and_says_anything(shared_emulator):
    with fault(shared_emulator, "throttled", "entra", times=1):
        answer = ask_token(shared_emulator)
        assert answer.status == 429 and answer.headers["retry-after"] == "60"
        assert ask_token(shared_emulator).status == 200
    with fault(shared_emulator, "error", "entra", attributes={"code": "53003", "message": "Blocked by {client}."}):
        assert ask_token(shared_emulator).json["error_description"].startswith("AADSTS53003: Blocked by 0000")


def bearer(emulator, token):
    return emulator.request("GET", "/subscriptions?api-version=2020-01-01", None, {"Authorization": "Bearer " + token},
                            "management.azure.com")


def test_token_lifetime_and_skew(emulator):
    with fault(emulator, "token_lifetime", attributes={"lifetime": "5m"}):
        answer = ask_token(emulator).json
    assert answer["expires_in"] == 300
    assert bearer(emulator, answer["access_token"]).status == 200
    emulator.advance("5m")
    assert bearer(emulator, answer["access_token"]).json["error"]["code"] == "ExpiredAuthenticationToken"
    with fault(emulator, "clock_skew", attributes={"skew": "10m"}):
        future = ask_token(emulator).json["access_token"]
    assert bearer(emulator, future).json["error"]["code"] == "InvalidAuthenticationToken"
    emulator.advance("10m")
    assert bearer(emulator, future).status == 200


def test_signing_key_rollover(emulator):
    before = ask_token(emulator).json["access_token"]
    keys = emulator.request("GET", "/common/discovery/v2.0/keys", host="login.microsoftonline.com").json
    with fault(emulator, "key_rollover"):
        assert bearer(emulator, before).json["error"]["code"] == "InvalidAuthenticationToken"
        after = ask_token(emulator).json["access_token"]
        assert bearer(emulator, after).status == 200
        now = emulator.request("GET", "/common/discovery/v2.0/keys", host="login.microsoftonline.com").json
        assert now["keys"][0]["kid"] != keys["keys"][0]["kid"]
    assert bearer(emulator, before).status == 200


# Key Vault and Azure Monitor.

def test_key_vault_refuses_and_recovers(emulator):
    emulator.arm("PUT", "/resourcegroups/vaults", {"location": "eastus"}, "2021-04-01")
    tenant, owner = emulator.ready["tenantId"], "00000000-0000-4000-8000-0000000000a2"
    policy = {"tenantId": tenant, "objectId": owner, "permissions": {"secrets": ["get", "set"]}}
    body = {"location": "eastus", "properties": {"tenantId": tenant, "sku": {"family": "A", "name": "standard"},
                                                 "accessPolicies": [policy]}}
    path = "/resourceGroups/vaults/providers/Microsoft.KeyVault/vaults/kv-tests"
    assert emulator.arm("PUT", path, body, "2022-07-01").status == 200
    token = {"Authorization": "Bearer " + emulator.token("https://vault.azure.net")}

    def call(method, secret, body=None, headers=token):
        return emulator.request(method, f"/secrets/{secret}?api-version=7.4", body, headers, "kv-tests.vault.azure.net")

    def error(answer):
        words = answer.json["error"]
        return answer.status, words["code"], words.get("innererror", {}).get("code")
    assert call("PUT", "password", {"value": "one"}).status == 200
    for kind, plane, expected in (("forbidden", None, (403, "Forbidden", "ForbiddenByRbac")),
                                  ("secret_not_found", None, (404, "SecretNotFound", None)),
                                  ("throttled", "keyvault", (429, "Throttled", None)),
                                  ("soft_deleted", None, (404, "SecretNotFound", None))):
        with fault(emulator, kind, plane, {"vault": "kv-tests", "secret": "pass*"}):
            assert error(call("GET", "password")) == expected
            assert call("GET", "other").json["error"]["code"] == "SecretNotFound"
            assert call("GET", "password", headers={}).status == 401
    with fault(emulator, "soft_deleted", match={"vault": "kv-tests"}):
        answer = call("PUT", "password", {"value": "two"})
        assert error(answer) == (409, "Conflict", "ObjectIsDeletedButRecoverable")
    assert call("GET", "password").json["value"] == "one"


def test_monitor_has_a_plane_of_its_own(grouped):
    put(grouped)
    grouped.advance("30m")
    metrics = grouped.cache_path("prod-1") + "/providers/Microsoft.Insights/metrics?metricnames=connectedclients"
    with fault(grouped, "error", "monitor", attributes={"status": 503, "code": "Down", "message": "Not now."}):
        answer = grouped.arm("GET", metrics, version="2018-01-01")
        assert answer.status == 503 and answer.json["error"] == {"code": "Down", "message": "Not now."}
        assert grouped.arm("GET", grouped.cache_path("prod-1")).status == 200
    assert grouped.arm("GET", metrics, version="2018-01-01").status == 200

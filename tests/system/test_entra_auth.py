"""Sign-in to caches with tokens of Entra ID: access policies, expiry, disabled keys, real credential libraries."""
import pytest
import redis
from azure.identity import ClientSecretCredential

APPLICATION = "00000000-0000-4000-8000-0000000000a2"  # the object id of the well-known client
SCOPE = "https://redis.azure.com"
ENTRA = {"redisConfiguration": {"aad-enabled": "true"}, "enableNonSslPort": True}
DENIED = "WRONGPASS invalid username-password pair"


def assign(emulator, cache, policy="Data Owner", name="app", object_id=APPLICATION, alias="app"):
    answer = emulator.arm("PUT", f"{emulator.cache_path(cache)}/accessPolicyAssignments/{name}", {"properties": {
        "objectId": object_id, "objectIdAlias": alias, "accessPolicyName": policy}})
    assert answer.status in (200, 201), answer
    emulator.advance("9m")  # longer than it takes, shorter than an idle client is kept


def unassign(emulator, cache, name="app"):
    answer = emulator.arm("DELETE", f"{emulator.cache_path(cache)}/accessPolicyAssignments/{name}")
    assert answer.status in (200, 202, 204), answer
    emulator.advance("9m")


@pytest.fixture
def cache(emulator):
    keys = emulator.create_cache("entra", ENTRA)
    assign(emulator, "entra")
    return keys


def knock(emulator, name="entra.redis.cache.windows.net", tls=True):
    return emulator.connect(tls, name)


def test_a_token_opens_what_its_policy_allows(emulator, cache):
    wire = knock(emulator)
    assert wire.call("GET", "a") == "NOAUTH Authentication required."
    assert wire.call("AUTH", APPLICATION, emulator.token(SCOPE)) == "OK"
    assert wire.call("SET", "a", "1") == "OK"
    alias, modern = knock(emulator), knock(emulator)
    assert alias.call("AUTH", "app", emulator.token(SCOPE)) == "OK"
    assert modern.call("HELLO", "3", "AUTH", "app", emulator.token(SCOPE))["proto"] == 3
    assign(emulator, "entra", policy="Data Reader")
    assert wire.call("GET", "a") == "1"
    assert wire.call("SET", "a", "2") == ("NOPERM this user has no permissions to run the 'set' command or its "
                                          "subcommand")
    assert "redurite_cache_clients_with_tokens{cache=\"entra\"} 3" in emulator.request("GET", "/metrics").body.decode()


def test_a_custom_policy(emulator, cache):
    answer = emulator.arm("PUT", emulator.cache_path("entra") + "/accessPolicies/carts",
                          {"properties": {"permissions": "+@read +set ~cart:*"}})
    assert answer.status in (200, 201), answer
    emulator.advance("9m")
    assign(emulator, "entra", policy="carts")
    wire = knock(emulator)
    assert wire.call("AUTH", "app", emulator.token(SCOPE)) == "OK"
    assert wire.call("SET", "cart:1", "x") == "OK"
    assert wire.call("SET", "other", "x").startswith("NOPERM this user has no permissions to access one of the keys")
    assert wire.call("DEL", "cart:1").startswith("NOPERM this user has no permissions to run the 'del' command")


def test_what_is_refused(emulator, cache):
    token = emulator.token(SCOPE)
    head, payload, signature = token.split(".")
    forged = ".".join([head, payload, signature[:-8] + "AAAAAAAA"])
    for user, password in [(APPLICATION, emulator.token()), (APPLICATION, forged), (APPLICATION, "nonsense"),
                           ("11111111-2222-4333-8444-555555555501", token), ("default", token)]:
        wire = knock(emulator)
        assert wire.call("AUTH", user, password) == DENIED
        assert wire.call("GET", "a") == "NOAUTH Authentication required."
    assert knock(emulator, tls=False).call("AUTH", APPLICATION, token) == DENIED
    assert token not in emulator.log and "tokens are taken over TLS only" in emulator.log


def test_the_connection_ends_with_its_token(emulator, cache):
    lazy, eager = knock(emulator), knock(emulator)
    token = emulator.token(SCOPE)  # for a day
    for wire in (lazy, eager):
        assert wire.call("HELLO", "3", "AUTH", "app", token)["proto"] == 3
        assert wire.call("SUBSCRIBE", "news") == ["subscribe", "news", 1]  # never idle
    emulator.advance("23h")
    assert lazy.call("PING") == "PONG"
    assert eager.call("AUTH", "app", emulator.token(SCOPE)) == "OK"
    emulator.advance("2h")
    assert lazy.closed()
    assert eager.call("PING") == "PONG"
    assert knock(emulator).call("AUTH", "app", token) == DENIED


def test_an_assignment_that_goes_takes_its_connections(emulator, cache):
    wire = knock(emulator)
    assert wire.call("AUTH", "app", emulator.token(SCOPE)) == "OK"
    unassign(emulator, "entra")
    assert wire.closed()
    assert knock(emulator).call("AUTH", "app", emulator.token(SCOPE)) == DENIED


def test_disabled_keys(emulator, cache):
    keyed, signed_in = knock(emulator), knock(emulator)
    assert keyed.call("AUTH", cache["primaryKey"]) == "OK"
    assert signed_in.call("AUTH", "app", emulator.token(SCOPE)) == "OK"
    answer = emulator.arm("PATCH", emulator.cache_path("entra"),
                          {"properties": {"disableAccessKeyAuthentication": True}})
    assert answer.status in (200, 201, 202), answer
    emulator.advance("5m")
    assert keyed.closed()
    assert signed_in.call("PING") == "PONG"
    assert knock(emulator).call("AUTH", cache["primaryKey"]) == DENIED


def test_redis_py_with_azure_identity(emulator, cache, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", emulator.ca_file)
    monkeypatch.setenv("HTTPS_PROXY", emulator.url)
    ready = emulator.ready
    credential = ClientSecretCredential(ready["tenantId"], ready["clientId"], ready["clientSecret"])
    client = redis.Redis(host="localhost", port=emulator.tls_port, ssl=True, ssl_ca_certs=emulator.ca_file,
                         username=APPLICATION, password=credential.get_token(SCOPE + "/.default").token,
                         decode_responses=True)
    assert client.set("greeting", "hello") and client.get("greeting") == "hello"
    assign(emulator, "entra", policy="Data Reader")
    with pytest.raises(redis.exceptions.NoPermissionError):
        client.set("greeting", "bye")
    client.close()


def test_restarts_keep_assignments(start_emulator):
    emulator = start_emulator("--clock", "frozen", "--provisioning", "realistic", "--offline")
    emulator.create_cache("entra", ENTRA)
    assign(emulator, "entra")
    emulator.restart()
    assert knock(emulator).call("AUTH", "app", emulator.token(SCOPE)) == "OK"


def test_clustered_caches_take_tokens_at_every_node(emulator):
    emulator.create_cache("entra", {**ENTRA, "sku": {"name": "Premium", "family": "P", "capacity": 1},
                                    "shardCount": 2})
    emulator.advance("3h")
    assign(emulator, "entra")
    client = redis.RedisCluster(host="localhost", port=emulator.tls_port, ssl=True, ssl_ca_certs=emulator.ca_file,
                                username="app", password=emulator.token(SCOPE), decode_responses=True)
    for number in range(20):
        assert client.set(f"key:{number}", number)
    client.close()

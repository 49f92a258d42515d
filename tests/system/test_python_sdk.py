"""The walk-through with the packaged Python SDK: operations are polled as the SDK polls them."""
import threading

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.identity import CertificateCredential, ClientSecretCredential
from azure.mgmt.redis import RedisManagementClient
from azure.mgmt.resource import ResourceManagementClient

from harness.programs import find_program, run_program


@pytest.fixture(params=["proxy", "endpoint"])
def clients(emulator, request, monkeypatch):
    ready, front = emulator.ready, f"https://localhost:{emulator.https_port}"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", emulator.ca_file)
    if request.param == "proxy":
        monkeypatch.setenv("HTTPS_PROXY", emulator.url)
        authority, options = {}, {}
    else:
        authority = {"authority": front, "instance_discovery": False, "disable_instance_discovery": True}
        options = {"base_url": front, "credential_scopes": [front + "/.default"]}
    credential = ClientSecretCredential(ready["tenantId"], ready["clientId"], ready["clientSecret"], **authority)
    return (RedisManagementClient(credential, ready["subscriptionId"], **options),
            ResourceManagementClient(credential, ready["subscriptionId"], **options))


def settle(emulator, poller):
    """The SDK polls on a thread of its own; the clock goes on until it is done."""
    done = threading.Event()
    poller.add_done_callback(lambda _: done.set())
    while not done.wait(0.1):
        emulator.advance("2m")
    return poller.result(0)


def test_walk_through(emulator, clients):
    redis, resources = clients
    resources.resource_groups.create_or_update("py", {"location": "westus2"})
    poller = redis.redis.begin_create("py", "py-cache", {
        "location": "westus2", "sku": {"name": "Basic", "family": "C", "capacity": 0}, "minimum_tls_version": "1.2"})
    assert redis.redis.get("py", "py-cache").provisioning_state == "Creating"
    cache = settle(emulator, poller)
    assert cache.provisioning_state == "Succeeded"
    assert cache.ssl_port == emulator.tls_port

    keys = redis.redis.list_keys("py", "py-cache")
    assert emulator.client(tls=True, key=keys.primary_key, name=cache.host_name).call("SET", "a", "b") == "OK"
    newer = redis.redis.regenerate_key("py", "py-cache", {"key_type": "Secondary"})
    assert newer.primary_key == keys.primary_key and newer.secondary_key != keys.secondary_key

    settle(emulator, redis.redis.begin_update("py", "py-cache", {"tags": {"env": "dev"}}))
    emulator.advance("10m")
    assert redis.redis.get("py", "py-cache").tags == {"env": "dev"}
    assert [c.name for c in redis.redis.list_by_resource_group("py")] == ["py-cache"]

    settle(emulator, redis.redis.begin_delete("py", "py-cache"))
    with pytest.raises(ResourceNotFoundError):
        redis.redis.get("py", "py-cache")


def test_certificate_credential(emulator, tmp_path, monkeypatch):
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    run_program(find_program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert,
                "-days", "30", "-subj", "/CN=redurite-test")
    both = tmp_path / "both.pem"
    both.write_text(key.read_text() + cert.read_text())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", emulator.ca_file)
    monkeypatch.setenv("HTTPS_PROXY", emulator.url)
    credential = CertificateCredential(emulator.ready["tenantId"], emulator.ready["clientId"], str(both))
    client = RedisManagementClient(credential, emulator.ready["subscriptionId"])
    assert "devcache" in [c.name for c in client.redis.list_by_subscription()]

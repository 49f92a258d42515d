"""The scenarios of names and of TLS: what clients say, and the recovery."""
import ssl

import pytest
import redis

from harness.dns import ask
from harness.network import ZONE, ZONE_VERSION, make_network, resource_id
from harness.scenarios import play


@pytest.fixture
def emulator(start_emulator):
    return start_emulator("--clock", "frozen", "--offline", "--provisioning", "instant", "--dns-port", "0")


def ping(emulator):
    with redis.Redis(host="localhost", port=emulator.tls_port, password=emulator.key, ssl=True,
                     ssl_ca_certs=emulator.ca_file, ssl_check_hostname=True, socket_timeout=10) as client:
        return client.ping()


@pytest.mark.parametrize("name,words", [
    ("certificate-expired", "certificate has expired"),
    ("unknown-authority", "unable to get (local )?issuer certificate|self.signed certificate"),
])
def test_certificates_that_clients_refuse(emulator, name, words):
    assert ping(emulator)
    context = play(emulator, "certificate-expired") if name == "certificate-expired" else \
        play(emulator, "unknown-authority")
    with context:
        with pytest.raises(redis.ConnectionError, match=words):
            ping(emulator)
        assert emulator.arm("GET", "/resourcegroups", version="2021-04-01").status == 200
    assert ping(emulator)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_minimum_tls_raised(emulator):
    keys = emulator.create_cache("old", {"minimumTlsVersion": "1.0"})
    host = "old.redis.cache.windows.net"

    def connect(version):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(emulator.ca_file)
        context.set_ciphers("ALL:@SECLEVEL=0")  # OpenSSL 3 would not speak it by itself
        context.minimum_version = context.maximum_version = version
        with emulator.connect(tls=True, name=host, context=context) as wire:
            return wire.call("AUTH", keys["primaryKey"])

    with play(emulator, "minimum-tls-raised") as scenario:
        assert connect(ssl.TLSVersion.TLSv1_1) == "OK"
        answer = emulator.arm("PATCH", emulator.cache_path("old"), {"properties": {"minimumTlsVersion": "1.2"}})
        assert answer.status in (200, 202), answer
        emulator.advance("1m")
        assert scenario.steps == ["done", "done"]
        with pytest.raises(ssl.SSLError, match="protocol version"):
            connect(ssl.TLSVersion.TLSv1_1)
        assert connect(ssl.TLSVersion.TLSv1_2) == "OK"


def test_dns_zone_not_linked(emulator):
    port, name = emulator.ports["dns"], "devcache.redis.cache.windows.net"
    assert ask(port, name)[0] == "NOERROR"
    assert emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01").status == 201
    make_network(emulator)
    assert emulator.arm("PUT", ZONE, {"location": "global"}, ZONE_VERSION).status in (200, 201, 202)
    emulator.advance("1m")
    with play(emulator, "dns-zone-not-linked"):
        assert ask(port, name)[0] == "NXDOMAIN"
        assert ask(port, "management.azure.com")[0] == "NOERROR"
        network = resource_id(emulator, "/resourceGroups/tests/providers/Microsoft.Network/virtualNetworks/vnet")
        link = {"location": "global", "properties": {"virtualNetwork": {"id": network}, "registrationEnabled": False}}
        answer = emulator.arm("PUT", ZONE + "/virtualNetworkLinks/app", link, ZONE_VERSION)
        assert answer.status in (200, 201, 202), answer
        emulator.advance("1m")
        assert ask(port, name)[0] == "NOERROR"

"""Azure Managed Redis: clusters, their database, its keys, and the cache behind it."""
import socket

import pytest

from harness.managed import GROUP, arm, create
from harness.wire import Wire


def connect(emulator, port, key, name="localhost", tls=True):
    plain = socket.create_connection(("127.0.0.1", port), 30)
    wire = Wire(emulator.tls_context().wrap_socket(plain, server_hostname=name) if tls else plain)
    assert wire.call("AUTH", key) == "OK"
    return wire


@pytest.fixture
def managed(start_emulator):
    return start_emulator("--clock", "frozen", "--provisioning", "realistic", "--offline", "--enterprise-port", "0")


def test_a_database_is_a_cache_with_its_own_port_and_name(managed):
    port, keys = create(managed, "shop", {"clusteringPolicy": "EnterpriseCluster"})
    client = connect(managed, port, keys["primaryKey"])
    assert client.call("SET", "a", "1") == "OK"
    assert "redis_version:7.4" in client.call("INFO", "server")
    named = connect(managed, port, keys["secondaryKey"], "shop.westeurope.redis.azure.net")
    assert named.call("GET", "a") == "1"
    assert named.call("SELECT", "1").startswith("ERR DB index is out of range")


def test_two_clusters_of_one_name_in_two_regions_are_two_caches(managed):
    managed.arm("PUT", GROUP, {"location": "westeurope"}, "2021-04-01")
    ports = {}
    for region in ("westeurope", "eastus"):
        name = f"twin-{region}"
        ports[region] = create(managed, name, {"clusteringPolicy": "EnterpriseCluster"}, location=region)
    one = connect(managed, ports["westeurope"][0], ports["westeurope"][1]["primaryKey"])
    assert one.call("SET", "where", "west") == "OK"
    two = connect(managed, ports["eastus"][0], ports["eastus"][1]["primaryKey"],
                  "twin-eastus.eastus.redis.azure.net")
    assert two.call("GET", "where") is None
    assert ports["westeurope"][0] == ports["eastus"][0]


def test_keys_are_off_unless_asked_for(managed):
    managed.arm("PUT", GROUP, {"location": "westeurope"}, "2021-04-01")
    arm(managed, "PUT", "/quiet", {"location": "westeurope", "sku": {"name": "Balanced_B0"}})
    managed.advance("10m")
    arm(managed, "PUT", "/quiet/databases/default", {"properties": {}})
    managed.advance("2m")
    assert arm(managed, "GET", "/quiet/databases/default").json["properties"]["accessKeysAuthentication"] == "Disabled"
    answer = arm(managed, "POST", "/quiet/databases/default/listKeys")
    assert answer.status == 400 and "disabled" in answer.json["error"]["message"], answer


def test_a_new_key_shuts_the_old_one_out(managed):
    port, keys = create(managed, "rotate", {"clusteringPolicy": "NoCluster"})
    answer = arm(managed, "POST", "/rotate/databases/default/regenerateKey", {"keyType": "Primary"})
    assert answer.status == 200 and answer.json["primaryKey"] != keys["primaryKey"]
    assert answer.json["secondaryKey"] == keys["secondaryKey"]
    plain = socket.create_connection(("127.0.0.1", port), 30)
    wire = Wire(managed.tls_context().wrap_socket(plain, server_hostname="localhost"))
    assert wire.call("AUTH", keys["primaryKey"]).startswith("WRONGPASS")


def test_flush_empties_it_and_deletion_ends_it(managed):
    port, keys = create(managed, "gone", {"clusteringPolicy": "EnterpriseCluster"})
    client = connect(managed, port, keys["primaryKey"])
    client.call("SET", "a", "1")
    assert arm(managed, "POST", "/gone/databases/default/flush", {}).status == 202
    managed.advance("1m")
    assert client.call("DBSIZE") == 0
    answer = arm(managed, "DELETE", "/gone")
    assert (answer.status, answer.json["properties"]["resourceState"]) == (202, "Deleting"), answer
    managed.advance("10m")
    answer = arm(managed, "GET", "/gone")
    assert answer.status == 404
    assert answer.json["error"]["message"].startswith("A requested resource could not be found.")
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), 30)


def test_an_oss_cluster_redirects_and_a_plaintext_database_needs_no_tls(managed):
    port, keys = create(managed, "open", {"clusteringPolicy": "OSSCluster", "clientProtocol": "Plaintext"},
                        sku="Balanced_B5")
    client = connect(managed, port, keys["primaryKey"], tls=False)
    assert "cluster_enabled:1" in client.call("INFO", "cluster")
    answers = [client.call("SET", f"key{i}", "1") for i in range(20)]
    assert any(answer.startswith("MOVED") for answer in answers) and "OK" in answers


@pytest.mark.parametrize("body, named", [
    ({"sku": {"name": "Balanced_B2"}}, "sku.name"),
    ({"sku": {"name": "Balanced_B1", "capacity": 2}}, "sku.capacity"),
    ({"sku": {"name": "Enterprise_E10", "capacity": 3}}, "sku.capacity"),
    ({"sku": {"name": "Balanced_B1"}, "properties": {"minimumTlsVersion": "1.4"}}, "minimumTlsVersion"),
])
def test_a_cluster_that_does_not_fit_is_refused(managed, body, named):
    managed.arm("PUT", GROUP, {"location": "westeurope"}, "2021-04-01")
    answer = arm(managed, "PUT", "/bad", {"location": "westeurope", **body})
    assert answer.status == 400 and named in answer.json["error"]["message"], answer
    assert arm(managed, "GET", "/bad").status == 404


def test_clusters_grow_but_do_not_shrink(managed):
    create(managed, "growing", {"clusteringPolicy": "EnterpriseCluster"}, sku="Balanced_B5")
    offered = arm(managed, "POST", "/growing/listSkusForScaling").json["skus"]
    names = [sku["name"] for sku in offered]
    assert "Balanced_B10" in names and "Balanced_B1" not in names
    answer = arm(managed, "PATCH", "/growing", {"sku": {"name": "Balanced_B1"}})
    assert answer.status == 400 and "Balanced_B1" in answer.json["error"]["message"], answer
    assert arm(managed, "PATCH", "/growing", {"sku": {"name": "Balanced_B10"}}).status == 200
    managed.advance("10m")
    assert arm(managed, "GET", "/growing").json["sku"]["name"] == "Balanced_B10"


def test_it_outlives_a_restart(start_emulator, tmp_path):
    options = ("--clock", "frozen", "--provisioning", "realistic", "--offline", "--enterprise-port", "0")
    emulator = start_emulator(*options, directory=tmp_path)
    port, keys = create(emulator, "kept", {"clusteringPolicy": "EnterpriseCluster"})
    connect(emulator, port, keys["primaryKey"]).call("SET", "a", "1")
    emulator.restart()
    port = arm(emulator, "GET", "/kept/databases/default").json["properties"]["port"]
    assert connect(emulator, port, keys["primaryKey"]).call("GET", "a") == "1"

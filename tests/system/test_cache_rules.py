"""What a cache may be and what it may become: Azure's rules across properties."""
import pytest

BASIC = {"name": "Basic", "family": "C", "capacity": 1}
STANDARD = {"name": "Standard", "family": "C", "capacity": 1}
PREMIUM = {"name": "Premium", "family": "P", "capacity": 1}
SUBNET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/s"


def message(answer, status=400):
    assert answer.status == status, answer
    return answer.json["error"]["message"]


@pytest.fixture(scope="module")
def group(tmp_path_factory):
    from conftest import FROZEN
    from harness.emulator import Emulator
    emulator = Emulator(tmp_path_factory.mktemp("emulator"), *FROZEN)
    emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01")
    yield emulator
    emulator.stop()


@pytest.mark.parametrize("sku, properties, root, named", [
    (STANDARD, {"shardCount": 2}, {}, "shardCount"),
    (STANDARD, {"subnetId": SUBNET}, {}, "subnetId"),
    (STANDARD, {"replicasPerPrimary": 2}, {}, "replicasPerPrimary"),
    (STANDARD, {"redisConfiguration": {"rdb-backup-enabled": "true"}}, {}, "rdb-backup-enabled"),
    (STANDARD, {"redisConfiguration": {"databases": "17"}}, {}, "databases"),
    (STANDARD, {"disableAccessKeyAuthentication": True}, {}, "aad-enabled"),
    (STANDARD, {"redisVersion": "7.0"}, {}, "redisVersion"),
    (BASIC, {}, {"zones": ["1"]}, "zones"),
    (PREMIUM, {}, {"zones": ["4"]}, "zones"),
    (PREMIUM, {"zonalAllocationPolicy": "Automatic"}, {"zones": ["1"]}, "zonalAllocationPolicy"),
    (PREMIUM, {"staticIP": "10.0.0.4"}, {}, "staticIP"),
    (PREMIUM, {"subnetId": "/subscriptions/s/resourceGroups/g"}, {}, "subnetId"),
    (PREMIUM, {"shardCount": 16, "replicasPerPrimary": 3}, {}, "shardCount"),
    (PREMIUM, {"replicasPerPrimary": 2, "replicasPerMaster": 1}, {}, "replicasPerMaster"),
    (PREMIUM, {"redisConfiguration": {"rdb-backup-max-snapshot-count": "2"}}, {}, "rdb-backup-max-snapshot-count"),
])
def test_a_cache_that_cannot_be_is_refused(group, sku, properties, root, named):
    body = {"location": "westus2", "properties": {"sku": sku, **properties}, **root}
    answer = group.arm("PUT", group.cache_path("never"), body)
    assert named in message(answer), answer
    assert group.arm("GET", group.cache_path("never")).status == 404


@pytest.fixture(scope="module")
def caches(group):
    group.create_cache("basic", {"sku": BASIC})
    group.create_cache("standard", {"sku": STANDARD})
    group.create_cache("premium", {"sku": PREMIUM, "shardCount": 1, "redisConfiguration": {"databases": "16"}})
    return group


@pytest.mark.parametrize("name, change, named", [
    ("basic", {"sku": PREMIUM}, "SkuFamilyNotSupportedException"),
    ("basic", {"sku": {**STANDARD, "capacity": 2}}, "properties.sku.capacity"),
    ("basic", {"sku": {**BASIC, "capacity": 0}}, "properties.sku.capacity"),
    ("standard", {"sku": BASIC}, "properties.sku.name"),
    ("premium", {"sku": STANDARD, "shardCount": None}, "properties.sku.family"),
    ("premium", {"redisVersion": "4"}, "properties.redisVersion"),
    ("premium", {"redisConfiguration": {"databases": "8"}}, "databases"),
    ("premium", {"subnetId": SUBNET}, "subnetId"),
])
def test_a_cache_that_cannot_become_that_stays_as_it_is(caches, name, change, named):
    before = caches.arm("GET", caches.cache_path(name)).json
    answer = caches.arm("PATCH", caches.cache_path(name), {"properties": change})
    assert named in message(answer), answer
    assert caches.arm("GET", caches.cache_path(name)).json == before


def test_two_slow_changes_at_once_are_refused_in_azures_words(caches):
    answer = caches.arm("PATCH", caches.cache_path("standard"), {
        "identity": {"type": "SystemAssigned"}, "properties": {"publicNetworkAccess": "Disabled"}})
    assert message(answer).startswith(
        "The following updates can't be processed in one single request, please send seperate request to update "
        "them: 'properties.publicNetworkAccess,identity'.\r\n\r\nRequestID="), answer


def test_a_busy_cache_takes_no_other_change(caches):
    assert caches.arm("PATCH", caches.cache_path("basic"), {"properties": {"enableNonSslPort": True}}).status == 200
    answer = caches.arm("PATCH", caches.cache_path("basic"), {"properties": {"enableNonSslPort": False}})
    assert "is busy processing a previous update request" in message(answer, 409)
    caches.advance("10m")

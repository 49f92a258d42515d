"""Virtual networks and private endpoints through the management API, for tests."""

NETWORK = "/resourceGroups/tests/providers/Microsoft.Network"
VERSION = "2023-09-01"
ZONE = NETWORK + "/privateDnsZones/privatelink.redis.cache.windows.net"
ZONE_VERSION = "2020-06-01"


def put(emulator, path, body, version=VERSION, status=(200, 201)):
    answer = emulator.arm("PUT", NETWORK + path, body, version)
    assert answer.status in status, answer
    return answer


def get(emulator, path, version=VERSION):
    answer = emulator.arm("GET", NETWORK + path, version=version)
    assert answer.status == 200, answer
    return answer.json


def resource_id(emulator, path):
    return f"/subscriptions/{emulator.ready['subscriptionId']}{path}"


def make_network(emulator, name="vnet", prefix="10.0.0.0/16", subnets=(("snet", "10.0.1.0/24"),)):
    body = {"location": "westus2", "properties": {
        "addressSpace": {"addressPrefixes": [prefix]},
        "subnets": [{"name": n, "properties": {"addressPrefix": p}} for n, p in subnets]}}
    answer = put(emulator, f"/virtualNetworks/{name}", body)
    emulator.advance("1m")
    return answer


def make_endpoint(emulator, name="pe", cache="cache", connection=None, **more):
    own = {"name": "c", "properties": {
        "privateLinkServiceId": resource_id(emulator, emulator.cache_path(cache)), "groupIds": ["redisCache"],
        **(connection or {})}}
    body = {"location": "westus2", "properties": {
        "subnet": {"id": resource_id(emulator, NETWORK + "/virtualNetworks/vnet/subnets/snet")},
        "privateLinkServiceConnections": [own], **more}}
    return emulator.arm("PUT", f"{NETWORK}/privateEndpoints/{name}", body, VERSION)

"""Azure Managed Redis in a test: requests about its clusters, and a database that is ready."""

VERSION = "2025-07-01"
GROUP = "/resourceGroups/managed"
CLUSTERS = GROUP + "/providers/Microsoft.Cache/redisEnterprise"


def arm(emulator, method, path, body=None, version=VERSION):
    return emulator.arm(method, CLUSTERS + path, body, version)


def create(emulator, name, properties=None, sku="Balanced_B1", **more):
    """A cluster and its database; its port and keys."""
    emulator.arm("PUT", GROUP, {"location": "westeurope"}, "2021-04-01")
    answer = arm(emulator, "PUT", f"/{name}", {"location": "westeurope", "sku": {"name": sku}, **more})
    assert answer.status == 201, answer
    emulator.advance("10m")
    answer = arm(emulator, "PUT", f"/{name}/databases/default",
                 {"properties": {"accessKeysAuthentication": "Enabled", **(properties or {})}})
    assert answer.status == 201, answer
    emulator.advance("2m")
    database = arm(emulator, "GET", f"/{name}/databases/default").json["properties"]
    assert (database["provisioningState"], database["resourceState"]) == ("Succeeded", "Running")
    keys = arm(emulator, "POST", f"/{name}/databases/default/listKeys")
    assert keys.status == 200, keys
    return database["port"], keys.json

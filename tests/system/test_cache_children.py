"""What belongs to a cache: firewall rules, patch schedules, access policies, linked servers, its actions."""
import pytest



@pytest.fixture(scope="module")
def caches(tmp_path_factory):
    from conftest import FROZEN
    from harness.emulator import Emulator
    emulator = Emulator(tmp_path_factory.mktemp("emulator"), *FROZEN)
    premium = {"sku": {"name": "Premium", "family": "P", "capacity": 1}}
    emulator.create_cache("small")
    for name in ("east", "west"):
        emulator.create_cache(name, premium)
    yield emulator
    emulator.stop()


def put(emulator, path, properties, status=201):
    answer = emulator.arm("PUT", emulator.cache_path(path), {"properties": properties})
    assert answer.status == status, answer
    return answer.json


def error(answer, status, code):
    assert answer.status == status, answer
    assert answer.json["error"]["code"] == code, answer
    return answer.json["error"]["message"]


def test_a_firewall_rule_comes_changes_and_goes(caches):
    rule = put(caches, "small/firewallRules/office", {"startIP": "127.0.0.1", "endIP": "127.0.0.9"})
    assert rule["name"] == "small/office"
    assert rule["type"].lower() == "microsoft.cache/redis/firewallrules"
    assert "provisioningState" not in rule["properties"]
    put(caches, "small/firewallRules/office", {"startIP": "127.0.0.1", "endIP": "127.0.0.5"}, 200)
    listed = caches.arm("GET", caches.cache_path("small") + "/firewallRules").json["value"]
    assert [rule["properties"]["endIP"] for rule in listed] == ["127.0.0.5"]
    assert caches.arm("DELETE", caches.cache_path("small") + "/firewallRules/office").status == 200
    assert caches.arm("DELETE", caches.cache_path("small") + "/firewallRules/office").status == 204
    assert caches.arm("GET", caches.cache_path("small") + "/firewallRules").json == {"value": []}


@pytest.mark.parametrize("path, properties, named", [
    ("firewallRules/a", {"startIP": "10.0.0.1"}, "properties.endIP"),
    ("firewallRules/a", {"startIP": "10.0.0.256", "endIP": "10.0.1.1"}, "properties.startIP"),
    ("firewallRules/a", {"startIP": "10.0.0.9", "endIP": "10.0.0.1"}, "properties.endIP"),
    ("firewallRules/a.b", {"startIP": "10.0.0.1", "endIP": "10.0.0.1"}, "a.b"),
    ("patchSchedules/default", {"scheduleEntries": []}, "scheduleEntries"),
    ("patchSchedules/default", {"scheduleEntries": [{"dayOfWeek": "Someday", "startHourUtc": 2}]}, "dayOfWeek"),
    ("patchSchedules/default", {"scheduleEntries": [{"dayOfWeek": "Monday", "startHourUtc": 24}]}, "startHourUtc"),
    ("patchSchedules/default",
     {"scheduleEntries": [{"dayOfWeek": "Monday", "startHourUtc": 2, "maintenanceWindow": "PT4H"}]},
     "maintenanceWindow"),
    ("patchSchedules/other", {"scheduleEntries": [{"dayOfWeek": "Monday", "startHourUtc": 2}]}, "default"),
    ("accessPolicies/pol1", {"permissions": "get set"}, "permissions"),
    ("accessPolicies/-x-", {"permissions": "+get"}, "-x-"),
    ("accessPolicyAssignments/me1", {"objectId": "me", "objectIdAlias": "me", "accessPolicyName": "Data Owner"},
     "objectId"),
    ("accessPolicyAssignments/me1",
     {"objectId": "00000000-0000-4000-8000-000000000001", "objectIdAlias": "me", "accessPolicyName": "No Such"},
     "No Such"),
])
def test_what_does_not_fit_is_named_and_not_kept(caches, path, properties, named):
    answer = caches.arm("PUT", caches.cache_path("small") + "/" + path, {"properties": properties})
    assert answer.status == 400, answer
    assert named in answer.json["error"]["message"], answer
    assert caches.arm("GET", caches.cache_path("small") + "/" + path).status == 404


def test_a_patch_schedule_is_kept_as_azure_shows_it(caches):
    entry = {"dayOfWeek": "sunday", "startHourUtc": 2}
    schedule = put(caches, "small/patchSchedules/default", {"scheduleEntries": [entry]}, 200)
    assert schedule["name"] == "small/default"
    assert schedule["location"] == "West US 2"
    assert schedule["properties"]["scheduleEntries"] == [
        {"dayOfWeek": "Sunday", "startHourUtc": 2, "maintenanceWindow": "PT5H"}]
    assert caches.arm("DELETE", caches.cache_path("small") + "/patchSchedules/default").status == 200


def test_policies_come_with_the_cache_and_are_spelled_out(caches):
    listed = caches.arm("GET", caches.cache_path("small") + "/accessPolicies").json["value"]
    assert [policy["name"] for policy in listed[:3]] == ["Data Owner", "Data Contributor", "Data Reader"]
    assert {policy["properties"]["type"] for policy in listed[:3]} == {"BuiltIn"}
    put(caches, "small/accessPolicies/readers", {"permissions": "+get +hget"})
    caches.advance("10m")
    policy = caches.arm("GET", caches.cache_path("small") + "/accessPolicies/readers").json
    assert policy["properties"] == {"permissions": "+get +hget allkeys", "type": "Custom",
                                    "provisioningState": "Succeeded"}
    message = error(caches.arm("DELETE", caches.cache_path("small") + "/accessPolicies/Data%20Owner"), 400,
                    "BadRequest")
    assert "built-in" in message


def test_a_policy_in_use_is_not_deleted(caches):
    put(caches, "west/accessPolicies/writers", {"permissions": "+set ~app:*"})
    caches.advance("10m")
    put(caches, "west/accessPolicyAssignments/ada1", {
        "objectId": "00000000-0000-4000-8000-00000000ada1", "objectIdAlias": "ada", "accessPolicyName": "writers"})
    caches.advance("10m")
    message = error(caches.arm("DELETE", caches.cache_path("west") + "/accessPolicies/writers"), 400, "BadRequest")
    assert "ada1" in message
    for path in ("accessPolicyAssignments/ada1", "accessPolicies/writers"):
        assert caches.arm("DELETE", caches.cache_path("west") + "/" + path).status == 202
        caches.advance("10m")
        assert caches.arm("GET", caches.cache_path("west") + "/" + path).status == 404


def test_linked_servers_replicate_and_part_again(caches):
    east = caches.arm("POST", caches.cache_path("east") + "/listKeys").json["primaryKey"]
    west = caches.arm("POST", caches.cache_path("west") + "/listKeys").json["primaryKey"]
    caches.client(key=east, tls=True).call("SET", "before", "1")
    link = {"linkedRedisCacheId": caches.arm("GET", caches.cache_path("west")).json["id"],
            "linkedRedisCacheLocation": "westus2", "serverRole": "Secondary"}
    made = put(caches, "east/linkedServers/west", link)
    assert made["properties"]["provisioningState"] == "Creating"
    shown = caches.arm("GET", caches.cache_path("east")).json["properties"]
    assert shown["provisioningState"] == "Linking"
    caches.advance("6m")
    other = caches.arm("GET", caches.cache_path("west") + "/linkedServers/east").json["properties"]
    assert (other["serverRole"], other["provisioningState"]) == ("Primary", "Succeeded")
    assert len(caches.arm("GET", caches.cache_path("west")).json["properties"]["linkedServers"]) == 1

    secondary = caches.client(key=west, tls=True)
    assert secondary.call("GET", "before") == "1"
    caches.client(key=east, tls=True).call("SET", "after", "2")
    caches.advance("5s")
    assert secondary.call("GET", "after") == "2"
    assert secondary.call("SET", "mine", "3").startswith("READONLY")
    message = error(caches.arm("DELETE", caches.cache_path("west")), 400, "BadRequest")
    assert message.startswith("Cannot delete 'west' since it has linked servers associated with it.")

    assert caches.arm("DELETE", caches.cache_path("east") + "/linkedServers/west").status == 202
    caches.advance("3m")
    assert caches.arm("GET", caches.cache_path("west") + "/linkedServers").json == {"value": []}
    secondary = caches.client(key=west, tls=True)
    assert secondary.call("SET", "mine", "3") == "OK"
    assert secondary.call("GET", "after") == "2"


def test_only_two_premium_caches_can_be_linked(caches):
    link = {"linkedRedisCacheId": caches.arm("GET", caches.cache_path("small")).json["id"],
            "linkedRedisCacheLocation": "westus2", "serverRole": "Secondary"}
    answer = caches.arm("PUT", caches.cache_path("east") + "/linkedServers/small", {"properties": link})
    assert "Premium" in error(answer, 400, "BadRequest")


def test_a_reboot_names_its_nodes(caches):
    answer = caches.arm("POST", caches.cache_path("small") + "/forceReboot", {"rebootType": "AllNodes"})
    assert answer.json == {"message": "The requested reboot operation for 'Value' has been successfully scheduled "
                                      "and should be executed shortly."}
    answer = caches.arm("POST", caches.cache_path("small") + "/forceReboot", {"rebootType": "Everything"})
    assert "rebootType" in error(answer, 400, "InvalidRequestBody")


def test_only_premium_caches_export(caches):
    answer = caches.arm("POST", caches.cache_path("small") + "/export", {"prefix": "p", "container": "https://x/y"})
    assert "Premium" in error(answer, 400, "BadRequest")

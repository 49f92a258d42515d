"""Active geo-replication of Azure Managed Redis: every database takes writes, and all have them."""
import random
import threading

import pytest
import redis

from harness.emulator import wait_until
from harness.managed import CLUSTERS, arm, create

OPTIONS = ("--clock", "frozen", "--provisioning", "realistic", "--offline", "--enterprise-port", "0")


@pytest.fixture
def emulator(start_emulator):
    return start_emulator(*OPTIONS)


def id_of(emulator, name):
    return f"/subscriptions/{emulator.ready['subscriptionId']}{CLUSTERS}/{name}/databases/default"


def group(emulator, *names, nickname="worldwide"):
    return {"groupNickname": nickname, "linkedDatabases": [{"id": id_of(emulator, name)} for name in names]}


def member(emulator, name, *others, clustering="EnterpriseCluster", sku="Balanced_B3", **more):
    port, keys = create(emulator, name, {"clusteringPolicy": clustering,
                                         "geoReplication": group(emulator, *others, name), **more}, sku=sku)
    kind = redis.RedisCluster if clustering == "OSSCluster" else redis.Redis
    return kind(host="localhost", port=port, password=keys["primaryKey"], ssl=True, ssl_ca_certs=emulator.ca_file,
                decode_responses=True)


def links(emulator, name):
    properties = arm(emulator, "GET", f"/{name}/databases/default").json["properties"]
    return {item["id"].split("/")[-3]: item["state"] for item in properties["geoReplication"]["linkedDatabases"]}


def same(clients, read, value):
    return wait_until(lambda: all(read(client) == value for client in clients), f"{value} everywhere")


def test_writes_reach_all_and_come_back_to_none(emulator):
    east = member(emulator, "east")
    east.set("before", "1")
    west = member(emulator, "west", "east")
    assert links(emulator, "east") == {"east": "Linked", "west": "Linked"} == links(emulator, "west")
    assert west.get("before") == "1"  # the newcomer has what was there
    north = member(emulator, "north", "east", "west")
    everyone = (east, west, north)
    assert links(emulator, "east") == dict.fromkeys(("east", "west", "north"), "Linked")
    for at, client in enumerate(everyone):
        client.set(f"key{at}", at)
        client.incr("count", 10)
        client.rpush("list", at)
        client.hset("hash", f"field{at}", at)
    same(everyone, lambda client: client.get("count"), "30")
    same(everyone, lambda client: client.lrange("list", 0, -1), ["0", "1", "2"])
    same(everyone, lambda client: len(client.keys()), 7)
    # No endless echo: a write is run once by each, and then it is quiet.
    before = [client.info("stats")["total_commands_processed"] for client in everyone]
    east.set("echo", "1")
    after = [client.info("stats")["total_commands_processed"] for client in everyone]
    assert all(b - a <= 3 for a, b in zip(before, after)), (before, after)
    # Times travel as times.
    east.set("short", "1", ex=100)
    same(everyone, lambda client: client.ttl("short"), 100)
    emulator.advance("101s")
    same(everyone, lambda client: client.get("short"), None)


def test_the_last_write_counts_everywhere(emulator):
    clients = [member(emulator, "east"), member(emulator, "west", "east")]
    chance = random.Random(7)

    def write(client, seed):
        own = random.Random(seed)
        for number in range(500):
            key = f"k{own.randrange(5)}"
            own.choice([lambda: client.set(key, f"{seed}-{number}"), lambda: client.delete(key),
                        lambda: client.incr(key + "n"), lambda: client.sadd(key + "s", number),
                        lambda: client.lpush(key + "l", number), lambda: client.lpop(key + "l"),
                        lambda: client.spop(key + "s"), lambda: client.zadd(key + "z", {number: seed})])()

    threads = [threading.Thread(target=write, args=(client, chance.randrange(1000))) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    east, west = (state_of(client) for client in clients)
    assert east == west and east


def state_of(client):
    read = {"string": client.get, "set": lambda key: sorted(client.smembers(key)),
            "list": lambda key: client.lrange(key, 0, -1),
            "zset": lambda key: client.zrange(key, 0, -1, withscores=True)}
    return {key: read[client.type(key)](key) for key in sorted(client.keys())}


def test_a_client_that_waits_is_served_once(emulator):
    east, west = member(emulator, "east"), member(emulator, "west", "east")
    north = member(emulator, "north", "east", "west")
    found = []
    waiter = threading.Thread(target=lambda: found.append(west.blpop("jobs", timeout=30)))
    waiter.start()
    wait_until(lambda: east.info("clients") and west.info("clients")["blocked_clients"] == 1, "it waits")
    east.rpush("jobs", "a")
    waiter.join()
    assert found == [("jobs", "a")]
    same((east, west, north), lambda client: client.exists("jobs"), 0)


def test_shards_of_the_oss_policy(emulator):
    east = member(emulator, "east", clustering="OSSCluster")
    west = member(emulator, "west", "east", clustering="OSSCluster")
    for number in range(50):
        (east, west)[number % 2].set(f"key{number}", number)
    for number in range(50):
        assert east.get(f"key{number}") == west.get(f"key{number}") == str(number)


def test_a_forced_unlink_ends_it_and_a_forced_link_begins_anew(emulator):
    east, west = member(emulator, "east"), member(emulator, "west", "east")
    east.set("shared", "1")
    done = arm(emulator, "POST", "/east/databases/default/forceUnlink", {"ids": [id_of(emulator, "west")]})
    assert done.status == 202, done
    emulator.advance("5m")
    assert links(emulator, "east") == {"east": "Linked"}
    east.set("only", "east")
    west.set("shared", "2")
    assert west.get("only") is None and east.get("shared") == "1"
    again = arm(emulator, "POST", "/west/databases/default/forceLinkToReplicationGroup",
                {"geoReplication": group(emulator, "west", "east")})
    assert again.status == 202, again
    emulator.advance("5m")
    assert links(emulator, "east") == {"east": "Linked", "west": "Linked"}
    assert west.get("shared") == "1" and west.get("only") == "east"  # its own data is gone
    west.set("back", "1")
    assert east.get("back") == "1"
    assert arm(emulator, "DELETE", "/west/databases/default").status == 202
    emulator.advance("5m")
    assert links(emulator, "east") == {"east": "Linked"}


def test_a_flush_empties_all(emulator):
    east, west = member(emulator, "east"), member(emulator, "west", "east")
    east.mset({"a": 1, "b": 2})
    assert west.dbsize() == 2
    wrong = arm(emulator, "POST", "/east/databases/default/flush", {"ids": [id_of(emulator, "absent")]})
    assert wrong.status == 400
    done = arm(emulator, "POST", "/east/databases/default/flush", {"ids": [id_of(emulator, "west")]})
    assert done.status == 202, done
    emulator.advance("1m")
    assert east.dbsize() == west.dbsize() == 0
    west.set("c", 1)
    assert east.get("c") == "1"


def healthy(emulator, name):
    path = f"{CLUSTERS}/{name}/providers/Microsoft.Insights/metrics?metricnames=geoReplicationHealthy&aggregation=maximum"
    answer = emulator.arm("GET", path, version="2018-01-01")
    assert answer.status == 200, answer
    return [point["maximum"] for point in answer.json["value"][0]["timeseries"][0]["data"] if "maximum" in point]


def test_azure_monitor_tells_of_the_link(emulator):
    member(emulator, "east")
    assert healthy(emulator, "east") == []
    member(emulator, "west", "east")
    assert healthy(emulator, "east")[-1] == healthy(emulator, "west")[-1] == 1


def test_links_outlast_a_restart(emulator):
    member(emulator, "east").set("a", "1")
    member(emulator, "west", "east")
    emulator.restart()
    clients = []
    for name in ("east", "west"):
        key = arm(emulator, "POST", f"/{name}/databases/default/listKeys").json["primaryKey"]
        port = arm(emulator, "GET", f"/{name}/databases/default").json["properties"]["port"]
        clients.append(redis.Redis("localhost", port, password=key, ssl=True,
                                   ssl_ca_certs=emulator.ca_file, decode_responses=True))
    same(clients, lambda client: client.get("a"), "1")
    clients[1].set("b", "2")
    assert clients[0].get("b") == "2"


@pytest.mark.parametrize("sku, properties, names, said", [
    ("Balanced_B1", {}, (), "SKU"),
    ("Balanced_B3", {"persistence": {"rdbEnabled": True, "rdbFrequency": "1h"}}, (), "persistence"),
    ("Balanced_B3", {"modules": [{"name": "RedisBloom"}]}, (), "RediSearch"),
    ("Balanced_B3", {"clusteringPolicy": "OSSCluster"}, ("east",), "clusteringPolicy"),
    ("Balanced_B5", {}, ("east",), "same SKU"),
    ("Balanced_B3", {}, ("absent",), "linkedDatabases"),
    ("Balanced_B3", {}, ("a", "b", "c", "d", "e"), "five"),
])
def test_groups_that_cannot_be(emulator, sku, properties, names, said):
    member(emulator, "east")
    arm(emulator, "PUT", "/other", {"location": "westeurope", "sku": {"name": sku}})
    emulator.advance("10m")
    answer = arm(emulator, "PUT", "/other/databases/default", {"properties": {
        "clusteringPolicy": "EnterpriseCluster", **properties,
        "geoReplication": group(emulator, *names, "other")}})
    assert answer.status == 400 and said in answer.json["error"]["message"], answer

"""RDB files in blob containers, for which folders of the data directory stand."""
import pytest
import redis

PREMIUM = {"sku": {"name": "Premium", "family": "P", "capacity": 1}, "enableNonSslPort": True}
CONTAINER = "https://acct.blob.core.windows.net/dumps?sv=2022-11-02&sig=secret%2Bsignature"


def blob(name):
    return f"https://acct.blob.core.windows.net/dumps/{name}?sig=secret"


def create(emulator, name, **more):
    key = emulator.create_cache(name, {**PREMIUM, **more})["primaryKey"]
    emulator.advance("3h")
    return key


def act(emulator, cache, action, body):
    """Starts it, lets the clock finish it, and returns how it ended."""
    answer = emulator.arm("POST", f"{emulator.cache_path(cache)}/{action}", body)
    assert answer.status == 202, answer
    emulator.advance("1h")
    path = "/" + answer.headers["azure-asyncoperation"].split("/", 3)[3]
    answer = emulator.request("GET", path, None, {"Authorization": "Bearer " + emulator.token()},
                              "management.azure.com")
    assert answer.status == 200, answer
    return answer.json


def folder(emulator):
    return emulator.data / "storage" / "acct" / "dumps"


def test_what_one_cache_exports_another_imports(emulator):
    source, target = create(emulator, "source"), create(emulator, "target")
    from_client = redis.Redis(port=emulator.port, password=source, decode_responses=True)
    to_client = redis.Redis(port=emulator.port, password=target, decode_responses=True)
    from_client.hset("h", mapping={"a": 1})
    from_client.set("expires", "1", ex=7 * 86400)
    redis.Redis(port=emulator.port, password=source, db=3).rpush("l", "x", "y")
    to_client.set("old", "gone")
    act(emulator, "source", "export", {"prefix": "backup", "container": CONTAINER, "format": "RDB"})
    assert [path.name for path in folder(emulator).iterdir()] == ["backup-0.rdb"]
    assert (folder(emulator) / "backup-0.rdb").read_bytes().startswith(b"REDIS0009")
    act(emulator, "target", "import", {"files": [blob("backup-0.rdb")]})
    assert to_client.hgetall("h") == {"a": "1"} and to_client.get("old") is None
    assert 0 < to_client.ttl("expires") <= 7 * 86400
    assert redis.Redis(port=emulator.port, password=target, db=3).lrange("l", 0, -1) == [b"x", b"y"]
    assert "secret" not in emulator.log


def test_each_shard_has_a_file_and_any_number_of_shards_reads_them(emulator):
    key, other = create(emulator, "sharded", shardCount=3), create(emulator, "resharded", shardCount=2)
    client = redis.RedisCluster(host="localhost", port=emulator.port, password=key)
    for number in range(60):
        client.set(f"key:{number}", number)
    act(emulator, "sharded", "export", {"prefix": "all", "container": CONTAINER})
    names = sorted(path.name for path in folder(emulator).iterdir())
    assert names == ["all-0.rdb", "all-1.rdb", "all-2.rdb"]
    act(emulator, "resharded", "import", {"files": [blob(name) for name in names]})
    copy = redis.RedisCluster(host="localhost", port=emulator.port, password=other, decode_responses=True)
    assert [copy.get(f"key:{number}") for number in range(60)] == [str(number) for number in range(60)]
    for cluster in (client, copy):
        cluster.close()


def test_a_dump_of_redis_server_is_imported(emulator, redis_server):
    theirs = redis.Redis(port=redis_server.port)
    theirs.zadd("z", {"a": 1.5})
    theirs.xadd("x", {"f": "v"}, id="1-1")
    theirs.save()
    key = create(emulator, "target")
    folder(emulator).mkdir(parents=True)
    dump = next(redis_server.directory.glob("*.rdb")).read_bytes()
    (folder(emulator) / "theirs.rdb").write_bytes(dump)
    act(emulator, "target", "import", {"files": [blob("theirs.rdb")]})
    ours = redis.Redis(port=emulator.port, password=key)
    assert ours.zrange("z", 0, -1, withscores=True) == [(b"a", 1.5)]
    assert ours.xrange("x") == [(b"1-1", {b"f": b"v"})]


@pytest.mark.parametrize("content, code, words", [
    (None, "BlobNotFound", "was not found: put the file at"),
    (b"not a dump", "ImportFailed", "it does not begin as a Redis dump"),
    (b"", "ImportFailed", "cannot be imported"),
])
def test_a_failed_import_leaves_the_cache_as_it_was(emulator, content, code, words):
    key = create(emulator, "target")
    client = redis.Redis(port=emulator.port, password=key)
    client.set("a", "1")
    if content is not None:
        folder(emulator).mkdir(parents=True)
        (folder(emulator) / "bad.rdb").write_bytes(content)
    result = act(emulator, "target", "import", {"files": [blob("bad.rdb")]})
    assert result["status"] == "Failed" and result["error"]["code"] == code, result
    assert words in result["error"]["message"] and "secret" not in result["error"]["message"]
    assert client.get("a") == b"1"


def test_persistence_is_told_in_info(emulator):
    key = create(emulator, "kept", redisConfiguration={"aof-backup-enabled": "true"})
    client = redis.Redis(port=emulator.port, password=key)
    info = client.info("persistence")
    assert info["aof_enabled"] == 1 and "aof_current_size" in info
    client.set("a", "1")
    assert emulator.arm("POST", emulator.cache_path("kept") + "/forceReboot",
                        {"rebootType": "AllNodes"}).status == 200
    client.connection_pool.disconnect()  # the reboot cuts its connection, some time soon
    assert client.get("a") == b"1"

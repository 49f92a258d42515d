"""The data plane of Azure Managed Redis: Redis 7.4, without what the service blocks."""
import pytest
import redis

from harness.managed import arm, create

OPTIONS = ("--clock", "frozen", "--provisioning", "realistic", "--offline", "--enterprise-port", "0")


def connect(emulator, port, key, **more):
    return redis.Redis("localhost", port, password=key, ssl=True, ssl_ca_certs=emulator.ca_file,
                       decode_responses=True, **more)


def ask(client, line):
    """The packaged redis-py is older than these commands."""
    return client.execute_command(*line.split())


@pytest.fixture
def client(start_emulator):
    emulator = start_emulator(*OPTIONS)
    port, keys = create(emulator, "fields", {"clusteringPolicy": "EnterpriseCluster"})
    client = connect(emulator, port, keys["primaryKey"])
    client.emulator = emulator
    yield client
    client.close()


def test_fields_expire_on_the_emulators_clock(client):
    client.hset("session", mapping={"token": "t", "user": "ada", "cart": "7"})
    assert ask(client, "HEXPIRE session 60 FIELDS 2 token nobody") == [1, -2]
    assert ask(client, "HPEXPIRE session 90000 NX FIELDS 1 cart") == [1]
    assert ask(client, "HEXPIRE session 10 GT FIELDS 1 token") == [0]
    assert ask(client, "HTTL session FIELDS 4 token cart user nobody") == [60, 90, -1, -2]
    assert ask(client, "HPERSIST session FIELDS 1 cart") == [1]
    client.emulator.advance("59s")
    assert ask(client, "HPTTL session FIELDS 1 token") == [1000]
    client.emulator.advance("1s")
    assert client.hgetall("session") == {"user": "ada", "cart": "7"}
    assert client.info("keyspace")["db0"]["subexpiry"] == 0
    assert client.info("stats")["expired_subkeys"] == 1


def test_a_key_goes_with_its_last_field_and_says_so(client):
    client.config_set("notify-keyspace-events", "Khg")
    events = client.pubsub(ignore_subscribe_messages=True)
    events.psubscribe("__keyspace@0__:*")
    events.get_message(timeout=5)
    client.hset("h", "a", "1")
    ask(client, "HEXPIRE h 5 FIELDS 1 a")
    client.emulator.advance("5s")
    assert client.exists("h") == 0
    seen = [events.get_message(timeout=5)["data"] for _ in range(4)]
    assert seen == ["hset", "hexpire", "hexpired", "del"]
    events.close()


def test_thousands_of_hashes_lose_their_fields_without_being_read(client):
    pipe = client.pipeline(transaction=False)
    for i in range(2000):
        pipe.hset(f"h{i}", mapping={"stays": "1", "goes": "2"})
        ask(pipe, f"HPEXPIRE h{i} {1000 + i} FIELDS 1 goes")
    pipe.execute()
    assert client.info("keyspace")["db0"]["subexpiry"] == 2000
    client.emulator.advance("2s")
    assert client.info("keyspace")["db0"]["subexpiry"] == 999
    client.emulator.advance("1s")
    assert client.info("keyspace")["db0"]["subexpiry"] == 0
    assert client.info("stats")["expired_subkeys"] == 2000
    assert client.hlen("h1999") == 1


def test_times_survive_a_restart_and_a_dump(start_emulator, tmp_path):
    emulator = start_emulator(*OPTIONS, directory=tmp_path)
    port, keys = create(emulator, "kept", {"clusteringPolicy": "EnterpriseCluster"})
    client = connect(emulator, port, keys["primaryKey"])
    client.hset("small", mapping={"a": "1", "b": "2"})
    client.hset("large", mapping={f"f{i}": str(i) for i in range(1000)})
    ask(client, "HEXPIRE small 100 FIELDS 1 a")
    ask(client, "HEXPIRE large 200 FIELDS 1 f7")
    client.sadd("tags", "x", "y")
    client.xgroup_create("log", "readers", mkstream=True)
    client.xadd("log", {"a": "1"})
    client.xreadgroup("readers", "one", {"log": ">"})
    client.xgroup_createconsumer("log", "readers", "two")
    small, large = "HPEXPIRETIME small FIELDS 2 a b", "HPEXPIRETIME large FIELDS 2 f7 f8"
    before = [ask(client, small), ask(client, large)]
    client.close()
    emulator.restart()
    found = arm(emulator, "GET", "/kept/databases/default")
    client = connect(emulator, found.json["properties"]["port"], keys["primaryKey"])
    assert [ask(client, small), ask(client, large)] == before
    one, two = client.xinfo_consumers("log", "readers")
    assert one["inactive"] >= 0 and two["inactive"] == -1
    assert client.object("encoding", "tags") == "listpack"
    assert client.object("encoding", "small") == "listpackex"
    emulator.advance("150s")
    assert client.hgetall("small") == {"b": "2"}
    assert client.hlen("large") == 1000
    emulator.advance("50s")
    assert client.hlen("large") == 999


def test_a_snapshot_carries_the_times(client):
    client.hset("h", mapping={"a": "1", "b": "2"})
    ask(client, "HEXPIRE h 100 FIELDS 1 a")
    document = client.emulator.admin("GET", "/state")
    client.flushall()
    client.emulator.admin("PUT", "/state", document)
    assert ask(client, "HTTL h FIELDS 2 a b") == [100, -1]
    client.emulator.advance("100s")
    assert client.hgetall("h") == {"b": "2"}


def test_a_dump_carries_the_times(client):
    raw = client_bytes(client)
    client.hset("h", mapping={"a": "1", "b": "2"})
    ask(client, "HEXPIRE h 100 FIELDS 1 a")
    assert raw.restore("copy", 0, raw.dump("h"))
    assert ask(client, "HTTL copy FIELDS 2 a b") == [100, -1]


@pytest.mark.parametrize("words", [
    ["SAVE"], ["BGSAVE"], ["BGREWRITEAOF"], ["SHUTDOWN"], ["REPLICAOF", "NO", "ONE"], ["MOVE", "k", "0"],
    ["SWAPDB", "0", "0"], ["DEBUG", "SLEEP", "0"], ["MODULE", "LOAD", "/x.so"], ["CLUSTER", "MEET", "h", "1"],
    ["ACL", "SETUSER", "x"], ["CONFIG", "REWRITE"], ["SYNC"], ["PSYNC", "?", "-1"], ["REPLCONF", "ack", "0"],
])
def test_what_the_service_blocks_is_unknown(client, words):
    with pytest.raises(redis.ResponseError, match="unknown (sub)?command"):
        client.execute_command(*words)


def test_config_offers_some_settings_only(client):
    assert client.config_set("slowlog-max-len", 64)
    assert client.config_get("slowlog-*")["slowlog-max-len"] == "64"
    assert client.config_get("maxmemory") == {}
    with pytest.raises(redis.ResponseError, match="maxmemory"):
        client.config_set("maxmemory", "1gb")
    with pytest.raises(redis.ResponseError, match="out of range"):
        client.select(1)


def client_bytes(client):
    settings = dict(client.connection_pool.connection_kwargs, decode_responses=False)
    return redis.Redis(connection_pool=redis.ConnectionPool(
        connection_class=client.connection_pool.connection_class, **settings))


@pytest.mark.parametrize("protocol", ["Encrypted", "Plaintext"])
def test_the_command_line_tells_how_to_connect(start_emulator, protocol):
    emulator = start_emulator(*OPTIONS)
    port, keys = create(emulator, "told", {"clientProtocol": protocol})
    cache = next(c for c in emulator.admin("GET", "/info")["caches"] if c["name"].startswith("told."))
    assert cache["sku"].startswith("Balanced_") and cache["redisVersion"] == "7.4"
    assert cache["primaryKey"] == keys["primaryKey"]
    assert cache["name"] in emulator.run("cache", "list").stdout and cache["name"] in emulator.run("status").stdout
    url = emulator.run("cache", "connection-string", cache["name"], "--client", "url").stdout.strip()
    assert url.startswith("rediss://" if protocol == "Encrypted" else "redis://") and f"localhost:{port}/" in url
    options = {"ssl_ca_certs": emulator.ca_file} if protocol == "Encrypted" else {}
    client = redis.Redis.from_url(url, **options)
    assert client.ping()
    client.close()
    command = emulator.run("cache", "connection-string", cache["name"], "--client", "redis-cli").stdout
    assert f"-p {port} " in command and ("--tls" in command) == (protocol == "Encrypted")

"""The emulator's time: one advance runs all that falls due, in order; everything follows the same clock."""
import base64
import datetime
import json

import pytest

from harness.emulator import wait_until
from harness.wire import Closed

CACHE_BODY = {"location": "westus2", "properties": {"sku": {"name": "Basic", "family": "C", "capacity": 0},
                                                    "enableNonSslPort": True,
                                                    "redisConfiguration": {"notify-keyspace-events": "Ex"}}}


@pytest.fixture
def redis_profile(start_emulator):
    """Where CONFIG SET works and idle connections live on."""
    return start_emulator("--clock", "frozen", "--profile", "redis", "--provisioning", "realistic")


def seconds_of(wire):
    return int(wire.call("TIME")[0])


def test_keys_expire_in_order_and_say_so(redis_profile):
    wire, listener = redis_profile.connect(), redis_profile.connect()
    wire.call("CONFIG", "SET", "notify-keyspace-events", "Ex")
    listener.call("SUBSCRIBE", "__keyevent@0__:expired")
    for name, seconds in (("third", 30), ("first", 1), ("second", 1.5)):
        wire.call("SET", name, "x", "PX", int(seconds * 1000))
    redis_profile.advance("1h")
    assert [listener.reply()[2] for _ in range(3)] == ["first", "second", "third"]
    assert wire.call("DBSIZE") == 0


def test_what_waits_is_answered_when_its_time_comes(redis_profile):
    """An expiry and a timeout in the order of their due times, although one span covers both."""
    wire, waiting = redis_profile.connect(), redis_profile.connect()
    waiting.send(b"*3\r\n$5\r\nBLPOP\r\n$4\r\nnone\r\n$2\r\n20\r\n*1\r\n$4\r\nTIME\r\n")
    wait_until(lambda: "blocked_clients:1" in wire.call("INFO", "clients"), "BLPOP to wait")
    before = seconds_of(wire)
    redis_profile.advance("19s")
    assert "blocked_clients:1" in wire.call("INFO", "clients")
    redis_profile.advance("1s")
    assert waiting.reply() is None and int(waiting.reply()[0]) == before + 20
    paused = redis_profile.connect()
    assert wire.call("CLIENT", "PAUSE", "5000") == "OK"
    paused.send(b"*1\r\n$4\r\nTIME\r\n")
    redis_profile.advance("5s")
    assert int(paused.reply()[0]) == before + 25


def test_idle_connections_end_after_ten_minutes(emulator):
    idle, busy = emulator.client(), emulator.client()
    emulator.advance("5m")
    assert busy.call("PING") == "PONG"
    emulator.advance("6m")
    assert busy.call("PING") == "PONG"
    with pytest.raises(Closed):
        idle.call("PING")


def test_provisioning_ends_on_the_clock(emulator):
    emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01")
    assert emulator.arm("PUT", emulator.cache_path("slow"), CACHE_BODY).status == 201
    emulator.advance("5m")
    assert emulator.arm("GET", emulator.cache_path("slow")).json["properties"]["provisioningState"] == "Creating"
    emulator.advance("20m")
    assert emulator.arm("GET", emulator.cache_path("slow")).json["properties"]["provisioningState"] == "Succeeded"
    # One span over the end of an operation and the life of what it made.
    assert emulator.arm("DELETE", emulator.cache_path("slow")).status in (200, 202)
    emulator.advance("24h")
    assert emulator.arm("GET", emulator.cache_path("slow")).status == 404


def test_tokens_live_an_hour_or_so_of_the_same_clock(emulator):
    token = emulator.token()
    body = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert abs(claims["iat"] - seconds_of(emulator.client())) <= 1
    life = claims["exp"] - claims["iat"]
    path = f"/subscriptions/{emulator.ready['subscriptionId']}?api-version=2022-12-01"

    def asked():
        return emulator.request("GET", path, headers={"Authorization": "Bearer " + token}, host="management.azure.com")

    emulator.advance(f"{life - 60}s")
    assert asked().status == 200
    emulator.advance("10m")  # beyond any leeway for clocks that differ
    answer = asked()
    assert answer.status == 401 and "ExpiredAuthenticationToken" in answer.json["error"]["code"]


def test_all_planes_tell_the_same_time(emulator):
    emulator.advance("8760h")
    now = datetime.datetime.fromisoformat(emulator.admin("GET", "/clock")["now"].replace("Z", "+00:00"))
    wire = emulator.client()
    assert seconds_of(wire) == int(now.timestamp())
    info = dict(line.split(":", 1) for line in wire.call("INFO", "server").splitlines() if ":" in line)
    assert int(info["uptime_in_days"]) == 365
    emulator.arm("PUT", "/resourcegroups/tests", {"location": "westus2"}, "2021-04-01")
    emulator.arm("PUT", emulator.cache_path("dated"), CACHE_BODY)
    emulator.advance("30m")
    answer = emulator.arm("GET", "/resources?$expand=createdTime", version="2021-04-01")
    created = [r["createdTime"] for r in answer.json["value"] if r["name"] == "dated"]
    stamp = datetime.datetime.fromisoformat(created[0].replace("Z", "+00:00"))
    assert 0 <= (stamp - now).total_seconds() < 2
    later = now + datetime.timedelta(minutes=30)
    assert later.strftime("%Y%m%dT%H%M") in answer.headers["x-ms-routing-request-id"]
    events = emulator.admin("GET", "/requests?operation=Microsoft.Cache/redis/write")["requests"]
    assert events[0]["time"].startswith(str(now.year))


def test_a_frozen_clock_stands_and_a_scaled_one_runs(start_emulator):
    emulator = start_emulator("--clock", "frozen", "--profile", "redis")
    wire = emulator.connect()
    before = wire.call("TIME")
    assert wire.call("TIME") == before and emulator.admin("GET", "/clock")["mode"] == "frozen"
    wire.call("SET", "a", "x", "EX", "86400")
    emulator.admin("POST", "/clock", {"mode": "real", "scale": 100000})
    wait_until(lambda: wire.call("EXISTS", "a") == 0, "a day at a day a second")
    emulator.admin("POST", "/clock", {"mode": "frozen"})
    assert wire.call("TIME") == wire.call("TIME")
    assert seconds_of(wire) >= int(before[0]) + 86400


def test_an_advance_of_a_year_is_not_slow(redis_profile):
    """Nothing is done for each second, only for what falls due (and each minute, for the metrics)."""
    wire = redis_profile.connect()
    for i in range(1000):
        wire.call("SET", f"k{i}", "x", "EX", 1 + i * 8640)
    redis_profile.advance("8760h")
    assert wire.call("DBSIZE") == 0

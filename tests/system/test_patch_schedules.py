"""Planned maintenance falls into the windows of a cache's patch schedule."""
import datetime

import pytest

from harness.faults import fault, redis_py

STANDARD = {"sku": {"name": "Standard", "family": "C", "capacity": 1}}
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def now_of(emulator):
    return datetime.datetime.fromisoformat(emulator.admin("GET", "/clock")["now"][:19])


def schedule(emulator, *entries, name="planned"):
    body = {"properties": {"scheduleEntries": [
        {"dayOfWeek": day, "startHourUtc": hour, **({"maintenanceWindow": window} if window else {})}
        for day, hour, window in entries]}}
    answer = emulator.arm("PUT", emulator.cache_path(name) + "/patchSchedules/default", body)
    assert answer.status == 200, answer


def announced(emulator, history=60, name="planned"):
    answer = emulator.arm("GET", emulator.cache_path(name) + f"/listUpgradeNotifications?history={history}")
    assert answer.status == 200, answer
    for item in answer.json["value"]:
        assert item["upsellNotification"]["NotificationType"] == "NodeMaintenanceScheduled"
    return [datetime.datetime.fromisoformat(item["upsellNotification"]["StartTimeInUTC"][:19])
            for item in answer.json["value"]]


@pytest.fixture
def cache(emulator):
    return redis_py(emulator, tls=True, key=emulator.create_cache("planned", STANDARD)["primaryKey"])


def move_to(emulator, hour):
    """The next time that the clock shows this full hour."""
    now = now_of(emulator)
    then = now.replace(hour=hour, minute=0, second=0) + datetime.timedelta(days=1)
    emulator.advance(f"{int((then - now).total_seconds())}s")
    return then


def collect(events, seconds=2):
    found = []
    while True:
        message = events.get_message(timeout=seconds)
        if message is None:
            return found
        if message["type"] == "message":
            found.append(message["data"].split("|")[1])


def test_maintenance_waits_for_the_next_window(emulator, cache):
    noon = move_to(emulator, 12)
    tomorrow = noon + datetime.timedelta(days=1)
    schedule(emulator, (DAYS[tomorrow.weekday()], 3, "PT6H"))
    assert announced(emulator) == []
    with fault(emulator, "maintenance", match={"cache": "planned"}):
        start = tomorrow.replace(hour=3)
        assert announced(emulator) == [start]
        emulator.advance("14h45m")
        before = emulator.client(tls=True, key=emulator.arm(
            "POST", emulator.cache_path("planned") + "/listKeys").json["primaryKey"])
        events = cache.pubsub()
        events.subscribe("AzureRedisEvents")
        assert events.get_message(timeout=5)["type"] == "subscribe"
        emulator.advance("5m")
        assert before.call("PING") == "PONG" and collect(events) == ["NodeMaintenanceScheduled"]
        assert now_of(emulator) == start - datetime.timedelta(minutes=10)
        emulator.advance("9m50s")
        assert before.call("PING") == "PONG"
        emulator.advance("11s")
        assert before.closed()
        assert announced(emulator, history=5) == []  # it was told long ago, and has begun
        assert announced(emulator, history=24 * 60) == [start]


def test_an_open_window_takes_it_at_once_and_others_do_not_wait(emulator, cache):
    move_to(emulator, 12)
    emulator.create_cache("free", STANDARD)
    noon = now_of(emulator)
    schedule(emulator, ("Everyday", 10, None))
    with fault(emulator, "maintenance", attributes={"notice": "1m"}):
        soon = noon + datetime.timedelta(minutes=1)
        assert announced(emulator) == [soon] == announced(emulator, name="free")
    assert announced(emulator) == []  # called off with the rule


@pytest.mark.parametrize("entries, hour, expected_days, expected_hour", [
    ([("Everyday", 10, "PT5H")], 15, 1, 10),  # today's has just closed
    ([("Everyday", 22, "PT10H")], 1, 0, 1),  # yesterday's is still open
    ([("Weekend", 0, "PT24H"), ("Everyday", 20, "PT5H")], 12, 0, None),
])
def test_which_window_is_next(emulator, cache, entries, hour, expected_days, expected_hour):
    at = move_to(emulator, hour)
    schedule(emulator, *entries)
    with fault(emulator, "maintenance", match={"cache": "planned"}, attributes={"notice": "0s"}):
        start, = announced(emulator)
    if expected_hour is None:
        expected_hour = hour if at.weekday() >= 5 else 20
    assert start == (at + datetime.timedelta(days=expected_days)).replace(hour=expected_hour)


def test_history_is_a_number_of_minutes(emulator, cache):
    for history in ("", "x", "-1"):
        answer = emulator.arm("GET", emulator.cache_path("planned") + f"/listUpgradeNotifications?history={history}")
        assert answer.status == 400 and "history" in answer.json["error"]["message"]

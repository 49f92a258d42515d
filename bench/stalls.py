#!/usr/bin/python3
"""The longest that a client waits while another does something large: bench/stalls.py [WORK ...]

Beside redis-server. One client (longest_wait.c) sends PING after PING; the slowest answer is shown, the one
that a thousandth of them exceeded, and how many of a minute's took more than 3 ms. Each server has a processor of its own. What a shared machine adds shows in
both columns, and in the first row, where nothing happens.
"""
import contextlib
import os
import subprocess
import sys
import time

from side_by_side import COUNT, ROOT, both


@contextlib.contextmanager
def waiting(port):
    """A client that asks all the time; yields what it has found out in the end, as words."""
    found = []
    with subprocess.Popen([ROOT / "build" / "bench" / "bench-longest_wait", str(port)], stdout=subprocess.PIPE) as asking:
        yield found
        asking.terminate()
        found += asking.stdout.read().split()


def batches(client, count, add):
    pipe = client.pipeline(transaction=False)
    for start in range(0, count, 1000):
        add(pipe, range(start, start + 1000))
        pipe.execute()


def delete(fill):
    def work(client):
        batches(client, COUNT, fill)
        return lambda: (client.delete("big"), time.sleep(2))
    return work


def flush(client):
    batches(client, COUNT, lambda pipe, part: pipe.mset({f"key:{i}": i for i in part}))
    return lambda: (client.flushall(), time.sleep(2))


def expire(client):
    at_ms = int(time.time() * 1000) + 60000

    def add(pipe, part):
        for i in part:
            pipe.execute_command("SET", f"key:{i}", i, "PXAT", at_ms)
    batches(client, COUNT, add)
    wait = at_ms / 1000 - time.time() - 1
    assert wait > 0, "filling took longer than the keys live"
    time.sleep(wait)
    return lambda: time.sleep(5)


def grow(client):
    """A hundred keys at a time: others wait for the table, not for a long command."""
    def add(pipe, part):
        for start in range(part.start, part.stop, 100):
            client.mset({f"key:{i:08d}": "v" for i in range(start, start + 100)})
    return lambda: batches(client, 10 * COUNT, add)


WORKS = {
    "nothing happens": lambda client: lambda: time.sleep(5),
    "DEL of a set of a million": delete(lambda pipe, part: pipe.sadd("big", *[f"member:{i:09d}" for i in part])),
    "DEL of a hash of a million": delete(
        lambda pipe, part: pipe.hset("big", mapping={f"field:{i:09d}": i for i in part})),
    "DEL of a sorted set of a million": delete(
        lambda pipe, part: pipe.zadd("big", {f"member:{i:09d}": i for i in part})),
    "DEL of a list of a million": delete(lambda pipe, part: pipe.rpush("big", *[f"element:{i:09d}" for i in part])),
    "FLUSHALL of a million keys": flush,
    "a million keys expire at once": expire,
    "a table grows to ten million keys": grow,
}


def measure(work):
    def longest(process, client):
        os.sched_setaffinity(process.pid, {0})
        act = work(client)
        with waiting(client.connection_pool.connection_kwargs["port"]) as found:
            act()
        return found
    return both(longest)


def main():
    subprocess.run([ROOT / "tools" / "build.sh", "build", "redurite", "bench-longest_wait"], check=True)
    os.sched_setaffinity(0, set(range(1, os.cpu_count())) or {0})
    print("| while | redis-server, ms | Redurite, ms |\n|---|---|---|")
    for name in sys.argv[1:] or WORKS:
        theirs, ours = measure(WORKS[name])
        cells = [f"{int(longest) / 1000:.1f} ({int(thousandth) / 1000:.2f}, {int(above)})" for longest, thousandth, above in
                 (theirs, ours)]
        print(f"| {name} | {cells[0]} | {cells[1]} |", flush=True)


main()

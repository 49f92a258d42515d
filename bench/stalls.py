#!/usr/bin/python3
"""The longest that a client waits while another does something large: bench/stalls.py [WORK ...]

Beside redis-server. One client sends PING after PING; the slowest answer is shown, and the one that a
thousandth of them exceeded. A machine that does something else shows in both columns.
"""
import socket
import sys
import threading
import time

from side_by_side import COUNT, both


class Pinger(threading.Thread):
    """Asks until it is stopped, and remembers how long each answer took."""

    def __init__(self, port):
        super().__init__()
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.took, self.going = [], True

    def run(self):
        while self.going:
            start = time.perf_counter()
            self.socket.sendall(b"PING\r\n")
            self.socket.recv(64)
            self.took.append(time.perf_counter() - start)

    def stop(self):
        self.going = False
        self.join()
        took = sorted(self.took)
        return took[-1] * 1000, took[int(len(took) * 0.999)] * 1000


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
    return lambda: batches(client, 10 * COUNT, lambda pipe, part: pipe.mset({f"key:{i:08d}": "v" for i in part}))


WORKS = {
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
    def longest(_, client):
        act = work(client)
        pinger = Pinger(client.connection_pool.connection_kwargs["port"])
        pinger.start()
        act()
        return pinger.stop()
    return both(longest)


def main():
    print("| while | redis-server, ms | Redurite, ms |\n|---|---|---|")
    for name in sys.argv[1:] or WORKS:
        theirs, ours = measure(WORKS[name])
        print(f"| {name} | {theirs[0]:.1f} ({theirs[1]:.2f}) | {ours[0]:.1f} ({ours[1]:.2f}) |", flush=True)


main()

"""Starts one of two servers, redis-server or the emulator, and does something with each."""
import contextlib
import pathlib
import socket
import subprocess
import tempfile
import time

import redis

COUNT = 1_000_000
ROOT = pathlib.Path(__file__).resolve().parents[1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def commands(port, folder):
    """redis-server's first, then ours: in memory only, on that port."""
    return (["redis-server", "--port", str(port), "--save", "", "--dir", folder],
            [ROOT / "build" / "redurite", "start", "--profile", "redis", "--redis-port", str(port),
             "--redis-tls-port", "off", "--https-port", "0", "--ephemeral", "--data-dir", folder])


@contextlib.contextmanager
def started(command, port):
    """(process, client) of a server that answers; it is stopped in the end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        client = redis.Redis(port=port)
        while True:
            try:
                client.ping()
                break
            except redis.ConnectionError:
                assert process.poll() is None, f"{command[0]} did not start"
                time.sleep(0.05)
        yield process, client
    finally:
        process.terminate()
        process.wait()


def both(measure):
    """measure(process, client) of redis-server and of ours."""
    results = []
    for which in range(2):
        port = free_port()
        with tempfile.TemporaryDirectory() as folder, started(commands(port, folder)[which], port) as server:
            results.append(measure(*server))
    return results

"""What many clients send in the same moment: the emulator is stopped until everything is there."""
import contextlib
import os
import signal
import socket
import ssl

import pytest

from harness.wire import encode


@contextlib.contextmanager
def one_moment(emulator):
    emulator.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, emulator.process.pid, os.WSTOPPED)
    yield
    emulator.process.send_signal(signal.SIGCONT)


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def clients(start_emulator, request):
    """An emulator and 150 clients of it: more than are served in one go."""
    emulator = start_emulator("--profile", "redis")
    return emulator, [emulator.connect(tls=request.param) for _ in range(150)]


def test_each_gets_its_own_answers(clients):
    emulator, wires = clients
    with one_moment(emulator):
        for number, wire in enumerate(wires):
            size = 2000 if number % 3 == 0 else 5  # some are too long to wait for the others
            wire.send(encode("SET", f"key:{number}", f"{number}:".ljust(size, "v")))
            wire.send(encode("GET", f"key:{number}") + encode("INCR", "all"))
    counts = []
    for number, wire in enumerate(wires):
        assert wire.reply() == "OK"
        assert wire.reply().startswith(f"{number}:v")
        counts.append(wire.reply())
    assert sorted(counts) == list(range(1, 151))


def test_what_came_before_the_end_is_done(clients):
    emulator, wires = clients
    with one_moment(emulator):
        for wire in wires:
            wire.send(encode("INCR", "all"))
            if not isinstance(wire.sock, ssl.SSLSocket):  # there both sides say goodbye
                wire.sock.shutdown(socket.SHUT_WR)
    assert sorted(wire.reply() for wire in wires) == list(range(1, 151))


def test_a_client_killed_by_another_does_nothing_more(clients):
    emulator, (killer, victim, witness, *_) = clients
    name = victim.call("CLIENT", "ID")
    killer.call("PING")  # who was served last may come first: epoll looks at it again
    with one_moment(emulator):
        killer.send(encode("CLIENT", "KILL", "ID", name))
        victim.send(encode("SET", "late", "1"))
    assert killer.reply() == 1
    assert victim.closed()
    assert witness.call("EXISTS", "late") == 0


def test_a_message_to_a_client_that_is_to_be_served(clients):
    emulator, (publisher, subscriber, *_) = clients
    subscriber.call("HELLO", "3")
    subscriber.call("SUBSCRIBE", "news")
    with one_moment(emulator):
        subscriber.send(encode("PING", "still here"))
        publisher.send(encode("PUBLISH", "news", "it is raining"))
    assert publisher.reply() == 1
    assert [subscriber.reply(), subscriber.reply()] == ["still here", ["message", "news", "it is raining"]]

"""The transcripts of the redis profile, played to a real redis-server 7.0: its answers are the reference."""
import pathlib
import socket

import pytest

from harness.programs import RedisServer

TRANSCRIPTS = pathlib.Path(__file__).parents[2] / "fixtures" / "redis"
# The others drive the clock, which a real server's does not follow.
NAMES = [f"{name}.transcript" for name in (
    "acl bitmap client cluster config function geo hash hyperloglog keys latency list memory migrate protocol pubsub scripting "
    "server set slow_log sort sorted_set stream string").split()]
END = b"$13\r\nend-of-answer\r\n"


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)

    def ask(self, line):
        """The lines answered, up to the answer of an ECHO behind it."""
        data = b""
        try:
            self.socket.sendall(line.encode() + b"\r\nECHO end-of-answer\r\n")
            while not data.endswith(END):
                part = self.socket.recv(65536)
                if not part:
                    return data.decode().splitlines() + ["closed"]
                data += part
        except ConnectionError:
            return data.decode().splitlines() + ["closed"]
        return data[: -len(END)].decode().splitlines()


def steps(text):
    """(command, expected lines) of the parts in the redis profile."""
    found, active = [], False
    for line in text.splitlines():
        if line.startswith("@ profile"):
            active = line == "@ profile redis"
        elif active and line.startswith("> "):
            found.append((line[2:], []))
        elif active and line and not line.startswith(("#", "@ setting")):
            found[-1][1].append("" if line == "~" else line)
    return found


# Played to a server that is started with these settings, as the transcript's "@ setting" lines give them.
SETTINGS = {"debug.transcript": ("--enable-debug-command", "yes")}


@pytest.mark.parametrize("name", [*NAMES, *SETTINGS])
def test_redis_server_answers_the_same(tmp_path, name):
    server = RedisServer(tmp_path / "redis-server", *SETTINGS.get(name, ()))
    try:
        compare(server, name)
    finally:
        server.stop()


def compare(redis_server, name):
    client = Client(redis_server.port)
    for command, expected in steps((TRANSCRIPTS / name).read_text()):
        answer = client.ask(command)
        assert answer == expected, command
        if answer[-1:] == ["closed"]:
            client = Client(redis_server.port)

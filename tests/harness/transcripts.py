"""Transcripts of fixtures/redis as a client plays them to a server on a port."""
import fnmatch
import socket

from .emulator import ROOT

TRANSCRIPTS = ROOT / "fixtures" / "redis"
END = b"$13\r\nend-of-answer\r\n"
SUBSCRIBED = b"*2\r\n$4\r\npong\r\n"  # what stands before it in the answer of one who listens in RESP2


class Client:
    def __init__(self, port, key=None):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.queuing = False
        if key is not None:
            self.ask(f"AUTH {key}")

    def say(self, line):
        """Of a command that waits: what it is answered comes in front of the next answer."""
        self.socket.sendall(line.encode() + b"\r\n")

    def ask(self, line):
        """The lines answered; "closed" is the last one where the server hangs up."""
        word = line.split()[0].upper()
        try:
            if self.queuing or word == "MULTI":
                self.say(line)
                data = self._reply()
                self.queuing = word not in ("EXEC", "DISCARD")
                return data.decode().splitlines()
            self.say(line + "\r\nPING end-of-answer")
        except ConnectionError:
            return ["closed"]
        data = b""
        while not data.endswith(END):
            try:
                part = self.socket.recv(65536)
            except ConnectionError:
                part = b""
            if not part:
                return data.decode().splitlines() + ["closed"]
            data += part
        return data[: -len(END)].removesuffix(SUBSCRIBED).decode().splitlines()

    def _reply(self):
        """One reply, as it came: in a transaction the ECHO behind it would be queued, too."""
        head = b""
        while not head.endswith(b"\r\n"):
            head += self.socket.recv(1)
        kind, count = head[:1], int(head[1:]) if head[1:2].isdigit() else 0
        if kind in b"$=":
            body = b""
            while head[1:2] != b"-" and len(body) < count + 2:
                body += self.socket.recv(count + 2 - len(body))
            return head + body
        if kind in b"*~>%":
            return head + b"".join(self._reply() for _ in range(count * (2 if kind == b"%" else 1)))
        return head


def parts(text, profile):
    """(client, command, expected lines) of the parts in that profile; a transcript begins in "azure"."""
    found, present, client = [], "azure", "1"
    for line in text.splitlines():
        words = line.split()
        if line.startswith("@ profile"):
            present, client = words[2], "1"
        elif line.startswith("@ client"):
            client = words[2]
        elif present == profile and line.startswith("> "):
            found.append((client, line[2:], []))
        elif present == profile and line and not line.startswith(("#", "@")):
            found[-1][2].append("" if line == "~" else line)
    return found


def fits(answer, expected):
    """Whether these lines are meant; "~ " begins a glob."""
    return len(answer) == len(expected) and all(
        fnmatch.fnmatchcase(got, line[2:]) if line.startswith("~ ") else got == line
        for got, line in zip(answer, expected))


def steps(text, profile):
    return [(command, expected) for _, command, expected in parts(text, profile)]


class Stage:
    """The clients of a transcript; one comes when it first speaks, and again when it was hung up on."""

    def __init__(self, port):
        self.port, self.clients = port, {}

    def ask(self, name, command, waits=False):
        client = self.clients.get(name) or self.clients.setdefault(name, Client(self.port))
        if waits:
            return client.say(command) or []
        answer = client.ask(command)
        if answer[-1:] == ["closed"]:
            del self.clients[name]
        return answer

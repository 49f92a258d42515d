"""Transcripts of fixtures/redis as a client plays them to a server on a port."""
import socket

from .emulator import ROOT

TRANSCRIPTS = ROOT / "fixtures" / "redis"
END = b"$13\r\nend-of-answer\r\n"


class Client:
    def __init__(self, port, key=None):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.queuing = False
        if key is not None:
            self.ask(f"AUTH {key}")

    def ask(self, line):
        """The lines answered; "closed" is the last one where the server hangs up."""
        word = line.split()[0].upper()
        try:
            if self.queuing or word == "MULTI":
                self.socket.sendall(line.encode() + b"\r\n")
                data = self._reply()
                self.queuing = word not in ("EXEC", "DISCARD")
                return data.decode().splitlines()
            self.socket.sendall(line.encode() + b"\r\nECHO end-of-answer\r\n")
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
        return data[: -len(END)].decode().splitlines()

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


def steps(text, profile):
    """(command, expected lines) of the parts in that profile; a transcript begins in "azure"."""
    found, present = [], "azure"
    for line in text.splitlines():
        if line.startswith("@ profile"):
            present = line.split()[2]
        elif present == profile and line.startswith("> "):
            found.append((line[2:], []))
        elif present == profile and line and not line.startswith(("#", "@")):
            found[-1][1].append("" if line == "~" else line)
    return found

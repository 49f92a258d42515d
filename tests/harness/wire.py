"""A Redis connection without a client library's opinions: what was said is what was sent."""


class ErrorReply(str):
    """An error as a value, so that a test compares its words."""


class Closed(Exception):
    """The other side ended the connection."""


def encode(*words):
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


class Wire:
    def __init__(self, sock):
        self.sock = sock
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def _more(self):
        try:
            data = self.sock.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            raise Closed(self.pending)
        self.pending += data

    def _line(self):
        while b"\r\n" not in self.pending:
            self._more()
        line, _, self.pending = self.pending.partition(b"\r\n")
        return line

    def _exactly(self, size):
        while len(self.pending) < size + 2:
            self._more()
        data, end, self.pending = self.pending[:size], self.pending[size:size + 2], self.pending[size + 2:]
        assert end == b"\r\n", (data, end)
        return data

    def reply(self):
        """The next reply of RESP2 or RESP3; texts that are UTF-8 as str."""
        line = self._line()
        kind, rest = line[:1], line[1:].decode(errors="replace")
        if kind == b"-":
            return ErrorReply(rest)
        if kind == b"+":
            return rest
        if kind in b":(":
            return int(rest)
        if kind == b",":
            return float(rest)
        if kind == b"#":
            return rest == "t"
        if kind == b"_":
            return None
        if kind in b"$=":
            if rest == "-1":
                return None
            data = self._exactly(int(rest))
            try:
                return data.decode()
            except UnicodeDecodeError:
                return data
        if kind in b"*~>":
            return None if rest == "-1" else [self.reply() for _ in range(int(rest))]
        if kind == b"%":
            return {self.reply(): self.reply() for _ in range(int(rest))}
        raise AssertionError(f"not a reply: {line!r}")

    def call(self, *words):
        self.send(encode(*words))
        return self.reply()

    def closed(self):
        """Whether the other side ends the connection; what came before it is dropped."""
        try:
            while True:
                self._more()
        except Closed:
            return True
        except TimeoutError:
            return False

    def everything(self):
        """All bytes until the other side ends the connection."""
        try:
            while True:
                self._more()
        except Closed:
            data, self.pending = self.pending, b""
            return data

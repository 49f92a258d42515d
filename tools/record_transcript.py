"""Fills a transcript of the redis profile with the answers of a real redis-server.

python3 tools/record_transcript.py PORT fixtures/redis/list.transcript ...

Every line that begins with "> " is sent to the server at that port, after a FLUSHALL per file; what it answers replaces
what stood there. Comments, "@" lines and the commands stay. The result says what Redis does: read it before you commit it.
"""
import pathlib
import socket
import sys

END = b"$13\r\nend-of-answer\r\n"


def ask(connection, line):
    """The lines answered, up to the answer of an ECHO behind it."""
    connection.sendall(line.encode() + b"\r\nECHO end-of-answer\r\n")
    data = b""
    while not data.endswith(END):
        data += connection.recv(65536)
    return data[: -len(END)].decode().splitlines()


def record(port, path):
    lines = []
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        ask(connection, "FLUSHALL")
        ask(connection, "FUNCTION FLUSH")
        for line in path.read_text().splitlines():
            if line.startswith("> "):
                lines += [line, *(answer or "~" for answer in ask(connection, line[2:]))]
            elif line.startswith(("@", "#")):
                lines.append(line)
    path.write_text("\n".join(lines) + "\n")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    for name in sys.argv[2:]:
        record(int(sys.argv[1]), pathlib.Path(name))


if __name__ == "__main__":
    main()

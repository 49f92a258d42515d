"""A DNS client as small as a test needs: one question over UDP or TCP, the answer taken apart."""
import random
import socket
import struct

TYPES = {"A": 1, "CNAME": 5, "SOA": 6, "TXT": 16, "AAAA": 28, "ANY": 255}
CODES = {0: "NOERROR", 1: "FORMERR", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


def question(name, kind="A", edns=False, identifier=None, klass=1):
    identifier = random.randrange(65536) if identifier is None else identifier
    labels = b"".join(bytes([len(p)]) + p.encode() for p in name.split(".") if p) + b"\0"
    additional = b"\0" + struct.pack(">HHIH", 41, 1232, 0, 0) if edns else b""
    return struct.pack(">HHHHHH", identifier, 0x0100, 1, 0, 0, int(edns)) + labels + \
        struct.pack(">HH", TYPES[kind], klass) + additional


def exchange(port, message, tcp=False, timeout=5):
    if tcp:
        with socket.create_connection(("127.0.0.1", port), timeout) as sock:
            sock.sendall(struct.pack(">H", len(message)) + message)
            stream = sock.makefile("rb")
            size, = struct.unpack(">H", stream.read(2))
            return stream.read(size)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.sendto(message, ("127.0.0.1", port))
        return sock.recv(65535)


def read_name(message, at):
    labels, end = [], None
    while True:
        size = message[at]
        if size >= 0xC0:
            end = end or at + 2
            at = (size & 0x3F) << 8 | message[at + 1]
        elif size == 0:
            return ".".join(labels), end or at + 1
        else:
            labels.append(message[at + 1:at + 1 + size].decode())
            at += 1 + size


def read(message):
    """(code, [(owner, type, data)])"""
    _, flags, questions, answers, _, _ = struct.unpack(">HHHHHH", message[:12])
    at, records = 12, []
    for _ in range(questions):
        at = read_name(message, at)[1] + 4
    for _ in range(answers):
        owner, at = read_name(message, at)
        kind, _, _, size = struct.unpack(">HHIH", message[at:at + 10])
        data = message[at + 10:at + 10 + size]
        if kind == TYPES["CNAME"]:
            value = read_name(message, at + 10)[0]
        elif kind == TYPES["A"]:
            value = socket.inet_ntoa(data)
        else:
            value = data
        records.append((owner, {v: k for k, v in TYPES.items()}[kind], value))
        at += 10 + size
    return CODES[flags & 15], records


def ask(port, name, kind="A", **options):
    return read(exchange(port, question(name, kind), **options))

"""Hostile and broken input on every port: a clear error or a closed connection, bounded memory, and
no effect on anyone else."""
import random
import re
import socket
import ssl

import pytest

from harness.emulator import SANITIZED, wait_until
from harness.wire import Closed, ErrorReply, Wire, encode

MIB = 1024


@pytest.fixture
def watched(shared_emulator):
    """The emulator, with a bystander whose work goes on and memory that stays bounded."""
    emulator = shared_emulator
    bystander = emulator.client()
    before = emulator.memory_kib()
    yield emulator
    assert emulator.running, emulator.log[-4000:]
    assert bystander.call("SET", "bystander", "well") == "OK"
    assert bystander.call("GET", "bystander") == "well"
    assert emulator.admin("GET", "/health")["status"] == "ready"
    if not SANITIZED:  # the sanitizer keeps freed memory on purpose
        assert emulator.memory_kib() - before < 64 * MIB


# What Redis says to each, and then it hangs up.
MALFORMED = {
    "count is not a number": (b"*abc\r\n", "ERR Protocol error: invalid multibulk length"),
    "count too large": (b"*2147483648\r\n", "ERR Protocol error: invalid multibulk length"),
    "count overflows": (b"*99999999999999999999\r\n", "ERR Protocol error: invalid multibulk length"),
    "length is not a number": (b"*1\r\n$abc\r\n", "ERR Protocol error: invalid bulk length"),
    "length negative": (b"*1\r\n$-1\r\n", "ERR Protocol error: invalid bulk length"),
    "length too large": (b"*1\r\n$536870913\r\n", "ERR Protocol error: invalid bulk length"),
    "length overflows": (b"*1\r\n$18446744073709551616\r\n", "ERR Protocol error: invalid bulk length"),
    "no length": (b"*1\r\n:1\r\n", "ERR Protocol error: expected '$', got ':'"),
    "quote without end": (b'SET a "b\r\n', "ERR Protocol error: unbalanced quotes in request"),
    "line without end": (b"A" * 70000, "ERR Protocol error: too big inline request"),
    "count without end": (b"*" + b"1" * 70000, "ERR Protocol error: too big mbulk count string"),
    "length without end": (b"*1\r\n$" + b"1" * 70000, "ERR Protocol error: too big bulk count string"),
}


@pytest.mark.parametrize("case", MALFORMED)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_malformed_command(watched, case, tls):
    data, words = MALFORMED[case]
    wire = watched.client(tls)
    wire.send(data)
    assert wire.reply() == ErrorReply(words)
    assert wire.closed()


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_command_of_a_stranger(watched, case):
    with watched.connect() as wire:
        wire.send(MALFORMED[case][0])
        assert b"-ERR Protocol error" in wire.everything()


def test_stranger_may_not_reserve_memory(watched):
    """Before AUTH Redis allows ten words of 16 KiB."""
    for data in (b"*11\r\n", b"*1\r\n$16385\r\n"):
        with watched.connect() as wire:
            wire.send(data)
            assert b"-ERR Protocol error: unauthenticated" in wire.everything()


def test_announced_length_takes_no_memory(watched):
    before = watched.memory_kib()
    wires = []
    for _ in range(20):
        wires.append(watched.client())
        wires[-1].send(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$536870912\r\nx")
    assert wires[0].sock.fileno() >= 0 and watched.client().call("PING") == "PONG"
    if not SANITIZED:
        assert watched.memory_kib() - before < 32 * MIB
    for wire in wires:
        wire.close()


def test_commands_byte_by_byte(watched):
    wire = watched.client()
    wire.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in encode("SET", "slow", "x\r\n\0y") + encode("GET", "slow"):
        wire.send(bytes([byte]))
    assert wire.reply() == "OK" and wire.reply() == "x\r\n\0y"


def test_half_a_command_and_gone(watched):
    for data in (b"*", b"*2\r\n", b"*2\r\n$3\r\nGET\r\n$5\r\nab", b"GET a", b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$9\r\n"):
        for tls in (False, True):
            wire = watched.client(tls)
            wire.send(data)
            wire.close()


def test_replies_nobody_reads_are_bounded(watched):
    """A client that asks without reading is stopped or cut off, not buffered for without end."""
    wire = watched.client()
    assert wire.call("SET", "big", b"x" * 1000000) == "OK"
    wire.sock.settimeout(0.2)
    try:
        for _ in range(2000):
            wire.send(encode("GET", "big") * 10)
    except OSError:
        pass
    assert watched.client().call("DEL", "big") == 1
    # What the limits allow to wait is more than the bystander's bound; it must go with the client.
    wire.close()
    if not SANITIZED:
        limit = watched.memory_kib
        wait_until(lambda: limit() < 256 * MIB, "the replies to be dropped")


def test_garbage_on_every_port(watched):
    noise = random.Random(6379)
    for port in (watched.port, watched.tls_port, watched.https_port):
        for size in [1, 2, 3, 5, 8, 13, 100, 1000, 20000] * 5:
            sock = socket.create_connection(("127.0.0.1", port), 10)
            try:
                sock.sendall(noise.randbytes(size))
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(65536):
                    pass
            except ConnectionError:
                pass
            finally:
                sock.close()


def test_garbage_inside_tls(watched):
    noise = random.Random(6380)
    for size in (1, 10, 1000, 20000):
        for wire in (watched.connect(tls=True), Wire(watched.connect_https())):
            try:
                wire.send(noise.randbytes(size))
                wire.sock.settimeout(1)
                wire.closed()
            except (ssl.SSLError, ConnectionError):
                pass
            finally:
                wire.close()


def test_wrong_kind_of_connection(watched):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        plain = socket.create_connection(("127.0.0.1", watched.port), 10)
        watched.tls_context().wrap_socket(plain, server_hostname="localhost")
    with Wire(socket.create_connection(("127.0.0.1", watched.tls_port), 10)) as wire:
        wire.send(encode("PING"))
        assert b"PONG" not in wire.everything()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_http_on_a_redis_port(watched, tls):
    """A web page can make a browser POST here; Redis hangs up at the first header."""
    with watched.connect(tls) as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: localhost:6379\r\nContent-Length: 50\r\n\r\nSET stolen 1\r\n")
        wire.everything()
    assert watched.client().call("EXISTS", "stolen") == 0


def test_tls_hello_in_pieces_and_broken(watched):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    hello = watched.tls_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        hello.do_handshake()
    hello = outgoing.read()
    for port in (watched.tls_port, watched.https_port):
        for cut in (1, 5, 6, 50, len(hello) - 1):
            with socket.create_connection(("127.0.0.1", port), 10) as sock:
                sock.sendall(hello[:cut])
        for at in range(0, len(hello), 7):
            broken = hello[:at] + bytes([hello[at] ^ 0xFF]) + hello[at + 1:]
            with socket.create_connection(("127.0.0.1", port), 10) as sock:
                sock.sendall(broken)
                sock.shutdown(socket.SHUT_WR)


def raw_http(emulator, data, tls=False, finish=True):
    """All that the front door answers until it hangs up."""
    if tls:
        wire = Wire(emulator.connect_https("management.azure.com"))
    else:
        wire = Wire(socket.create_connection(("127.0.0.1", emulator.https_port), 20))
    try:
        wire.send(data)
        if finish and not tls:
            wire.sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # refused before all was sent
    try:
        return wire.everything()
    finally:
        wire.close()


INNER = b"GET /_redurite/info HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /_redurite/clock HTTP/1.1\r\nHost: localhost\r\n"
# Requests that two parsers could end at different places. One error, and nothing after it.
SMUGGLING = {
    "both lengths": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + INNER,
    "both lengths, other order": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + INNER,
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 60\r\n\r\n{}" + INNER,
    "length with a list": POST + b"Content-Length: 2, 60\r\n\r\n{}" + INNER,
    "length with a sign": POST + b"Content-Length: +2\r\n\r\n{}" + INNER,
    "length negative": POST + b"Content-Length: -2\r\n\r\n" + INNER,
    "length in hex": POST + b"Content-Length: 0x2\r\n\r\n{}" + INNER,
    "length overflows": POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}" + INNER,
    "coding unknown": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + INNER,
    "coding twice": POST + b"Transfer-Encoding: identity, chunked, identity\r\n\r\n0\r\n\r\n" + INNER,
    "blank before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + INNER,
    "chunk size wrong": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n" + INNER,
    "chunk size overflows": POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n" + INNER,
    "chunk size negative": POST + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n" + INNER,
}


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("case", SMUGGLING)
def test_request_smuggling(watched, case, tls):
    said = raw_http(watched, SMUGGLING[case], tls)
    assert said.startswith(b"HTTP/1.1 4") or said.startswith(b"HTTP/1.1 501") or said == b"", said[:200]
    assert len(re.findall(rb"HTTP/1\.1 \d{3} ", said)) <= 1, said
    assert b'"ports"' not in said


BAD_REQUESTS = {
    "no host": b"GET /_redurite/info HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /_redurite/info HTTP/1.1\r\nHost: localhost\r\nHost: example.com\r\n\r\n",
    "header without colon": b"GET / HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
    "NUL in the target": b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "version": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "method": b"BREW /coffee HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "target too long": b"GET /" + b"a" * 200000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "header too long": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200000 + b"\r\n\r\n",
    "headers too many": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 20000 + b"\r\n",
    "target escapes": b"GET /_redurite/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "path escapes its folder": b"GET /_redurite/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "CONNECT without a port": b"CONNECT management.azure.com HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT to nonsense": b"CONNECT :::::/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT offline": b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
    "absolute form to a stranger": b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "ARM without TLS": b"GET /subscriptions?api-version=2022-12-01 HTTP/1.1\r\nHost: management.azure.com\r\n"
                       b"Connection: close\r\n\r\n",
    "Redis": encode("PING"),
}


@pytest.mark.parametrize("case", BAD_REQUESTS)
def test_bad_request(watched, case):
    said = raw_http(watched, BAD_REQUESTS[case])
    assert said == b"" or said.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5")), said[:200]
    assert len(re.findall(rb"HTTP/1\.1 \d{3} ", said)) <= 1, said


def test_unknown_host_names(watched):
    for host in ("example.com", "evil.management.azure.com.example.com", "a" * 300, "-", "[::1", "localhost\\@x"):
        said = raw_http(watched, b"GET /_redurite/info HTTP/1.1\r\nHost: " + host.encode() + b"\r\nConnection: close\r\n\r\n")
        assert said.startswith((b"HTTP/1.1 4",)), (host, said[:200])


def test_admin_refuses_other_origins(watched):
    answer = watched.request("GET", "/_redurite/info", headers={"Origin": "https://example.com"})
    assert answer.status in (400, 403) and "error" in answer.json
    answer = watched.request("POST", "/_redurite/clock/advance", {"by": "1s"}, {"Origin": "null"})
    assert answer.status in (400, 403)


def test_body_of_100_megabytes(watched):
    before = watched.memory_kib()
    head = (f"PUT /subscriptions/{watched.ready['subscriptionId']}/resourcegroups/g?api-version=2021-04-01 HTTP/1.1\r\n"
            f"Host: management.azure.com\r\nContent-Type: application/json\r\n")
    size = 100 * 1024 * 1024
    announced = head + f"Content-Length: {size}\r\n\r\n"
    said = raw_http(watched, announced.encode() + b" " * size, tls=True)
    assert said.startswith(b"HTTP/1.1 413") or said == b"", said[:200]
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    said = raw_http(watched, head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 100 + b"0\r\n\r\n", tls=True)
    assert said.startswith(b"HTTP/1.1 413") or said == b"", said[:200]
    if not SANITIZED:
        assert watched.memory_kib() - before < 32 * MIB


def test_value_of_100_megabytes(watched):
    wire = watched.client()
    assert wire.call("SET", "large", b"x" * (100 * 1024 * 1024)) == "OK"
    assert wire.call("STRLEN", "large") == 100 * 1024 * 1024
    assert wire.call("DEL", "large") == 1


DEEP = 100000


@pytest.mark.parametrize("body", [b"[" * DEEP, b'{"a":' * DEEP, b'{"location":' + b"[" * DEEP + b"]" * DEEP + b"}",
                                  b'{"location":"\xff\xfe"}', b'{"location":"\xed\xa0\x80"}', b'{"location":"a\0b"}',
                                  b'{"location":"west', b'"', b"nul", b"[]", b"1e999", b'{"location":1}',
                                  b'{"location":"westus2"} trailing', b"\0" * 1000],
                         ids=lambda b: repr(b[:20]))
def test_broken_json(watched, body):
    answer = watched.arm("PUT", "/resourcegroups/broken", body, "2021-04-01")
    assert answer.status == 400, answer
    assert answer.json["error"]["code"] and answer.json["error"]["message"]
    assert watched.arm("GET", "/resourcegroups/broken", version="2021-04-01").status == 404
    answer = watched.request("POST", "/_redurite/clock/advance", body, {"Content-Type": "application/json"})
    assert answer.status == 400 and "error" in answer.json


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30.e30", "." * 5000, "\xff\xfe", "eyJhbGciOiJub25lIn0.e30."])
def test_broken_token(watched, token):
    answer = watched.request("GET", "/subscriptions?api-version=2022-12-01", headers={"Authorization": "Bearer " + token},
                             host="management.azure.com")
    assert answer.status == 401, answer
    assert answer.json["error"]["code"]
    assert "www-authenticate" in answer.headers


def test_broken_token_requests(watched):
    path = f"/{watched.ready['tenantId']}/oauth2/v2.0/token"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for form in ("", "grant_type", "grant_type=nonsense", "%zz=%", "&" * 10000, "grant_type=client_credentials",
                 "grant_type=client_credentials&client_id=\xff&client_secret=%00", "a=b&" * 5000):
        answer = watched.request("POST", path, form.encode("latin-1"), kind, "login.microsoftonline.com")
        assert answer.status in (400, 401), (form[:50], answer)
        assert answer.json["error"] and "AADSTS" in answer.json["error_description"]


def test_hundreds_of_idle_connections(watched):
    socks = [socket.create_connection(("127.0.0.1", port), 10)
             for port in (watched.port, watched.tls_port, watched.https_port) for _ in range(150)]
    assert watched.client().call("PING") == "PONG"
    for sock in socks:
        sock.close()


def test_reset_in_the_middle(watched):
    for tls in (False, True):
        for _ in range(20):
            wire = watched.client(tls)
            wire.send(encode("SET", "reset", "x" * 100000))
            wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            wire.close()
    with pytest.raises(Closed):
        with watched.connect() as wire:
            wire.sock.shutdown(socket.SHUT_WR)
            wire.reply()

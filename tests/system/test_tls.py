"""Certificates, protocol versions, resumption and ALPN, judged by OpenSSL's own command line and library."""
import http.client
import re
import socket
import ssl

import pytest

from harness.emulator import SANITIZED
from harness.programs import find_program, run_program
from harness.wire import Closed, ErrorReply, Wire, encode

AZURE_NAMES = ["localhost", "management.azure.com", "login.microsoftonline.com", "graph.microsoft.com",
               "myvault.vault.azure.net", "app.scm.azurewebsites.net"]


def openssl(*words):
    return run_program(find_program("openssl"), *words)


def served_chain(port, name, directory):
    """The certificates that the server shows for that name, as files."""
    done = openssl("s_client", "-connect", f"127.0.0.1:{port}", "-servername", name, "-showcerts")
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", done.stdout, re.S)
    assert blocks, done.stdout + done.stderr
    files = []
    for number, block in enumerate(blocks):
        files.append(directory / f"{number}.pem")
        files[-1].write_text(block)
    return files


def verify(emulator, port, name, directory):
    leaf, *rest = served_chain(port, name, directory)
    words = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", emulator.ca_file]
    for each in rest:
        words += ["-untrusted", each]
    words += ["-verify_ip" if name[0].isdigit() else "-verify_hostname", name, leaf]
    done = openssl(*words)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", AZURE_NAMES + ["127.0.0.1"])
def test_front_door_certificates_are_strict(shared_emulator, tmp_path, name):
    verify(shared_emulator, shared_emulator.https_port, name, tmp_path)


@pytest.mark.parametrize("name", ["localhost", "devcache.redis.cache.windows.net", "127.0.0.1"])
def test_redis_certificates_are_strict(shared_emulator, tmp_path, name):
    verify(shared_emulator, shared_emulator.tls_port, name, tmp_path)


def test_authority_is_one(shared_emulator):
    text = openssl("x509", "-in", shared_emulator.ca_file, "-noout", "-text").stdout
    assert "CA:TRUE" in text and "Certificate Sign" in text and "X509v3 Subject Key Identifier" in text
    assert "Version: 3" in text


@pytest.mark.parametrize("port", ["tls_port", "https_port"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_version_and_resumption(shared_emulator, port, version):
    context = shared_emulator.tls_context(minimum_version=version, maximum_version=version)

    def visit(session):
        plain = socket.create_connection(("127.0.0.1", getattr(shared_emulator, port)), 10)
        with context.wrap_socket(plain, server_hostname="localhost", session=session) as sock:
            assert sock.version() == ("TLSv1.2" if version == ssl.TLSVersion.TLSv1_2 else "TLSv1.3")
            # In 1.3 the ticket comes after the handshake, before the first answer.
            sock.sendall(encode("PING") if port == "tls_port" else b"GET /_redurite/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert sock.recv(1000)
            return sock.session_reused, sock.session

    reused, session = visit(None)
    assert not reused
    reused, _ = visit(session)
    assert reused


def test_resumption_by_openssl(shared_emulator, tmp_path):
    connect = ("s_client", "-connect", f"127.0.0.1:{shared_emulator.tls_port}", "-servername", "localhost",
               "-CAfile", shared_emulator.ca_file)
    session = tmp_path / "session.pem"
    first = openssl(*connect, "-tls1_2", "-sess_out", session)
    assert "New, " in first.stdout and "Verify return code: 0 (ok)" in first.stdout, first.stdout
    assert "Reused, " in openssl(*connect, "-tls1_2", "-sess_in", session).stdout
    assert openssl(*connect, "-tls1_2", "-reconnect").stdout.count("Reused, ") == 5


def test_resumption_does_not_cross_names(emulator):
    """A ticket of one cache must not let a client into another one's instance."""
    keys = emulator.create_cache("one")
    emulator.create_cache("two")
    context = emulator.tls_context(maximum_version=ssl.TLSVersion.TLSv1_2)

    def visit(name, session=None):
        plain = socket.create_connection(("127.0.0.1", emulator.tls_port), 10)
        return context.wrap_socket(plain, server_hostname=name, session=session)

    first = visit("one.redis.cache.windows.net")
    assert Wire(first).call("AUTH", keys["primaryKey"]) == "OK"
    try:
        second = Wire(visit("two.redis.cache.windows.net", first.session))
        assert isinstance(second.call("AUTH", keys["primaryKey"]), ErrorReply)
    except (ssl.SSLError, Closed):
        pass


def old_client(emulator, version):
    # OpenSSL 3 itself refuses anything older than 1.2 unless told otherwise.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(emulator.ca_file)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_minimum_version_by_name(emulator):
    emulator.create_cache("modern", {"minimumTlsVersion": "1.2"})
    name = "modern.redis.cache.windows.net"
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            emulator.connect(tls=True, name=name, context=old_client(emulator, version))
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        emulator.connect(tls=True, name=name, context=old_client(emulator, version)).close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_minimum_version_by_key(emulator):
    keys = emulator.create_cache("modern", {"minimumTlsVersion": "1.2"})
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        try:
            wire = emulator.connect(tls=True, context=old_client(emulator, version))
            assert isinstance(wire.call("AUTH", keys["primaryKey"]), ErrorReply)
        except (ssl.SSLError, ConnectionError, Closed):
            pass


def test_alpn(shared_emulator):
    for offered, chosen in ((["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1")):
        context = shared_emulator.tls_context()
        context.set_alpn_protocols(offered)
        with shared_emulator.connect_https("management.azure.com", context) as sock:
            assert sock.selected_alpn_protocol() == chosen
    context = shared_emulator.tls_context()
    with shared_emulator.connect_https("management.azure.com", context) as sock:
        assert sock.selected_alpn_protocol() is None


def test_strict_client_of_newer_python(shared_emulator):
    """Python 3.13 checks certificates strictly by default."""
    context = shared_emulator.tls_context()
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    for name in AZURE_NAMES:
        shared_emulator.connect_https(name, context).close()
    assert shared_emulator.connect(tls=True, context=context).call("PING") == ErrorReply("NOAUTH Authentication required.")


def test_certificate_only_for_names_it_serves(shared_emulator):
    with pytest.raises(ssl.SSLError):
        shared_emulator.connect_https("www.example.com")


def test_names_without_end_take_no_memory(emulator):
    """A certificate is made for each name asked for; that many may not be kept."""
    before = emulator.memory_kib()
    context = emulator.tls_context()
    for number in range(2000):
        emulator.connect_https(f"n{number}.vault.azure.net", context).close()
    if not SANITIZED:
        assert emulator.memory_kib() - before < 16 * 1024


def test_through_the_proxy(shared_emulator):
    """CONNECT, then TLS with the target's name: what every SDK does with HTTPS_PROXY."""
    for version in (b"HTTP/1.0", b"HTTP/1.1"):
        plain = socket.create_connection(("127.0.0.1", shared_emulator.https_port), 10)
        plain.sendall(b"CONNECT management.azure.com:443 " + version + b"\r\nHost: management.azure.com:443\r\n\r\n")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += plain.recv(1)
        assert head.startswith(b"HTTP/1.1 200")
        sock = shared_emulator.tls_context().wrap_socket(plain, server_hostname="management.azure.com")
        connection = http.client.HTTPConnection("management.azure.com")
        connection.sock = sock
        for _ in range(3):  # kept alive
            connection.request("GET", "/subscriptions?api-version=2022-12-01")
            answer = connection.getresponse()
            assert answer.status == 401 and b"AuthenticationFailed" in answer.read()
        connection.close()


def test_certificates_are_renewed_as_time_passes(emulator, tmp_path):
    """Years on the emulator's clock: the certificate shown then is valid then."""
    for years in range(1, 6):
        emulator.advance("8760h")
        leaf = served_chain(emulator.tls_port, "localhost", tmp_path)[0]
        seconds = int(emulator.client(tls=False).call("TIME")[0])
        done = openssl("verify", "-attime", seconds, "-CAfile", emulator.ca_file, leaf)
        assert done.returncode == 0, (years, done.stdout + done.stderr)

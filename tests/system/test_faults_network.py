"""Faults on connections and handshakes, beneath Redis and HTTP: the symptoms, and that nothing stays behind."""
import ssl
import threading

import pytest
import redis

from harness.emulator import wait_until
from harness.faults import fault, redis_py, shown
from harness.wire import Closed, encode

PING = b"*1\r\n$4\r\nPING\r\n"


@pytest.fixture
def frozen(start_emulator):
    return start_emulator("--clock", "frozen")


def quiet(wire, seconds=0.05):
    """Nothing comes within that (real) time: only to show what is not there."""
    wire.sock.settimeout(seconds)
    try:
        with pytest.raises(TimeoutError):
            wire._more()
    finally:
        wire.sock.settimeout(20)


def test_latency_in_both_directions(frozen):
    wire = frozen.client()
    for stream in ("downstream", "upstream"):
        with fault(frozen, "latency", "tcp", attributes={"latency": 300, "stream": stream}) as rule:
            wait_until(lambda: shown(frozen, rule)["fired"] >= 1, "the connection")
            wire.send(PING)
            quiet(wire)
            frozen.advance("299ms")
            quiet(wire)
            frozen.advance("1ms")
            assert wire.reply() == "PONG"
    assert wire.call("PING") == "PONG"


def test_what_is_held_passes_in_order_when_the_rule_goes(frozen):
    wire = frozen.client()
    with fault(frozen, "timeout", "tcp", attributes={"stream": "both"}) as rule:
        wait_until(lambda: shown(frozen, rule)["fired"] >= 1, "the connection")
        wire.send(b"".join(encode("ECHO", number) for number in range(1000)))
        quiet(wire)
        assert shown(frozen, rule)["active"]
    assert [wire.reply() for _ in range(1000)] == [str(number) for number in range(1000)]
    assert wire.call("PING") == "PONG"


def test_bandwidth(frozen):
    wire = frozen.client()
    wire.call("SET", "big", "x" * 10000)
    with fault(frozen, "bandwidth", "tcp", attributes={"rate": 1}):
        wire.send(encode("GET", "big"))
        received = 0
        for second in range(1, 10):
            frozen.advance("1s")
            while received < second * 1000 - 60:
                received += len(wire.sock.recv(65536))
            assert received <= second * 1000 + 60
    while received < 10000 + len("$10000\r\n\r\n"):
        received += len(wire.sock.recv(65536))
    assert wire.call("PING") == "PONG"


def test_slicer(start_emulator):
    emulator = start_emulator()
    wire = emulator.client()
    wire.call("SET", "text", "0123456789")
    with fault(emulator, "slicer", "tcp", attributes={"average_size": 3, "size_variation": 1, "delay": 10}):
        assert wire.call("GET", "text") == "0123456789"
        assert redis_py(emulator).get("text") == "0123456789"


def test_limit_data_closes_after_that_many_bytes(frozen):
    with fault(frozen, "limit_data", "tcp", attributes={"bytes": 12}):
        wire = frozen.connect()
        assert wire.call("AUTH", frozen.key) == "OK"  # 5 bytes
        wire.send(PING)
        assert wire.reply() == "PONG"  # the other 7
        with pytest.raises(Closed):
            wire.call("PING")
    assert frozen.client().call("PING") == "PONG"


def test_timeout_and_reset_after_a_while(frozen):
    with fault(frozen, "timeout", "tcp", attributes={"timeout": 1000}):
        wire = frozen.connect()
        wire.send(PING)
        quiet(wire)
        frozen.advance("1s")
        with pytest.raises(Closed):
            wire.reply()
    with fault(frozen, "reset_peer", "tcp", attributes={"timeout": 1000}):
        wire = frozen.connect()
        assert wire.call("PING").startswith("NOAUTH")
        frozen.advance("1s")
        with pytest.raises(ConnectionResetError):
            wire.sock.recv(1)
    with fault(frozen, "reset_peer", "tcp"):
        with pytest.raises(redis.ConnectionError):
            redis_py(frozen).ping()
    assert redis_py(frozen).ping()


def test_slow_close(frozen):
    with fault(frozen, "slow_close", "tcp", attributes={"delay": 5000}):
        wire = frozen.client()
        wire.send(b"*1\r\n$4\r\nQUIT\r\n")
        assert wire.reply() == "OK"
        quiet(wire)
        frozen.advance("5s")
        with pytest.raises(Closed):
            wire.reply()


def test_down_refuses_and_comes_back(frozen):
    held = frozen.client()
    held.call("SET", "a", "kept")
    with fault(frozen, "down", match={"port": frozen.port}):
        with pytest.raises((Closed, ConnectionError)):
            held.call("PING")
        with pytest.raises(redis.ConnectionError, match="Connection refused"):
            redis_py(frozen).ping()
        assert redis_py(frozen, tls=True).ping()  # the other port
        with fault(frozen, "down"):
            with pytest.raises(redis.ConnectionError, match="Connection refused"):
                redis_py(frozen, tls=True).ping()
            assert frozen.admin("GET", "/health")["status"] == "ready"  # the way out is open
    for tls in (False, True):
        wait_until(lambda: redis_py(frozen, tls=tls).ping(), "the port")
    assert redis_py(frozen).get("a") == "kept"
    with fault(frozen, "down", duration="10s"):
        with pytest.raises(redis.ConnectionError):
            redis_py(frozen).ping()
        frozen.advance("10s")
        assert redis_py(frozen).ping()


def test_half_of_the_connections(start_emulator):
    emulator = start_emulator("--clock", "frozen", "--provisioning", "fast")
    with fault(emulator, "reset_peer", "tcp", toxicity=0.5) as rule:
        outcomes = []
        for _ in range(40):
            try:
                outcomes.append(emulator.client().call("PING") == "PONG")
            except (Closed, OSError):
                outcomes.append(False)
        assert 5 < sum(outcomes) < 35 and shown(emulator, rule)["fired"] == 40 - sum(outcomes)
    assert emulator.client().call("PING") == "PONG"


def test_a_fault_of_one_caches_connections(start_emulator):
    emulator = start_emulator("--provisioning", "instant", "--clock", "frozen")
    keys = emulator.create_cache("slowone")
    other = emulator.client(tls=True)
    by_name = emulator.client(tls=True, key=keys["primaryKey"], name="slowone.redis.cache.windows.net")
    by_key = emulator.client(tls=True, key=keys["primaryKey"])
    with fault(emulator, "latency", "tcp", {"cache": "slowone"}, {"latency": 1000}):
        assert other.call("PING") == "PONG"
        for wire in (by_name, by_key):
            wire.send(PING)
            quiet(wire)
        late = emulator.connect(tls=True)
        late.send(encode("AUTH", keys["primaryKey"]))
        quiet(late)
        assert emulator.client(tls=True).call("PING") == "PONG"
        emulator.advance("1s")
        assert by_name.reply() == by_key.reply() == "PONG" and late.reply() == "OK"


def test_the_front_door_by_name_only(frozen):
    with fault(frozen, "reset_peer", "tcp", {"name": "management.azure.com"}):
        with pytest.raises(OSError):
            frozen.request("GET", "/subscriptions", host="management.azure.com")
        assert frozen.request("GET", "/common/discovery/keys", host="login.microsoftonline.com").status == 200
    assert frozen.request("GET", "/subscriptions", host="management.azure.com").status == 401


# Handshakes.

@pytest.mark.parametrize("kind, words", [
    ("expired_certificate", "certificate has expired"), ("future_certificate", "certificate is not yet valid"),
    ("wrong_host", "Hostname mismatch|doesn't match|not valid for"),
    ("unknown_authority", "unable to get local issuer certificate")])
def test_certificates_that_clients_refuse(frozen, kind, words):
    client = redis_py(frozen, tls=True, ssl_check_hostname=True)
    with fault(frozen, kind):
        with pytest.raises(redis.ConnectionError, match=words):
            client.ping()
        with pytest.raises(ssl.SSLCertVerificationError, match=words):
            frozen.request("GET", "/subscriptions", host="management.azure.com")
    assert client.ping()


def test_certificates_by_name(start_emulator):
    emulator = start_emulator("--provisioning", "instant")
    keys = emulator.create_cache("one")
    with fault(emulator, "expired_certificate", match={"cache": "one"}):
        with pytest.raises(ssl.SSLCertVerificationError):
            emulator.client(tls=True, key=keys["primaryKey"], name="one.redis.cache.windows.net")
        assert emulator.client(tls=True).call("PING") == "PONG"
    with fault(emulator, "expired_certificate", match={"name": "login.microsoftonline.com"}):
        assert emulator.request("GET", "/subscriptions", host="management.azure.com").status == 401
        with pytest.raises(ssl.SSLCertVerificationError):
            emulator.request("GET", "/common/discovery/keys", host="login.microsoftonline.com")


def certificate(emulator):
    with emulator.connect(tls=True) as wire:
        return wire.sock.getpeercert(True)


def test_a_renewed_certificate_is_good_but_another(frozen):
    before = certificate(frozen)
    with fault(frozen, "renewed_certificate"):
        assert certificate(frozen) != before
    assert certificate(frozen) == before


def test_weak_protocols_only(frozen):
    client = redis_py(frozen, tls=True)
    with fault(frozen, "weak_protocol"):
        with pytest.raises(redis.ConnectionError, match="protocol|legacy sigalg"):
            client.ping()
        old = frozen.tls_context()
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with frozen.connect_https(context=old) as sock:
            assert sock.version() == "TLSv1.1"
    assert client.ping()


def test_a_stalled_handshake_goes_on_when_the_rule_goes(frozen):
    impatient = redis_py(frozen, tls=True, socket_timeout=0.2, socket_connect_timeout=0.2)
    done = []
    with fault(frozen, "stalled_handshake") as rule:
        with pytest.raises((redis.TimeoutError, redis.ConnectionError)):
            impatient.ping()
        fired = shown(frozen, rule)["fired"]
        worker = threading.Thread(target=lambda: done.append(redis_py(frozen, tls=True).ping()))
        worker.start()
        wait_until(lambda: shown(frozen, rule)["fired"] > fired, "the hello")
        assert not done
    worker.join(10)
    assert done == [True]


def test_rules_come_and_go_under_traffic(start_emulator):
    """Every kind of stream fault, added and removed while clients are at work: no wrong answer, no leak."""
    emulator = start_emulator()
    stop, wrong = threading.Event(), []

    def work(tls):
        number = 0
        while not stop.is_set():
            try:
                client = redis_py(emulator, tls=tls)
                while not stop.is_set():
                    number += 1
                    if client.echo(str(number)) != str(number):
                        wrong.append(number)
            except (redis.RedisError, OSError):
                continue
    workers = [threading.Thread(target=work, args=(tls,)) for tls in (False, True) for _ in range(2)]
    for worker in workers:
        worker.start()
    for turn in range(30):
        for kind, attributes in (("latency", {"latency": 2, "jitter": 2}), ("slicer", {"average_size": 4}),
                                 ("bandwidth", {"rate": 50}), ("limit_data", {"bytes": 100}), ("timeout", {}),
                                 ("slow_close", {"delay": 1}), ("reset_peer", {"timeout": 1}), ("down", {})):
            with fault(emulator, kind, "tcp", attributes=attributes, **({} if turn % 2 else {"times": 3})):
                pass
    stop.set()
    for worker in workers:
        worker.join(20)
    assert not wrong and redis_py(emulator).ping() and redis_py(emulator, tls=True).ping()


def test_names_that_lead_nowhere(frozen):
    def ask():
        return frozen.run("exec", "--", "curl", "-sS", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}",
                          "https://management.azure.com/subscriptions")
    with fault(frozen, "nxdomain", match={"name": "management.*"}):
        done = ask()
        assert done.returncode != 0 and "502" in done.stderr
        assert frozen.request("GET", "/common/discovery/keys", host="login.microsoftonline.com").status == 200
    assert ask().stdout == "401"

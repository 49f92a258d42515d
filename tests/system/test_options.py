"""The command line: options in their three spellings, exit codes, the ready file, signals, commands."""
import contextlib
import json
import os
import signal
import socket
import stat
import subprocess

import pytest
import redis

from harness.emulator import BINARY, clean_environment, run_binary, wait_until
from harness.programs import redis_cli, run_program

FREE_PORTS = ("--redis-port", "0", "--redis-tls-port", "0", "--https-port", "0")


def refused(done, *words, status=(1, 2)):
    """One line on stderr that says what, the exit status, and nothing else."""
    assert done.returncode in (status if isinstance(status, tuple) else (status,)), (done.returncode, done.stderr)
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for word in words:
        assert str(word) in done.stderr, (word, done.stderr)
    assert done.stdout == ""


BAD_VALUES = [
    ("redis-port", "70000"), ("redis-port", "-1"), ("redis-port", "abc"), ("redis-port", ""),
    ("redis-tls-port", "6380x"), ("https-port", "65536"), ("bind", "not-an-address"), ("hostnames", "both"),
    ("provisioning", "slow"), ("provisioning", "-5"), ("polling", "never"), ("clock", "backwards"), ("clock", "-1"),
    ("clock", "0"), ("profile", "valkey"), ("log-level", "loud"), ("log-format", "xml"), ("random-seed", "x"),
]


@pytest.mark.parametrize("option,value", BAD_VALUES, ids=lambda v: v or "empty")
def test_bad_value(tmp_path, option, value):
    common = (*FREE_PORTS, "--data-dir", tmp_path / "data")
    refused(run_binary("start", *common, f"--{option}", value, timeout=20), option, status=2)
    if value:
        key = "".join(part.capitalize() if i else part for i, part in enumerate(option.split("-")))
        file = tmp_path / "config.json"
        file.write_text(json.dumps({key: value}))
        refused(run_binary("start", "--data-dir", tmp_path / "data", "--config", file, timeout=20), key, file.name)
        variable = "REDURITE_" + option.upper().replace("-", "_")
        refused(run_binary("start", "--data-dir", tmp_path / "data", timeout=20,
                           environment=clean_environment(**{variable: value})), variable)
    assert not (tmp_path / "data" / "ready.json").exists()


@pytest.mark.parametrize("words,named", [
    (["start", "--no-such-option"], "--no-such-option"), (["start", "--redis-port"], "--redis-port"),
    (["start", "extra"], "extra"), (["nonsense"], "nonsense"), (["clock", "advance"], "advance"),
    (["clock", "advance", "soon"], "soon"), (["env", "--format", "xml"], "xml"), (["cache", "show"], "show"),
    (["exec"], "exec"), (["state", "save"], "save"), (["help", "nonsense"], "nonsense"),
    (["env", "--mode", "magic"], "magic"), (["start", "-p", "1"], "-p"),
])
def test_bad_usage(words, named):
    refused(run_binary(*words, timeout=20), named, status=2)


@pytest.mark.parametrize("content,named", [
    ('{"redisport": 0, "colour": "red"}', "colour"), ('{"redisPort": }', "config.json"), ("[]", "config.json"),
    ("", "config.json"), ('{"redisPort": {}}', "redisPort"), ('{"redisPort": 0, "hostnamez": "local"}', "hostnames"),
    ("\0\0\0", "config.json"),
])
def test_bad_configuration_file(tmp_path, content, named):
    file = tmp_path / "config.json"
    file.write_text(content)
    refused(run_binary("start", *FREE_PORTS, "--data-dir", tmp_path / "data", "--config", file, timeout=20), named)


def test_unreadable_files_are_named(tmp_path):
    common = ("start", *FREE_PORTS, "--data-dir", tmp_path / "data")
    missing = tmp_path / "missing.json"
    refused(run_binary(*common, "--config", missing, timeout=20), missing)
    refused(run_binary(*common, "--seed", missing, timeout=20), missing)
    refused(run_binary(*common, "--config", tmp_path, timeout=20), tmp_path)
    refused(run_binary(*common, "--ready-file", tmp_path / "no folder" / "ready.json", timeout=20), "no folder")
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    refused(run_binary("start", *FREE_PORTS, "--data-dir", in_the_way, timeout=20), in_the_way)


@pytest.mark.parametrize("option", ["--redis-port", "--redis-tls-port", "--https-port"])
def test_port_in_use(tmp_path, option):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_binary("start", *FREE_PORTS, option, port, "--data-dir", tmp_path / "data",
                          "--ready-file", tmp_path / "ready.json", timeout=20)
    errors = [line for line in done.stderr.splitlines() if str(port) in line]
    assert done.returncode == 1 and errors, done.stderr
    assert not (tmp_path / "ready.json").exists()


def test_command_line_before_environment_before_file(start_emulator, tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"provisioning": "instant", "logLevel": "debug", "noDevcache": True, "clock": "frozen",
                                "redisPort": 0, "redisTlsPort": "0", "httpsPort": 0}))
    environment = clean_environment(REDURITE_CONFIG=file, REDURITE_LOG_LEVEL="error", REDURITE_CLOCK="60")
    emulator = start_emulator("--clock", "real", environment=environment, ports=())
    assert "devcache" not in emulator.ready
    assert emulator.log == "" or "debug" not in emulator.log
    clock = emulator.admin("GET", "/clock")
    assert clock["mode"] == "real" and clock["scale"] == 1


def test_ready_file(start_emulator):
    emulator = start_emulator()
    ready = emulator.ready
    assert set(ready) == {"pid", "version", "ports", "caFile", "tenantId", "subscriptionId", "clientId", "clientSecret",
                          "devcache"}
    assert ready["pid"] == emulator.process.pid
    assert set(ready["ports"]) == {"redis", "redisTls", "https"}
    assert all(isinstance(port, int) and port > 0 for port in ready["ports"].values())
    assert len(set(ready["ports"].values())) == 3
    assert set(ready["devcache"]) == {"hostName", "sslPort", "port", "primaryKey", "secondaryKey", "connectionString"}
    assert ready["devcache"]["connectionString"] == (
        f"{ready['devcache']['hostName']}:{emulator.tls_port},password={emulator.key},ssl=True,abortConnect=False")
    assert os.path.isfile(ready["caFile"])
    for file in emulator.data.rglob("*"):
        if file.is_file() and "PRIVATE KEY" in file.read_text(errors="replace"):
            assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


def test_ports_that_are_off(start_emulator):
    emulator = start_emulator(ports=("--redis-port", "off", "--redis-tls-port", "0", "--https-port", "0"))
    assert emulator.ports.get("redis") in (None, 0)
    assert emulator.client(tls=True).call("PING") == "PONG"
    emulator = start_emulator(ports=("--redis-port", "0", "--redis-tls-port", "off", "--https-port", "off"))
    assert emulator.client().call("PING") == "PONG"


def test_no_devcache(start_emulator):
    emulator = start_emulator("--no-devcache")
    assert "devcache" not in emulator.ready
    assert emulator.admin("GET", "/info")["caches"] == []


def test_loopback_only_unless_asked(start_emulator):
    emulator = start_emulator()
    with pytest.raises(OSError):
        # Another loopback address stands for another interface.
        socket.create_connection(("127.0.0.2", emulator.port), 5)
    emulator = start_emulator("--bind", "0.0.0.0")
    socket.create_connection(("127.0.0.2", emulator.port), 5).close()
    assert "0.0.0.0" in emulator.log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_stop_cleanly(start_emulator, number):
    emulator = start_emulator()
    idle, busy = emulator.connect(), emulator.client()
    busy.call("SET", "a", "b")
    emulator.stop(number)
    assert idle.closed() and busy.closed()


def test_signal_while_starting(tmp_path):
    """At any moment of the start: it ends, and what it wrote can be started from."""
    for delay in (0, 0.001, 0.005, 0.01, 0.02, 0.05):
        process = subprocess.Popen([BINARY, "start", *FREE_PORTS, "--data-dir", tmp_path / "data"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_environment())
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(delay)
        process.terminate()
        assert process.wait(20) in (0, -signal.SIGTERM)


def test_version_and_help():
    assert run_binary("version").stdout.startswith("redurite 0.")
    assert run_binary("--version").stdout == run_binary("version").stdout
    for words in (["help"], ["--help"], ["help", "start"], ["start", "--help"], ["help", "cache"]):
        done = run_binary(*words)
        assert done.returncode == 0 and len(done.stdout) > 100 and done.stderr == "", words
    help_text = run_binary("help", "start").stdout
    for option in ("config", "bind", "redis-port", "redis-tls-port", "https-port", "data-dir", "ephemeral", "hostnames",
                   "provisioning", "polling", "clock", "seed", "profile", "no-devcache", "ready-file",
                   "log-level", "log-format"):
        assert f"--{option}" in help_text
    overview = run_binary("help").stdout
    for command in ("start", "env", "exec", "status", "cache", "clock", "state", "commands", "ca", "hosts", "version"):
        assert command in overview


@pytest.mark.parametrize("words", [["status"], ["env"], ["exec", "--", "true"], ["cache", "list"], ["clock", "show"],
                                   ["state", "reset"]], ids=lambda w: w[0])
def test_no_emulator_is_status_3(words):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        environment = clean_environment(REDURITE_ENDPOINT=f"http://127.0.0.1:{unused.getsockname()[1]}")
        refused(run_binary(*words, environment=environment), status=3)


def test_status(shared_emulator):
    done = shared_emulator.run("status")
    assert done.returncode == 0
    assert "devcache" in done.stdout and str(shared_emulator.https_port) in done.stdout
    status = json.loads(shared_emulator.run("status", "--json").stdout)
    assert str(shared_emulator.port) in json.dumps(status)


def test_cache_commands(shared_emulator):
    run, key = shared_emulator.run, shared_emulator.key
    assert "devcache" in run("cache", "list").stdout
    assert key in run("cache", "show", "devcache").stdout
    stackexchange = run("cache", "connection-string", "devcache").stdout.strip()
    assert stackexchange == shared_emulator.devcache["connectionString"]
    assert run("cache", "connection-string", "devcache", "--client", "stackexchange").stdout.strip() == stackexchange
    url = run("cache", "connection-string", "devcache", "--client", "url").stdout.strip()
    assert url.startswith("rediss://") and f":{shared_emulator.tls_port}" in url
    command = run("cache", "connection-string", "devcache", "--client", "redis-cli").stdout.strip()
    assert command.startswith("redis-cli ")
    assert run_program("sh", "-c", command + " PING").stdout.strip() == "PONG"
    assert key in run("cache", "connection-string", "devcache", "--client", "env").stdout
    refused(run("cache", "show", "nope"), "nope", status=1)
    refused(run("cache", "connection-string", "devcache", "--client", "nope"), "nope", status=2)


def test_url_works_in_a_client(shared_emulator):
    url = shared_emulator.run("cache", "connection-string", "devcache", "--client", "url").stdout.strip()
    assert redis.from_url(url, ssl_ca_certs=shared_emulator.ca_file).ping()


@pytest.mark.parametrize("mode", ["proxy", "cloud"])
def test_env_formats_agree(shared_emulator, mode):
    run = shared_emulator.run
    values = json.loads(run("env", "--format", "json", "--mode", mode).stdout)
    assert values and all(isinstance(value, str) for value in values.values())
    shell = run("env", "--format", "sh", "--mode", mode).stdout
    names = " ".join(f'"${name}"' for name in values)
    said = run_program("sh", "-c", f"{shell}\nprintf '%s\\n' {names}").stdout
    assert said.splitlines() == list(values.values())
    dotenv = run("env", "--format", "dotenv", "--mode", mode).stdout
    powershell = run("env", "--format", "powershell", "--mode", mode).stdout
    for name in values:
        assert f"{name}=" in dotenv and f"$env:{name}" in powershell.replace("$Env:", "$env:")
    assert run("env", "--mode", mode).stdout == shell


def test_ca_and_hosts(shared_emulator):
    run = shared_emulator.run
    path = run("ca", "--path", "--data-dir", shared_emulator.data)
    assert path.stdout.strip() == shared_emulator.ca_file, path.stderr
    assert run("ca", "--data-dir", shared_emulator.data).stdout.startswith("-----BEGIN CERTIFICATE-----")
    hosts = run("hosts").stdout
    for name in ("devcache.redis.cache.windows.net", "management.azure.com"):
        assert any(line.split()[0] == "127.0.0.1" and name in line.split() for line in hosts.splitlines() if line[:1].isdigit())


def test_commands_matrix():
    every = {row["name"]: row for row in json.loads(run_binary("commands", "--json").stdout)}
    assert every["GETEX"]["since"] == "6.2.0"
    of_6 = {row["name"] for row in json.loads(run_binary("commands", "--json", "--redis-version", "6.0").stdout)}
    assert "SET" in of_6 and "GETEX" not in of_6
    assert of_6 - set(every) == {"HOST:", "POST", "STRALGO"}  # gone since, or no commands any more
    assert "| SET | string | 1.0.0 | allowed |" in run_binary("commands").stdout
    refused(run_binary("commands", "--redis-version", "new"), "new", status=2)


def test_clock_commands(start_emulator):
    emulator = start_emulator("--clock", "frozen")
    wire = emulator.client()
    wire.call("SET", "a", "b", "EX", "100")
    assert wire.call("PTTL", "a") == 100000
    assert emulator.run("clock", "advance", "99s").returncode == 0
    assert wire.call("PTTL", "a") == 1000
    assert emulator.run("clock", "advance", "1s").returncode == 0
    assert wire.call("EXISTS", "a") == 0
    assert "frozen" in emulator.run("clock", "show").stdout
    wire.call("SET", "a", "b", "EX", "3600")
    assert emulator.run("clock", "scale", "36000").returncode == 0
    # Ten idle minutes, which end a connection, pass in 17 ms: ask each time on a new one.
    wait_until(lambda: emulator.client().call("EXISTS", "a") == 0, "an hour at ten hours a second")
    assert emulator.run("clock", "freeze").returncode == 0
    wire = emulator.client()
    before = wire.call("TIME")
    assert wire.call("TIME") == before
    refused(emulator.run("clock", "advance", "-5s"), "-5s")
    refused(emulator.run("clock", "scale", "fast"), "fast")


def test_clock_over_http(start_emulator):
    emulator = start_emulator("--clock", "frozen")
    for by, seconds in (("1500ms", 1.5), ("90s", 90), ("20m", 1200), ("36h", 129600), ("2d", 172800)):
        before = emulator.client().call("TIME")
        emulator.advance(by)
        after = emulator.client().call("TIME")
        moved = (int(after[0]) - int(before[0])) + (int(after[1]) - int(before[1])) / 1e6
        assert moved == pytest.approx(seconds, abs=0.001), by
    for body in ({}, {"by": 5}, {"by": ""}, {"by": "5 parsecs"}, {"by": "-1s"}, {"by": "9" * 40 + "s"}, [], {"for": "1s"}):
        answer = emulator.request("POST", "/_redurite/clock/advance", body)
        assert answer.status == 400 and answer.json["error"]["message"], (body, answer)
    assert emulator.request("POST", "/_redurite/clock", {"mode": "sideways"}).status == 400
    assert emulator.request("DELETE", "/_redurite/clock").status == 405


def test_redis_cli_a_second_after_the_start(start_emulator):
    emulator = start_emulator()
    assert redis_cli(emulator, "PING", key=emulator.key) == "PONG"
    assert "WRONGPASS" in redis_cli(emulator, "PING", key="wrong")


def test_logs_hold_no_secret(start_emulator):
    emulator = start_emulator("--log-level", "debug", "--log-format", "json")
    keys = emulator.create_cache("quiet")
    wire = emulator.client(tls=True, key=keys["primaryKey"])
    wire.call("SET", "account", "very secret value")
    wire.call("AUTH", "a wrong password")
    token = emulator.token()
    emulator.stop()
    for line in emulator.log.splitlines():
        json.loads(line)
    for secret in (*keys.values(), emulator.key, emulator.ready["clientSecret"], "very secret value",
                   "a wrong password", token):
        assert secret not in emulator.log


def test_seed_makes_a_run_repeatable(start_emulator):
    runs = [start_emulator("--random-seed", "42", "--clock", "frozen", "--ephemeral").create_cache("same") for _ in range(2)]
    assert runs[0] == runs[1]
    assert start_emulator("--random-seed", "43").create_cache("same") != runs[0]


def test_azure_host_names(start_emulator):
    emulator = start_emulator("--hostnames", "azure", "--provisioning", "instant")
    emulator.create_cache("real")
    properties = emulator.arm("GET", emulator.cache_path("real")).json["properties"]
    assert properties["hostName"] == "real.redis.cache.windows.net"
    assert (properties["port"], properties["sslPort"]) in ((6379, 6380), (emulator.port, emulator.tls_port))

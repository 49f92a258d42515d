"""Which client connects in which way: the cases, how each client runs them, what must come out."""
import json
import sys

from .emulator import ROOT
from .programs import node, redis_cli, run_program

TRANSPORTS = {"plain": None, "TLS 1.2": "TLSv1.2", "TLS 1.3": "TLSv1.3"}
KEYS = ("primary", "secondary", "wrong", "none")


def cases(emulator, transport, protocol):
    keys = {"primary": emulator.devcache["primaryKey"], "secondary": emulator.devcache["secondaryKey"],
            "wrong": "wrong", "none": None}
    for which in KEYS:
        case = {"host": "localhost" if TRANSPORTS[transport] else "127.0.0.1", "protocol": protocol,
                "port": emulator.tls_port if TRANSPORTS[transport] else emulator.port}
        if keys[which]:
            case["key"] = keys[which]
        if TRANSPORTS[transport]:
            case.update(tls=TRANSPORTS[transport], ca=emulator.ca_file)
        yield case


def run_redis_cli(emulator, directory, transport, protocol):
    # redis-cli has no option for the TLS version; OpenSSL's configuration has.
    version = TRANSPORTS[transport]
    environment = dict(emulator.environment)
    if version:
        configuration = directory / "openssl.cnf"
        configuration.write_text("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
                                 f"MinProtocol = {version}\nMaxProtocol = {version}\n")
        environment["OPENSSL_CONF"] = str(configuration)
    for case in cases(emulator, transport, protocol):
        arguments = ["-3"] if protocol == 3 else []
        common = {"tls": bool(version), "key": case.get("key"), "arguments": arguments, "environment": environment}
        said = redis_cli(emulator, "SET", "matrix:redis-cli", "yes", **common)
        if said == "OK":
            yield ["OK", redis_cli(emulator, "GET", "matrix:redis-cli", **common)]
        else:
            yield ["error", said]


def run_redis_py(emulator, transport, protocol, python=sys.executable):
    listed = list(cases(emulator, transport, protocol))
    done = run_program(python, ROOT / "tests/harness/redis_py.py", json.dumps(listed))
    assert done.returncode == 0, done.stderr
    for case, line in zip(listed, done.stdout.splitlines(), strict=True):
        outcome = json.loads(line)
        if outcome[0] == "OK":
            assert outcome.pop() == case.get("tls")
        yield outcome


def run_node(emulator, library, transport, protocol, newest=False):
    listed = list(cases(emulator, transport, protocol))
    return node(ROOT / "tests/system/js/connect.cjs", library, json.dumps(listed), newest=newest)


def check(outcomes):
    """Compares and returns {key: what happened} for the table."""
    row = {}
    for which, outcome in zip(KEYS, outcomes, strict=True):
        row[which] = outcome[0] if outcome[0] == "OK" else outcome[1].split("\n")[0]
        if which in ("primary", "secondary"):
            assert outcome == ["OK", "yes"], (which, outcome)
        else:
            assert outcome[0] == "error", (which, outcome)
            # Some clients drop the code, none the words.
            words = {"wrong": ["invalid username-password pair"],
                     "none": ["uthentication required", "must be called with the client already authenticated"]}[which]
            assert any(each in outcome[1] for each in words), (which, outcome)
    return row


def table(rows):
    """Lines of a table of (client, transport, protocol, {key: outcome})."""
    yield f"{'client':<18}{'transport':<10}{'RESP':<6}" + "".join(f"{key:<34}" for key in KEYS)
    for client, transport, protocol, row in sorted(rows):
        yield f"{client:<18}{transport:<10}{protocol:<6}" + "".join(f"{row[key][:32]:<34}" for key in KEYS)


"""Clients that are programs of their own: az, node, redis-cli, redis-server."""
import json
import os
import pathlib
import shutil
import socket
import subprocess

from .emulator import BINARY, ROOT, clean_environment, wait_until

TOOLS = ROOT / "build" / "tools"


def find_program(name):
    """Where a program is; a missing one is a failure, never a skip."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + f":{TOOLS / 'bin'}:{TOOLS / 'python' / 'bin'}")
    assert path, f"{name} is not installed: tools/install.sh test"
    return path


def run_program(*words, environment=None, timeout=120, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, env=environment or clean_environment(), **options)


class Az:
    """The Azure CLI with a configuration directory of its own, pointed at an emulator.

    mode: "proxy" and "cloud" go through `redurite exec`; "registered" registers a cloud by hand.
    """

    def __init__(self, emulator, directory, mode="proxy", program=None):
        self.emulator, self.mode = emulator, mode
        self.program = str(program or find_program("az"))
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.environment = clean_environment(AZURE_CONFIG_DIR=self.directory, AZURE_CORE_COLLECT_TELEMETRY="no",
                                             AZURE_CORE_NO_COLOR="true", REDURITE_ENDPOINT=emulator.url,
                                             AZURE_CORE_INSTANCE_DISCOVERY="false")
        if mode == "registered":
            self.environment["REQUESTS_CA_BUNDLE"] = emulator.ca_file
            self._register()

    def _register(self):
        url = f"https://localhost:{self.emulator.https_port}"
        self.run("cloud", "register", "-n", "Redurite", "--endpoint-resource-manager", url,
                 "--endpoint-active-directory", url + "/adfs", "--endpoint-active-directory-resource-id", url + "/",
                 "--endpoint-active-directory-graph-resource-id", url + "/")
        self.run("cloud", "set", "-n", "Redurite")

    def words(self, *words):
        command = [self.program, *map(str, words)]
        if self.mode in ("proxy", "cloud"):
            return [str(BINARY), "exec", "--mode", self.mode, "--", *command]
        return command

    def attempt(self, *words, **more):
        """Runs it to its end, whatever that is."""
        return run_program(*self.words(*words), environment={**self.environment, **more})

    def run(self, *words, **more):
        """Runs it, expects success, returns its output: parsed where it is JSON."""
        done = self.attempt(*words, **more)
        assert done.returncode == 0, f"az {' '.join(map(str, words))}\n{done.stdout}{done.stderr}"
        try:
            return json.loads(done.stdout)
        except ValueError:
            return done.stdout.strip()

    def start(self, *words):
        """Starts it without waiting for its end."""
        return subprocess.Popen(self.words(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=self.environment)

    def finish(self, process, by="1m"):
        """Advances the clock until a started command ends, and returns its output."""
        while True:
            try:
                output, errors = process.communicate(timeout=0.5)
                break
            except subprocess.TimeoutExpired:
                self.emulator.advance(by)
        assert process.returncode == 0, output + errors
        return json.loads(output) if output.strip() else None

    def login(self, *more):
        ready = self.emulator.ready
        return self.run("login", "--service-principal", "-u", ready["clientId"], "-p", ready["clientSecret"],
                        "--tenant", ready["tenantId"], *more)


def node(script, *words, newest=False, environment=None):
    """Runs a script with the modules that tools/install.sh put aside; its output is JSON lines."""
    modules = TOOLS / ("newest-node" if newest else "node") / "node_modules"
    assert modules.is_dir(), "the JavaScript clients are not installed: tools/install.sh test clients"
    program = modules / ".bin" / "node" if newest else find_program("node")
    done = run_program(program, script, *words,
                       environment={**(environment or clean_environment()), "NODE_PATH": str(modules)})
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line]


def redis_cli(emulator, *words, tls=False, key=None, arguments=(), environment=None):
    """Runs redis-cli; returns its output, errors of the server included."""
    command = [find_program("redis-cli"), "-h", "127.0.0.1" if not tls else "localhost",
               "-p", emulator.tls_port if tls else emulator.port, *arguments]
    if tls:
        command += ["--tls", "--cacert", emulator.ca_file]
    if key:
        command += ["-a", key, "--no-auth-warning"]
    done = run_program(*command, *words, environment=environment)
    return (done.stdout + done.stderr).strip()


# What Azure renames away of Redis 6.0, in the same way.
AZURE_BLOCKED = ("ACL", "BGREWRITEAOF", "BGSAVE", "CONFIG", "DEBUG", "MIGRATE", "PSYNC", "REPLCONF", "REPLICAOF", "SAVE",
                 "SHUTDOWN", "SLAVEOF", "SYNC")
AZURE_RENAMES = tuple(word for name in AZURE_BLOCKED for word in ("--rename-command", name, ""))


def redis_six():
    """The redis-server 6.0 that tools/install.sh clients builds."""
    path = TOOLS / "redis-six" / "redis-server"
    assert path.exists(), f"{path} is missing: tools/install.sh clients"
    return path


class RedisServer:
    """A real redis-server on a free port, without persistence unless asked."""

    def __init__(self, directory, *options, program=None):
        self.password = dict(zip(options, options[1:])).get("--requirepass")
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        for _ in range(5):  # another process may take the free port first
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
            with open(self.directory / "redis-server.log", "wb") as log:
                self.process = subprocess.Popen(
                    [program or find_program("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                     "--dir", str(self.directory), *options], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            wait_until(lambda: self._answers() or self.process.poll() is not None, "redis-server")
            if self.process.poll() is None:
                return
        raise AssertionError((self.directory / "redis-server.log").read_text())

    def _answers(self):
        try:
            with self.connect() as wire:
                return wire.call("PING") == "PONG"
        except OSError:
            return False

    def connect(self):
        from .wire import Wire
        wire = Wire(socket.create_connection(("127.0.0.1", self.port), 10))
        if self.password:
            wire.call("AUTH", self.password)
        return wire

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

"""The emulator's process as a test sees it: start, ask, advance the clock, stop, judge its end."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("REDURITE", ROOT / "build" / "redurite")).resolve()
SANITIZED = "asan" in BINARY.parent.name
# Nothing below waits a fixed time; this only ends a wait whose condition never comes.
DEADLINE_SECONDS = 30
SANITIZER_REPORT = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|Assertion .* failed")


def clean_environment(**more):
    """The environment without what a developer may have pointed at an emulator of their own."""
    ours = ("REDURITE_", "AZURE_", "ARM_", "MSI_", "IDENTITY_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
            "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_", "NODE_EXTRA_CA_CERTS")
    kept = {k: v for k, v in os.environ.items() if not k.upper().startswith(ours)}
    kept.update({k: str(v) for k, v in more.items()})
    return kept


def wait_until(condition, what, seconds=DEADLINE_SECONDS):
    """Returns the first true value of condition()."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.01)


def run_binary(*words, timeout=60, environment=None, **options):
    """Runs one command of the binary to its end, with captured text output."""
    return subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, env=environment or clean_environment(), **options)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Emulator:
    """One running emulator with a data directory of its own, on ports of its own."""

    def __init__(self, directory, *options, environment=None, ports=("--redis-port", "0", "--redis-tls-port", "0",
                                                                    "--https-port", "0")):
        self.directory = pathlib.Path(directory)
        self.data = self.directory / "data"
        self.ready_file = self.directory / "ready.json"
        self.errors = self.directory / "stderr.log"
        self.options = (*ports, "--data-dir", self.data, "--ready-file", self.ready_file, *options)
        self.environment = environment or clean_environment()
        self.process = None
        self.start()

    def start(self, *more):
        self.ready_file.unlink(missing_ok=True)
        self._token = None
        with open(self.errors, "ab") as errors, open(self.directory / "stdout.log", "ab") as output:
            self.process = subprocess.Popen([BINARY, "start", *map(str, self.options), *map(str, more)],
                                            stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                                            cwd=self.directory, env=self.environment)
        wait_until(lambda: self.ready_file.exists() or self.process.poll() is not None, "the ready file")
        if self.process.poll() is not None:
            raise AssertionError(f"the emulator ended with {self.process.returncode}:\n{self.log}")
        self.ready = json.loads(self.ready_file.read_text())
        self.ports = self.ready["ports"]
        self.port, self.tls_port, self.https_port = (self.ports.get(k) for k in ("redis", "redisTls", "https"))
        self.url = f"http://127.0.0.1:{self.https_port}"
        self.ca_file = self.ready["caFile"]

    @property
    def log(self):
        return self.errors.read_text(errors="replace")

    @property
    def devcache(self):
        return self.ready["devcache"]

    @property
    def key(self):
        return self.devcache["primaryKey"]

    @property
    def running(self):
        return self.process.poll() is None

    def stop(self, how=signal.SIGTERM, status=0):
        """Ends it and judges its end: the exit status, and no report of a sanitizer."""
        if self.process is None:
            return
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(how)
        try:
            ended = process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"still running {DEADLINE_SECONDS} s after {how}:\n{self.log[-4000:]}") from None
        assert not SANITIZER_REPORT.search(self.log), self.log[-8000:]
        if how != signal.SIGKILL:
            assert ended == status, f"exit status {ended}:\n{self.log[-4000:]}"

    def restart(self, *more):
        self.stop()
        self.start(*more)

    def memory_kib(self):
        """Resident memory now; 0 where the system does not tell through /proc."""
        with contextlib.suppress(OSError):
            match = re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())
            return int(match[1])
        return 0

    # The command line.

    def run(self, *words, **options):
        """One command of the binary against this emulator."""
        environment = {**self.environment, "REDURITE_ENDPOINT": self.url}
        return run_binary(*words, environment=environment, **options)

    # HTTP: the admin API, Azure Resource Manager, Entra ID.

    def tls_context(self, **options):
        context = ssl.create_default_context(cafile=self.ca_file)
        for name, value in options.items():
            setattr(context, name, value)
        return context

    def connect_https(self, name="localhost", context=None):
        plain = socket.create_connection(("127.0.0.1", self.https_port), DEADLINE_SECONDS)
        return (context or self.tls_context()).wrap_socket(plain, server_hostname=name)

    def request(self, method, path, body=None, headers=None, host=None):
        """Plain HTTP without host, else TLS with that name in hello and Host header."""
        connection = http.client.HTTPConnection(host or f"127.0.0.1:{self.https_port}", timeout=DEADLINE_SECONDS)
        if host is None:
            connection.sock = socket.create_connection(("127.0.0.1", self.https_port), DEADLINE_SECONDS)
        else:
            connection.sock = self.connect_https(host.split(":")[0])
        # A body follows its head in a packet of its own, which would wait for the other side's late receipt.
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def admin(self, method, path, body=None, status=200):
        answer = self.request(method, "/_redurite" + path, body)
        assert answer.status == status, answer
        return answer.json if answer.body else None

    def advance(self, by):
        self._token = None  # it may be too old by then
        return self.admin("POST", "/clock/advance", {"by": by})

    def token(self, resource="https://management.azure.com"):
        form = urllib.parse.urlencode({
            "grant_type": "client_credentials", "client_id": self.ready["clientId"],
            "client_secret": self.ready["clientSecret"], "scope": resource + "/.default"})
        answer = self.request("POST", f"/{self.ready['tenantId']}/oauth2/v2.0/token", form,
                              {"Content-Type": "application/x-www-form-urlencoded"}, "login.microsoftonline.com")
        assert answer.status == 200, answer
        return answer.json["access_token"]

    def arm(self, method, path, body=None, version="2024-11-01", headers=None):
        """A request to Azure Resource Manager; the path counts from the subscription."""
        if self._token is None:
            self._token = self.token()
        path = f"/subscriptions/{self.ready['subscriptionId']}{path}"
        path += ("&" if "?" in path else "?") + f"api-version={version}"
        return self.request(method, path, body, {"Authorization": "Bearer " + self._token, **(headers or {})},
                            "management.azure.com")

    def cache_path(self, name, group="tests"):
        return f"/resourceGroups/{group}/providers/Microsoft.Cache/redis/{name}"

    def create_cache(self, name, properties=None, group="tests", location="westus2", **more):
        """Creates it through the management API and lets the clock finish it; returns its keys."""
        answer = self.arm("PUT", f"/resourcegroups/{group}", {"location": location}, "2021-04-01")
        assert answer.status in (200, 201), answer
        body = {"location": location,
                "properties": {"sku": {"name": "Standard", "family": "C", "capacity": 0}, **(properties or {})}, **more}
        answer = self.arm("PUT", self.cache_path(name, group), body)
        assert answer.status in (200, 201), answer
        self.advance("30m")
        answer = self.arm("GET", self.cache_path(name, group))
        assert answer.json["properties"]["provisioningState"] == "Succeeded", answer
        answer = self.arm("POST", self.cache_path(name, group) + "/listKeys")
        assert answer.status == 200, answer
        return answer.json

    # Redis.

    def connect(self, tls=False, name="localhost", context=None):
        from .wire import Wire
        plain = socket.create_connection(("127.0.0.1", self.tls_port if tls else self.port), DEADLINE_SECONDS)
        if tls:
            plain = (context or self.tls_context()).wrap_socket(plain, server_hostname=name)
        return Wire(plain)

    def client(self, tls=False, key=None, name="localhost"):
        """Connected and authenticated."""
        wire = self.connect(tls, name)
        assert wire.call("AUTH", key or self.key) == "OK"
        return wire

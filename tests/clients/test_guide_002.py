"""The guide of seed 002, command by command: a container app that cannot open its cache, and what mends it.

Each test begins with the application as the guide finds it or leaves it, and has one of the guide's sections. Commands
stand as the guide has them, its placeholders filled, with the newest az, which takes all of them unchanged; APP is its
--name and --resource-group. The emulator runs no code of apps: the program magictoolbox.py is the app, in the
environment that its container app has.
"""
import json
import re
import ssl
import sys
import urllib.parse

import pytest

from harness.deployments import Group
from harness.emulator import ROOT, Emulator, clean_environment
from harness.magictoolbox_infra import APP as APP_NAME
from harness.magictoolbox_infra import CACHE, ENDPOINT, GROUP, LINK, VARIABLES, ZONE, main
from harness.programs import TOOLS, Az, run_program
from harness.wire import Closed

# A dozen starts of az, on machines that may be busy.
pytestmark = pytest.mark.timeout(900)

NEWEST = TOOLS / "newest-python" / "bin"
PROGRAM = ROOT / "tests" / "clients" / "magictoolbox.py"
APP, IN_GROUP = ("--name", APP_NAME, "--resource-group", GROUP), ("--resource-group", GROUP)
HOST = f"{CACHE}.redis.cache.windows.net"
NETWORK = f"/resourceGroups/{GROUP}/providers/Microsoft.Network"
READY = {"status": 200, "body": {"status": "ready", "checks": {"database": True, "cache": True}}, "failures": []}
SUCCESS = "Redis connection successful - using cache-based sessions"
# The guide's YOUR_REDIS_ACCESS_KEY and YOUR_REDIS_HOST.
URL = "rediss://:{key}@" + HOST + ":6380/0?ssl_cert_reqs=required"


class Guide:
    """The emulator, az, the application's infrastructure, and the application."""

    def __init__(self, directory):
        self.emulator = Emulator(directory, "--clock", "frozen", "--provisioning", "instant", "--offline",
                                 "--hostnames", "azure", "--dns-port", "0")
        self.directory, self.group = directory, Group(self.emulator, GROUP)
        self.az = Az(self.emulator, directory / "azure", program=NEWEST / "az")
        self.az.environment["PYTHONUNBUFFERED"] = "1"  # its output is followed through a pipe
        self.az.login()

    def deploy(self, mended):
        """All of main.bicep: as it was with the guide's issue, or with its solution."""
        self.group.deploy(main(mended), {"environment": "dev"}, name="main", by="1m")

    def keys(self):
        return self.emulator.arm("POST", self.emulator.cache_path(CACHE, GROUP) + "/listKeys").json

    def draw_key(self, with_slash):
        """Every other key of Azure's has a slash in it, with which the guide's URL is none, see below.

        Behind digits only, or nothing, the slash would make another URL of it, with these as its port.
        """
        wanted = r"\d*[^\d/][^/]*/" if with_slash else r"[^/]*$"
        while not re.match(wanted, self.keys()["primaryKey"]):
            self.emulator.arm("POST", self.emulator.cache_path(CACHE, GROUP) + "/regenerateKey", {"keyType": "Primary"})
        return self.keys()["primaryKey"]

    def app(self, method="GET", below=""):
        path = f"/resourceGroups/{GROUP}/providers/Microsoft.App/containerApps/{APP_NAME}"
        answer = self.emulator.arm(method, path + below, version="2024-03-01")
        assert answer.status == 200, answer
        return answer.json if answer.body else None

    def variables(self):
        return self.app()["properties"]["template"]["containers"][0]["env"]

    def run(self, what, python=NEWEST / "python"):
        """Runs the app with its container's environment."""
        secrets = {secret["name"]: secret["value"] for secret in self.app("POST", "/listSecrets")["value"]}
        own = {variable["name"]: secrets[variable["secretRef"]] if "secretRef" in variable else variable["value"]
               for variable in self.variables()}
        environment = clean_environment(
            TEST_DNS=self.emulator.ports["dns"], TEST_PORT=self.emulator.tls_port, SSL_CERT_FILE=self.emulator.ca_file,
            PYTHONPATH=ROOT / "tests", **own)
        done = run_program(python, PROGRAM, what, environment=environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def ready(self):
        """What curl https://YOUR_APP_URL/api/health/readiness/ tells."""
        return self.run("readiness")

    def failure(self):
        """Why it is not ready."""
        answer = self.ready()
        assert answer["status"] == 503 and answer["body"]["checks"] == {"database": True, "cache": False}, answer
        return answer["failures"][0]

    def logged(self):
        """What the app's log tells of REDIS_URL after a new start."""
        revision = self.app()["properties"]["latestRevisionName"]
        self.app("POST", f"/revisions/{revision}/restart")
        path = (f"/subscriptions/{self.emulator.ready['subscriptionId']}/resourceGroups/{GROUP}/containerApps/{APP_NAME}"
                f"/revisions/{revision}/replicas/r/containers/web/logstream?tailLines=100")
        token = self.app("POST", "/getAuthToken")["properties"]["token"]
        log = self.emulator.request("GET", path, headers={"Authorization": "Bearer " + token},
                                    host="westeurope.azurecontainerapps.dev").body.decode()
        latest = log.rpartition(" is starting with ")[2]
        return next(line[line.index("Redis conn"):] for line in latest.splitlines() if "Redis conn" in line)

    def follow(self, text):
        """`logs show --follow`, which never ends by itself, until that is in it; returns what came before, too."""
        process, lines = self.az.start("containerapp", "logs", "show", *APP, "--follow"), []
        try:
            for line in process.stdout:
                lines.append(json.loads(line)["Log"])
                if text in lines[-1]:
                    return lines
            raise AssertionError("\n".join(lines) + process.stderr.read())
        finally:
            process.terminate()
            process.communicate()


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    guide = Guide(tmp_path_factory.mktemp("guide"))
    guide.deploy(mended=False)
    guide.draw_key(with_slash=False)
    yield guide
    guide.emulator.stop()


@pytest.fixture
def broken(walk):
    """As in the guide's Root Cause: the URLs are without the password."""
    walk.draw_key(with_slash=False)
    walk.deploy(mended=False)
    assert walk.failure().startswith("AuthenticationError")
    return walk


@pytest.fixture
def mended(walk):
    walk.draw_key(with_slash=False)
    walk.deploy(mended=True)
    assert walk.ready() == READY
    return walk


def test_option_1_full_redeployment(broken):
    az, infra = broken.az, broken.directory / "infra"
    assert broken.logged() == "Redis connection failed: REDIS_URL: NOAUTH Authentication required."
    infra.mkdir()
    # main.bicep there: this is what its compiler makes of it, which az would download.
    (infra / "main.json").write_text(json.dumps(main()))
    done = az.run("deployment", "group", "create", *IN_GROUP, "--template-file", infra / "main.json",
                  "--parameters", "environment=dev", "--parameters", "useKeyVaultReferences=true")["properties"]
    assert done["provisioningState"] == "Succeeded" and done["outputs"]["redisHostName"]["value"] == HOST
    assert done["parameters"]["useKeyVaultReferences"]["value"] is True
    # The cache of redis.bicep and the endpoint of private-endpoints.bicep.
    cache = broken.emulator.arm("GET", broken.emulator.cache_path(CACHE, GROUP)).json["properties"]
    assert cache["publicNetworkAccess"] == "Disabled" and cache["minimumTlsVersion"] == "1.2"
    assert cache["sslPort"] == 6380 and cache["enableNonSslPort"] is False
    assert cache["redisConfiguration"]["maxmemory-policy"] == "allkeys-lru"
    connection, = cache["privateEndpointConnections"]
    assert connection["properties"]["privateEndpoint"]["id"].endswith(f"/privateEndpoints/{ENDPOINT}")
    record = broken.emulator.arm("GET", f"{NETWORK}/privateDnsZones/{ZONE}/A/{CACHE}", version="2020-06-01").json
    assert record["properties"]["aRecords"] == [{"ipv4Address": "10.0.2.4"}]
    with pytest.raises((Closed, ConnectionError, ssl.SSLError)):  # not from elsewhere, with the right key either
        broken.emulator.client(tls=True, key=broken.keys()["primaryKey"], name=HOST)
    # Verification 3, Secrets and Environment Variables in the portal; the values are in neither.
    shown = broken.app()
    assert shown["properties"]["configuration"]["secrets"] == [{"name": secret} for secret, _ in VARIABLES.values()]
    assert broken.variables() == [{"name": name, "secretRef": secret} for name, (secret, _) in VARIABLES.items()]
    assert broken.keys()["primaryKey"] not in json.dumps(shown)
    assert broken.ready() == READY
    assert broken.logged() == SUCCESS


def test_option_2_update_container_app_only(broken):
    az, key = broken.az, broken.keys()["primaryKey"]
    before = broken.app()["properties"]["latestRevisionName"]
    az.run("containerapp", "secret", "set", *APP, "--secrets", f"redis-url={URL.format(key=key)}")
    assert broken.app("POST", "/listSecrets")["value"] == [{"name": "redis-url", "value": URL.format(key=key)}]
    assert broken.app()["properties"]["latestRevisionName"] == before and broken.failure()
    updated = az.run("containerapp", "update", *APP, "--set-env-vars", "REDIS_URL=secretref:redis-url")
    assert updated["properties"]["latestRevisionName"] != before
    variables = {variable["name"]: variable for variable in broken.variables()}
    assert variables["REDIS_URL"] == {"name": "REDIS_URL", "secretRef": "redis-url"}
    assert variables["CELERY_BROKER_URL"]["value"].startswith("rediss://default@")
    # Verification 1 and 2. The failure is the earlier revision's.
    lines = broken.follow(SUCCESS)
    assert not [line for line in lines[lines.index(SUCCESS):] if "Redis connection failed: REDIS_URL" in line]
    assert key not in "".join(lines)
    assert broken.ready() == READY


def test_celery_has_its_broker_and_results_in_database_1(mended):
    outcome = mended.run("celery", sys.executable)
    assert outcome == {"waiting": 1, "result": 5, "left": 0, "kept": [0, 1]}


def test_connection_timeout(mended):
    """Public access is disabled: without the private endpoint nothing leads to the cache."""
    name = mended.az.run("containerapp", "show", *APP, "--query", "properties.configuration.ingress.fqdn")
    assert name.startswith(f"{APP_NAME}.") and name.endswith(".westeurope.azurecontainerapps.io")
    mended.emulator.arm("DELETE", f"{NETWORK}/privateEndpoints/{ENDPOINT}", version="2023-11-01")
    assert mended.failure() == "ConnectionError: Connection closed by server."
    assert mended.logged().startswith("Redis connection failed: REDIS_URL: Timeout connecting: public network access of "
                                      "the cache is disabled, and it has no private endpoint.")
    mended.deploy(mended=True)
    assert mended.ready() == READY and mended.logged() == SUCCESS


def test_authentication_failed(mended):
    """The key in the secret is no longer the cache's, and a key with a slash is no part of a URL as it is."""
    az, listing = mended.az, ("redis", "list-keys", "--name", CACHE, *IN_GROUP)
    mended.draw_key(with_slash=True)
    assert mended.failure() == "AuthenticationError: invalid username-password pair"
    assert mended.logged().startswith("Redis connection failed: REDIS_URL: WRONGPASS")
    key = az.run(*listing)["primaryKey"]
    assert key == mended.keys()["primaryKey"]
    az.run("containerapp", "secret", "set", *APP, "--secrets", f"redis-url={URL.format(key=key)}")
    assert mended.failure().startswith("ValueError: Port could not be cast to integer")
    assert "a '/' of the access key has to be written as %2F" in mended.logged()
    key = urllib.parse.quote(key, safe="")
    az.run("containerapp", "secret", "set", *APP, "--secrets", f"redis-url={URL.format(key=key)}")
    assert mended.ready() == READY and mended.logged() == SUCCESS


def test_dns_resolution_failed(mended):
    az, listing = mended.az, ("network", "private-dns", "link", "vnet", "list", *IN_GROUP, "--zone-name", ZONE)
    link, = az.run(*listing)
    assert link["name"] == LINK and link["virtualNetworkLinkState"] == "Completed"
    assert link["virtualNetwork"]["id"].endswith("/virtualNetworks/vnet-magictoolbox")
    mended.emulator.arm("DELETE", f"{NETWORK}/privateDnsZones/{ZONE}/virtualNetworkLinks/{LINK}", version="2020-06-01")
    assert az.run(*listing) == []
    # Without the link the name leads to the public address, which is closed.
    assert mended.failure() == "ConnectionError: Connection closed by server."
    assert "Is the private DNS zone linked to the virtual network?" in mended.logged()
    mended.deploy(mended=True)
    assert mended.ready() == READY and mended.logged() == SUCCESS

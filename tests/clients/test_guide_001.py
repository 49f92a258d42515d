"""The Redis guide of an AI calendar assistant (shared/seeds/001), command by command, with the newest az.

Where a command differs from what the guide has, a comment beside it says what the guide typed.
"""
import json
import shlex
import ssl
import subprocess
import urllib.parse

import pytest

from harness.emulator import clean_environment, wait_until
from harness.programs import ROOT, TOOLS, Az, find_program, run_program
from harness.wire import Closed

# Some thirty starts of az, on machines that may be busy.
pytestmark = pytest.mark.timeout(900)

PYTHON = TOOLS / "newest-python" / "bin" / "python"
CACHE, GROUP = "redis-ai-calendar-prod", "rg-ai-calendar"
HOST = CACHE + ".redis.cache.windows.net"
SETTINGS = {"REDIS_CACHE_ENABLED": "true", "CACHE_TTL_USER_INFO": 600, "CACHE_TTL_DEPARTMENTS": 3600,
            "CACHE_TTL_CALENDAR": 180}
# Loopback address of the first private endpoint: docs/networks-and-monitoring.md.
ENDPOINT = "127.0.0.2"


class Guide:
    """The emulator, az in it, and what the guide's reader has noted down so far."""

    def __init__(self, emulator, directory):
        self.emulator = emulator
        self.program = Az(emulator, directory / "azure", "proxy", TOOLS / "newest-python" / "bin" / "az")
        self.program.login()
        self.cache_id = f"/subscriptions/{emulator.ready['subscriptionId']}/resourceGroups/{GROUP}" \
                        f"/providers/Microsoft.Cache/Redis/{CACHE}"
        self.key = None

    def az(self, command):
        return self.program.run(*shlex.split(command))

    def redis_cli(self, address):
        """The words of redis-cli for the cache: its name leads to that address, its TLS port is the emulator's."""
        return [find_program("redis-cli"), "-h", address, "--sni", HOST, "-p", str(self.emulator.tls_port), "-a", self.key,
                "--tls", "--cacert", self.emulator.ca_file]


@pytest.fixture
def guide(start_emulator, tmp_path):
    return Guide(start_emulator("--provisioning", "instant", "--clock", "frozen", "--offline",
                                "--hostnames", "azure"), tmp_path)


def test_the_guide(guide):
    create_the_cache(guide)
    connection_details(guide)
    key_vault(guide)
    managed_identity(guide)
    firewall(guide)
    private_endpoint(guide)
    tuning(guide)
    azure_monitor(guide)
    application(guide)
    connection_testing(guide)
    troubleshooting(guide)


def create_the_cache(guide):
    """1. Create Azure Redis Cache"""
    assert guide.az("group create --name rg-ai-calendar --location eastus")["location"] == "eastus"
    # The guide: --size C1 (now --vm-size) and --enable-non-ssl-port false (now a flag, and false without it).
    made = guide.az("""redis create --name redis-ai-calendar-prod --resource-group rg-ai-calendar --location eastus
                       --sku Standard --vm-size C1 --minimum-tls-version 1.2""")
    assert made["sku"] == {"name": "Standard", "family": "C", "capacity": 1}
    assert (made["enableNonSslPort"], made["minimumTlsVersion"]) == (False, "1.2")


def connection_details(guide):
    """2. Get Redis Connection Details"""
    assert guide.az("redis show --name redis-ai-calendar-prod --resource-group rg-ai-calendar"
                    " --query hostName -o tsv") == HOST
    guide.key = guide.az("redis list-keys --name redis-ai-calendar-prod --resource-group rg-ai-calendar")["primaryKey"]
    with guide.emulator.client(tls=True, key=guide.key, name=HOST) as before:
        assert before.call("PING") == "PONG"


def key_vault(guide):
    """Using Azure Key Vault, 1."""
    # Without --enable-rbac-authorization false the newest az makes a vault that takes no set-policy.
    guide.az("keyvault create --name kv-ai-calendar --resource-group rg-ai-calendar --location eastus"
             " --enable-rbac-authorization false")
    # The vault hands it out again in application().
    url = f"rediss://:{urllib.parse.quote(guide.key, safe='')}@{HOST}:6380"
    guide.az(f'keyvault secret set --vault-name kv-ai-calendar --name redis-connection-string --value "{url}"')


def managed_identity(guide):
    """Using Azure Key Vault, 2."""
    # The guide has its container app already.
    guide.az("containerapp env create --name env --resource-group rg-ai-calendar --location eastus --logs-destination none")
    guide.az("containerapp create --name ai-calendar-app --resource-group rg-ai-calendar --environment env --image nginx")
    # The guide: no --system-assigned. The newest az then assigns nothing, and says so with the type None.
    who = guide.az("containerapp identity assign --name ai-calendar-app --resource-group rg-ai-calendar"
                   " --system-assigned")["principalId"]
    changed = guide.az(f"keyvault set-policy --name kv-ai-calendar --object-id {who} --secret-permissions get")
    assert {p["objectId"]: p["permissions"]["secrets"] for p in changed["properties"]["accessPolicies"]}[who] == ["get"]


def firewall(guide):
    """Network Security, 1."""
    emulator = guide.emulator
    witness = emulator.client(tls=True, key=guide.key, name=HOST)
    # The guide: firewall-rule, with --name for the rule and --cache-name for the cache.
    rule = guide.az("""redis firewall-rules create --rule-name allow-container-app --resource-group rg-ai-calendar
                       --name redis-ai-calendar-prod --start-ip 10.0.0.0 --end-ip 10.0.255.255""")
    assert (rule["startIp"], rule["endIp"]) == ("10.0.0.0", "10.0.255.255")
    with pytest.raises((Closed, ConnectionError, ssl.SSLError)):
        witness.call("PING")
    with pytest.raises((Closed, ConnectionError, ssl.SSLError)):
        emulator.client(tls=True, key=guide.key, name=HOST)
    refused = run_program(*guide.redis_cli("127.0.0.1"), "ping")
    assert "PONG" not in refused.stdout and "closed" in (refused.stdout + refused.stderr).lower()


def private_endpoint(guide):
    """Network Security, 2."""
    # The guide has its network already.
    guide.az("network vnet create --name vnet-ai-calendar --resource-group rg-ai-calendar --address-prefixes 10.0.0.0/16"
             " --subnet-name snet-redis --subnet-prefixes 10.0.1.0/24")
    made = guide.az(f"""network private-endpoint create --name pe-redis-ai-calendar --resource-group rg-ai-calendar
                        --vnet-name vnet-ai-calendar --subnet snet-redis
                        --private-connection-resource-id {guide.cache_id} --connection-name redis-connection""")
    state = made["privateLinkServiceConnections"][0]["privateLinkServiceConnectionState"]
    assert (made["provisioningState"], state["status"]) == ("Succeeded", "Approved")
    # Who comes through it is asked for no firewall rule.
    assert run_program(*guide.redis_cli(ENDPOINT), "ping").stdout.strip() == "PONG"


def tuning(guide):
    """Redis Configuration Tuning"""
    # The guide: day_of_week=Sunday start_hour_utc=2 maintenance_window=PT5H; az reads JSON.
    made = guide.az("""redis patch-schedule create --name redis-ai-calendar-prod --resource-group rg-ai-calendar
                       --schedule-entries '[{"dayOfWeek":"Sunday","startHourUtc":"2","maintenanceWindow":"PT5H"}]'""")
    entry, = guide.az("redis patch-schedule show --name redis-ai-calendar-prod --resource-group rg-ai-calendar"
                      " --query scheduleEntries")
    assert made["scheduleEntries"] == [entry]
    assert (entry["dayOfWeek"], entry["startHourUtc"], entry["maintenanceWindow"]) in (
        ("Sunday", 2, "PT5H"), ("Sunday", 2, "5:00:00"))
    # az's --set splits the path at dots, so the dash needs no quoting.
    guide.az("redis update --name redis-ai-calendar-prod --resource-group rg-ai-calendar"
             " --set redisConfiguration.maxmemory-policy=allkeys-lru")
    memory = run_program(*guide.redis_cli(ENDPOINT), "info", "memory").stdout
    assert "maxmemory_policy:allkeys-lru" in memory.split()


def azure_monitor(guide):
    """Monitoring and Alerting, 1."""
    group = guide.az("monitor action-group create --name ag-redis-alerts --resource-group rg-ai-calendar"
                     " --short-name redis-alert")
    guide.az(f"""monitor metrics alert create --name "Redis High Memory Usage" --resource-group rg-ai-calendar
                 --scopes {guide.cache_id} --condition "avg usedmemorypercentage > 80" --action ag-redis-alerts""")
    rule = guide.az('monitor metrics alert show --name "Redis High Memory Usage" --resource-group rg-ai-calendar')
    assert (rule["name"], rule["enabled"], rule["scopes"]) == ("Redis High Memory Usage", True, [guide.cache_id])
    assert [action["actionGroupId"].lower() for action in rule["actions"]] == [group["id"].lower()]
    condition, = rule["criteria"]["allOf"]
    assert (condition["metricName"], condition["operator"], condition["threshold"], condition["timeAggregation"]) == (
        "usedmemorypercentage", "GreaterThan", 80.0, "Average")


def application(guide):
    """Environment variables, connection pool, cache strategies, performance testing and clean-up."""
    url = guide.az("keyvault secret show --vault-name kv-ai-calendar --name redis-connection-string --query value -o tsv")
    environment = clean_environment(**SETTINGS, REDIS_URL=url.replace(":6380", f":{guide.emulator.tls_port}"),
                                    SSL_CERT_FILE=guide.emulator.ca_file)
    done = run_program(PYTHON, ROOT / "tests" / "clients" / "guide_001.py", ENDPOINT,
                       environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == {
        "ping": True,
        "users": [True, 100, 1],  # the directory was asked once for two calls
        "ttl": [600, 3600, 180],
        "invalidated": [2, 0],
        "cleaned": [True], "again": [], "after": [3600, -1],
        # GET 1, TTL 3 and 2, twice the clean-up's 4; GET 3 and EXISTS 3.
        "hits": [14, 6],
        "policy": "allkeys-lru",
        "together": "20",
    }


def connection_testing(guide):
    """Redis Connection Testing"""
    words = guide.redis_cli(ENDPOINT)
    assert run_program(*words, "ping").stdout.strip() == "PONG"
    with subprocess.Popen([*words, "monitor"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, env=clean_environment()) as monitor:
        try:
            assert monitor.stdout.readline() == "OK\n"
            assert run_program(*words, "get", "graph:get_all_departments").stdout.strip() == '["Sales", "Legal"]'
            line = next(line for line in monitor.stdout if '"get"' in line)
            assert " [0 127.0.0." in line
            assert line.rstrip().endswith('"get" "graph:get_all_departments"')
        finally:
            monitor.kill()


def troubleshooting(guide):
    """Connection timeouts, memory, and the time that keys have left"""
    assert guide.az("redis show --name redis-ai-calendar-prod --resource-group rg-ai-calendar"
                    " --query provisioningState") == "Succeeded"
    # The guide: firewall-rule list.
    rule, = guide.az("redis firewall-rules list --name redis-ai-calendar-prod --resource-group rg-ai-calendar")
    assert rule["name"].endswith("allow-container-app")

    guide.emulator.advance("20s")  # a metric has a sample every ten seconds
    shown = guide.az(f"monitor metrics list --resource {guide.cache_id} --metric usedmemorypercentage")
    assert shown["value"][0]["name"]["value"] == "usedmemorypercentage"
    points = [point for series in shown["value"][0]["timeseries"] for point in series["data"]]
    assert [value for point in points for name, value in point.items() if name != "timeStamp" and value is not None]

    # The guide: --size C2.
    guide.az("redis update --name redis-ai-calendar-prod --resource-group rg-ai-calendar --sku Standard --vm-size C2")
    state = f"redis show --name {CACHE} --resource-group {GROUP} --query '[provisioningState, sku.capacity]'"
    wait_until(lambda: guide.az(state) == ["Succeeded", 2], "the larger size")
    words = guide.redis_cli(ENDPOINT)
    left = int(run_program(*words, "ttl", "graph:get_all_departments").stdout)
    assert 3500 < left <= 3580
    guide.emulator.advance("10m")
    assert run_program(*words, "keys", "graph:get_calendar*").stdout.strip() == ""

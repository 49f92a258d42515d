"""The newest Azure CLI: networks, monitoring, storage and identities, as guides have it typed."""
import pytest

from harness.programs import TOOLS, Az
from harness.webhook import receiver

# A dozen starts of az each, on machines that may be busy.
pytestmark = pytest.mark.timeout(900)

PROGRAM = TOOLS / "newest-python" / "bin" / "az"
GROUP, CACHE = "rg-ai-calendar", "redis-ai-calendar-prod"
IN_GROUP = ("--resource-group", GROUP)
ZONE = "privatelink.redis.cache.windows.net"


@pytest.fixture
def az(start_emulator, tmp_path):
    emulator = start_emulator("--provisioning", "instant", "--offline", "--clock", "frozen")
    az = Az(emulator, tmp_path / "azure", "proxy", PROGRAM)
    az.login()
    emulator.create_cache(CACHE, {"sku": {"name": "Premium", "family": "P", "capacity": 1}}, group=GROUP,
                          location="eastus")
    return az


def cache_id(az):
    return f"/subscriptions/{az.emulator.ready['subscriptionId']}{az.emulator.cache_path(CACHE, GROUP)}"


def test_a_private_endpoint_with_its_zone(az):
    az.run("network", "vnet", "create", "-n", "vnet-ai-calendar", *IN_GROUP, "--address-prefixes", "10.0.0.0/16",
           "--subnet-name", "snet-redis", "--subnet-prefixes", "10.0.1.0/24")
    made = az.run("network", "private-endpoint", "create", "--name", "pe-redis-ai-calendar", *IN_GROUP,
                  "--vnet-name", "vnet-ai-calendar", "--subnet", "snet-redis",
                  "--private-connection-resource-id", cache_id(az), "--connection-name", "redis-connection")
    assert made["provisioningState"] == "Succeeded"
    assert made["customDnsConfigs"][0]["ipAddresses"] == ["10.0.1.4"]
    connection, = az.run("network", "private-endpoint-connection", "list", "--id", cache_id(az))
    assert connection["properties"]["privateLinkServiceConnectionState"]["status"] == "Approved"
    az.run("network", "private-dns", "zone", "create", *IN_GROUP, "-n", ZONE)
    assert az.run("network", "private-dns", "link", "vnet", "list", *IN_GROUP, "--zone-name", ZONE) == []
    az.run("network", "private-dns", "link", "vnet", "create", *IN_GROUP, "-n", "link", "--zone-name", ZONE,
           "--virtual-network", "vnet-ai-calendar", "--registration-enabled", "false")
    link, = az.run("network", "private-dns", "link", "vnet", "list", *IN_GROUP, "--zone-name", ZONE)
    assert link["virtualNetworkLinkState"] == "Completed"
    az.run("network", "private-endpoint", "dns-zone-group", "create", *IN_GROUP, "--endpoint-name",
           "pe-redis-ai-calendar", "-n", "default", "--private-dns-zone", ZONE, "--zone-name", "redis")
    record, = az.run("network", "private-dns", "record-set", "a", "list", *IN_GROUP, "--zone-name", ZONE)
    assert record["aRecords"] == [{"ipv4Address": "10.0.1.4"}]
    az.run("redis", "update", "--name", CACHE, *IN_GROUP, "--set", "publicNetworkAccess=Disabled")
    assert f"127.0.0.2 {CACHE}.redis.cache.windows.net" in az.emulator.run("hosts").stdout
    refused = az.attempt("network", "vnet", "delete", "-n", "vnet-ai-calendar", *IN_GROUP)
    assert refused.returncode == 1 and "InUseSubnetCannotBeDeleted" in refused.stderr
    az.run("network", "private-endpoint", "delete", "-n", "pe-redis-ai-calendar", *IN_GROUP)
    az.run("network", "vnet", "delete", "-n", "vnet-ai-calendar", *IN_GROUP)


def test_an_alert_by_the_guide(az):
    with receiver() as (url, messages):
        az.run("monitor", "action-group", "create", "--name", "ag-redis-alerts", *IN_GROUP, "--short-name",
               "redis-alert", "--action", "webhook", "hook", url, "usecommonalertschema")
        made = az.run("monitor", "metrics", "alert", "create", "--name", "Redis High Memory Usage", *IN_GROUP,
                      "--scopes", cache_id(az), "--condition", "avg usedmemorypercentage > 80",
                      "--action", "ag-redis-alerts")
        assert made["enabled"] is True and made["windowSize"] in ("PT5M", "0:05:00")
        az.run("monitor", "metrics", "alert", "create", "--name", "any key", *IN_GROUP, "--scopes", cache_id(az),
               "--condition", "max totalkeys > 0", "--action", "ag-redis-alerts", "--evaluation-frequency", "1m",
               "--window-size", "1m")
        key = az.run("redis", "list-keys", "--name", CACHE, *IN_GROUP, "--query", "primaryKey", "-o", "tsv")
        az.emulator.client(tls=True, key=key).call("SET", "a", "1")
        az.emulator.advance("6m")
        alerts = az.run("rest", "--url", "/subscriptions/{subscriptionId}/providers/Microsoft.AlertsManagement/alerts"
                                         "?api-version=2019-05-05-preview")["value"]
        assert [a["name"] for a in alerts] == ["any key"]
    assert messages[0]["data"]["essentials"]["alertRule"] == "any key"
    # Without times az asks for the last hour of this machine's clock.
    now = az.emulator.admin("GET", "/clock")["now"]
    shown = az.run("monitor", "metrics", "list", "--resource", cache_id(az), "--metric", "totalkeys",
                   "--end-time", now, "--offset", "30m")
    points = [p["maximum"] for p in shown["value"][0]["timeseries"][0]["data"] if p.get("maximum") is not None]
    assert max(points) == 1
    names = [d["name"]["value"] for d in az.run("monitor", "metrics", "list-definitions", "--resource", cache_id(az))]
    assert "usedmemorypercentage" in names


def test_where_logs_go_and_what_holds_data(az):
    az.run("monitor", "log-analytics", "workspace", "create", *IN_GROUP, "-n", "logs-1", "-l", "eastus")
    az.run("monitor", "diagnostic-settings", "create", "--name", "all", "--resource", cache_id(az), *IN_GROUP,
           "--workspace", "logs-1", "--logs", '[{"category":"ConnectedClientList","enabled":true}]',
           "--metrics", '[{"category":"AllMetrics","enabled":true}]')
    listed = az.run("monitor", "diagnostic-settings", "list", "--resource", cache_id(az))
    assert [s["name"] for s in listed] == ["all"]
    az.run("storage", "account", "create", "-n", "stcalendar1", *IN_GROUP, "-l", "eastus", "--sku", "Standard_LRS")
    keys = az.run("storage", "account", "keys", "list", "-n", "stcalendar1", *IN_GROUP)
    connection = az.run("storage", "account", "show-connection-string", "-n", "stcalendar1", *IN_GROUP)
    assert keys[0]["value"] in connection["connectionString"] and "AccountName=stcalendar1" in str(connection)
    identity = az.run("identity", "create", "-n", "id-calendar", *IN_GROUP, "-l", "eastus")
    assert len(identity["principalId"]) == len(identity["clientId"]) == 36

"""The newest management SDKs from PyPI, each against its part of the management API."""
import json
import textwrap

import pytest

from harness.emulator import clean_environment
from harness.programs import TOOLS, run_program

PREAMBLE = textwrap.dedent("""
    import json, os, sys
    from azure.identity import ClientSecretCredential
    ready = json.load(open(os.environ["READY"]))
    subscription = ready["subscriptionId"]
    authority = f"https://localhost:{ready['ports']['https']}"
    credential = ClientSecretCredential(ready["tenantId"], ready["clientId"], ready["clientSecret"],
                                        authority=authority, disable_instance_discovery=True)
    options = dict(base_url=authority, credential_scopes=["https://management.azure.com/.default"],
                   polling_interval=0.05, connection_verify=ready["caFile"])
    group = "sdk"
    from azure.mgmt.resource import ResourceManagementClient
    ResourceManagementClient(credential, subscription, **options).resource_groups.create_or_update(
        group, {"location": "westus2"})
    result = {}
""")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    from harness.emulator import Emulator
    emulator = Emulator(tmp_path_factory.mktemp("emulator"), "--provisioning", "instant", "--offline",
                        "--enterprise-port", "0")
    yield emulator
    emulator.stop()


def play(emulator, program):
    """Runs it with the newest SDKs; what it leaves in `result` comes back."""
    environment = clean_environment(READY=emulator.ready_file, SSL_CERT_FILE=emulator.ca_file,
                                    REQUESTS_CA_BUNDLE=emulator.ca_file)
    done = run_program(TOOLS / "newest-python" / "bin" / "python", "-c",
                       PREAMBLE + textwrap.dedent(program) + "\nprint(json.dumps(result))", environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_redis_with_its_children(emulator):
    result = play(emulator, """
        from azure.mgmt.redis import RedisManagementClient
        client = RedisManagementClient(credential, subscription, **options)
        cache = client.redis.begin_create(group, "sdkcache", {
            "location": "westus2", "properties": {"sku": {"name": "Premium", "family": "P", "capacity": 1}}}).result()
        rule = client.firewall_rules.create_or_update(
            group, "sdkcache", "office", {"properties": {"startIP": "10.0.0.1", "endIP": "10.0.0.9"}})
        schedule = client.patch_schedules.create_or_update(group, "sdkcache", "default", {"properties": {
            "scheduleEntries": [{"dayOfWeek": "Sunday", "startHourUtc": 2}]}})
        policy = client.access_policy.begin_create_update(
            group, "sdkcache", "readers", {"properties": {"permissions": "+get"}}).result()
        assignment = client.access_policy_assignment.begin_create_update(group, "sdkcache", "ada1", {"properties": {
            "objectId": "00000000-0000-4000-8000-00000000ada1", "objectIdAlias": "ada",
            "accessPolicyName": "readers"}}).result()
        result["state"] = cache.provisioning_state
        result["rule"] = [r.end_ip for r in client.firewall_rules.list(group, "sdkcache")]
        result["schedule"] = schedule.schedule_entries[0].day_of_week
        result["policies"] = [p.name for p in client.access_policy.list(group, "sdkcache")]
        result["assigned"] = assignment.access_policy_name
        result["keys"] = len(client.redis.list_keys(group, "sdkcache").primary_key)
        client.redis.begin_delete(group, "sdkcache").result()
        result["left"] = [c.name for c in client.redis.list_by_resource_group(group)]
    """)
    assert result == {"state": "Succeeded", "rule": ["10.0.0.9"], "schedule": "Sunday", "assigned": "readers",
                      "policies": ["Data Owner", "Data Contributor", "Data Reader", "readers"], "keys": 44, "left": []}


def test_managed_redis(emulator):
    result = play(emulator, """
        from azure.mgmt.redisenterprise import RedisEnterpriseManagementClient
        client = RedisEnterpriseManagementClient(credential, subscription, **options)
        cluster = client.redis_enterprise.begin_create(
            group, "sdkmanaged", {"location": "westeurope", "sku": {"name": "Balanced_B1"},
                                  "properties": {"publicNetworkAccess": "Enabled"}}).result()
        database = client.databases.begin_create(group, "sdkmanaged", "default", {"properties": {
            "accessKeysAuthentication": "Enabled", "clusteringPolicy": "EnterpriseCluster"}}).result()
        keys = client.databases.list_keys(group, "sdkmanaged", "default")
        result["running"] = [cluster.resource_state, database.resource_state]
        result["port"], result["key"] = database.port, keys.primary_key
        result["skus"] = [s.name for s in client.redis_enterprise.list_skus_for_scaling(group, "sdkmanaged").skus][:2]
        import redis
        connection = redis.Redis(port=database.port, password=keys.primary_key, ssl=True,
                                 ssl_ca_certs=ready["caFile"], protocol=3)
        result["set"] = connection.set("a", "1")
        client.redis_enterprise.begin_delete(group, "sdkmanaged").result()
    """)
    assert result["running"] == ["Running", "Running"] and result["set"] is True
    assert result["skus"] == ["Balanced_B1", "Balanced_B3"] and len(result["key"]) == 44


def test_a_secret_in_a_vault(emulator):
    result = play(emulator, """
        from azure.mgmt.keyvault import KeyVaultManagementClient
        client = KeyVaultManagementClient(credential, subscription, **options)
        vault = client.vaults.begin_create_or_update(group, "sdkvault", {
            "location": "westus2", "properties": {"tenantId": ready["tenantId"],
                                                  "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}})
        result["name"] = vault.result().name
        result["state"] = client.vaults.get(group, "sdkvault").properties.provisioning_state
    """)
    assert result == {"name": "sdkvault", "state": "Succeeded"}


def test_a_network_with_a_private_endpoint(emulator):
    result = play(emulator, """
        from azure.mgmt.network import NetworkManagementClient
        from azure.mgmt.redis import RedisManagementClient
        redis = RedisManagementClient(credential, subscription, **options)
        cache = redis.redis.begin_create(group, "sdkprivate", {
            "location": "westus2", "properties": {"sku": {"name": "Standard", "family": "C", "capacity": 1}}}).result()
        client = NetworkManagementClient(credential, subscription, **options)
        client.virtual_networks.begin_create_or_update(group, "v", {"location": "westus2", "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "s", "properties": {"addressPrefix": "10.0.0.0/24"}}]}}).result()
        subnet = client.subnets.get(group, "v", "s")
        endpoint = client.private_endpoints.begin_create_or_update(group, "pe", {
            "location": "westus2", "properties": {"subnet": {"id": subnet.id}, "privateLinkServiceConnections": [
                {"name": "c", "properties": {"privateLinkServiceId": cache.id,
                                             "groupIds": ["redisCache"]}}]}}).result()
        result["state"] = endpoint.provisioning_state
        result["connections"] = [c.private_link_service_connection_state.status
                                 for c in redis.private_endpoint_connections.list(group, "sdkprivate")]
    """)
    assert result == {"state": "Succeeded", "connections": ["Approved"]}


def test_metrics_of_a_cache(emulator):
    result = play(emulator, """
        from azure.mgmt.monitor import MonitorManagementClient
        client = MonitorManagementClient(credential, subscription, **options)
        devcache = f"/subscriptions/{subscription}/resourceGroups/redurite/providers/Microsoft.Cache/Redis/devcache"
        answer = client.metrics.list(devcache, metricnames="usedmemorypercentage", aggregation="Maximum")
        result["metrics"] = [(m.name.value, str(m.unit)) for m in answer.value]
    """)
    assert [name for name, _ in result["metrics"]] == ["usedmemorypercentage"]


def test_settings_of_a_web_app(emulator):
    result = play(emulator, """
        from azure.mgmt.web import WebSiteManagementClient
        client = WebSiteManagementClient(credential, subscription, **options)
        plan = client.app_service_plans.begin_create_or_update(
            group, "plan", {"location": "westus2", "sku": {"name": "B1"}}).result()
        site = client.web_apps.begin_create_or_update(
            group, "sdkapp", {"location": "westus2", "properties": {"serverFarmId": plan.id}}).result()
        client.web_apps.update_application_settings(group, "sdkapp", {"properties": {"Redis__Enabled": "true"}})
        result["settings"] = dict(client.web_apps.list_application_settings(group, "sdkapp").properties)
        client.web_apps.restart(group, "sdkapp")
        result["state"] = client.web_apps.get(group, "sdkapp").state
    """)
    assert result == {"settings": {"Redis__Enabled": "true"}, "state": "Running"}

"""`az deployment`: the packaged CLI and the Python SDK deploy templates from files."""
import json

import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.mgmt.resource import ResourceManagementClient

from harness.programs import Az

# As people write them: comments, a text of two lines, a nested deployment, and what Bicep emits.
TEMPLATE = """// the application's cache
{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {
    "redisName": { "type": "string", "minLength": 3 }, /* globally unique */
    "sku": { "type": "string", "defaultValue": "Basic", "allowedValues": [ "Basic", "Standard" ] },
    "rules": { "type": "array", "defaultValue": [] }
  },
  "variables": {
    "name": "[format('{0}-{1}',
       parameters('redisName'), take(uniqueString(resourceGroup().id), 4))]"
  },
  "resources": [
    {
      "type": "Microsoft.Cache/redis", "apiVersion": "2024-11-01", "name": "[variables('name')]",
      "location": "[resourceGroup().location]",
      "properties": { "sku": { "name": "[parameters('sku')]", "family": "C", "capacity": 0 } }
    },
    {
      "copy": { "name": "rules", "count": "[length(parameters('rules'))]" },
      "type": "Microsoft.Cache/redis/firewallRules", "apiVersion": "2024-11-01",
      "name": "[format('{0}/rule{1}', variables('name'), copyIndex())]",
      "properties": { "startIP": "[parameters('rules')[copyIndex()]]", "endIP": "[parameters('rules')[copyIndex()]]" },
      "dependsOn": [ "[resourceId('Microsoft.Cache/redis', variables('name'))]" ]
    }
  ],
  "outputs": {
    "name": { "type": "string", "value": "[variables('name')]" },
    "key": { "type": "string",
             "value": "[listKeys(resourceId('Microsoft.Cache/redis', variables('name')), '2024-11-01').primaryKey]" }
  }
}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "main.json").write_text(TEMPLATE)
    (tmp_path / "main.parameters.json").write_text(json.dumps({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"redisName": {"value": "from-file"}, "rules": {"value": ["127.0.0.1", "10.0.0.2"]}}}))
    return tmp_path


@pytest.fixture
def fast(start_emulator):
    return start_emulator("--provisioning", "instant", "--offline")


@pytest.fixture
def az(fast, tmp_path):
    az = Az(fast, tmp_path / "azure")
    az.login()
    az.run("group", "create", "-n", "apps", "-l", "westeurope")
    return az


def test_the_commands_of_az(fast, az, folder):
    file = ("--template-file", folder / "main.json")
    made = az.run("deployment", "group", "create", "-g", "apps", *file,
                  "--parameters", f"@{folder}/main.parameters.json", "sku=Standard")
    assert made["name"] == "main" and made["properties"]["provisioningState"] == "Succeeded"
    outputs = made["properties"]["outputs"]
    assert fast.client(tls=True, key=outputs["key"]["value"]).call("PING") == "PONG"
    name = outputs["name"]["value"]
    assert az.run("redis", "show", "-g", "apps", "-n", name)["sku"]["name"] == "Standard"
    rules = az.run("redis", "firewall-rules", "list", "-g", "apps", "-n", name)
    assert [rule["startIp"] for rule in rules] == ["127.0.0.1", "10.0.0.2"]
    assert az.run("deployment", "group", "show", "-g", "apps", "-n", "main", "--query",
                  "properties.outputs.name.value") == name
    assert [d["name"] for d in az.run("deployment", "group", "list", "-g", "apps")] == ["main"]
    operations = az.run("deployment", "operation", "group", "list", "-g", "apps", "-n", "main")
    assert len(operations) == 4
    exported = az.run("deployment", "group", "export", "-g", "apps", "-n", "main")
    assert exported["resources"][1]["copy"]["name"] == "rules"
    exported = az.run("group", "export", "-n", "apps", "--include-parameter-default-value")
    assert [r["type"].lower() for r in exported["resources"]].count("microsoft.cache/redis/firewallrules") == 2
    valid = az.run("deployment", "group", "validate", "-g", "apps", *file, "--parameters", "redisName=other")
    assert valid["properties"]["provisioningState"] == "Succeeded"
    told = az.attempt("deployment", "group", "what-if", "-g", "apps", *file, "--parameters", "redisName=other",
                      "--no-pretty-print")
    assert told.returncode == 0, told.stderr
    changes = {c["changeType"] for c in json.loads(told.stdout)["changes"]}
    assert changes == {"Create", "Ignore"}
    shown = az.attempt("deployment", "group", "what-if", "-g", "apps", *file, "--parameters", "redisName=other")
    assert "Resource changes: 1 to create, 1 to ignore." in shown.stdout, shown.stdout + shown.stderr
    az.run("deployment", "group", "create", "-g", "apps", "--mode", "Complete", "--template-file", folder / "main.json",
           "--parameters", "redisName=other")
    assert [r["name"].rsplit("-", 1)[0] for r in az.run("resource", "list", "-g", "apps")] == ["other"]
    az.run("deployment", "group", "delete", "-g", "apps", "-n", "main")
    assert az.run("deployment", "group", "list", "-g", "apps") == []


def test_what_az_says_when_it_goes_wrong(az, folder):
    create = ("deployment", "group", "create", "-g", "apps", "--template-file", folder / "main.json", "--parameters")
    done = az.attempt(*create, "redisName=shop", "sku=Gold")
    assert done.returncode == 1
    assert "InvalidTemplate" in done.stderr
    assert "The provided value 'Gold' for the template parameter 'sku'" in done.stderr
    assert "at line '7' and column '12'" in done.stderr
    assert "'Basic,Standard'" in done.stderr
    done = az.attempt(*create, "redisName=shop", "nope=1")
    assert "unrecognized template parameter 'nope'" in done.stderr
    (folder / "bad.json").write_text(TEMPLATE.replace("[variables('name')]", "[varables('name')]", 1))
    done = az.attempt("deployment", "group", "create", "-g", "apps", "--template-file", folder / "bad.json",
                      "--parameters", "redisName=shop")
    assert done.returncode == 1 and "The template function 'varables' is not valid." in done.stderr
    done = az.attempt(*create, "redisName=shop", 'rules=["10.0.0.x"]')
    assert done.returncode == 1 and "InvalidTemplateDeployment" in done.stderr and "startIP" in done.stderr
    assert az.run("resource", "list", "-g", "apps") == []


def test_subscription_deployment(az, tmp_path):
    source = {"$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
              "contentVersion": "1.0.0.0", "parameters": {"names": {"type": "array"}},
              "resources": [{"type": "Microsoft.Resources/resourceGroups", "apiVersion": "2022-09-01",
                             "name": "[parameters('names')[copyIndex()]]", "location": "[deployment().location]",
                             "copy": {"name": "groups", "count": "[length(parameters('names'))]"}}]}
    (tmp_path / "groups.json").write_text(json.dumps(source))
    made = az.run("deployment", "sub", "create", "-l", "northeurope", "--template-file", tmp_path / "groups.json",
                  "--parameters", 'names=["one", "two"]')
    assert made["properties"]["provisioningState"] == "Succeeded" and made["location"] == "northeurope"
    assert az.run("group", "show", "-n", "two")["location"] == "northeurope"


@pytest.fixture
def resources(fast, monkeypatch):
    ready, front = fast.ready, f"https://localhost:{fast.https_port}"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", fast.ca_file)
    credential = ClientSecretCredential(ready["tenantId"], ready["clientId"], ready["clientSecret"], authority=front,
                                        instance_discovery=False, disable_instance_discovery=True)
    client = ResourceManagementClient(credential, ready["subscriptionId"], base_url=front,
                                      credential_scopes=[front + "/.default"])
    client.resource_groups.create_or_update("py", {"location": "westus2"})
    return client


def test_the_python_sdk(fast, resources):
    source = {"$schema": "x", "contentVersion": "1.0.0.0", "parameters": {"names": {"type": "array"}},
              "resources": [{"type": "Microsoft.Cache/redis", "apiVersion": "2024-11-01", "location": "westus2",
                             "name": "[parameters('names')[copyIndex()]]",
                             "copy": {"name": "caches", "count": "[length(parameters('names'))]"},
                             "properties": {"sku": {"name": "Basic", "family": "C", "capacity": 0}}}],
              "outputs": {"ports": {"type": "array", "copy": {
                  "count": "[length(parameters('names'))]",
                  "input": "[reference(parameters('names')[copyIndex()]).sslPort]"}}}}

    def deployment(*names):
        parameters = {"names": {"value": list(names)}}
        return {"properties": {"mode": "Incremental", "template": source, "parameters": parameters}}

    assert resources.deployments.begin_validate("py", "d", deployment("a1")).result().error is None
    changes = resources.deployments.begin_what_if("py", "d", deployment("a1")).result().changes
    assert [change.change_type for change in changes] == ["Create"]
    done = resources.deployments.begin_create_or_update("py", "d", deployment("a1", "a2")).result()
    assert done.properties.provisioning_state == "Succeeded"
    assert done.properties.outputs["ports"]["value"] == [fast.tls_port, fast.tls_port]
    assert [d.name for d in resources.deployments.list_by_resource_group("py")] == ["d"]
    operations = [o.properties.provisioning_operation for o in resources.deployment_operations.list("py", "d")]
    assert operations == ["Create", "Create", "EvaluateDeploymentOutput"]
    assert resources.deployments.export_template("py", "d").template["parameters"]["names"]["type"] == "Array"
    source["resources"][0]["properties"]["sku"]["capacity"] = 77
    with pytest.raises(HttpResponseError) as failure:
        resources.deployments.begin_create_or_update("py", "d", deployment("a3")).result()
    assert failure.value.error.code == "DeploymentFailed"
    assert "capacity" in failure.value.error.details[0].message
    assert resources.deployments.get("py", "d").properties.error.code == "DeploymentFailed"
    resources.deployments.begin_delete("py", "d").result()
    assert not resources.deployments.check_existence("py", "d")

"""Deployments: templates through the management API, on a clock that the test drives."""
import json
import urllib.parse
import uuid

import pytest

from harness.deployments import REDIS, VERSION, Group, cache, nested, template, thing
from harness.faults import fault


@pytest.fixture
def group(emulator):
    return Group(emulator)


def test_a_cache_is_deployed_and_its_key_opens_it(emulator, group):
    source = template(
        parameters={"Name": {"type": "string"}, "secret": {"type": "securestring", "defaultValue": "x"}},
        resources=[cache("[parameters('name')]")],
        outputs={"key": {"type": "string", "value": "[listKeys(parameters('name'), '2024-11-01').primaryKey]"},
                 "port": {"type": "int", "value": f"[reference(resourceId('{REDIS}', parameters('name'))).sslPort]"},
                 "Shout": {"type": "string", "value": "[toUpper(parameters('name'))]"}})
    answer = group.put(source, {"Name": "shop"})
    assert answer.status == 201
    first = answer.json["properties"]
    assert first["provisioningState"] == "Accepted"
    assert first["parameters"] == {"name": {"type": "String", "value": "shop"}, "secret": {"type": "SecureString"}}
    assert first["providers"] == [{"namespace": "Microsoft.Cache", "resourceTypes": [
        {"resourceType": "redis", "locations": ["westeurope"]}]}]
    status = answer.headers["azure-asyncoperation"]
    path = status[status.index("/resource"):].split("?")[0]
    emulator.advance("5m")
    assert emulator.arm("GET", path, version=VERSION).json == {"status": "Running"}
    assert group.resource(f"{REDIS}/shop").json["properties"]["provisioningState"] == "Creating"
    assert [o["properties"]["provisioningState"] for o in group.operations()] == ["Running"]
    emulator.advance("30m")
    assert emulator.arm("GET", path, version=VERSION).json == {"status": "Succeeded"}
    done = group.get()["properties"]
    keys = emulator.arm("POST", f"{group.path}/providers/{REDIS}/shop/listKeys").json
    assert done["outputs"]["key"] == {"type": "String", "value": keys["primaryKey"]}
    assert done["outputs"]["shout"]["value"] == "SHOP"
    assert done["outputResources"] == [{"id": f"{group.id}/providers/{REDIS}/shop"}]
    assert emulator.client(tls=True, key=done["outputs"]["key"]["value"]).call("PING") == "PONG"
    operations = group.operations()
    assert [o["properties"]["provisioningOperation"] for o in operations] == ["Create", "EvaluateDeploymentOutput"]
    assert operations[0]["properties"]["statusCode"] == "Created"
    assert operations[0]["properties"]["targetResource"]["resourceName"] == "shop"
    one = emulator.arm("GET", group.url("d", "/operations/" + operations[0]["operationId"]), version=VERSION)
    assert one.json == operations[0]


def test_siblings_run_together_and_dependents_wait(emulator, group):
    source = template(resources=[
        cache("one"), cache("two"), thing("after", dependsOn=[f"[resourceId('{REDIS}', 'one')]", "two"])])
    group.put(source)
    emulator.advance("1m")
    states = {o["properties"]["targetResource"]["resourceName"]: o["properties"]["provisioningState"]
              for o in group.operations()}
    assert states == {"one": "Running", "two": "Running"}
    assert group.resource("Contoso.Test/things/after").status == 404
    emulator.advance("40m")
    assert group.state() == "Succeeded"
    assert group.names() == ["after", "one", "two"]
    shown = group.get()["properties"]["dependencies"]
    assert [d["resourceName"] for d in shown[0]["dependsOn"]] == ["one", "two"]


def test_serial_copies_come_in_batches(emulator, group):
    source = template(resources=[thing("[format('t{0}', copyIndex())]",
                                       copy={"name": "ts", "count": 5, "mode": "serial", "batchSize": 2})])
    group.put(source)
    emulator.advance("5s")
    assert group.names() == ["t0", "t1"]
    emulator.advance("30s")
    assert group.names() == ["t0", "t1", "t2", "t3"]
    emulator.advance("90s")
    assert group.names() == ["t0", "t1", "t2", "t3", "t4"] and group.state() == "Succeeded"


def test_nested_deployments_are_resources_of_their_own(emulator, group):
    Group(emulator, "data")
    inner = template(parameters={"name": {"type": "string"}}, resources=[cache("[parameters('name')]")],
                     outputs={"host": {"type": "string", "value": "[reference(parameters('name')).hostName]"}})
    source = template(
        variables={"name": "far"},
        resources=[nested("inner", inner, resourceGroup="data",
                          properties={"parameters": {"name": {"value": "[variables('name')]"}}}),
                   thing("user", properties={"host": "[reference(resourceId('data', "
                                             "'Microsoft.Resources/deployments', 'inner')).outputs.host.value]"})])
    done = group.deploy(source)
    far = emulator.arm("GET", emulator.cache_path("far", "data")).json["properties"]
    assert group.resource("Contoso.Test/things/user").json["properties"]["host"] == far["hostName"]
    ids = [r["id"].split("/resourceGroups/")[1] for r in done["outputResources"]]
    assert [i.lower() for i in ids] == ["apps/providers/contoso.test/things/user",
                                        "data/providers/microsoft.cache/redis/far"]
    other = emulator.arm("GET", "/resourceGroups/data/providers/Microsoft.Resources/deployments/inner",
                         version=VERSION).json["properties"]
    assert other["provisioningState"] == "Succeeded"
    assert other["correlationId"] == done["correlationId"]
    assert other["parameters"] == {"name": {"type": "String", "value": "far"}}


def test_outer_scope_sees_the_variables_around_it(group):
    inner = template(resources=[thing("[variables('name')]")])
    outer = nested("outer", inner)
    del outer["properties"]["expressionEvaluationOptions"]
    group.deploy(template(variables={"name": "seen"}, resources=[outer]))
    assert group.names() == ["seen"]


def test_a_failure_quotes_the_providers_answer(group):
    source = template(resources=[cache("bad", properties={"sku": {"name": "Gold", "family": "C", "capacity": 0}}),
                                 thing("after", dependsOn=["bad"])])
    done = group.deploy(source, wanted="Failed")
    error = done["error"]
    assert error["code"] == "DeploymentFailed"
    assert error["message"].startswith("At least one resource deployment operation failed.")
    assert [d["code"] for d in error["details"]] == ["BadRequest"]
    quoted = error["details"][0]["message"]
    assert quoted.startswith('{\r\n  "error": {\r\n    "code": ')
    assert "sku" in json.loads(quoted)["error"]["message"]
    assert group.names() == []
    operations = group.operations()
    assert operations[0]["properties"]["statusMessage"]["error"]["code"] == json.loads(quoted)["error"]["code"]
    assert done["outputResources"] == []


def test_a_nested_failure_fails_what_is_around_it(group):
    inner = template(resources=[cache("bad", properties={})])
    done = group.deploy(template(resources=[nested("inner", inner)]), wanted="Failed")
    assert done["error"]["details"][0]["code"] == "Conflict"
    message = json.loads(done["error"]["details"][0]["message"])
    assert message["error"]["code"] == "DeploymentFailed"
    assert "sku" in json.loads(message["error"]["details"][0]["message"])["error"]["message"]
    assert group.state("inner") == "Failed"


def test_outputs_that_fail_fail_the_deployment(group):
    source = template(resources=[thing("there")],
                      outputs={"a": {"type": "string", "value": "[reference('there').nope]"}})
    error = group.deploy(source, wanted="Failed")["error"]
    assert error["code"] == "DeploymentOutputEvaluationFailed"
    assert "property 'nope' doesn't exist" in error["details"][0]["message"]
    assert group.names() == ["there"]


def test_complete_mode_removes_what_the_template_does_not_say(group):
    group.deploy(template(resources=[thing("one"), thing("two"), thing("three")]))
    group.deploy(template(resources=[thing("one")]))
    assert group.names() == ["one", "three", "two"]
    group.deploy(template(resources=[thing("one"), thing("four")]), mode="Complete")
    assert group.names() == ["four", "one"]
    deleted = [o["properties"]["targetResource"]["resourceName"] for o in group.operations()
               if o["properties"]["provisioningOperation"] == "Delete"]
    assert deleted == ["two", "three"]


def test_a_running_deployment_survives_a_restart(start_emulator):
    emulator = start_emulator("--clock", "frozen", "--provisioning", "realistic")
    group = Group(emulator)
    source = template(
        parameters={"when": {"type": "string", "defaultValue": "[utcNow()]"}},
        resources=[cache("slow"), nested("inner", template(resources=[thing("deep")]), dependsOn=["slow"]),
                   thing("last", dependsOn=["inner"], tags={"when": "[parameters('when')]"})])
    shown = group.put(source).json["properties"]["parameters"]
    emulator.advance("5m")
    assert group.state() == "Running"
    emulator.restart()
    assert group.state() == "Running"
    emulator.advance("60m")
    assert group.state() == "Succeeded"
    assert group.names() == ["deep", "last", "slow"]
    assert group.resource("Contoso.Test/things/last").json["tags"]["when"] == shown["when"]["value"]
    emulator.restart()
    assert group.state() == "Succeeded"
    assert emulator.arm("DELETE", group.url("d"), version=VERSION).status == 202


def test_cancel(emulator, group):
    group.put(template(resources=[cache("slow"), thing("never", dependsOn=["slow"])]))
    emulator.advance("5m")
    again = group.put(template())
    assert again.status == 409 and again.json["error"]["code"] == "DeploymentActive"
    assert emulator.arm("POST", group.url("d", "/cancel"), version=VERSION).status == 204
    assert group.state() == "Canceled"
    emulator.advance("60m")
    assert group.names() == ["slow"] and group.state() == "Canceled"
    answer = emulator.arm("POST", group.url("d", "/cancel"), version=VERSION)
    assert answer.status == 409
    assert group.deploy(template())["provisioningState"] == "Succeeded"


def test_list_head_and_delete(emulator, group):
    group.deploy(template(), name="one")
    group.deploy(template(resources=[cache("x", properties={})]), name="two", wanted="Failed")
    listed = emulator.arm("GET", f"{group.path}/providers/Microsoft.Resources/deployments/", version=VERSION).json
    assert [d["name"] for d in listed["value"]] == ["two", "one"]
    failed = emulator.arm("GET", f"{group.path}/providers/Microsoft.Resources/deployments/"
                                 "?$filter=provisioningState%20eq%20'Failed'", version=VERSION).json
    assert [d["name"] for d in failed["value"]] == ["two"]
    assert emulator.arm("HEAD", group.url("one"), version=VERSION).status == 204
    answer = emulator.arm("DELETE", group.url("one"), version=VERSION)
    assert answer.status == 202 and "location" in answer.headers
    emulator.advance("1m")
    path = answer.headers["location"].split("?")[0]
    path = path[path.index("/providers"):]
    assert emulator.arm("GET", path, version=VERSION).status == 204
    assert emulator.arm("HEAD", group.url("one"), version=VERSION).status == 404
    assert emulator.arm("DELETE", group.url("one"), version=VERSION).status == 204
    gone = emulator.arm("GET", group.url("one"), version=VERSION)
    assert gone.json["error"]["code"] == "DeploymentNotFound"


def test_subscription_scope(emulator):
    group = Group(emulator)
    inner = template(resources=[cache("app")])
    source = template(resources=[
        {"type": "Microsoft.Resources/resourceGroups", "apiVersion": "2021-04-01", "name": "made",
         "location": "westeurope"},
        nested("content", inner, resourceGroup="made",
               dependsOn=["[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'made')]"])])
    path = "/providers/Microsoft.Resources/deployments/whole"
    body = group.body(source)
    assert emulator.arm("PUT", path, body, VERSION).json["error"]["code"] == "LocationRequired"
    answer = emulator.arm("PUT", path, {"location": "westeurope", **body}, VERSION)
    assert answer.status == 201 and answer.json["location"] == "westeurope"
    emulator.advance("40m")
    assert emulator.arm("GET", path, version=VERSION).json["properties"]["provisioningState"] == "Succeeded"
    assert emulator.arm("GET", "/resourceGroups/made/providers/Microsoft.Cache/redis/app").status == 200
    moved = emulator.arm("PUT", path, {"location": "eastus", **body}, VERSION)
    assert (moved.status, moved.json["error"]["code"]) == (409, "InvalidDeploymentLocation")
    listed = emulator.arm("GET", "/providers/Microsoft.Resources/deployments", version=VERSION).json["value"]
    assert [d["name"] for d in listed] == ["whole"]


# What az sends is no JSON: the file's text stands behind a key without quotes.
AZ_BODY = """{"properties": {"parameters": {"name": {"value": "made-by-az"}}, "mode": "Incremental", template:// by hand
{
  "$schema": "x", /* any */ "contentVersion": "1.0.0.0",
  "parameters": {"name": {"type": "string"}},
  "variables": {"long": "[concat('a',
      'b')]"},
  "resources": [
    {"type": "Contoso.Test/things", "apiVersion": "2024-01-01", "name": "[parameters('name')]",
     "location": 'westeurope', "tags": {"long": "[variables('long')]"}},
  ],
}}}"""


def test_the_body_of_az_is_read(emulator, group):
    answer = emulator.arm("PUT", group.url("d"), AZ_BODY, VERSION, {"Content-Type": "application/json"})
    assert answer.status == 201, answer
    emulator.advance("1m")
    assert group.resource("Contoso.Test/things/made-by-az").json["tags"] == {"long": "ab"}


@pytest.mark.parametrize("body, position", [
    ('{"properties": {"template": }}', None), ('{"properties": {/* }}', None), ('{"properties": "', None), ("[", None),
    ('{"a" "b"}', None), ('{"a": 1 2}', None), ("{'a: 1}", None)])
def test_a_broken_body_is_refused(emulator, group, body, position):
    answer = emulator.arm("PUT", group.url("d"), body, VERSION, {"Content-Type": "application/json"})
    assert answer.status == 400 and answer.json["error"]["code"] == "InvalidRequestContent"


def test_validate_names_line_and_column(emulator, group):
    text = AZ_BODY.replace('"name": {"value": "made-by-az"}', "")
    answer = emulator.arm("POST", group.url("d", "/validate"), text, VERSION, {"Content-Type": "application/json"})
    assert answer.status == 400
    error = answer.json["error"]
    assert error["code"] == "InvalidTemplate"
    assert error["message"] == (
        "Deployment template validation failed: 'The value for the template parameter 'name' at line '4' and column "
        "'26' is not provided. Please see https://aka.ms/arm-create-parameter-file for usage details.'.")
    assert error["additionalInfo"] == [{"type": "TemplateViolation", "info": {
        "lineNumber": 4, "linePosition": 26, "path": "properties.template.parameters.name"}}]


def test_validate(emulator, group):
    source = template(parameters={"name": {"type": "string"}}, resources=[cache("[parameters('name')]")])
    answer = emulator.arm("POST", group.url("d", "/validate"), group.body(source, {"name": "shop"}), VERSION)
    assert answer.status == 200
    properties = answer.json["properties"]
    assert properties["provisioningState"] == "Succeeded" and properties["duration"] == "PT0S"
    assert properties["validatedResources"] == [{"id": f"{group.id}/providers/{REDIS}/shop"}]
    source["resources"][0]["properties"]["sku"]["family"] = "X"
    answer = emulator.arm("POST", group.url("d", "/validate"), group.body(source, {"name": "shop"}), VERSION)
    error = answer.json["error"]
    assert error["code"] == "InvalidTemplateDeployment" and "family" in error["details"][0]["message"]
    assert group.names() == []


@pytest.mark.parametrize("change, code, words", [
    (lambda b: b.pop("properties"), "InvalidRequestContent", "'properties' not found"),
    (lambda b: b["properties"].pop("mode"), "InvalidRequestContent", "'mode' not found"),
    (lambda b: b["properties"].update(mode="All"), "InvalidRequestContent", "DeploymentMode"),
    (lambda b: b["properties"].pop("template"), "InvalidRequestContent", "'template' not found"),
    (lambda b: b["properties"].update(template=None, templateLink={"uri": "https://x/y.json"}), "InvalidContentLink",
     "https://x/y.json"),
    (lambda b: b["properties"]["template"].pop("resources"), "InvalidTemplate", "'resources' not found"),
    (lambda b: b["properties"].update(parameters={"nope": {"value": 1}}), "InvalidTemplate", "'nope'"),
    (lambda b: b["properties"]["template"].update(resources=[thing("a", dependsOn=["a2"])]), "InvalidTemplate",
     "is not defined in the template"),
])
def test_bad_requests_change_nothing(emulator, group, change, code, words):
    body = group.body(template())
    change(body)
    answer = emulator.arm("PUT", group.url("d"), body, VERSION)
    assert answer.status == 400, answer
    assert answer.json["error"]["code"] == code and words in answer.json["error"]["message"]
    assert emulator.arm("GET", group.url("d"), version=VERSION).status == 404


@pytest.mark.parametrize("name, words", [("a" * 65, "length of '65'"), ("a%20b", "invalid characters: ' '")])
def test_bad_names(emulator, group, name, words):
    answer = emulator.arm("PUT", group.url(name), group.body(template()), VERSION)
    assert answer.json["error"]["code"] == "InvalidDeploymentName" and words in answer.json["error"]["message"]


def test_a_linked_template_is_out_of_reach(group):
    linked = nested("linked", None)
    del linked["properties"]["template"]
    linked["properties"]["templateLink"] = {"uri": "https://example.org/t.json"}
    error = group.deploy(template(resources=[linked]), wanted="Failed")["error"]
    assert "InvalidContentLink" in error["details"][0]["message"]
    assert "https://example.org/t.json" in error["details"][0]["message"]


def test_a_deployment_knows_itself(group):
    source = template(parameters={"a": {"type": "string"}},
                      outputs={"me": {"type": "object", "value": "[deployment()]"}})
    me = group.deploy(source, {"a": "b"}, name="self")["outputs"]["me"]["value"]
    assert me["name"] == "self" and me["properties"]["mode"] == "Incremental"
    assert me["properties"]["template"]["contentVersion"] == "1.0.0.0"
    assert me["properties"]["parameters"] == {"a": {"type": "String", "value": "b"}}


def test_nesting_has_an_end(group):
    inner = template(resources=[thing("deep")])
    for level in range(12):
        inner = template(resources=[nested(f"level{level}", inner)])
    assert group.deploy(inner, wanted="Failed")["error"]["code"] == "DeploymentFailed"
    assert group.names() == []


def what_if(emulator, group, source, mode="Incremental", **more):
    answer = emulator.arm("POST", group.url("d", "/whatIf"), group.body(source, mode=mode, **more), VERSION)
    assert answer.status == 202, answer
    path = answer.headers["location"].split("?")[0]
    path = path[path.index("/providers"):]
    assert emulator.arm("GET", path, version=VERSION).status == 202
    emulator.advance("10s")
    return emulator.arm("GET", path, version=VERSION).json


def test_what_if_tells_every_change(emulator, group):
    group.deploy(template(resources=[thing("same", tags={"a": "1"}), thing("other", tags={"a": "1", "b": "2"}),
                                     thing("left")]))
    source = template(resources=[thing("same", tags={"a": "1"}), thing("other", tags={"a": "3"}),
                                 nested("inner", template(resources=[thing("new")]))])
    result = what_if(emulator, group, source)
    assert result["status"] == "Succeeded"
    changes = {c["resourceId"].rsplit("/", 1)[1]: c for c in result["properties"]["changes"]}
    kinds = {name: change["changeType"] for name, change in changes.items()}
    assert kinds == {"same": "NoChange", "other": "Modify", "new": "Create", "left": "Ignore"}
    assert [(d["path"], d["propertyChangeType"]) for d in changes["other"]["delta"]] == \
        [("tags.a", "Modify"), ("tags.b", "Delete")]
    assert changes["new"]["after"]["name"] == "new" and "before" not in changes["new"]
    result = what_if(emulator, group, source, "Complete", whatIfSettings={"resultFormat": "ResourceIdOnly"})
    changes = {c["resourceId"].rsplit("/", 1)[1]: c for c in result["properties"]["changes"]}
    assert changes["left"] == {"resourceId": changes["left"]["resourceId"], "changeType": "Delete"}
    assert group.names() == ["left", "other", "same"]


def test_nested_loops_come_to_an_end(emulator, group):
    """Eight hundred deployments of eight hundred resources each are too many, and that is told soon."""
    inner = template(resources=[thing("[format('t{0}', copyIndex())]", copy={"name": "many", "count": 800})])
    bomb = nested("[format('d{0}', copyIndex())]", inner, copy={"name": "all", "count": 800})
    answer = emulator.arm("POST", group.url("d", "/validate"), group.body(template(resources=[bomb])), VERSION)
    assert answer.status == 400 and "resources limit exceeded" in answer.body.decode()


def test_what_if_of_a_broken_template_fails(emulator, group):
    result = what_if(emulator, group, template(variables={"a": "[nope()]"}))
    assert result["status"] == "Failed" and result["error"]["code"] == "InvalidTemplate"


def test_what_if_tells_what_preflight_refuses(emulator, group):
    """What deploying would be refused for is told beforehand, of the template and of a nested one."""
    for source, code in ((template(resources=[cache("no_such_name!")]), "InvalidParameter"),
                         (template(resources=[nested("inner", template(variables={"a": "[nope()]"}))]),
                          "InvalidTemplate")):
        result = what_if(emulator, group, source)
        assert result["status"] == "Failed" and "properties" not in result
        assert result["error"]["code"] == "InvalidTemplateDeployment"
        assert [detail["code"] for detail in result["error"]["details"]] == [code], result
        refused = emulator.arm("POST", group.url("d", "/validate"), group.body(source), VERSION)
        assert refused.status == 400
        assert refused.json["error"]["details"] == result["error"]["details"]


def test_providers_of_a_namespace_that_is_not_there(emulator, group):
    def output(expression):
        return template(outputs={"found": {"type": "object", "value": expression}})

    group.deploy(output("[providers('Microsoft.Cache', 'redis')]"))
    assert group.get()["properties"]["outputs"]["found"]["value"]["resourceType"].lower() == "redis"
    group.put(output("[providers('Microsoft.Nope', 'redis')]"))
    emulator.advance("1m")
    gone = group.get()["properties"]
    assert gone["provisioningState"] == "Failed" and "Microsoft.Nope" in str(gone["error"]), gone


def test_export(emulator, group):
    source = template(parameters={"name": {"type": "string"}},
                      resources=[cache("[parameters('name')]", tags={"a": "b"})])
    group.deploy(source, {"name": "shop"})
    back = emulator.arm("POST", group.url("d", "/exportTemplate"), {}, VERSION).json["template"]
    assert back["parameters"] == {"name": {"type": "String"}} and back["resources"] == source["resources"]
    answer = emulator.arm("POST", f"{group.path}/exportTemplate",
                          {"resources": ["*"], "options": "IncludeParameterDefaultValue"}, VERSION)
    exported = answer.json["template"]
    names = list(exported["parameters"].values())
    assert names == [{"defaultValue": "shop", "type": "String"}]
    # What was exported can be deployed again, elsewhere.
    other = Group(emulator, "other")
    parameter = next(iter(exported["parameters"]))
    other.deploy(exported, {parameter: "copy"})
    assert other.resource(f"{REDIS}/copy").json["tags"] == {"a": "b"}


def test_deployments_go_with_their_group(emulator, group):
    group.put(template(resources=[cache("slow")]))
    emulator.advance("1m")
    emulator.arm("DELETE", group.path, version=VERSION)
    late = group.put(template(), name="late")
    assert (late.status, late.json["error"]["code"]) == (409, "ResourceGroupBeingDeleted")
    emulator.advance("60m")
    assert emulator.arm("GET", group.url("d"), version=VERSION).json["error"]["code"] == "ResourceGroupNotFound"
    assert emulator.admin("GET", "/health")


def test_a_parameter_may_be_a_vaults_secret(emulator, group):
    tenant = emulator.ready["tenantId"]
    path = f"{group.path}/providers/Microsoft.KeyVault/vaults/kv-deploy"

    def vault(**more):
        body = {"location": "westeurope", "properties": {
            "tenantId": tenant, "sku": {"family": "A", "name": "standard"}, "accessPolicies": [], **more}}
        assert emulator.arm("PUT", path, body, "2022-07-01").status in (200, 201)

    def attempt(**more):
        reference = {"keyVault": {"id": f"{group.id}/providers/Microsoft.KeyVault/vaults/kv-deploy"}, **more}
        source = template(parameters={"secret": {"type": "securestring"}},
                          resources=[thing("user", properties={"of": "[parameters('secret')]"})])
        return group.put(source, {"secret": {"reference": reference}})

    assert attempt(secretName="pass").json["error"]["code"] == "KeyVaultParameterReferenceNotFound"
    vault()
    assert attempt(secretName="pass").json["error"]["code"] == "KeyVaultParameterReferenceAuthorizationFailed"
    vault(enabledForTemplateDeployment=True)
    assert attempt(secretName="pass").json["error"]["code"] == "KeyVaultParameterReferenceSecretRetrieveFailed"
    assert emulator.arm("PUT", path + "/secrets/pass", {"properties": {"value": "s3cret"}}, "2022-07-01").status < 300
    answer = attempt(secretName="pass")
    assert answer.status == 201 and "s3cret" not in answer.body.decode()
    emulator.advance("1m")
    assert group.resource("Contoso.Test/things/user").json["properties"]["of"] == "s3cret"


def test_a_cache_that_cannot_be_provisioned_fails_the_deployment(emulator, group):
    source = template(resources=[cache("unlucky"), thing("after", dependsOn=["unlucky"])])
    with fault(emulator, "capacity_failed", match={"operation": "*/write", "resource": "unlucky"}):
        error = group.deploy(source, wanted="Failed")["error"]
    assert error["details"][0]["code"] == "Conflict"
    inner = json.loads(error["details"][0]["message"])["error"]
    assert inner["code"] == "ResourceDeploymentFailure"
    assert inner["details"][0]["code"] == "InsufficientCapacity"
    assert group.names() == ["unlucky"]
    assert group.deploy(template(resources=[thing("x")]))["provisioningState"] == "Succeeded"


def test_a_stuck_resource_holds_the_deployment(emulator, group):
    with fault(emulator, "stuck", match={"resource": "slow"}):
        group.put(template(resources=[cache("slow"), thing("after", dependsOn=["slow"])]))
        emulator.advance("10h")
        assert group.state() == "Running" and group.names() == ["slow"]
    emulator.advance("5m")
    assert group.state() == "Succeeded" and group.names() == ["after", "slow"]


def test_a_throttled_resource_fails_the_deployment_with_its_status(emulator, group):
    with fault(emulator, "throttle", match={"operation": "Contoso.Test/things/write"}):
        error = group.deploy(template(resources=[thing("x")]), wanted="Failed")["error"]
    assert error["details"][0]["code"] == "TooManyRequests"


def test_load_in_the_middle_of_a_deployment(start_emulator, tmp_path):
    emulator = start_emulator("--clock", "frozen", "--provisioning", "realistic", "--offline")
    group = Group(emulator)
    group.put(template(resources=[cache("slow"), thing("after", dependsOn=["slow"])]))
    emulator.advance("5m")
    assert emulator.run("state", "save", tmp_path / "half").returncode == 0
    emulator.advance("60m")
    assert group.state() == "Succeeded"
    done = emulator.run("state", "load", tmp_path / "half")
    assert done.returncode == 0, done.stderr
    emulator.advance("1s")  # the clock went back: an older token is of the future
    assert group.state() == "Running" and group.names() == ["slow"]
    emulator.advance("60m")
    assert group.state() == "Succeeded" and group.names() == ["after", "slow"]
    group.put(template(resources=[cache("slower")]), name="other")
    emulator.advance("1m")
    assert emulator.run("state", "reset").returncode == 0
    emulator.advance("60m")
    assert emulator.arm("GET", group.path, version=VERSION).status == 404


def test_the_caller_needs_the_right_for_each_resource(emulator, group):
    """A role that may deploy, but not create caches: the deployment runs and its step is forbidden."""
    def graph(path, body):
        answer = emulator.request("POST", "/v1.0" + path, body, {
            "Authorization": "Bearer " + emulator.token("https://graph.microsoft.com")}, "graph.microsoft.com")
        assert answer.status < 300, answer
        return answer.json

    def authorize(kind, properties):
        path = f"{scope}/providers/Microsoft.Authorization/{kind}/{uuid.uuid4()}"
        answer = emulator.arm("PUT", path.removeprefix(scope), {"properties": properties}, "2022-04-01")
        assert answer.status == 201, answer
        return answer.json["id"]

    scope = f"/subscriptions/{emulator.ready['subscriptionId']}"
    app = graph("/applications", {"displayName": "deployer"})
    password = graph(f"/applications/{app['id']}/addPassword", {"passwordCredential": {"displayName": "x"}})
    principal = graph("/servicePrincipals", {"appId": app["appId"]})["id"]
    form = urllib.parse.urlencode({
        "grant_type": "client_credentials", "client_id": app["appId"], "client_secret": password["secretText"],
        "scope": "https://management.azure.com/.default"})
    token = emulator.request("POST", f"/{emulator.ready['tenantId']}/oauth2/v2.0/token", form,
                             {"Content-Type": "application/x-www-form-urlencoded"},
                             "login.microsoftonline.com").json["access_token"]
    headers = {"Authorization": "Bearer " + token}
    body = group.body(template(resources=[thing("allowed"), cache("forbidden")]))
    reader = f"{scope}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
    authorize("roleAssignments", {"principalId": principal, "roleDefinitionId": reader})
    refused = emulator.arm("PUT", group.url("d"), body, VERSION, headers)
    assert (refused.status, refused.json["error"]["code"]) == (403, "AuthorizationFailed")
    assert "Microsoft.Resources/deployments/write" in refused.json["error"]["message"]
    role = authorize("roleDefinitions", {
        "roleName": "Deployer", "type": "CustomRole", "assignableScopes": [scope],
        "permissions": [{"actions": ["Microsoft.Resources/deployments/*", "Contoso.Test/*"], "notActions": []}]})
    authorize("roleAssignments", {"principalId": principal, "roleDefinitionId": role})
    assert emulator.arm("PUT", group.url("d"), body, VERSION, headers).status == 201
    emulator.advance("30m")
    details = group.get()["properties"]["error"]["details"]
    assert [detail["code"] for detail in details] == ["Forbidden"]
    assert "Microsoft.Cache/redis/write" in details[0]["message"] and principal in details[0]["message"]
    assert group.names() == ["allowed"]


def test_the_history_forgets_the_oldest_unless_it_is_locked(start_emulator):
    emulator = start_emulator("--provisioning", "instant", "--ephemeral")
    group = Group(emulator)
    empty = template()

    def count():
        answer = emulator.arm("GET", group.path + "/providers/Microsoft.Resources/deployments", version=VERSION)
        return len(answer.json["value"])

    for number in range(700):
        assert group.put(empty, name=f"d{number}").status == 201
    assert group.put(empty, name="d0").status == 200  # one of the newest again
    assert count() == 700
    assert group.put(empty, name="one-more").status == 201
    assert count() == 600
    assert group.get("d0")["name"] == "d0" and "error" in group.get("d1") and "error" in group.get("d101")
    assert group.get("d102")["name"] == "d102"

    lock = group.path + "/providers/Microsoft.Authorization/locks/keep"
    made = emulator.arm("PUT", lock, {"properties": {"level": "CanNotDelete"}}, "2016-09-01")
    assert made.status == 201, made
    for number in range(200):
        assert group.put(empty, name=f"e{number}").status == 201
    refused = group.put(empty, name="too-many")
    assert (refused.status, refused.json["error"]["code"]) == (400, "DeploymentQuotaExceeded"), refused
    assert "'too-many' would exceed the quota of '800'" in refused.json["error"]["message"]
    assert group.put(empty, name="e1").status == 200  # it has its place already
    assert emulator.arm("DELETE", lock, version="2016-09-01").status == 200
    # At the limit one more fails, as Azure's does, and the oldest go behind it.
    assert group.put(empty, name="too-many").status == 400 and count() == 600
    assert group.put(empty, name="too-many").status == 201


def test_integers_have_64_bits(emulator, group):
    least, most, odd = -2 ** 63, 2 ** 63 - 1, 2 ** 53 + 1
    done = group.deploy(template(
        parameters={"most": {"type": "int", "maxValue": most}, "odd": {"type": "int", "minValue": odd}},
        variables={"least": least},
        resources=[thing("numbers", properties={"odd": "[parameters('odd')]", "list": [most, 1, "9007199254740993"]})],
        outputs={
            "most": {"type": "int", "value": "[parameters('most')]"},
            "least": {"type": "int", "value": "[variables('least')]"},
            "sum": {"type": "int", "value": "[add(parameters('odd'), 1000000000000000000)]"},
            "text": {"type": "string", "value": "[format('{0} {1}', parameters('odd'), string(9007199254740995))]"},
            "same": {"type": "bool", "value": "[equals(parameters('odd'), sub(parameters('odd'), 1))]"},
            "more": {"type": "bool", "value": "[greater(parameters('odd'), 9007199254740992)]"},
            "read": {"type": "int", "value": "[int('9223372036854775807')]"},
            "biggest": {"type": "int", "value": "[max(9007199254740993, 9007199254740992)]"},
            "object": {"type": "object", "value": {"deep": ["[parameters('most')]", 1.5]}},
        }), {"most": most, "odd": odd})
    said = {name: value["value"] for name, value in done["outputs"].items()}
    assert said == {"most": most, "least": least, "sum": odd + 10 ** 18, "text": "9007199254740993 9007199254740995",
                    "same": False, "more": True, "read": most, "biggest": odd, "object": {"deep": [most, 1.5]}}
    stored = emulator.arm("GET", group.path + "/providers/Contoso.Test/things/numbers", version="2024-01-01").json
    assert stored["properties"]["odd"] == odd and stored["properties"]["list"] == [most, 1, "9007199254740993"]
    over = group.deploy(template(outputs={"x": {"type": "int", "value": f"[add({most}, 1)]"}}), name="over",
                        wanted="Failed")
    assert "does not fit into an integer" in str(over["error"])
    small = group.put(template(parameters={"odd": {"type": "int", "minValue": odd}}), {"odd": odd - 1}, name="small")
    assert small.status == 400 and "minValue" in str(small.json) or "greater than" in str(small.json)


@pytest.mark.parametrize("parameters, path", [
    ({"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"},
     "properties.parameters.$schema"), ({"name": 5}, "properties.parameters.name"), (["shop"], "properties.parameters")])
def test_a_parameter_file_is_no_parameters(emulator, group, parameters, path):
    source = template(parameters={"name": {"type": "string"}})
    body = {"properties": {"mode": "Incremental", "template": source, "parameters": parameters}}
    for method, sub in (("PUT", ""), ("POST", "/validate")):
        answer = emulator.arm(method, group.url("d", sub), body, version=VERSION)
        assert answer.status == 400 and answer.json["error"]["code"] == "InvalidRequestContent"
        assert f"Path '{path}'" in answer.json["error"]["message"]


def test_deployments_are_listed_by_state(emulator, group):
    for name, more in (("good", {}), ("bad", {"outputs": {"o": {"type": "string", "value": "[int('x')]"}}})):
        body = {"properties": {"mode": "Incremental", "template": template(**more)}}
        assert emulator.arm("PUT", group.url(name), body, version=VERSION).status == 201
    emulator.advance("5m")

    def listed(filter_, status=200):
        path = f"{group.path}/providers/Microsoft.Resources/deployments?$filter={urllib.parse.quote(filter_)}"
        answer = emulator.arm("GET", path, version=VERSION)
        assert answer.status == status, answer
        return [d["name"] for d in answer.json["value"]] if status == 200 else answer.json["error"]["code"]
    assert listed("provisioningState eq 'Failed'") == ["bad"]
    assert listed("provisioningState ne 'Failed'") == ["good"]
    assert listed("state eq 'Failed'", 400) == "InvalidFilterInQueryString"
    assert listed("provisioningState eq", 400) == "InvalidFilterInQueryString"

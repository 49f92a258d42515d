"""Templates and deployments as tests write them down and follow them."""
VERSION = "2021-04-01"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
REDIS = "Microsoft.Cache/redis"


def template(**parts):
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": [], **parts}


def cache(name, **more):
    return {"type": REDIS, "apiVersion": "2024-11-01", "name": name, "location": "[resourceGroup().location]",
            "properties": {"sku": {"name": "Basic", "family": "C", "capacity": 0}}, **more}


def thing(name, **more):
    return {"type": "Contoso.Test/things", "apiVersion": "2024-01-01", "name": name,
            "location": "westeurope", **more}


def nested(name, inner, **more):
    properties = {"mode": "Incremental", "expressionEvaluationOptions": {"scope": "inner"}, "template": inner}
    properties.update(more.pop("properties", {}))
    return {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": name,
            "properties": properties, **more}


class Group:
    """A resource group and the deployments in it."""

    def __init__(self, emulator, name="apps"):
        self.emulator, self.path = emulator, f"/resourceGroups/{name}"
        answer = emulator.arm("PUT", f"/resourcegroups/{name}", {"location": "westeurope"}, VERSION)
        assert answer.status in (200, 201), answer
        self.id = answer.json["id"]

    def url(self, name, action=""):
        return f"{self.path}/providers/Microsoft.Resources/deployments/{name}{action}"

    def body(self, source, parameters=None, mode="Incremental", **more):
        parameters = {name: value if isinstance(value, dict) and "reference" in value else {"value": value}
                      for name, value in (parameters or {}).items()}
        return {"properties": {"mode": mode, "template": source, "parameters": parameters, **more}}

    def put(self, source, parameters=None, name="d", mode="Incremental"):
        return self.emulator.arm("PUT", self.url(name), self.body(source, parameters, mode), VERSION)

    def get(self, name="d"):
        return self.emulator.arm("GET", self.url(name), version=VERSION).json

    def state(self, name="d"):
        return self.get(name)["properties"]["provisioningState"]

    def deploy(self, source, parameters=None, name="d", mode="Incremental", wanted="Succeeded", by="90m"):
        answer = self.put(source, parameters, name, mode)
        assert answer.status in (200, 201), answer
        self.emulator.advance(by)
        shown = self.get(name)
        assert shown["properties"]["provisioningState"] == wanted, shown
        return shown["properties"]

    def operations(self, name="d"):
        return self.emulator.arm("GET", f"{self.path}/deployments/{name}/operations", version=VERSION).json["value"]

    def resource(self, path, version="2024-11-01"):
        return self.emulator.arm("GET", f"{self.path}/providers/{path}", version=version)

    def names(self):
        listed = self.emulator.arm("GET", f"{self.path}/resources", version=VERSION).json["value"]
        return sorted(resource["name"] for resource in listed)

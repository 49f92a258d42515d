"""Templates that are linked to: over HTTP, relative to each other, and as template specs."""
import contextlib
import http.server
import json
import threading
import urllib.parse

import pytest

from harness.deployments import SCHEMA, VERSION, Group, template, thing
from harness.programs import Az


@contextlib.contextmanager
def files(contents):
    """A server of documents; yields its address and the paths that were asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            found = contents.get(urllib.parse.urlsplit(self.path).path)
            if isinstance(found, str) and found.startswith("->"):
                self.send_response(302)
                self.send_header("Location", found[2:])
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def linked(link, name="inner", **properties):
    return {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": name,
            "properties": {"mode": "Incremental", "templateLink": link, **properties}}


def put(group, link, status=(200, 201), action="", method="PUT", **properties):
    body = {"properties": {"mode": "Incremental", "templateLink": link, **properties}}
    answer = group.emulator.arm(method, group.url("d", action), body, VERSION)
    assert answer.status in status, answer
    return answer.json


@pytest.fixture
def group(emulator):
    return Group(emulator)


NAMED = template(parameters={"name": {"type": "string"}}, resources=[thing("[parameters('name')]")],
                 outputs={"said": {"type": "string", "value": "[parameters('name')]"}})


def test_a_template_and_its_parameters_from_elsewhere(group):
    parameters = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "parameters": {"name": {"value": "one"}}}
    with files({"/a/main.json": NAMED, "/a/parameters.json": parameters}) as (url, asked):
        shown = put(group, {"uri": url + "/a/main.json", "queryString": "sig=secret", "contentVersion": "1.0.0.0"},
                    parametersLink={"uri": url + "/a/parameters.json"})
        assert asked == ["/a/main.json?sig=secret", "/a/parameters.json"]
    assert shown["properties"]["templateLink"] == {"uri": url + "/a/main.json", "contentVersion": "1.0.0.0"}
    group.emulator.advance("90m")
    done = group.get()["properties"]
    assert done["provisioningState"] == "Succeeded" and done["outputs"]["said"]["value"] == "one"
    assert "secret" not in json.dumps(done)


def test_links_relative_to_the_template_around_them(group):
    deep = template(resources=[thing("deep")])
    middle = template(resources=[thing("middle"), linked({"relativePath": "../deep.json"}, "deepest")])
    by_uri = template(resources=[thing("sibling")])
    main = template(resources=[
        linked({"relativePath": "nested/middle.json"}, "relative"),
        linked({"uri": "[uri(deployment().properties.templateLink.uri, 'sibling.json')]"}, "computed"),
        linked({"relativePath": "named.json"}, "with-parameters", parameters={"name": {"value": "given"}})])
    contents = {"/t/main.json": main, "/t/nested/middle.json": middle, "/t/deep.json": deep, "/t/sibling.json": by_uri,
                "/t/named.json": NAMED}
    with files(contents) as (url, asked):
        valid = put(group, {"uri": url + "/t/main.json", "queryString": "?k=v"}, method="POST", action="/validate")
        names = {item["id"].rsplit("/", 1)[1] for item in valid["properties"]["validatedResources"]}
        assert {"middle", "deep", "given"} <= names
        asked.clear()
        put(group, {"uri": url + "/t/main.json", "queryString": "?k=v"})
        group.emulator.advance("90m")
        assert group.state() == "Succeeded", group.get()
        assert "/t/nested/middle.json?k=v" in asked and "/t/deep.json?k=v" in asked
    found = group.emulator.arm("GET", group.path + "/resources", version="2021-04-01").json["value"]
    assert {item["name"] for item in found} == {"middle", "deep", "sibling", "given"}


@pytest.mark.parametrize("link, contents, said", [
    ({"uri": "/absent.json"}, {}, "Unable to download deployment content from"),
    ({"uri": "/bad.json"}, {"/bad.json": b"{nothing"}, "no JSON object"),
    ({"uri": "/list.json"}, {"/list.json": []}, "no JSON object"),
    ({"uri": "/big.json"}, {"/big.json": b" " * (5 << 20)}, "too large"),
    ({"uri": "/round"}, {"/round": "->/round"}, "no http or https URL"),
    ({"uri": "/ok.json", "contentVersion": "2.0.0.0"}, {"/ok.json": NAMED}, "content version '1.0.0.0'"),
    ({"relativePath": "x.json"}, {}, "cannot be resolved"),
    ({}, {}, "needs an id, a uri or a relativePath"),
])
def test_links_that_lead_nowhere(group, link, contents, said):
    with files(contents) as (url, _):
        link = {**link, **({"uri": url + link["uri"]} if "uri" in link else {})}
        error = put(group, link, status=(400,))["error"]
    assert error["code"] == "InvalidContentLink" and said in error["message"], error
    assert group.emulator.arm("GET", group.url("d"), version=VERSION).status == 404


def test_other_bad_links(group):
    for uri in ("ftp://127.0.0.1/x", "http://example.invalid/x.json", "http://127.0.0.1:1/x.json"):
        error = put(group, {"uri": uri}, status=(400,))["error"]
        assert error["code"] == "InvalidContentLink" and uri in error["message"]
    both = put(group, {"uri": "http://127.0.0.1:1/"}, status=(400,), template=NAMED)
    assert both["error"]["code"] == "InvalidRequestContent"
    # One inside fails its deployment, in the same words.
    shown = group.deploy(template(resources=[linked({"uri": "http://127.0.0.1:1/x.json"})]), wanted="Failed")
    assert "Unable to download deployment content" in json.dumps(shown["error"])


def test_a_redirect_is_followed(group):
    with files({"/old.json": "->/never", "/new.json": template(resources=[])}) as (url, asked):
        with files({"/moved.json": "->" + url + "/new.json"}) as (other, _):
            put(group, {"uri": other + "/moved.json"})
            assert asked == ["/new.json"]


def test_template_specs_and_what_they_bring(group):
    emulator, specs = group.emulator, group.path + "/providers/Microsoft.Resources/templateSpecs"
    version = "2022-02-01"
    made = emulator.arm("PUT", specs + "/caches", {"location": "westeurope", "properties": {"description": "d"}}, version)
    assert made.status == 201, made
    bad = emulator.arm("PUT", specs + "/caches/versions/1.0", {"location": "westeurope", "properties": {}}, version)
    assert bad.status == 400 and "mainTemplate" in bad.json["error"]["message"]
    main = template(resources=[linked({"relativePath": "parts/part.json"}, parameters={"name": {"value": "part"}})])
    made = emulator.arm("PUT", specs + "/caches/versions/1.0", {"location": "westeurope", "properties": {
        "mainTemplate": main, "linkedTemplates": [{"path": "parts\\part.json".replace("\\", "/"), "template": NAMED}]}},
        version)
    assert made.status == 201, made
    put(group, {"id": made.json["id"]})
    emulator.advance("90m")
    assert group.state() == "Succeeded", group.get()
    assert group.get()["properties"]["templateLink"]["id"] == made.json["id"]
    expanded = emulator.arm("GET", specs + "/caches?$expand=versions", version=version).json
    assert list(expanded["properties"]["versions"]) == ["1.0"]
    error = put(group, {"id": made.json["id"][:-3] + "2.0"}, status=(400,))["error"]
    assert error["code"] == "TemplateSpecVersionNotFound"


def test_az_ts_and_a_deployment_of_one(start_emulator, tmp_path):
    emulator = start_emulator("--provisioning", "instant", "--ephemeral")
    az = Az(emulator, tmp_path / "azure")
    az.login()
    az.run("group", "create", "-n", "apps", "-l", "westeurope")
    source = tmp_path / "main.json"
    source.write_text(json.dumps(NAMED))
    made = az.run("ts", "create", "-n", "things", "-g", "apps", "-v", "1.0", "-l", "westeurope", "-f", source,
                  "--description", "things by name")
    assert made["id"].endswith("/templateSpecs/things/versions/1.0")
    assert [one["name"] for one in az.run("ts", "list", "-g", "apps")] == ["things"]
    assert az.run("ts", "show", "-n", "things", "-g", "apps", "-v", "1.0")["mainTemplate"]["resources"]
    done = az.run("deployment", "group", "create", "-g", "apps", "-n", "d", "--template-spec", made["id"],
                  "-p", "name=made")
    assert done["properties"]["outputs"]["said"]["value"] == "made"
    az.run("ts", "delete", "-n", "things", "-g", "apps", "--yes")
    assert az.run("ts", "list", "-g", "apps") == []

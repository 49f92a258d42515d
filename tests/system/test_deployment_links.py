"""Templates that are linked to: over HTTP, relative to each other, and as template specs."""
import concurrent.futures
import contextlib
import http.client
import http.server
import json
import socket
import ssl
import threading
import urllib.parse

import pytest

from harness.certificates import signed_by
from harness.deployments import SCHEMA, VERSION, Group, template, thing
from harness.emulator import wait_until
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
        assert sorted(asked) == ["/a/main.json?sig=secret", "/a/parameters.json"]
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


class Slow:
    """A server that keeps everybody waiting until it may answer; without a document, until they leave."""

    def __init__(self, document):
        self.document, self.asked = document, []
        self.may_answer, self.left = threading.Event(), threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.answer, args=self.listening.accept()[:1], daemon=True).start()

    def answer(self, sock):
        with sock, contextlib.suppress(ConnectionResetError):
            self.asked.append(sock.recv(65536))
            self.may_answer.wait()
            if self.document is not None:
                # Without a length: the answer ends with the connection.
                sock.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + json.dumps(self.document).encode())
                return
            while sock.recv(1):
                pass
        if self.document is None:
            self.left.set()


@contextlib.contextmanager
def slow(document):
    server = Slow(document)
    try:
        yield server
    finally:
        server.may_answer.set()
        server.listening.close()


@pytest.mark.parametrize("action, method", [("", "PUT"), ("/validate", "POST"), ("/whatIf", "POST")])
def test_others_are_answered_while_a_template_is_downloaded(group, action, method):
    emulator, redis = group.emulator, group.emulator.client()
    main = template(resources=[linked({"relativePath": "part.json"})])
    with slow(template(resources=[thing("slowly")])) as server, files({"/main.json": main}) as (url, _), \
            concurrent.futures.ThreadPoolExecutor() as pool:
        link = {"uri": server.url + "/main.json"} if action == "" else {"uri": url + "/main.json"}
        if action:
            main["resources"][0]["properties"]["templateLink"] = {"uri": server.url + "/part.json"}
        answer = pool.submit(emulator.arm, method, group.url("d", action),
                             {"properties": {"mode": "Incremental", "templateLink": link}}, VERSION)
        wait_until(lambda: server.asked, "the download")
        assert redis.call("PING") == "PONG"
        assert emulator.arm("GET", group.path, version=VERSION).status == 200
        assert not answer.done()
        server.may_answer.set()
        assert answer.result().status == (202 if action == "/whatIf" else 200 if action else 201), answer.result()
    if action == "":
        emulator.advance("90m")
        assert group.names() == ["slowly"]


def test_an_advance_waits_for_nested_templates_and_nobody_else_does(group):
    emulator, redis = group.emulator, group.emulator.client()
    names = [f"slowly{number:02}" for number in range(20)]
    with slow(NAMED) as server, concurrent.futures.ThreadPoolExecutor() as pool:
        group.put(template(resources=[thing("at-once")] + [
            linked({"uri": f"{server.url}/{name}.json"}, name, parameters={"name": {"value": name}})
            for name in names]))
        advance = pool.submit(emulator.advance, "90m")
        wait_until(lambda: server.asked, "the downloads")
        assert redis.call("PING") == "PONG" and group.names() == ["at-once"] and group.state() == "Running"
        assert not advance.done()
        server.may_answer.set()
        assert advance.result()["nowMs"] == emulator.admin("GET", "/clock")["nowMs"]
        assert len(server.asked) == 20 and group.names() == ["at-once", *names]
    assert group.state() == "Succeeded", group.get()


def test_a_client_that_leaves_while_its_template_is_downloaded(group):
    emulator = group.emulator
    with slow(None) as server:
        body = {"properties": {"mode": "Incremental", "templateLink": {"uri": server.url + "/main.json"}}}
        client = http.client.HTTPConnection("management.azure.com")
        client.sock = emulator.connect_https("management.azure.com")
        client.request("PUT", f"{group.id}/providers/Microsoft.Resources/deployments/d?api-version={VERSION}",
                       json.dumps(body), {"Authorization": "Bearer " + emulator.token()})
        wait_until(lambda: server.asked, "the download")
        client.close()
        server.may_answer.set()
        assert server.left.wait(30), "the download goes on"
    assert emulator.arm("GET", group.url("d"), version=VERSION).status == 404


def test_a_deployment_cancelled_while_a_template_is_downloaded(group):
    with slow(None) as server, concurrent.futures.ThreadPoolExecutor() as pool:
        group.put(template(resources=[linked({"uri": server.url + "/inner.json"})]))
        advance = pool.submit(group.emulator.advance, "1m")
        wait_until(lambda: server.asked, "the download")
        assert group.emulator.arm("POST", group.url("d", "/cancel"), version=VERSION).status == 204
        assert group.state() == "Canceled"
        advance.result()
        server.may_answer.set()
        assert server.left.wait(30), "the download goes on"


def test_a_download_begins_anew_after_a_restart(group):
    with slow(template(resources=[thing("slowly")])) as server, concurrent.futures.ThreadPoolExecutor() as pool:
        group.put(template(resources=[linked({"uri": server.url + "/inner.json"})]))
        advance = pool.submit(group.emulator.advance, "1m")
        wait_until(lambda: server.asked, "the download")
        group.emulator.restart()
        assert advance.exception() is not None
        server.may_answer.set()
        group.emulator.advance("90m")
        assert len(server.asked) == 2 and group.names() == ["slowly"]


@pytest.mark.parametrize("goodbye", [True, False], ids=["whole", "cut"])
def test_a_document_over_tls_that_ends_with_its_connection(group, tmp_path, goodbye):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*signed_by(group.emulator, tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        def serve():
            with context.wrap_socket(listening.accept()[0], server_side=True) as sock:
                sock.recv(65536)
                sock.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + json.dumps(template()).encode())
                if goodbye:
                    with contextlib.suppress(OSError):  # the client need not say it, too
                        sock.unwrap()

        threading.Thread(target=serve, daemon=True).start()
        link = {"uri": f"https://127.0.0.1:{listening.getsockname()[1]}/main.json"}
        answer = put(group, link, status=(201,) if goodbye else (400,))
    assert goodbye or "the connection was closed" in answer["error"]["message"], answer


def test_a_document_that_the_emulator_serves_itself(group):
    own = f"https://localhost:{group.emulator.https_port}/metadata/endpoints?api-version=2015-01-01"
    error = put(group, {"uri": own}, status=(400,))["error"]
    assert "Required property 'contentVersion'" in error["message"], error  # it came, over TLS


def test_a_batch_waits_for_each_of_its_templates(group):
    with files({f"/{name}.json": template(resources=[thing(name)]) for name in ("one", "two")}) as (url, asked):
        requests = [{"name": name, "httpMethod": "PUT", "url": f"{group.id}/providers/Microsoft.Resources/deployments"
                     f"/{name}?api-version={VERSION}", "content": {"properties": {
                         "mode": "Incremental", "templateLink": {"uri": f"{url}/{name}.json"}}}}
                    for name in ("one", "two")]
        answer = group.emulator.request("POST", "/batch?api-version=2020-06-01", {"requests": requests},
                                        {"Authorization": "Bearer " + group.emulator.token()}, "management.azure.com")
        assert asked == ["/one.json", "/two.json"]
    assert [one["httpStatusCode"] for one in answer.json["responses"]] == [201, 201], answer
    group.emulator.advance("90m")
    assert group.names() == ["one", "two"]


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

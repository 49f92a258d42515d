"""Requests as Terraform's azurerm provider sends them."""
import http.client
import json
import ssl
import urllib.parse


class Terraform:
    """Speaks as go-azure-sdk does: polls by its rules, over one connection kept alive."""

    def __init__(self, emulator):
        self.emulator = emulator
        context = ssl.create_default_context(cafile=emulator.ca_file)
        self.connection = http.client.HTTPSConnection("localhost", emulator.https_port, context=context, timeout=30)
        form = urllib.parse.urlencode({
            "client_id": emulator.ready["clientId"], "client_secret": emulator.ready["clientSecret"],
            "grant_type": "client_credentials", "scope": f"https://localhost:{emulator.https_port}/.default"})
        self.connection.request("POST", f"/{emulator.ready['tenantId']}/oauth2/v2.0/token", form,
                                {"Content-Type": "application/x-www-form-urlencoded"})
        answer = json.loads(self.connection.getresponse().read())
        assert int(answer["expires_in"]) > 20 * 60
        self.token = answer["access_token"]

    def send(self, method, path, body=None):
        headers = {"Authorization": "Bearer " + self.token, "Accept": "application/json; charset=utf-8; IEEE754Compatible=false",
                   "OData-Version": "4.0", "OData-MaxVersion": "4.0"}
        if body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, answer.headers, json.loads(text) if text else None

    def call(self, method, path, version, body=None, status=(200, 201, 202)):
        where = f"/subscriptions/{self.emulator.ready['subscriptionId']}{path}?api-version={version}"
        found, headers, answer = self.send(method, where, body)
        assert found in ((status,) if isinstance(status, int) else status), (method, path, found, answer)
        return headers, answer

    def get(self, path, version, status=200):
        return self.call("GET", path, version, status=status)[1]

    def settled(self, path, version):
        """Waits on the emulator's clock until the resource says so."""
        for _ in range(10):
            answer = self.get(path, version)
            if answer["properties"].get("provisioningState", "Succeeded") == "Succeeded":
                return answer
            self.emulator.advance("30m")
        raise AssertionError(answer)

    def create(self, path, version, body, poll=True):
        self.get(path, version, 404)
        headers, answer = self.call("PUT", path, version, body)
        status_url = headers.get("Azure-AsyncOperation")
        if poll and status_url:
            assert status_url.startswith("https://")
            split = urllib.parse.urlsplit(status_url)
            for _ in range(10):
                found, headers, state = self.send("GET", f"{split.path}?{split.query}")
                assert found == 200 and headers["Content-Type"].startswith("application/json"), (found, state)
                if state["status"].lower() == "succeeded":
                    break
                assert int(headers.get("Retry-After", 10)) > 0
                self.emulator.advance("30m")
            assert state["status"].lower() == "succeeded", state
        return self.settled(path, version)

    def destroy(self, path, version):
        self.get(path, version)
        self.call("DELETE", path, version, status=(200, 202, 204))
        self.emulator.advance("30m")
        self.get(path, version, 404)

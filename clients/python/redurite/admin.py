"""The admin API of a running emulator, one method for each thing a test does."""
from __future__ import annotations

import http.client
import json
import urllib.parse
from typing import Any, Iterable, Mapping, Optional, Union

Duration = Union[str, int, float]


class AdminError(Exception):
    """The emulator refused a request; `code` and the text are its own."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.status, self.code = status, code


class VerificationError(AssertionError):
    """Expectations that were not met; `results` is the emulator's whole answer."""

    def __init__(self, results: list):
        failed = [r for r in results if not r["passed"]]
        super().__init__("\n".join(_explain(r) for r in failed))
        self.results = results


def _explain(result: Mapping[str, Any]) -> str:
    name = f"{result['name']}: " if "name" in result else ""
    lines = [name + result["message"]]
    for heading, what in (("offending", "did not comply"), ("near", "was near")):
        for request in result.get(heading, ()):
            differs = f" (another {request['differsIn']})" if "differsIn" in request else ""
            lines.append(f"  {what}: {_line(request)}{differs}")
    if result.get("count") and "offending" not in result:
        lines += [f"  seen: {_line(request)}" for request in result.get("matched", ())]
    return "\n".join(lines)


def _line(request: Mapping[str, Any]) -> str:
    words = [request["plane"], request["operation"], *request.get("keys", ()), "->", request.get("outcome", "")]
    return " ".join(words)


class Cache:
    """What an application needs to reach one cache."""

    def __init__(self, facts: Mapping[str, Any], ca_file: str):
        self.facts = facts
        self.name: str = facts["name"]
        self.host: str = facts["hostName"]
        self.port: Optional[int] = facts.get("port") or None
        self.tls_port: int = facts["sslPort"]
        self.key: str = facts.get("primaryKey", "")
        self.secondary_key: str = facts.get("secondaryKey", "")
        self.ca_file = ca_file

    @property
    def url(self) -> str:
        """For redis-py's from_url over TLS; pass ssl_ca_certs=cache.ca_file, too."""
        return self.facts["connectionStrings"]["url"]

    @property
    def plain_url(self) -> str:
        """For clients without TLS; the cache must have its plain port open, as devcache has."""
        if self.port is None:
            raise ValueError(f"{self.name} has no plain port: use url, or create it with enableNonSslPort")
        return f"redis://:{urllib.parse.quote(self.key, safe='')}@{self.host}:{self.port}/0"

    @property
    def connection_string(self) -> str:
        """In StackExchange.Redis's form, as Azure's portal shows it."""
        return self.facts["connectionStrings"]["stackexchange"]

    def __repr__(self) -> str:
        return f"<Cache {self.name} at {self.host}:{self.tls_port}>"


class Fault:
    """A fault rule in force. Ends with its `with` block, or with remove()."""

    def __init__(self, admin: Admin, rule: Mapping[str, Any]):
        self._admin, self.rule, self.id = admin, rule, rule["id"]

    def refresh(self) -> Mapping[str, Any]:
        """The rule as it is now, with `hits`, `fired` and `active`."""
        self.rule = self._admin.call("GET", f"/faults/{urllib.parse.quote(self.id, safe='')}")
        return self.rule

    @property
    def fired(self) -> int:
        return self.refresh()["fired"]

    def remove(self) -> None:
        self._admin.call("DELETE", f"/faults/{urllib.parse.quote(self.id, safe='')}")

    def __enter__(self) -> Fault:
        return self

    def __exit__(self, *_: Any) -> None:
        try:
            self.remove()
        except AdminError as error:
            if error.status != 404:  # a reset has taken it away already
                raise


class Scenario:
    """A scenario that runs. Ends with its `with` block, or with stop()."""

    def __init__(self, admin: Admin, name: str):
        self._admin, self.name = admin, name

    def show(self) -> Mapping[str, Any]:
        """Its document, with how its steps fare under `running`."""
        return self._admin.call("GET", f"/scenarios/{urllib.parse.quote(self.name, safe='')}")

    @property
    def solved(self) -> bool:
        return self.show()["running"]["solved"]

    def stop(self) -> None:
        self._admin.call("POST", f"/scenarios/{urllib.parse.quote(self.name, safe='')}/stop")

    def __enter__(self) -> Scenario:
        return self

    def __exit__(self, *_: Any) -> None:
        try:
            self.stop()
        except AdminError as error:
            if error.status != 409:  # a reset has stopped it already
                raise


class Admin:
    """An emulator that runs already, wherever it was started."""

    def __init__(self, endpoint: str = "http://127.0.0.1:8443", timeout: float = 60):
        self.endpoint = endpoint.rstrip("/")
        self.timeout = timeout

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request under /_redurite; the answer's JSON."""
        parts = urllib.parse.urlsplit(self.endpoint)
        connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=self.timeout)
        text = None if body is None else json.dumps(body)
        try:
            connection.request(method, "/_redurite" + path, text, {"Content-Type": "application/json"} if text else {})
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        document = json.loads(data) if data else None
        if answer.status >= 400:
            error = (document or {}).get("error", {})
            raise AdminError(answer.status, error.get("code", ""), error.get("message", f"status {answer.status}"))
        return document

    # What there is.

    def info(self) -> dict:
        return self.call("GET", "/info")

    def caches(self) -> list[Cache]:
        info = self.info()
        return [Cache(facts, info["caFile"]) for facts in info["caches"]]

    def cache(self, name: str = "devcache") -> Cache:
        caches = self.caches()
        for cache in caches:
            if cache.name.lower() == name.lower():
                return cache
        names = ", ".join(cache.name for cache in caches) or "none"
        raise LookupError(f"there is no cache {name!r}; there are: {names}")

    # Time.

    @property
    def now_ms(self) -> int:
        """Milliseconds since 1970 on the emulator's clock."""
        return int(self.call("GET", "/clock")["nowMs"])

    def advance(self, by: Duration) -> None:
        """Moves the clock ("20m", "36h", or seconds); everything due in that span has run on return."""
        self.call("POST", "/clock/advance", {"by": by if isinstance(by, str) else f"{round(by * 1000)}ms"})

    def freeze(self) -> None:
        self.call("POST", "/clock", {"mode": "frozen"})

    def resume(self, scale: Optional[float] = None) -> None:
        self.call("POST", "/clock", {"mode": "real", **({} if scale is None else {"scale": scale})})

    # Faults.

    def fault(self, plane: str, type: str, match: Optional[Mapping[str, Any]] = None, **more: Any) -> Fault:
        """Adds a rule: fault("redis", "error", {"command": "GET"}, attributes={...}, times=1, duration="10m")."""
        rule = {"plane": plane, "type": type, **({} if match is None else {"match": match}), **more}
        return Fault(self, self.call("POST", "/faults", rule))

    def faults(self) -> list[dict]:
        answer = self.call("GET", "/faults")
        return answer if isinstance(answer, list) else answer["faults"]

    def clear_faults(self) -> None:
        self.call("DELETE", "/faults")

    def scenario(self, scenario: Union[str, Mapping[str, Any]], cache: Optional[str] = None) -> Scenario:
        """Starts a shipped scenario by name, or one of your own given as a dictionary."""
        if not isinstance(scenario, str):
            self.call("POST", "/scenarios", scenario)
            scenario = scenario["name"]
        path = f"/scenarios/{urllib.parse.quote(scenario, safe='')}/start"
        self.call("POST", path, None if cache is None else {"cache": cache})
        return Scenario(self, scenario)

    # What the application did.

    def requests(self, limit: int = 20000, **conditions: Union[str, int, Iterable[str]]) -> list[dict]:
        """Recorded requests, oldest first: requests(plane="redis", command="GET", key="user:*")."""
        query = urllib.parse.urlencode({"limit": limit, **conditions}, doseq=True)
        return self.call("GET", f"/requests?{query}")["requests"][::-1]

    def clear_requests(self) -> None:
        """Begins the record anew, with Redis commands."""
        self.call("DELETE", "/requests")

    def verify(self, *expectations: Mapping[str, Any], **condition: Any) -> None:
        """Raises VerificationError unless all are met.

        verify(command="GET", key="user:1", exactly=2), or whole expectations as dictionaries:
        verify({"match": {"command": "SET"}, "every": {"ttl": True}}, {"match": {"command": "KEYS"}, "never": True}).
        """
        todo = list(expectations)
        if condition:
            counts = {ours: condition.pop(theirs) for theirs, ours in _COUNTS.items() if theirs in condition}
            todo.append({"match": condition, **counts})
        answer = self.call("POST", "/requests/verify", todo)
        if not answer["passed"]:
            raise VerificationError(answer["results"])

    # State.

    def reset(self) -> None:
        """Back to the start state: resources, data, clock, faults and record."""
        self.call("POST", "/reset")

    def save(self) -> dict:
        return self.call("GET", "/state")

    def load(self, snapshot: Mapping[str, Any]) -> None:
        self.call("PUT", "/state", snapshot)


_COUNTS = {"exactly": "exactly", "at_least": "atLeast", "at_most": "atMost", "never": "never", "every": "every",
           "name": "name"}

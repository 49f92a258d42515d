"""Faults as a test uses them: a rule for the time of a with-block, and a redis-py client."""
import contextlib


@contextlib.contextmanager
def fault(emulator, kind, plane=None, match=None, attributes=None, **fields):
    """The rule is there inside the block, and gone without trace behind it."""
    rule = {"type": kind, **fields}
    if plane:
        rule["plane"] = plane
    if match:
        rule["match"] = match
    if attributes:
        rule["attributes"] = attributes
    answer = emulator.admin("POST", "/faults", rule, status=201)
    try:
        yield answer["id"]
    finally:
        emulator.request("DELETE", "/_redurite/faults/" + answer["id"])


def shown(emulator, rule):
    return emulator.admin("GET", "/faults/" + rule)


def redis_py(emulator, tls=False, key=None, name=None, **options):
    """A client that does not retry by itself, so that a test sees the first symptom.

    Without TLS it comes from 127.0.0.1, wherever "localhost" leads on this machine.
    """
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
    if tls:
        options.update(ssl=True, ssl_ca_certs=emulator.ca_file)
    options.setdefault("socket_timeout", 10)
    options.setdefault("retry", Retry(NoBackoff(), 0))
    host, port = (name or "localhost", emulator.tls_port) if tls else (name or "127.0.0.1", emulator.port)
    return redis.Redis(host=host, port=port, password=key or emulator.key, decode_responses=True, **options)

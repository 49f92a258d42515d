"""The provisioning walk-through of a real project, as its author typed it, with whichever az."""
from .emulator import wait_until
from .wire import Closed, ErrorReply

NAME, GROUP, LOCATION = "spe-redis-dev-67e2xz", "spe-infrastructure-westus2", "westus2"
CACHE = ("--name", NAME, "--resource-group", GROUP)


def walk_through(emulator, az):
    az.login()
    az.run("provider", "register", "--namespace", "Microsoft.Cache", "--wait")
    assert az.run("provider", "show", "-n", "Microsoft.Cache", "--query", "registrationState", "-o", "tsv") == "Registered"
    assert az.run("group", "create", "--name", GROUP, "--location", LOCATION)["location"] == LOCATION

    create = az.start("redis", "create", *CACHE, "--location", LOCATION, "--sku", "Basic", "--vm-size", "c0",
                      "--minimum-tls-version", "1.2", "--output", "json")
    wait_until(lambda: emulator.arm("GET", emulator.cache_path(NAME, GROUP)).status == 200 or create.poll() is not None,
               "the cache to exist")
    state = ("redis", "show", *CACHE, "--query", "provisioningState", "--output", "tsv")
    assert az.run(*state) == "Creating"
    emulator.run("clock", "advance", "5m", check=True)
    assert az.run(*state) == "Creating"
    emulator.run("clock", "advance", "20m", check=True)
    created = az.finish(create)
    assert created["sku"] == {"name": "Basic", "family": "C", "capacity": 0}
    assert created["minimumTlsVersion"] == "1.2"
    assert created["enableNonSslPort"] is False
    assert az.run(*state) == "Succeeded"
    assert "Succeeded" in az.run("redis", "show", *CACHE, "--output", "table")

    key = az.run("redis", "list-keys", *CACHE, "--query", "primaryKey", "--output", "tsv")
    host = az.run("redis", "show", *CACHE, "--query", "hostName", "--output", "tsv")
    port = int(az.run("redis", "show", *CACHE, "--query", "sslPort", "--output", "tsv"))
    connection_string = f"{host}:{port},password={key},ssl=True,abortConnect=False"
    assert emulator.run("cache", "connection-string", NAME).stdout.strip().lower() == connection_string.lower()

    job = ("SET", "job:test-job-001", "done", "NX", "EX", "86400")
    application = emulator.client(tls=True, key=key, name=host)
    assert port == emulator.tls_port
    assert application.call(*job) == "OK"
    assert application.call(*job) is None
    assert application.call("TTL", "job:test-job-001") == 86400

    keys = az.run("redis", "regenerate-keys", *CACHE, "--key-type", "Primary")
    assert keys["primaryKey"] != key
    with emulator.connect(tls=True, name=host) as late:
        assert late.call("AUTH", key) == ErrorReply("WRONGPASS invalid username-password pair")
        assert late.call("AUTH", keys["primaryKey"]) == "OK"
        assert late.call("GET", "job:test-job-001") == "done"

    witness = emulator.client(tls=True, key=keys["primaryKey"], name=host)
    az.finish(az.start("redis", "delete", *CACHE, "--yes"))
    gone = az.attempt("redis", "show", *CACHE)
    assert gone.returncode == 3 and "ResourceNotFound" in gone.stderr, gone.stderr
    try:
        witness.call("PING")
        raise AssertionError("a connection outlived its cache")
    except (Closed, ConnectionError):
        pass
    az.finish(az.start("group", "delete", "--name", GROUP, "--yes"))
    assert az.run("group", "exists", "--name", GROUP) is False

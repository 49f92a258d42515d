"""The walk-through with Azure's JavaScript SDK, through the proxy or with explicit endpoints."""
from .emulator import ROOT
from .programs import node
from .wire import ErrorReply


def environment_for(emulator, mode):
    environment = dict(emulator.environment, NODE_EXTRA_CA_CERTS=emulator.ca_file, NODE_NO_WARNINGS="1")
    if mode == "proxy":
        environment.update(HTTPS_PROXY=emulator.url, NO_PROXY="localhost,127.0.0.1")
    return environment


def walk_through(emulator, mode, newest=False):
    facts = node(ROOT / "tests/system/js/flow.cjs", emulator.ready_file, emulator.url, mode, newest=newest,
                 environment=environment_for(emulator, mode))
    facts = dict(facts)
    use = facts.pop("use")
    assert facts == {
        "group": "Succeeded",
        "state while creating": "Creating",
        "state when created": "Succeeded",
        "sku": {"name": "Basic", "family": "C", "capacity": 0},
        "ssl port": emulator.tls_port,
        "keys": [44, 44],
        "regenerated": True,
        "list": ["js-cache"],
        "non-ssl port": True,
        "gone": [404, "ResourceNotFound"],
    }
    # The cache is gone, so neither its old key nor its last one opens anything.
    for key in (use["old"], use["key"]):
        assert isinstance(emulator.connect(tls=True).call("AUTH", key), ErrorReply)

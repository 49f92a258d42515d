"""The newest JavaScript clients from npm, on the Node.js that they need."""
import itertools

import pytest

from harness import matrix
from harness.javascript_sdk import walk_through


@pytest.mark.parametrize("library,transport,protocol",
                         itertools.product(("ioredis", "redis"), matrix.TRANSPORTS, (2, 3)))
def test_matrix(shared_emulator, record_property, library, transport, protocol):
    row = matrix.check(matrix.run_node(shared_emulator, library, transport, protocol, newest=True))
    name = "node-redis" if library == "redis" else library
    record_property("matrix", [name + " newest", transport, protocol, row])


@pytest.mark.parametrize("mode", ["proxy", "endpoint"])
def test_sdk_walk_through(emulator, mode):
    walk_through(emulator, mode, newest=True)

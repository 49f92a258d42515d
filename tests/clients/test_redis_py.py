"""The newest redis-py from PyPI, which speaks RESP3 by default and does not fall back."""
import itertools

import pytest

from harness import matrix
from harness.programs import TOOLS

PYTHON = TOOLS / "newest-python" / "bin" / "python"


@pytest.mark.parametrize("transport,protocol", itertools.product(matrix.TRANSPORTS, (2, 3)))
def test_matrix(shared_emulator, record_property, transport, protocol):
    row = matrix.check(matrix.run_redis_py(shared_emulator, transport, protocol, PYTHON))
    record_property("matrix", ["redis-py newest", transport, protocol, row])

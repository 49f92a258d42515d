"""Azure's JavaScript SDK, the newest releases that run on the packaged Node.js."""
import pytest

from harness.javascript_sdk import walk_through


@pytest.mark.parametrize("mode", ["proxy", "endpoint"])
def test_walk_through(emulator, mode):
    walk_through(emulator, mode)

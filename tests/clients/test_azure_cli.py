"""The newest Azure CLI from PyPI."""
import pytest

from harness.programs import TOOLS, Az
from harness.seed_flow import walk_through

PROGRAM = TOOLS / "newest-python" / "bin" / "az"


@pytest.mark.parametrize("mode", ["proxy", "cloud", "registered"])
def test_walk_through(emulator, tmp_path, mode):
    walk_through(emulator, Az(emulator, tmp_path / "azure", mode, PROGRAM))

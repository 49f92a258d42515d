"""The pytest plugin: `redurite` is an emulator in its start state for each test.

One process serves the whole run (one for each worker of pytest-xdist); a test begins with a reset.
"""
import pytest

from .process import Emulator


def pytest_addoption(parser):
    group = parser.getgroup("redurite", "the emulator of Azure Cache for Redis")
    group.addoption("--redurite", metavar="PATH", help="the redurite program [the variable REDURITE, or PATH]")
    parser.addini("redurite_options", "words of `redurite start`", type="args", default=[])
    parser.addini("redurite_seed", "a file of resources that each test starts with", default="")
    parser.addini("redurite_clock", "real, frozen or a scale", default="frozen")


@pytest.fixture(scope="session")
def redurite_process(request):
    """The emulator behind `redurite`, for other session fixtures."""
    config = request.config
    seed = config.getini("redurite_seed")
    with Emulator(*config.getini("redurite_options"), binary=config.getoption("--redurite"),
                  clock=config.getini("redurite_clock"), seed=config.rootpath / seed if seed else None) as emulator:
        yield emulator


@pytest.fixture
def redurite(redurite_process):
    """An emulator in its start state, on a frozen clock unless the configuration says otherwise."""
    redurite_process.reset()
    return redurite_process

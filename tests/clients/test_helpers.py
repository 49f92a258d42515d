"""The helpers of clients/: the own tests of each, against this binary, in its language's own way."""
import re
import shutil
import subprocess

import pytest

from harness.emulator import BINARY, ROOT, clean_environment

TOOLS = ROOT / "build" / "tools"


def run(words, folder, **environment):
    done = subprocess.run(words, cwd=folder, env=clean_environment(REDURITE=BINARY, **environment), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=900)
    assert done.returncode == 0, done.stdout[-8000:]
    return done.stdout


@pytest.fixture
def copy(tmp_path):
    """A helper's folder apart from the sources, so that no tool writes there."""
    def make(name):
        return shutil.copytree(ROOT / "clients" / name, tmp_path / name,
                               ignore=shutil.ignore_patterns("node_modules", "target", "__pycache__"))
    return make


@pytest.mark.parametrize("python", [TOOLS / "bin" / "python", TOOLS / "newest-python" / "bin" / "python"],
                         ids=["packaged", "newest"])
def test_python(copy, python):
    out = run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider"], copy("python"))
    assert " passed" in out and " skipped" not in out


def test_javascript_and_its_types(copy):
    folder = copy("javascript")
    (folder / "node_modules").symlink_to(TOOLS / "helpers-node" / "node_modules")
    out = run(["npm", "test"], folder)
    plain = re.sub("\x1b\\[[0-9;]*m", "", out)
    assert "# fail 0" in plain and "# skipped 0" in plain  # node:test
    assert "Tests:       1 passed, 1 total" in plain  # Jest
    assert re.search(r"Tests +2 passed \(2\)", plain)  # Vitest, in TypeScript


def test_go(copy):
    out = run(["go", "test", "-count=1", "./..."], copy("go"), GOFLAGS="-mod=mod", GOTOOLCHAIN="local")
    assert "ok " in out


def test_java(copy):
    out = run(["mvn", "-B", "-ntp", "test"], copy("java"))
    assert "BUILD SUCCESS" in out and "Skipped: 0" in out

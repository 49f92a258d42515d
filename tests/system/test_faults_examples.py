"""Every example of docs/faults.md does what it says, and every type of fault has one."""
import os
import re
import subprocess

import pytest

from harness.emulator import BINARY, ROOT, clean_environment

TEXT = (ROOT / "docs" / "faults.md").read_text()
PRELUDE = re.search(r"```sh prelude\n(.*?)```", TEXT, re.S)[1]
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.S)
TYPES = [re.search(r"fault add (\w+)", block)[1] for block in BLOCKS]


def run(emulator, block):
    """The block in one shell; returns what each command printed, and what the document says it does."""
    script, expected = PRELUDE, []
    for line in block.splitlines():
        if line.startswith("#>"):
            expected[-1].append(line[2:].strip())
        else:
            script += f"echo '@@@ command'\n{line}\n"
            expected.append([])
    environment = {**emulator.environment, "REDURITE_ENDPOINT": emulator.url, "REDIS_PORT": str(emulator.port),
                   "REDIS_TLS_PORT": str(emulator.tls_port), "REDURITE_DATA_DIR": str(emulator.data),
                   "PATH": f"{BINARY.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", "exec 2>&1\n" + script], capture_output=True, text=True, timeout=60,
                          env=environment, stdin=subprocess.DEVNULL)
    return done.stdout.split("@@@ command\n")[1:], expected


@pytest.fixture(scope="module")
def documented(tmp_path_factory):
    from harness.emulator import Emulator
    emulator = Emulator(tmp_path_factory.mktemp("emulator"), "--offline", environment=clean_environment())
    yield emulator
    emulator.stop()


@pytest.mark.parametrize("number", range(len(BLOCKS)), ids=[f"{number}-{kind}" for number, kind in enumerate(TYPES)])
def test_example(documented, number):
    documented.admin("DELETE", "/faults")
    outputs, expected = run(documented, BLOCKS[number])
    documented.admin("DELETE", "/faults")
    assert len(outputs) == len(expected), outputs
    for command, output, words in zip((line for line in BLOCKS[number].splitlines() if line[:2] != "#>"), outputs,
                                      expected):
        for word in words:
            assert word in output, f"{command}: {output}"
        if command.startswith("redurite fault add"):
            assert "redurite:" not in output, f"{command}: {output}"
    assert documented.client().call("PING") == "PONG"  # and all is well again


def test_every_type_has_an_example(documented):
    assert {each["type"] for each in documented.admin("GET", "/fault-types")["types"]} == set(TYPES)

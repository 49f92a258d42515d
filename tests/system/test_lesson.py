"""docs/lesson.md is followed as a trainer does: one shell from the first command to the last."""
import os
import re
import subprocess

from harness.emulator import BINARY, ROOT
from harness.programs import find_program
from harness.scenarios import NAMES

TEXT = (ROOT / "docs" / "lesson.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.S)


def test_every_command_does_what_the_lesson_says(start_emulator):
    emulator = start_emulator("--clock", "frozen", "--provisioning", "instant", "--offline")
    script, commands = "shopt -s expand_aliases\nexec 2>&1\n", []
    for line in "".join(BLOCKS).splitlines():
        if line.startswith("#>"):
            commands[-1][1].append(line[2:].strip())
        else:
            commands.append((line, []))
            script += f"echo '@@@ command'\n{line}\n"
    environment = {**emulator.environment, "REDURITE_ENDPOINT": emulator.url, "REDIS_PORT": str(emulator.port),
                   "PATH": os.pathsep.join((str(BINARY.parent), os.path.dirname(find_program("redis-cli")),
                                            os.environ["PATH"]))}
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=150, env=environment,
                          stdin=subprocess.DEVNULL)
    outputs = done.stdout.split("@@@ command\n")[1:]
    assert len(outputs) == len(commands), done.stdout[-3000:]
    for (command, words), output in zip(commands, outputs):
        for word in words:
            assert word in output, f"{command}\n{output}"
        assert command.startswith("az redis create -n tenth") or "redurite: " not in output, f"{command}\n{output}"
    assert emulator.admin("GET", "/faults")["faults"] == []


def test_the_table_names_every_scenario():
    text = (ROOT / "docs" / "scenarios.md").read_text()
    table = text[text.index("| about | names |"):text.index("## One of your own")]
    assert sorted(re.findall(r"`([a-z0-9-]+)`", table)) == NAMES


def test_the_documented_scenario_is_one(start_emulator):
    emulator = start_emulator()
    text = (ROOT / "docs" / "scenarios.md").read_text()
    answer = emulator.request("POST", "/_redurite/scenarios", re.search(r"```json\n(.*?)```", text, re.S)[1],
                              {"Content-Type": "application/json"})
    assert answer.status == 201, answer

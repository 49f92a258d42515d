"""Scenarios as a trainer uses them: start, watch, fix; and afterwards nothing is left."""
import contextlib
import json

from .emulator import ROOT

FOLDER = ROOT / "fixtures" / "scenarios"
NAMES = sorted(file.stem for file in FOLDER.glob("*.json"))


def document(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


class Scenario:
    def __init__(self, emulator, name):
        self.emulator, self.name = emulator, name

    def show(self):
        return self.emulator.admin("GET", f"/scenarios/{self.name}")

    @property
    def steps(self):
        """How each step fared: "waiting", "due", "done", "failed"."""
        return [step["state"] for step in self.show()["running"]["steps"]]

    @property
    def solved(self):
        return self.show()["running"]["solved"]


@contextlib.contextmanager
def play(emulator, name, **options):
    clock = emulator.admin("GET", "/clock")
    recorded = emulator.admin("GET", "/requests?limit=0")["commandsRecorded"]
    emulator.admin("POST", f"/scenarios/{name}/start", options or None)
    scenario = Scenario(emulator, name)
    try:
        yield scenario
    finally:
        if scenario.show()["running"]:
            emulator.admin("POST", f"/scenarios/{name}/stop")
    assert emulator.admin("GET", "/faults")["faults"] == []
    after = emulator.admin("GET", "/clock")
    assert (after["mode"], after["scale"]) == (clock["mode"], clock["scale"])
    assert emulator.admin("GET", "/requests?limit=0")["commandsRecorded"] == recorded

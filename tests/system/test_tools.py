"""The two commands of the README, on a machine that has everything: nothing is installed again."""
import os
import signal
import subprocess

from harness.emulator import ROOT, clean_environment, wait_until
from harness.programs import run_program

MANAGERS = ("apt-get", "dnf", "apk", "brew", "npm", "pip", "pip3", "sudo")


def without_managers(directory):
    """An environment in which every package manager only leaves a mark."""
    directory.mkdir()
    marks = directory / "called"
    for name in MANAGERS:
        if name in ("dnf", "apk", "brew"):
            continue  # that there is none tells the installer which system this is
        stub = directory / name
        stub.write_text(f"#!/bin/sh\necho {name} \"$@\" >>{marks}\nexit 1\n")
        stub.chmod(0o755)
    return clean_environment(PATH=f"{directory}:{os.environ['PATH']}"), marks


def test_nothing_missing_nothing_called(tmp_path):
    environment, marks = without_managers(tmp_path / "stubs")
    done = run_program(ROOT / "tools/install.sh", "build", "test", environment=environment, cwd=tmp_path)
    assert done.returncode == 0 and done.stdout == "", done.stdout + done.stderr
    assert not marks.exists(), marks.read_text()


def test_installer_says_what_it_does_not_know():
    done = run_program(ROOT / "tools/install.sh", "everything")
    assert done.returncode == 1 and "everything" in done.stderr
    assert run_program(ROOT / "tools/test.sh", "--fast").returncode == 2


def test_run_starts_the_emulator_from_any_folder(tmp_path):
    ready = tmp_path / "ready.json"
    process = subprocess.Popen(
        [ROOT / "tools/run.sh", "--redis-port", "0", "--redis-tls-port", "0", "--https-port", "0",
         "--data-dir", "data", "--ready-file", "ready.json"],
        cwd=tmp_path, env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    wait_until(lambda: ready.exists() or process.poll() is not None, "the emulator", 120)
    assert (tmp_path / "data").is_dir()
    process.send_signal(signal.SIGTERM)
    banner, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "devcache" in banner and "password=" in banner

"""An emulator of one's own: started on free ports, stopped with the block or the test run."""
from __future__ import annotations

import atexit
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
from typing import Any, Mapping, Optional, Sequence

from .admin import Admin

START_SECONDS = 30


class StartError(Exception):
    """The emulator did not start; the text is what it said."""


def find_binary(given: Optional[str] = None) -> str:
    """The given path, else the environment's REDURITE, else redurite on PATH."""
    binary = given or os.environ.get("REDURITE") or shutil.which("redurite")
    if not binary:
        raise StartError("redurite was not found: put it on PATH, or its path into the variable REDURITE")
    if not os.access(binary, os.X_OK):
        raise StartError(f"{binary} is not a program that can be run")
    return os.fspath(binary)


class Emulator(Admin):
    """A running emulator.

    with Emulator() as emulator:
        client = redis.Redis.from_url(emulator.cache().plain_url)

    Redis commands are recorded, nothing is kept on disk. `options` are words of `redurite start`;
    `seed` is a document of resources to start with, or the path of one.
    """

    def __init__(self, *options: str, binary: Optional[str] = None, seed: Any = None, clock: str = "real",
                 directory: Optional[os.PathLike] = None):
        self.binary = find_binary(binary)
        self._temporary = None if directory else tempfile.mkdtemp(prefix="redurite-")
        self.directory = pathlib.Path(directory or self._temporary)
        self._process: Optional[subprocess.Popen] = None
        self._options = ["--clock", clock, "--record-commands", *self._seed_options(seed), *map(str, options)]
        self.ready: dict = {}
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        super().__init__(f"http://127.0.0.1:{self.ready['ports']['https']}")
        atexit.register(self.stop)

    def _seed_options(self, seed: Any) -> Sequence[str]:
        if seed is None:
            return ()
        if isinstance(seed, Mapping):
            path = self.directory / "seed.json"
            path.write_text(json.dumps(seed))
            seed = path
        return ("--seed", os.fspath(seed))

    def _start(self) -> None:
        ready_file = self.directory / "ready.json"
        ready_file.unlink(missing_ok=True)
        ours = {k: v for k, v in os.environ.items() if not k.startswith("REDURITE_")}
        with open(self.log_file, "ab") as log:
            self._process = subprocess.Popen(
                [self.binary, "start", "--redis-port", "0", "--redis-tls-port", "0", "--https-port", "0", "--ephemeral",
                 "--data-dir", str(self.directory / "data"), "--ready-file", str(ready_file), *self._options],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, env=ours)
        end = time.monotonic() + START_SECONDS
        while not ready_file.exists():
            if self._process.poll() is not None or time.monotonic() > end:
                raise StartError(f"redurite did not start:\n{self.log.strip()}")
            time.sleep(0.005)
        self.ready = json.loads(ready_file.read_text())

    @property
    def log_file(self) -> pathlib.Path:
        return self.directory / "redurite.log"

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    @property
    def ca_file(self) -> str:
        """The authority that TLS clients must trust."""
        return self.ready["caFile"]

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def environment(self, mode: str = "proxy") -> dict:
        """What `redurite env` prints: lets az, Terraform and the Azure SDKs in a child process find the emulator."""
        words = [self.binary, "env", "--format", "json", "--mode", mode, "--endpoint", self.endpoint]
        return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)
        atexit.unregister(self.stop)

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()

"""ioredis and node-redis as an application uses them, word by word (tests/system/js/talk.cjs)."""
import json
import subprocess

from .emulator import ROOT, clean_environment
from .programs import TOOLS, find_program

LIBRARIES = {"ioredis": "ioredis", "node-redis": "redis"}


class Talk:
    """One client, which does not connect again by itself.

    Calls return the answer or raise a ClientError with the library's own name and text of the error.
    """

    def __init__(self, emulator, library, **options):
        options = {"host": "127.0.0.1", "port": emulator.port, "password": emulator.key, **options}
        self.events = []
        modules = TOOLS / "node" / "node_modules"
        self.process = subprocess.Popen(
            [find_program("node"), str(ROOT / "tests/system/js/talk.cjs"), LIBRARIES[library], json.dumps(options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**clean_environment(), "NODE_PATH": str(modules), "NODE_NO_WARNINGS": "1"})

    def call(self, *words):
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        said = json.loads(self.process.stdout.readline())
        self.events += said["events"]
        if "error" in said:
            raise ClientError(*said["error"])
        return said["answer"]

    def connect(self):
        self.call("connect")
        return self

    def stop(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


class ClientError(Exception):
    def __init__(self, name, text):
        super().__init__(f"{name}: {text}")
        self.name, self.text = name, text

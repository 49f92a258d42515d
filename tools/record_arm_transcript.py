"""Fills the answers of fixtures/arm transcripts in, as the service gives them now: read the result!

    python3 tools/record_arm_transcript.py fixtures/arm/locks.transcript ...

Each request ends with a line "<". Answers that leave parts open ("...", "<more>", "<any:NAME>") stay as they are.
Guids and keys become placeholders, JSON is folded to 100 columns.
"""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
RUNNER = ROOT / "build" / "tests" / "transcripts" / "arm_runner"
SUBSCRIPTION = "/subscriptions/00000000-0000-4000-8000-000000006379"
GUID = re.compile(r"(?<![0-9a-f-])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f-])")
KEY = re.compile(r"[A-Za-z0-9+/]{33}AzCa[A-Za-z0-9+/]{6}=")


def fold(value, indent=0):
    """JSON in lines of at most 100 columns: what fits stands on one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent <= 98 or not isinstance(value, (dict, list)) or not value:
        return flat
    blank = " " * (indent + 1)
    if isinstance(value, list):
        parts = [fold(item, indent + 1) for item in value]
    else:
        parts = [f"{json.dumps(name)}: {fold(item, indent + 1)}" for name, item in value.items()]
    lines, current = [], ""
    for part in parts:
        if current and len(current) + len(part) + indent + 3 > 100:
            lines.append(current)
            current = part
        else:
            current = f"{current}, {part}" if current else part
    lines.append(current)
    first, last = "[]" if isinstance(value, list) else "{}"
    return first + f",\n{blank}".join(lines) + last


def soften(line, kept):
    line = line.replace(SUBSCRIPTION, "$S")
    line = GUID.sub(lambda match: match[0] if match[0] in kept else "<guid>", line)
    return KEY.sub("<any>AzCa<any>=", line)


def whole(line):
    """Not the first of several lines, which only an answer that stays as it is has."""
    try:
        return json.loads(line) is not None
    except ValueError:
        return False


def record(path):
    text = path.read_text()
    known = set(GUID.findall(text))
    output = subprocess.run([RUNNER, "--record", path], check=True, capture_output=True, text=True).stdout
    lines, answer = [], False
    for line in output.splitlines():
        answer = line.startswith("<") or (answer and not line.startswith((">", "@", "#")))
        if answer and line.startswith(("{", "[", '"')):
            line = soften(fold(json.loads(line)), known) if whole(line) else line
        elif answer:
            line = soften(line, known)
        lines.append(line)
    path.write_text("\n".join(lines).rstrip("\n") + "\n")


for name in sys.argv[1:]:
    record(pathlib.Path(name))

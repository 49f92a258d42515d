"""Fills transcripts with the answers of a real redis-server.

python3 tools/record_transcript.py [--profile redis] PORT fixtures/redis/list.transcript ...

Every line that begins with "> " in a part of that profile is sent to the server at that port, after a FLUSHALL per
file; what it answers replaces what stood there. Comments, "@" lines, other parts and the commands stay. The profile
azure wants a redis-server 6.0 with the password "primary" and Azure's renamed commands (harness.programs). The result
says what Redis does: read it before you commit it.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests"))

from harness.transcripts import Client, Stage

WAITING = ("BLPOP", "BRPOP", "BRPOPLPUSH", "BZPOPMIN", "BZPOPMAX", "BLMOVE", "BLMPOP", "BZMPOP")


def as_written(answer):
    """As a transcript has it: an empty line, and one that would read as something else, is a glob."""
    return answer if answer and answer[0] not in "#>@~" else f"~ {answer}".rstrip()


def record(port, profile, path):
    client = Client(port)
    for line in ["AUTH primary"] * (profile == "azure") + ["FLUSHALL", "FUNCTION FLUSH"]:
        client.ask(line)
    stage, lines, present, name = Stage(port), [], "azure", "1"
    for line in path.read_text().splitlines():
        words = line.split()
        if line.startswith("@ profile"):
            present, name = words[2], "1"
        elif line.startswith("@ client"):
            name = words[2]
        if present == profile and line.startswith("> "):
            queued = name in stage.clients and stage.clients[name].queuing
            waits = not queued and (words[1] in WAITING and words[-1] == "0" or " BLOCK 0 " in line)
            lines += [line, *map(as_written, stage.ask(name, line[2:], waits))]
        elif present != profile or line.startswith(("@", "#")):
            lines.append(line)
    path.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="redis")
    parser.add_argument("port", type=int)
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    for path in options.files:
        record(options.port, options.profile, path)


if __name__ == "__main__":
    main()

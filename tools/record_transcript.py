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

from harness.transcripts import Client


def record(port, profile, path):
    client = Client(port)
    for line in ["AUTH primary"] * (profile == "azure") + ["FLUSHALL", "FUNCTION FLUSH"]:
        client.ask(line)
    client = Client(port)
    lines, present = [], "azure"
    for line in path.read_text().splitlines():
        present = line.split()[2] if line.startswith("@ profile") else present
        if present == profile and line.startswith("> "):
            answers = client.ask(line[2:])
            lines += [line, *(answer if answer and answer[0] not in "#>@~" else f"~ {answer}".rstrip() for answer in answers)]
            if answers[-1:] == ["closed"]:
                client = Client(port)
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

"""Plays families of random commands to two servers and compares.

python3 -m differential.play OURS_PORT REFERENCE_PORT [--families list,hash] [--count N] [--seed N]

(from the folder tests/). Prints the first differences with what led to them; exit code 1 when there are any.
"""
import argparse
import importlib
import pathlib
import random
import socket
import sys

from . import rules
from .words import Words

BATCH = 40
FAMILIES = sorted(path.stem for path in (pathlib.Path(__file__).parent / "families").glob("[a-z]*.py"))


class Difference(Exception):
    """Two servers answered differently."""


class Player:
    """One connection; replies come as (kind, value) so that nothing is lost in between."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.file = self.socket.makefile("rb", 1 << 16)

    def send(self, batch):
        data = bytearray()
        for words in batch:
            data += b"*%d\r\n" % len(words)
            for word in words:
                word = word if isinstance(word, bytes) else str(word).encode()
                data += b"$%d\r\n%s\r\n" % (len(word), word)
        self.socket.sendall(data)

    def reply(self):
        line = self.file.readline()
        if not line:
            raise Difference("the server closed the connection")
        kind, rest = chr(line[0]), line[1:-2]
        if kind in "$=":
            return (kind, None) if rest == b"-1" else (kind, self.file.read(int(rest) + 2)[:-2])
        if kind in "*~>":
            return (kind, None) if rest == b"-1" else (kind, [self.reply() for _ in range(int(rest))])
        if kind == "%":
            return kind, [self.reply() for _ in range(2 * int(rest))]
        return (kind, int(rest)) if kind == ":" else (kind, rest)

    def ask(self, batch):
        self.send(batch)
        return [self.reply() for _ in batch]


def load(names):
    return [importlib.import_module(f"differential.families.{name}") for name in names]


def show(words):
    return " ".join(repr(word) if isinstance(word, bytes) else (str(word) or "''") for word in words)[:400]


def where(mine, theirs, path=()):
    """The first place at which two replies part."""
    if mine[0] == theirs[0] and isinstance(mine[1], list) and isinstance(theirs[1], list):
        for index, pair in enumerate(zip(mine[1], theirs[1])):
            if pair[0] != pair[1]:
                return where(*pair, (*path, index))
        return f"{path}: {len(mine[1])} items and {len(theirs[1])}"
    return f"{path}: {mine!r:.200} and {theirs!r:.200}"


def play(ours, reference, families, count, seed, protocol=2, since_start=None):
    """Raises Difference at the first one."""
    chance = random.Random(seed)
    words = Words(chance)
    sources = load(families)
    players = [Player(ours), Player(reference)]
    recent = []
    for player in players:
        player.ask([("HELLO", protocol), ("FLUSHALL",)])
    done = 0
    while done < count:
        batch = []
        while len(batch) < BATCH:
            made = chance.choice(sources).command(words)
            batch += made if isinstance(made, list) else [made]
        if chance.random() < 0.002:
            batch.append(("FLUSHALL",))
        for player in players:
            player.send(batch)
        for index, command in enumerate(batch):
            mine, theirs = (player.reply() for player in players)
            recent.append((command, theirs))
            if mine == theirs:
                continue
            rule = rules.rule_for(command)
            if rule is not None and rule(mine, theirs, command):
                continue
            if since_start is not None:
                since_start += recent[-60:]
            raise Difference(f"seed {seed}, RESP{protocol}, after {done + index} commands\n  {show(command)}\n"
                             f"  ours:      {mine!r:.600}\n  reference: {theirs!r:.600}\n"
                             f"  at {where(mine, theirs)}")
        done += len(batch)
        del recent[:-200]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ours", type=int)
    parser.add_argument("reference", type=int)
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--protocol", type=int, default=2)
    parser.add_argument("--history", type=int, default=8, help="how many commands on the same key to show")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(10**9)
    recent = []
    try:
        play(options.ours, options.reference, options.families.split(","), options.count, seed,
             options.protocol, recent)
    except Difference as difference:
        if recent:
            keys = {word for word in recent[-1][0][1:] if isinstance(word, str) and word.startswith("{k}")}
            related = [each for each in recent[:-1] if keys & set(map(str, each[0]))]
            for command, theirs in related[-options.history:]:
                print("  before:", show(command), "->", f"{theirs!r:.120}")
        sys.exit(f"difference: {difference}")
    print(f"equal: {options.count} commands, seed {seed}")


if __name__ == "__main__":
    main()

"""Plays families of random commands to two servers and compares.

python3 -m differential.play OURS_PORT REFERENCE_PORT [--families list,hash] [--count N] [--seed N] [--key KEY]

(from the folder tests/). Prints the first difference with what led to it, or with --all one of each kind; exit code 1
when there are any. An Azure cache wants its --key; it runs Redis 6.0, so the reference has to be one, with that
password, and with what Azure renames away renamed away (harness.programs.AZURE_RENAMES).
"""
import argparse
import importlib
import itertools
import pathlib
import random
import re
import socket
import sys

from . import rules
from .words import Words

BATCH = 40
FAMILIES = sorted(path.stem for path in (pathlib.Path(__file__).parent / "families").glob("[a-z]*.py"))

# Families that meet on the same keys; each share is played alone, so that they run side by side.
MODERN = [["scripting"], ["acl"]]  # Redis 6.0 does not survive the one, and Azure has not the other
SHARES = [
    ["string", "bitmap", "hyperloglog", "keys"],
    ["list", "keys"],
    ["list", "sort"],  # RENAME would put sets where their order is not defined
    ["hash", "set", "sorted_set", "keys"],
    ["geo"],           # others put members there that are equally far away
    ["stream", "keys", "string"],
    ["containers", "stream", "list", "string"],
    *MODERN,
]


class Difference(Exception):
    """Two servers answered differently."""


class Player:
    """One connection; replies come as (kind, value) so that nothing is lost in between."""

    def __init__(self, port, key=None):
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.file = self.socket.makefile("rb", 1 << 16)
        if key is not None:
            self.ask([("AUTH", key)])

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


def commands(families, chance, refused=None):
    """Random ones of these families, without end. Some come in groups; a group with one that is refused is left out."""
    words, sources = Words(chance), load(families)
    while True:
        made = chance.choice(sources).command(words)
        made = made if isinstance(made, list) else [made]
        if refused is None or not any(refused(command) for command in made):
            yield from made


def differences(ours, reference, families, count, seed, protocol=2, key=None):
    """Yields (command, text, what came before it) for each; both servers begin anew behind one.

    `key` opens ours, an Azure cache, and the reference: a Redis 6.0 that asks for the same password.
    """
    chance = random.Random(seed)
    made = commands(families, chance, key and rules.kept_back)
    players = [Player(ours, key), Player(reference, key)]
    recent = []
    for player in players:
        player.ask([("HELLO", protocol), ("FLUSHALL",)])
    done = 0
    while done < count:
        batch = list(itertools.islice(made, BATCH))
        if chance.random() < 0.002:
            batch.append(("FLUSHALL",))
        for player in players:
            player.send(batch)
        different = False
        for index, command in enumerate(batch):
            mine, theirs = (player.reply() for player in players)
            recent.append((command, theirs))
            if mine == theirs or different:
                continue
            rule = rules.rule_for(command)
            if rule is not None and rule(mine, theirs, command):
                continue
            different = True
            yield (command, f"seed {seed}, RESP{protocol}, after {done + index} commands\n  {show(command)}\n"
                            f"  ours:      {mine!r:.600}\n  reference: {theirs!r:.600}\n"
                            f"  at {where(mine, theirs)}", recent[-60:-1])
        if different:
            for player in players:
                player.ask([("FLUSHALL",)])
        done += len(batch)
        del recent[:-200]


def play(*arguments, **more):
    """As differences(): raises Difference at the first one."""
    for _, text, _ in differences(*arguments, **more):
        raise Difference(text)


def kind_of(command, text):
    """Differences of one kind have the same: the command's name, and the answers without their numbers and names."""
    answers = text.split("\n  at ")[1]
    return command[0], re.sub(r"[0-9]+|b'[a-z]?\w{,3}'", "", answers)[:80]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ours", type=int)
    parser.add_argument("reference", type=int)
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--protocol", type=int, default=2)
    parser.add_argument("--key", help="the access key of an Azure cache")
    parser.add_argument("--all", action="store_true", help="play on after a difference, show one of each kind")
    parser.add_argument("--history", type=int, default=8, help="how many commands on the same key to show")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(10**9)
    kinds = set()
    for command, text, before in differences(options.ours, options.reference, options.families.split(","), options.count,
                                             seed, options.protocol, options.key):
        if kind_of(command, text) in kinds:
            continue
        kinds.add(kind_of(command, text))
        keys = {word for word in command[1:] if isinstance(word, str) and word.startswith("{k}")}
        related = [each for each in before if keys & set(map(str, each[0]))]
        for earlier, theirs in related[-options.history:] if options.history else []:
            print("  before:", show(earlier), "->", f"{theirs!r:.120}")
        print(f"difference: {text}")
        if not options.all:
            break
    if kinds:
        sys.exit(1)
    print(f"equal: {options.count} commands, seed {seed}")


if __name__ == "__main__":
    main()

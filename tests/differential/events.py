"""Keyspace events of random commands: after each command the same ones, in the same order."""
import itertools
import random

from . import play, rules

END = b"end-of-events"


def _listen(port, key):
    player = play.Player(port, key)
    player.ask([("PSUBSCRIBE", "__keyevent@0__:*")])
    return player


def _heard(listener):
    """(event, key) of all that came since the last time."""
    listener.send([("PING", END)])
    found = []
    while True:
        words = [word for _, word in listener.reply()[1]]
        if words == [b"pong", END]:
            return found
        found.append((words[2].partition(b":")[2], words[3]))


def compare_commands(ours, reference, commands, key=None):
    """Raises Difference. Both notify of everything: "KEA"."""
    players = [play.Player(port, key) for port in (ours, reference)]
    listeners = [_listen(port, key) for port in (ours, reference)]
    for player in players:
        player.ask([("FLUSHALL",)])
    for command in commands:
        answers = [player.ask([command])[0] for player in players]
        heard = [_heard(listener) for listener in listeners]
        if heard[0] != heard[1]:
            raise play.Difference(f"{play.show(command)} -> {answers[1]!r:.200}\n"
                                  f"  ours:      {heard[0]!r:.400}\n  reference: {heard[1]!r:.400}")


def compare(ours, reference, families, count, seed, key=None):
    try:
        made = play.commands(families, random.Random(seed), key and rules.kept_back)
        compare_commands(ours, reference, itertools.islice(made, count), key)
    except play.Difference as difference:
        raise play.Difference(f"seed {seed}: {difference}") from None

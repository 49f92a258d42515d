"""Where two right answers may differ, and why. Everything not named here must be equal byte for byte."""
import re

APART_SECONDS = 30  # two servers, when one has half a gigabyte to move and the machine has other work


def unordered(mine, theirs, _):
    """A hash table has no order."""
    return _sorted(mine) == _sorted(theirs)


def unordered_pairs(mine, theirs, _):
    """A hash table has no order; field and value stay together."""
    return _pairs(mine) == _pairs(theirs)


def same_shape(mine, theirs, _):
    """A random choice: only how much of what kind is comparable."""
    return _shape(mine) == _shape(theirs)


def same_length(mine, theirs, _):
    """A random text."""
    return mine[0] == theirs[0] == "$" and len(mine[1]) == len(theirs[1])


def nearly(mine, theirs, words):
    """The clocks of two servers: a little apart. -1 and -2 are no times."""
    if mine[0] == theirs[0] == ":" and min(mine[1], theirs[1]) >= 0:
        return abs(mine[1] - theirs[1]) <= APART_SECONDS * (1000 if _text(words[0]).upper().startswith("P") else 1)
    return mine == theirs


def clocked(mine, theirs, _):
    """Moments and idle times of pending entries and consumers; everything else is equal."""
    return _clocked(mine, theirs)


def scanned(mine, theirs, _):
    """Everything in one step, in the order of a hash table."""
    if mine[0] != "*" or theirs[0] != "*" or len(mine[1]) != 2:
        return mine == theirs
    return mine[1][0] == theirs[1][0] and _sorted(mine[1][1]) == _sorted(theirs[1][1])


def scanned_pairs(mine, theirs, _):
    """Everything in one step, in the order of a hash table; field and value stay together."""
    if mine[0] != "*" or theirs[0] != "*" or len(mine[1]) != 2:
        return mine == theirs
    return mine[1][0] == theirs[1][0] and _pairs(mine[1][1]) == _pairs(theirs[1][1])


def unordered_within(mine, theirs, _):
    """Hash tables have no order, those within them neither."""
    return _sorted_within(mine) == _sorted_within(theirs)


def any_name(mine, theirs, _):
    """Of the functions in a library that exist already any may be named."""
    return mine == theirs or all(re.fullmatch(rb"ERR Function \w+ already exists", _plain(each)) for each in (mine, theirs))


def anything(mine, theirs, _):
    """Own figures of each server (time, memory, how objects are shared): only the kind is comparable."""
    return mine[0] == theirs[0]


def described(mine, theirs, _):
    """Users: the commands that a description names one by one have no order, and neither have those of a category."""
    return _words(mine) == _words(theirs)


RULES = {
    "SMEMBERS": unordered, "SINTER": unordered, "SUNION": unordered, "SDIFF": unordered,
    "HGETALL": unordered_pairs, "HKEYS": unordered, "HVALS": unordered, "KEYS": unordered,
    "SPOP": same_shape, "SRANDMEMBER": same_shape, "HRANDFIELD": same_shape, "ZRANDMEMBER": same_shape,
    "RANDOMKEY": anything, "SCAN": scanned, "SSCAN": scanned, "HSCAN": scanned_pairs, "ZSCAN": scanned_pairs,
    "ACL CAT": unordered, "ACL GENPASS": same_length, "ACL LIST": described, "ACL GETUSER": described,
    "TTL": nearly, "PTTL": nearly, "EXPIRETIME": nearly, "PEXPIRETIME": nearly, "OBJECT IDLETIME": nearly,
    "XPENDING": clocked, "XINFO STREAM": clocked, "XINFO CONSUMERS": clocked,
    "FUNCTION LIST": unordered_within, "FUNCTION DUMP": anything,  # what it packs, and how well; travel.py looks inside
    "FUNCTION LOAD": any_name, "TIME": anything, "OBJECT REFCOUNT": anything, "MEMORY USAGE": anything, "LASTSAVE": anything,
}


def kept_back(words):
    """What is not sent to a Redis 6.0 and an Azure cache, where one of them could not answer it sensibly."""
    name, numbers = _text(words[0]).upper(), [word for word in words[1:] if isinstance(word, int)]
    # 6.0 adds two numbers, or a time and the present, without a look at what comes out, and may end itself.
    if name in ("SETRANGE", "SORT", "SET", "SETEX", "PSETEX", "PEXPIRE") and 2**63 - 1 in numbers:
        return True
    # 6.0 leaves an empty hash behind.
    if name == "HINCRBYFLOAT" and _text(words[-1]).endswith("inf"):
        return True
    # 6.0 takes some broken HyperLogLogs for whole ones.
    if name in ("SETRANGE", "APPEND", "SETBIT", "BITFIELD") and _text(words[1]).startswith("{k}p"):
        return True
    # 512 MB at a time: the well-known cache has 1 GB for all.
    return name in ("SETBIT", "BITFIELD") and any(2**31 < number < 2**33 for number in numbers)


def waits_or_grows(words):
    """Not for a copy to repeat: nobody waits for a clock that stands still, and no string gets half a gigabyte long."""
    name, *rest = (_text(word).upper() for word in words)
    waits = name[:2] in ("BL", "BR", "BZ") or "BLOCK" in rest
    grows = name in ("SETBIT", "SETRANGE", "BITFIELD") and any(len(word) > 6 and word.isdigit() for word in rest)
    return waits or grows or name == "HELLO"


def rule_for(words):
    """The rule for a command as sent, or None."""
    name = _text(words[0]).upper()
    return RULES.get(name) or (RULES.get(f"{name} {_text(words[1]).upper()}") if len(words) > 1 else None)


def _text(word):
    return word.decode("latin-1") if isinstance(word, bytes) else str(word)


def _plain(reply):
    return reply[1] if isinstance(reply[1], bytes) else b""


def _sorted(reply):
    return (reply[0], sorted(reply[1], key=repr)) if isinstance(reply[1], list) else reply


def _sorted_within(reply):
    return (reply[0], sorted(map(_sorted_within, reply[1]), key=repr)) if isinstance(reply[1], list) else reply


def _words(reply):
    """Without the order of words in texts."""
    if isinstance(reply[1], bytes):
        return reply[0], sorted(re.split(rb"[ ()]+", reply[1]))
    return (reply[0], [_words(each) for each in reply[1]]) if isinstance(reply[1], list) else reply


def _pairs(reply):
    if not isinstance(reply[1], list):
        return reply
    items = reply[1]
    return reply[0], sorted(zip(map(repr, items[::2]), map(repr, items[1::2])))


def _shape(reply):
    if isinstance(reply[1], list):
        return reply[0], len(reply[1]), sorted(_shape(each)[0] for each in reply[1])
    return (reply[0],) if reply[0] != "-" else reply


def _clocked(mine, theirs):
    if mine[0] != theirs[0] or not isinstance(mine[1], list) or not isinstance(theirs[1], list):
        moments = mine[0] == theirs[0] == ":" and min(mine[1], theirs[1]) > 10**12
        return mine == theirs or (moments and abs(mine[1] - theirs[1]) <= APART_SECONDS * 1000)
    if len(mine[1]) != len(theirs[1]):
        return False
    pending = len(mine[1]) == 4 and [each[0] for each in mine[1]] == ["$", "$", ":", ":"]
    return all(_clocked(*pair) or (index == 2 and pending) or (index > 0 and mine[1][index - 1] == ("$", b"idle"))
               for index, pair in enumerate(zip(mine[1], theirs[1])))

"""Commands with subcommands, with too many arguments and too few, alone and in transactions; and signing on."""

WORDS = ("x", "", "0", "1", "-1", "on", "off", "yes", "no", "ID", "TYPE", "normal", "ADDR", "127.0.0.1:1", "SKIPME",
         "SAMPLES", "5", "abc", "*", "news", "a b", "GET", "set", 2**63, "0000000000000000000000000000000000000000")
VERBS = {
    "OBJECT": ("ENCODING", "FREQ", "HELP", "NOSUCH"),
    "MEMORY": ("USAGE", "NOSUCH"),
    "COMMAND": ("GETKEYS", "INFO", "LIST", "NOSUCH"),
    "CLIENT": ("GETNAME", "SETNAME", "GETREDIR", "UNBLOCK", "CACHING", "KILL", "NOSUCH", "REPLY", "NO-EVICT", "UNPAUSE"),
    "PUBSUB": ("CHANNELS", "NUMSUB", "NUMPAT", "SHARDCHANNELS", "SHARDNUMSUB", "NOSUCH"),
    "SCRIPT": ("EXISTS", "FLUSH", "LOAD", "KILL", "NOSUCH"),
    "SLOWLOG": ("NOSUCH", "HELP"),
    "LATENCY": ("LATEST", "HISTORY", "RESET", "GRAPH", "NOSUCH"),
    "CLUSTER": ("KEYSLOT", "INFO", "NOSUCH", "COUNTKEYSINSLOT"),
    "XINFO": ("STREAM", "GROUPS", "CONSUMERS", "NOSUCH"),
    "XGROUP": ("CREATE", "SETID", "DESTROY", "DELCONSUMER", "CREATECONSUMER", "NOSUCH"),
    "FUNCTION": ("LIST", "NOSUCH"),
}


def _word(w):
    return w.chance.choice(WORDS) if w.likely(0.6) else w.key(w.pick("string", "list", "stream", "set"))


def _contained(w):
    name = w.chance.choice(list(VERBS))
    verb = w.case(w.chance.choice(VERBS[name]))
    words = [_word(w) for _ in range(w.pick(0, 1, 1, 1, 2, 2, 3, 4))]
    if verb.upper() == "REPLY":  # nothing more would be heard
        words = [w.pick("x", "maybe"), *words[1:]]
    if verb.upper() in ("KILL", "SETNAME") and name == "CLIENT" and len(words) > 1:
        words = [each for each in words if each not in ("SKIPME", "no", "normal", "TYPE")]
    # What all servers have in an order or a size of their own.
    if name == "COMMAND" and verb.upper() in ("INFO", "LIST"):
        words = w.pick(["nosuch"], ["FILTERBY", "PATTERN", "getd*"])
    if name == "MEMORY" and verb.upper() == "USAGE":
        words = ["nosuch", *words][:w.pick(0, 1, 2)] if w.likely(0.5) else [*words[:1], "x"] if words else []
    return (name, verb, *words)


def _plain(w):
    name = w.pick("PING", "ECHO", "SELECT", "HELLO", "AUTH", "WAIT", "SWAPDB", "COMMAND", "READWRITE", "SUBSTR", "GETSET",
                  "LASTSAVE", "DBSIZE", "NOSUCH", "TIME", "QUIT x", "SUBSCRIBE", "OBJECT", "TYPE")
    words = [_word(w) for _ in range(w.pick(0, 1, 1, 2, 3))]
    if name == "SELECT":
        return name, w.pick("0", "x", "16", "-1", "", 2**63)
    if name == "HELLO":  # the protocol stays
        return name, *w.pick(["1"], ["1"], ["4"], ["x"], ["2", "x"], ["3", "SETNAME"], ["3", "AUTH", "a"], [""])
    if name == "AUTH":
        return name, *w.pick([], ["x", "y", "z"])
    if name == "WAIT":
        return name, *w.pick([], ["x", "0"], ["0", "-1"], ["0", "x"])
    if name == "SUBSCRIBE":
        return (name,)
    if name in ("COMMAND", "LASTSAVE", "TIME"):
        return name, *(words or ["x"])
    return (name, *words)


def command(w):
    if w.likely(0.7):
        return _contained(w) if w.likely(0.7) else _plain(w)
    if w.likely(0.3):
        return w.pick(("EXEC",), ("DISCARD",), ("UNWATCH",), ("WATCH",), ("WATCH", w.key("string")), ("EXEC", "x"), ("MULTI", "x"))
    inner = [_contained(w) if w.likely(0.6) else _plain(w) for _ in range(w.pick(0, 1, 2, 3))]
    if w.likely(0.1):
        inner.append(w.pick(("MULTI",), ("WATCH", "a")))
    before = [w.pick(("WATCH", w.key("string")), ("SET", w.key("string"), "1"))] if w.likely(0.5) else []
    between = [("INCR", w.key("string"))] if w.likely(0.2) else []
    return [*before, *between, ("MULTI",), *inner, ("EXEC",) if w.likely(0.9) else ("DISCARD",)]

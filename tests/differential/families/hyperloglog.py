"""HyperLogLogs, broken ones too."""


def command(w):
    key = w.key("hyperloglog")
    name = w.pick(*["PFADD"] * 8, *["PFCOUNT"] * 3, "PFMERGE", "PFDEBUG", "GET", "STRLEN", "OBJECT", "SETRANGE", "DEL", "COPY",
                  "APPEND", "SET")
    if name == "PFADD":
        if w.likely(0.05):
            return (name, key, *[f"e{w.chance.randrange(100000)}" for _ in range(w.pick(50, 300, 1500))])
        return (name, key, *[w.member() for _ in range(w.chance.randrange(0, 4))])
    if name in ("PFCOUNT", "PFMERGE"):
        return (name, key, *[w.key("hyperloglog") for _ in range(w.pick(0, 0, 1, 2))])
    if name == "PFDEBUG":
        verb = w.pick("DECODE", "DECODE", "ENCODING", "encoding", "GETREG", "TODENSE", "NOPE")
        return (name, verb, key, *w.maybe(0.02, "x")) if w.likely(0.5) else ("PFDEBUG", "ENCODING", key)
    if name == "OBJECT":
        return name, "ENCODING", key
    if name == "SETRANGE":
        return (name, key, w.pick(0, 4, 8, 15, 16, 17, 20, 40, 200), w.pick("\0", b"\xff", b"\x7f", "HYLL", b"\x81\x82", b"\x40")) \
            if w.likely(0.2) else ("PFCOUNT", key)
    if name in ("APPEND", "SET"):
        return (name, key, w.pick("x", "HYLL", b"HYLL\1\0\0\0" + b"\0" * 8 + b"\x7f\xff")) if w.likely(0.1) else ("PFADD", key)
    if name == "COPY":
        return name, key, w.key("hyperloglog"), "REPLACE"
    return name, key

"""Strings and counters."""


def command(w):
    key = w.key("string")
    name = w.pick("GET", "SET", "SET", "SETNX", "SETEX", "PSETEX", "GETSET", "GETDEL", "GETEX", "APPEND", "STRLEN",
                  "GETRANGE", "SUBSTR", "SETRANGE", "INCR", "DECR", "INCRBY", "DECRBY", "INCRBYFLOAT", "MGET", "MSET",
                  "MSETNX")
    if name == "SET":
        return (name, key, w.text(), *w.maybe(0.2, lambda: w.case(w.pick("NX", "XX"))), *w.maybe(0.1, "GET"),
                *w.maybe(0.2, lambda: w.pick("EX", "PX"), w.expiry), *w.maybe(0.05, "KEEPTTL"), *w.maybe(0.02, w.text))
    if name in ("SETNX", "GETSET", "APPEND"):
        return name, key, w.text()
    if name in ("SETEX", "PSETEX"):
        return name, key, w.expiry(), w.text()
    if name == "GETEX":
        return (name, key, *w.maybe(0.3, lambda: w.pick("EX", "PX"), w.expiry), *w.maybe(0.2, "PERSIST"))
    if name in ("GETRANGE", "SUBSTR"):
        return name, key, w.integer(), w.integer()
    if name == "SETRANGE":
        return name, key, w.pick(0, 1, 5, 20, 200, -1, 536870912, "abc", 2**63 - 1), w.text()
    if name in ("INCRBY", "DECRBY"):
        return name, key, w.integer()
    if name == "INCRBYFLOAT":
        return name, key, w.number()
    if name == "MGET":
        return (name, *w.many(lambda: w.key("string")))
    if name in ("MSET", "MSETNX"):
        pairs = [word for _ in range(w.chance.randrange(1, 4)) for word in (w.key("string"), w.text())]
        return (name, *pairs, *w.maybe(0.05, "odd"))
    return name, key

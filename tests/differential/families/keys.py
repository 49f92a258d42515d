"""Keys of every type."""
from differential.words import PREFIXES


def any_key(w):
    return w.key(w.chance.choice(list(PREFIXES)))


def command(w):
    key = any_key(w)
    name = w.pick("EXISTS", "TYPE", "TTL", "PTTL", "EXPIRE", "PEXPIRE", "PERSIST", "RENAME", "RENAMENX", "DEL", "UNLINK",
                  "TOUCH", "COPY", "OBJECT", "DBSIZE", "KEYS", "SCAN", "RANDOMKEY", "EXPIRETIME", "PEXPIRETIME", "EXPIREAT")
    if name in ("EXISTS", "TOUCH", "DEL", "UNLINK"):
        return (name, *w.many(lambda: any_key(w), 3))
    if name in ("EXPIRE", "PEXPIRE"):
        return (name, key, w.expiry(), *w.maybe(0.3, lambda: w.pick("NX", "XX", "GT", "LT")))
    if name == "EXPIREAT":
        return name, key, w.pick(9999999999, 0, -5, "abc")
    if name in ("RENAME", "RENAMENX"):
        return name, key, any_key(w)
    if name == "COPY":
        return (name, key, any_key(w), *w.maybe(0.4, "REPLACE"), *w.maybe(0.1, "DB", "0"))
    if name == "OBJECT":
        return name, w.pick("ENCODING", "ENCODING", "REFCOUNT", "FREQ"), key
    if name == "KEYS":
        return name, w.pick("*", "{k}s*", "{k}?1", "nothing", "{k}[sl]*", "{k}[^s]?")
    if name == "SCAN":
        return (name, 0, "COUNT", 100000, *w.maybe(0.3, "MATCH", lambda: w.pick("{k}s*", "*1")),
                *w.maybe(0.3, "TYPE", lambda: w.pick("string", "list", "zset", "nothing")))
    if name in ("DBSIZE", "RANDOMKEY"):
        return (name,)
    return name, key

"""Hashes."""


def command(w):
    key = w.key("hash")
    name = w.pick("HSET", "HSET", "HSET", "HSETNX", "HMSET", "HGET", "HMGET", "HGETALL", "HKEYS", "HVALS", "HDEL", "HEXISTS",
                  "HLEN", "HSTRLEN", "HINCRBY", "HINCRBYFLOAT", "HRANDFIELD", "HSCAN")
    if name in ("HSET", "HMSET"):
        pairs = [word for _ in range(w.chance.randrange(1, 5)) for word in (w.member(), w.text())]
        return (name, key, *pairs, *w.maybe(0.03, "odd"))
    if name == "HSETNX":
        return name, key, w.member(), w.text()
    if name in ("HMGET", "HDEL"):
        return (name, key, *w.many(w.member))
    if name == "HINCRBY":
        return name, key, w.pick("n1", "n2", w.member()), w.integer()
    if name == "HINCRBYFLOAT":
        return name, key, w.pick("n1", "n2", "f1", w.member()), w.number()
    if name == "HRANDFIELD":
        return (name, key, *w.maybe(0.7, w.small, *w.maybe(0.5, lambda: w.case("WITHVALUES"))))
    if name == "HSCAN":
        return (name, key, w.pick(0, 0, 0, "abc"), "COUNT", 1000, *w.maybe(0.3, "MATCH", lambda: w.pick("m*", "n?")))
    if name in ("HGETALL", "HKEYS", "HVALS", "HLEN"):
        return name, key
    return name, key, w.member()

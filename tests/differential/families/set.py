"""Sets. Which member SPOP takes is a matter of chance: only the last one is popped."""


def command(w):
    key = w.key("set")
    name = w.pick("SADD", "SADD", "SADD", "SADD", "SREM", "SMOVE", "SISMEMBER", "SMISMEMBER", "SCARD", "SMEMBERS", "SPOP",
                  "SRANDMEMBER", "SSCAN", "SINTER", "SUNION", "SDIFF", "SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE", "SINTERCARD")
    member = w.pick(w.member, w.integer)
    if name in ("SADD", "SREM", "SMISMEMBER"):
        return (name, key, *w.many(member, 8))
    if name == "SMOVE":
        return name, key, w.key("set"), member()
    if name == "SISMEMBER":
        return name, key, member()
    if name == "SPOP":
        return (name, key, w.pick(0, 1000, -1, "abc", 2**63, 10**18), *w.maybe(0.05, "more"))
    if name == "SRANDMEMBER":
        return (name, key, *w.maybe(0.8, w.small, *w.maybe(0.05, "more")))
    if name == "SSCAN":
        return (name, key, w.pick(0, 0, 0, "abc"), "COUNT", 1000, *w.maybe(0.3, "MATCH", lambda: w.pick("m*", "?")))
    if name in ("SINTER", "SUNION", "SDIFF"):
        return (name, *w.many(lambda: w.key("set")))
    if name == "SINTERCARD":
        keys = w.many(lambda: w.key("set"))
        count = len(keys) if w.likely(0.8) else w.integer()
        return (name, count, *keys, *w.maybe(0.5, lambda: w.case("LIMIT"), w.integer), *w.maybe(0.03, "LIMIT"))
    if name in ("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"):
        return (name, key, *w.many(lambda: w.key("set")))
    return name, key

"""Lists."""


def command(w):
    key = w.key("list")
    name = w.pick("LPUSH", "RPUSH", "RPUSH", "LPUSHX", "RPUSHX", "LPOP", "RPOP", "LLEN", "LINDEX", "LRANGE", "LSET",
                  "LINSERT", "LREM", "LTRIM", "LPOS", "LMOVE", "RPOPLPUSH", "LMPOP", "BLPOP", "BLMOVE", "BLMPOP")
    end = lambda: w.case(w.pick("LEFT", "RIGHT", "LEFT", "RIGHT", "LEFT", "UP"))
    if name in ("LPUSH", "RPUSH", "LPUSHX", "RPUSHX"):
        return (name, key, *w.many(w.member, 6))
    if name in ("LPOP", "RPOP"):
        return (name, key, *w.maybe(0.4, w.integer))
    if name == "LINDEX":
        return name, key, w.integer()
    if name in ("LRANGE", "LTRIM"):
        return name, key, w.integer(), w.integer()
    if name == "LSET":
        return name, key, w.integer(), w.member()
    if name == "LINSERT":
        return name, key, w.pick("BEFORE", "AFTER", "after", "NEXT"), w.member(), w.member()
    if name == "LREM":
        return name, key, w.integer(), w.member()
    if name == "LPOS":
        return (name, key, w.member(), *w.maybe(0.4, "RANK", w.integer), *w.maybe(0.4, "COUNT", w.integer),
                *w.maybe(0.3, "MAXLEN", w.integer))
    if name == "LMOVE":
        return name, key, w.key("list"), end(), end()
    if name == "RPOPLPUSH":
        return name, key, w.key("list")
    if name == "LMPOP":
        keys = w.many(lambda: w.key("list"), 3)
        return (name, w.pick(len(keys), len(keys), len(keys), w.integer()), *keys, end(), *w.maybe(0.5, "COUNT", w.integer))
    if name == "BLPOP":
        keys = w.many(lambda: w.key("list"), 3)
        return [("MULTI",), (name, *keys, w.pick(0, 1, "0.5", "abc", -1)), ("EXEC",)]
    if name == "BLMOVE":
        return [("MULTI",), (name, key, w.key("list"), end(), end(), w.pick(0, 1)), ("EXEC",)]
    if name == "BLMPOP":
        keys = w.many(lambda: w.key("list"), 3)
        return [("MULTI",), (name, 0, len(keys), *keys, end()), ("EXEC",)]
    return name, key

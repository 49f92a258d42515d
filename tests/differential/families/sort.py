"""SORT over lists, sets and sorted sets, with keys and hashes to sort by; and LCS."""


ALWAYS_A_LIST = "{k}lists only"  # other families make sets of what is called a list


def _pattern(w):
    return w.pick("{k}s*", "{k}h*->m1", "{k}h*->", "nosort", "#", "{k}w_*", "{k}s0", "*", "{k}w_*->x", "")


def _number(w):
    """None that strtod finds out of range: redis-server never clears errno, and then refuses the next ones too."""
    return w.pick(w.small(), w.small() / 4, "1e5", "nan", "inf", "abc", "")


def command(w):
    name = w.pick("SORT", "SORT", "SORT", "SORT_RO", "LCS", "SET", "SET", "RPUSH", "SADD", "ZADD", "HSET")
    kind = w.pick("list", "list", "set", "sorted_set")
    key = w.key(kind)
    if name == "SET":
        return name, w.pick(w.key("string"), f"{{k}}w_{w.chance.randrange(-5, 10)}"), w.pick(_number(w), _number(w), w.text())
    if name in ("RPUSH", "SADD"):
        where = w.key("set") if name == "SADD" else w.pick(w.key("list"), ALWAYS_A_LIST)
        if where == ALWAYS_A_LIST and w.likely(0.1):
            return "DEL", where
        some = (lambda: w.pick(w.small(), w.small(), _number(w), f"m{w.small()}")) if w.likely(0.3) else w.small
        return (name, where, *w.many(some))
    if name == "ZADD":
        return name, w.key("sorted_set"), w.small(), w.small()
    if name == "HSET":
        return name, f"{{k}}h{w.small()}", w.member(), _number(w)
    if name == "LCS":
        options = [*w.maybe(0.4, "IDX"), *w.maybe(0.3, "LEN"), *w.maybe(0.3, "WITHMATCHLEN"), *w.maybe(0.3, "MINMATCHLEN", w.integer),
                   *w.maybe(0.02, "x")]
        return (name, w.key("string"), w.key("string"), *options)
    set_without_order = False
    options = []
    if w.likely(0.4):
        by = _pattern(w)
        set_without_order = "*" not in by
        options += ["BY", by]
    if set_without_order and kind == "set":  # in the order of a hash table
        return "SCARD", key
    # Elements that are equal by text have no order of their own: that of a set's table, or of a partial sort.
    ties = bool(options) and w.likely(0.4)
    options += ["ALPHA"] if ties else w.maybe(0.4, "LIMIT", w.integer, w.integer)
    options += [*w.maybe(0.4, w.pick("ASC", "DESC", "desc")), *(w.maybe(0.4, "ALPHA") if "BY" not in options else [])]
    for _ in range(w.pick(0, 0, 0, 1, 2)):
        options += ["GET", _pattern(w)]
    options += [*w.maybe(0.2, "STORE", lambda: w.key("list")), *w.maybe(0.02, "x")]
    if ties:
        return (name, ALWAYS_A_LIST, *options)
    return (name, w.key(kind) if not set_without_order else f"{{k}}{w.pick('l', 'z')}{w.chance.randrange(6)}", *options)

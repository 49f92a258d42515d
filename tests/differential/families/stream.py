"""Streams, consumer groups, and readers that do not wait."""


def _id(w):
    if w.likely(0.85):
        return f"{w.chance.randrange(1, 30)}-{w.chance.randrange(0, 6)}"
    return w.pick(w.chance.randrange(0, 30), "0", "0-0", "5-*", "-", "+", "$", ">", "18446744073709551615-18446744073709551615",
                  "18446744073709551616-0", "abc", "1-", "-1", "1-1-1", "1- 5", "+5-1", "007-08", "1-+2", "x" * 130)


def _new_id(w):
    """Rises slowly, so that most are accepted for a while; then DEL begins anew."""
    w.stream_clock = getattr(w, "stream_clock", 0) + w.chance.randrange(0, 2)
    return f"{w.stream_clock}-{w.chance.randrange(0, 4)}" if w.likely(0.7) else w.pick(f"{w.stream_clock}-*", _id(w))


def _bound(w):
    text = _id(w) if w.likely(0.7) else w.pick("-", "+")
    return f"({text}" if w.likely(0.15) else text


def _fields(w):
    if w.likely(0.6):
        return ["a", w.text(), *(["b", w.text()] if w.likely(0.6) else [])]
    return [word for _ in range(w.chance.randrange(1, 4)) for word in (w.member(), w.text())] + w.maybe(0.02, "odd")


def _trim(w):
    kind = w.pick("MAXLEN", "MAXLEN", "MINID")
    value = w.chance.randrange(0, 300) if kind == "MAXLEN" else _id(w)
    if w.likely(0.03):
        value = w.pick(-1, "abc", "~")
    return [w.case(kind), *w.maybe(0.5, w.pick("=", "~", "~")), value, *w.maybe(0.1, "LIMIT", w.integer)]


def _group(w):
    return f"g{w.chance.randrange(3)}"


def _consumer(w):
    return f"c{w.chance.randrange(4)}"


def _group_command(w, key):
    verb = w.pick("CREATE", "CREATE", "CREATE", "SETID", "DESTROY", "CREATECONSUMER", "DELCONSUMER")
    if verb == "CREATE":
        return (verb, key, _group(w), w.pick("$", "0", "0", _id(w)), *w.maybe(0.5, "MKSTREAM"), *w.maybe(0.1, "ENTRIESREAD", w.integer))
    if verb == "SETID":
        return (verb, key, _group(w), w.pick("$", "0", _id(w)), *w.maybe(0.3, "ENTRIESREAD", w.integer), *w.maybe(0.05, "x"))
    if verb == "DESTROY":
        return (verb, key, _group(w)) if w.likely(0.3) else ("CREATE", key, _group(w), "0")
    return verb, key, _group(w), _consumer(w), *w.maybe(0.05, "x")


def command(w):
    key = w.key("stream")
    name = w.pick(*["XADD"] * 14, "XLEN", "XRANGE", "XREVRANGE", "XDEL", "XDEL", "XTRIM", "XSETID", "XREAD", "XREADGROUP", "XREADGROUP",
                  "XREADGROUP", "XACK", "XGROUP", "XGROUP", "XPENDING", "XCLAIM", "XAUTOCLAIM", "XINFO", "XINFO", "DEL", "COPY", "MASS")
    if name == "XADD":
        return (name, key, *w.maybe(0.05, "NOMKSTREAM"), *(_trim(w) if w.likely(0.1) else []), _new_id(w), *_fields(w))
    if name == "MASS":
        fields = [word for number in range(w.pick(1, 20, 60)) for word in (f"f{number}", "x" * w.pick(5, 100))]
        return ("XADD", key, _new_id(w), *fields)
    if name in ("XRANGE", "XREVRANGE"):
        return (name, key, _bound(w), _bound(w), *w.maybe(0.3, "COUNT", w.integer), *w.maybe(0.02, "x"))
    if name == "XDEL":
        return (name, key, *w.many(lambda: _id(w)))
    if name == "XTRIM":
        return (name, key, *_trim(w), *w.maybe(0.05, "x"))
    if name == "XSETID":
        return (name, key, _id(w), *w.maybe(0.3, "ENTRIESADDED", w.integer), *w.maybe(0.3, "MAXDELETEDID", lambda: _id(w))) \
            if w.likely(0.3) else ("XLEN", key)
    if name in ("XREAD", "XREADGROUP"):
        count = w.pick(1, 1, 2)
        keys = [w.key("stream") for _ in range(count)]
        group = ["GROUP", _group(w), _consumer(w)] if w.likely(0.97) == (name == "XREADGROUP") else []
        ids = [w.pick("0", "$" if name == "XREAD" else ">", ">" if group else "0", _id(w)) for _ in range(count)]
        return (name, *group, *w.maybe(0.5, "COUNT", w.integer), *w.maybe(0.1, "NOACK"), "STREAMS", *keys, *ids, *w.maybe(0.03, "x"))
    if name == "XACK":
        return (name, key, _group(w), *w.many(lambda: _id(w)))
    if name == "XGROUP":
        return (name, *_group_command(w, key))
    if name == "XPENDING":
        tail = [*w.maybe(0.2, "IDLE", w.pick(0, -1, 100000000, "x")), _bound(w), _bound(w), w.integer(), *w.maybe(0.4, lambda: _consumer(w))]
        return (name, key, _group(w), *(tail if w.likely(0.7) else []), *w.maybe(0.02, "x"))
    if name == "XCLAIM":
        options = [*w.maybe(0.2, "FORCE"), *w.maybe(0.3, "JUSTID"), *w.maybe(0.1, "IDLE", lambda: w.pick(0, 1000, -1, "x")),
                   *w.maybe(0.1, "TIME", lambda: w.pick(0, 1000, 2**60, "x")), *w.maybe(0.2, "RETRYCOUNT", w.integer),
                   *w.maybe(0.1, "LASTID", lambda: _id(w)), *w.maybe(0.02, "x")]
        return (name, key, _group(w), _consumer(w), w.pick(0, 0, 0, -1, 100000000, "x"), *w.many(lambda: _id(w)), *options)
    if name == "XAUTOCLAIM":
        return (name, key, _group(w), _consumer(w), w.pick(0, 0, 0, -1, 100000000, "x"), _bound(w), *w.maybe(0.4, "COUNT", w.integer),
                *w.maybe(0.3, "JUSTID"), *w.maybe(0.02, "x"))
    if name == "XINFO":
        verb = w.pick("STREAM", "STREAM", "GROUPS", "CONSUMERS")
        full = w.maybe(0.6, "FULL", *w.maybe(0.5, "COUNT", w.integer)) if verb == "STREAM" else []
        return (name, verb, key, *([_group(w)] if verb == "CONSUMERS" else full), *w.maybe(0.02, "x"))
    if name == "DEL":
        if w.likely(0.1):
            w.stream_clock = 0
            return name, key
        return "XLEN", key
    if name == "COPY":
        return (name, key, w.key("stream"), "REPLACE") if w.likely(0.2) else ("XLEN", key)
    return name, key

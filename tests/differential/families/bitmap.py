"""Bits and bit fields of strings."""


def _offset(w):
    return w.chance.randrange(200) if w.likely(0.9) else w.pick(-1, 2**32 - 1, 2**32, 2**63 - 1, "abc", "#3", "", "7x")


def _type(w):
    if w.likely(0.9):
        return w.pick("i", "u") + str(w.chance.randrange(1, 65))
    return w.pick("i65", "u64", "u63", "i64", "i0", "x8", "8", "i", "", "u-1", "i08")


def _place(w):
    return w.chance.randrange(100) if w.likely(0.7) else w.pick("#0", "#1", "#7", "#-1", "-1", "#x", 2**32, 2**40, "")


def _operation(w):
    kind = w.pick("GET", "GET", "SET", "SET", "INCRBY", "INCRBY", "INCRBY", "OVERFLOW")
    if w.likely(0.01):
        return [w.pick("NOPE", "GET", "SET")]
    if kind == "OVERFLOW":
        return [kind, w.pick("WRAP", "SAT", "FAIL", "sat", "fail", "WRAP", "FAIL", "NOPE")]
    number = w.chance.randrange(-300, 300) if w.likely(0.5) else w.integer()
    return [w.case(kind), _type(w), _place(w), *([] if kind == "GET" else [number])]


def command(w):
    key = w.key("bitmap")
    name = w.pick("SETBIT", "SETBIT", "SETBIT", "GETBIT", "BITOP", "BITCOUNT", "BITPOS", "BITPOS", "BITFIELD", "BITFIELD",
                  "BITFIELD_RO", "SET", "OBJECT", "DEL", "STRLEN", "GET")
    if name == "SETBIT":
        return name, key, _offset(w), w.pick(0, 1, 1, 1) if w.likely(0.95) else w.pick(2, -1, "x", "", "01")
    if name == "GETBIT":
        return name, key, _offset(w)
    if name == "BITOP":
        return (name, w.pick("AND", "OR", "XOR", "NOT", "or", "NOPE"), key,
                *w.many(lambda: w.key("bitmap") if w.likely(0.9) else w.key("string"), 1 if w.likely(0.3) else 4))
    if name == "BITCOUNT":
        return (name, key, *w.maybe(0.7, w.integer, w.integer, *w.maybe(0.6, w.case(w.pick("BIT", "BYTE", "NOPE", "BIT")))),
                *w.maybe(0.03, "x"))
    if name == "BITPOS":
        bit = w.pick(0, 1, 0, 1, 0, 1, 2, "x", "-1")
        unit = w.maybe(0.6, w.case(w.pick("BIT", "BYTE", "NOPE", "BIT")))
        return (name, key, bit, *w.maybe(0.7, w.integer, *w.maybe(0.7, w.integer, *unit)))
    if name == "BITFIELD":
        return (name, key, *[word for _ in range(w.chance.randrange(0, 4)) for word in _operation(w)])
    if name == "BITFIELD_RO":
        return (name, key, *[word for _ in range(w.chance.randrange(0, 3)) for word in ("GET", _type(w), _place(w))],
                *w.maybe(0.05, "SET", "u8", 0, 1))
    if name == "SET":
        return name, key, w.text() if w.likely(0.7) else bytes(w.chance.randrange(256) for _ in range(20))
    if name == "OBJECT":
        return name, "ENCODING", key
    return name, key

"""Places, and searches around them. Each member has a place of its own, so that no two are equally far away."""


def _number(w, limit):
    return round(w.chance.uniform(-limit, limit), 3) if w.likely(0.97) else w.pick(200, -200, "abc", "nan", "inf", "", 180, 85.05112878)


def _places(w, key):
    """Around a few centres, so that searches find some; a third digit of its own for each."""
    words = []
    for _ in range(w.chance.randrange(1, 6)):
        member = w.chance.randrange(60)
        centre = w.pick((13.36, 38.11), (-122.4, 37.7), (0, 0), (179.9, 70), (-179.9, -82), (2.3, 48.8))
        spread = w.pick(0.01, 0.5, 4)
        words += [f"{max(-180, min(180, centre[0] + w.chance.uniform(-spread, spread))):.4f}",
                  f"{centre[1] + w.chance.uniform(-spread, spread) / 2:.4f}{member:02}", f"m{member}"]
    return words


def _unit(w):
    return w.pick("m", "km", "ft", "mi", "KM") if w.likely(0.97) else w.pick("cm", "", 1)


def _radius(w):
    return w.pick(0, 1, 10, 100, 500, 1000.5, 5000, 20000, 100000, 1000000) if w.likely(0.96) else w.pick(-1, "abc", "inf", "")


def _centre(w):
    return w.pick((13.361389, 38.115556), (-122.4, 37.7), (0, 0), (179.95, 70.1), (-179.95, -82), (2.3, 48.8),
                  (_number(w, 180), _number(w, 85)))


def _options(w, store):
    return [*w.maybe(0.3, "WITHDIST"), *w.maybe(0.2, "WITHHASH"), *w.maybe(0.3, "withcoord"),
            *w.maybe(0.4, "COUNT", w.count, *w.maybe(0.3, "ANY")), *w.maybe(0.4, w.pick("ASC", "DESC")),
            *w.maybe(0.02, w.pick("ANY", "STORE", "x", "COUNT"))] if not store else \
        [*w.maybe(0.1, "WITHDIST"), *w.maybe(0.4, "COUNT", w.count), *w.maybe(0.4, w.pick("ASC", "DESC"))]


def _distances(w):
    """Where distances are stored: as places they would lie too near to each other."""
    return f"{{k}}distances{w.chance.randrange(2)}"


def command(w):
    key = w.key("geo")
    name = w.pick(*["GEOADD"] * 4, "GEOPOS", "GEOHASH", "GEODIST", "GEORADIUS", "GEORADIUS_RO", "GEORADIUSBYMEMBER",
                  "GEORADIUSBYMEMBER_RO", "GEOSEARCH", "GEOSEARCH", "GEOSEARCH", "GEOSEARCHSTORE", "ZRANGE", "ZREM", "DEL")
    member = f"m{w.chance.randrange(60)}" if w.likely(0.95) else "nobody"
    if name == "GEOADD":
        bad = w.maybe(0.05, lambda: w.pick("x", 181, "abc"), 3, "y")
        return (name, key, *w.maybe(0.2, w.pick("NX", "XX", "CH", "ch")), *w.maybe(0.05, "XX"), *_places(w, key), *bad, *w.maybe(0.02, 1))
    if name in ("GEOPOS", "GEOHASH", "ZREM"):
        return (name, key, *[f"m{w.chance.randrange(60)}" for _ in range(w.chance.randrange(0, 4))])
    if name == "GEODIST":
        return (name, key, member, f"m{w.chance.randrange(60)}", *w.maybe(0.5, lambda: _unit(w)), *w.maybe(0.02, "x"))
    if name == "ZRANGE":
        return name, w.pick(key, _distances(w)), 0, -1, "WITHSCORES"
    if name == "DEL":
        return (name, key) if w.likely(0.3) else ("ZCARD", key)
    store = name in ("GEORADIUS", "GEORADIUSBYMEMBER") and w.likely(0.4)
    tail = [*_options(w, store), *(w.pick(["STORE", w.key("geo")], ["STOREDIST", _distances(w)]) if store else [])]
    if name.startswith("GEORADIUSBYMEMBER"):
        return (name, key, member, _radius(w), _unit(w), *tail)
    if name.startswith("GEORADIUS"):
        return (name, key, *_centre(w), _radius(w), _unit(w), *tail)
    centre = ["FROMMEMBER", member] if w.likely(0.5) else ["FROMLONLAT", *_centre(w)]
    shape = ["BYRADIUS", _radius(w), _unit(w)] if w.likely(0.5) else ["BYBOX", _radius(w), _radius(w), _unit(w)]
    parts = [*centre, *shape] if w.likely(0.95) else w.pick(centre, shape, [*shape, *centre], [*centre, *shape, *centre],
                                                           [*centre, *shape, "BYRADIUS", 1, "m"])
    if name == "GEOSEARCH":
        return (name, key, *parts, *_options(w, False))
    if w.likely(0.3):
        return (name, _distances(w), key, *parts, *_options(w, True), "STOREDIST")
    return (name, w.key("geo"), key, *parts, *_options(w, True))

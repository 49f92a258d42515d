"""Sorted sets. Ranges by member are asked of sets whose scores are all the same: elsewhere their answer is not defined."""

LEX = ["-", "+", "[m3", "(m3", "[m1", "(m9", "[a", "(z", "[", "(", "m", "", "+x"]


def score(w):
    return w.number() if w.likely(0.5) else w.chance.randrange(-5, 6)


def bound(w):
    return w.pick("-inf", "+inf", "inf", "(", "(abc", "(inf") if w.likely(0.2) else w.pick("", "(") + str(score(w))


def limit(w):
    return w.maybe(0.3, lambda: w.case("LIMIT"), w.integer, w.integer)


def with_scores(w):
    return w.maybe(0.5, lambda: w.case("WITHSCORES"))


def flat(w):
    """A key whose members all score 0."""
    return f"{{k}}zflat{w.chance.randrange(2)}"


def command(w):
    key = w.key("sorted_set")
    name = w.pick("ZADD", "ZADD", "ZADD", "ZADD", "ZADD", "FLAT", "FLAT", "ZINCRBY", "ZREM", "ZCARD", "ZSCORE", "ZMSCORE", "ZRANK",
                  "ZREVRANK", "ZSCAN", "ZRANDMEMBER", "ZRANGE", "ZRANGE", "ZRANGESTORE", "ZREVRANGE", "ZRANGEBYSCORE",
                  "ZREVRANGEBYSCORE", "ZRANGEBYLEX", "ZREVRANGEBYLEX", "ZCOUNT", "ZLEXCOUNT", "ZREMRANGEBYRANK",
                  "ZREMRANGEBYSCORE", "ZREMRANGEBYLEX", "ZUNION", "ZINTER", "ZDIFF", "ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE",
                  "ZINTERCARD", "ZPOPMIN", "ZPOPMAX", "ZMPOP", "BZMPOP", "BZPOPMIN", "BZPOPMAX")
    if name == "FLAT":
        return ("ZADD", flat(w), *[word for _ in range(8) for word in (0, w.member())])
    if name == "ZADD":
        options = w.maybe(0.3, lambda: w.pick("NX", "XX", "GT", "LT", "CH", "INCR", "gt")) + w.maybe(0.2, lambda: w.pick("CH", "INCR", "XX"))
        pairs = 1 if "INCR" in options and w.likely(0.9) else w.chance.randrange(1, 6)
        return (name, key, *options, *[word for _ in range(pairs) for word in (score(w), w.member())], *w.maybe(0.02, "odd"))
    if name == "ZINCRBY":
        return name, key, score(w), w.member()
    if name in ("ZREM", "ZMSCORE"):
        return (name, key, *w.many(w.member))
    if name == "ZSCAN":
        return (name, key, w.pick(0, 0, 0, "abc"), "COUNT", 1000, *w.maybe(0.3, "MATCH", lambda: w.pick("m*", "?")))
    if name == "ZRANDMEMBER":
        return (name, key, *w.maybe(0.7, w.small, *with_scores(w)))
    if name in ("ZRANGE", "ZRANGESTORE"):
        head = (name, key) if name == "ZRANGE" else (name, key, w.key("sorted_set"))
        kind = w.pick("", "", "BYSCORE", "BYLEX")
        scores = with_scores(w) if name == "ZRANGE" or w.likely(0.05) else []
        rev = w.maybe(0.4, lambda: w.case("REV"))
        if kind == "":
            return (*head, w.integer(), w.integer(), *rev, *scores, *w.maybe(0.05, "LIMIT", 0, w.integer))
        if kind == "BYSCORE":
            return (*head, bound(w), bound(w), kind, *rev, *limit(w), *scores)
        return (*head[:-1], flat(w), w.pick(*LEX), w.pick(*LEX), kind, *rev, *limit(w), *w.maybe(0.05, "WITHSCORES"))
    if name in ("ZREVRANGE", "ZREMRANGEBYRANK"):
        return (name, key, w.integer(), w.integer(), *(with_scores(w) if name == "ZREVRANGE" else []))
    if name in ("ZRANGEBYSCORE", "ZREVRANGEBYSCORE"):
        return (name, key, bound(w), bound(w), *limit(w), *with_scores(w))
    if name in ("ZCOUNT", "ZREMRANGEBYSCORE"):
        return name, key, bound(w), bound(w)
    if name in ("ZRANGEBYLEX", "ZREVRANGEBYLEX", "ZLEXCOUNT", "ZREMRANGEBYLEX"):
        return (name, flat(w), w.pick(*LEX), w.pick(*LEX), *(limit(w) if name.endswith("RANGEBYLEX") and name[1:4] != "REM" else []))
    if name in ("ZUNION", "ZINTER", "ZDIFF", "ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE", "ZINTERCARD"):
        keys = w.many(lambda: w.key("sorted_set") if w.likely(0.8) else w.key("set"))
        count = len(keys) if w.likely(0.9) else w.integer()
        store = [key] if name.endswith("STORE") else []
        if name == "ZINTERCARD":
            return (name, count, *keys, *w.maybe(0.5, "LIMIT", w.integer))
        weights = w.maybe(0.3, "WEIGHTS", *[w.small if w.likely(0.9) else "abc" for _ in keys])
        aggregate = w.maybe(0.3, lambda: w.case("AGGREGATE"), lambda: w.pick("SUM", "MIN", "MAX", "max", "AVG"))
        if name.startswith("ZDIFF") and w.likely(0.9):
            weights = aggregate = []
        return (name, *store, count, *keys, *weights, *aggregate, *(with_scores(w) if not store or w.likely(0.03) else []))
    if name in ("ZPOPMIN", "ZPOPMAX"):
        return (name, key, *w.maybe(0.5, w.integer))
    if name in ("ZMPOP", "BZMPOP"):
        keys = w.many(lambda: w.key("sorted_set"))
        head = (name,) if name == "ZMPOP" else (name, w.pick(0.01, 0.01, -1, "abc"))
        return (*head, len(keys) if w.likely(0.9) else w.integer(), *keys, w.pick("MIN", "MAX", "max", "LEFT") if w.likely(0.9) else "x",
                *w.maybe(0.4, lambda: w.case("COUNT"), w.integer))
    if name in ("BZPOPMIN", "BZPOPMAX"):
        return (name, *w.many(lambda: w.key("sorted_set")), w.pick(0.01, 0.01, -1, "abc"))
    if name == "ZCARD":
        return name, key
    return name, key, w.member()

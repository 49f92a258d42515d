"""Users, their rules, and what these let them do. The user `default`, whom both connections are, stays as it is."""

PASSWORDS = ("secret", "", "a b", "x" * 70)
HASHES = ("2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b", "2BB80D537B1DA3E38BD30361AA855686",
          "zz" * 32)
PATTERNS = ("*", "a*", "{k}s*", "x[ab]?", "a b", "", "{k}*", "{k}l*", "\\*", "(x")
CHANNELS = ("*", "news", "news.*", "a b", "")
COMMANDS = """get set GET mget del config config|get config|set client client|id acl|whoami xgroup|create eval publish
    object|encoding nosuch config|nosuch config|get|x get|x set|get select|0 select|x subscribe ssubscribe sort hello
    auth zunionstore ping multi script|load debug memory|usage xreadgroup lpush lmove copy getex""".split() + [""]
CATEGORIES = """all read write keyspace string dangerous fast slow pubsub admin connection scripting blocking
    transaction STRING nosuch hash bitmap""".split() + [""]
FIXED = """on off ON nopass resetpass allkeys resetkeys allchannels resetchannels allcommands nocommands reset + - ~ & %
    %R clearselectors sanitize-payload skip-sanitize-payload nosuch %~x %X~x %RR~x +@ -@ > # ! < ( ) () ((+get) %RW
    %RW~""".split() + ["", "( )"]
# What a user tries to do: their keys and channels, some of which the patterns above allow.
TRIED = [line.split() for line in """
    get {k}s1
    set {k}s1 v
    set a v get
    mget {k}s1 other
    del x {k}l1
    config get port
    client id
    acl whoami
    object encoding {k}s1
    object|encoding x
    publish news x
    spublish news x
    subscribe news n
    psubscribe news.*
    sort {k}l1 store x
    zunionstore a 2 b {k}z
    zrangestore a b 0 1
    eval x 1 a
    fcall f 1 a
    copy a {k}s1
    rename a {k}s1
    getex a
    getset a v
    incr a
    append a x
    lmove a b left right
    lpop {k}l1
    blmpop 0 2 a b left
    hset a f v
    hget a f
    sintercard 2 {k}t a
    pfcount {k}p a
    pfmerge a b
    bitop and a b
    bitfield a get u8 0
    bitfield {k}b get u8 0 set u8 0 1
    xread streams a {k}x 0 0
    xreadgroup group g c streams {k}x >
    georadius {k}g 1 1 1 m store a
    geosearchstore a {k}g fromlonlat 1 1 byradius 1 m
    migrate h 1 a 0 1
    migrate h 1 x 0 1 keys a {k}s1
    dump a
    restore a 0 x
    expire a 1
    touch a {k}s1
    exists a b
    memory usage a
    function list
    script load x
    select 1
    hello 3
    auth x
    ping
    nosuch x
    """.splitlines() if line.strip()]


def _user(w):
    return f"u{w.chance.randrange(4)}" if w.likely(0.95) else w.pick("nobody", "", "a b", "U1", b"u\x00")


def _command(w):
    return w.chance.choice(COMMANDS)


def _rule(w):
    chance = w.chance.random()
    if chance < 0.25:
        return w.pick("+", "-") + _command(w)
    if chance < 0.4:
        return w.pick("+", "-") + "@" + w.chance.choice(CATEGORIES)
    if chance < 0.55:
        return w.pick("~", "~", "%R~", "%W~", "%RW~", "%WR~", "%r~") + w.chance.choice(PATTERNS)
    if chance < 0.63:
        return "&" + w.chance.choice(CHANNELS)
    if chance < 0.73:
        return w.pick(">", "<") + w.chance.choice(PASSWORDS) if w.likely(0.7) else w.pick("#",
        "!") + w.chance.choice(HASHES)
    return w.chance.choice(FIXED)


def _selector(w):
    rules = [_rule(w) for _ in range(w.pick(0, 1, 2, 3))]
    if w.likely(0.8):
        rules = [rule for rule in rules if not rule.startswith((">", "<", "#", "!", "(", ")"))]
    text = "(" + " ".join(rules) + ")"
    if w.likely(0.2):  # in several words
        return text.split(" ")
    return [text + w.pick("", "", "", " ", "x")]


def _rules(w):
    made = []
    for _ in range(w.pick(0, 1, 1, 2, 2, 3, 5)):
        made += _selector(w) if w.likely(0.15) else [_rule(w)]
    return made


def _tried(w):
    words = w.chance.choice(TRIED)
    if w.likely(0.1):
        words = words[:-1] or words if w.likely(0.5) else [*words, "x"]
    return words


def command(w):
    chance = w.chance.random()
    if chance < 0.4:
        return "ACL", w.case("SETUSER"), _user(w), *_rules(w)
    if chance < 0.55:
        return "ACL", w.case("GETUSER"), _user(w), *w.maybe(0.02, "x")
    if chance < 0.8:
        return "ACL", "DRYRUN", _user(w), *_tried(w)
    if chance < 0.85:
        return "ACL", "DELUSER", *[_user(w) for _ in range(w.pick(0, 1, 1, 2))]
    if chance < 0.9:
        return "ACL", w.pick("LIST", "USERS", "WHOAMI"), *w.maybe(0.05, "x")
    if chance < 0.93:
        return "ACL", "CAT", *w.maybe(0.9, lambda: w.chance.choice(CATEGORIES)), *w.maybe(0.05, "x")
    if chance < 0.95:
        return "COMMAND", w.pick("GETKEYS", "GETKEYSANDFLAGS"), *_tried(w)
    if chance < 0.97:
        return "ACL", "LOG", *w.pick([], ["RESET"], ["0"], ["-1"], ["x"], ["2"], ["1", "2"])
    return "ACL", *w.pick("GENPASS x", "GENPASS 0", "GENPASS 5000", "GENPASS -1", "GENPASS 1 2", "GENPASS 5", "SAVE",
                          "LOAD", "NOSUCH", "", "SETUSER", "GETUSER", "DRYRUN", "DRYRUN u1").split()

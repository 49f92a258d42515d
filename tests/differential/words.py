"""What random commands are made of: few keys, so that commands meet; values at the boundaries."""

PREFIXES = {"string": "s", "list": "l", "hash": "h", "set": "t", "sorted_set": "z", "stream": "x",
            "bitmap": "b", "hyperloglog": "p", "geo": "g"}
TEXTS = ["", "a", "b", "c", "abc", "foo", "bar", "0", "1", "-1", "7", "10", "00", "3.0", "2.5", "-0", "1e3",
         "nan", "inf", "-inf", " 1", "x" * 63, "y" * 64, "z" * 65, "long" * 300, b"\x00\xff\r\n", "ключ", "*", "$-1"]
INTEGERS = [0, 1, -1, 2, 3, 5, 10, -2, -3, 63, 64, 127, 128, 255, 256, 1000, -128, -129, 32767, 32768, 65535,
            2**31 - 1, 2**31, -2**31, 2**32, 2**63 - 1, -2**63, 2**63, "abc", "", "1.5", " 1", "+1", "01"]
FLOATS = ["0", "1", "-1", "1.5", "-2.25", "3.14159", "1e10", "1e-10", "1e300", "-1e300", "inf", "-inf", "+inf", "nan",
          "abc", "", "0x10", " 1", "5e-324", "1.7976931348623157e308", "123456789012345678", "0.1", "0.30000000000000004"]


class Words:
    """A source of words over one random generator."""

    def __init__(self, chance):
        self.chance = chance

    def pick(self, *choices):
        return self.chance.choice(choices)

    def likely(self, share):
        return self.chance.random() < share

    def key(self, kind):
        """Mostly a key of that kind, sometimes of another, sometimes of none."""
        chance = self.chance.random()
        if chance < 0.04:
            kind = self.chance.choice(list(PREFIXES))
        elif chance < 0.05:
            return "missing"
        return f"{{k}}{PREFIXES[kind]}{self.chance.randrange(6)}"

    def text(self):
        if self.likely(0.5):
            return f"v{self.chance.randrange(30)}"
        if self.likely(0.3):
            return str(self.chance.randrange(-300, 300))
        return self.chance.choice(TEXTS)

    def member(self):
        """Of a collection: from a small range, so that it is met again; sometimes from a wide one."""
        return f"m{self.chance.randrange(20)}" if self.likely(0.8) else self.text()

    def small(self):
        return self.chance.randrange(-6, 12)

    def integer(self):
        return self.small() if self.likely(0.75) else self.chance.choice(INTEGERS)

    def number(self):
        if self.likely(0.7):
            return self.pick(self.small(), self.chance.randrange(-40, 40) / 4)
        return self.chance.choice(FLOATS)

    def count(self):
        return self.chance.randrange(1, 5) if self.likely(0.9) else self.integer()

    def many(self, make, most=4):
        return [make() for _ in range(self.chance.randrange(1, most + 1))]

    def maybe(self, share, *words):
        return [word() if callable(word) else word for word in words] if self.likely(share) else []

    def case(self, word):
        return word.lower() if self.likely(0.2) else word

    def expiry(self):
        """Far away, at once, or nonsense: never so near that two servers see different moments."""
        return self.pick(600000, 10000000, 0, -1, 2**40, 2**63 - 1, -2**63, "abc")

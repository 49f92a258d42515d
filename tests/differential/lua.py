"""Random pieces of Lua for scripts: values, calls of commands and of libraries, and ways to look at what came out."""
import functools

from . import rules

# d: one text of any value, keys in an order of their own, numbers with all digits. fail: raises anything but what has
# an address, and a table without a text, of which redis-server 7.0.15 dies.
DESCRIBE = """local function d(v)
 local t = type(v)
 if t == 'number' then return string.format('%.17g', v) elseif t == 'string' then return string.format('%q', v) end
 if t ~= 'table' then return t == 'boolean' and tostring(v) or t end
 local k, o = {}, {}
 for n in pairs(v) do k[#k + 1] = n end
 table.sort(k, function(a, b) return type(a) .. tostring(a) < type(b) .. tostring(b) end)
 for i, n in ipairs(k) do o[i] = d(n) .. '=' .. d(v[n]) end
 return '{' .. table.concat(o, ',') .. '}'
end
local function fail(v)
 local t = type(v)
 if t == 'function' or t == 'thread' or t == 'table' and type(rawget(v, 'err')) ~= 'string' then v = t end
 error(v, 2)
end
"""

NUMBERS = ["0", "1", "-1", "-0", "3.99", "-3.99", "0.5", "1e15", "1e16", "1e17", "1e100", "-1e100", "2^31", "2^31-1",
           "-2^31", "2^32",
           "2^53", "2^53+2", "-2^53", "2^63", "-2^63", "2^64", "1/0", "-1/0", "0/0", "123456789012345678", "0.1",
           "1e-5", "5e-324",
           "127", "128", "-32", "-33", "-128", "-129", "255", "256", "32767", "32768", "-32768", "-32769", "65535",
           "65536", "3.14159",
           "16777216", "1.7976931348623157e308", "99999999999999", "1e14", "0x10", "100", "33"]
STRINGS = [b"", b"a", b"b", b"ok", b"err", b"x" * 31, b"x" * 32, b"y" * 300, b"z" * 70000, b"a\r\nb", b"a\0b",
           b"\xff\xfe", "ключ".encode(),
           b"10", b"-1", b"0x1F", b"1e3", b" 5 ", b"nan", b"inf", b"-", b"- a", b"-ERR a b", b"ERR", b"WRONG kind",
           b"txt", b"mkdx", b"tx",
           b"123456789012345678901234567890", b"\"quoted\\", b"/", b"\x7f\x1f\t"]
NAMES = ["a", "b", "ok", "err", "map", "set", "double", "big_number", "verbatim_string", "format", "string", "source",
         "line",
         "ignore_error_stats_update", "n"]
# What a random answer, an order of its own, a moment or the server itself decides.
OWN = {"RANDOMKEY", "SPOP", "SRANDMEMBER", "HRANDFIELD", "ZRANDMEMBER", "EVAL", "FCALL", "DUMP", "COMMAND"}


def quoted(text):
    """A string as Lua writes it, with every byte that is not plain as its number."""
    text = text if isinstance(text, bytes) else str(text).encode()
    plain = [32 <= byte < 127 and byte not in b"'\\" for byte in text]
    return "'" + "".join(chr(byte) if as_it_is else f"\\{byte:03}" for byte, as_it_is in zip(text, plain)) + "'"


def number(w):
    return str(w.chance.randrange(-20, 300)) if w.likely(0.4) else w.chance.choice(NUMBERS)


def string(w):
    if w.likely(0.01):
        return f"string.rep('v', {w.pick(255, 256, 65535, 65536, 65537)})"
    return quoted(w.text() if w.likely(0.3) else w.chance.choice([text for text in STRINGS if len(text) < 40]))


def _special(w, depth):
    """A table that means something as an answer; now and then with a wrong thing in it."""
    anything = functools.partial(value, w, depth - 1)
    name = w.pick("err", "ok", "double", "map", "set", "big_number", "verbatim_string")
    if w.likely(0.15):
        held = anything()
    elif name in ("err", "ok", "big_number"):
        held = string(w)
    elif name == "double":
        held = number(w)
    elif name == "map":
        held = "{%s}" % ", ".join(f"[{key(w)}] = {anything()}" for _ in range(w.pick(0, 1, 1, 2)))
    elif name == "set":
        members = [f"[{key(w)}] = {w.pick('true', 'false', anything())}" for _ in range(w.pick(0, 1, 1, 2))]
        held = "{%s}" % ", ".join(members)
    else:
        held = "{format = %s, string = %s}" % (w.pick("'txt'", "'mkd'", string(w)),
                                               string(w) if w.likely(0.9) else anything())
    more = f", {w.chance.choice(NAMES)} = {anything()}" if w.likely(0.15) else ""
    return f"{{{name} = {held}{more}}}"


def key(w):
    """Of a table; none that is told by its address, and none so long that Redis's Lua hashes it in its own way."""
    return w.pick(str(w.chance.randrange(-1, 6)), str(w.chance.randrange(-1, 6)), quoted(w.chance.choice(NAMES)),
                  quoted(w.text()[:20]), w.pick("1.5", "true", "100", "2^53", "-0"))


def value(w, depth=3):
    kind = w.pick(*["number"] * 4, *["string"] * 4, *["list"] * 4, *["special"] * 4, "table", "nil", "nil", "true",
                  "false", "reply", "other", "KEYS", "ARGV")
    if kind == "number":
        return number(w)
    if kind == "string" or depth == 0:
        return string(w)
    if kind == "list":
        return "{%s}" % ", ".join(value(w, depth - 1) for _ in range(w.pick(0, 1, 2, 3, 5)))
    if kind == "special":
        return _special(w, depth)
    if kind == "table":
        return "{%s}" % ", ".join(f"[{key(w)}] = {value(w, depth - 1)}" for _ in range(w.pick(0, 1, 2, 4)))
    if kind == "reply":
        text = w.pick(string(w), string(w), string(w), number(w), "", "'a', 'b'")
        return w.pick(f"redis.error_reply({text})", f"redis.status_reply({text})")
    if kind == "other":
        return w.pick("print", "cjson.null", "d", "coroutine.create(d)", "KEYS[1]", "ARGV[1]", "#KEYS", "#ARGV",
                      "ARGV[#ARGV]", "redis.REPL_ALL", "setmetatable({}, {__index = function() return 1 end})",
                      "redis.REDIS_VERSION", "{d, 1}", "{nil, 1}", "string.len", "(function() return 1, 2 end)()",
                      "tostring(d):sub(1, 9)", "cjson.empty_array", "redis.REDIS_VERSION_NUM")
    return kind


def call(w, family):
    """redis.call or redis.pcall of a command of that family, whose answer is the same wherever it runs."""
    while True:
        made = family.command(w)
        made = made[0] if isinstance(made, list) else made
        own = str(made[0]).upper() in OWN or rules.rule_for(made) is not None or rules.waits_or_grows(made)
        if not own and len(str(made)) < 4000:
            break
    words = [quoted(word) for word in made]
    for index, word in enumerate(made):
        if isinstance(word, (int, float)) and abs(word) < 2**53 and w.likely(0.5):
            words[index] = str(word)
    if w.likely(0.02):
        words.insert(w.chance.randrange(len(words) + 1), w.pick("nil", "{}", "true", "1.5", "d", "0/0", "1e20", "''"))
    if w.likely(0.02):
        words = words[:w.chance.randrange(len(words))]
    return f"redis.{w.pick('call', 'call', 'pcall')}({', '.join(words)})"


# ---- Libraries ----

JSON = ["null", "true", "false", "0", "-0", "1.5", "1e5", "1E400", "-1e-400", "0x1f", "01", "+1", ".5", "1.", "nan",
        "NaN", "inf", "-Infinity", '""', '"a"', '"\\u00e9"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\uD83Dx"', '"\\udc00"',
        '"\\n\\t\\/\\b"', '"\\x"', '"\\u12G4"', '"\x01"', '"\t"', '"unended', "[]", "{}", "[1,2,[3]]", "[1,2", "[1 2]",
        "[,1]", "[1,]", '{"a":1}', '{"a":{"b":[1,null]}}', '{"a" 1}', '{a:1}', '{"a":1,}', '{"a":1 "b":2}', '{1:2}',
        "[null]", "[nul]", "tru", "truex", "1 1", "[1]]", " [ 1 , 2 ] ", "\ufeff1", "[" * 1001, "[" * 300 + "]" * 300,
        '{"":null}', '{"a":1,"a":2}', '[1e308,123456789012345678]', '{"1":1}', '"a\0b"', "/* */1", "'a'", "{", "[", "-",
        "--1", "1e", '"\\u0000"', '"\\', '"\\u1', "[true,false,null]", "9007199254740993", "infinity", "nanx"]
PACKED = ["\\192", "\\193", "\\194", "\\195", "\\127", "\\224", "\\204\\255", "\\205\\001\\000",
          "\\206\\255\\255\\255\\255", "\\207\\255\\255\\255\\255\\255\\255\\255\\255", "\\208\\128", "\\209\\128\\000",
          "\\210\\128\\000\\000\\000", "\\211\\128\\000\\000\\000\\000\\000\\000\\000", "\\202\\063\\128\\000\\000",
          "\\203\\063\\240\\000\\000\\000\\000\\000\\000", "\\163abc", "\\163ab", "\\217\\003abc", "\\218\\000\\003abc",
          "\\219\\000\\000\\000\\003abc", "\\196\\002ab", "\\197\\000\\001a", "\\198\\000\\000\\000\\001a",
          "\\147\\001\\002\\003", "\\147\\001\\002", "\\220\\000\\001\\005", "\\221\\000\\000\\000\\001\\005",
          "\\221\\255\\255\\255\\255", "\\129\\001\\002", "\\129\\192\\002", "\\129\\001", "\\222\\000\\001\\001\\002",
          "\\223\\000\\000\\000\\001\\001\\002", "\\212\\001\\002", "\\199\\001\\001\\001", "", "\\144", "\\128",
          "\\129\\161a\\145\\001", "\\001\\002\\003", "\\219\\255\\255\\255\\255a", "\\223\\255\\255\\255\\255",
          "\\203\\127\\248\\000\\000\\000\\000\\000\\000"]


def _cjson(w):
    if w.likely(0.06):
        setting = w.pick("encode_sparse_array(%s)" % w.pick("", "true", "false", "true, 2, 3", "false, 2, 10", "'x'",
                                                            "true, -1", "1"),
                         "encode_max_depth(%s)" % w.pick("", "3", "0", "1000", "'x'"),
                         "decode_max_depth(%s)" % w.pick("", "3", "1000", "-1"),
                         "encode_number_precision(%s)" % w.pick("", "3", "14", "16", "17", "0", "15"),
                         "encode_keep_buffer(%s)" % w.pick("", "true", "false", "'on'"),
                         "encode_invalid_numbers(%s)" % w.pick("", "true", "false", "'null'", "'x'", "1"),
                         "decode_invalid_numbers(%s)" % w.pick("", "true", "false", "'x'"),
                         "decode_array_with_array_mt(%s)" % w.pick("", "true", "false"),
                         "encode_empty_table_as_object(%s)" % w.pick("", "true"))
        return f"cjson.{setting}"
    if w.likely(0.5):
        return f"cjson.encode({value(w)})"
    text = w.chance.choice(JSON)
    if w.likely(0.2):
        text = w.pick(f"[{text},{w.chance.choice(JSON)}]", f'{{"k":{text}}}', text[:-1], text + " ")
    return f"cjson.decode({quoted(text)})" if w.likely(0.97) else f"cjson.decode({value(w, 1)})"


def _cmsgpack(w):
    kind = w.pick("pack", "pack", "both", "unpack", "unpack", "unpack_one", "unpack_limit")
    if kind == "pack":
        return f"cmsgpack.pack({', '.join(value(w) for _ in range(w.pick(0, 1, 1, 1, 2)))})"
    if kind == "both":
        return f"cmsgpack.unpack(cmsgpack.pack({value(w)}))"
    packed = "'" + "".join(w.chance.choice(PACKED) for _ in range(w.pick(1, 1, 2, 3))) + "'"
    if w.likely(0.03):
        packed = value(w, 1)
    numbers = {"unpack": w.pick(0, 0, 0, 1), "unpack_one": w.pick(0, 1), "unpack_limit": w.pick(1, 2, 2)}[kind]
    more = [w.pick('0', '1', '2', '-1', '100', str(w.small())) for _ in range(numbers)]
    return f"cmsgpack.{kind}({', '.join([packed, *more])})"


def _struct(w):
    options = [">", "<", "=", "!", "!2", "!4", "!16", "!3", "b", "B", "h", "H", "i", "I", "l", "L", "T", "f", "d", "s",
               "c1", "c3", "c", "x", " ", "i1", "i2", "i3", "i8", "I4", "I8", "i16", "I17", "i0", "z", "X", "Bc0",
               "bc0", "c99"]
    # Only a byte is the size of what follows: of others redis-server makes what the processor makes of them.
    form = quoted("".join(w.chance.choice(options) for _ in range(w.pick(1, 1, 2, 3, 5))) if w.likely(0.98) else "c0")
    kind = w.pick("size", "pack", "pack", "unpack", "unpack")
    if kind == "size":
        return f"struct.size({form})"
    if kind == "pack":
        packed = [w.pick(number, number, string)(w) for _ in range(w.chance.randrange(5))]
        return f"struct.pack({', '.join([form, *packed])})"
    data = quoted(bytes(w.chance.choice([0, 0, 1, 2, 3, 97, 127, 128, 255]) for _ in range(w.chance.randrange(24))))
    return f"struct.unpack({', '.join([form, data, *w.maybe(0.2, w.pick('1', '2', '0', '-1', '30', '2^31', '2^63'))])})"


def _bit(w):
    name = w.pick("tobit", "tohex", "bnot", "bswap", "band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror")
    numbers = [number(w) if w.likely(0.95) else value(w, 1) for _ in range(w.pick(0, 1, 1, 2, 2, 2, 3))]
    return f"bit.{name}({', '.join(numbers)})"


def _redis(w):
    return w.pick(f"redis.sha1hex({w.pick('', string(w), number(w), value(w, 1), string(w) + ', 1')})",
                  "redis.replicate_commands()",
                  f"redis.set_repl({w.pick('', 'redis.REPL_ALL', 'redis.REPL_NONE', number(w), string(w))})",
                  "redis.breakpoint()",
                  f"redis.setresp({w.pick('', '2', '3', '4', string(w), '2, 3')})", "redis.debug('x')",
                  f"redis.log({w.pick('', 'redis.LOG_DEBUG', 'redis.LOG_DEBUG, 1, {}', '9, 1', string(w) + ', 1')})",
                  f"redis.acl_check_cmd({w.pick('', quoted('get'), quoted('get') + ', 1', string(w), '{}')})",
                  f"redis.error_reply({value(w, 1)})", f"redis.status_reply({value(w, 1)})",
                  f"redis.register_function({value(w, 1)})",
                  f"redis.{w.pick('nope', 'LOG_WARNING', 'REPL_SLAVE', 'call', 'sha1hex')}")


def _lua(w):
    """Lua's own functions where a sandbox could show: metatables, globals, read-only tables, text that is compiled."""
    table = w.pick("_G", "redis", "string", "cjson", "math", "getmetatable('')", "getmetatable(_G)", "{}", "KEYS",
                   "bit", "getmetatable(redis)",
                   "getmetatable(getmetatable(_G))")
    name = w.pick("os", "io", "debug", "package", "require", "print", "dofile", "loadfile", "newproxy", "module",
                  "getfenv", "setfenv", "string",
                  "coroutine", "nosuch", "KEYS", "gcinfo", "_VERSION", "xpcall", "collectgarbage", "_G",
                  "__redis__err__handler", "table",
                  "__redis__compare_helper", "unpack", "rawequal", "redis", "server")
    return w.pick(f"type({name})", f"rawget({table}, '{name}')", f"rawset({table}, 'x', 1)",
                  f"setmetatable({table}, {{}})",
                  f"type(getmetatable({table}))", f"(function() {name} = 1 end)()",
                  f"(function() local t = {table} t.x = {number(w)} end)()",
                  f"loadstring({quoted(w.pick('return 1', 'return nosuch', 'x =', chr(27) + 'Lua', 'return ...'))})",
                  f"(loadstring({quoted(w.pick('return 1', 'return nosuch', 'x = 1', 'error(2)', 'return redis'))}))()",
                  f"string.format('{w.pick('%d', '%s', '%5.1f', '%q', '%x', '%c', '%z', '%', '%g')}', {value(w, 1)})",
                  f"tonumber({w.pick(number(w), string(w))}{w.pick('', '', ', 16', ', 1', ', 36')})",
                  f"tostring({w.pick(number(w), string(w), 'nil')})",
                  f"select({w.pick(number(w), quoted('#'))}, 1, 2, 3)",
                  f"unpack({{1, 2, 3}}, {number(w) if w.likely(0.3) else 1}, 3)",
                  f"table.concat({value(w, 2)}, ',')", f"table.insert({table}, 1)", f"table.remove({table})",
                  f"string.rep('ab', {w.small()})",
                  f"string.sub({string(w)}, {w.small()}, {w.small()})", f"math.floor({number(w)})",
                  f"math.max({number(w)}, {number(w)})",
                  f"(function() math.randomseed({w.small()}) return math.random({w.pick('', '10', '5, 8')}) end)()",
                  f"next({table} == KEYS and {{}} or {{7}})", f"rawequal({table}, {table})", f"#{table}",
                  f"type(next({table}))",
                  f"coroutine.{w.pick('resume(coroutine.create(d), 1)', 'wrap(d)(1)', 'yield(1)', 'running()')}",
                  f"ipairs({table})({table}, 0)", f"string.find({string(w)}, {string(w)})",
                  f"string.gsub('abc', {string(w)}, {value(w, 1)})",
                  f"xpcall(function() {w.pick('error(1)', 'error({})', 'return 5')} end, {w.pick('d', 'type')})")


def expression(w):
    return w.pick(_cjson, _cjson, _cmsgpack, _cmsgpack, _struct, _struct, _bit, _redis, _lua, _lua)(w)

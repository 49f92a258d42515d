"""Scripts and functions: what they may call, what they answer, and what is told about them."""
import hashlib

from differential import lua
from differential.families import bitmap, containers, geo, hash, list, set, sorted_set, stream, string

CALLED = [bitmap, containers, geo, hash, list, set, sorted_set, stream, string]
FLAGS = ["no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys", "nosuch", ""]
FUNCTIONS = [f"f{number}" for number in range(8)]
LIBRARIES = [f"lib{number}" for number in range(4)]


def _ending(w, result):
    """What becomes of it: an answer as it is, a text of it, or an error that somebody catches."""
    return w.pick(f"return {result}", f"return {result}", f"return d({result})", f"return {{{result}}}",
                  f"return {{pcall(function() return {result} end)}}",
                  f"local r = {{pcall(function() return {result} end)}} return d(r)",
                  f"local a, b = pcall(function() return {result} end) return b",
                  f"fail({result})")


def _calls(w):
    calls = [lua.call(w, w.chance.choice(CALLED)) for _ in range(w.pick(1, 1, 2))]
    return " ".join(calls[:-1]) + " " + _ending(w, calls[-1])


def _body(w):
    begin = w.pick("", "", "redis.setresp(3) ", "redis.setresp(3) ", "redis.setresp(2) ")
    if w.likely(0.45):
        return begin + _calls(w)
    if w.likely(0.4):
        return begin + _ending(w, lua.value(w))
    if w.likely(0.9):
        return begin + _ending(w, lua.expression(w))
    return w.pick("", "return", "x =", "return nosuch", "nosuch()", "error()", "error(nil)", "error('a', 2)",
                  "error({err = 'A b'})", "a.b.c = 1", "local function f() return f() + 1 end return f()",
                  "return 1, 2", "assert(false)", "assert(nil, {err = 'X y'})", "return ...", "return {...}",
                  "\n\nerror('third line')", "redis.call('nosuch')\nreturn 1", "local t = {} t[nil] = 1", "return #nil",
                  "goto x", f"return 'a' .. {lua.value(w, 1)}", f"return {lua.value(w, 1)} + 1",
                  f"return {lua.value(w, 1)} < {lua.value(w, 1)}", "KEYS = 1", "redis.call = nil",
                  "return redis['call']", "if true then return 1 end return 2")


def _shebang(w, name=""):
    flags = ",".join(w.chance.choice(FLAGS) for _ in range(w.pick(1, 1, 2)))
    return w.pick("#!lua", "#!lua", "#!lua", f"#!lua flags={flags}", f"#!lua flags={flags}", "#!lua flags=", "#!Lua",
                  "#!", "#!js", "#!lua  flags=no-writes ", "#!lua nosuch", "#!lua name=a", "#! lua",
                  "#!lua flags=no-writes flags=allow-oom") + name + w.pick("\n", "\n", "\n", "", "\r\n")


def script(w):
    begin = _shebang(w) if w.likely(0.15) else ""
    return begin + (lua.DESCRIBE if w.likely(0.97) else "") + _body(w)


def _arguments(w):
    """How many keys there are, and more words than that, or fewer."""
    keys = [w.key(w.pick("string", "list", "hash")) for _ in range(w.pick(0, 0, 1, 1, 2))]
    return (len(keys) if w.likely(0.94) else w.integer(), *keys, *(w.text() for _ in range(w.pick(0, 0, 1, 2))))


def _digest(w):
    known = getattr(w, "scripts", [])
    if not known or w.likely(0.2):
        return w.pick("", "x", "f" * 40, "0" * 40)
    digest = hashlib.sha1(w.chance.choice(known).encode()).hexdigest()
    return digest.upper() if w.likely(0.1) else digest


def _remember(w, text):
    w.scripts = [text, *getattr(w, "scripts", [])[:7]]
    return text


def _about_scripts(w):
    verb = w.pick("EXISTS", "LOAD", "FLUSH", "KILL", "HELP", "NOSUCH", "")
    if verb == "EXISTS":
        return ("SCRIPT", verb, *(_digest(w) for _ in range(w.pick(0, 1, 3))))
    if verb == "LOAD":
        return ("SCRIPT", verb, *w.maybe(0.95, _remember(w, script(w))), *w.maybe(0.05, "x"))
    if verb == "FLUSH":
        return ("SCRIPT", verb, *w.maybe(0.5, w.pick("SYNC", "async", "x", "SYNC", "")))
    return ("SCRIPT", verb) if verb else ("SCRIPT",)


def _registration(w):
    name, body = w.chance.choice(FUNCTIONS), f"function(keys, args) {_body(w)} end"
    if w.likely(0.4):
        return f"redis.register_function('{name}', {body})"
    if w.likely(0.03):
        return f"redis.register_function({lua.value(w, 1)}, {lua.value(w, 1)})"
    flags = ", ".join(f"'{w.chance.choice(FLAGS[:-1])}'" for _ in range(w.pick(0, 1, 1, 2)))
    title = "function_name" if w.likely(0.9) else "FUNCTION_NAME"
    fields = [f"{title} = '{name}'", f"callback = {body}", *w.maybe(0.6, f"flags = {{{flags}}}"),
              *w.maybe(0.4, f"description = {lua.string(w)}"),
              *w.maybe(0.05, f"{w.chance.choice(lua.NAMES)} = {lua.value(w, 1)}")]
    if w.likely(0.05):
        del fields[w.chance.randrange(len(fields))]
    return f"redis.register_function{{{', '.join(fields)}}}"


def library(w):
    name = w.chance.choice(LIBRARIES) if w.likely(0.95) else w.pick("", "a-b", "long" * 20, "a b", "é", "_")
    begin = f"#!lua name={name}\n" if w.likely(0.95) else _shebang(w, w.pick("", " name=lib0", " NAME=lib1"))
    body = [*w.maybe(0.05, lua.expression(w)), *(_registration(w) for _ in range(w.pick(1, 1, 1, 2, 3)))]
    return begin + (lua.DESCRIBE.rstrip("\n") if w.likely(0.97) else "") + "\n" + "\n".join(body)


def _about_functions(w):
    verb = w.pick(*["LOAD"] * 5, "DELETE", "LIST", "LIST", "STATS", "DUMP", "RESTORE", "FLUSH", "KILL", "NOSUCH",
                  "HELP")
    if verb == "LOAD":
        words = [*w.maybe(0.6, "REPLACE"), *w.maybe(0.02, "x"), library(w)]
    elif verb == "DELETE":
        words = w.maybe(0.95, w.pick(*LIBRARIES, "nosuch"))
    elif verb == "LIST":
        words = [*w.maybe(0.5, "LIBRARYNAME", w.pick("lib*", "lib1", "LIB?", "", "x")),
                 *w.maybe(0.4, w.case("WITHCODE")), *w.maybe(0.05, "x")]
    elif verb == "RESTORE":
        words = [*w.maybe(0.95, w.text), *w.maybe(0.5, w.pick("FLUSH", "append", "REPLACE", "x")), *w.maybe(0.05, "x")]
    elif verb == "FLUSH":
        words = w.pick(["SYNC"], ["x"], ["x"], ["x", "y"])
    else:
        words = w.maybe(0.05, "x")
    return ("FUNCTION", verb, *words)


def command(w):
    if not hasattr(w, "scripts"):  # whatever is left of those who played here before
        w.scripts = []
        return [("SCRIPT", "FLUSH"), ("FUNCTION", "FLUSH")]
    name = w.pick(*["EVAL"] * 9, "EVAL_RO", "EVALSHA", "EVALSHA", "EVALSHA_RO", "FCALL", "FCALL", "FCALL", "FCALL_RO",
                  "SCRIPT", "FUNCTION", "FUNCTION")
    if name == "SCRIPT":
        return _about_scripts(w)
    if name == "FUNCTION":
        return _about_functions(w)
    if name in ("FCALL", "FCALL_RO"):
        made = (name, w.chance.choice(FUNCTIONS) if w.likely(0.97) else w.pick("nosuch", "", "F1"), *_arguments(w))
    elif name in ("EVALSHA", "EVALSHA_RO"):
        made = (name, _digest(w), *_arguments(w))
    else:
        made = (name, _remember(w, script(w)), *_arguments(w))
    if w.likely(0.01):
        made = made[:w.chance.randrange(1, 3)]
    return [("MULTI",), made, ("EXEC",)] if w.likely(0.02) else made

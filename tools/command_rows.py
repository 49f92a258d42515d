#!/usr/bin/env python3
"""Prints the C rows of commands, facts measured from a running redis-server.

tools/command_rows.py PORT NAME...     rows for commands ("get") and subcommands ("client|kill")
tools/command_rows.py PORT --update FILE...     renews the rows of existing files in place

Handlers, azure rules and flags that Redis does not show are kept on update.
"""
import json
import re
import subprocess
import sys
import textwrap

FLAGS = {
    "write": "CMD_WRITE", "readonly": "CMD_READONLY", "denyoom": "CMD_DENY_OOM",
    "admin": "CMD_ADMIN", "pubsub": "CMD_PUBSUB", "noscript": "CMD_NOSCRIPT",
    "blocking": "CMD_BLOCKING", "loading": "CMD_LOADING", "stale": "CMD_STALE",
    "skip_monitor": "CMD_SKIP_MONITOR", "skip_slowlog": "CMD_SKIP_SLOWLOG",
    "asking": "CMD_ASKING", "fast": "CMD_FAST", "no_auth": "CMD_NO_AUTH",
    "may_replicate": "CMD_MAY_REPLICATE", "no_mandatory_keys": "CMD_NO_MANDATORY_KEYS",
    "no_async_loading": "CMD_NO_ASYNC_LOADING", "no_multi": "CMD_NO_MULTI",
    "allow_busy": "CMD_ALLOW_BUSY",
}
OWN_FLAGS = ("CMD_SUBSCRIBER", "CMD_CONTAINER_BARE")
CATEGORIES = {
    "sortedset": "CATEGORY_SORTED_SET", "pubsub": "CATEGORY_PUBSUB",
}
GROUP_CATEGORY = {
    "string": "string", "bitmap": "bitmap", "hash": "hash", "list": "list", "set": "set",
    "sorted-set": "sortedset", "stream": "stream", "hyperloglog": "hyperloglog", "geo": "geo",
    "scripting": "scripting", "transactions": "transaction",
    "connection": "connection",
}
KEY_FLAGS = {
    "RO": "KEY_RO", "RW": "KEY_RW", "OW": "KEY_OW", "RM": "KEY_RM", "access": "KEY_ACCESS",
    "update": "KEY_UPDATE", "insert": "KEY_INSERT", "delete": "KEY_DELETE",
    "not_key": "KEY_NOT_KEY", "incomplete": "KEY_INCOMPLETE", "variable_flags": "KEY_VARIABLE",
}


def ask(port, *words):
    answer = subprocess.run(["redis-cli", "-p", port, "--json", *words], check=True,
                            capture_output=True, text=True)
    return json.loads(answer.stdout)


def argument_text(argument):
    """One argument in the notation of .arguments (resp/command_arguments.h)."""
    kind = argument["type"]
    text = argument["name"]
    if kind in ("oneof", "block"):
        inner = [argument_text(each) for each in argument["arguments"]]
        text += "(" + "|".join(inner) + ")" if kind == "oneof" else "{" + " ".join(inner) + "}"
    elif kind == "pure-token":
        text += "=token"
    elif not (kind == "string" or (kind == "key" and "key_spec_index" in argument)):
        text += "=" + kind
    if "key_spec_index" in argument:
        text += f"#{argument['key_spec_index']}"
    if "token" in argument:
        text += "@" + argument["token"]
    if "since" in argument:
        text += "^" + argument["since"]
    if "deprecated_since" in argument:
        text += "!" + argument["deprecated_since"]
    flags = argument.get("flags", [])
    if "multiple_token" in flags:
        text += "*"
    if "multiple" in flags:
        text += "..."
    return f"[{text}]" if "optional" in flags else text


def quoted(text, indent):
    width = 98 - indent
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    pieces, line = [], ""
    for word in re.split(r"(?<= )", escaped):
        if line and len(line) + len(word) > width - 14:
            pieces.append(line)
            line = ""
        line += word
    pieces.append(line)
    return ("\n" + " " * indent).join(f'"{piece}"' for piece in pieces)


def key_spec(spec):
    begin, find = spec["begin_search"], spec["find_keys"]
    flags = " | ".join(KEY_FLAGS[flag] for flag in spec["flags"])
    if (begin["type"] == "index" and find["type"] == "range" and not find["spec"]["limit"]
            and "notes" not in spec):
        where, far = begin["spec"], find["spec"]
        return f"KEY_RANGE({flags}, {where['index']}, {far['lastkey']}, {far['keystep']})"
    fields = []
    if begin["type"] == "index":
        fields += [".begin = KEY_BEGIN_INDEX", f".index = {begin['spec']['index']}"]
    elif begin["type"] == "keyword":
        fields += [".begin = KEY_BEGIN_KEYWORD", f".keyword = \"{begin['spec']['keyword']}\"",
                   f".start_from = {begin['spec']['startfrom']}"]
    else:
        fields += [".begin = KEY_BEGIN_UNKNOWN"]
    if find["type"] == "range":
        far = find["spec"]
        fields += [".find = KEY_FIND_RANGE", f".last = {far['lastkey']}", f".step = {far['keystep']}"]
        fields += [f".limit = {far['limit']}"] if far["limit"] else []
    elif find["type"] == "keynum":
        far = find["spec"]
        fields += [".find = KEY_FIND_NUMBER", f".number_at = {far['keynumidx']}",
                   f".first_key_offset = {far['firstkey']}", f".step = {far['keystep']}"]
    else:
        fields += [".find = KEY_FIND_UNKNOWN"]
    fields += [f".flags = {flags}"] if flags else []
    if "notes" in spec:
        fields += [f".notes = {quoted(spec['notes'], 12)}"]
    return "{" + ", ".join(fields) + "}"


class Reference:
    def __init__(self, port):
        self.facts = {}
        for info in ask(port, "command"):
            self.add(info, ask(port, "command", "docs", info[0])[info[0]])

    def add(self, info, docs):
        self.facts[info[0]] = (info, docs)
        for sub in info[9]:
            self.add(sub, docs["subcommands"][sub[0]])

    def row(self, name, old=None, indent=4):
        info, docs = self.facts[name]
        old = old or {}
        word = name.rpartition("|")[2].upper()
        lines = [f'.name = "{word}",']
        if info[9]:
            lines += [old.get("handler") and f".handler = {old['handler']}," or ""]
        else:
            handler = old.get("handler", "cmd_" + name.replace("|", "_").replace("-", "_"))
            lines += [f".handler = {handler},"]
        lines += [f".arity = {info[1]},"]
        flags = [FLAGS[flag] for flag in info[2] if flag in FLAGS]
        flags += [flag for flag in OWN_FLAGS if flag in old.get("flags", "")]
        flags += ["CMD_SYSTEM"] if "syscmd" in docs.get("doc_flags", []) else []
        lines += [f".flags = {' | '.join(flags)},"] if flags else []
        extra = self.extra_categories(info, docs, flags)
        lines += [f".categories = {' | '.join(extra)},"] if extra else []
        if info[8]:
            specs = ", ".join(key_spec(spec) for spec in info[8])
            lines += [f".keys = {{{specs}}},"]
        for kept in ("azure",):
            lines += [f".{kept} = {old[kept]},"] if kept in old else []
        lines += [f'.since = "{docs["since"]}",']
        if "complexity" in docs:
            lines += [f".complexity = {quoted(docs['complexity'], 12)},"]
        lines += [f".summary = {quoted(docs['summary'], 12)},"]
        if "arguments" in docs:
            text = " ".join(argument_text(each) for each in docs["arguments"])
            lines += [f".arguments = {quoted(text, 12)},"]
        if info[7]:
            tips = ", ".join(f'"{tip}"' for tip in info[7])
            lines += [f".tips = (const char *const[]){{{tips}, NULL}},"]
        if "history" in docs:
            rows = ", ".join(f'{{"{since}", {quoted(change, 12)}}}' for since, change in docs["history"])
            lines += [f".history = (const struct command_history[]){{{rows}, {{0}}}},"]
        for field in ("deprecated_since", "replaced_by"):
            lines += [f".{field} = \"{docs[field]}\","] if field in docs else []
        if info[9]:
            lines += [f".subcommands = {old.get('subcommands', name + '_subcommands')},"]
        lines += [f".group = \"{old.get('group', docs['group'])}\","] if "group" in old else []
        body = "\n".join(" " * (indent + 4) + line for line in lines if line)
        return f"{' ' * indent}{{\n{body}\n{' ' * indent}}},"

    @staticmethod
    def extra_categories(info, docs, flags):
        """The categories that command_table.c does not derive from group and flags."""
        if info[9] and info[0] != "command":
            return []  # its subcommands say what they are
        derived = {GROUP_CATEGORY.get(docs["group"])}
        derived.add("write" if "CMD_WRITE" in flags else None)
        if "CMD_READONLY" in flags and docs["group"] != "scripting":
            derived.add("read")
        if "CMD_ADMIN" in flags:
            derived |= {"admin", "dangerous"}
        derived.add("pubsub" if "CMD_PUBSUB" in flags else None)
        derived.add("blocking" if "CMD_BLOCKING" in flags else None)
        derived.add("fast" if "CMD_FAST" in flags else "slow")
        shown = {category[1:] for category in info[6]}
        surplus = derived - shown - {None}
        if surplus:
            print(f"// {info[0]}: Redis does not show {surplus}", file=sys.stderr)
        return [CATEGORIES.get(name, "CATEGORY_" + name.upper()) for name in sorted(shown - derived)]


def old_facts(text):
    found = {}
    for field in ("handler", "azure", "subcommands", "group"):
        match = re.search(rf"\.{field} = ([^,]+),", text)
        if match:
            found[field] = match.group(1).strip('"')
    match = re.search(r"\.flags = ([^,]+),", text)
    found["flags"] = match.group(1) if match else ""
    return found


def update(reference, path):
    source = open(path).read()
    owner = {}
    for match in re.finditer(r'\n    \{\n        \.name = "(\w+)",(?:(?!\n    \}).)*?\.subcommands = (\w+),', source, re.S):
        owner[match.group(2)] = match.group(1).lower()

    def table(match):
        prefix = owner.get(match.group(1), "")

        def row(each):
            name = each.group(1).lower()
            full = f"{prefix}|{name}" if prefix else name
            if full not in reference.facts:
                print(f"{path}: {full} is not known to this redis-server; kept", file=sys.stderr)
                return each.group(0)
            return "\n" + reference.row(full, old_facts(each.group(0)))

        return re.sub(r'\n    \{\n        \.name = "([^"]+)",.*?\n    \},', row, match.group(0), flags=re.S)

    source = re.sub(r"\nstatic const struct command (\w+)\[\] = \{.*?\n\};", table, source, flags=re.S)
    open(path, "w").write(source)


def main():
    if len(sys.argv) < 3:
        sys.exit(textwrap.dedent(__doc__))
    reference = Reference(sys.argv[1])
    names = sys.argv[2:]
    if names[0] == "--update":
        for path in names[1:]:
            update(reference, path)
        return
    for name in names:
        name = name.lower()
        print(reference.row(name))
        for sub in reference.facts[name][0][9]:
            print(reference.row(sub[0]))


main()

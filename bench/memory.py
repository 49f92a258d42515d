#!/usr/bin/python3
"""Bytes of resident memory per key, next to redis-server's: bench/memory.py [KIND ...]

Fills a million entries of each kind into both, over the wire, and divides what the process grew by.
"""
import pathlib
import re
import sys

from side_by_side import COUNT, both

KINDS = {
    "string": lambda pipe, i: pipe.set(f"key:{i:012d}", "v" * 16),
    "string with TTL": lambda pipe, i: pipe.set(f"key:{i:012d}", "v" * 16, ex=100000),
    "hash of 10 fields": lambda pipe, i: pipe.hset(f"h:{i // 10}", f"f{i % 10}", "v" * 16),
    "large hash": lambda pipe, i: pipe.hset(f"h:{i % 10}", f"field:{i:010d}", "v" * 16),
    "sorted set of 10": lambda pipe, i: pipe.zadd(f"z:{i // 10}", {f"m{i % 10}": i}),
    "large sorted set": lambda pipe, i: pipe.zadd(f"z:{i % 10}", {f"member:{i:09d}": i}),
    "set of 10": lambda pipe, i: pipe.sadd(f"s:{i // 10}", f"member{i % 10}"),
    "large set": lambda pipe, i: pipe.sadd(f"s:{i % 10}", f"member:{i:09d}"),
    "list of 10": lambda pipe, i: pipe.rpush(f"l:{i // 10}", "v" * 16),
}


def resident(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024


def measure(fill):
    def grown(process, client):
        before = resident(process)
        pipe = client.pipeline(transaction=False)
        for i in range(COUNT):
            fill(pipe, i)
            if i % 2000 == 1999:
                pipe.execute()
        pipe.execute()
        return (resident(process) - before) / COUNT
    return both(grown)


def main():
    print("| an entry of | redis-server | Redurite | ratio |\n|---|---|---|---|")
    for kind in sys.argv[1:] or KINDS:
        theirs, ours = measure(KINDS[kind])
        print(f"| {kind} | {theirs:.0f} | {ours:.0f} | {ours / theirs:.2f} |", flush=True)


main()

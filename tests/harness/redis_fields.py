"""Run as a script by whichever Python has the redis-py to test: redis_fields.py PORT KEY CA. Prints JSON."""
import json
import sys

import redis

PORT, KEY, CA = sys.argv[1:]
client = redis.Redis("localhost", int(PORT), password=KEY, ssl=True, ssl_ca_certs=CA, decode_responses=True)
client.hset("session", mapping={"token": "t", "user": "ada", "cart": "7"})
client.zadd("board", {"ada": 10, "bob": 20})
print(json.dumps({
    "set": client.hexpire("session", 60, "token", "nobody"),
    "conditions": [client.hpexpire("session", 90_000, "cart", nx=True), client.hexpire("session", 10, "token", gt=True)],
    "left": client.httl("session", "token", "cart", "user", "nobody"),
    "until": client.hpexpiretime("session", "user"),
    "kept": client.hpersist("session", "cart", "user"),
    "names": client.hscan("session", no_values=True)[1],
    "rank": client.zrank("board", "bob", withscore=True),
    "library": client.client_info()["lib-name"].split("(")[0],
    "killed": client.client_kill_filter(maxage=86400),
    "at": client.hexpireat("session", 1, "token"),
    "rest": client.hgetall("session"),
}))

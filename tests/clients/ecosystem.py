"""What Python applications build on Redis, run by the newest clients' interpreter: ecosystem.py NAME. Prints JSON."""
import asyncio
import json
import os
import sys

KEY, PORT, CA = (os.environ[name] for name in ("TEST_KEY", "TEST_PORT", "TEST_CA"))
TLS = {"ssl": True, "ssl_ca_certs": CA, "ssl_check_hostname": True}


def django():
    import django as django_itself
    from django.conf import settings

    settings.configure(CACHES={"default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": f"rediss://localhost:{PORT}/3",
        "OPTIONS": {"PASSWORD": KEY, "CONNECTION_POOL_KWARGS": {"ssl_ca_certs": CA}},
    }})
    django_itself.setup()
    from django.core.cache import cache

    cache.set_many({"a": 1, "b": {"c": [1, 2]}}, timeout=60)
    added = [cache.add("a", 2), cache.add("new", 2)]
    with cache.lock("lock", timeout=10):
        locked = cache.ttl("lock") is not None
    outcome = {"many": cache.get_many(["a", "b", "none"]), "added": added, "locked": locked, "ttl": cache.ttl("a"),
               "counted": cache.incr("a", 5), "found": sorted(cache.keys("*")), "deleted": cache.delete_pattern("*")}
    outcome["left"] = cache.keys("*")
    return outcome


def redis_py():
    import redis

    client = redis.Redis(host="localhost", port=int(PORT), password=KEY, decode_responses=True, **TLS)
    lock = client.lock("lock", timeout=60)
    outcome = {"acquired": lock.acquire(), "again": client.lock("lock").acquire(blocking=False)}
    outcome["extended"] = lock.extend(60)
    lock.release()
    with client.pipeline() as pipeline:
        pipeline.watch("stock")
        pipeline.multi()
        pipeline.incrby("stock", 5).expire("stock", 60)
        outcome["pipeline"] = pipeline.execute()
    outcome["script"] = client.register_script("return {KEYS[1], ARGV[1], redis.call('GET', KEYS[1])}")(["stock"], ["x"])
    outcome["asyncio"] = asyncio.run(_streams())
    return outcome


async def _streams():
    from redis import asyncio as aioredis

    client = aioredis.Redis(host="localhost", port=int(PORT), password=KEY, decode_responses=True, **TLS)
    await client.xgroup_create("orders", "workers", id="0", mkstream=True)
    waiting = asyncio.create_task(client.xreadgroup("workers", "w1", {"orders": ">"}, count=10, block=20000))
    other = aioredis.Redis(host="localhost", port=int(PORT), password=KEY, decode_responses=True, **TLS)
    await other.xadd("orders", {"item": "book"})
    entries = await waiting
    stream, messages = next(iter(entries.items())) if isinstance(entries, dict) else entries[0]
    while isinstance(messages[0][0], (list, tuple)):  # RESP3 nests once more
        messages = messages[0]
    acknowledged = await client.xack("orders", "workers", messages[0][0])
    await client.aclose()
    await other.aclose()
    return [stream, messages[0][1], acknowledged]


if __name__ == "__main__":
    print(json.dumps({"django": django, "redis-py": redis_py}[sys.argv[1]]()))

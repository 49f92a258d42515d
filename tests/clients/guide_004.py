"""The cache of the hotel platform of seed 004, run by the newest redis-py: guide_004.py STEP. Prints JSON."""
import json
import os
import sys

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

TTL = {"daily": 300, "balance": 60, "summary": 900}
SIZE = {"daily": 100, "balance": 200, "summary": 150}


def connect():
    use_tls = os.environ.get("REDIS_USE_TLS", "false") == "true"
    options = {"ssl": True, "ssl_ca_certs": os.environ["SSL_CERT_FILE"]} if use_tls else {}
    return redis.Redis(host=os.environ["REDIS_HOST"], port=int(os.environ.get("REDIS_PORT", 6379)),
                       password=os.environ.get("REDIS_PASSWORD"), decode_responses=True,
                       socket_connect_timeout=int(os.environ.get("REDIS_CONNECT_TIMEOUT", 5000)) / 1000,
                       socket_timeout=5, retry=Retry(NoBackoff(), int(os.environ.get("REDIS_MAX_RETRIES", 3))), **options)


def health():
    try:
        connect().ping()
    except redis.RedisError as failure:
        return {"healthy": False, "backend": "memory", "message": f"{type(failure).__name__}: {failure}"}
    return {"healthy": True, "backend": "redis", "message": "Cache is healthy using redis backend"}


def fill():
    """Reports, balances and summaries of a hundred organizations."""
    client = connect()
    with client.pipeline(transaction=False) as pipeline:
        for organization in range(1, 101):
            for kind, ttl in TTL.items():
                pipeline.set(f"{kind}:{organization}:2026-01-31", "x" * SIZE[kind], ex=ttl)
        pipeline.execute()
    for organization in (1, 2, 3, 1000):
        client.get(f"daily:{organization}:2026-01-31")
    return {kind: client.pttl(f"{kind}:1:2026-01-31") // 1000 for kind in TTL}


def status():
    client = connect()
    stats, memory = client.info("stats"), client.info("memory")
    asked = stats["keyspace_hits"] + stats["keyspace_misses"]
    return {"type": "redis", "available": client.ping(), "redisInfo": {
        "connected": True, "keys": client.dbsize(), "bytes": memory["used_memory_dataset"],
        "hitRate": round(stats["keyspace_hits"] / asked, 2) if asked else None}}


def invalidate():
    """Whatever is kept of organization 7: the pattern is scanned for, and unlinked in one go."""
    client = connect()
    found = list(client.scan_iter(match="*:7:*", count=50))
    return {"found": len(found), "deleted": client.unlink(*found), "left": client.dbsize()}


print(json.dumps({step.__name__: step for step in (health, fill, status, invalidate)}[sys.argv[1]]()))

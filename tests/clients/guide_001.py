"""The Python of seed 001, run by the newest redis-py: guide_001.py ADDRESS. Prints JSON.

REDIS_URL and the three CACHE_TTL_ variables come from the environment, as the guide configures its application;
ADDRESS is where the name in REDIS_URL leads, as DNS in the application's network would tell.
"""
import asyncio
import hashlib
import json
import os
import socket
import sys

from redis import asyncio as aioredis  # the guide's aioredis is part of redis-py now

REDIS_CONFIG = {"max_connections": 20, "socket_connect_timeout": 5, "socket_timeout": 5, "retry_on_timeout": True,
                "health_check_interval": 30}
TTL = {name: int(os.environ["CACHE_TTL_" + name.upper()]) for name in ("user_info", "departments", "calendar")}


def lead_to(address):
    """Answers for the name of the cache; the certificate is still checked against that name."""
    real = socket.getaddrinfo

    def getaddrinfo(host, *words, **more):
        return real(address if str(host).endswith(".redis.cache.windows.net") else host, *words, **more)

    socket.getaddrinfo = getaddrinfo


class GraphOperations:
    """Cache-aside in front of a directory that is slow to ask."""

    def __init__(self, client):
        self.client, self.asked = client, 0

    @staticmethod
    def _generate_cache_key(operation, *arguments):
        return f"graph:{operation}:{hashlib.md5(repr(arguments).encode()).hexdigest()}"

    async def cached(self, key, ttl, ask):
        found = await self.client.get(key)
        if found is not None:
            return json.loads(found)
        self.asked += 1
        value = ask()
        await self.client.setex(key, ttl, json.dumps(value))
        return value

    async def get_all_users(self, count):
        return await self.cached(self._generate_cache_key("get_all_users", count, True), TTL["user_info"],
                                 lambda: [{"id": f"user{i}"} for i in range(count)])

    async def get_all_departments(self):
        return await self.cached("graph:get_all_departments", TTL["departments"], lambda: ["Sales", "Legal"])

    async def get_calendar_events(self, user):
        return await self.cached(f"graph:get_calendar_events:{user}", TTL["calendar"], lambda: [])


async def invalidate_user_cache(client, user_id):
    keys = [f"graph:get_user_by_user_id:{user_id}", f"graph:validate_user_mailbox:{user_id}",
            f"graph:get_users_manager_by_user_id:{user_id}"]
    for key in keys[:2]:
        await client.set(key, "{}", ex=TTL["user_info"])
    return [await client.delete(*keys), await client.exists(*keys)]


async def cleanup_cache(client):
    keys = await client.keys("graph:*")
    pipeline = client.pipeline()
    for key in keys:
        ttl = await client.ttl(key)
        if ttl == -1:
            pipeline.expire(key, 3600)
    return await pipeline.execute()


async def application():
    client = aioredis.from_url(os.environ["REDIS_URL"], ssl_ca_certs=os.environ["SSL_CERT_FILE"],
                               decode_responses=True, **REDIS_CONFIG)
    graph = GraphOperations(client)
    outcome = {"ping": await client.ping()}
    miss, hit = await graph.get_all_users(100), await graph.get_all_users(100)
    outcome["users"] = [miss == hit, len(hit), graph.asked]
    await graph.get_all_departments()
    await graph.get_calendar_events("ann")
    outcome["ttl"] = [await client.ttl(graph._generate_cache_key("get_all_users", 100, True)),
                      await client.ttl("graph:get_all_departments"), await client.ttl("graph:get_calendar_events:ann")]
    outcome["invalidated"] = await invalidate_user_cache(client, "ann")
    await client.set("graph:forgotten", "no expiry")
    await client.set("other", "not of the graph")
    outcome["cleaned"] = await cleanup_cache(client)
    outcome["again"] = await cleanup_cache(client)
    outcome["after"] = [await client.ttl("graph:forgotten"), await client.ttl("other")]
    stats = await client.info("stats")
    outcome["hits"] = [stats["keyspace_hits"], stats["keyspace_misses"]]
    outcome["policy"] = (await client.info("memory"))["maxmemory_policy"]
    await asyncio.gather(*(client.incr("together") for _ in range(20)))
    outcome["together"] = await client.get("together")
    await client.aclose()
    return outcome


lead_to(sys.argv[1])
print(json.dumps(asyncio.run(application())))

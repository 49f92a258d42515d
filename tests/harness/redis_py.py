"""Run as a script by whichever Python has the redis-py to test: redis_py.py JSON.

JSON is a list of cases (host, port, protocol, and optionally tls, ca, key). Prints one JSON line
for each: ["OK", reply of GET, TLS version] or ["error", text].
"""
import json
import ssl
import sys

import redis


def run(case):
    options = {"host": case["host"], "port": case["port"], "decode_responses": True, "socket_timeout": 20}
    if case.get("key"):
        options["password"] = case["key"]
    if int(redis.__version__.split(".")[0]) >= 5:  # older ones know RESP2 alone
        options["protocol"] = case["protocol"]
    if case.get("tls"):
        version = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}[case["tls"]]

        def limited(*words, **more):
            context = make_context(*words, **more)
            context.minimum_version = context.maximum_version = version
            return context

        ssl.create_default_context = limited
        options.update(ssl=True, ssl_ca_certs=case["ca"], ssl_check_hostname=True)
    client = redis.Redis(**options)
    try:
        client.set("matrix:redis-py", "yes")
        value = client.get("matrix:redis-py")
        connection = client.connection_pool.get_connection("PING")
        return ["OK", value, connection._sock.version() if case.get("tls") else None]
    except redis.RedisError as error:
        return ["error", str(error)]


make_context = ssl.create_default_context
for each in json.loads(sys.argv[1]):
    print(json.dumps(run(each)), flush=True)

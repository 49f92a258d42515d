"""An application with two caches and redis-py's MultiDBClient: the injector takes the first one's network away.

multi_database.py JSON: injector (URL), key, caches (two URLs). Prints one JSON object of what was seen. The injector is
driven as redis-py's own scenario tests do: POST /action, then GET /action/{id} until it says "success".
"""
import json
import sys
import time
import urllib.request
import warnings

from redis.backoff import ConstantBackoff
from redis.event import EventDispatcher, EventListenerInterface
from redis.multidb.client import MultiDBClient
from redis.multidb.config import DatabaseConfig, MultiDbConfig
from redis.multidb.event import ActiveDatabaseChanged
from redis.retry import Retry

want = json.loads(sys.argv[1])
warnings.simplefilter("ignore")  # "experimental"
changes = []


class Listener(EventListenerInterface):
    def listen(self, event):
        changes.append(event)


def ask(path, body=None):
    request = urllib.request.Request(want["injector"] + path, None if body is None else json.dumps(body).encode(),
                                     {"Content-Type": "application/json"} if body else {})
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read().decode())


dispatcher = EventDispatcher()
dispatcher.register_listeners({ActiveDatabaseChanged: [Listener()]})
client = MultiDBClient(MultiDbConfig(
    databases_config=[DatabaseConfig(weight=weight, from_url=url, client_kwargs={"password": want["key"],
                                                                                "decode_responses": True})
                      for weight, url in zip((1.0, 0.9), want["caches"])],
    command_retry=Retry(ConstantBackoff(0.05), 3), min_num_failures=2, event_dispatcher=dispatcher,
    health_check_interval=1))
client.set("where", "here")
action = ask("/action", {"type": "network_failure", "parameters": {"bdb_id": 1, "delay": 3, "cluster_index": 0}})
failed, status, end = 0, "", time.monotonic() + 60
while status != "success" and time.monotonic() < end:
    try:
        client.set("where", "there")
    except Exception:  # until it has moved
        failed += 1
    status = ask("/action/" + action["action_id"])["status"]
print(json.dumps({"status": status, "moved": len(changes) > 0, "works": client.set("after", "1"),
                  "where": client.get("where")}))

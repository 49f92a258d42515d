"""The application of the guide of seed 002, as far as it meets the cache: magictoolbox.py readiness|celery.

Its settings are those of its container app's environment, untouched. Where the container's network would come in,
names are asked of the emulator's DNS responder, and port 6380 is the one that the emulator listens at instead.
"""
import json
import os
import socket
import sys

from harness.dns import ask

DNS, PORT = int(os.environ["TEST_DNS"]), int(os.environ["TEST_PORT"])
look_up = socket.getaddrinfo


def look_up_in_the_network(host, port, *words, **more):
    if not host.endswith(".windows.net"):
        return look_up(host, port, *words, **more)
    code, records = ask(DNS, host)
    if code != "NOERROR":
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return look_up(records[-1][2], PORT if int(port) == 6380 else port, *words, **more)


def readiness():
    """GET /api/health/readiness/ of a Django app with the cache settings of the guide's production.py."""
    import django
    from django.conf import settings
    from django.http import JsonResponse
    from django.urls import path
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    failures = []

    def works(check):
        try:
            check()
            return True
        except Exception as failure:  # whatever it is, the app is not ready
            failures.append(f"{type(failure).__name__}: {failure}")
            return False

    def check_cache():
        from django.core.cache import cache

        cache.set("health", "ok", 10)
        assert cache.get("health") == "ok"

    def view(request):
        from django.db import connection

        checks = {"database": works(connection.ensure_connection), "cache": works(check_cache)}
        ready = all(checks.values())
        return JsonResponse({"status": "ready" if ready else "not_ready", "checks": checks}, status=200 if ready else 503)

    settings.configure(
        ALLOWED_HOSTS=["*"], ROOT_URLCONF=(path("api/health/readiness/", view),),
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        CACHES={"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": os.environ["REDIS_URL"],
                            "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 10, "SOCKET_TIMEOUT": 10,
                                        "CONNECTION_POOL_KWARGS": {"retry": Retry(NoBackoff(), 0)}}}})
    django.setup()
    from django.test import Client

    answer = Client().get("/api/health/readiness/")
    return {"status": answer.status_code, "body": answer.json(), "failures": failures}


def celery():
    """A task is sent, waits in the broker, is run by a worker, and leaves its result."""
    import redis
    from celery import Celery
    from celery.contrib.testing.worker import start_worker

    app = Celery("magictoolbox", broker=os.environ["CELERY_BROKER_URL"], backend=os.environ["CELERY_RESULT_BACKEND"])

    @app.task
    def add(a, b):
        return a + b

    sent = add.delay(2, 3)
    broker = redis.Redis.from_url(os.environ["CELERY_BROKER_URL"])
    waiting = broker.llen("celery")
    with start_worker(app, perform_ping_check=False, pool="threads", concurrency=1, shutdown_timeout=60):
        result = sent.get(timeout=30)
    first = redis.Redis.from_url(os.environ["REDIS_URL"])
    return {"waiting": waiting, "result": result, "left": broker.llen("celery"),
            "kept": [client.exists(f"celery-task-meta-{sent.id}") for client in (first, broker)]}


if __name__ == "__main__":
    socket.getaddrinfo = look_up_in_the_network
    print(json.dumps({"readiness": readiness, "celery": celery}[sys.argv[1]]()))

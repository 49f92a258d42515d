"""A Celery application: its broker in database 1 and its results in database 2 of the cache, over TLS."""
import json
import os

from celery import Celery, chord, group
from celery.contrib.testing.worker import start_worker

OPTIONS = f"?ssl_cert_reqs=required&ssl_ca_certs={os.environ['TEST_CA']}"
ADDRESS = f"rediss://:{os.environ['TEST_KEY']}@localhost:{os.environ['TEST_PORT']}"
app = Celery("tasks", broker=f"{ADDRESS}/1{OPTIONS}", backend=f"{ADDRESS}/2{OPTIONS}")
app.conf.update(result_expires=600, task_track_started=True, broker_connection_retry_on_startup=True)


@app.task
def add(a, b):
    return a + b


@app.task(bind=True, max_retries=1, default_retry_delay=0)
def fails_once(self):
    if self.request.retries == 0:
        raise self.retry()
    return "at last"


@app.task
def total(numbers):
    return sum(numbers)


def run():
    """A worker and its clients in one process: what came of each way to call."""
    with start_worker(app, perform_ping_check=False, pool="threads", concurrency=2, shutdown_timeout=60):
        return {
            "add": add.delay(2, 3).get(timeout=30),
            "group": group(add.s(i, i) for i in range(3))().get(timeout=30),
            "chord": chord([add.s(1, 1), add.s(2, 2)])(total.s()).get(timeout=30),
            "retried": fails_once.delay().get(timeout=30),
        }


if __name__ == "__main__":
    print(json.dumps(run()))

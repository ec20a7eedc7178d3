# SPDX-License-Identifier: GPL-3.0-or-later
"""The task of the benchmark, for the worker (celery -A noop) and to put it: noop.py COUNT BYTES"""
import os
import sys

from celery import Celery

app = Celery("noop", broker="redis+socket://" + os.environ["BENCH_REDIS"])
app.conf.update(task_ignore_result=True, task_store_errors_even_if_ignored=False, worker_send_task_events=False,
                worker_prefetch_multiplier=16)


@app.task(name="noop")
def noop(pad):
    return None


if __name__ == "__main__":
    count, size = map(int, sys.argv[1:])
    pad = "x" * size
    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(count):
            app.send_task("noop", (pad,), producer=producer)

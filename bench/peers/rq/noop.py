# SPDX-License-Identifier: GPL-3.0-or-later
"""The job of the benchmark. To put it: noop.py COUNT BYTES; as a worker: noop.py"""
import logging
import os
import sys

from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer


def noop(pad):
    return None


def main():
    redis = Redis(unix_socket_path=os.environ["BENCH_REDIS"])
    queue = Queue("bench", connection=redis, serializer=JSONSerializer)
    if len(sys.argv) == 1:
        logging.getLogger("rq.worker").setLevel(logging.WARNING)
        SimpleWorker([queue], connection=redis, serializer=JSONSerializer).work(logging_level="WARNING")
        return
    count, size = map(int, sys.argv[1:])
    pad = "x" * size
    for start in range(0, count, 500):
        queue.enqueue_many([Queue.prepare_data("noop.noop", (pad,), result_ttl=0)
                            for _ in range(start, min(start + 500, count))])


if __name__ == "__main__":
    main()

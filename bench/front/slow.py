#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other requests while one client asks for something slow over and over. The slow row is figureforge's list of images,
which counts and searches, on the slow lane; in this database its links are made by a function that computes for a long
time. The others ask for an item, on the fast lane, at a rate that leaves the machine room: what counts is how long
they wait, not whether there are processors enough. Then the loop's own lag: how long its rounds took under full load."""
import contextlib
import re
import threading
import time
from pathlib import Path

import part
from account import sign_up
from lib.figureforge import make_job, sign_in
from lib.load import load, median_of
from lib.stack import Trouble, bearer, call

LINK = "figureforge.image_url(figureforge.image, file, text)"
LIST = "/figureforge/api/images/user/"
PACED = Path(__file__).resolve().parent / "paced.lua"
CLIENTS, SECONDS_LONG = 16, 0.2
COMPUTE = """
create or replace function figureforge.image_url(i figureforge.image, f file, base text) returns text
language plpgsql stable as $$
begin
  perform count(*) from generate_series(1, {steps});
  return base;
end $$
"""


class Asking:
    """One client who asks as fast as he is answered."""

    def __init__(self, stack, headers):
        self.stack, self.headers, self.times, self.trouble = stack, headers, [], None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._ask, daemon=True)

    def _ask(self):
        while not self.ended.is_set():
            began = time.monotonic()
            status = call(self.stack, "GET", LIST, headers=self.headers)[0]
            self.times.append(time.monotonic() - began)
            if status != 200:
                self.trouble = status
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


@contextlib.contextmanager
def links_as_they_are(stack):
    """What is made of them within ends with it: other parts list images too."""
    (written,), = part.sql(stack, "select pg_get_functiondef(%s::regprocedure)", LINK)
    try:
        yield
    finally:
        part.sql(stack, written)


def make_slow(stack, headers):
    """Seconds that the list takes now."""
    steps = 100_000
    for _ in range(8):
        part.sql(stack, COMPUTE.format(steps=steps))
        began = time.monotonic()
        if call(stack, "GET", LIST, headers=headers)[0] != 200:
            raise Trouble("the list of images is not answered")
        took = time.monotonic() - began
        if took >= SECONDS_LONG:
            return took
        steps *= 2
    raise Trouble("the list of images cannot be made slow")


def rounds(stack):
    """Bounds in ms, and how many rounds of the front's loop took at most so long."""
    text = call(stack, "GET", "/-/metrics")[2].decode()
    found = re.findall(r'^millrace_front_round_seconds_bucket\{.*le="(.+)"\} (\d+)$', text, re.M)
    return [(float(bound) * 1000, int(count)) for bound, count in found]


def percentile(before, after, share):
    """The bound under which this share of the rounds between lies; the last but one when it is above all."""
    counts = [(bound, now - then) for (bound, now), (_, then) in zip(after, before)]
    return next((bound for bound, count in counts[:-1] if count >= share * counts[-1][1]), counts[-2][0])


def show(label, report):
    print(f"{label:16} {report['requests'] / report['duration'] * 1e6:9.0f} {report['p50'] / 1000:8.2f} {report['p99'] / 1000:8.2f}")


def beside(stack, options, caller, path, headers, took):
    """Medians of what others get, without the slow client and with him."""
    print(f"The slow list takes {took * 1000:.0f} ms.\n{'':16} {'req/s':>9} {'p50 ms':>8} {'p99 ms':>8}")

    def others():
        return load(stack["url"] + path, caller.headers, CLIENTS, options.seconds, script=PACED)

    others()
    reports = {"alone": [], "beside slow": []}
    for turn in range(options.turns):
        reports["alone"].append(others())
        with Asking(stack, headers) as asking:
            reports["beside slow"].append(others())
        if asking.trouble or len(asking.times) < 2:
            raise Trouble(f"the slow client is answered {asking.trouble}, {len(asking.times)} times")
        for name, taken in reports.items():
            show(f"{name} {turn + 1}", taken[-1])
        print(f"{'':16} {len(asking.times)} slow answers, {max(asking.times) * 1000:.0f} ms the longest")
    keys = ("requests", "duration", "p50", "p99")
    return {name: median_of([{key: one[key] for key in keys} for one in taken]) for name, taken in reports.items()}


def run(stack, options):
    caller = sign_up(stack, "fast")
    path, (token, _) = caller.item(), sign_in(stack, "slow@example.org")
    make_job(stack, token)
    with links_as_they_are(stack):
        took = make_slow(stack, bearer(token))
        median = beside(stack, options, caller, path, bearer(token), took)
    for name, report in median.items():
        show(f"{name} median", report)
    before = rounds(stack)
    load(stack["url"] + path, caller.headers, options.clients, options.seconds)
    lag = percentile(before, rounds(stack), 0.99)
    print(f"\nOf the loop's rounds under full load 99 % took at most {lag:g} ms.\n")
    return [("front.slow.p99.ratio", median["beside slow"]["p99"] / median["alone"]["p99"], "<=", 1.5),
            ("front.lag.p99", lag, "", 0)]


if __name__ == "__main__":
    part.main("slow", __doc__, run)

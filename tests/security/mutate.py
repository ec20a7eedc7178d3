#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random requests near a right one, for every row, at the stack that MILLRACE_STACK describes: whatever comes, the answer is
no 5xx, in the product's own form, and comes soon. The same seed sends the same requests.

  tests/security/mutate.py [--count N] [--seed S] [--row PRODUCT.NAME]

Prints seed and counts. Exits 1 when an answer was not as it must be, with the request as a line for a shell.
"""
import argparse
import json
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "contract"), str(HERE.parent / "api")]
import mutations                                                      # noqa: E402
from examples import request_of                                       # noqa: E402
from judge import by_web_server, check_reply                          # noqa: E402
from objects import object_of                                         # noqa: E402
from world import World                                               # noqa: E402

THREADS = 4
SLOWEST = 5.0         # seconds an answer may take
TROUBLES = 5          # then it is enough


class Run:
    """All rows, dealt to some threads. Each has callers of its own: they may be signed out, or deleted."""

    def __init__(self, world, count, seed):
        self.world, self.count, self.seed = world, count, seed
        self.troubles, self.statuses, self.sent = [], Counter(), 0
        self.slowest = (0.0, "")
        self._lock = threading.Lock()

    def run(self, rows):
        waiting = sorted(rows, key=lambda row: row["who"] != "ANYONE")
        threads = [threading.Thread(target=Attacker(self, number, waiting).work) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.troubles

    def take(self, waiting):
        with self._lock:
            return waiting.pop() if waiting and len(self.troubles) < TROUBLES else None

    def note(self, statuses, slowest, count):
        with self._lock:
            self.statuses += statuses
            self.slowest = max(self.slowest, slowest)
            self.sent += count

    def tell(self, row, number, request, why):
        with self._lock:
            self.troubles.append(f"{row['product']}.{row['name']}, request {number} of seed {self.seed}: {why}\n"
                                 f"  {request.curl(self.world.stack['url'])}")

    def said(self):
        codes = " ".join(f"{status}:{count}" for status, count in sorted(self.statuses.items()))
        seconds, name = self.slowest
        return f"mutations: seed {self.seed}, {self.count} a row, {self.sent} sent, slowest {seconds:.2f} s ({name}), {codes}"


class Attacker:
    """One thread of them."""

    def __init__(self, run, number, waiting):
        self.run_of, self.world, self.waiting = run, run.world, waiting
        self.name = f"attacker {number}"
        self.wire = self.world.wire()
        self.callers, self.values = {}, {}

    def work(self):
        while (row := self.run_of.take(self.waiting)) is not None:
            try:
                self.attack(row)
            except Exception as why:                         # pylint: disable=broad-except
                self.run_of.tell(row, 0, request_of(row), f"{type(why).__name__}: {why}")
        self.wire.close()

    def caller(self, row, anew=False):
        """An administrator: nobody gets further."""
        product = row["product"]
        if anew or product not in self.callers:
            self.callers[product] = self.world.new_person(product, "admin")
            self.values.clear()
        return self.callers[product]

    def values_of(self, row, caller, gone=False):
        """Of parameters that name objects: what there is, and is the caller's. gone: what was there is not any more."""
        entry = object_of(row)
        if not entry or not caller:
            return {}
        key = caller.product, id(entry)
        if gone or key not in self.values:
            self.values[key] = entry.make(self.world, caller)
        return self.values[key]

    def attack(self, row):
        dice = random.Random(f"{self.run_of.seed}.{row['product']}.{row['name']}")
        caller = None if row["who"] == "ANYONE" else self.caller(row)
        name, statuses, slowest = f"{row['product']}.{row['name']}", Counter(), (0.0, "")
        number, gone = 0, False
        for number in range(1, self.run_of.count + 1):
            address = f"10.{dice.randrange(256)}.{dice.randrange(256)}.{dice.randrange(1, 255)}"
            request = request_of(row, caller, self.values_of(row, caller, gone), address=address)
            touched = mutations.mutate(dice, row, request)
            reply = self.wire.ask_soon(request, SLOWEST)
            why = self.judge(row, reply, touched)
            if why:
                self.run_of.tell(row, number, request, f"{why} ({', '.join(touched)})")
                break
            statuses[reply.status_code] += 1
            slowest = max(slowest, (reply.seconds, f"{name} {number}"))
            gone = reply.status_code == 404 and "path" not in touched
            if caller and self.has_ended(row, caller, reply, touched):
                caller = self.caller(row, anew=True)
        self.run_of.note(statuses, slowest, number)

    def has_ended(self, row, caller, reply, touched):
        """A caller that the request before, or this one, signed out or deleted. An unsigned one is told so for ever."""
        if row["method"] != "GET" and reply.status_code < 300 and "method" not in touched:
            self.world.renew_quickly(caller)
        return reply.status_code == 401 and not {"header Authorization", "header Cookie"} & set(touched)

    def judge(self, row, reply, touched):
        """What is wrong with an answer; None: nothing."""
        if reply is None:
            return "it hung up"
        if row["wait_only"] and reply.status_code == 503 and "header Prefer" in touched:
            return None         # there is no answer for who does not wait (docs/adding-an-endpoint.md)
        try:
            check_reply(row["product"], reply, lost="path" in touched)
        except (AssertionError, KeyError, ValueError, UnicodeDecodeError, json.JSONDecodeError) as why:
            return f"{reply.status_code}: {type(why).__name__}: {str(why)[:400]}"
        if reply.seconds > SLOWEST:
            return f"{reply.status_code} took {reply.seconds:.1f} s"
        return None if by_web_server(reply) or reply.headers["X-Request-ID"] else "it has no name"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100, help="mutations a row")
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(1 << 32)))
    parser.add_argument("--row", help="only this one")
    options = parser.parse_args()
    world = World()
    run = Run(world, options.count, options.seed)
    began = time.monotonic()
    for trouble in run.run([row for row in world.rows if options.row in (None, f"{row['product']}.{row['name']}")]):
        print(trouble)
    print(f"{run.said()}, {time.monotonic() - began:.0f} s")
    return 1 if run.troubles else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""A GET of one statement, all steps on, against the least that libfcgi can do, and the same endpoint on other platforms
(sides.py). All take turns behind the same nginx; what counts is the CPU time of a request in all processes that serve
it: the program, nginx, PostgreSQL, Redis."""
import json

import part
from account import check_counted, sign_up
from lib.load import load, measure, median_of, show_turns, warn_when_busy
from lib.stack import Trouble, behind_nginx, call, until
from sides import SIDES, Running, version


def check_same(stack, caller, path, side):
    """It must say what the front says, byte for byte, and ask who calls. It may not be there yet."""
    status, _, ours = call(stack, "GET", path, headers=caller.headers)
    asked = {**caller.headers, **side.headers}
    until(f"{side.side.name} answers", lambda: call(stack, "GET", path, headers=asked)[0] == 200)
    theirs = call(stack, "GET", path, headers=asked)[2]
    if status != 200 or ours != theirs or "title" not in json.loads(ours):
        raise Trouble(f"{side.side.name} answers otherwise than the front:\n{ours}\n{theirs}")
    forged = {**asked, "Authorization": asked["Authorization"][:-4] + "AAAA"}
    if side.side.name != "probe" and call(stack, "GET", path, headers=forged)[0] != 401:
        raise Trouble(f"{side.side.name} takes a forged token")


def requests_noted(stack):
    """How many the front's statistics have, once all are written."""
    return int(part.sql(stack, "select count(*) from request where operation = 'item_get'")[0][0])


def show(sides, turns, median):
    rounds = range(len(next(iter(turns.values()))))
    show_turns([(f"{name} {i + 1}", turns[name][i]) for i in rounds for name in turns]
               + [(f"{name} median", median[name]) for name in turns])
    front = median["front"]
    print(f"\n{'median':12} {'CPU us':>8} {'front/it':>9} {'req/s':>9} {'front/it':>9}")
    for running in sides:
        one = median[running.side.name]
        count = f", {running.words['workers']} workers" if running.side.argv else ""
        versions = " ".join(f"{package} {version(package)}" for package in running.side.packages)
        print(f"{running.side.name:12} {one['cpu']:8.1f} {front['cpu'] / one['cpu']:9.3f} {one['rate']:9.0f} "
              f"{front['rate'] / one['rate']:9.2f}  {running.side.note}{count} {'(' + versions + ')' if versions else ''}")
    print()


def figures(median):
    front, peers = median["front"], {name: one for name, one in median.items() if name not in ("front", "probe")}
    if "probe" in median:
        yield "front.limit.cpu.ratio", front["cpu"] / median["probe"]["cpu"], "<=", 0.50
        yield "front.limit.rate.ratio", front["rate"] / median["probe"]["rate"], ">=", 2.00
    if peers:
        best = min(peers, key=lambda name: peers[name]["cpu"])
        print(f"The best of the peers is {best}.")
        yield "front.peers.cpu.ratio", front["cpu"] / peers[best]["cpu"], "<=", 0.45
    if "django" in peers:
        yield "front.django.cpu.ratio", front["cpu"] / peers["django"]["cpu"], "<=", 0.08


def run(stack, options):
    caller = sign_up(stack, "peers")
    path = caller.item()
    check_counted(stack, caller, path)
    sides = []
    try:
        for side in SIDES:
            if side.name in options.sides:
                sides.append(Running(stack, side, options, caller.id))
        behind_nginx(stack, "peers", "".join(running.nginx for running in sides))
        for running in sides:
            check_same(stack, caller, path, running)
        begun, turns = caller.counted(), {running.side.name: [] for running in sides}

        def loading(running, seconds):
            try:
                return load(stack["url"] + path, {**caller.headers, **running.headers}, options.clients, seconds)
            except Trouble as why:
                raise Trouble(f"{running.side.name}: {why}") from why

        for running in sides:                    # connections, plans, caches
            loading(running, options.warm)
        warmed = caller.counted()
        for _ in range(options.turns):
            for running in sides:
                turns[running.side.name].append(
                    measure(stack["pids"], running.pid, lambda running=running: loading(running, options.seconds)))
        asked = sum(turn["requests"] for turn in turns["front"])
        if not warmed > begun or caller.counted() - warmed < asked:
            raise Trouble(f"the front has counted {caller.counted() - warmed} requests of {asked}")
        until("statistics are written", lambda: requests_noted(stack) >= asked)
    finally:
        for running in sides:
            running.stop()
    median = {name: median_of(taken) for name, taken in turns.items()}
    show(sides, turns, median)
    warn_when_busy(median.values())
    return figures(median)


if __name__ == "__main__":
    part.main("peers", __doc__, run)

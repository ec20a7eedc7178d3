#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the CPU time of a request goes (perf, by its clock; not among what bench/front/run does by itself): of the front by
step, functions with all that they call, and of each process by function, in us a request."""
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import part
from account import sign_up
from lib.load import load, measure, show_turns
from lib.processes import family
from lib.stack import Trouble

# Functions of the front, and what they are: each with what it calls, save where it calls another of them.
STEPS = (
    ("epoll_wait", "wait for events"),
    ("clock_nanosleep", "let things gather"),
    ("peer_flush", "write answers to nginx"),
    ("connection_flush", "send statements"),
    ("PQconsumeInput", "receive rows"),
    ("PQgetResult", "take rows apart"),
    ("link_flush", "send commands to Redis"),
    ("link_read", "receive Redis' answers"),
    ("incoming_params_read", "FastCGI parameters"),
    ("authenticate", "the token"),
    ("limit", "the rate limit"),
    ("validate", "fields"),
    ("route", "the route"),
    ("run", "bind the statement"),
    ("statistics_note", "statistics, and their batches"),
    ("take_answer", "the statement's answer"),
    ("respond", "headers and body"),
    ("request_end", "free the request"),
    ("peer_read", "read from nginx, records"),
)
SHOWN = 14


def perf(*words):
    done = subprocess.run(["perf", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"perf {words[0]}: {done.stderr[-500:]}")
    return done.stdout


def name_of(line):
    """Of a line "ADDRESS NAME+OFFSET (inlined)"."""
    words = line.split()
    return re.sub(r"[@+.].*$", "", words[1]) if len(words) > 1 else "?"


def samples(data, stacks):
    """Each sample's functions, innermost first."""
    text = perf("script", "-i", data, "-F", "ip,sym")
    if not stacks:
        return [[name_of(line)] for line in text.splitlines() if line.strip()]
    return [[name_of(line) for line in one.splitlines() if line.strip()] for one in text.split("\n\n") if one.strip()]


def step_of(functions):
    """The innermost that is a step."""
    names = dict(STEPS)
    return next((names[one] for one in functions if one in names), "the rest")


def table(title, counts, us, shown=SHOWN):
    total = sum(counts.values()) or 1
    print(f"\n{title}: {us:.1f} us a request")
    for name, count in sorted(counts.items(), key=lambda item: -item[1])[:shown]:
        print(f"{count / total * us:8.2f}  {count / total * 100:5.1f} %  {name}")


def count(names):
    counts = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


def run(stack, options):
    if not shutil.which("perf"):
        raise Trouble("perf is not installed: tools/deps bench")
    caller = sign_up(stack, "profile")
    path = caller.item()

    def loading(seconds):
        return load(stack["url"] + path, caller.headers, options.clients, seconds)

    loading(options.warm)
    turn = measure(stack["pids"], stack["pids"]["front"], lambda: loading(options.seconds))
    show_turns([("plain", turn)])
    with tempfile.TemporaryDirectory() as folder:
        for name in ("front", "nginx", "postgres", "redis"):
            data = Path(folder) / name
            pids = ",".join(map(str, family(stack["pids"][name])))
            stacks = ("--call-graph", "dwarf,4096") if name == "front" else ()
            recording = subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", "1500" if stacks else "4000", *stacks,
                                          "-o", data, "-p", pids, "--", "sleep", str(options.seconds - 1)],
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            loading(options.seconds)
            recording.wait()
            found = samples(data, stacks)
            us = turn["handler" if name == "front" else name]
            if name == "front":
                table("front, by step", count(map(step_of, found)), us, len(STEPS) + 1)
            table(f"{name}, by function", count(one[0] for one in found if one), us)
    return []


if __name__ == "__main__":
    part.main("profile", __doc__, run)

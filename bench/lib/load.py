# SPDX-License-Identifier: GPL-3.0-or-later
"""Load, and what a request costs under it."""
import json
import os
import re
import statistics
import subprocess

from .processes import busy, cpu
from .stack import ROOT, Trouble

REPORT = ROOT / "bench" / "report.lua"
BUSY = 10                          # per cent


def load(url, headers, clients, seconds, threads=2, script=REPORT, arguments=()):
    """One wrk: what its report says. All answers must be good."""
    argv = ["wrk", f"-t{threads}", f"-c{clients}", f"-d{seconds}s", "--timeout", "15s", "-s", script]
    argv += [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    done = subprocess.run([*argv, url, *(["--", *arguments] if arguments else [])], capture_output=True, text=True,
                          check=False)
    found = re.search(r"^report (.*)$", done.stdout, re.M)
    if done.returncode or not found:
        raise Trouble(f"wrk: {done.stdout}{done.stderr}")
    report = json.loads(found.group(1))
    if not report["requests"] or any(report["errors"].values()):
        raise Trouble(f"not all answers were good: {report}")
    return report


def measure(services, handler, loading):
    """One turn: loading() gives wrk's report. req/s, p50, p99 in ms, CPU in us a request by service (handler: that of the
    process of this id, one of the services or a child of ours), and the per cent of the machine that was busy with
    something else."""
    watched = {**services, "bench": os.getpid()}
    everybody, before, own = busy(), cpu(watched), cpu({"handler": handler})
    report = loading()
    everybody, after = busy() - everybody, cpu(watched)
    used = {name: after[name] - before[name] for name in watched}
    answering = {"handler": cpu({"handler": handler})["handler"] - own["handler"],
                 **{name: used[name] for name in ("nginx", "postgres", "redis")}}
    return {"rate": report["requests"] / report["duration"] * 1e6, "p50": report["p50"] / 1000,
            "p99": report["p99"] / 1000, "requests": report["requests"],
            "other": (everybody - sum(used.values())) / (report["duration"] / 1e6) / os.cpu_count() * 100,
            **{name: seconds / report["requests"] * 1e6 for name, seconds in answering.items()},
            "cpu": sum(answering.values()) / report["requests"] * 1e6}


def median_of(turns):
    return {key: statistics.median(turn[key] for turn in turns) for key in turns[0]}


def show_turns(turns):
    """turns: label, and what was measured."""
    print(f"{'':18} {'handler':>8} {'nginx':>8} {'postgres':>8} {'redis':>8} {'CPU us':>8} {'req/s':>9} "
          f"{'p50 ms':>8} {'p99 ms':>8} {'other %':>8}")
    for label, turn in turns:
        print(f"{label:18} {turn['handler']:8.1f} {turn['nginx']:8.1f} {turn['postgres']:8.1f} {turn['redis']:8.1f} "
              f"{turn['cpu']:8.1f} {turn['rate']:9.0f} {turn['p50']:8.2f} {turn['p99']:8.2f} {turn['other']:8.1f}")


def warn_when_busy(turns):
    if max(turn["other"] for turn in turns) > BUSY:
        print("The machine was busy with something else: rates and latencies say little about us.\n")


def show_figures(figures):
    for name, value, op, goal in figures:
        print(f"figure {name} {value:.2f}" + (f" {op} {goal:.2f}" if op else ""))

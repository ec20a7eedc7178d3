#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""A receipt read: the whole runner, with its start, its fence and all that makes the picture fit for reading, against a
program that does nothing but call Tesseract on the picture so prepared (bare_ocr.c). The receipt is photographed askew, with
grain, and once as a picture of twelve megapixels. Turns, one after the other, so that what else the machine does falls on
both. Needs no stack."""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests" / "hostile"), str(ROOT / "tests" / "api")]
import fenced                                                                     # noqa: E402
import receipts                                                                   # noqa: E402
from lib.load import show_figures                                                 # noqa: E402
from lib.stack import Trouble                                                     # noqa: E402

TOTAL = "79.57"


def pictures(folder):
    """Name and path of each."""
    page = receipts.printed(receipts.LUIGI)
    large = receipts.printed(receipts.LUIGI, size=125, margin=340)
    for name, taken in (("askew", receipts.speckled(receipts.turned(page, 3))), ("12 megapixels", receipts.turned(large, 3))):
        path = Path(folder) / f"{name}.jpg"
        path.write_bytes(receipts.packed(taken))
        yield name, path, taken.size


def bare(program, page):
    """Seconds of wall and of processor."""
    began = time.monotonic()
    child = subprocess.Popen(["sh", "-c", 'exec "$0" "$@"', program, "read", page], stdout=subprocess.PIPE, env=fenced.ENVIRONMENT)
    text = child.stdout.read().decode()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = status
    if status or TOTAL not in text:
        raise Trouble(f"the bare program ended with {status}: {text[-200:]}")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime


def runner(build, picture, folder):
    began = time.monotonic()
    ran = fenced.run(build, "text", "ai.ocr", {"file_id": 1}, {"picture": picture}, Path(folder) / "job")
    if ran.outcome != "done" or ran.result["total"] != TOTAL:
        raise Trouble(f"the job ended with {ran.report}")
    return time.monotonic() - began, ran.cpu


def measure(build, program, turns):
    """Of each picture the medians of the ratios of wall and of processor."""
    found = []
    with tempfile.TemporaryDirectory(prefix="bench-ocr-") as folder:
        for name, picture, size in pictures(folder):
            page = Path(folder) / f"{name}.png"
            subprocess.run([program, "prepare", picture, page], check=True)
            print(f"{name} ({size[0]}x{size[1]}); ms of wall and of processor")
            times = []
            for turn in range(turns + 1):               # the first warms what the machine keeps
                with tempfile.TemporaryDirectory(dir=folder) as here:
                    times.append((runner(build, picture, here), bare(program, page)))
                if turn:
                    print(f"turn {turn:<3}", *(f"{side} {took[0] * 1000:4.0f} {took[1] * 1000:4.0f}"
                                               for side, took in zip(("runner", "bare"), times[-1])), sep="   ", flush=True)
            found.append((name, *(statistics.median(ours[what] / theirs[what] for ours, theirs in times[1:]) for what in (0, 1))))
    return found


def main():
    parser = argparse.ArgumentParser(prog="bench/fleet/ocr.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", default="gcc", choices=("gcc", "clang"))
    parser.add_argument("--turns", type=int, default=7)
    options = parser.parse_args()
    build = ROOT / "build" / options.variant
    try:
        subprocess.run(["make", "-s", f"V={options.variant}", f"build/{options.variant}/bare-ocr"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        found = measure(build, build / "bare-ocr", options.turns)
    except (Trouble, OSError, subprocess.SubprocessError) as why:
        print(f"bench/fleet/ocr.py: {why}", file=sys.stderr)
        return 1
    print()
    show_figures([(f"fleet.ocr.{name.replace(' ', '-')}.{what}.ratio", value, "<=", 1.5)
                  for name, wall, cpu in found for what, value in (("wall", wall), ("cpu", cpu))])
    return 0


if __name__ == "__main__":
    sys.exit(main())

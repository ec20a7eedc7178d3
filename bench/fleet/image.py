#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thumbnail of a picture of twelve megapixels: the whole runner, its start and its fence included, against vipsthumbnail,
which as we do decodes no more than it needs, and against ImageMagick's convert -thumbnail. Turns, one side after the
other, so that what else the machine does falls on all. Needs no stack."""
import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageChops, ImageFilter

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests" / "hostile")]
import fenced                                                                     # noqa: E402
from lib.load import show_figures                                                 # noqa: E402
from lib.stack import Trouble                                                     # noqa: E402

WIDTH, HEIGHT, BOX = 4000, 3000, 512
COMMANDS = {
    "vipsthumbnail": "vipsthumbnail {source} -s {box}x{box} -o {made}[Q=86]",
    "convert": "convert {source} -thumbnail {box}x{box} -quality 86 {made}",
}


def photo(path):
    """Soft shapes and grain, as of a camera: about as many bytes a pixel."""
    rng = random.Random(1)
    shapes = Image.frombytes("RGB", (40, 30), rng.randbytes(40 * 30 * 3)).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    grain = Image.frombytes("RGB", (WIDTH, HEIGHT), rng.randbytes(WIDTH * HEIGHT * 3)).filter(ImageFilter.GaussianBlur(1))
    ImageChops.add(shapes, grain, scale=1, offset=-128).save(path, "JPEG", quality=88)
    return path


def command(name, source, folder):
    """Seconds of wall and of processor."""
    made = Path(folder) / "made.jpg"
    argv = COMMANDS[name].format(source=source, made=made, box=BOX).split()
    began = time.monotonic()
    # By a shell, as the runner: the start costs both the same.
    child = subprocess.Popen(["sh", "-c", 'exec "$0" "$@"', *argv], stdin=subprocess.DEVNULL,
                             env={"PATH": "/usr/bin:/bin", "MAGICK_THREAD_LIMIT": "1"})
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = status
    if status or check(made) != (BOX, BOX * HEIGHT // WIDTH):
        raise Trouble(f"{name} ended with {status}")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime


def runner(build, source, folder):
    began = time.monotonic()
    ran = fenced.run(build, "image", "image.variant", {"file_id": 1, "use": "thumbnails", "boxes": [BOX]}, {"picture": source},
                     Path(folder) / "job")
    took = time.monotonic() - began
    if ran.outcome != "done" or check(Path(folder) / "job" / f"thumb-{BOX}.jpg") != (BOX, BOX * HEIGHT // WIDTH):
        raise Trouble(f"the job ended with {ran.report}")
    return took, ran.cpu


def check(path):
    with Image.open(path) as made:
        return made.size


def measure(build, turns):
    taken = {"runner": [], **{name: [] for name in COMMANDS}}
    with tempfile.TemporaryDirectory(prefix="bench-image-") as folder:
        source = photo(Path(folder) / "photo.jpg")
        print(f"a JPEG of {WIDTH}x{HEIGHT}, {source.stat().st_size / 1e6:.1f} MB, to {BOX} pixels; ms of wall and of processor")
        for turn in range(turns + 1):                   # the first warms what the machine keeps
            for name, times in taken.items():
                with tempfile.TemporaryDirectory(dir=folder) as here:
                    times.append(runner(build, source, here) if name == "runner" else command(name, source, here))
            if turn:
                print(f"turn {turn:<3}", *(f"{name} {times[-1][0] * 1000:4.0f} {times[-1][1] * 1000:4.0f}" for name, times in taken.items()),
                      sep="   ", flush=True)
    return {name: times[1:] for name, times in taken.items()}


def ratio(taken, other, what):
    return statistics.median(ours[what] / theirs[what] for ours, theirs in zip(taken["runner"], taken[other]))


def main():
    parser = argparse.ArgumentParser(prog="bench/fleet/image.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", default="gcc", choices=("gcc", "clang"))
    parser.add_argument("--turns", type=int, default=9)
    options = parser.parse_args()
    try:
        taken = measure(ROOT / "build" / options.variant, options.turns)
    except (Trouble, OSError, subprocess.SubprocessError) as why:
        print(f"bench/fleet/image.py: {why}", file=sys.stderr)
        return 1
    print("\nmedians:", *(f"{name} {statistics.median(t[0] for t in times) * 1000:.0f} ms, {statistics.median(t[1] for t in times) * 1000:.0f} ms of processor"
                          for name, times in taken.items()), sep="  ")
    print()
    show_figures([("fleet.image.wall.ratio", ratio(taken, "vipsthumbnail", 0), "<=", 1.5),
                  ("fleet.image.cpu.ratio", ratio(taken, "vipsthumbnail", 1), "<=", 1.5),
                  ("fleet.image.convert.ratio", ratio(taken, "convert", 0), "<", 1)])
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processor time of a 30 s 720p clip made into an mp4 of medium quality: the whole runner, its fence included, against the
ffmpeg command with the same codings, settings and one thread. Pairs, one after the other, so that what else the machine
does falls on both. Needs no stack."""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests" / "hostile"), str(ROOT / "tests" / "api")]
import clips                                                                      # noqa: E402
import fenced                                                                     # noqa: E402
from lib.load import show_figures                                                 # noqa: E402
from lib.stack import Trouble                                                     # noqa: E402

# What workers/fenced/media/formats.c says of mp4 in medium quality.
COMMAND = ("ffmpeg -hide_banner -loglevel error -nostdin -y -threads 1 -filter_threads 1 -i {source} "
           "-vf scale=1280:720,format=yuv420p,setsar=1 -c:v libx264 -preset veryfast -crf 23 -threads 1 "
           "-c:a aac -b:a 128k -ar 44100 -threads 1 -movflags +faststart {made}")


def command(source, folder):
    """CPU seconds of the ffmpeg command, and the bytes it made."""
    made = Path(folder) / "command.mp4"
    child = subprocess.Popen(COMMAND.format(source=source, made=made).split(), stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = status
    if status:
        raise Trouble(f"ffmpeg ended with {status}")
    return usage.ru_utime + usage.ru_stime, made.stat().st_size


def runner(build, source, folder):
    """The same of the runner."""
    ran = fenced.run(build, "media", "media.transcode", {"source": "clip", "output_format": "mp4", "quality": "medium"},
                     {"media": source}, Path(folder) / "job", cpu=600, patience=600, file_size=1024)
    if ran.outcome != "done":
        raise Trouble(f"the job ended with {ran.report}")
    return ran.cpu, ran.result["size"]


def measure(build, pairs, seconds):
    ours, theirs = [], []
    print(f"{'':8} {'runner s':>9} {'ffmpeg s':>9} {'ratio':>6} {'runner MB':>10} {'ffmpeg MB':>10}")
    with tempfile.TemporaryDirectory(prefix="bench-media-") as folder:
        source = clips.make(folder, "clip.mp4", seconds=seconds, size="1280x720", rate=30)
        for pair in range(pairs):
            with tempfile.TemporaryDirectory(dir=folder) as here:
                mine, size = runner(build, source, here)
                yours, other = command(source, here)
            ours.append(mine)
            theirs.append(yours)
            print(f"pair {pair + 1:<3} {mine:9.2f} {yours:9.2f} {mine / yours:6.3f} {size / 1e6:10.2f} {other / 1e6:10.2f}", flush=True)
    return statistics.median(ours), statistics.median(theirs), statistics.median(a / b for a, b in zip(ours, theirs))


def main():
    parser = argparse.ArgumentParser(prog="bench/fleet/media.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", default="gcc", choices=("gcc", "clang"))
    parser.add_argument("--turns", type=int, default=5, help="pairs")
    parser.add_argument("--seconds", type=int, default=30, help="of the clip")
    options = parser.parse_args()
    try:
        ours, theirs, ratio = measure(ROOT / "build" / options.variant, options.turns, options.seconds)
    except (Trouble, OSError, subprocess.SubprocessError) as why:
        print(f"bench/fleet/media.py: {why}", file=sys.stderr)
        return 1
    print(f"\nmedians: runner {ours:.2f} s, ffmpeg {theirs:.2f} s\n")
    show_figures([("fleet.media.cpu.ratio", ratio, "<=", 1.10)])
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Damage good files, by a seed, and give them to the programs behind the fence:

    tests/hostile/mutate.py --build build/gcc --count 1000 --seed 7 [--jobs 2] [--only mp4,webm] [--number N]

Each subject (subjects_*.py beside this file) is a kind of file, how a good one is made, and the jobs that read it. Of each
so many mutations are tried: the job must end with a result or be buried with a reason, in bounded time, write nothing but
into its folder, and say nothing. Prints a line a subject, and of each mutation that fails its number, which --number
repeats alone. Exits 1 when one has."""
import argparse
import importlib
import random
import shutil
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "api")]
import fenced                                                   # noqa: E402

EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
HEAD = 4096           # bytes in which most of what matters stands
SECRET = b"what nobody but the owner may read"


@dataclass(frozen=True)
class Subject:
    """name; make(folder): the path of a good file; jobs: (runner, kind, arguments), the file being in/NAME; mend(content): most
    of the damaged ones with their checksums made right again, so that they get further than those; gathered: what the job was
    given besides."""
    name: str
    make: Callable
    jobs: tuple
    file: str = "media"
    memory: int = 1536
    mend: Callable = None
    gathered: dict = None


# -- damage ------------------------------------------------------------------------------------------------------------

def place(rng, content):
    """Somewhere; most often in front or at the end."""
    where = rng.random()
    if where < 0.5:
        return rng.randrange(min(len(content), HEAD))
    if where < 0.7:
        return len(content) - 1 - rng.randrange(min(len(content), HEAD))
    return rng.randrange(len(content))


def cut(rng, content):
    return content[:rng.randrange(1, len(content))]


def flip(rng, content):
    for _ in range(rng.choice((1, 2, 8, 64))):
        content[place(rng, content)] ^= 1 << rng.randrange(8)
    return content


def number(rng, content):
    """Two or four bytes that may be a size or a count become an extreme one, either end first."""
    for _ in range(rng.choice((1, 1, 3))):
        at, width = place(rng, content), rng.choice((2, 4))
        value = (rng.choice(EXTREMES) & (1 << 8 * width) - 1).to_bytes(width, rng.choice(("big", "little")))
        content[at:at + width] = value[:len(content[at:at + width])]
    return content


def noise(rng, content):
    at, length = place(rng, content), rng.choice((4, 64, 1024))
    content[at:at + length] = rng.randbytes(len(content[at:at + length]))
    return content


def leave_out(rng, content):
    at = place(rng, content)
    del content[at:at + rng.choice((1, 4, 100, 5000))]
    return content


def repeat(rng, content):
    at, length = place(rng, content), rng.choice((8, 200, 3000))
    return content[:at] + content[at:at + length] * rng.choice((2, 3, 50)) + content[at:]


def swap(rng, content):
    one, other, length = place(rng, content), place(rng, content), rng.choice((4, 32, 512))
    one, other = min(one, other), max(one, other)
    if one + length <= other and other + length <= len(content):
        content[one:one + length], content[other:other + length] = content[other:other + length], content[one:one + length]
    return content


WAYS = (cut, flip, flip, number, number, number, noise, leave_out, repeat, swap)


def mutation(subject, good, seed, n):
    """The n-th mutation of a subject, and the job that is to read it."""
    rng = random.Random(f"{seed}/{subject.name}/{n}")
    content = bytearray(good)
    for _ in range(rng.choice((1, 1, 2, 4))):
        content = bytearray(rng.choice(WAYS)(rng, content)) or bytearray(b"\0")
    if subject.mend and rng.random() < 0.8:
        content = subject.mend(content)
    return bytes(content), rng.choice(subject.jobs)


# -- what must hold ----------------------------------------------------------------------------------------------------

def trouble_of(ran, folder, around):
    """What is wrong with how a job went, or None."""
    if ran.status != 0:
        return f"the program ended with {ran.status}"
    if ran.outcome not in ("done", "bury"):
        return f"the job ended with {ran.report}"
    if ran.outcome == "bury" and not ran.why:
        return "it was buried without a reason"
    if ran.said:
        return f"it said {ran.said[:300]!r}"
    if sorted(path.name for path in around.iterdir()) != ["job", "secret"]:
        return "something lies beside its folder"
    for path in folder.rglob("*"):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            return f"it has left {path.name}, which is no file"
        if path.is_file() and path.parent == folder and SECRET in path.read_bytes():
            return f"{path.name} holds what lies outside the fence"
    return None


def attempt(build, subject, content, job, cpu=20, **more):
    """Give it to a job; how it went, and what is wrong with that."""
    runner, kind, arguments = job
    with tempfile.TemporaryDirectory(prefix="hostile-") as around:
        around = Path(around)
        (around / "secret").write_bytes(SECRET)
        ran = fenced.run(build, runner, kind, arguments, {subject.file: content}, around / "job", memory=subject.memory, cpu=cpu,
                         file_size=64, gathered=subject.gathered, **more)
        return ran, trouble_of(ran, around / "job", around)


# -- all of them -------------------------------------------------------------------------------------------------------

def subjects():
    """Of all files beside this one."""
    found = []
    for file in sorted(HERE.glob("subjects_*.py")):
        found += importlib.import_module(file.stem).SUBJECTS
    return found


def try_all(build, subject, seed, numbers, jobs=2):
    """Numbers of mutations that failed, with why; and how many ended how."""
    counts, failed, lock = {"done": 0, "bury": 0}, [], threading.Lock()
    with tempfile.TemporaryDirectory(prefix="hostile-good-") as folder:
        good = subject.make(folder).read_bytes()

    def one(n):
        content, job = mutation(subject, good, seed, n)
        ran, trouble = attempt(build, subject, content, job)
        with lock:
            counts[ran.outcome] = counts.get(ran.outcome, 0) + 1
            if trouble:
                failed.append((n, f"{job[1]}: {trouble}"))
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, numbers))
    return sorted(failed), counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/gcc")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="names of subjects, joined by commas")
    parser.add_argument("--number", type=int, help="this mutation alone")
    options = parser.parse_args()
    if not shutil.which("ffmpeg"):
        sys.exit("hostile: there is no ffmpeg to make good files with: tools/deps test")
    status = 0
    for subject in subjects():
        if options.only and subject.name not in options.only.split(","):
            continue
        numbers = [options.number] if options.number is not None else range(options.count)
        failed, counts = try_all(options.build, subject, options.seed, numbers, options.jobs)
        print(f"hostile {subject.name:5} {len(numbers):6} mutations: {counts['done']} done, {counts['bury']} buried, {len(failed)} failed",
              flush=True)
        for n, why in failed:
            print(f"    --seed {options.seed} --only {subject.name} --number {n}: {why}")
        status |= bool(failed)
    return status


if __name__ == "__main__":
    sys.exit(main())

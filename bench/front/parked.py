#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ten thousand parked polls cost: the front's memory, its CPU while nothing happens, and how much longer others
wait: bench/front/parked.py [options]. In a stack that is there (MILLRACE_STACK is set) it takes that one.

A poll (GET /figureforge/api/images/job/ID/?wait=30) comes on a connection of its own to the front's socket, as nginx
sends it; the jobs are rows that nobody works on. The others are polls of a finished job, at a steady rate; they are
measured with and without, by turns, and medians count.

The last lines are for programs: figure NAME VALUE OP GOAL. Exit status: 0 measured, whether or not the goals are
reached; 1 something could not be measured."""
import argparse
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from lib.stack import Trouble, enter                                              # noqa: E402

SOURCE = Path(__file__).with_name("parked.c")
TICK = os.sysconf("SC_CLK_TCK")
PATIENCE = 60.0
IDLE_SECONDS, LOAD_SECONDS = 8, 6      # together well below the 30 s that a poll waits
MIB = 1 << 20


def run(*words, text=""):
    done = subprocess.run([str(word) for word in words], input=text, capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode:
        raise Trouble(f"{words[0]}: {done.stderr.strip() or done.returncode}")
    return done.stdout.strip()


def build(variant):
    """The client: one file that needs nothing but libc."""
    program = ROOT / "build" / variant / "bench-front-parked"
    if not program.exists() or program.stat().st_mtime < SOURCE.stat().st_mtime:
        program.parent.mkdir(parents=True, exist_ok=True)
        run("cc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", f"-I{ROOT}", "-o", program, SOURCE)
    return program


class Front:
    def __init__(self, stack):
        self.stack, self.pid = stack, stack["pids"]["front"]

    def memory(self):
        """Resident MiB."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MIB

    def cpu(self):
        """Seconds so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def parked(self):
        with urllib.request.urlopen(self.stack["url"] + "/-/readyz", timeout=PATIENCE) as answer:
            return json.load(answer)["parked"]


class Bench:
    def __init__(self, stack, options):
        self.stack, self.options, self.front = stack, options, Front(stack)
        self.program = build(options.variant)
        name = f"parked-{secrets.token_hex(4)}"
        command = [f"{stack['bin']}/millrace", "--config", stack["config"]]
        run(*command, "user", "add", "figureforge", name, f"{name}@example.org", text=f"secret {name}!\n")
        self.token = run(*command, "token", "figureforge", name)
        self.folder = tempfile.TemporaryDirectory()
        self.waiting, self.ended = self.lines("queued", options.polls, "?wait=30", name), self.lines("completed", 1, "", name)

    def lines(self, status, count, query, name):
        """A file of URIs of that many jobs in that state."""
        ids = run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.stack["database_url"], "-c", f"""
            insert into figureforge.generation (id, account_id, prompt, filters, model, batch_size, cost, period, status)
            select job_id_make(), a.id, 'somebody waiting', '{{}}', 'croquis', 1, 1, figureforge.period(), '{status}'
              from generate_series(1, {count}) cross join account a where a.username = '{name}'
            returning id""").split()
        if len(ids) != count:
            raise Trouble(f"{len(ids)} of {count} jobs were made")
        path = Path(self.folder.name) / status
        path.write_text("".join(f"/figureforge/api/images/job/{one}/{query}\n" for one in ids))
        return path

    def start(self, *words):
        environment = {**os.environ, "BENCH_TOKEN": self.token}
        return subprocess.Popen([self.program, words[0], self.stack["front"], *map(str, words[1:])], env=environment,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def load(self):
        """p99 in us of the others."""
        client = self.start("load", self.ended, LOAD_SECONDS, self.options.rate)
        said = client.communicate(timeout=PATIENCE)[0]
        if client.returncode:
            raise Trouble(f"not all others were answered as they should: {said}")
        count, median, p99 = map(int, said.split())
        print(f"  {count} others: p50 {median} us, p99 {p99} us", flush=True)
        return p99

    def park(self):
        """The client that keeps them, once all are parked."""
        client = self.start("park", self.waiting)
        if client.stdout.readline() != f"parked {self.options.polls}\n":
            raise Trouble("the polls could not be sent")
        end = time.monotonic() + PATIENCE
        while (count := self.front.parked()) != self.options.polls:
            if time.monotonic() > end:
                raise Trouble(f"{count} of {self.options.polls} are parked")
            time.sleep(0.02)
        return client

    def unpark(self, client):
        if client.poll() is None:
            client.stdin.close()
        if client.wait(PATIENCE):
            raise Trouble("not all polls were answered as they should")
        end = time.monotonic() + PATIENCE
        while self.front.parked():
            if time.monotonic() > end:
                raise Trouble("some stay parked")
            time.sleep(0.02)

    def idle(self):
        """Cores that the front takes while nothing happens."""
        time.sleep(1)                          # what the parking has left: statistics
        before, began = self.front.cpu(), time.monotonic()
        time.sleep(IDLE_SECONDS)
        return (self.front.cpu() - before) / (time.monotonic() - began)

    def measure(self):
        without, among, memory, idle = [], [], [], []
        print(f"the front before: {self.front.memory():.1f} MiB")
        self.load()                            # warms up
        for _ in range(self.options.rounds):
            print("without:")
            without.append(self.load())
            began = time.monotonic()
            client = self.park()
            print(f"among {self.options.polls} parked, in {time.monotonic() - began:.1f} s:")
            try:
                memory.append(self.front.memory())
                idle.append(self.idle())
                print(f"  {memory[-1]:.1f} MiB, {idle[-1]:.4f} cores")
                among.append(self.load())
            finally:
                self.unpark(client)
        return [("front.parked.memory", f"{statistics.median(memory):.1f}", 32),
                ("front.parked.idle", f"{statistics.median(idle):.4f}", 0.01),
                ("front.parked.p99", f"{statistics.median(among) / statistics.median(without):.2f}", 1.5)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", default="gcc", help="where the client is built: build/VARIANT")
    parser.add_argument("--polls", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=1000, help="requests a second of the others")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    try:
        figures = Bench(enter("bench-parked", options.variant), options).measure()
    except (Trouble, subprocess.TimeoutExpired, OSError) as why:
        print(f"could not be measured: {why}", file=sys.stderr)
        return 1
    for name, value, goal in figures:
        print(f"figure {name} {value} <= {goal}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

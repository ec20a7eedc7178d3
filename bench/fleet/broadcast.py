#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a broadcast makes of the rate that it may text at, and what it needs for that: bench/fleet/broadcast.py [options]. In
a stack that is there (MILLRACE_STACK is set) it takes that one.

One worker of ours texts to a stand-in of Twilio that takes 100 ms a message (bench/fleet/texting.py). First ten thousand
people, at the rate that is configured: the share of it that is reached, by the clock of the stand-in. Then a million, of whom
it texts as many as it can in some seconds: memory is not to grow with their number. Memory is the peak of the worker and of
the process that runs the broadcast together.

The last lines are for programs: figure NAME VALUE OP GOAL. Exit status: 0 measured, whether or not the goals are
reached; 1 something could not be measured."""
import argparse
import json
import secrets
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import psycopg2                                                                   # noqa: E402
from lib.load import show_figures                                                 # noqa: E402
from lib.processes import busy, cpu, family                                       # noqa: E402
from lib.stack import Trouble, call, end, enter, hand_over, start, until          # noqa: E402

LATENCY_MS = 100
PASSWORD = "a password of the bench's"
PATIENCE = 120.0
MIB = 1024


class Bench:
    def __init__(self, stack):
        self.stack = stack
        self.connection = psycopg2.connect(stack["database_url"])
        self.connection.autocommit = True
        self.tell("stop", "sms")
        self.twilio = subprocess.Popen(["/usr/bin/python3", "-B", HERE / "texting.py", str(LATENCY_MS)], stdout=subprocess.PIPE,
                                       text=True)
        self.port = int(self.twilio.stdout.readline())
        self.worker = self._start_worker()
        self.token = self._sign_in()

    def close(self):
        end(self.worker)
        end(self.twilio)
        self.tell("start", "sms")

    def tell(self, action, service):
        subprocess.run([HERE.parents[1] / "tools" / "stack", "ctl", self.stack["name"], action, service], check=True,
                       stdout=subprocess.DEVNULL)

    def command(self, *words, text=""):
        done = subprocess.run([f"{self.stack['bin']}/millrace", "--config", self.stack["config"], *words], input=text,
                              capture_output=True, text=True)
        if done.returncode:
            raise Trouble(f"millrace {words[0]}: {done.stderr}")

    def sql(self, text, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(text, values or None)
            return cursor.fetchall() if cursor.description else []

    def _start_worker(self):
        kept = [line for line in Path(self.stack["config"]).read_text().splitlines() if not line.startswith(("twilio.", "sms."))]
        file = Path(self.stack["state"]) / "broadcast.conf"
        file.write_text("\n".join([*kept, f"twilio.url = http://127.0.0.1:{self.port}/2010-04-01", "twilio.account = AC1",
                                   "twilio.token = bench", "twilio.from = +15550001234", ""]))
        hand_over(self.stack, file)
        return start(self.stack, [f"{self.stack['bin']}/millrace-worker", "--config", file, "sms"])

    def _sign_in(self):
        name = f"bench-{secrets.token_hex(4)}"
        self.command("user", "add", "--role", "admin", "smsagent", name, f"{name}@example.org", text=PASSWORD + "\n")
        return self.api("POST", "auth/token/", {"username": name, "password": PASSWORD})["token"]

    def api(self, method, path, body=None):
        headers = {"Authorization": f"Token {self.token}"} if hasattr(self, "token") else {}
        status, _, content = call(self.stack, method, f"/smsagent/api/{path}", body, headers)
        if status not in (200, 201):
            raise Trouble(f"{method} {path} is answered {status}: {content!r}")
        return json.loads(content)

    def came(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=30) as answer:
            return json.load(answer)

    def people(self, n):
        """So many, of the tier that a broadcast is for."""
        self.sql("truncate smsagent.recipient, smsagent.message, smsagent.person cascade")
        self.sql("insert into smsagent.person (phone_number, tier) select '+1' || (2000000000 + n), 'enterprise' "
                 "from generate_series(1, %s) as n", n)
        self.sql("vacuum analyze smsagent.person")

    def broadcast(self):
        return self.api("POST", "messaging/broadcast/", {"message": "Hello everybody", "tier_filter": ["enterprise"]})["message_id"]

    def status(self, message):
        return self.api("GET", f"messaging/status/{message}/")

    def memory(self):
        """The peaks of the worker and its children, together, in MiB; resident now, likewise."""
        peak = now = 0
        for pid in family(self.worker.pid):
            try:
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            except OSError:
                continue
            told = dict(line.split(":", 1) for line in lines if ":" in line)
            peak += int(told["VmHWM"].split()[0]) if "VmHWM" in told else 0
            now += int(told["VmRSS"].split()[0]) if "VmRSS" in told else 0
        return peak / MIB, now / MIB


def paced(bench, people, rate):
    """One broadcast at a rate: the share of it that was reached, peak memory, CPU seconds of the worker a thousand messages."""
    bench.people(people)
    burst = max(rate // 10, 1)             # is there at the beginning, and does not count
    bench.command("limiter", "twilio", str(rate), str(burst))
    bench.came()
    peak, before, everybody = 0.0, cpu({"worker": bench.worker.pid})["worker"], busy()
    began, message = time.monotonic(), bench.broadcast()
    patience = time.monotonic() + people / rate * 3 + PATIENCE
    while (shown := bench.status(message))["status"] not in ("completed", "failed"):
        peak = max(peak, bench.memory()[0])
        if time.monotonic() > patience:
            raise Trouble(f"the broadcast does not end: {shown}")
        time.sleep(0.1)
    came = bench.came()
    if (shown["status"], shown["sent_count"], came["messages"], came["numbers"]) != ("completed", people, people, people):
        raise Trouble(f"not everybody was texted once: {shown}, {came}")
    used = cpu({"worker": bench.worker.pid})["worker"] - before
    share = (people - 1 - burst) / came["seconds"] / rate
    print(f"{people:>9} at {rate:>5}/s: {share:6.3f} of the rate, {peak:5.1f} MiB, {used / people * 1000:5.2f} s of CPU a thousand, "
          f"the machine {(busy() - everybody) / (time.monotonic() - began) * 50:3.0f} % busy", flush=True)
    return share, peak


def crowd(bench, people, seconds):
    """As many as can be in some seconds: messages a second, peak memory."""
    bench.people(people)
    bench.command("limiter", "twilio", "100000", "10000")
    began, message = time.monotonic(), bench.broadcast()
    until("the first message", lambda: bench.status(message)["sent_count"] > 0, PATIENCE)
    listed, peak = time.monotonic() - began, 0.0
    bench.came()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        peak = max(peak, bench.memory()[0])
        time.sleep(0.1)
    came = bench.came()
    bench.command("cancel", str(bench.sql("select job_id from smsagent.message where name = %s", message)[0][0]))
    until("it is stopped", lambda: bench.status(message)["status"] == "failed", PATIENCE)
    rate = came["messages"] / came["seconds"]
    print(f"{people:>9} without a rate: {rate:5.0f}/s, {peak:5.1f} MiB; the first was texted after {listed:.1f} s", flush=True)
    return rate, peak


def run(stack, options):
    bench = Bench(stack)
    try:
        turns = [paced(bench, options.people, options.rate) for _ in range(options.turns)]
        slow = paced(bench, max(options.people // 10, 10), max(options.rate // 4, 1))
        _, peak = crowd(bench, options.crowd, options.seconds)
    finally:
        bench.close()
    return [("fleet.broadcast.rate", min(statistics.median(share for share, _ in turns), slow[0]), ">=", 0.9),
            ("fleet.broadcast.memory", max(memory for _, memory in turns), "<=", 32.0),
            ("fleet.broadcast.million", peak, "<=", 32.0)]


def main():
    parser = argparse.ArgumentParser(prog="bench/fleet/broadcast.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", default="gcc", choices=("gcc", "clang", "asan"))
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--people", type=int, default=10000)
    parser.add_argument("--rate", type=int, default=1000, help="messages a second")
    parser.add_argument("--crowd", type=int, default=1000000, help="people of the broadcast whose memory counts")
    parser.add_argument("--seconds", type=int, default=10, help="that it is watched")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))     # what we have started ends with us
    try:
        show_figures(run(enter("bench-broadcast", options.variant), options))
    except (Trouble, OSError, psycopg2.Error, subprocess.CalledProcessError) as why:
        print(f"bench/fleet/broadcast.py: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

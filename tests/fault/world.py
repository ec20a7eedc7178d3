# SPDX-License-Identifier: GPL-3.0-or-later
"""The stack under test as the tests see it: its services to hurt, its database and Redis to look into, its users."""
import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

import requests

from resp import Redis, RedisError
from servers import Refused, Session, until

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "mr1:{q:image}:"
WORKERS = ("image", "image2")
PATIENCE = 60.0            # seconds anything may take on a busy machine


class World:
    def __init__(self, file):
        self.file = Path(file)
        self._session = None
        self.stopped = []          # processes that a test has frozen

    @property
    def stack(self):
        """Read anew each time: pids change."""
        return json.loads(self.file.read_text())

    # -- services ----------------------------------------------------------------------------------------------------

    def pid(self, service):
        return self.stack["pids"][service]

    def ctl(self, action, *services):
        for service in services:
            subprocess.run([ROOT / "tools" / "stack", "ctl", self.stack["name"], action, service], check=True,
                           stdout=subprocess.DEVNULL)

    def millrace(self, *words):
        stack = self.stack
        return subprocess.run([f"{stack['bin']}/millrace", "--config", stack["config"], *words], capture_output=True,
                              text=True, timeout=PATIENCE)

    def command(self, *words, text=""):
        """The same, when it must go well."""
        stack = self.stack
        done = subprocess.run([f"{stack['bin']}/millrace", "--config", stack["config"], *words], capture_output=True, text=True,
                              timeout=60, input=text)
        assert done.returncode == 0, done.stderr

    def service_of(self, pid):
        return next((name for name, one in self.stack["pids"].items() if one == pid), None)

    def restarted(self, service, pid):
        """Wait until the service runs as another process than pid."""
        return until(lambda: self.pid(service) not in (0, pid) and self.pid(service), f"{service} runs anew", PATIENCE)

    def freeze(self, pid):
        os.kill(pid, signal.SIGSTOP)
        self.stopped.append(pid)

    def thaw(self, pid):
        os.kill(pid, signal.SIGCONT)
        self.stopped.remove(pid)

    def heal(self):
        """Whatever a test did or left undone: everything runs again."""
        for pid in self.stopped:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
        self.stopped.clear()
        answer = subprocess.run([ROOT / "tools" / "stack", "status", self.stack["name"]], capture_output=True, text=True)
        for line in answer.stdout.splitlines()[1:]:
            name, state = line.split()[:2]
            if state == "paused":
                self.ctl("resume", name)
            elif state != "up":
                self.ctl("start", name)

    # -- PostgreSQL and Redis ----------------------------------------------------------------------------------------

    def sql(self, text):
        """Rows as lists of texts. The connection is made anew when the server has ended the last one."""
        for attempt in (1, 2):
            try:
                self._session = self._session or Session(self.stack["database_url"])
                return self._session(text)
            except (ConnectionError, BrokenPipeError):
                self._session = None
                if attempt == 2:
                    raise
            except Refused as why:
                if why.sqlstate != "57P01" or attempt == 2:
                    raise
                self._session = None

    def one(self, text):
        rows = self.sql(text)
        assert len(rows) == 1 and len(rows[0]) == 1, rows
        return rows[0][0]

    @contextlib.contextmanager
    def ends_held_up(self):
        """Workers that are about to write an end have to wait, as long as their statements may."""
        session = Session(self.stack["database_url"])
        session("begin")
        session("lock table job_end in share mode")
        try:
            yield
        finally:
            session("rollback")
            session.close()

    def redis(self, *words):
        """Redis' answer, once it answers: it may just be starting."""
        def ask():
            try:
                connection = Redis(self.stack["redis"])
            except (FileNotFoundError, ConnectionRefusedError):
                return None
            try:
                return [connection(*words)]
            except RedisError as why:
                if not str(why).startswith("LOADING"):
                    raise
                return None
            except ConnectionError:
                return None
            finally:
                connection.close()
        return until(ask, "Redis answers")[0]

    def gen(self):
        return self.redis("GET", PREFIX + "gen")

    # -- jobs --------------------------------------------------------------------------------------------------------

    def owner(self, job):
        """(epoch, pid of the worker) of a running job, else None."""
        own = self.redis("HGET", PREFIX + "own", job)
        match = own and re.fullmatch(r"(\d+)\|[^|]*:(\d+):\w+\|\d+", own)
        return (int(match.group(1)), int(match.group(2))) if match else None

    def runners(self, worker):
        """Pids of a worker's fenced children."""
        found = []
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit():
                    text = Path(f"/proc/{entry}/stat").read_text()
                    state, parent = text.rpartition(")")[2].split()[:2]
                    if int(parent) == worker and "(millrace-runner)" in text and state != "Z":
                        found.append(int(entry))
            except OSError:
                pass
        return found

    def held(self, job, after=0):
        """Wait until the job runs in a lease later than after, and freeze its child: it hangs until it is thawed or
        killed. Gives the lease's epoch, the worker's pid, the child's pid."""
        def caught():
            owner = self.owner(job)
            if not owner or owner[0] <= after:
                return None
            children = [pid for pid in self.runners(owner[1])
                        if os.readlink(f"/proc/{pid}/cwd").endswith(f"{job}.{owner[0]}")]
            return (*owner, children[0]) if children else None

        def frozen():
            try:
                found = caught()
                if found:
                    self.freeze(found[2])
                return found
            except (FileNotFoundError, ProcessLookupError):
                return None
        return until(frozen, f"job {job} runs", PATIENCE, every=0.005)

    def ended(self, job):
        """Wait for the job's end: its outcome, error and worker."""
        return until(lambda: self.sql("select outcome, coalesce(error, ''), worker, epoch from job_end "
                                      f"where id = '{job}'"), f"job {job} ends", PATIENCE, every=0.05)[0]

    def tries(self, job):
        return self.sql(f"select outcome, counts, error, epoch from job_try where id = '{job}' order by epoch")

    def settled(self):
        """Wait until every job has ended and Redis has forgotten it."""
        until(lambda: self.one("select count(*) from job j where not exists (select from job_end e where e.id = j.id)")
              == "0", "all jobs have ended", PATIENCE, every=0.1)
        until(lambda: not self.redis("KEYS", PREFIX + "j:*") and not self.redis("EXISTS", PREFIX + "lease"),
              "Redis has forgotten all jobs", PATIENCE, every=0.1)

    # -- users -------------------------------------------------------------------------------------------------------

    def mailed_code(self, email):
        with socket.socket(socket.AF_UNIX) as to:
            to.connect(self.stack["mail"])
            to.sendall(json.dumps({"wait": email, "count": 1, "timeout": PATIENCE}).encode() + b"\n")
            messages = json.loads(to.makefile().readline())
        return re.search(r"\b\d{6}\b", messages[-1]["text"]).group()


class Artist:
    """A new account of FigureForge, signed in."""

    def __init__(self, world):
        self.world, self.session = world, requests.Session()
        self.base = world.stack["url"] + "/figureforge/api"
        email = f"artist-{secrets.token_hex(6)}@millrace.test"
        world.sql("delete from throttle where scope = 'signin-ip'")     # all tests come from one address
        assert self.post("/auth/magic-link/request/", email=email).status_code == 200
        answer = self.post("/auth/magic-link/verify/", email=email, code=world.mailed_code(email))
        assert answer.status_code == 200, answer.text
        self.id = int(answer.json()["user"]["id"].removeprefix("user_"))
        self.session.headers["Authorization"] = "Bearer " + answer.json()["access"]

    def post(self, path, **body):
        return self.session.post(self.base + path, json=body, timeout=PATIENCE)

    def get(self, path):
        return self.session.get(self.base + path, timeout=PATIENCE)

    def try_generate(self, batch_size=1):
        return self.post("/images/generate/", prompt="a dancer at rest", batch_size=batch_size)

    def generate(self, batch_size=1):
        """The job's id."""
        answer = self.try_generate(batch_size)
        assert answer.status_code == 202, answer.text
        return answer.json()["job_id"]

    def completed(self, job, images=1, used=None):
        """Wait for the job as a client does; it has its images, each once, and was charged once (used in all)."""
        def over():
            answer = self.get(f"/images/job/{job}/")
            assert answer.status_code == 200, answer.text
            return answer.json() if answer.json()["status"] not in ("queued", "processing") else None
        found = until(over, f"generation {job} is over", PATIENCE, every=0.05)
        assert found["status"] == "completed", found
        assert len(found["images"]) == images
        assert self.used() == (images if used is None else used)
        return found

    def used(self):
        return self.get("/auth/user/").json()["quota"]["used"]


def timed(call):
    """What it returned, and the seconds it took."""
    start = time.monotonic()
    return call(), time.monotonic() - start

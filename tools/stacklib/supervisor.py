# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the services of one stack running, and ends with all of them. One thread, one loop; runs as the account."""
import asyncio
import json
import os
import resource
import signal
import sys
import time

from .fleet import Fleet, http_status
from .service import START_PATIENCE, Service
from .system import PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, Trouble, children_of, ended, kill, prctl, spawn, tail

PORT_TRIES = 5
DESCRIPTORS = 65536


def guard(report):
    """Stay behind as the parent of the supervisor, and return in it. Whatever it leaves when it dies becomes a child
    of the guard and is killed: nginx, for one, would go on serving without its master. Should the guard die first, the
    supervisor is told to stop."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)
        return
    os.close(report)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: kill(pid, signal.SIGTERM))
    while os.waitpid(-1, 0)[0] != pid:
        pass
    grace = time.monotonic() + 0.5          # PostgreSQL has been sent SIGQUIT and is shutting down
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.01)
        except ChildProcessError:
            os._exit(0)
        if time.monotonic() > grace:
            for child in children_of(parent):
                kill(child, signal.SIGKILL)


class Supervisor:
    def __init__(self, state, plan):
        self.fleet = Fleet(state, plan)
        self.children = {}            # pid -> future of its exit code
        self.services = {}
        self.brought_up = False
        self.ending = None            # task that takes everything down
        self.told_to_stop = asyncio.Event()
        self.talks = set()            # commands being answered

    @staticmethod
    def note(text):
        print(time.strftime("%Y-%m-%d %H:%M:%S"), text, flush=True)

    # -- processes -------------------------------------------------------------------------------------------------

    def spawn(self, argv, log, death=signal.SIGKILL, stdin=None):
        pid = spawn(argv, log, self.fleet.environment, "/", death, stdin)
        self.children[pid] = asyncio.get_running_loop().create_future()
        return pid, self.children[pid]

    def reap(self):
        """On SIGCHLD. We are a subreaper: a process that lost its parent becomes our child. It belongs to a service
        that has died and would be in the way of the next one, so it is killed."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                break
            exit_code = self.children.pop(pid, None)
            if exit_code:
                exit_code.set_result(os.waitstatus_to_exitcode(status))
        for pid in children_of(os.getpid()):
            if pid not in self.children:
                kill(pid, signal.SIGKILL)

    async def once(self, name, argv, stdin=None):
        """Run a program to its end, which must be a good one."""
        log = self.fleet.path("log", f"{name}.log")
        code = await self.spawn(argv, log, stdin=stdin)[1]
        if code:
            raise Trouble(f"{name} {ended(code)}; the end of {log}:\n{tail(log)}")

    def publish(self):
        """Write stack.json anew whenever a pid changes."""
        if self.brought_up:
            pids = {name: service.pid for name, service in self.services.items()}
            described = {**self.fleet.described(), "supervisor": os.getpid(), "pids": pids}
            self.fleet.write("stack.json", json.dumps(described, indent=2) + "\n")

    # -- up and down -----------------------------------------------------------------------------------------------

    async def up(self):
        fleet = self.fleet
        await self._database()
        self.services = {row.name: Service(row, self) for row in fleet.rows()}
        await asyncio.gather(self.services["postgres"].start(patient=False),
                             self.services["redis"].start(patient=False),
                             self._start_on_port(fleet.web.program, fleet.new_port),
                             self._start_on_port("mailcatcher", fleet.new_smtp_port),
                             *([self._start_on_port("sandbox-nginx", fleet.new_sandbox_port)] if fleet.has_sandbox else []),
                             *([self._start_on_port("s3", fleet.new_s3_port)] if fleet.has_s3 else []))
        fleet.write_config()
        await self.once("migrate", [str(fleet.bin / "millrace"), "--config", fleet.path("millrace.conf"), "migrate"])
        rest = [service for service in self.services.values() if not service.wanted]
        await asyncio.gather(*(service.start(patient=False) for service in rest))
        await self._whole_way()
        self.brought_up = True
        self.publish()

    async def _database(self):
        """The folder appears under its name only when it is complete, database included."""
        data, new = self.fleet.path("data"), self.fleet.path("data.new")
        if os.path.exists(data):
            return
        await self.once("initdb", ["/bin/rm", "-rf", new])
        await self.once("initdb", [f"{self.fleet.postgres}/initdb", "-D", new, "-U", "millrace", "-A", "trust",
                                   "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"])
        self.fleet.write("create.sql", "create database millrace;\n")
        single = [f"{self.fleet.postgres}/postgres", "--single", "-D", new, "-c", "fsync=off", "postgres"]
        await self.once("initdb", single, stdin=self.fleet.path("create.sql"))
        os.rename(new, data)

    async def _start_on_port(self, name, another):
        """A port that was free a moment ago may be taken by now."""
        for left in reversed(range(PORT_TRIES)):
            self.fleet.write_web()
            try:
                return await self.services[name].start(patient=False)
            except Trouble as why:
                if not left or "in use" not in str(why):
                    raise
            another()
            self.services[name] = Service(next(row for row in self.fleet.rows() if row.name == name), self)

    async def _whole_way(self):
        """The web server's port answers for the front (any answer of its own will do), and nobody has died meanwhile."""
        until, status = time.monotonic() + START_PATIENCE, 503
        while status in (0, 502, 503, 504) and time.monotonic() < until:
            status = http_status(self.fleet.port, "/-/readyz")
            await asyncio.sleep(0.02)
        for service in self.services.values():
            if service.starts > 1 or not service.ready.is_set():
                raise service.trouble(service.last or "does not answer")
        if status in (0, 502, 503, 504):
            first = self.services["front" if self.fleet.web.front else self.fleet.web.program]
            raise first.trouble(f"leaves GET /-/readyz to be answered {status or 'by nobody'}")

    async def down(self):
        """Stage by stage. Returns what there is to say about it."""
        said = []
        for stage in sorted({service.row.stage for service in self.services.values()}):
            members = [service for service in self.services.values() if service.row.stage == stage]
            said += await asyncio.gather(*(service.stop() for service in members))
        return [text for text in said if text]

    def end(self):
        if not self.ending:
            self.ending = asyncio.create_task(self.down())
            self.told_to_stop.set()
        return self.ending

    # -- control ---------------------------------------------------------------------------------------------------

    async def command(self, asked):
        do, name = asked.get("do"), asked.get("service")
        if do == "status":
            return {"services": [{"name": name, "state": one.state, "pid": one.pid, "starts": one.starts,
                                  "last": one.last} for name, one in self.services.items()],
                    **self.fleet.described()}
        if do == "down":
            return {"said": await asyncio.shield(self.end())}
        service = self.services.get(name)
        if not service:
            raise Trouble(f"no service {name}: there are {', '.join(self.services)}")
        self.note(f"asked to {do} {name}")
        said = ""
        if do in ("stop", "restart"):
            said = await service.stop()
        if do in ("start", "restart"):
            await service.start()
        if do == "kill":
            await service.die()
        if do in ("pause", "resume"):
            getattr(service, do)()
        return {"said": [said] if said else [], "state": service.state, "pid": service.pid}

    async def control(self, reader, writer):
        """One line of JSON asks, one answers."""
        try:
            while line := await reader.readline():
                talk = asyncio.create_task(self._answer(line, writer))
                self.talks.add(talk)
                talk.add_done_callback(self.talks.discard)
                await talk
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answer(self, line, writer):
        try:
            answer = await self.command(json.loads(line))
        except (Trouble, ValueError) as why:
            answer = {"error": str(why)}
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()

    # -- life ------------------------------------------------------------------------------------------------------

    async def live(self, report, lifeline):
        """Come up, report on the descriptor, serve until told to stop or the lifeline's other end is gone, go down."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGCHLD, self.reap)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self.told_to_stop.set)
        if lifeline >= 0:
            loop.add_reader(lifeline, lambda: (loop.remove_reader(lifeline), self.told_to_stop.set()))
        stopping = asyncio.create_task(self.told_to_stop.wait())

        trouble = await self._rise(stopping)
        if not trouble:
            server = await asyncio.start_unix_server(self.control, self.fleet.path("run", "control"))
            self.note(f"up at port {self.fleet.port}")
            tell(report, {"supervisor": os.getpid()})
            await stopping
            server.close()
        await self.end()
        if self.talks:
            await asyncio.wait(self.talks, timeout=1)
        if trouble:
            self.note(trouble)
            tell(report, {"error": trouble})
        self.note("down")

    async def _rise(self, stopping):
        """Come up, unless told to stop meanwhile. What went wrong, or nothing."""
        self.fleet.folders()
        if os.path.lexists(self.fleet.path("run", "control")):
            os.unlink(self.fleet.path("run", "control"))
        rising = asyncio.create_task(self.up())
        await asyncio.wait({rising, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not rising.done():
            rising.cancel()
            return "stopped while it was coming up"
        try:
            return await rising
        except Trouble as why:
            return str(why)


def tell(report, what):
    """To whoever called `up`, if still there. Once: it takes the end of the pipe for our end."""
    try:
        os.write(report, json.dumps(what).encode())
    except BrokenPipeError:
        pass
    os.close(report)


def supervise(state, report, lock, lifeline):
    """Never returns. report: a pipe's end to tell the caller on; lock: the state folder's, held for our life;
    lifeline: a pipe's end whose other end is the caller's life, or -1."""
    for fd in (report, lock, lifeline):
        if fd >= 0:
            os.set_inheritable(fd, False)
    os.umask(0o077)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]      # nginx and the front hold a descriptor a connection
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, DESCRIPTORS), most))
    with open(os.path.join(state, "plan.json"), encoding="utf-8") as file:
        plan = json.load(file)
    guard(report)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        supervisor = Supervisor(state, plan)
    except Trouble as why:
        tell(report, {"error": str(why)})
        sys.exit(1)
    asyncio.run(supervisor.live(report, lifeline))
    sys.exit(0)

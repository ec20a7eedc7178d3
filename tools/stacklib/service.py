# SPDX-License-Identifier: GPL-3.0-or-later
"""One service of a stack: started, watched, started again, stopped."""
import asyncio
import os
import signal
import time

from .system import Trouble, ended, kill, tail, tree_of

START_PATIENCE = 60.0        # seconds until a service answers; generous for sanitizers on a busy machine
LONGEST_BACKOFF = 2.0
SETTLED = 10.0               # seconds after which a service counts as having started well


class Service:
    """One row kept running. `wanted` is what a person asked for; `pid` is 0 while it is not running."""

    def __init__(self, row, supervisor):
        self.row, self.supervisor = row, supervisor
        self.wanted = self.paused = False
        self.pid = self.starts = self.failures = 0
        self.exit = None              # future: the running process' end
        self.keeper = None            # task
        self.ready = asyncio.Event()
        self.last = ""                # how it ended last

    @property
    def log(self):
        return self.supervisor.fleet.path("log", f"{self.row.name}.log")

    @property
    def state(self):
        if self.paused:
            return "paused"
        if self.ready.is_set():
            return "up"
        return ("starting" if self.pid else "waiting") if self.wanted else "down"

    async def start(self, patient=True):
        """Returns when the service answers. Impatient: its first death is a failure."""
        if self.supervisor.ending:
            raise Trouble("the stack is going down")
        self.wanted = True
        self.failures = 0
        if self.keeper and not self.pid:
            await self._rest()        # it sleeps before the next start: no need to wait for that
        if not self.keeper or self.keeper.done():
            self.keeper = asyncio.create_task(self._keep(patient))
        answers = asyncio.create_task(self.ready.wait())
        await asyncio.wait({answers, self.keeper}, timeout=START_PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if not answers.done():
            answers.cancel()
            why = self.last if self.keeper.done() else f"does not answer after {START_PATIENCE:.0f} s"
            raise self.trouble(why)

    def trouble(self, why):
        return Trouble(f"{self.row.name} {why}; the end of {self.log}:\n{tail(self.log)}")

    async def _keep(self, patient):
        """The service's life: start it, wait for its end, start it again while it is wanted."""
        while self.wanted:
            for path in self.row.leftovers:
                if os.path.lexists(path):
                    os.unlink(path)
            self.pid, self.exit = self.supervisor.spawn(self.row.argv, self.log, self.row.death)
            self.starts += 1
            self.supervisor.publish()
            born = time.monotonic()
            asking = asyncio.create_task(self._ask())
            code = await self.exit
            asking.cancel()
            patient = patient or self.ready.is_set()
            self.ready.clear()
            pid, self.pid, self.paused = self.pid, 0, False
            self.last = ended(code)
            self.supervisor.publish()
            if not self.wanted or not patient:
                return
            self.failures = 1 if time.monotonic() - born > SETTLED else self.failures + 1
            delay = 0 if self.failures == 1 else min(LONGEST_BACKOFF, 0.05 * 2 ** self.failures)
            self.supervisor.note(f"{self.row.name} ({pid}) {self.last}; start {self.starts + 1} "
                                 + (f"in {delay:.1f} s" if delay else "at once"))
            await asyncio.sleep(delay)

    async def _ask(self):
        pause = 0.005
        while not self.row.answers(self.pid):
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.1)
        self.ready.set()

    async def stop(self):
        """In order if it can, by force if it must. Returns when it is gone, with what there is to say about it."""
        self.wanted = False
        said = ""
        if self.pid:
            self.resume()
            kill(self.pid, self.row.stop)
            _, late = await asyncio.wait({self.exit}, timeout=self.row.patience)
            if late:
                said = f"{self.row.name} did not stop within {self.row.patience:.0f} s and was killed"
                self.supervisor.note(said)
                kill(self.pid, signal.SIGKILL)
            await asyncio.wait({self.keeper})
        elif self.keeper:
            await self._rest()
        return said

    async def _rest(self):
        self.keeper.cancel()
        await asyncio.wait({self.keeper})

    async def die(self):
        """A crash: only the process itself is hit, and it is started again at once."""
        if self.pid:
            kill(self.pid, signal.SIGKILL)
            await asyncio.wait({self.exit})

    def pause(self):
        """Stop the service and all its children in their tracks, as a frozen machine would."""
        stopped = set()
        while self.pid and not stopped.issuperset(tree := tree_of(self.pid)):
            for pid in tree:
                kill(pid, signal.SIGSTOP)
            stopped.update(tree)
        self.paused = bool(self.pid)

    def resume(self):
        if self.paused:
            for pid in tree_of(self.pid):
                kill(pid, signal.SIGCONT)
        self.paused = False

# SPDX-License-Identifier: GPL-3.0-or-later
"""The front on a socket that somebody else listens on, as systemd does for it; spoken to in raw FastCGI."""
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from client import PATIENCE

sys.path.insert(0, str(Path(__file__).parents[1] / "plumbing"))
from fastcgi import Peer, request   # noqa: E402

# Keeps the socket, and starts the front again whenever it ends: what systemd does with a socket unit.
KEEPER = """
trap 'kill $child; wait $child; exit 0' TERM
while :; do
    sh -c 'export LISTEN_PID=$$; exec "$@"' front "$@" & child=$!
    wait $child
done
"""


def until(what):
    end = time.monotonic() + PATIENCE
    while not (got := what()):
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.005)
    return got


class Activated:
    """A front started by systemd-socket-activate when somebody first connects."""

    def __init__(self, stack):
        owner = os.stat(stack["state"])
        self.path = f"{stack['state']}/run/activated"
        self.log = open(f"{stack['log_dir']}/activated.log", "ab")      # pylint: disable=consider-using-with
        as_owner = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        self.keeper = subprocess.Popen(                                 # pylint: disable=consider-using-with
            ["systemd-socket-activate", "-l", self.path, "--fdname=front", "sh", "-c", KEEPER, "keeper",
             f"{stack['bin']}/millrace-front", "--config", stack["config"]], cwd="/", stdout=self.log, stderr=self.log,
            env={"PATH": "/usr/bin:/bin", **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}, **as_owner)
        until(self.listens)

    def listens(self):
        """Whether somebody does; a socket that is only bound refuses."""
        sockets = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
        return any(one[-1] == self.path and int(one[3], 16) & 1 << 16 for one in sockets)

    def front(self):
        """The pid of the front that runs now, or None."""
        children = Path(f"/proc/{self.keeper.pid}/task/{self.keeper.pid}/children").read_text().split()
        for child in children:
            try:
                if os.readlink(f"/proc/{child}/exe").endswith("/millrace-front"):
                    return int(child)
            except FileNotFoundError:
                pass                                                    # it has just ended
        return None

    def ask(self):
        """A connection of its own, and what a request on it is answered; None when it was not."""
        peer = Peer(self.path, PATIENCE)
        try:
            peer.send(request(1, "/figureforge/api/images/models/", keep=False, REMOTE_ADDR="127.0.0.1"))
            ended = peer.ended()
            return ended and ended[1].status
        finally:
            peer.close()

    def end(self):
        self.keeper.send_signal(signal.SIGTERM)
        self.keeper.wait(PATIENCE)
        self.log.close()
        os.unlink(self.path)


@pytest.fixture
def activated(stack):
    activated = Activated(stack)
    yield activated
    activated.end()


def test_it_starts_when_somebody_comes(activated):
    assert activated.front() is None
    assert activated.ask() == 200
    assert activated.front()


def test_restarts_are_not_noticed(activated):
    """Whoever comes while there is none waits for the next; who is there is still answered."""
    assert activated.ask() == 200
    answers, over = [], threading.Event()

    def call():
        while not over.is_set():
            try:
                answers.append(activated.ask())
            except OSError as why:
                answers.append(why)

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    for _ in range(3):
        seen, old = len(answers), activated.front()
        os.kill(old, signal.SIGTERM)
        until(lambda old=old: activated.front() not in (None, old))
        until(lambda seen=seen: len(answers) > seen + 20)
    over.set()
    for caller in callers:
        caller.join()
    assert set(answers) == {200}, [answer for answer in answers if answer != 200][:5]

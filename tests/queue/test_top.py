# SPDX-License-Identifier: GPL-3.0-or-later
"""millrace top: a frame, and the live screen on a terminal."""
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios

import pytest

from command import BUILD
from servers import PATIENCE

ENTER, LEAVE = "\033[?1049h", "\033[?1049l"


class Screen:
    """The command on a terminal of its own."""

    def __init__(self, command, rows, columns):
        self.ours, theirs = pty.openpty()
        self.size(rows, columns)
        self.before = termios.tcgetattr(self.ours)
        self.process = subprocess.Popen([BUILD / "millrace", "top"], env=command.environment({}), stdin=theirs, stdout=theirs,
                                        stderr=theirs)
        os.close(theirs)
        self.text = ""

    def size(self, rows, columns):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def until(self, pattern):
        """Read on until it is there; what was read is used up."""
        while not (found := re.search(pattern, self.text, re.S)):
            self.text += os.read(self.ours, 65536).decode()
        self.text = self.text[found.end():]
        return found

    def ends(self):
        assert self.process.wait(PATIENCE) == 0
        self.until(re.escape(LEAVE))
        assert termios.tcgetattr(self.ours)[3] == self.before[3]        # lines and echo as they were
        os.close(self.ours)


@pytest.fixture
def screen(command):
    made = []

    def make(rows=24, columns=140):
        made.append(Screen(command, rows, columns))
        made[-1].until(re.escape(ENTER))
        return made[-1]
    yield make
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def test_one_frame(command, mail, sql):
    mail.put_many(4, kind="mail.magic_link")
    mail.hello("w1", '{"slots": 2, "running": 1, "done": 7, "failed": 3, "up_s": 75, "rss_kib": 20480, "stopping": true}')
    mail.reserve(1)
    sql("insert into queue (name, refusing, why) values ('mail', true, 'x')")
    lines = command("top", "--once").lines
    assert "scheduler NONE LEADS" in lines[0] and "\033" not in "".join(lines)
    row, worker = [line.split() for line in lines if line.startswith("mail ")]
    assert row[:7] == ["mail", "refusing", "3", "1", "0", "0", "0"] and row[-1] == "1"
    assert worker == ["mail", "w1", "1/2", "7", "3", "1m15s", "20", "MiB", "stopping"]


def test_a_name_cannot_bend_the_screen(command, mail):
    mail.hello("a\033[2Jb", "{}")
    assert "a?[2Jb" in command("top", "--once").text


def test_servers_that_are_away(command):
    assert "Redis DOWN" in command("top", "--once", redis_url="/nowhere/redis.sock").lines[0]
    assert "PostgreSQL DOWN" in command("top", "--once", database_url="host=/nowhere").lines[0]


def test_what_nobody_tells_is_no_zero(command, mail):
    def row(**settings):
        return next(line.split()[1:] for line in command("top", "--once", **settings).lines if line.startswith("mail "))
    mail.put_many(1, kind="mail.magic_link")
    assert row()[1:6] == ["1", "0", "0", "0", "0"]
    assert row(redis_url="/nowhere/redis.sock") == ["unknown", "-", "-", "-", "-", "0", "-", "-", "-", "-", "-"]
    assert row(database_url="host=/nowhere")[1:6] == ["1", "0", "0", "0", "-"]


def test_no_terminal(command):
    assert "--once" in command("top", status=1).err
    command("top", "x", status=2)


def test_q_ends_it(screen):
    one = screen()
    one.until("workers")
    os.write(one.ours, b"q")
    one.ends()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_leaves_the_terminal_as_it_was(screen, number):
    one = screen()
    one.until("workers")
    one.process.send_signal(number)
    one.ends()


def test_rates_and_sizes(screen, mail):
    one = screen()
    one.until(r"mail +open +0 ")
    mail.put_many(64, kind="mail.magic_link")
    found = one.until(r"mail +open +64 +0 +0 +0 +0 +\S+ +([0-9.]+)")
    assert 0 < float(found[1]) <= 64 * 2
    one.size(8, 40)
    one.process.send_signal(signal.SIGWINCH)
    one.until("\033\\[H[^\n]{0,60}\r\n")
    lines = one.until("(.*?)\033\\[J")[1].split("\r\n")
    widths = [len(re.sub("\033\\[[0-9;?]*[A-Za-z]", "", line)) for line in lines]
    assert max(widths) <= 40 and len(lines) <= 8, lines
    os.write(one.ours, b"q")
    one.ends()


def test_queues_that_come_while_it_looks(screen, sql):
    one = screen(rows=1000)
    one.until("workers")
    sql("insert into job_kind select (jsonb_populate_record(k, jsonb_build_object('name', 'kind.' || i, 'queue', 'late' || i))).*"
        " from job_kind k, generate_series(1, 800) i where k.name = 'mail.magic_link'")
    one.until("late99 .*\033\\[J")
    os.write(one.ours, b"q")
    one.ends()

# SPDX-License-Identifier: GPL-3.0-or-later
"""What the standard library does not offer about Linux processes, ports and logs."""
import ctypes
import os
import signal
import socket
import sys

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
HANDLED = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}      # by the supervisor itself
_libc = ctypes.CDLL(None, use_errno=True)


class Trouble(Exception):
    """Something a person must be told; the text says it all."""


def prctl(option, value):
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "prctl")


def parents():
    """Every process of the machine: pid -> pid of its parent."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as stat:
                found[int(entry)] = int(stat.read().rpartition(b")")[2].split()[1])
        except OSError:
            pass                      # it has ended since listdir()
    return found


def children_of(pid):
    return [child for child, parent in parents().items() if parent == pid]


def tree_of(pid):
    """A process and all that descend from it."""
    family = parents()
    tree = [pid]
    for one in tree:
        tree.extend(child for child, parent in family.items() if parent == one)
    return tree


def kill(pid, number):
    """Send a signal; False when there is nobody left to send it to."""
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def spawn(argv, log, env, cwd, death, stdin=None):
    """Start a program in a session of its own, output appended to log, as good as tied to our life: the kernel
    sends it the signal death when we end, however we end. Only for a process with one thread."""
    parent = os.getpid()
    # What is sent to it before it is the program would be heard by handlers of ours, and lost.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return pid
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGPIPE, *HANDLED):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.setsid()
        prctl(PR_SET_PDEATHSIG, death)
        if os.getppid() != parent:    # it ended before prctl() could know
            os._exit(1)
        out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(os.open(stdin or os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.chdir(cwd)
        os.execve(argv[0], argv, env)
    except OSError as why:
        os.write(2, f"{argv[0]}: {why}\n".encode())
    finally:
        os._exit(127)


def ended(code):
    """The end of a process in words."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"


def free_port():
    """A loopback port that is free now; who binds it must be ready to find it taken."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers_tcp(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers_unix(path, say=b"", expect=b""):
    """True when something accepts at path and, asked to say, answers with what we expect."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(0.5)
        try:
            probe.connect(path)
            probe.sendall(say)
            return not expect or probe.recv(len(expect)) == expect
        except OSError:
            return False


def tail(path, lines=25):
    try:
        with open(path, "rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - 16384))
            text = log.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join("    " + line for line in text.splitlines()[-lines:]) or "    (it is empty)"


def say(text):
    print(text, file=sys.stderr, flush=True)

# SPDX-License-Identifier: GPL-3.0-or-later
"""A private Redis and a private PostgreSQL on unix sockets, and psql to talk to the latter."""
import glob
import os
import pwd
import re
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOM = 2 << 30          # bytes
PATIENCE = 60.0            # seconds anything may take on a busy machine


def until(holds, what, patience=PATIENCE, every=0.01):
    """Wait until holds() is true, and return what it returned."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
        time.sleep(every)
    raise AssertionError(f"not within {patience:g} s: {what}")


def listens(path):
    """There is a moment between the socket's being there and that."""
    with socket.socket(socket.AF_UNIX) as one:
        return one.connect_ex(path) == 0


def folder_with_room():
    """In memory, where there is enough: a database is a thousand files, and to make those on a disk is what it costs. None: where
    temporary files are."""
    try:
        there = os.statvfs("/dev/shm")
        available = next(int(line.split()[1]) << 10 for line in open("/proc/meminfo", encoding="ascii") if line.startswith("MemAvailable"))
    except OSError:
        return None
    return "/dev/shm" if there.f_bavail * there.f_frsize >= ROOM and available >= 2 * ROOM else None


def postgres_folder():
    return max(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))


class Servers:
    """Both servers, their files in a folder of their own. PostgreSQL will not run as root: then it runs as postgres."""

    def __init__(self):
        self.bin = postgres_folder()
        self.folder = Path(tempfile.mkdtemp(prefix="mrq-", dir=folder_with_room()))
        self.redis_socket = str(self.folder / "redis.sock")
        self.database_number, self.admin = 0, None
        self.who = {"user": "postgres", "group": pwd.getpwnam("postgres").pw_gid} if os.geteuid() == 0 else {}
        if self.who:
            os.chown(self.folder, pwd.getpwnam("postgres").pw_uid, -1)
        self.running = []
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _spawn(self, *argv):
        with open(self.folder / "log", "ab") as log:
            self.running.append(subprocess.Popen(argv, stdout=log, stderr=log, cwd="/", **self.who))

    def _start(self):
        data = str(self.folder / "data")
        subprocess.run([f"{self.bin}/initdb", "-D", data, "-U", "millrace", "-A", "trust", "--no-sync", "-E", "UTF8",
                        "--locale=C.UTF-8"], check=True, stdout=subprocess.DEVNULL, cwd="/", **self.who)
        self._spawn(f"{self.bin}/postgres", "-D", data, "-c", "listen_addresses=", "-c", "fsync=off", "-c",
                    "max_wal_size=128MB", "-c", f"unix_socket_directories={self.folder}")
        self.start_redis()
        until(lambda: subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", str(self.folder)]).returncode == 0,
              "PostgreSQL is ready")

    def start_redis(self):
        self._spawn("redis-server", "--port", "0", "--unixsocket", self.redis_socket, "--unixsocketperm", "777",
                    "--dir", str(self.folder), "--save", "", "--maxmemory", "512mb")
        self.redis = self.running[-1]
        until(lambda: listens(self.redis_socket), "Redis listens")

    def stop_redis(self):
        self.redis.kill()
        self.redis.wait()
        self.running.remove(self.redis)
        os.unlink(self.redis_socket)

    def stop(self):
        if self.admin:
            self.admin.close()
        for process in self.running:
            process.send_signal(2)        # PostgreSQL's fast shutdown, and Redis ends on it as well
        for process in self.running:
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
        subprocess.run(["rm", "-rf", str(self.folder)], check=True)

    def url(self, database):
        return f"host={self.folder} user=millrace dbname={database}"

    def new_database(self, template="template1"):
        self.database_number += 1
        name = f"t{self.database_number}"
        self._administer(f"create database {name} template {template}")
        return name

    def drop_database(self, name):
        """At once what nobody needs any more: its files have not been written to the disk by then."""
        self._administer(f"drop database {name} with (force)")

    def _administer(self, sql):
        if not self.admin:
            self.admin = Session(self.url("postgres"))
        self.admin(sql)


class Refused(Exception):
    """What PostgreSQL answered: its SQLSTATE and message."""

    def __init__(self, text):
        super().__init__(text)
        self.sqlstate = re.search(r"ERROR:\s+(\w+):", text).group(1)


class Session:
    """One psql, so one connection: call it with SQL for its rows (lists of texts), or send() and take() apart, where a
    statement is expected to wait for another session."""
    MARK = "--end-of-answer--"

    def __init__(self, url):
        self.psql = subprocess.Popen(["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-d", url], text=True, bufsize=1,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self("\\set VERBOSITY verbose")
        self("set client_min_messages = warning")
        self.pid = int(self("select pg_backend_pid()")[0][0])

    def close(self):
        self.psql.stdin.close()
        self.psql.wait(PATIENCE)
        self.psql.stdout.close()

    def send(self, sql):
        end = "" if sql.startswith("\\") else ";"
        self.psql.stdin.write(f"{sql}{end}\n\\echo {self.MARK}\n")
        self.psql.stdin.flush()

    def take(self):
        lines = []
        for line in self.psql.stdout:
            if line.rstrip("\n") == self.MARK:
                break
            lines.append(line.rstrip("\n"))
        else:
            raise ConnectionError("\n".join(lines))
        text = "\n".join(lines)
        if "ERROR:" in text:
            raise Refused(text)
        return [line.split("\t") for line in lines if line]

    def __call__(self, sql):
        self.send(sql)
        return self.take()

    def one(self, sql):
        """The only value of the only row."""
        rows = self(sql)
        assert len(rows) == 1 and len(rows[0]) == 1, rows
        return rows[0][0]

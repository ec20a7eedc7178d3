# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a stack's state lies, who owns it, and who holds it. Run by the caller of tools/stack, maybe as root."""
import fcntl
import filecmp
import hashlib
import os
import pwd
import re
import shutil
import stat
import subprocess
import time
from pathlib import Path

from .system import Trouble
from .webserver import FOLDERS

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("millrace", "millrace-front", "millrace-worker", "millrace-scheduler", "millrace-sandbox", "millrace-runner-image")
SOCKET_PATH_LIMIT = 107
LONGEST_SOCKET = "/run/.s.PGSQL.5432"


def account():
    """Whom the services run as: ourselves, but never root."""
    if os.geteuid():
        return pwd.getpwuid(os.geteuid())
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    raise Trouble("neither the user postgres nor nobody exists, and services do not run as root")


def check_build(variant):
    """The folder of the variant's programs, if they are there."""
    build = ROOT / "build" / variant
    missing = [program for program in PROGRAMS if not os.access(build / program, os.X_OK)]
    if missing:
        raise Trouble(f"build/{variant} lacks {', '.join(missing)}: make V={variant}")
    return build


class Place:
    """var/NAME of this checkout: the state folder itself, or a link to it where that folder would not do."""

    def __init__(self, name):
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,30}", name):
            raise Trouble(f"'{name}' is no name for a stack: small letters, digits, - and _, 31 at most")
        self.name = name
        self.link = ROOT / "var" / name
        self.user = account()
        self.lock = -1

    @property
    def state(self):
        return Path(os.path.realpath(self.link))

    @property
    def control(self):
        return str(self.state / "run" / "control")

    def log(self, service):
        return self.state / "log" / f"{service}.log"

    def as_user(self):
        """Arguments for subprocess that make the child the account."""
        if os.geteuid():
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    @staticmethod
    def _short(folder):
        return len(os.fsencode(str(folder) + LONGEST_SOCKET)) <= SOCKET_PATH_LIMIT

    def _reachable(self, folder):
        return subprocess.run(["/usr/bin/test", "-x", folder], cwd="/", **self.as_user()).returncode == 0

    def _elsewhere(self):
        digest = hashlib.sha256(str(self.link).encode()).hexdigest()[:12]
        return Path(f"/tmp/millrace-{self.user.pw_uid}-{digest}")

    def _make_folder(self, folder):
        try:
            folder.mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(folder, self.user.pw_uid, self.user.pw_gid)
        except FileExistsError:
            pass
        found = folder.lstat()
        private = stat.S_ISDIR(found.st_mode) and found.st_uid == self.user.pw_uid and not found.st_mode & 0o077
        if not private:
            raise Trouble(f"{folder} is not a private folder of {self.user.pw_name}: remove it")

    def make(self):
        """Make the state folder, or find the one that is there."""
        self.link.parent.mkdir(exist_ok=True)
        if self.link.is_symlink():
            self._make_folder(Path(os.readlink(self.link)))
        elif self.link.exists():
            self._make_folder(self.link)
        elif self._short(self.link) and self._reachable(self.link.parent):
            self._make_folder(self.link)
        else:
            self._make_folder(self._elsewhere())
            self.link.symlink_to(self._elsewhere())

    def hold(self, patience=0.0):
        """Take the stack: True when nobody else (a supervisor, another caller) has it. The lock is the folder's own,
        so that it goes with its holder, and a supervisor inherits it."""
        until = time.monotonic() + patience
        while True:
            if not self.state.is_dir():
                return False
            fd = os.open(self.state, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                if time.monotonic() >= until:
                    return False
                time.sleep(0.02)
                continue
            if self.state.is_dir() and os.path.samestat(os.fstat(fd), os.stat(self.state)):
                self.lock = fd
                return True
            os.close(fd)              # removed under our hands

    def release(self):
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1

    @staticmethod
    def _parts(variant):
        """What runs: (its place in bin, the files, their mode)."""
        build, tools = check_build(variant), ROOT / "tools"
        yield "", sorted(file for file in build.glob("millrace*") if os.access(file, os.X_OK)) + [tools / "stack", tools / "mailcatcher"], 0o755
        yield "stacklib", sorted((tools / "stacklib").glob("*.*")), 0o644
        for name in FOLDERS:
            yield name, sorted((ROOT / "etc" / name).glob("millrace*")), 0o644
        for page in ("docs", "redoc"):                                   # only when make web has made them
            yield f"web/{page}", sorted((ROOT / "build" / "web" / page).glob("*.*")), 0o644

    def install(self, variant):
        """Copy what runs into the state folder: the account may be unable to reach the checkout, and the programs
        may be built anew while these run."""
        for name, files, mode in self._parts(variant):
            folder = self.state / "bin" / name
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            self._copy(folder, files, mode)

    def is_current(self, variant):
        """Whether what was copied is what there is to copy: nothing has been built since, and of no other variant."""
        return all(filecmp.cmp(file, there, shallow=False) if (there := self.state / "bin" / name / file.name).exists() else False
                   for name, files, _ in self._parts(variant) for file in files)

    def install_s3(self):
        """The S3 server that tests store into."""
        if not (ROOT / "build" / "s3" / "installed").exists():
            raise Trouble("storage.backend = s3 wants an S3 server: make build/s3/installed")
        shutil.copytree(ROOT / "build" / "s3", self.state / "bin" / "s3", symlinks=True, dirs_exist_ok=True)

    @staticmethod
    def _copy(folder, files, mode):
        for file in files:
            new = folder / f".{file.name}.new"
            shutil.copyfile(file, new)
            new.chmod(mode)
            new.rename(folder / file.name)     # a running program keeps the file it was started from

    def remove(self):
        """Leave nothing behind."""
        state = self.state
        shutil.rmtree(state, ignore_errors=True)
        if self.link.is_symlink():
            self.link.unlink()
        if state.exists():
            raise Trouble(f"{state} cannot be removed")

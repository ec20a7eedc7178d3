# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stack consists of: one row a service, and the configuration they share."""
import glob
import json
import os
import secrets
import signal
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from .system import Trouble, answers_tcp, answers_unix, free_port
from .webserver import WEB_SERVERS, pid_in, placeholders, program_of, templates

ENVIRONMENT_KEPT = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TZ")
PRODUCTS = ("nutrition", "smsagent", "expenses", "ailice", "figureforge")
S3 = {"storage.bucket": "files", "storage.region": "eu-test-1", "storage.access_key": "STACK", "storage.path_style": "yes"}
FSYNC_OFF = ("fsync=off", "full_page_writes=off")   # survives a killed server, not a killed machine


@dataclass
class Row:
    name: str
    stage: int                             # stages are stopped one after the other, a stage's services together
    argv: list
    answers: Callable = lambda pid: True   # is the service of this pid ready? Asked until it is.
    stop: int = signal.SIGTERM             # ends it in order ...
    patience: float = 10                   # ... within these seconds
    death: int = signal.SIGKILL            # what the kernel sends it when the supervisor dies
    leftovers: list = field(default_factory=list)   # removed before each start


def program(name):
    for folder in ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"):
        if os.access(f"{folder}/{name}", os.X_OK):
            return f"{folder}/{name}"
    raise Trouble(f"{name} is not installed: tools/deps run")


def postgres_folder():
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    if not found:
        raise Trouble("PostgreSQL is not installed: tools/deps run")
    return str(Path(max(found, key=lambda path: int(path.split("/")[4]))).parent)


class Fleet:
    """Paths, ports and rows of one stack; state is its folder, plan what the caller of `up` asked for."""

    def __init__(self, state, plan):
        self.state, self.plan = Path(state), plan
        self.run, self.bin = self.state / "run", self.state / "bin"
        self.web = WEB_SERVERS[plan["server"]]
        self.postgres = postgres_folder()
        self.port = self.smtp_port = self.s3_port = self.sandbox_port = 0
        self.last_port()
        self.new_smtp_port()
        self.new_s3_port()
        self.new_sandbox_port()

    def path(self, *parts):
        return str(self.state.joinpath(*parts))

    def last_port(self):
        """Where it was when it was up last: a stack that is restarted stays where its user knows it. Another when that is taken."""
        try:
            self.port = json.loads((self.state / "stack.json").read_text())["port"]
        except (OSError, ValueError, KeyError):
            self.new_port()

    def new_port(self):
        self.port = free_port()

    def new_smtp_port(self):
        self.smtp_port = free_port()

    def new_s3_port(self):
        self.s3_port = free_port()

    def new_sandbox_port(self):
        self.sandbox_port = free_port()

    @property
    def has_sandbox(self):
        """The outside has stand-ins: not where a stack is to be as in production."""
        return self.plan["set"].get("environment", "sandbox") == "sandbox"

    @property
    def has_s3(self):
        """Files go to an S3 of the stack's own."""
        return self.plan["set"].get("storage.backend") == "s3"

    @property
    def environment(self):
        kept = {name: os.environ[name] for name in ENVIRONMENT_KEPT if name in os.environ}
        return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
                "HOME": str(self.state), **kept}

    @property
    def database_url(self):
        return f"host={self.run} user=millrace dbname=millrace"

    def folders(self):
        for name in ("run", "redis", "mail", "files", "work", "tmp", self.web.program, f"{self.web.program}/htdocs"):
            (self.state / name).mkdir(mode=0o700, exist_ok=True)

    # -- rows ------------------------------------------------------------------------------------------------------

    def rows(self):
        """First those that take work in, then those that do it, last what they stand on."""
        millrace = [self._millrace("front", 1, "front", [], lambda pid: answers_unix(self.path("run", "front")),
                                   leftovers=[self.path("run", "front")])] if self.web.front else []
        for queue in self._queues():
            for number in range(1, self.plan["workers"].get(queue, 1) + 1):
                name = queue if number == 1 else f"{queue}{number}"
                millrace.append(self._millrace(name, 2, "worker", [queue], patience=40))
        millrace.append(self._millrace("scheduler", 3, "scheduler", []))
        if self.has_sandbox:
            millrace += [self._sandbox_web(), self._millrace("sandbox", 4, "sandbox", [],
                                                             lambda pid: answers_unix(self.path("run", "sandbox")),
                                                             leftovers=[self.path("run", "sandbox")])]
        return [self._web(), *millrace, self._mailcatcher(), *([self._s3()] if self.has_s3 else []), self._redis(),
                self._postgres()]

    def _queues(self):
        """Those that there are kinds of jobs for: the program knows."""
        asked = subprocess.run([self.path("bin", "millrace-worker"), "--queues"], env=self.environment, stdout=subprocess.PIPE,
                               check=True, text=True)
        return asked.stdout.split()

    def _millrace(self, name, stage, which, arguments, answers=lambda pid: True, **more):
        argv = [str(self.bin / f"millrace-{which}"), "--config", self.path("millrace.conf"), *arguments]
        return Row(name, stage, argv, answers, **more)

    def _postgres(self):
        options = [f"unix_socket_directories={self.run}", "listen_addresses=", "shared_buffers=64MB",
                   "max_connections=200", "log_min_messages=warning", "log_line_prefix=%m [%p] "]
        options += FSYNC_OFF if self.plan["fast"] else ()
        argv = [f"{self.postgres}/postgres", "-D", self.path("data")]
        for option in options:
            argv += ["-c", option]
        return Row("postgres", 6, argv, self._postgres_answers, stop=signal.SIGINT, patience=30, death=signal.SIGQUIT)

    def _postgres_answers(self, pid):
        """As pg_ctl does it: the server writes its state into the eighth line of its pid file."""
        try:
            lines = (self.state / "data" / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _redis(self):
        socket_path = self.path("run", "redis")
        argv = [program("redis-server"), "--port", "0", "--unixsocket", socket_path, "--unixsocketperm", "700",
                "--dir", self.path("redis"), "--save", "", "--appendonly", "yes", "--appendfsync", "everysec",
                "--maxmemory", "256mb", "--maxmemory-policy", "noeviction",
                "--hash-max-listpack-entries", "16", "--zset-max-listpack-entries", "16"]
        return Row("redis", 5, argv, lambda pid: answers_unix(socket_path, b"PING\r\n", b"+PONG"),
                   leftovers=[socket_path])

    def _mailcatcher(self):
        socket_path = self.path("run", "mail")
        argv = ["/usr/bin/python3", "-B", str(self.bin / "mailcatcher"), "--port", str(self.smtp_port),
                "--socket", socket_path, "--folder", self.path("mail")]
        return Row("mailcatcher", 4, argv, lambda pid: answers_unix(socket_path), leftovers=[socket_path])

    def _s3(self):
        argv = [program("node"), "--openssl-legacy-provider", str(self.bin / "s3" / "server.mjs"), str(self.s3_port), self.path("s3"), S3["storage.bucket"],
                S3["storage.region"], S3["storage.access_key"], self.secret("s3.secret")]
        return Row("s3", 4, argv, lambda pid: answers_tcp(self.s3_port))

    def _web(self):
        argv = [program_of(self.web), *(word.format(state=self.state) for word in self.web.argv)]
        return Row(self.web.program, 0, argv, self._web_answers, stop=signal.Signals[self.web.stop], patience=3,
                   death=signal.SIGTERM, leftovers=[self.path("run", f"{self.web.program}.pid")])

    def _web_answers(self, pid):
        """The pid file is written once the port is ours: somebody else's port would answer as well."""
        return pid_in(self.run / f"{self.web.program}.pid") == pid and answers_tcp(self.port)

    def _sandbox_web(self):
        """The sandbox has an nginx of its own, whichever web server is in front of the products."""
        argv = [program("nginx"), "-e", "stderr", "-p", str(self.state), "-c", self.path("nginx-sandbox.conf")]
        pid_file = self.run / "nginx-sandbox.pid"
        return Row("sandbox-nginx", 3, argv, lambda pid: pid_in(pid_file) == pid and answers_tcp(self.sandbox_port),
                   stop=signal.SIGQUIT, patience=3, death=signal.SIGTERM, leftovers=[str(pid_file)])

    # -- files -----------------------------------------------------------------------------------------------------

    def write(self, name, text):
        """A file appears whole, readable by its owner only."""
        file = self.state / name
        new = file.with_name(f".{file.name}.new")
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w") as out:
            out.write(text)
        new.rename(file)

    def write_web(self):
        access_log = self.path("log", "access.log") if self.plan["access_log"] else "off"
        values = placeholders(self.web, self.state, self.port, access_log)
        for template in templates(self.web, self.bin):
            text = template.read_text()
            for key, value in values.items():
                text = text.replace(f"@{key}@", str(value))
            self.write(f"{self.web.program}/{template.name}", text)

        if self.has_sandbox:
            text = (self.bin / "stacklib" / "nginx-sandbox.conf").read_text()
            for key, value in {"PORT": self.sandbox_port, "STATE": self.state}.items():
                text = text.replace(f"@{key}@", str(value))
            self.write("nginx-sandbox.conf", text)

    def write_config(self):
        """millrace.conf."""
        values = {
            "environment": "sandbox",
            "secret": self.secret("secret"),
            "keys.file": self.path("keys"),
            "database.url": self.database_url,
            "redis.url": self.path("run", "redis"),
            "front.socket": self.path("run", "front"),
            "front.sendfile": self.web.sendfile,
            "front.trusted_proxies": "127.0.0.1",
            "front.pages": str(self.bin / "web"),
            "front.operators": "yes",
            "operator.url": f"http://127.0.0.1:{self.port}",
            "password.memory": "8",
            "stripe.webhook_secret": "whsec_12345678901234567890123456789012",
            "twilio.token": "12345678901234567890123456789012",
            "ai.settle": "1",
            "sms.settle": "1",
            "sms.turn": "2",
            "front.unlimited": "10.*, 127.0.0.1",
            **{f"{product}.url": f"http://127.0.0.1:{self.port}/{product}" for product in PRODUCTS},
            **self._sandbox_values(),
            "worker.runner": str(self.bin / "millrace-runner"),
            "worker.folder": self.path("work"),
            "storage.folder": self.path("files"),
            "hook.allow": "127.0.0.77:*",
            "smtp.url": f"smtp://127.0.0.1:{self.smtp_port}",
            "reply.length": "160",
            "smtp.from": "Millrace <no-reply@millrace.test>",
            **self._s3_values(),
            **self.plan["set"],
        }
        self.write("millrace.conf", "".join(f"{key} = {value}\n" for key, value in values.items()))

    def secret(self, name):
        """It outlives a restart of the stack, as long as its state does."""
        file = self.state / name
        if not file.exists():
            self.write(name, secrets.token_hex(32))
        return file.read_text()

    def _s3_values(self):
        if not self.has_s3:
            return {}
        return {**S3, "storage.secret_key": self.secret("s3.secret"), "storage.endpoint": f"http://127.0.0.1:{self.s3_port}"}

    def _sandbox_values(self):
        if not self.has_sandbox:
            return {}
        return {"sandbox.url": f"http://127.0.0.1:{self.sandbox_port}", "sandbox.socket": self.path("run", "sandbox"),
                "sandbox.mail": self.path("run", "mail"), "twilio.account": "AC" + "0" * 31 + "1",
                "twilio.from": "+15550001234"}

    def described(self):
        """The part of stack.json that does not change while the stack is up."""
        return {"name": self.plan["name"], "variant": self.plan["variant"], "server": self.plan["server"],
                "url": f"http://127.0.0.1:{self.port}", "port": self.port, "state": str(self.state),
                "config": self.path("millrace.conf"), "bin": str(self.bin),
                "database_url": self.database_url, "redis": self.path("run", "redis"),
                "front": self.path("run", "front"), "storage": self.path("files"),
                "smtp_port": self.smtp_port, "mail": self.path("run", "mail"), "mail_folder": self.path("mail"),
                **({"sandbox": f"http://127.0.0.1:{self.sandbox_port}"} if self.has_sandbox else {}),
                **({"s3": f"http://127.0.0.1:{self.s3_port}", "s3_folder": self.path("s3", S3["storage.bucket"])}
                   if self.has_s3 else {}),
                "log_dir": self.path("log"), "control": self.path("run", "control")}


def http_status(port, target):
    """Status of one GET, 0 when there is no answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as to:
            to.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            return int(to.recv(64).split()[1])
    except (OSError, IndexError, ValueError):
        return 0

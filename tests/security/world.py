# SPDX-License-Identifier: GPL-3.0-or-later
"""The stack under attack, its rows, and the people of each product."""
import itertools
import json
import secrets
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

from client import Client, Mailbox, ask, load_stack
from database import Database
from dialects import scheme_of
from forge import REFRESH, Forge
from wire import Wire

GUARDED = ("SIGNED_IN", "ADMIN")
REALM = "operator"        # of those who run the installation: no product, and its people have sessions only


@dataclass
class Tally:
    """What the suite has done. `note` is what a Client calls."""
    rows: int = 0
    calls: int = 0
    mutations: int = 0
    held_open: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, *_):
        with self.lock:
            self.calls += 1

    def line(self):
        return (f"security: {self.rows} rows, {self.calls} calls, {self.mutations} mutations, "
                f"{self.held_open} held open")


class Person(Client):
    """A client with an account: .username, .email, .password, .account (its number)."""

    @property
    def authorization(self):
        return f"{scheme_of(self.product)} {self.token}".encode()

    @property
    def proof(self):
        """The headers that say who calls."""
        if self.headers:
            return [(name.encode(), value.encode()) for name, value in self.headers.items()]
        return [(b"Authorization", self.authorization)] if self.token else []


class World:
    _numbers = itertools.count(1)

    def __init__(self, tally=None):
        self.stack = load_stack()
        self._database = Database(self.stack["database_url"])
        self.tally = tally or Tally()
        self.rows = json.loads(self.output(f"{self.stack['bin']}/millrace-front", "--endpoints"))
        self.tally.rows = len(self.rows)
        lines = Path(self.stack["config"]).read_text().splitlines()
        self.settings = dict(line.split(" = ", 1) for line in lines if " = " in line)
        self.forge = Forge(self.settings["secret"])
        self.mailbox = Mailbox(self.stack)
        self._known = {}

    @property
    def products(self):
        return list(dict.fromkeys(row["product"] for row in self.rows))

    def guarded(self, product=None):
        return [row for row in self.rows if row["who"] in GUARDED and product in (None, row["product"])]

    # -- the stack -------------------------------------------------------------------------------------------------

    @staticmethod
    def output(*argv, text=""):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, input=text, check=False)
        assert done.returncode == 0, f"{argv}: {done.returncode}: {done.stderr}"
        return done.stdout

    def operator(self, *words, text=""):
        return self.output(f"{self.stack['bin']}/millrace", "--config", self.stack["config"], *words, text=text)

    def sql(self, statement):
        return self._database(statement)

    def redis(self, *words):
        return self.output("redis-cli", "-s", self.stack["redis"], *words)

    def ctl(self, action, service):
        told = ask(self.stack["control"], {"do": action, "service": service})
        assert "error" not in told, told

    def starts(self):
        services = ask(self.stack["control"], {"do": "status"})["services"]
        return {service["name"]: service["starts"] for service in services}

    def front_pid(self):
        return load_stack()["pids"]["front"]

    def front_memory(self):
        """Resident memory of the front, in bytes."""
        status = Path(f"/proc/{self.front_pid()}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) * 1024

    def log(self, service):
        return Path(self.stack["log_dir"]) / f"{service}.log"

    def wire(self):
        return Wire(self.stack["port"], self.tally)

    # -- people ----------------------------------------------------------------------------------------------------

    def nobody(self, product):
        return Person(self.stack, product, self.tally)

    def new_person(self, product, role="user"):
        """Somebody with an account of his own, signed in."""
        person = self.nobody(product)
        person.username = f"s{next(self._numbers)}-{secrets.token_hex(4)}"
        person.email, person.password = f"{person.username}@example.org", f"secret {person.username}!"
        if product == REALM:
            return self._new_operator(person, "operator" if role == "admin" else "viewer")
        said = self.operator("user", "add", "--role", role, product, person.username, person.email,
                             text=person.password + "\n")
        person.account = int(said.split("account ")[1].split()[0])
        self.renew(person)
        return person

    def _new_operator(self, person, role):
        """His token is what his cookie holds; it goes with a session's two headers only."""
        self.operator("operator", "add", person.username, "--role", role, text=person.password + "\n")
        opened = person.post("/api/session", {"name": person.username, "password": person.password}, 201)
        cookie = opened.http.headers["Set-Cookie"].split(";")[0]
        person.headers = {"Cookie": cookie, "X-CSRF-Token": opened.csrf_token}
        person.token = cookie.partition("=")[2]
        person.account = int(person.token.split(".")[0])
        return person

    def renew(self, person):
        """Another token of the same account."""
        if person.product == "smsagent":
            typed = {"username": person.username, "password": person.password}
            person.token = person.post("/api/auth/token/", typed).token
        else:
            person.token = self.forge.token(person.account, aud=person.product)

    def renew_quickly(self, person):
        """Without asking: of those whose tokens can be forged."""
        if person.product not in ("smsagent", REALM):
            self.renew(person)

    def person(self, product, name, role="user"):
        """The same somebody each time: person("expenses", "alice")."""
        key = product, name, role
        if key not in self._known:
            self._known[key] = self.new_person(product, role)
        return self._known[key]

    def caller(self, row, name="alice"):
        """Somebody who may call the row."""
        return self.person(row["product"], name, "admin" if row["who"] == "ADMIN" else "user")

    def victim(self, row):
        """As caller(), for requests that may end what calls them: somebody whose account and token still stand."""
        role = "admin" if row["who"] == "ADMIN" else "user"
        if row["product"] == REALM:
            return self.new_person(REALM, role)
        person = self._known.get((row["product"], "mallory", role))
        if person and self.sql(f"select deleted_at is null from account where id = {person.account}") != "t":
            del self._known[row["product"], "mallory", role]
        person = self.person(row["product"], "mallory", role)
        self.renew(person)
        return person

    def refresh_token(self, person):
        return self.forge.token(person.account, key=self.forge.key(REFRESH), aud=person.product, typ="refresh")

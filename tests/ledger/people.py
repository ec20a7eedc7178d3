# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts by the dozen, and connections that stay open: hundreds of calls a second, each through the whole of the front."""
import http.client
import itertools
import json
import os
import threading
import time
from collections import Counter
from pathlib import Path

from database import Database
from forge import Forge

PATIENCE = 60.0
IDLE = 20.0         # seconds; the web server closes what has said nothing for longer
# Whoever works for hours makes more calls than others.
MADE = """with made as (insert into account (product, email, username, tier, verified_at)
  select 'expenses', 'ledger-' || '%(mark)s-' || n || '@example.org', 'ledger-%(mark)s-' || n, 'premium', now() from generate_series(1, %(count)s) n
  returning id),
profile as (insert into expenses.profile (account_id, first_name, last_name, preferred_currency, timezone)
  select id, 'Ledger', id::text, 'USD', 'UTC' from made)
select string_agg(id::text, ' ' order by id) from made"""


class Office:
    """The stack as the suite sees it."""
    _marks = itertools.count()

    def __init__(self):
        self.stack = json.loads(Path(os.environ["MILLRACE_STACK"]).read_text())
        self._database = Database(self.stack["database_url"])
        lines = Path(self.stack["config"]).read_text().splitlines()
        self.forge = Forge(dict(line.split(" = ", 1) for line in lines if " = " in line)["secret"])
        self.counts, self._threads, self._people, self._lock = Counter(), threading.local(), [], threading.Lock()

    def sql(self, statement):
        return self._database(statement)

    def people(self, count):
        """Accounts that nobody else has, in the order of their numbers."""
        with self._lock:
            while len(self._people) < count:
                made = self.sql(MADE % {"mark": f"{os.getpid()}-{next(self._marks)}", "count": 100})
                self._people += [Person(self, int(number)) for number in made.split()]
            taken, self._people = self._people[:count], self._people[count:]
        return taken

    def ask(self, person, method, path, body=None):
        """Status and body. Each thread has a connection of its own."""
        mine = self._threads
        if not hasattr(mine, "connection"):
            mine.connection, mine.used = http.client.HTTPConnection("127.0.0.1", self.stack["port"], timeout=PATIENCE), 0.0
        connection, idle, mine.used = mine.connection, time.monotonic() - mine.used, time.monotonic()
        if idle > IDLE:
            connection.close()                      # it is opened again by the request
        headers = {"Authorization": f"Bearer {person.token}", "X-Forwarded-For": person.address}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, f"/expenses/api{path}", json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        said = answer.read()
        self.counts["calls"] += 1
        return answer.status, json.loads(said) if said else {}


class Person:
    def __init__(self, office, number):
        self.office, self.number, self.ref = office, number, f"usr_{number}"
        self.address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        self.token = office.forge.token(number, aud="expenses", exp=int(time.time()) + 86400)

    def call(self, method, path, body=None, expect=(200, 201, 204)):
        """What came, when it is what was expected: the data of it, or the status of a refusal."""
        status, answer = self.office.ask(self, method, path, body)
        assert status in expect, f"{method} {path} {json.dumps(body)}: {status}: {json.dumps(answer)[:500]}"
        return answer.get("data", {}) if status < 300 else status

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body=None, expect=(200, 201)):
        return self.call("POST", path, body if body is not None else {}, expect)

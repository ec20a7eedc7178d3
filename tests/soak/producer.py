# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts jobs as products do: through SQL, then the put script; sometimes it dies in between. It keeps a ledger of what was
committed, and of what it was not told of."""
import json
import random
import re
import threading
import time
import uuid

from resp import RedisError
from servers import Refused
from engine import ROOT, embedded

PRODUCT = "soak"
PUT = embedded("eval", ROOT / "queue/scripts/put.lua")


def literal(value):
    if value is None:
        return "null"
    return "'" + str(value).replace("'", "''") + "'"


class Producer(threading.Thread):
    def __init__(self, fleet, seed, pace):
        super().__init__(daemon=True)
        self.fleet, self.dice, self.pace = fleet, random.Random(seed * 7 + 1), pace
        self.over = threading.Event()
        self.session = self.redis = None
        self.ledger = open(fleet.path("log", "puts"), "a", buffering=1)
        self.sure, self.unknown, self.batches, self.cancelled, self.kicked = {}, set(), {}, set(), set()
        self.refused = 0

    def run(self):
        while not self.over.is_set():
            one, weight = zip(*self.things())
            self.dice.choices(one, weight)[0]()
            self.over.wait(self.dice.expovariate(self.pace))

    def things(self):
        return ((self.quick, 30), (self.many, 6), (self.slow, 40), (self.wait, 30), (self.fail, 10), (self.delayed, 12),
                (self.keyed, 12), (self.unique, 10), (self.chain, 6), (self.batch, 6), (self.cancel, 4), (self.kick, 4),
                (self.far, 1))

    # -- the servers -------------------------------------------------------------------------------------------------

    def sql(self, text, ids=(), batch=None, expected=None):
        """Run one transaction. Rows; None when it was refused, or when nobody knows (then ids are written down as such)."""
        try:
            self.session = self.session or self.fleet.session()
        except (ConnectionError, BrokenPipeError, AssertionError, ValueError, IndexError, OSError):
            self.session = None
            self.over.wait(0.3)
            return None
        try:
            rows = self.session(text)
        except Refused as why:
            if why.sqlstate.startswith(("57", "08")):       # the server ends; what it had done is not known
                self._note("unknown", ids)
                self.session = None
            else:
                self.refused += 1
                self.ledger.write(f"refused {why.sqlstate} {str(why).splitlines()[0]}\n")
                if "begin" in text:
                    self._rollback()
            return None
        except (ConnectionError, BrokenPipeError, OSError):
            self._note("unknown", ids)
            self.session = None
            return None
        self._note("put", ids)
        return rows

    def _rollback(self):
        try:
            self.session("rollback")
        except (Refused, ConnectionError, BrokenPipeError, OSError):
            self.session = None

    def _note(self, what, ids):
        for job in ids:
            self.ledger.write(f"{what} {job}\n")
            if what == "put":
                self.sure[job] = time.time()
            else:
                self.unknown.add(job)

    def tell(self, tickets):
        """Tell Redis, or die before it; now and then twice."""
        times = self.dice.choices((0, 1, 2), (15, 75, 10))[0]
        for ticket in tickets:
            match = re.fullmatch(r"(\S+) (\S+) (\S+)", ticket or "")
            for _ in range(times if match else 0):
                self._put(*match.groups())

    def _put(self, queue, job, packed):
        try:
            self.redis = self.redis or self.fleet.redis(1)
            self.redis("EVAL", PUT, 1, f"mr1:{{q:{queue}}}:", job, packed)
        except RedisError:
            pass
        except (OSError, ConnectionError):
            self.redis = None

    # -- a put -------------------------------------------------------------------------------------------------------

    def new_id(self):
        """As job_id_make() does it, so that it is known before the commit."""
        ms = int(time.time() * 1000).to_bytes(6, "big")
        raw = bytearray(ms + self.dice.randbytes(10))
        raw[6], raw[8] = raw[6] & 15 | 0x70, raw[8] & 63 | 128
        return str(uuid.UUID(bytes=bytes(raw)))

    def tenant(self):
        return f"t{min(int(self.dice.expovariate(0.5)), 11)}"

    def call(self, kind, **more):
        """The text of a job_put."""
        args = more.pop("args", {})
        named = {"kind": literal(kind), "product": literal(PRODUCT), "tenant": literal(more.pop("tenant", self.tenant())),
                 "account_id": "null", "args": literal(json.dumps(args)), "priority": str(more.pop("priority", self.priority()))}
        named.update({name: str(value) for name, value in more.items()})
        return "job_put(" + ", ".join(f"{name} => {value}" for name, value in named.items()) + ")"

    def priority(self):
        return self.dice.choices((0, 1, 2, 3), (5, 15, 60, 20))[0]

    def put(self, kind, **more):
        job = self.new_id()
        rows = self.sql(f"select job_ticket(j.*) from {self.call(kind, id=literal(job), **more)} as j", [job])
        if rows:
            self.tell([rows[0][0]])
        return job if rows else None

    # -- things to do ------------------------------------------------------------------------------------------------

    def quick(self):
        self.put("soak.quick")

    def slow(self):
        self.put("soak.slow", args={"ms": self.length()})

    def length(self):
        """Milliseconds; a few outlive a lease, as many as take the same share of slots whatever it is."""
        lease = self.fleet.options.lease
        if self.dice.random() < 0.4 / lease:
            return lease * 1600
        return self.dice.choice((200, 200, 200, 300, 300, 500, 500, 800, 1500, 3000))

    def wait(self):
        self.put("soak.wait", args={"ms": self.length()})

    def fail(self):
        self.put(self.dice.choice(("soak.fail", "soak.fail", "soak.wait", "soak.slow")),
                 args={"ms": 200, "fails": self.dice.choice((1, 1, 2, 9))})

    def delayed(self):
        self.put(self.dice.choice(("soak.quick", "soak.slow")), due_at=f"now() + interval '{self.dice.uniform(0.1, 8):.3f} s'")

    def keyed(self):
        self.put(self.dice.choice(("soak.slow", "soak.wait")), args={"ms": self.length()},
                 key=literal(f"k{self.dice.randrange(6)}"))

    def far(self):
        """Due beyond the ten minutes that Redis hears of; a short soak cancels it at the end."""
        self.put("soak.quick", due_at=f"now() + interval '{self.dice.uniform(601, 640):.3f} s'")

    def many(self):
        kind, n = self.dice.choice(("soak.quick", "soak.wait", "soak.linked")), self.dice.randrange(2, 60)
        args = ", ".join(literal(json.dumps({"ms": 100})) + "::json" for _ in range(n))
        tenants = ", ".join(literal(self.tenant()) for _ in range(n))
        rows = self.sql(f"select ticket, id from job_put_many({literal(kind)}, {literal(PRODUCT)}, array[{args}], "
                        f"tenants => array[{tenants}])")
        if rows:
            self._note("put", [row[1] for row in rows])
            self.tell([row[0] for row in rows])

    def unique(self):
        name = f"only{self.dice.randrange(8)}"
        rows = self.sql(f"select job_ticket(j.*), j.id from {self.call('soak.wait', args={'ms': self.length()}, unique_name=literal(name))} as j")
        if rows and len(rows[0]) == 2 and rows[0][1]:
            self._note("put", [rows[0][1]])
            self.tell([rows[0][0]])

    def steps(self):
        return [{"kind": self.dice.choice(("soak.linked", "soak.wait", "soak.slow")), "args": {"ms": 150},
                 "previous": "previous"} for _ in range(self.dice.randrange(1, 4))]

    def chain(self):
        self.put("soak.linked", chain=literal(json.dumps(self.steps())))

    def batch(self):
        """Opened, filled in a few transactions, closed; one job of it may have a chain, one fails for good."""
        final = {"kind": "soak.linked", "previous": "previous"}
        rows = self.sql(f"select batch_open({literal(PRODUCT)}, finally => {literal(json.dumps(final))})")
        if not rows:
            return
        batch = rows[0][0]
        self.batches[batch] = "open"
        for _ in range(self.dice.randrange(1, 8)):
            kind = self.dice.choice(("soak.linked", "soak.wait", "soak.slow", "soak.fail"))
            more = {"chain": literal(json.dumps(self.steps()))} if self.dice.random() < 0.2 else {}
            self.put(kind, args={"ms": 150, "fails": self.dice.choice((0, 0, 0, 1, 9))}, batch=literal(batch), **more)
        self.close(batch)

    def close(self, batch):
        rows = self.sql(f"select batch_close({literal(batch)})")
        if rows is not None:
            self.batches[batch] = "closed"
            self.tell([row[0] for row in rows])

    def cancel(self):
        """As `millrace cancel` does, of any open job."""
        rows = self.sql("select j.id from job j where not exists (select from job_end e where e.id = j.id) "
                        f"and j.kind = 'soak.wait' order by md5(j.id::text || '{self.dice.random()}') limit 1")
        if rows:
            self.cancelled.add(rows[0][0])
            self.fleet.command("cancel", rows[0][0])

    def kick(self):
        """A buried job is put again, with all its tries."""
        rows = self.sql("select e.id from job_end e join job j on j.id = e.id where e.outcome = 'buried' and j.batch_id is null "
                        "and e.error not like '%workers were lost%' order by e.id desc limit 1")
        if not rows or rows[0][0] in self.kicked:
            return
        job = rows[0][0]
        self.kicked.add(job)
        rows = self.sql(f"with gone as (delete from soak_effect where id = '{job}') select job_kick('soak', '{job}')")
        if rows:
            self.tell([rows[0][0]])

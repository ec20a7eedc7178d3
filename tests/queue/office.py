# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator at work: the command on a test's database and Redis, and jobs in any state without a worker."""
import json

from engine import Queue, statement
from servers import until


def queue_names(sql):
    """Of the kinds there are."""
    return [name for name, in sql("select distinct queue from job_kind order by 1")]


class Office:
    def __init__(self, millrace, database, sql, redis, **settings):
        self.run_millrace, self.database, self.sql, self.redis = millrace, database, sql, redis
        self.settings, self.last = settings, None
        self.queues = {name: Queue(redis, name) for name in queue_names(sql)}
        for queue in self.queues.values():
            queue.close()
            queue.open()

    @property
    def image(self):
        return self.queues["image"]

    def __call__(self, *words, status=0):
        """The output's lines, when the command ends with the expected status."""
        done = self.run_millrace(self.database, *map(str, words), **self.settings)
        assert done.returncode == status, done.output
        return done.output.splitlines()

    def json(self, *words, status=0):
        return json.loads("\n".join(self(*words, "--json", status=status)))

    # -- jobs --------------------------------------------------------------------------------------------------------

    def put(self, n=None, kind="image.generate", told=True, **more):
        """Jobs as their producers put them; ids, the first put first. told: Redis knows of them. What one call puts is newer
        than what the last one did: within a millisecond ids have no order."""
        if self.last:
            until(lambda: self.sql.one(f"select job_id_floor(clock_timestamp()) > '{self.last}'") == "t", "the next millisecond")
        fields = {"kind": f"'{kind}'", "product": "'figureforge'", "tenant": "'t'", "account_id": "null", "args": "'{}'", **more}
        call = "job_put(" + ", ".join(f"{name} => {value}" for name, value in fields.items()) + ")"
        tickets = self.sql(f"select (j).id, job_ticket(j) from generate_series(1, {n or 1}) n, lateral (select {call} j offset 0 * n)"
                           " one order by 1")
        if "id" not in more:
            self.last = tickets[-1][0]
        for at in range(0, len(tickets), 64):
            self.tell([ticket for _, ticket in tickets[at:at + 64] if ticket] if told else [])
        return [job for job, _ in tickets] if n else tickets[0][0]

    def tell(self, tickets):
        words = [ticket.split(" ", 2) for ticket in tickets]
        for name, queue in self.queues.items():
            if mine := [(job, packed) for to, job, packed in words if to == name]:
                queue.put(*mine)

    def end(self, *jobs, outcome="buried", error="why not"):
        """As a worker ends them that had them leased; Redis forgets them."""
        many = lambda value: "{%s}" % ",".join([json.dumps(value)] * len(jobs))
        self.sql(statement("queue/job_ends", ids="{%s}" % ",".join(jobs), outcomes=many(outcome), results=many("{}"),
                           errors=many(error), epochs=many("7"), worker="w"))
        self.sql(statement("queue/job_ended", ids="{%s}" % ",".join(jobs)))
        for queue in self.queues.values():
            for job in jobs:
                queue.cancel(job, "drop")

    def known(self, queue="image"):
        return set(self.redis("HKEYS", self.queues[queue].key("j")))

    def audit(self):
        return self.sql("select action, target from audit order by id")

# SPDX-License-Identifier: GPL-3.0-or-later
"""How a kind of job fails, and what an operator sees and does then. What was broken is mended at the test's end."""
import time
from pathlib import Path

import pytest

from waits import until

LONG = 20           # seconds: a back-off that is shorter may be over before the job has ended


class Trouble:
    """The fixture trouble."""

    def __init__(self, sql, operator):
        self._sql, self._operator, self._mend = sql, operator, []

    # -- what breaks ---------------------------------------------------------------------------------------------------

    def refuse(self, table, event, when):
        """The database does not take it when rows of a table change so: refuse("report", "update", "old.id = 7")."""
        name = f"trouble_{len(self._mend)}"
        self._sql(f"create function {name}() returns trigger language plpgsql as $$ begin raise exception 'as asked'; end $$; "
                  f"create trigger {name} before {event} on {table} for each row when ({when}) execute function {name}()")
        self._mend.append(lambda: self._sql(f"drop function if exists {name} cascade"))

    def shut(self, file):
        """Nothing can be removed from a stored file's folder, or put there."""
        folder = Path(file).parent
        mode = folder.stat().st_mode & 0o7777
        folder.chmod(0o555)
        self._mend.append(lambda: folder.chmod(mode))

    def heal(self):
        while self._mend:
            self._mend.pop()()

    # -- what is seen --------------------------------------------------------------------------------------------------

    def failed(self, job):
        """Wait until it was tried in vain, once: why. It is to be tried again, or has been by now."""
        why = until(lambda: self._sql("select error from job_try where id = %s and outcome = 'failed' and counts", job), "it has not failed")
        assert self._sql("select outcome from job_end where id = %s", job) in ("", "done")
        return why

    def buried(self, job):
        """Wait until it is given up: why."""
        outcome, _, why = until(lambda: self._sql("select outcome || ' ' || coalesce(error, '') from job_end where id = %s", job),
                                "it has not ended").partition(" ")
        assert outcome == "buried", (outcome, why)
        return why

    # -- what is done --------------------------------------------------------------------------------------------------

    def again(self, job):
        """Try it now, whatever has become of it, and see it done: its result. It used to wait out the back-off of the try before."""
        began = time.monotonic()
        left = float(self._sql("select coalesce(extract(epoch from max(not_before) - now()), 0) from job_try where id = %s", job))
        if not self._sql("select outcome from job_end where id = %s", job):
            self._operator("cancel", job)
        self._operator("kick", job)
        outcome, _, result = until(lambda: self._sql("select outcome || ' ' || coalesce(result::text, '') from job_end where id = %s", job),
                                   "it has not ended").partition(" ")
        assert outcome == "done", self._sql("select error from job_end where id = %s", job)
        assert left < LONG or time.monotonic() - began < left
        return result


@pytest.fixture
def trouble(sql, operator):
    made = Trouble(sql, operator)
    yield made
    made.heal()

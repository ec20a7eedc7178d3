# SPDX-License-Identifier: GPL-3.0-or-later
"""A fenced job that gathers before the fence and concludes behind it: three children, one after the other."""
import json
import os
import signal
from pathlib import Path

import pytest

from servers import until

PHASES = ("before", "do", "after")


def files(yard):
    """What is in storage, and what is left of working folders."""
    stored = [file for file in Path(yard.settings["storage_folder"]).rglob("*") if file.is_file()]
    return stored, os.listdir(yard.settings["worker_folder"])


def test_what_was_gathered_is_chewed_and_concluded(yard):
    worker = yard.worker()
    job = yard.put("trial.phases")
    result = json.loads(yard.ended(job)[1])
    assert result["word"] == f"{job} of trial.phases"
    assert len({worker.pid, result["gathered"]["fetched"], result["summed"]}) == 3, "children of their own"
    stored, left = files(yard)
    assert [(file.name, file.read_text()) for file in stored] == [("kept", result["word"])], "what was only read is not kept"
    until(lambda: files(yard)[1] == [], "the folder is gone")


@pytest.mark.parametrize("phase", PHASES)
def test_a_phase_that_buries_ends_the_job(yard, phase):
    yard.worker()
    job = yard.put("trial.phases", **{phase: "bury"})
    assert yard.ended(job, "buried")[0] == "no further try would help"
    assert yard.tries(job) == []
    assert files(yard)[0] == []


@pytest.mark.parametrize("phase", PHASES)
def test_a_phase_that_dies_is_one_attempt(yard, phase):
    yard.worker()
    job = yard.put("trial.phases", **{phase: "die"})
    assert "ended with 66 and no result" in yard.ended(job, "buried")[0]
    assert yard.tries(job) == [("failed", "t")]
    assert files(yard)[0] == []


@pytest.mark.parametrize("phase", PHASES)
def test_the_deadline_is_of_all_phases(yard, phase):
    yard.worker()
    job = yard.put("trial.phases", **{phase: "block"})
    assert "passed its deadline of 2 s" in yard.ended(job, "buried")[0]


@pytest.mark.parametrize("phase", PHASES)
def test_cancel_in_a_phase(yard, phase):
    yard.worker()
    job = yard.row("trial.phases", **{phase: "block"})
    yard.sql(f"update job set deadline = 60 where id = '{job}'")       # what is asked for does not end by itself
    yard.tell(job)
    yard.running_at(job)
    there = {"before": "*", "do": "*/in/word", "after": "*/kept"}[phase]
    until(lambda: list(Path(yard.settings["worker_folder"]).glob(there)), "it has come so far")
    assert yard.start("cancel", job).ended() == 0
    yard.ended(job, "cancelled")
    until(lambda: files(yard) == ([], []), "nothing is left")


@pytest.mark.parametrize("phase", ("before", "after"))
def test_a_provider_that_wants_fewer_calls_is_heard(yard, phase):
    """Beside the fence, not from behind it."""
    yard.worker()
    job = yard.put("trial.phases", **{phase: "limited"}, delay=3600)
    yard.tried(job, 1)
    assert yard.tries(job)[0] == ("snoozed", "f")


# -- what is said behind the fence -------------------------------------------------------------------------------------

def test_what_is_said_behind_the_fence_is_looked_at(yard):
    yard.worker()
    right, wrong = yard.put("trial.told", said={"word": "good", "number": 7, "more": 1}), yard.put("trial.told", said={"word": "<b>"})
    assert json.loads(yard.ended(right)[1]) == {"word": "good", "number": 7}
    assert yard.ended(wrong, "buried")[0].startswith("trial.told has left a result that cannot be taken: word ")
    assert yard.tries(wrong) == [], "it would say so again"


def test_what_the_database_does_not_take_is_not_tried_again(yard):
    yard.worker()
    job = yard.put("trial.told", said={"word": "good", "number": 1 << 40}, size=3)
    assert yard.ended(job, "buried")[0] == "the result cannot be taken"
    assert yard.tries(job) == []
    until(lambda: files(yard)[0] == [], "what it has stored is gone")


def test_nobody_behind_the_fence_puts_himself_off_for_ever(yard):
    yard.worker()
    job = yard.put("trial.told", delay=100000)
    yard.tried(job, 1)
    assert yard.sql.one(f"select not_before < now() + interval '1 hour' from job_try where id = '{job}'") == "t"


def test_a_database_that_hangs_is_waited_for_once(yard, another_session):
    """It was, for each slot whose files were to be noted; and meanwhile no lease was renewed. The ends tell of the files."""
    worker = yard.worker(database_timeout=300)
    worker.signal(signal.SIGSTOP)
    jobs = yard.put_many(4, kind="trial.told", said={"word": "good"}, size=3)
    another_session("begin; lock table piece in exclusive mode")
    worker.signal(signal.SIGCONT)
    worker.says("sqlstate=57014", 2)                    # all of them have ended by the second commit
    assert 0 < len(worker.find("job.pieces")) < 4
    another_session("rollback")
    yard.all_ended(jobs)
    assert not worker.find("reason=lost") and len(files(yard)[0]) == 12
    assert yard.sql.one("select count(*) from piece where gone_at > now() + interval '6 days'") == "12"


def test_a_job_leaves_no_end_of_files(yard):
    yard.worker()
    few, many = yard.put("trial.told", said={"word": "few"}, size=3), yard.put("trial.told", said={"word": "many"}, size=2001)
    assert yard.ended(many, "buried")[0] == "the job has left more than 2000 files"
    yard.ended(few)
    assert len(files(yard)[0]) == 3
    assert yard.sql(f"select job_id, account_id, gone_at > now() + interval '6 days' from piece where job_id in ('{few}', '{many}')") == \
        [[few, "", "t"]] * 3

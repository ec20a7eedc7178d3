# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator's command shows: for people, and as JSON whose shape does not change."""
import json
import re
import time

import pytest

from engine import new_id, statement

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
JOB = {"id", "kind", "queue", "product", "tenant", "priority", "state", "age_s", "made_at", "due_at", "ended_at", "tries", "worker",
       "progress", "error"}
QUEUE = {"queue", "state", "open", "paused", "refusing", "why", "waiting", "running", "delayed", "parked", "buried", "oldest_s",
         "oldest_whole", "workers", "draining", "wake"}


def ids(rows):
    return [row["id"] for row in rows]


def cells(line):
    return re.split("  +", line.strip())


def told(rows, *names):
    """The rows of these queues."""
    return [next(row for row in rows if row["queue"] == name) for name in names]


# ---- status, queues, workers ----

def test_status_of_what_is_empty(office):
    status = office.json("status")
    assert set(status) == {"at", "postgresql", "redis", "scheduler", "queues"} and TIME.fullmatch(status["at"])
    assert status["postgresql"] == status["redis"] == {"ok": True, "error": None} and status["scheduler"] is None
    names = sorted(office.queues)
    assert [row["queue"] for row in status["queues"]] == names and {"image", "mail"} <= set(names)
    for row in status["queues"]:
        assert set(row) == QUEUE and row["state"] == "open" and row["oldest_s"] is None and row["oldest_whole"] is True
        assert [row[name] for name in ("waiting", "running", "delayed", "parked", "buried", "workers", "draining")] == [0] * 7
    lines = office("status")
    assert lines[:3] == ["PostgreSQL  answers", "Redis       answers", "scheduler   none leads"]
    assert cells(lines[4]) == ["queue", "state", "waiting", "oldest", "running", "delayed", "parked", "buried", "workers",
                               "draining", "why"]
    assert [cells(line) for line in lines[5:]] == [[name, "open", "0", "-", "0", "0", "0", "0", "0", "0", "-"] for name in names]


def test_status_counts_what_there_is(office, sql):
    office.put(3, due_at="now() - interval '3 minutes'")
    office.put(2, due_at="now() + interval '5 minutes'")
    office.end(*office.put(2))
    office.image.hello("w1")
    running, = office.image.reserve(1)
    office.image.settings(version=9, cap_tenant__t=1)
    assert len(office.image.reserve(5)) == 0                 # the tenant is parked
    sql("insert into queue (name, refusing, why) values ('mail', true, 'too many jobs are open')")
    sql("insert into leader values ('reconciler', 'me', 7, now() + interval '10 seconds')")
    status = office.json("status")
    image, mail = told(status["queues"], "image", "mail")
    assert [image[name] for name in ("waiting", "running", "delayed", "parked", "buried", "workers")] == [2, 1, 2, 1, 2, 1]
    assert 180 <= image["oldest_s"] < 200
    assert (mail["state"], mail["refusing"], mail["why"]) == ("open, refusing", True, "too many jobs are open")
    assert status["scheduler"]["holder"] == "me" and status["scheduler"]["term"] == 7
    lines = office("status")
    head, row = lines[4], next(line for line in lines[5:] if cells(line)[0] == "image")
    assert lines[2] == "scheduler   me leads, term 7" and re.fullmatch(r"3m\d\ds", cells(row)[3])
    for name in ("waiting", "running", "buried"):            # numbers to the right, below their head's end
        end = head.index(name) + len(name)
        assert row[end - 1].isdigit() and row[end:end + 1] in ("", " ")
    assert office.image.touch(running) == ["ok"]


def test_status_says_what_does_not_answer(office):
    office.settings["redis_url"] = "127.0.0.1:1"
    status = "\n".join(office("status", status=1))
    assert "Redis       does not answer" in status and "millrace: Redis: 127.0.0.1:1: " in status
    assert re.search(r"^image +unknown +- +- +- +- +- +0 +- +- +-$", status, re.M)


def test_a_closed_and_a_paused_queue(office, sql):
    office.queues["mail"].close()
    office.image.settings(version=2, paused=1)
    states = {row["queue"]: row["state"] for row in office.json("status")["queues"]}
    assert states == {**dict.fromkeys(office.queues, "open"), "image": "paused", "mail": "closed"}


def test_queues_and_their_settings(office, sql):
    office("set", "image", "cap", "4")
    office("set", "image", "rate", "10|20")
    image, mail = told(office.json("queues"), "image", "mail")
    assert set(image) == QUEUE | {"kinds", "settings", "settings_version"}
    assert image["settings"] == {"cap": "4", "rate": "10|20"}
    kinds = [name for name, in sql("select name from job_kind where queue = 'image' order by name")]
    assert image["kinds"] == kinds and "image.generate" in kinds
    assert image["settings_version"] == 2 and mail["settings"] == {} and mail["settings_version"] is None
    head, *rows = map(cells, office("queues"))
    assert [row[0] for row in rows] == sorted(office.queues)
    first, second = [row for row in rows if row[0] in ("image", "mail")]
    assert head == ["queue", "state", "waiting", "running", "workers", "settings"]
    assert first[-1] == "cap=4 rate=10|20" and second[-1] == "-"


def test_workers(office):
    assert office.json("workers") == [] and len(office("workers")) == 1
    office.image.hello("w1", json.dumps({"slots": 4, "running": 1, "done": 7, "failed": 0, "up_s": 4000, "rss_kib": 9000,
                                         "stopping": False, "pid": 9, "version": "1"}))
    office.queues["mail"].hello("w2", "not json")
    office.queues["mail"].drain("w2")
    first, second = office.json("workers")
    assert set(first) == set(second) == {"worker", "queue", "heard_s", "heard_at", "draining", "version", "pid", "slots", "running",
                                         "done", "failed", "up_s", "rss_kib", "stopping"}
    assert (first["worker"], first["queue"], first["done"], first["draining"], first["up_s"]) == ("w1", "image", 7, False, 4000)
    assert second["draining"] is True and second["slots"] is None and TIME.fullmatch(second["heard_at"])
    alone, = office.json("workers", "--queue", "mail")
    assert alone | {"heard_s": 0} == second | {"heard_s": 0}        # a second may have passed
    assert re.search(r"^w1 +image +\ds +4 +1 +7 +0 +1h06m +9000 +no +no$", "\n".join(office("workers")), re.M)
    assert "no such queue" in office("workers", "--queue", "nope", status=3)[0]


# ---- jobs ----

def test_no_jobs(office):
    assert office("jobs", "--json") == ["[]"] and len(office("jobs")) == 1
    for state in ("waiting", "delayed", "running", "done", "buried", "cancelled"):
        assert office.json("jobs", "--state", state) == []


def test_every_state_is_told_and_found(office):
    made = {"waiting": office.put(priority="3"), "delayed": office.put(due_at="now() + interval '5 minutes'"),
            "running": office.put(priority="0"), "done": office.put(), "buried": office.put(), "cancelled": office.put(),
            "unqueued": office.put(told=False)}
    far = office.put(due_at="now() + interval '1 day'")
    for outcome in ("done", "buried", "cancelled"):
        office.end(made[outcome], outcome=outcome)
    job, = office.image.reserve(1, worker="w")
    office.image.progress(job, 30)
    rows = office.json("jobs")
    assert ids(rows) == sorted([*made.values(), far], reverse=True) and all(set(row) == JOB for row in rows)
    assert {row["id"]: row["state"] for row in rows} == {job: state for state, job in made.items()} | {far: "delayed"}
    assert all(TIME.fullmatch(row["made_at"]) and isinstance(row["age_s"], int) for row in rows)
    for state in ("delayed", "running", "done", "buried", "cancelled"):
        assert ids(office.json("jobs", "--state", state)) == ([far] if state == "delayed" else []) + [made[state]]
    for word in ("waiting", "ready"):
        assert ids(office.json("jobs", "--state", word)) == [made["unqueued"], made["waiting"]]
    running, = office.json("jobs", "--state", "running")
    assert (running["worker"], running["progress"]) == ("w", 30)
    buried, = office.json("jobs", "--state", "buried")
    assert buried["error"] == "why not" and TIME.fullmatch(buried["ended_at"])


def test_a_job_that_was_put_off_is_delayed(office, sql):
    job = office.put(told=False)
    sql(f"insert into job_try values ('{job}', 1, 'failed', true, 'x', 'w', now(), now() + interval '1 hour')")
    row, = office.json("jobs")
    assert row["state"] == "delayed" and row["tries"] == 1
    assert ids(office.json("jobs", "--state", "delayed")) == [job] and office.json("jobs", "--state", "waiting") == []


def test_filters(office):
    image, other, mail = office.put(), office.put(tenant="'u'"), office.put(kind="mail.magic_link")
    old = office.put(id="overlay(job_id_make()::text placing left(job_id_floor(now() - interval '2 hours')::text, 13) from 1)::uuid")
    assert ids(office.json("jobs", "--queue", "mail")) == ids(office.json("jobs", "--kind", "mail.magic_link")) == [mail]
    assert ids(office.json("jobs", "--tenant", "u")) == [other]
    assert office.json("jobs", "--tenant", "u", "--queue", "mail") == []
    assert ids(office.json("jobs", "--older", "1h")) == [old]
    assert ids(office.json("jobs", "--newer", "119m")) == [mail, other, image]
    assert office.json("jobs", "--older", "1h", "--newer", "90m") == [] and office.json("jobs", "--older", "99999d") == []
    assert ids(office.json("jobs", "--limit", "2")) == [mail, other]
    assert re.search(rf"^{old} +image.generate +t +2 +waiting +2h00m +0 +-$", "\n".join(office("jobs")), re.M)
    office.end(image, other, mail)
    assert ids(office.json("jobs", "--state", "buried", "--tenant", "u")) == [other]
    assert ids(office.json("jobs", "--state", "buried", "--kind", "mail.magic_link")) == [mail]


def test_without_redis_states_are_unknown(office):
    job, done = office.put(), office.put()
    office.end(done, outcome="done")
    office.settings["redis_url"] = "127.0.0.1:1"
    lines = office("jobs", "--json", status=1)
    rows = json.loads("\n".join(line for line in lines if not line.startswith("millrace: ")))
    assert [(row["id"], row["state"]) for row in rows] == [(done, "done"), (job, "unknown")]
    assert office("jobs", "--state", "done", "--json") != ["[]"], "what has ended needs no Redis"


def test_ten_thousand_jobs(office, sql):
    """A buried one and an open one below ten thousand that are done; windows end in between."""
    first, buried = office.put(), office.put(tenant="'rare'")
    office.end(buried)
    done = office.put(10000, told=False)
    sql("insert into job_end (id, outcome, epoch, worker) select id, 'done', 1, 'w' from job"
        f" where id not in ('{first}', '{buried}')")
    open_ = office.put(300)
    assert ids(office.json("jobs", "--tenant", "rare")) == [buried] == ids(office.json("jobs", "--state", "buried"))
    assert ids(office.json("jobs", "--state", "waiting", "--limit", "1000")) == open_[::-1] + [first]
    rows = office.json("jobs", "--limit", "10000")
    assert ids(rows) == (done + open_)[::-1][:10000]
    assert [row["state"] for row in rows[:301]] == ["waiting"] * 300 + ["done"]
    assert ids(office.json("jobs", "--state", "done", "--limit", "7000")) == done[:-7001:-1]
    sql("update queue_scan set oldest = job_id_before('" + open_[0] + "')")
    assert ids(office.json("jobs", "--state", "waiting", "--limit", "1000")) == open_[::-1], "it begins at queue_scan"


def test_what_ended_is_not_read_for_what_is_buried(sql):
    """It comes from the partial index: among millions of ends nothing has to be filtered."""
    sql("set enable_seqscan = off")
    text = statement("queue/job_list_buried", before="ffffffff-ffff-ffff-ffff-ffffffffffff", most=5000, wanted=50, queue=None,
                     floor="00000000-0000-0000-0000-000000000000", kind=None, tenant=None)
    plan = "\n".join(row[0] for row in sql(f"explain {text}"))
    assert "Index" in plan and "outcome" not in plan, plan


# ---- one job ----

def test_a_job_with_all_its_history(office, sql):
    sql("insert into batch (id, product, tenant, name) values ('01900000-0000-7000-8000-000000000000', 'p', 't', 'many')")
    job = office.put(batch="'01900000-0000-7000-8000-000000000000'", key="'k'", unique_name="'n'", request_id="'r1'",
                     args="""'{"prompt": "a kite"}'""", chain="""'[{"kind": "mail.magic_link", "args": {"email": "x"}}]'""")
    sql(f"insert into job_try values ('{job}', 1, 'failed', true, 'no luck', 'w1', now())")
    office.end(job)
    office("kick", job)
    shown = office.json("job", job)
    assert (shown["state"], shown["key"], shown["unique_name"], shown["args"]) == ("waiting", "k", "n", {"prompt": "a kite"})
    assert shown["batch"]["name"] == "many" and shown["batch"]["total"] == 1 and shown["chain"] == [{"kind": "mail.magic_link"}]
    assert [one["outcome"] for one in shown["tries"]] == ["failed", "buried"] and shown["tries"][0]["error"] == "no luck"
    assert [one["action"] for one in shown["audit"]] == ["kick"] and shown["outcome"] is None and shown["priority"] == 2
    text = "\n".join(office("job", job))
    assert re.search(r"^state +waiting$", text, re.M) and re.search(r'^args +{"prompt":"a kite"}$', text, re.M)
    events = [cells(line)[1:3] for line in text.split("\n\n")[1].splitlines()[1:]]
    assert events[0] == ["put", "r1"] and ["failed", "w1"] in events and events[-1][0] == "kick"


def test_where_a_job_runs(office):
    job = office.put()
    held, = office.image.reserve(1, worker="w7")
    office.image.progress(held, 55, worker="w7")
    shown = office.json("job", job)
    assert (shown["state"], shown["worker"], shown["progress"], shown["asked_to_stop"]) == ("running", "w7", 55, False)
    assert shown["epoch"] == int(held.epoch) and TIME.fullmatch(shown["ends_by"])
    office("cancel", job)
    assert office.json("job", job)["asked_to_stop"] is True


@pytest.mark.parametrize("fields, state", [({"due_at": "now() + interval '1 minute'"}, "delayed"), ({"told": False}, "unqueued"),
                                           ({"due_at": "now() + interval '1 day'"}, "delayed"), ({}, "waiting")])
def test_the_state_of_a_job(office, fields, state):
    job = office.put(**fields)
    assert office.json("job", job)["state"] == state


def test_a_job_that_is_not_there(office):
    assert "there is no such job" in office("job", new_id(), status=3)[0]


def test_a_job_while_redis_is_away(office):
    job = office.put()
    office.settings["redis_url"] = "127.0.0.1:1"
    shown = office.json("job", job, status=1)
    assert shown["state"] == "unknown" and shown["redis_error"].startswith("127.0.0.1:1: ")


def test_the_oldest_among_many_tenants_takes_a_moment_only(office):
    for at in range(0, 2000, 50):
        office.image.put(*[(new_id(), f"1|2|image.generate|{(1 if at + n == 1234 else 5) * 10 ** 11}|60||1|t{at + n}")
                           for n in range(50)])
    began = time.monotonic()
    image, = told(office.json("status")["queues"], "image")
    assert image["waiting"] == 2000 and image["oldest_s"] > 5 * 10 ** 8 and image["oldest_whole"] is True
    assert time.monotonic() - began < 30                     # at the pace of one page a second it were a minute

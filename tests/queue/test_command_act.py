# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators do: to jobs, queues and workers, written down, and told to Redis at once."""
import os
import pwd

import pytest

from engine import Limiter, new_id, statement
from servers import PATIENCE, until

USER = pwd.getpwuid(os.getuid()).pw_name
ID = "01900000-0000-7000-8000-000000000000"


@pytest.fixture
def away(office):
    """Redis does not answer the command."""
    office.settings["redis_url"] = "127.0.0.1:1"


# ---- cancel ----

def test_a_waiting_job_is_cancelled(office, sql):
    job = office.put()
    assert office("cancel", job) == [f"{job} was waiting and is cancelled"]
    assert sql("select outcome, worker, error from job_end") == [["cancelled", "operator", "cancelled by an operator"]]
    assert office.known() == set() and office.image.reserve(1) == []
    assert office.audit() == [["cancel", job]]
    assert office("cancel", job, status=4) == [f"millrace: {job}: it has ended already"]


def test_many_at_once_and_the_first_that_fails(office):
    jobs = office.put(3)
    office("cancel", jobs[1])
    said = office("cancel", jobs[0], jobs[1], ID, jobs[2], status=4)
    assert [line for line in said if "is cancelled" in line] == [f"{job} was waiting and is cancelled" for job in (jobs[0], jobs[2])]
    assert f"millrace: {ID}: there is no such job" in said


def test_a_running_job_is_asked_to_stop(office, sql):
    job = office.put()
    held, = office.image.reserve(1)
    assert office("cancel", job) == [f"{job} is running: its worker has been asked to stop it"]
    assert office.image.touch(held) == ["cancel"]
    assert sql("select asked_by from job_cancel") == [[USER]] and office.audit() == [["cancel", job]]
    assert sql("select * from job_end") == []


def test_its_name_is_given_up(office):
    job = office.put(unique_name="'n'")
    assert office.put(unique_name="'n'") == job
    office("cancel", job)
    assert office.put(unique_name="'n'") != job


def test_its_batch_is_counted_and_what_follows_is_told_to_redis(office, sql):
    batch = sql.one("select batch_open('p', 't', null, '', '{\"kind\": \"mail.magic_link\", \"args\": {}}')")
    first, last = (office.put(batch=f"'{batch}'") for _ in range(2))
    sql(f"select batch_close('{batch}')")
    office("cancel", first)
    assert office.known("mail") == set()
    office("cancel", last)
    assert sql("select total, cancelled, ended_at is not null from batch") == [["2", "2", "t"]]
    follower = sql.one("select id from job where kind = 'mail.magic_link'")
    assert office.known("mail") == {follower}


def test_a_job_in_the_far_future_is_cancelled(office, sql):
    job = office.put(due_at="now() + interval '3 days'")
    office("cancel", job)
    assert sql("select outcome from job_end") == [["cancelled"]]


@pytest.mark.usefixtures("away")
def test_a_waiting_job_is_cancelled_without_redis(office, sql):
    job = office.put()
    office("cancel", job)
    assert sql("select outcome from job_end") == [["cancelled"]]
    assert office.image.reserve(1).ids == [job], "whoever reserves it finds that it has ended"


@pytest.fixture
def crowd(office):
    """Jobs of each state, the first put first."""
    running = office.put()
    held, = office.image.reserve(1)
    done, buried = office.put(2)
    office.end(done, outcome="done")
    office.end(buried)
    other, waiting = office.put(tenant="'u'"), office.put()
    delayed = office.put(due_at="now() + interval '1 h'")
    mail = office.put(kind="mail.magic_link")
    return {"held": held, "running": running, "done": done, "buried": buried, "other": other, "waiting": waiting,
            "delayed": delayed, "mail": mail}


@pytest.mark.parametrize("words, cancelled", [
    (("--queue", "image"), ["running", "other", "waiting", "delayed"]), (("--kind", "mail.magic_link"), ["mail"]),
    (("--queue", "image", "--tenant", "u"), ["other"]), (("--queue", "image", "--state", "waiting"), ["other", "waiting"]),
    (("--kind", "image.generate", "--state", "ready", "--tenant", "t"), ["waiting"]),
    (("--queue", "image", "--state", "delayed"), ["delayed"]), (("--queue", "image", "--state", "running"), ["running"]),
    (("--queue", "image", "--kind", "image.generate", "--limit", "2"), ["waiting", "delayed"])])
def test_all_that_fit_are_cancelled(office, sql, crowd, words, cancelled):
    says = lambda name: "is running: its worker has been asked to stop it" if name == "running" else "was waiting and is cancelled"
    assert office("cancel", *words) == [f"{crowd[name]} {says(name)}" for name in cancelled]
    assert {row[0] for row in sql("select id from job_end where outcome = 'cancelled'")} == \
        {crowd[name] for name in cancelled if name != "running"}
    assert office.audit() == [["cancel", crowd[name]] for name in cancelled]
    assert office.image.touch(crowd["held"]) == ["cancel" if "running" in cancelled else "ok"]


def test_of_all_that_fit_the_last_are_cancelled(office, sql):
    jobs = office.put(105)
    assert len(office("cancel", "--queue", "image")) == 100
    assert office.known() == set(jobs[:5])
    assert office("cancel", "--queue", "image", "--tenant", "nobody") == ["no open job fits"]
    assert sql.one("select count(*) from job_end") == "100"


@pytest.mark.usefixtures("away")
def test_none_are_cancelled_by_a_state_that_redis_does_not_tell(office, sql):
    office.put(2)
    assert "Redis: 127.0.0.1:1: " in office("cancel", "--queue", "image", "--state", "waiting", status=1)[0]
    assert sql("select * from job_end") == [] and office.audit() == []


# ---- kick ----

@pytest.mark.parametrize("kind", ["mail.magic_link", "hook.deliver"])
def test_a_job_that_is_being_cancelled_is_not_kicked(office, kind):
    job = office.put(kind=kind)
    assert office.queues[kind.split(".")[0]].reserve(1)
    office("cancel", job)
    assert "It is being cancelled: its worker has been asked to stop it" in office("kick", job, status=4)[0]
    office.end(job, outcome="cancelled")
    if kind == "mail.magic_link":
        assert office("kick", job) == [f"{job} is put again"]

@pytest.mark.parametrize("outcome", ["buried", "cancelled"])
def test_a_job_is_kicked(office, sql, outcome):
    job = office.put(kind="mail.magic_link")
    office.end(job, outcome=outcome)
    assert office("kick", job) == [f"{job} is put again"]
    assert office.known("mail") == {job} and office.queues["mail"].reserve(1).ids == [job]
    assert sql("select outcome, counts from job_try") == [[outcome, "f"]] and sql("select * from job_end") == []
    assert office.audit() == [["kick", job]]


def test_what_cannot_be_kicked(office, sql):
    open_, done = office.put(2)
    office.end(done, outcome="done")
    assert office("kick", open_, status=4) == [f"millrace: {open_}: It has not ended: only what was buried or cancelled can be put again"]
    assert office("kick", done, status=4) == [f"millrace: {done}: It is done: only what was buried or cancelled can be put again"]
    assert "there is no such job" in office("kick", ID, status=3)[0]
    sql("insert into job_kind (name, queue, version, deadline, tries) values ('old.kind', 'old', 1, 1, 1)")
    old = office.put(kind="old.kind")
    office.end(old)
    assert office("kick", old, status=4) == [f"millrace: {old}: this program does not know its kind, old.kind"]
    assert len(sql("select * from job_end")) == 2 and office.audit() == []


def test_all_that_fit_are_kicked(office, sql):
    images, mails = office.put(5), office.put(3, kind="mail.magic_link")
    office.end(*images[:4], *mails)
    office.end(images[4], outcome="cancelled")
    assert office("kick", "--kind", "mail.magic_link", "--queue", "image") == ["no buried job fits"]
    assert office("kick", "--kind", "image.generate", "--limit", "3") == [f"{job} is put again" for job in images[1:4]]
    assert office("kick", "--queue", "mail") == [f"{job} is put again" for job in mails]
    assert {row[0] for row in sql("select id from job_end")} == {images[0], images[4]}
    assert office.known("mail") == set(mails) and office.known() == set(images[1:4])


@pytest.mark.parametrize("command", ["cancel", "kick", "jobs"])
def test_all_of_a_queue_or_kind_that_is_none(office, sql, command):
    """A slip of the pen was no error: nothing fitted."""
    assert office(command, "--queue", "imgae", status=3) == ["millrace: imgae: there is no such queue"]
    assert office(command, "--queue", "mail", "--kind", "image", status=3) == ["millrace: image: there is no such kind"]
    sql("insert into job_kind (name, queue, version, deadline, tries) values ('other.kind', 'other', 1, 1, 1)")
    office(command, "--queue", "other", "--kind", "other.kind")


@pytest.mark.usefixtures("away")
def test_a_kick_that_redis_does_not_hear_of(office, sql):
    job = office.put()
    office.end(job)
    assert "is put again; Redis does not answer" in office("kick", job)[0] and sql("select * from job_end") == []


# ---- kick of a generation ----

@pytest.fixture
def account(sql):
    return sql.one("insert into account (product, email, username) values ('figureforge', 'a@b.example', 'a') returning id")


@pytest.fixture
def generation(office, sql, account):
    """A generation of 4 credits that has ended so."""
    def make(outcome="buried", used=4):
        sql(f"insert into figureforge.usage values ({account}, figureforge.period(), {used}, 1)")
        job = office.put(account_id=account)
        sql("insert into figureforge.generation (id, account_id, prompt, filters, model, batch_size, cost, period) values"
            f" ('{job}', {account}, 'x', '{{}}', 'croquis', 4, 4, figureforge.period())")
        office.end(job, outcome=outcome)
        sql(statement("worker/image_generate_end", job_id=job, outcome=outcome, result=None, folder=""))
        return job
    return make


def usage(sql):
    return sql("select used, running from figureforge.usage")[0]


@pytest.mark.parametrize("outcome, status", [("buried", "failed"), ("cancelled", "cancelled")])
def test_credits_are_charged_again(office, sql, generation, outcome, status):
    job = generation(outcome)
    assert usage(sql) == ["0", "0"] and sql("select status, refunded from figureforge.generation") == [[status, "4"]]
    office("kick", job)
    assert usage(sql) == ["4", "1"]
    assert sql("select status, refunded, error is null, finished_at is null from figureforge.generation") == [["queued", "0", "t", "t"]]
    office("cancel", job)
    assert usage(sql) == ["0", "0"] and sql("select status, refunded from figureforge.generation") == [["cancelled", "4"]]


def test_too_few_credits_refuse_the_kick(office, sql, generation):
    job = generation()
    sql("update figureforge.usage set used = 7")
    said = office("kick", job, status=4)[0]
    assert "This needs 4 credits again, and the free plan of its account has fewer left" in said
    assert usage(sql) == ["7", "0"] and sql("select status from figureforge.generation") == [["failed"]]
    assert sql("select outcome from job_end") == [["buried"]] and office.audit() == [], "nothing of it was done"
    assert office.known() == set()
    sql("update figureforge.usage set used = 6")
    office("kick", job)
    assert usage(sql) == ["10", "1"]


def test_a_kick_is_charged_to_the_period_that_is_now(office, sql, generation):
    job = generation()
    sql("update figureforge.usage set period = period - interval '1 month', used = 10")
    sql("update figureforge.generation set period = period - interval '1 month'")
    office("kick", job)
    assert usage(sql) == ["4", "1"]
    assert sql.one("select g.period = figureforge.period() and u.period = g.period from figureforge.generation g,"
                   " figureforge.usage u") == "t"


def test_a_job_that_draws_for_nobody_is_kicked(office):
    job = office.put()
    office.end(job)
    office("kick", job)
    assert office.known() == {job}


# ---- queues ----

def test_pause_and_resume(office):
    office.put()
    assert office("pause", "image") == ["image is paused"]
    assert office.image.reserve(1).paused
    assert office("set", "image")[1].split() == ["paused", "1"]
    assert office("pause", "image") == ["image is paused"] and office("resume", "image") == ["image is not paused"]
    assert len(office.image.reserve(1)) == 1
    assert office("resume", "image") == ["image is not paused"] and [row[0] for row in office.audit()] == ["set"] * 4
    for command in ("pause", "resume"):
        assert "there is no such queue" in office(command, "nope", status=3)[0]


def test_settings_are_told_at_once_and_taken_back(office, sql):
    office.put(3)
    assert office("set", "image", "cap", "1") == ["image cap is 1"]
    assert len(office.image.reserve(5)) == 1
    assert office.json("set", "image") == [{"name": "cap", "value": "1"}]
    assert office("set", "image", "cap") == ["image cap is as if nothing had been said now"]
    assert len(office.image.reserve(5)) == 2
    assert office.json("set", "image") == [] and len(office("set", "image")) == 1
    assert sql("select who, action, target, details ->> 'name', coalesce(details ->> 'value', '-') from audit order by id") == \
        [[USER, "set", "image", "cap", value] for value in ("1", "-")]


@pytest.mark.parametrize("name, value, takes", [
    ("cap", "many", "cap takes a whole number of 0 or more"), ("cap.tenant:t", "-1", "takes a whole number"), ("age", "1.5", "takes a whole number"),
    ("backlog", "9999999999", "nine digits at most"), ("rate", "10", "such as 10|20"), ("rate.kind:image.generate", "0|1", "both above 0"),
    ("paused", "0", "paused takes 1"), ("weight:t", "0", "takes a share above 0"), ("level.1", "x", "takes a share"), ("limiter", "A B", "a limiter's name")])
def test_what_is_no_setting(office, name, value, takes):
    said, = office("set", "image", name, value, status=2)
    assert f"{name} = {value} is no setting of a queue" in said and takes in said
    assert office.json("set", "image") == []


@pytest.mark.parametrize("name", ["capp", "weight", "level.4", "cap.tenant:", "cap.kind", ""])
def test_what_settings_there_are(office, name):
    for value in (["1"], []):
        said, = office("set", "image", name, *value, status=2)
        assert f'{name or chr(34) * 2} is no setting of a queue: there are cap, ' in said and said.endswith("backlog and paused")


def test_what_was_not_set(office, sql):
    assert office("set", "image", "cap") == ["image cap was not set, it is as if nothing had been said now"]
    sql("alter table queue_setting drop constraint queue_setting_check")
    sql("insert into queue_setting values ('image', 'of.a.former.release', '1')")
    assert office("set", "image", "of.a.former.release") == ["image of.a.former.release is as if nothing had been said now"]
    assert office.json("set", "image") == []


def test_the_kind_of_a_setting_is_one_of_the_queue(office):
    assert office("set", "image", "cap.kind:image.generat", "1", status=3) == ["millrace: image: cap.kind:image.generat: there is no such kind"]
    assert office("set", "image", "rate.kind:mail.send", "1|1", status=2) == ["millrace: image: rate.kind:mail.send: this kind is of queue mail"]
    assert office("set", "image", "cap.kind:image.generate", "1") == ["image cap.kind:image.generate is 1"]


@pytest.mark.usefixtures("bare")
def test_a_limiter_that_there_is_not(office):
    assert office("set", "image", "limiter", "openai") == ["image limiter is openai; there is no such limiter yet: millrace limiter NAME RATE BURST"]
    office("limiter", "openai", "1", "1")
    assert office("set", "image", "limiter", "openai") == ["image limiter is openai"]
    assert office("set", "image", "limiter") == ["image limiter is as if nothing had been said now"]


def test_settings_of_no_queue(office):
    assert office("set", "nope", "cap", "1", status=3) == office("set", "nope", status=3) == ["millrace: nope: there is no such queue"]


@pytest.mark.usefixtures("away")
def test_settings_without_redis(office, sql):
    assert office("set", "image", "cap", "1") == ["image cap is 1; Redis does not answer, the scheduler will tell it"]
    assert office("pause", "image") == ["image is paused; Redis does not answer, the scheduler will tell it"]
    assert sql("select name, value from queue_setting order by name") == [["cap", "1"], ["paused", "1"]]


# ---- limiters ----

@pytest.fixture
def bare(sql):
    """Without the rates of services that `millrace migrate` has installed."""
    sql("delete from limiter")


@pytest.mark.usefixtures("bare")
def test_limiters(office, redis_alone):
    assert office.json("limiter") == [] and len(office("limiter")) == 1
    assert office("limiter", "openai", "0.5", "3") == ["openai is 0.5 a second, 3 at once"]
    assert redis_alone("GET", "mr1:{l:openai}:rate") == "0.5|3"
    office("limiter", "openai", "10", "20")
    assert office.json("limiter") == [{"name": "openai", "rate": "10", "burst": 20}]
    assert office("limiter", "openai", "--remove") == ["openai is removed: queues that share it have no limit of it"]
    assert redis_alone("EXISTS", "mr1:{l:openai}:rate") == 0 and office.json("limiter") == []
    assert "There is no such limiter" in office("limiter", "openai", "--remove", status=3)[0]
    assert [row[0] for row in office.audit()] == ["limiter.set", "limiter.set", "limiter.remove"]


@pytest.mark.usefixtures("bare")
def test_setting_a_rate_ends_a_hold(office, redis_alone):
    hold = Limiter(redis_alone, "openai")
    hold.block(60_000)
    assert redis_alone("EXISTS", hold.prefix + "block") == 1
    office("limiter", "openai", "10", "20")
    assert redis_alone("EXISTS", hold.prefix + "block") == 0 and hold.turn("j") == [1, 0]


@pytest.mark.parametrize("words, wrong", [
    (("a", "0", "1"), "RATE"), (("a", "1", "0"), "BURST"), (("a", "x", "1"), "RATE is units a second"),
    (("a", "1", "x"), "BURST is how many"), (("a", "NaN", "1"), "RATE"),
    (("a", "1e3", "1"), "not 1e3"), (("A", "1", "1"), "NAME"), (("a", "-1", "1"), "not -1"), (("a", "1", "9999999999"), "BURST")])
@pytest.mark.usefixtures("bare")
def test_what_is_no_limiter(office, words, wrong):
    said, = office("limiter", *words, status=2)
    assert wrong in said
    assert office.json("limiter") == [] and office.audit() == []


@pytest.mark.usefixtures("away", "bare")
def test_limiters_without_redis(office, sql):
    assert "; Redis does not answer, the scheduler will tell it" in office("limiter", "a", "1", "1")[0]
    assert "nothing was changed" in office("limiter", "a", "--remove", status=1)[0]
    assert sql("select name from limiter") == [["a"]]


# ---- workers ----

def test_a_worker_is_asked_to_end(office, sql):
    office.image.hello("w1")
    office.queues["mail"].hello("w2")
    assert office("drain", "w2") == ["mail 1 asked to end once its jobs have"]
    assert office.queues["mail"].hello("w2") == "drain" and office.image.hello("w1") == "ok"
    assert sql("select action, target, details ->> 'workers' from audit") == [["drain", "mail", '["w2"]']]
    assert "there is no such worker" in office("drain", "nobody", status=3)[0]


def test_all_workers_of_a_queue(office):
    assert "has no workers" in office("drain", "--queue", "image", status=3)[0]
    for number in range(70):
        office.image.hello(f"w{number}")
    assert office("drain", "--queue", "image") == ["image 70 asked to end once their jobs have"]
    assert office.image.hello("w69") == "drain"
    assert "there is no such queue" in office("drain", "--queue", "nope", status=3)[0]


@pytest.mark.usefixtures("away")
def test_nobody_is_asked_without_redis(office):
    for words in (("drain", "w"), ("drain", "--queue", "image")):
        assert "Redis: 127.0.0.1:1: " in office(*words, status=1)[0]
    assert office.audit() == []


def test_a_worker_hears_of_it_and_ends(fleet, redis_alone):
    fleet.start("millrace-scheduler")
    worker = fleet.start("millrace-worker", "mail")
    fleet.line(worker, "worker.start")
    name = until(lambda: redis_alone("ZRANGE", "mr1:{q:mail}:who", 0, -1), "it says hello")[0]
    assert fleet.run("drain", name).returncode == 0
    assert worker.wait(PATIENCE) == 0


# ---- audit ----

def test_the_audit(office):
    assert office.json("audit") == [] and len(office("audit")) == 1
    job = office.put()
    office("set", "image", "cap", "1")
    office("cancel", job)
    rows = office.json("audit")
    assert [(row["who"], row["action"], row["target"]) for row in rows] == \
        [(USER, "cancel", job), (USER, "set", "image")]
    assert all(set(row) == {"id", "at", "who", "action", "target", "details"} for row in rows)
    assert rows[1]["details"] == {"name": "cap", "value": "1"}
    assert office.json("audit", "--target", "image") == rows[1:] and office.json("audit", "--limit", "1") == rows[:1]
    assert office.json("audit", "--target", new_id()) == []
    assert office("audit")[2].endswith("name=cap value=1")

# SPDX-License-Identifier: GPL-3.0-or-later
"""millrace doctor: each check sees what it is there for, which is broken first; and --repair mends what can be mended."""
import json
import os
import re

import pytest

from command import Command, SECRET
from engine import ROOT, Queue, new_id, packed
from office import queue_names
from proxy import Proxy, info, later


class Doctor:
    """What the doctor says: {check: [(state, text), ...]}."""

    def __init__(self, command):
        self.command = command

    def __call__(self, *words, status=0, **settings):
        said = {}
        for one in json.loads(self.command("doctor", "--json", *words, status=status, **settings).text):
            said.setdefault(one["check"], []).append((one["state"], one["text"]))
        return said

    def finds(self, check, why, state="bad", **settings):
        """That check alone says so."""
        said = self(status=1 if state == "bad" else 0, **settings)
        assert any(one[0] == state and why in one[1] for one in said[check]), said[check]
        return said

    def mends(self, check, why):
        """It is found, mended, and gone; and mending again mends nothing."""
        self.finds(check, why)
        assert {state for state, _ in self("--repair")[check]} == {"mended"}
        assert self()[check][0][0] == "ok", self()[check]
        assert all(one[0] != "mended" for found in self("--repair").values() for one in found)


@pytest.fixture
def folders(tmp_path):
    for name in ("files", "work"):
        (tmp_path / name).mkdir(mode=0o750)
    return tmp_path


@pytest.fixture
def command(servers, database, redis_alone, sql, folders):
    sql("insert into leader values ('reconciler', 'x', 7, now() + interval '1 hour')")
    return Command(servers, database, storage_folder=str(folders / "files"), worker_folder=str(folders / "work"),
                   smtp_url="smtp://127.0.0.1:1")


@pytest.fixture
def doctor(command, mail, redis_alone, sql):
    """All queues of the kinds are open."""
    for name in set(queue_names(sql)) - {"mail"}:
        queue = Queue(redis_alone, name)
        queue.close()
        queue.open()
    return Doctor(command)


def put(command, n=1):
    row = '{"kind": "mail.magic_link", "args": {"email": "a@b.example"}, "tenant": "t", "key": "k%d"}\n'
    return command("put", "--jsonl", "-", text="".join(row % i for i in range(n))).lines


def put_at(sql, time):
    """One that was put at that time, and that Redis is not told of."""
    return sql.one("select (job_put('mail.magic_link', '', 't', null, '{\"email\": \"a@b.example\"}', id => overlay("
                   f"job_id_make()::text placing left(job_id_floor({time})::text, 13) from 1)::uuid)).id")


def test_all_is_well(doctor, command, servers):
    said = doctor()
    bad = {check: found for check, found in said.items() if found[0][0] != "ok"}
    assert set(bad) == {"postgresql", "redis"}          # these test servers run without fsync and without appendonly
    assert "fsync is off" in bad["postgresql"][0][1] and "appendonly is no" in bad["redis"][0][1]
    table = command("doctor").lines
    assert len(table) == len(said) and "ok       unknown        Redis knows all open jobs" in table
    assert len(said) == 17
    first, *rows, last = command("doctor", "--json").lines     # a list, as of all commands: an object a line
    assert (first, last) == ("[", "]") and len(rows) == 17
    assert all(set(json.loads(row.rstrip(","))) == {"check", "state", "text"} for row in rows)


@pytest.mark.parametrize("words", [("x",), ("--nope",), ("--json", "--json")])
def test_usage(command, words):
    command("doctor", *words, status=2)


# ---- configuration, folders ----

def test_a_secret_that_can_be_guessed(doctor):
    doctor.finds("configuration", "secret can be guessed", secret="s" * 32)


def test_no_mail(doctor):
    doctor.finds("configuration", "smtp.url is empty", "warning", smtp_url="")


@pytest.mark.parametrize("mode, why", [(0o644, "read by others"), (0o620, "written by others"), (0o602, "written by others")])
def test_a_configuration_that_others_see(doctor, tmp_path, mode, why):
    file = tmp_path / "millrace.conf"
    file.write_text(f"secret = {SECRET}\n")
    file.chmod(mode)
    doctor.finds("configuration", why, config=str(file))
    file.chmod(0o640)
    assert doctor(config=str(file))["configuration"][0][0] == "ok"


def test_a_missing_folder(doctor, folders):
    doctor.finds("folders", "is no folder", worker_folder=str(folders / "no"))
    (folders / "work").chmod(0o777)
    doctor.finds("folders", "may be written by everybody")


def test_two_file_systems(doctor, folders):
    if os.stat("/dev/shm").st_dev == os.stat(folders).st_dev:
        pytest.skip("this machine has one file system only")
    doctor.finds("folders", "on two file systems", worker_folder="/dev/shm")


# ---- PostgreSQL ----

def test_no_postgresql(doctor):
    for more in ({}, {"redis_url": "/nowhere/redis.sock"}):
        said = doctor.finds("postgresql", "does not answer", database_url="host=/nowhere", **more)["unknown"]
        assert said == [("warning", "could not be looked at: PostgreSQL is not ready")]


def test_commits_that_may_be_lost(doctor, sql):
    sql("do $$ begin execute format('alter database %I set synchronous_commit = off', current_database()); end $$")
    doctor.finds("postgresql", "synchronous_commit is off")


def test_a_schema_that_lacks_something(doctor, sql):
    sql("alter table queue_minute rename to gone")
    doctor.finds("schema", "there is no table queue_minute")
    sql("alter table gone rename to queue_minute")
    sql("update schema_migration set checksum = 'x' where number = 3")
    doctor.finds("schema", "0003_job was changed")


def test_a_schema_that_is_old_or_new(doctor, sql):
    sql("create table kept as select * from schema_migration")
    sql("delete from schema_migration where number >= 6")
    doctor.finds("schema", "0006_figureforge is not applied: run millrace migrate")
    sql("delete from schema_migration")
    sql("insert into schema_migration select * from kept")
    sql("insert into schema_migration (number, name, checksum) values (9999, '9999_future', 'x')")
    doctor.finds("schema", "9999_future is newer", "warning")


def test_a_kind_that_the_database_does_not_know(doctor, sql):
    sql("update job_kind set deadline = deadline + 1 where name = 'mail.magic_link'")
    doctor.finds("schema", "thinks differently of kind mail.magic_link")


def test_weeks_that_are_held_back(doctor, sql):
    """Nobody was told that nothing was dropped any more."""
    for ago in (7, 8, 9):
        sql(f"select job_week_make(now() - interval '{ago} weeks')")
    sql("select job_put('mail.magic_link', '', 't', null, '{}'), batch_open('p')")
    job = sql.one("update job set id = job_id_floor(now() - interval '9 weeks') returning id")
    one = sql.one("update batch set id = job_id_floor(now() - interval '8 weeks'), used_at = now() - interval '20 days' returning id")
    sql("update queue_scan set oldest = 'ffffffff-ffff-7fff-bfff-ffffffffffff'")    # not what this is about
    said = dict(reversed(text.split(" are not dropped: ")) for _, text in doctor.finds("weeks", "are not dropped", "warning")["weeks"])
    week = lambda ago: sql.one(f"select to_char((now() - interval '{ago} weeks') at time zone 'UTC', 'IYYY\"w\"IW')")
    assert said == {f"job {job} is open": f"{week(9)} to {week(9)}", f"batch {one} is not closed": f"{week(8)} to {week(7)}"}
    sql("delete from job; delete from batch")
    doctor.finds("weeks", f"{week(9)} to {week(7)} are not dropped: nothing holds them back", "warning")


def test_weeks_that_are_not_made(doctor, sql):
    week = sql.one("select to_char((now() at time zone 'UTC') + interval '7 days', 'IYYY\"w\"IW')")
    sql(f"drop table job_try_{week}")
    doctor.mends("weeks", "only 1 of five weeks are made ahead")


def test_rows_that_lie_in_no_week(doctor, sql):
    sql("insert into job_try (id, epoch, outcome, counts, worker) values ('ffffffff-0000-7000-8000-000000000000', 1, 'lost', "
        "false, 'w')")
    doctor.finds("weeks", "1 tries lie in a default partition")


def test_rows_are_moved_into_their_week_as_the_page_tells(doctor, sql):
    script = re.search(r"^```sql\n(begin;.*?)```", (ROOT / "docs" / "operating.md").read_text(), re.M | re.S)[1]
    sql("create table stray as select job_id_floor(now() + n * interval '200 days') as id from generate_series(1, 2) n")
    sql("insert into job (id, kind, version, queue, product, tenant, priority, args, due_at, deadline, tries)"
        " select id, 'mail.magic_link', 1, 'mail', 'p', 't', 2, '{}', now(), 60, 3 from stray")
    sql("insert into job_end (id, outcome, epoch, worker) select id, 'buried', 1, 'w' from stray")
    sql("insert into job_try (id, epoch, outcome, counts, worker) select id, 0, 'lost', false, 'w' from stray")
    doctor.finds("weeks", "2 jobs lie in a default partition")
    sql(script)
    assert doctor()["weeks"][0][0] == "ok"
    for table in ("job", "job_end", "job_try"):
        assert sql.one(f"select count(distinct tableoid) || ' ' || count(*) from {table}") == "2 2"


# ---- Redis ----

def test_no_redis(doctor):
    said = doctor.finds("redis", "does not answer", redis_url="/nowhere/redis.sock")
    assert said["lists"] == [("warning", "could not be looked at: Redis is not ready")]


@pytest.mark.parametrize("name, value, well, why", [
    ("maxmemory-policy", "allkeys-lru", "noeviction", "maxmemory-policy is allkeys-lru"),
    ("maxmemory", "0", "512mb", "maxmemory is not set")])
def test_a_redis_that_forgets(doctor, redis_alone, name, value, well, why):
    redis_alone("CONFIG", "SET", name, value)
    try:
        doctor.finds("redis", why)
    finally:
        redis_alone("CONFIG", "SET", name, well)


@pytest.mark.parametrize("old, new, state, why", [
    (b"redis_version:7", b"redis_version:6", "bad", "is older than 7"),
    (b"loading:0", b"loading:1", "warning", "is still loading"),
    (b"connected_slaves:0", b"connected_slaves:1", "warning", "min-replicas-to-write is 0"),
    (b"role:master", b"role:slave", "bad", "is a replica"),
    (b"aof_enabled:0", b"aof_enabled:1\r\naof_last_write_status:err", "bad", "cannot write its append-only file"),
])
def test_a_redis_that_is_not_fit(doctor, servers, tmp_path, old, new, state, why):
    proxy = Proxy(tmp_path / "proxy", servers.redis_socket, {b"INFO": info(old, new)})
    doctor.finds("redis", why, state, redis_url=proxy.path)
    proxy.close()


@pytest.mark.parametrize("seconds, state, why", [(60, "bad", "s ahead of this"), (-60, "bad", "s behind this"),
                                                 (3, "warning", "s ahead of this")])
def test_clocks_that_differ(doctor, servers, tmp_path, seconds, state, why):
    proxy = Proxy(tmp_path / "proxy", servers.redis_socket, {b"TIME": later(seconds)})
    doctor.finds("clocks", why, state, redis_url=proxy.path)
    proxy.close()


# ---- the scheduler, queues, settings ----

def test_nobody_leads(doctor, sql):
    sql("update leader set expires = now()")
    doctor.finds("scheduler", "start millrace-scheduler")


def test_a_closed_queue(doctor, mail):
    mail.redis("SET", mail.key("gen"), "x|another run")
    doctor.finds("queues", "mail is closed")


def test_a_queue_that_nobody_works_at(doctor, mail, command, sql):
    put(command)
    doctor.finds("queues", "mail has 1 waiting jobs and no worker", "warning")
    mail.hello()
    assert doctor()["queues"] == [("ok", "they are open")]
    sql("insert into queue (name, refusing, why) values ('mail', true, 'too many')")
    doctor.finds("queues", "mail takes no more jobs: too many", "warning")


def test_leases_that_nobody_takes(doctor, mail, command):
    put(command)
    mail.expire(*mail.reserve(1))
    doctor.finds("queues", "mail has 1 leases that ran out")


def test_settings_that_redis_has_not_heard_of(doctor, mail, sql):
    sql("select queue_set('me', 'mail', 'cap', '7')")
    doctor.mends("settings", "settings that Redis has not heard of")
    assert mail.redis("HGET", mail.key("cfg"), "cap") == "7"


def test_a_paused_queue(doctor, sql):
    sql("select queue_set('me', 'mail', 'paused', '1')")
    doctor("--repair")
    doctor.finds("queues", "mail is paused", "warning")


@pytest.mark.parametrize("name", ["cap", "cap.tenant", "cap.kind:mail.magic_link", "cap.key:k"])
def test_a_cap_that_lets_nothing_run(doctor, sql, name):
    """All was well, and no job ever ran."""
    sql(f"select queue_set('me', 'mail', '{name}', '0')")
    doctor("--repair")
    doctor.finds("settings", f"mail: {name} is 0, and nothing that it goes for ever runs: millrace set mail {name} takes it back",
                 "warning")
    sql(f"select queue_set('me', 'mail', '{name}', '10')")
    doctor("--repair")
    assert doctor()["settings"] == [("ok", "Redis has the newest, and they let jobs run")]


def test_a_limiter_that_there_is_not(doctor, command, sql):
    sql("select queue_set('me', 'mail', 'limiter', 'theirs')")
    doctor("--repair")
    doctor.finds("settings", "mail: there is no limiter theirs, and nothing is limited by it: millrace limiter theirs RATE BURST",
                 "warning")
    command("limiter", "theirs", "1", "1")
    assert doctor()["settings"][0][0] == "ok"


def test_settings_of_a_restored_database(doctor, mail):
    mail.settings(version=9)
    doctor.finds("settings", "was it restored")


# ---- jobs of which the two think differently ----

def test_open_jobs_that_redis_does_not_know(doctor, mail, sql):
    young = put_at(sql, "now() + interval '30 s'")       # young until the end, however long that takes
    old = [put_at(sql, "now() - interval '60 s'") for _ in range(70)]
    sql(f"insert into job_end (id, outcome, epoch, worker) values ('{old[0]}', 'done', 1, 'w')")
    doctor.mends("unknown", "mail: 69 open jobs that Redis does not know")
    assert set(mail.redis("HKEYS", mail.key("j"))) == set(old[1:])      # and not the one that is just being told
    assert young not in old
    assert sql("select distinct action, target, details ->> 'check', details ->> 'count' from audit where action = 'repair'") \
        == [["repair", "mail", "unknown", "69"]]


def test_jobs_that_have_ended(doctor, mail, command, sql):
    kept, ended, held = put(command, 3)
    batch = mail.reserve(3)
    mail.finish(*[job for job in batch if job.id != held], due=0)
    stranger = new_id()
    mail.put((stranger, packed(kind="mail.magic_link")))
    for job in (ended, held):       # the end of the one that is held is for its worker to tell
        sql(f"insert into job_end (id, outcome, epoch, worker) values ('{job}', 'done', 1, 'w')")
    doctor.mends("ended", "mail: 2 jobs in Redis that have ended")
    assert set(mail.redis("HKEYS", mail.key("j"))) == {kept, held}
    assert mail.redis("HGET", mail.key("n"), "repaired:gone") == "2"


def test_what_can_be_no_job(doctor, mail):
    """It used to be called mended, and to stay."""
    mail.redis("HSET", mail.key("j"), "oops", packed(kind="mail.magic_link"))
    mail.redis("RPUSH", mail.key("r:2:t"), "oops")
    doctor.mends("ended", "mail: 1 jobs in Redis that have ended, or that PostgreSQL does not know (oops)")
    assert mail.redis("EXISTS", mail.key("j")) == 0


def test_a_rebuild_that_has_just_begun(doctor, mail):
    mail.close("t")
    mail.rebuild("forget", token="t")
    assert doctor(status=1)["ended"] == [("ok", "Redis knows no job that has ended")]


def test_jobs_that_stand_nowhere(doctor, mail, command):
    jobs = put(command, 600)
    assert mail.redis("LREM", mail.key("r:2:t"), 1, jobs[300]) == 1
    mail.redis("LREM", mail.key("r:2:t"), 1, jobs[599])
    doctor.mends("lists", "mail: 2 jobs that are known and stand nowhere")
    got = []
    while batch := mail.reserve(64):
        got += batch.ids
    assert sorted(got) == sorted(jobs)


def test_a_list_that_nobody_looks_at(doctor, mail, command):
    job, = put(command)
    mail.redis("DEL", mail.key("ring:2"))
    doctor.mends("lists", "mail: 1 lists of jobs that nobody looks at (2:t)")
    assert mail.reserve(1).ids == [job]


@pytest.mark.parametrize("halve, why", [("own", "jobs that are owned without a lease"), ("lease", "leases that nobody owns"),
                                        ("delayed", "leases that nobody owns, or of jobs that are delayed as well")])
def test_a_job_that_is_held_by_halves(doctor, mail, command, halve, why):
    put(command)
    job, = mail.reserve(1)
    if halve == "own":
        mail.redis("ZREM", mail.key("lease"), job.id)
    elif halve == "lease":
        mail.redis("HDEL", mail.key("own"), job.id)
        mail.redis("SREM", mail.key("in:y:k0"), job.id)
    else:
        mail.redis("ZADD", mail.key("dl"), 1, job.id)
    doctor.finds("leases", f"mail: 1 {why}")
    assert doctor("--repair")["leases"][0][0] == "mended"
    if halve == "lease":                     # reserve takes it from there
        assert mail.reserve(1).ids == [job.id]
    assert doctor()["leases"][0][0] == "ok"


def test_sets_that_differ_from_leases(doctor, mail, command, sql):
    sql("select queue_set('me', 'mail', 'cap.kind:nothing', '1')")
    doctor("--repair")
    put(command, 2)
    job, other = mail.reserve(2)
    mail.redis("SADD", mail.key("in:t:t"), new_id())
    doctor.mends("running", "mail: 1 jobs that are counted as running and do not run")
    mail.redis("SREM", mail.key("in:k:mail.magic_link"), job.id)
    doctor.mends("running", "mail: 1 running jobs that are not counted")
    assert set(mail.redis("SMEMBERS", mail.key("in:k:mail.magic_link"))) == {job.id, other.id}


def test_parked_for_ever(doctor, mail, command, sql):
    sql("select queue_set('me', 'mail', 'cap.tenant', '1')")
    doctor("--repair")
    put(command, 2)
    first, = mail.reserve(2)
    assert mail.redis("ZREM", mail.key("park"), "t:t") == 1
    doctor.mends("parked", "mail: 1 tenants that are parked for ever (t)")
    mail.finish(first)
    assert len(mail.reserve(1)) == 1


def test_a_lane_that_nobody_looks_at(doctor, mail, command, sql):
    sql("select queue_set('me', 'mail', 'cap.kind:mail.magic_link', '1')")
    doctor("--repair")
    put(command, 3)
    first, = mail.reserve(3)
    mail.redis("ZREM", mail.key("park"), "k:mail.magic_link")
    doctor.mends("parked", "mail: 1 lanes that nobody looks at (k:mail.magic_link)")
    mail.redis("DEL", mail.key("w:k:mail.magic_link"))
    doctor.mends("parked", "mail: 1 lists of a lane that is in no turn (k:mail.magic_link|2:t)")
    mail.finish(first)
    assert len(mail.reserve(3)) == 1


def everything(redis):
    reads = {"string": ("GET",), "hash": ("HGETALL",), "set": ("SMEMBERS",), "list": ("LRANGE", 0, -1),
             "zset": ("ZRANGE", 0, -1, "WITHSCORES")}
    found = {}
    for key in redis("KEYS", "mr1:*"):
        verb, *rest = reads[redis("TYPE", key)]
        said = redis(verb, key, *rest)
        found[key] = sorted(said) if verb == "SMEMBERS" else said
    return found


def test_a_repair_touches_nothing_that_is_well(doctor, mail, command):
    jobs, running = put(command, 100), mail.reserve(10)
    mail.finish(*running[:3], due=mail.now() + 60000)
    before = everything(mail.redis)
    assert all(state != "mended" for found in doctor("--repair").values() for state, _ in found)
    assert everything(mail.redis) == before
    assert len(jobs) == 100


# ---- the script ----

def test_inspect_judges_what_it_is_given(queue):
    job = queue.put_one()
    ask = lambda what, *items, mend=False: queue._call("inspect", what, "mend" if mend else "look", *items)
    assert ask("jobs", job, new_id()) == [] and ask("gone", new_id()) == []
    queue.redis("DEL", queue.key("r:2:t"))
    assert ask("jobs", job) == [job] == ask("jobs", job, mend=True)
    assert ask("jobs", job) == [] and queue.reserve(1).ids == [job] and ask("gone", job, mend=True) == [], "it runs"
    assert queue.redis("HGET", queue.key("n"), "repaired:jobs") == "1"

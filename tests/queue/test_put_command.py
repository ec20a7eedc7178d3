# SPDX-License-Identifier: GPL-3.0-or-later
"""millrace put and millrace batch: single jobs, streams, and waiting for their ends."""
import json
import os
import signal
import subprocess

import pytest

from engine import new_id, statement
from servers import until

NIL, LAST = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
MAIL = ("put", "mail.magic_link", "--args", '{"email": "a@b.example"}')


def line(n=0, **more):
    return json.dumps({"kind": "mail.magic_link", "args": {"email": f"a{n}@b.example"}, **more}) + "\n"


def lines(n, **more):
    return "".join(line(i, **more) for i in range(n))


def end(sql, *jobs, outcome="done", result="NULL", error="NULL"):
    ids, many = "{%s}" % ",".join(jobs), lambda value: "{%s}" % ",".join([value] * len(jobs))
    sql("begin")
    sql(statement("queue/job_ends", ids=ids, outcomes=many(outcome), results=many(result), errors=many(error), epochs=many("7"),
                  worker="w"))
    sql(statement("queue/job_ended", ids=ids))
    sql("commit")


def jobs(sql):
    return [row[0] for row in sql("select id from job order by id")]


# ---- one job ----

def test_its_page_tells_of_one_put_and_of_the_result(command, sql, mail):
    job = command(*MAIL).line
    end(sql, job, result='"{\\"n\\": 1}"')
    page = command("job", job).text
    assert page.count("  put ") == 1 and 'result      {"n":1}\n' in page


def test_a_job_is_put_and_redis_is_told(command, sql, mail):
    job = command(*MAIL, "--product", "ailice", "--tenant", "t", "--priority", "1", "--key", "k", "--cost", "3", "--account-id",
                  "12").line
    assert sql("select id, kind, product, tenant, account_id, priority, key, cost, args from job") == \
        [[job, "mail.magic_link", "ailice", "t", "12", "1", "k", "3", '{"email":"a@b.example"}']]
    packed = mail.redis("HGET", mail.key("j"), job).split("|")
    assert packed[:3] == ["1", "1", "mail.magic_link"] and packed[5:] == ["k", "3", "t"]
    assert mail.redis("HGET", mail.key("n"), "put") == "1"
    assert sql("select action, target from audit") == [["put", job]]


def test_whose_job_it_is_when_nothing_is_said(command, sql):
    command(*MAIL)
    command(*MAIL, "--product", "ailice")
    assert sql("select product, tenant from job order by id") == [["", "operator"], ["ailice", "ailice"]]


def test_all_arguments_are_sealed_when_that_is_configured(command, sql):
    command(*MAIL, queue_encrypt="yes")
    args = json.loads(sql.one("select args from job"))
    assert list(args) == ["sealed"] and args["sealed"].startswith("mrs1.")


@pytest.mark.parametrize("words, seconds", [(("--delay", "5m"), 300), (("--delay", "90"), 90), (("--delay", "2h"), 7200),
                                            (("--delay", "1d"), 86400)])
def test_a_job_is_put_for_later(command, sql, mail, words, seconds):
    job = command(*MAIL, *words).line
    later = float(sql.one("select extract(epoch from due_at - job_id_time(id)) from job"))
    assert seconds - 20 < later < seconds + 20
    assert (mail.redis("ZSCORE", mail.key("dl"), job) is not None) == (seconds <= 600)


def test_a_job_that_is_put_for_much_later_is_told_when_it_is_near(command, sql):
    job = command(*MAIL, "--delay", "2h").line
    due = statement("queue/job_due", after=NIL, span=60)
    assert sql(due) == []
    sql("update job set due_at = now() + interval '5 minutes'")
    assert [row[0] for row in sql(due)] == [job]


def test_a_job_is_put_for_a_moment(command, sql):
    command(*MAIL, "--at", "2031-01-31T08:00+02:00")
    assert sql.one("select iso_time(due_at) from job") == "2031-01-31T06:00:00Z"


def test_a_name_is_one_job(command, sql):
    first = command(*MAIL, "--unique", "n").line
    assert command(*MAIL, "--unique", "n").line == first and jobs(sql) == [first]
    end(sql, first)
    assert command(*MAIL, "--unique", "n").line != first


@pytest.mark.writes_nothing
@pytest.mark.parametrize("words, status, why", [
    (("put",), 2, "KIND: is required"), (("put", "no.such"), 3, "there is no kind no.such"),
    (("put", "mail.magic_link"), 2, "args: email: is required"), ((*MAIL, "x"), 2, "x: is a word too many"),
    ((*MAIL[:2], "--args", "{"), 2, "--args: "), ((*MAIL[:2], "--args", "[]"), 2, "args: is not an object"),
    ((*MAIL[:2], "--args", '{"email": "a@b.example", "emial": 1}'), 2, "args: emial: there is no such argument"),
    ((*MAIL[:2], "--args", '{"sealed": "mrs1.x.y"}'), 2, "args: sealed: there is no such argument"),
    ((*MAIL, "--priority", "4"), 2, "--priority: must be"), ((*MAIL, "--cost", "0"), 2, "--cost: must be"),
    ((*MAIL, "--tenant", "a b"), 2, "tenant: has a blank or a |"), ((*MAIL, "--key", "a|b"), 2, "key: has a blank or a |"),
    ((*MAIL, "--delay", "5x"), 2, "delay: is no duration"), ((*MAIL, "--delay", "11000d"), 2, "delay: is no duration"),
    ((*MAIL, "--at", "tomorrow"), 2, "at: is no time"), ((*MAIL, "--at", "2031-02-30T08:00:00Z"), 2, "at: is no time"),
    ((*MAIL, "--at", "2031-01-31T08:00:00"), 2, "at: is no time"),
    ((*MAIL, "--delay", "5m", "--at", "2031-01-31T08:00:00Z"), 2, "delay: there is an at as well"),
    ((*MAIL, "--batch", "x"), 2, "--batch: "), ((*MAIL, "--batch", new_id()), 4, "no such batch"),
    ((*MAIL, "--timeout", "3"), 2, "--timeout: is of no use"), ((*MAIL, "--strict"), 2, "--strict: is of use"),
    ((*MAIL, "--nope"), 2, "--nope: there is no such option"), ((*MAIL, "--wait", "--wait"), 2, "--wait: is there twice"),
    (("put", "--jsonl"), 2, "--jsonl: lacks a value"), (("put", "mail.magic_link", "--jsonl", "-"), 2, "each line names"),
    (("put", "--jsonl", "-", "--tenant", "a b"), 2, "--tenant: has a blank or a |"),
    (("put", "--jsonl", "-", "--batch", "B", "--tenant", "a|b"), 2, "--tenant: has a blank or a |"),
    (("put", "--jsonl", "-", "--key", "k"), 2, "--key: with --jsonl"), (("put", "--jsonl", "/no/such"), 1, "No such file"),
    (("put", "--jsonl", "-", "--finally", "no.such"), 3, "--finally: there is no kind"),
    (("put", "--jsonl", "-", "--finally", "mail.magic_link:{}"), 2, "--finally: args: email: is required"),
    (("batch",), 2, "Usage: millrace batch ID"), (("batch", "x"), 2, "is not a batch's id"), (("batch", new_id()), 3, "no such batch"),
    (("batch", new_id(), "--close"), 3, "no such batch"), (("batch", new_id(), "--wait"), 3, "no such batch"),
])
def test_what_is_refused(command, sql, words, status, why):
    done = command(*words, status=status)
    assert why in done.err and done.lines == []
    assert jobs(sql) == []


def test_a_queue_that_takes_no_more(command, sql):
    sql("insert into queue (name, refusing, why) values ('mail', true, 'too many jobs are open')")
    assert "too many jobs are open" in command(*MAIL, status=4).err
    assert jobs(sql) == []


def test_a_database_that_is_not_there(command):
    assert "put: " in command(*MAIL, status=1, database_url="host=/nowhere").err


def test_a_redis_that_is_not_there_does_no_harm(command, sql):
    assert jobs(sql) == [] and command(*MAIL, redis_url="/nowhere/redis.sock").lines == jobs(sql)


# ---- waiting ----

@pytest.mark.parametrize("outcome, result, error, status, out, err", [
    ("done", '{\\"a\\":1}', "NULL", 0, ['{"a":1}'], ""), ("done", "NULL", "NULL", 0, [], ""),
    ("buried", "NULL", "it broke", 1, [], "buried: it broke"), ("cancelled", "NULL", "NULL", 5, [], "cancelled")])
def test_the_exit_status_is_the_outcome(command, sql, outcome, result, error, status, out, err):
    waits = command.start(*MAIL, "--wait")
    job = waits.stdout.readline().strip()
    assert waits.poll() is None
    end(sql, job, outcome=outcome, result=f'"{result}"' if result != "NULL" else result, error=error)
    done = command.end(waits)
    assert (done.status, done.lines) == (status, out) and err in done.err


def test_waiting_ends_in_time(command, sql):
    done = command(*MAIL, "--wait", "--timeout", "1", status=6)
    assert done.lines == jobs(sql) and "has not ended" in done.err


# ---- a stream ----

def test_a_job_a_line(command, sql, mail, tmp_path):
    file = tmp_path / "jobs"
    text = "".join(line(n, tenant=f"t{n % 3}", priority=n % 4, key="k", cost=2, delay=n % 2 * 60) for n in range(600))
    file.write_text("\n  \n" + text + line(600, delay="5m", at=None).replace(', "at": null', "").rstrip("\n"))
    done = command("put", "--jsonl", str(file))
    assert sorted(done.lines) == jobs(sql) and len(done.lines) == 601
    assert mail.redis("HLEN", mail.key("j")) == 601 and mail.redis("ZCARD", mail.key("dl")) == 301
    assert "601 jobs are put, 0 lines are refused" in done.err
    emails = dict(sql("select id, args ->> 'email' from job"))
    assert [emails[job] for job in done.lines] == [f"a{n}@b.example" for n in range(601)]
    assert sql("select tenant, priority, cost, key from job where args ->> 'email' = 'a5@b.example'") == [["t2", "1", "2", "k"]]
    assert sql("select action, details from audit") == [["put.stream", '{"put": 601, "refused": 0}']]


BAD = ["{", "[]", "7", '{"kind": "no.such"}', line(0, nope=1).strip(), line(0, priority=9).strip(), line(0, tenant="a|b").strip(),
       line(0, delay="x").strip(), '{"kind": "mail.magic_link"}', '{"kind": "mail.magic_link", "kind": "x"}',
       line(0, key="x" * 300000).strip()]


def test_bad_lines_are_told_and_the_rest_goes_on(command, sql):
    done = command("put", "--jsonl", "-", text="".join(line(n) + bad + "\n" for n, bad in enumerate(BAD)), status=7)
    assert sorted(done.lines) == jobs(sql) and len(done.lines) == len(BAD)
    told = [said.split(":")[1].strip() for said in done.err.splitlines()[:-1]]
    assert told == [f"line {2 * n + 2}" for n in range(len(BAD))]


def test_strict_stops_at_the_first_bad_line(command, sql, tmp_path):
    file = tmp_path / "jobs"
    file.write_text(lines(256) + lines(10) + "{\n" + lines(10))
    done = command("put", "--jsonl", str(file), "--strict", status=1)
    assert sorted(done.lines) == jobs(sql) and len(done.lines) == 256 and "line 267: " in done.err


def test_what_the_database_alone_refuses_is_one_line(command, sql):
    sql("delete from job_kind where name = 'image.generate'")
    draw = json.dumps({"kind": "image.generate", "args": {"prompt": "a", "batch_size": 1, "model": "croquis"}})
    done = command("put", "--jsonl", "-", text=line() + draw + "\n" + line(), status=7)
    assert sorted(done.lines) == jobs(sql) and len(done.lines) == 2
    assert "line 2: Jobs of kind image.generate cannot be put, the database does not know it: run millrace migrate, or start" \
           " the workers of the program that has it\n" in done.err


def test_a_slow_producer_need_not_wait(command, sql):
    stream = command.start("put", "--jsonl", "-")
    for n in range(3):
        stream.stdin.write(line(n))
        stream.stdin.flush()
        assert stream.stdout.readline().strip() in jobs(sql)
    assert command.end(stream).status == 0 and len(jobs(sql)) == 3


def test_back_pressure_waits(command, sql):
    sql("insert into queue (name, refusing, why) values ('mail', true, 'short of memory')")
    stream = command.start("put", "--jsonl", "-")
    stream.stdin.write(lines(3))
    stream.stdin.flush()
    assert "short of memory" in stream.stderr.readline() and jobs(sql) == []
    sql("update queue set refusing = false")
    done = command.end(stream)
    assert done.status == 0 and sorted(done.lines) == jobs(sql) and len(done.lines) == 3


def test_whole_passes_see_what_had_to_wait_for_long(sql):
    """Its id was made two hours ago; all that was older than an hour had ended."""
    sql(statement("queue/scan_raise", oldest=LAST, kicks=0))
    old = sql.one("select overlay(job_id_make()::text placing left(job_id_floor(now() - interval '2 hours')::text, 13) from 1)")
    row = {"ids": old, "kinds": "mail.magic_link", "products": "p", "tenants": "t", "accounts": "null", "args": "null",
           "priorities": 2, "keys": '""', "costs": 1, "delays": 0, "dues": "null", "uniques": "null"}
    columns = {name: "{%s}" % value for name, value in row.items()} | {"args": '{"{}"}'}
    assert sql(statement("queue/put_rows", **columns, batch=None, request_id="r"))[0][0] == old
    assert [row[0] for row in sql(statement("queue/job_open", after=NIL))] == [old]


def test_what_was_reported_is_there_after_a_kill(command, sql):
    stream = command.start("put", "--jsonl", "-")
    feeder = subprocess.Popen(["yes", line().strip()], stdout=stream.stdin)
    stream.stdin.close()
    reported = [stream.stdout.readline().strip() for _ in range(1000)]
    stream.send_signal(signal.SIGKILL)
    reported += [row for row in stream.stdout.read().splitlines() if len(row) == 36]
    stream.wait(10)
    feeder.wait(10)
    assert set(reported) <= set(jobs(sql)) and len(set(reported)) == len(reported) >= 1000


def test_a_cut_connection_loses_and_doubles_nothing(command, sql):
    stream = command.start("put", "--jsonl", "-")
    for n in range(20):
        stream.stdin.write(lines(5))
        stream.stdin.flush()
        sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and "
            "pid <> pg_backend_pid()")
    done = command.end(stream)
    assert done.status == 0 and sorted(done.lines) == jobs(sql) and len(done.lines) == 100


@pytest.mark.skipif("asan" in os.environ.get("MILLRACE_BUILD", ""), reason="sanitizers keep what was freed")
def test_memory_does_not_grow_with_the_stream(command, sql):
    def resident():
        with open(f"/proc/{stream.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    stream = command.start("put", "--jsonl", "-")
    sizes = []
    for _ in range(80):
        stream.stdin.write(lines(256))
        stream.stdin.flush()
        for _ in range(256):
            stream.stdout.readline()
        sizes.append(resident())
    assert command.end(stream).status == 0 and sizes[-1] - sizes[4] < 1 << 20


# ---- batches ----

def test_a_batch_of_a_stream(command, sql):
    waits = command.start("put", "--jsonl", "-", "--batch", "B", "--product", "ailice", "--finally",
                          'mail.magic_link:{"email": "done@b.example"}', "--wait")
    batch = waits.stdout.readline().strip()
    waits.stdin.write(lines(5) + "{\n")
    waits.stdin.close()
    waits.stdin = None
    until(lambda: sql.one(f"select closed from batch where id = '{batch}'") == "t", "the batch is closed")
    assert "5" == json.loads(command("batch", batch, "--json").text)["open"].__str__()
    shown = dict(row.split(maxsplit=1) for row in command("batch", batch).lines)
    assert (shown["name"], shown["total"], shown["open"], shown["state"]) == ("B", "5", "5", "waits for its jobs")
    end(sql, *jobs(sql))
    done = command.end(waits, None)
    assert (done.status, done.lines) == (7, ["total 5 done 5 buried 0 cancelled 0"])
    assert sql("select args ->> 'email', product from job order by id desc limit 1") == [["done@b.example", "ailice"]]
    assert command("batch", batch, "--wait").lines == done.lines


@pytest.mark.parametrize("outcome, status", [("done", 0), ("buried", 1), ("cancelled", 5)])
def test_the_exit_status_of_a_batch(command, sql, outcome, status):
    waits = command.start("put", "--jsonl", "-", "--wait")
    waits.stdin.write(lines(2))
    waits.stdin.close()
    waits.stdin = None
    until(lambda: sql.one("select count(*) from batch where closed") == "1", "the batch is closed")
    first, second = jobs(sql)
    end(sql, first)
    end(sql, second, outcome=outcome)
    assert command.end(waits, None).status == status


def test_a_batch_without_lines_is_complete(command):
    assert command("put", "--jsonl", "-", "--wait").lines[1] == "total 0 done 0 buried 0 cancelled 0"


def test_a_batch_whose_stream_was_stopped_is_closed_by_hand(command, sql):
    done = command("put", "--jsonl", "-", "--batch", "B", "--strict", text=line() + "{\n", status=1)
    batch, = done.lines
    assert "the batch stays open" in done.err
    command(*MAIL, "--batch", batch)
    assert "state      jobs are still put into it" in command("batch", batch).lines
    assert command("batch", batch, "--wait", "--timeout", "0", status=6)
    command("batch", batch, "--close")
    assert sql.one(f"select closed and total = 1 from batch where id = '{batch}'") == "t"
    end(sql, *jobs(sql))
    assert "state      complete" in command("batch", batch).lines
    assert "it is complete" in command(*MAIL, "--batch", batch, status=4).err

# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics in Prometheus' text format, from the command and from the scheduler's socket; the roll-ups."""
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from engine import ROOT, statement
from office import queue_names
from places import free_ports
from servers import PATIENCE, listens, until

# ---- the text format, strictly: https://prometheus.io/docs/instrumenting/exposition_formats/ ----

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)?\}})? (-?[0-9.]+(?:e[-+]?[0-9]+)?|[-+]Inf|NaN)")


class Family:
    def __init__(self, kind):
        self.kind, self.samples = kind, {}


def parse(text):
    """{name: Family}; asserts whatever promtool would complain of."""
    assert text.endswith("\n")
    families, current = {}, None
    lines = text.split("\n")[:-1]
    for at, line in enumerate(lines):
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            assert name not in families and re.fullmatch(NAME, name) and len(line.split(" ", 3)[3]) > 5, line
            typed = re.fullmatch(rf"# TYPE {name} (counter|gauge|histogram)", lines[at + 1])
            assert typed, lines[at + 1]
            current = families[name] = Family(typed[1])
        elif line.startswith("# TYPE "):
            assert lines[at - 1].startswith(f"# HELP {name} "), line
        else:
            found = SAMPLE.fullmatch(line)
            assert found, line
            base = re.sub(r"_(bucket|sum|count)$", "", found[1]) if current.kind == "histogram" else found[1]
            assert base == name, line
            assert current.kind != "counter" or name.endswith("_total"), line
            labels = tuple(sorted((one[0], one[1]) for one in re.findall(LABEL, found[2] or "")))
            assert len({label for label, _ in labels}) == len(labels), line
            assert (found[1], labels) not in current.samples, line
            current.samples[found[1], labels] = float(found[7] if found.re.groups == 7 else found[found.re.groups])
    for name, family in families.items():
        if family.kind == "histogram":
            check_histogram(name, family.samples)
    return families


def check_histogram(name, samples):
    series = {}
    for (sample, labels), value in samples.items():
        rest = tuple(one for one in labels if one[0] != "le")
        one = series.setdefault(rest, {"buckets": []})
        if sample == f"{name}_bucket":
            one["buckets"].append((float(dict(labels)["le"]), value))
        else:
            one[sample] = value
    for one in series.values():
        bounds, counts = zip(*one["buckets"])
        assert list(bounds) == sorted(bounds) and bounds[-1] == float("inf")
        assert list(counts) == sorted(counts) and counts[-1] == one[f"{name}_count"] and one[f"{name}_sum"] >= 0


def value(families, name, sample=None, **labels):
    return families[name].samples[sample or name, tuple(sorted(labels.items()))]


# ---- the places ----

@pytest.fixture
def scheduler(command):
    """Start schedulers; they are stopped at the end."""
    started = []

    def start(**settings):
        started.append(command.start(program="millrace-scheduler", queue_reconcile="1", **settings))
        return started[-1]
    yield start
    for one in started:
        one.terminate()
    for one in started:
        assert one.wait(PATIENCE) == 0, one.stderr.read()


def counted(mail):
    """Work that leaves something to count."""
    mail.put_many(5, kind="mail.magic_link", tenant="a")
    mail.put_one(kind="mail.magic_link", due=mail.now() + 60000)
    mail.hello()
    batch = mail.reserve(3)
    mail.finish(*batch[:2], counters=[("done:mail.magic_link", 2), ("failed:mail.magic_link", 1), ("buried:mail.magic_link", 1),
                                      ("wait:mail.magic_link:5", 1), ("wait:mail.magic_link:inf", 1),
                                      ("wait_ms:mail.magic_link", 30000000), ("run:mail.magic_link:1000", 2),
                                      ("run_ms:mail.magic_link", 1500), ("repaired:unknown", 4)])


# ---- the text ----

def test_what_there_is_to_say(command, mail, sql):
    counted(mail)
    sql("insert into leader values ('reconciler', 'x', 7, now() + interval '1 hour')")
    sql("insert into queue (name, refusing, why) values ('image', true, 'x')")
    job = sql.one("select (job_put('mail.magic_link', '', 't', null, '{}')).id")
    sql(f"insert into job_end (id, outcome, epoch, worker) values ('{job}', 'buried', 1, 'w')")
    said = parse(command("metrics").text)
    queue = {"queue": "mail"}
    for name, number in (("waiting", 2), ("running", 1), ("delayed", 1), ("parked", 0), ("buried", 1), ("paused", 0),
                         ("refusing", 0), ("open", 1), ("overdue", 0)):
        assert value(said, f"millrace_queue_{name}", **queue) == number, name
    assert value(said, "millrace_queue_refusing", queue="image") == 1
    assert value(said, "millrace_queue_open", queue="image") == 0
    assert value(said, "millrace_workers", **queue) == 1
    assert value(said, "millrace_leader_term") == 7
    assert value(said, "millrace_up", server="redis") == value(said, "millrace_up", server="postgresql") == 1
    assert value(said, "millrace_jobs_put_total", **queue) == 6
    kind = {**queue, "kind": "mail.magic_link"}
    assert value(said, "millrace_jobs_ended_total", **kind, outcome="done") == 2
    assert value(said, "millrace_jobs_ended_total", **kind, outcome="buried") == 1
    assert value(said, "millrace_attempts_total", **kind, outcome="failed") == 1
    assert value(said, "millrace_repairs_total", **queue, what="unknown") == 4
    wait = "millrace_job_wait_seconds"
    assert value(said, wait, f"{wait}_bucket", **kind, le="0.002") == 0
    assert value(said, wait, f"{wait}_bucket", **kind, le="0.005") == 1 == value(said, wait, f"{wait}_bucket", **kind, le="21600")
    assert value(said, wait, f"{wait}_count", **kind) == 2 and value(said, wait, f"{wait}_sum", **kind) == 30000
    run = "millrace_job_run_seconds"
    assert value(said, run, f"{run}_bucket", **kind, le="1") == 2 and value(said, run, f"{run}_sum", **kind) == 1.5


def test_how_old_the_oldest_is(command, mail):
    mail.put_one(kind="mail.magic_link", tenant="b", due=mail.now() - 5000)
    mail.put_one(kind="mail.magic_link", tenant="a", due=mail.now() - 90000)
    assert 90 <= value(parse(command("metrics").text), "millrace_queue_oldest_seconds", queue="mail") < 150


@pytest.mark.parametrize("park", ["cap.tenant", "cap.kind:mail.magic_link"])
def test_the_oldest_may_be_parked(command, mail, park):
    mail.set_words(1, park, 1)
    for _ in range(3):
        mail.put_one(kind="mail.magic_link", tenant="a", due=mail.now() - 90000)
    assert len(mail.reserve(3)) == 1
    said = parse(command("metrics").text)
    assert 90 <= value(said, "millrace_queue_oldest_seconds", queue="mail") < 150
    assert value(said, "millrace_queue_parked", queue="mail") == 1 and value(said, "millrace_queue_waiting", queue="mail") == 2


def test_gauges_do_not_grow_with_what_waits(queue):
    def calls():
        return sum(int(n) for n in re.findall(r"cmdstat_\S+?:calls=(\d+)", queue.redis("INFO", "commandstats")))

    def cost():
        before = calls()
        queue._call("gauges", queue.run_id)
        return calls() - before
    for n in range(40):
        queue.put_one(tenant=f"t{n}")
    few = cost()
    for n in range(2000):
        queue.put_one(tenant=f"t{n}")
    assert cost() == few < 200


def test_labels_are_escaped(command, mail):
    mail.redis("HSET", mail.key("n"), 'done:a"b\\c\nd', 3)
    said = parse(command("metrics").text)
    assert value(said, "millrace_jobs_ended_total", queue="mail", kind='a\\"b\\\\c\\nd', outcome="done") == 3


def test_servers_that_are_away(command):
    said = parse(command("metrics", redis_url="/nowhere/redis.sock", status=1).text)
    assert value(said, "millrace_up", server="redis") == 0 and said["millrace_queue_waiting"].samples == {}
    said = parse(command("metrics", database_url="host=/nowhere", status=1).text)
    assert value(said, "millrace_up", server="postgresql") == 0 and said["millrace_queue_buried"].samples == {}
    assert "millrace_leader_term" not in said


# ---- the scheduler's socket ----

def connect(path):
    one = socket.socket(socket.AF_UNIX)
    one.settimeout(PATIENCE)
    one.connect(path)
    return one


def ask(path, text="GET /metrics HTTP/1.0\r\n\r\n"):
    with connect(path) as one:
        one.sendall(text.encode())
        answer = b""
        while more := one.recv(65536):
            answer += more
    head, _, body = answer.decode().partition("\r\n\r\n")
    return head.split("\r\n"), body


def leads(sql):
    return sql.one("select count(*) from leader where expires > now()") == "1"


@pytest.fixture
def served(scheduler, tmp_path):
    path = str(tmp_path / "scheduler.sock")
    process = scheduler(scheduler_listen=path)
    until(lambda: listens(path), "the scheduler listens")
    return process, path


def test_the_scheduler_serves_the_same(served, sql):
    _, path = served
    until(lambda: leads(sql), "it leads")
    until(lambda: value(parse(ask(path)[1]), "millrace_leader_term") == 1, "it says that it leads")
    head, body = ask(path)
    assert head[0] == "HTTP/1.0 200 OK" and "Content-Type: text/plain; version=0.0.4; charset=utf-8" in head
    assert f"Content-Length: {len(body.encode())}" in head and value(parse(body), "millrace_up", server="redis") == 1
    head, body = ask(path, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    assert head[0] == "HTTP/1.0 200 OK" and body == ""


@pytest.mark.parametrize("request_text, status", [("GET / HTTP/1.0\r\n\r\n", "404"), ("GET /metricsx HTTP/1.0\r\n\r\n", "404"),
                                                  ("POST /metrics HTTP/1.0\r\n\r\n", "405"), ("\r\n\r\n", "405")])
def test_what_it_does_not_serve(served, request_text, status):
    assert ask(served[1], request_text)[0][0].split(" ")[1] == status


def test_a_caller_who_asks_for_too_much_is_left(served):
    with connect(served[1]) as one:
        one.sendall(b"GET /metrics HTTP/1.0\r\n" + b"x" * 4096)
        try:
            assert one.recv(1) == b""
        except ConnectionResetError:
            pass
    assert ask(served[1])[0][0] == "HTTP/1.0 200 OK"


def test_a_silent_caller_holds_up_neither_the_next_nor_the_leader(served, sql):
    process, path = served
    until(lambda: leads(sql), "it leads")
    with connect(path):
        began, renewed = time.monotonic(), sql.one("select expires from leader")
        assert ask(path)[0][0] == "HTTP/1.0 200 OK" and time.monotonic() - began < 30
        until(lambda: sql.one("select expires from leader") > renewed, "the lead is renewed")
    assert process.poll() is None


def test_who_serves_is_started_again(served):
    process, path = served
    with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
        child, = file.read().split()
    os.kill(int(child), signal.SIGKILL)
    assert ask(path)[0][0] == "HTTP/1.0 200 OK"         # who comes meanwhile waits


def test_a_socket_that_was_left_behind(scheduler, tmp_path):
    path = str(tmp_path / "s")
    first = scheduler(scheduler_listen=path)
    until(lambda: listens(path), "it listens")
    second = scheduler(scheduler_listen=path)           # it has to wait for its turn
    assert any("metrics.listen" in second.stderr.readline() for _ in range(5))
    first.send_signal(signal.SIGKILL)
    first.wait(PATIENCE)
    first.terminate = lambda: None
    first.wait = lambda seconds: 0

    def answers():
        try:
            return ask(path)[0][0] == "HTTP/1.0 200 OK"
        except OSError:
            return False
    until(answers, "the other one serves")
    second.terminate()
    assert second.wait(PATIENCE) == 0 and not os.path.exists(path)


def test_loopback_and_nothing_else(command, scheduler):
    port, = free_ports(1)
    scheduler(scheduler_listen=f"127.0.0.1:{port}")

    def answers():
        try:
            with socket.create_connection(("127.0.0.1", port), 10) as one:
                one.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
                return one.recv(12) == b"HTTP/1.0 200"
        except OSError:
            return False
    until(answers, "it answers")
    refused = command.end(command.start(program="millrace-scheduler", scheduler_listen=f"0.0.0.0:{port}"))
    assert refused.status == 1 and "metrics.listen" in refused.err


# ---- minute by minute ----

def test_a_minute_of_a_queue(queue):
    counted(queue)
    first = queue._call("rollup", 100)
    assert first == [2, 1, 1, 6, 2, 1, 1]
    queue.put_one(kind="mail.magic_link")
    assert queue._call("rollup", 100) == first           # whoever asks again for the same minute
    assert queue._call("rollup", 101) == [3, 1, 1, 1, 0, 0, 0]
    queue.redis("DEL", queue.key("n"))
    queue.put_one(kind="mail.magic_link")
    assert queue._call("rollup", 102)[3:] == [1, 0, 0, 0]     # counters that were lost begin anew


def test_the_leader_writes_minutes(mail, sql, scheduler):
    counted(mail)
    scheduler()
    names = queue_names(sql)
    until(lambda: int(sql.one("select count(*) from queue_minute")) >= len(names), "a minute is written")
    assert sql(f"select queue, delayed, put, done, failed, buried from queue_minute order by minute, queue limit {len(names)}") == \
        [[name, *(["1", "6", "2", "1", "1"] if name == "mail" else ["0"] * 5)] for name in names]


def test_minutes_are_kept_for_two_weeks(sql):
    sql("insert into queue_minute select date_trunc('minute', now()) - n * interval '1 minute', 'mail', 0, 0, 0, 0, 0, 0, 0 "
        "from generate_series(20000, 22999) n")         # two weeks are 20,160 minutes
    for left in (2000, 1000, 161, 161):                 # a thousand at a time
        sql(statement("queue/minute_drop"))
        assert abs(int(sql.one("select count(*) from queue_minute")) - left) <= 1
    assert sql.one("select min(minute) > now() - interval '14 days 1 minute' from queue_minute") == "t"


# ---- what is shipped for Prometheus ----

def test_rules_name_metrics_that_there_are(command):
    rules = (ROOT / "etc/prometheus/millrace-rules.yml").read_text()
    named = set(re.findall(r"\bmillrace_[a-z_]+", rules))
    assert len(named) >= 9 and named <= set(parse(command("metrics").text))

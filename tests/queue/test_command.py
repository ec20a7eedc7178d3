# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's command tells what it can do, whoever asks, and needs no server for that."""
import os
import pty
import re
import subprocess
import termios

import pytest

from command import BUILD
from servers import PATIENCE

COMMANDS = ("migrate", "config", "status", "queues", "workers", "jobs", "job", "kick", "cancel", "pause", "resume", "set",
            "services", "limiter", "drain", "audit", "put", "batch", "top", "doctor", "metrics", "schedules", "schedule")
GUIDED = [(name,) for name in COMMANDS[:-1]] + [("schedule", action) for action in ("add", "remove", "enable", "disable", "next")]


@pytest.mark.parametrize("words, status", [(["--help"], 0), ([], 2), (["--nope"], 2), (["nope"], 2)])
def test_help_names_every_command(millrace, words, status):
    done = millrace("none", *words)
    assert done.returncode == status
    for command in COMMANDS:
        assert f"\n  {command} " in done.output
    assert "Exit status: 0 done, 1 it failed, 2 wrong usage, 3 there is no such thing, 4 " in done.output


@pytest.mark.parametrize("words", GUIDED)
def test_each_command_tells_of_itself(millrace, words):
    done = millrace("none", *words, "--help")
    assert done.returncode == 0 and done.output.startswith(f"Usage: millrace {' '.join(words)} ")
    assert re.search(r"^  --help  +\S", done.output, re.M)
    for option in set(re.findall(r"(?<=\[)--[a-z]+", done.output)) - {"--help"}:
        assert f"\n  {option}" in done.output


@pytest.mark.parametrize("words", GUIDED)
def test_no_command_takes_an_option_that_it_does_not_have(millrace, words):
    done = millrace("none", *words, "--nope")
    assert done.returncode == 2 and "there is no such option" in done.output


@pytest.mark.parametrize("words, why", [
    (("job",), "Usage: millrace job ID"), (("cancel",), "name jobs, or else a queue or a kind"),
    (("cancel", "x", "--queue", "image"), "name jobs, or else"), (("cancel", "x", "--tenant", "t"), "name jobs, or else"),
    (("cancel", "--tenant", "t", "--state", "running"), "name jobs, or else"), (("cancel", "--state", "done"), "--state: "),
    (("cancel", "--queue", "image", "--limit", "10001"), "--limit: must be"), (("pause",), "Usage: millrace pause QUEUE"),
    (("set",), "Usage: millrace set QUEUE"), (("job", "x", "y"), "y: is a word too many"),
    (("job", "not-an-id"), "not-an-id: is not a job's id"), (("cancel", "not-an-id"), "not-an-id: is not a job's id"),
    (("kick",), "name jobs, or else a queue or a kind"), (("kick", "x", "--queue", "image"), "name jobs, or else"),
    (("kick", "not-an-id"), "is not a job's id"), (("drain",), "name a worker, or else a queue"),
    (("drain", "w", "--queue", "image"), "name a worker, or else"), (("limiter", "a"), "takes NAME RATE BURST"),
    (("limiter", "a", "1", "2", "--remove"), "takes NAME RATE BURST"), (("limiter", "--remove"), "takes NAME RATE BURST"),
    (("jobs", "--limit", "0"), "--limit: must be"), (("jobs", "--limit", "x"), "--limit: "), (("jobs", "--limit"), "lacks a value"),
    (("jobs", "--state", "odd"), "--state: "), (("jobs", "--older", "5 m"), "--older: must be an age"),
    (("jobs", "--newer", "m"), "--newer: must be an age"), (("jobs", "--queue", "a", "--queue", "b"), "--queue: is there twice"),
    (("jobs", "--json=yes"), "there is no such option"), (("jobs", "x"), "x: is a word too many"),
    (("set",), "set: QUEUE is missing"), (("token", "nutrition"), "token: NAME is missing"), (("foods",), "foods: import is missing"),
    (("fx",), "fx: ACTION is missing"), (("fx", "import"), "fx import: which? Say FILE"), (("fx", "drop"), "drop: is no action: import, list"),
    (("fx", "list", "EURO"), "EURO: "), (("fx", "list", "XXX"), "XXX: "), (("fx", "list", "--limit", "0"), "--limit: must be"),
    (("limiter", "a", "1", "2", "3"), "Usage: millrace limiter [NAME RATE BURST"), (("set", "image", "cap", "-1", "2"), "2: is a word too many"),
    (("keys", "rotate", "x"), "x: is a word too many"), (("keys", "list", "x"), "x: is a word too many"),
    (("operator", "list", "x"), "x: is a word too many"), (("user", "list", "nutrition", "x"), "user list: takes PRODUCT"),
    (("user", "add", "nutrition", "x"), "user add: takes PRODUCT NAME EMAIL"),
    (("user", "sign-out", "nutrition", "x", "--role", "admin"), "user sign-out: takes PRODUCT NAME"),
    (("user", "wipe", "nutrition"), "wipe: is no action: add, list"),
])
def test_wrong_usage(millrace, words, why):
    done = millrace("none", *words)
    assert done.returncode == 2 and why in done.output


PRODUCTS = "nutrition, smsagent, expenses, ailice, figureforge"


@pytest.mark.parametrize("words, status", [
    (("token", "nope", "x"), 3), (("user", "list", "nope"), 3), (("put", "maint.probe", "--product", "nope"), 2),
    (("put", "--jsonl", "-", "--product", "nope"), 2),
    (("schedule", "add", "s", "--kind", "maint.probe", "--cron", "@daily", "--product", "nope"), 2)])
def test_there_is_no_such_product(millrace, words, status):
    done = millrace("none", *words)
    assert done.returncode == status and PRODUCTS in done.output


@pytest.mark.parametrize("words", [("jobs",), ("audit",), ("queues",), ("status",), ("kick", "--queue", "image"),
                                   ("set", "image"), ("limiter",), ("job", "01900000-0000-7000-8000-000000000000"),
                                   ("set", "other"), ("pause", "other"), ("drain", "--queue", "other"),
                                   ("workers", "--queue", "other"), ("jobs", "--queue", "other"),
                                   ("kick", "--kind", "other.kind")])
def test_a_database_that_is_not_there(millrace, redis_alone, words):
    done = millrace("none", *words)
    assert done.returncode == 1 and 'database "none" does not exist' in done.output


def test_an_answer_that_cannot_be_written(program, office):
    with open("/dev/full", "w", encoding="ascii") as full:
        assert program("millrace", office.database, "queues", stdout=full).wait(PATIENCE) == 1


@pytest.mark.parametrize("closed, words", [(">&-", "status"), (">&-", "put mail.magic_link --args '{\"email\": \"a@b.org\"}'"),
                                           ("<&-", "put --jsonl -")])
def test_a_standard_descriptor_that_is_closed_is_nobody_elses(command, sql, closed, words):
    done = subprocess.run(["sh", "-c", f"{BUILD}/millrace {words} {closed}"], env=command.environment({}), text=True,
                          capture_output=True, timeout=PATIENCE)
    assert done.returncode == 1 and ("standard output" in done.stderr or "Bad file descriptor" in done.stderr), done
    assert "connection" not in done.stderr      # to PostgreSQL, which would have been told what was to be printed


def test_a_command_that_is_none(command):
    assert "stauts: there is no such command" in command("stauts", status=2).err
    assert "ad: there is no such action" in command("schedule", "ad", status=2).err


def on_terminal(start, columns):
    """What start(stdout) prints on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    process = start(theirs)
    os.close(theirs)
    text = b""
    try:
        while piece := os.read(ours, 65536):
            text += piece
    except OSError:
        pass                                    # the other side is closed
    os.close(ours)
    assert process.wait(PATIENCE) == 0
    return text.decode().replace("\r\n", "\n").splitlines()


def test_a_line_is_as_wide_as_the_terminal(program, office):
    office.put(tenant="E'ann\\u00e9\\u001b[31m'")
    for columns in (30, 62, 200):
        head, row = on_terminal(lambda stdout: program("millrace", office.database, "jobs", stdout=stdout), columns)
        assert len(head) <= columns and len(row) <= columns and head.startswith("id")
        assert columns == 200 or len(row) == columns
    assert "ann\u00e9?[31m" in row and "\u001b" not in row
    assert len(office("jobs")[1]) == len(row), "what is no terminal gets it all"


def test_cancelling_a_job_that_waits_gives_up_its_name_and_counts_in_its_batch(millrace, database, sql, redis):
    """Once its end alone was written: the batch was never complete, and nobody else could have the name."""
    def put(**more):
        named = "".join(f", {name} => {value}" for name, value in more.items())
        return sql.one("select (job_put('mail.magic_link', 'p', 'p/1', null, '{}', due_at => now() + interval '1 h'"
                       f"{named})).id")
    batch = sql.one("""select batch_open('p', finally => '{"kind": "mail.magic_link", "previous": "batch"}')""")
    job = put(batch=f"'{batch}'", unique_name="'only'")
    sql(f"select batch_close('{batch}')")
    done = millrace(database, "cancel", job)
    assert done.returncode == 0, done.output
    assert sql("select total, cancelled, ended_at is not null from batch") == [["1", "1", "t"]]
    assert sql("select name from job_unique") == [] and put(unique_name="'only'") != job
    follower = sql.one(f"select id from job where args ->> 'batch' = '{batch}'")
    assert redis("HEXISTS", "mr1:{q:mail}:j", follower) == 1, "Redis was told what the end has put"
    assert millrace(database, "cancel", job).returncode == 4

# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sandbox and what it stands on may go through."""
import subprocess
import time

import requests

from conftest import PATIENCE, ROOT

FILES = "/openai/v1/files"
UPLOAD = {"purpose": (None, "batch"), "file": ("kept.jsonl", b"{}")}


def ctl(stack, action, service):
    subprocess.run([ROOT / "tools" / "stack", "ctl", stack["name"], action, service], check=True, stdout=subprocess.DEVNULL, timeout=60)


def answers(sandbox):
    """Wait until it answers as ever."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            if requests.get(sandbox.url + FILES, headers={"Authorization": "Bearer any"}, timeout=PATIENCE).status_code == 200:
                return
        except requests.ConnectionError:
            pass
    raise AssertionError("the sandbox does not answer")


def test_what_was_made_outlives_a_crash(sandbox, stack):
    made = sandbox.ask("POST", FILES, files=UPLOAD).json()
    sandbox.fault("status", service="stripe")
    ctl(stack, "kill", "sandbox")
    answers(sandbox)
    assert sandbox.get(f"{FILES}/{made['id']}") == made
    assert sandbox.faults() == []


def test_the_database_goes_and_comes(sandbox, stack, hook):
    made = sandbox.ask("POST", FILES, files=UPLOAD).json()
    ctl(stack, "stop", "postgres")
    sandbox.get(FILES, 503)
    ctl(stack, "start", "postgres")
    answers(sandbox)
    assert [one["id"] for one in sandbox.get(FILES)["data"]] == [made["id"]]
    sandbox.sql(f"select sandbox.send('openai', 'one', '{hook.url}/', 'm', null, null, 'after')")
    assert hook.next()[3] == "after"


def test_a_call_that_waits_survives_a_crash(sandbox, stack, hook):
    """What stands to be sent is sent by the next process."""
    ctl(stack, "stop", "sandbox")
    sandbox.sql(f"select sandbox.send('openai', 'one', '{hook.url}/', 'm', null, null, 'kept')")
    ctl(stack, "start", "sandbox")
    assert hook.next()[3] == "kept"
    assert [call["state"] for call in sandbox.sent()] in (["sent"], ["waiting"])


def test_a_change_of_what_it_keeps_makes_it_anew(sandbox, stack):
    """As if the scripts of another release had made it."""
    sandbox.ask("POST", FILES, files=UPLOAD)
    sandbox.sql("comment on schema sandbox is 'another'")
    ctl(stack, "restart", "sandbox")
    answers(sandbox)
    assert sandbox.get(FILES)["data"] == []


def test_who_has_nothing_to_send_asks_nothing(sandbox, hook):
    """The sender sleeps until it is told of something."""
    sandbox.sql(f"select sandbox.send('openai', 'one', '{hook.url}/', 'm', null, null, 'only')")
    assert hook.next()[3] == "only"
    until = time.monotonic() + PATIENCE
    asleep = "select count(*) from pg_stat_activity where query like '%sender_wait%' and state = 'idle' and state_change < now() - interval '1 s'"
    while sandbox.sql(asleep).strip() != "1":
        assert time.monotonic() < until, "it asks all the time"

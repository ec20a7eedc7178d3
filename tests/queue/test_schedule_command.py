# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's commands for recurring jobs."""
import json
import re

import pytest

DRAW = '{"prompt": "a figure", "batch_size": 1, "model": "croquis"}'


@pytest.fixture
def command(millrace, database):
    """Run the command on this test's database: its lines, when it ends with the expected status."""
    def run_command(*words, status=0):
        done = millrace(database, *words)
        assert done.returncode == status, done.output
        return done.output.splitlines()
    return run_command


def test_a_schedule_is_added_listed_and_removed(command):
    assert command("schedules") == ["name  kind  expression  zone  next  last  enabled  error"]
    said, = command("schedule", "add", "nightly", "--kind", "image.generate", "--cron", "30 4 * * *", "--zone",
                    "europe/berlin", "--args", DRAW, "--product", "figureforge", "--tenant", "t", "--priority", "3",
                    "--catch-up", "4")
    tick = re.fullmatch(r"nightly is added; its first tick is (\S+T0[23]:30:00Z)", said).group(1)
    head, row = command("schedules")
    assert re.split("  +", head) == ["name", "kind", "expression", "zone", "next", "last", "enabled", "error"]
    assert re.split("  +", row) == ["nightly", "image.generate", "30 4 * * *", "Europe/Berlin", tick, "-", "yes", "-"]
    whole, = json.loads("\n".join(command("schedules", "--json")))
    assert (whole["args"], whole["tenant"], whole["priority"], whole["catch_up"], whole["next"]) == \
        (json.loads(DRAW), "t", 3, 4, tick)
    assert command("schedule", "disable", "nightly") == ["nightly is disabled"]
    assert re.split("  +", command("schedules")[1])[4:7] == ["-", "-", "no"]
    assert command("schedule", "enable", "nightly") == ["nightly is enabled"]
    assert re.split("  +", command("schedules")[1])[4:7] == [tick, "-", "yes"]
    command("schedule", "remove", "nightly")
    assert command("schedules", "--json") == ["[]"]


def test_who_ran_a_command_is_written_down(command, sql):
    command("schedule", "add", "s", "--kind", "mail.magic_link", "--cron", "@hourly", "--args", '{"email": "a@b.example"}')
    who = sql.one("select who from audit")
    assert who and sql("select made_by, changed_by, product, tenant from schedule") == [[who, who, "", "schedules"]]


def test_the_next_ticks_of_an_expression(command):
    lines = command("schedule", "next", "30 2 29 2 *", "--zone", "Europe/Berlin", "--count", "2")
    assert [line.split("  ")[1] for line in lines] == ["Europe/Berlin"] * 2
    for line in lines:
        shown, utc = line.split("  ")[0::2]
        assert shown.endswith("-02-29 02:30:00") and utc.endswith("-02-29T01:30:00Z")
        assert shown.split(" ")[1][:4] == utc[:4] and int(utc[:4]) % 4 == 0
    assert len(command("schedule", "next", "@daily")) == 5


ADD = ("schedule", "add", "s", "--kind", "mail.magic_link", "--cron", "@hourly", "--args", '{"email": "a@b.example"}')


@pytest.mark.writes_nothing
@pytest.mark.parametrize("words, status, why", [
    (("schedule",), 2, "Usage: millrace schedule add"), (("schedule", "add"), 2, "Usage:"),
    (("schedule", "nope", "s"), 2, "Usage:"), (("schedules", "x"), 2, "x: is a word too many"),
    (("schedule", "add", "s"), 2, "--kind: is required"), (ADD[:5], 2, "--cron: is required"),
    (ADD[:-1], 2, "--args: lacks a value"), ((*ADD, "--cron", "@daily"), 2, "--cron: is there twice"),
    ((*ADD, "--nope", "1"), 2, "--nope: there is no such option"), ((*ADD, "--priority", "4"), 2, "--priority: must be"),
    ((*ADD, "--catch-up", "61"), 2, "--catch-up: must be"), ((*ADD, "--catch-up", "x"), 2, "--catch-up: "),
    ((*ADD[:4], "no.such", *ADD[5:]), 3, "no.such: there is no such kind"),
    ((*ADD[:-1], "{}"), 2, "--args: email: is required"), ((*ADD[:-1], '{"email": 7}'), 2, "--args: email: "),
    ((*ADD[:-1], "[]"), 2, "--args: is not an object"), ((*ADD[:-1], "{"), 2, "--args: "),
    ((*ADD[:6], "0 0 31 2 *", *ADD[7:]), 2, "day of month: 31 never comes in month 2"),
    ((*ADD, "--zone", "GMT+2"), 2, "There is no time zone GMT+2"), ((*ADD, "--tenant", "a b"), 2, "A tenant has"),
    (("schedule", "remove", "no"), 3, "There is no schedule no"), (("schedule", "enable", "no"), 3, "no schedule"),
    (("schedule", "disable", "no"), 3, "no schedule"), (("schedule", "disable", "no", "x"), 2, "a word too many"),
    (("schedule", "remove", ""), 2, "NAME: "), (("schedule", "next", "* * * *"), 2, "has 4 fields"),
    (("schedule", "next", "* * * * *", "--count", "0"), 2, "--count: must be"),
])
def test_what_a_command_refuses(command, sql, words, status, why):
    assert why in "\n".join(command(*words, status=status))
    assert sql.one("select count(*) from schedule") == "0"


def test_a_name_is_taken_once(command):
    command(*ADD)
    assert "There is a schedule s already" in command(*ADD, status=4)[0]

# SPDX-License-Identifier: GPL-3.0-or-later
"""The user that docs/operating.md tells to make: no right is missing (what a queue does is tested as that user, too:
conftest.py), and none is too much."""
import json
import re

import pytest

from engine import LIBRARY, ROOT, RedisError
from places import LOGIN, AsUser, documented_rules
from servers import until


@pytest.fixture
def user(request, servers):
    place = AsUser(request.getfixturevalue)
    place.flush()
    admin = place.connect()
    admin("ACL", "LOG", "RESET")
    yield place
    denied = [dict(zip(entry[::2], entry[1::2])) for entry in admin("ACL", "LOG")]
    admin.close()
    assert not denied, denied


def called_by_scripts():
    options = {"NX", "XX", "EX", "PX", "LIMIT", "WITHSCORES", "RANK", "MAXLEN"}
    return {word.lower() for word in set(re.findall(r"'([A-Z]+)'", LIBRARY.text)) - options}


def said_by_programs():
    """AUTH needs no right, and SENTINEL is said to others. Functions are called in one place."""
    others = {"MATCH", "COUNT", "AUTH", "SENTINEL", "GET-MASTER-ADDR-BY-NAME"}
    speaks = re.compile(r"\b(?:command_text|command_eval|redisAppendCommand|(?:redis_)?walk)\([^;{]*[;{]")
    files = [path for folder in ("common", "queue", "fcgi", "workers") for path in (ROOT / folder).rglob("*.c")]
    calls = "".join("".join(speaks.findall(path.read_text())) for path in files)
    words = set(re.findall(r'"([A-Z][A-Z-]+(?: LOAD)?)[ "]', calls)) - others
    return {word.lower().replace(" ", "|") for word in words - {"FUNCTION", "LOAD"}} | {"fcall", "function|load"}


def test_the_rights_are_those_that_are_needed():
    rights = [word[1:] for word in documented_rules() if word.startswith("+")]
    assert "hscan" in said_by_programs() and len(set(rights)) == len(rights)
    assert set(rights) == called_by_scripts() | said_by_programs()


@pytest.mark.parametrize("words", [("GET", "other"), ("SET", "mr2:x", 1), ("FLUSHALL",), ("KEYS", "*"), ("CONFIG", "GET", "*"),
                                   ("FUNCTION", "FLUSH"), ("FUNCTION", "DELETE", "millrace"), ("PUBLISH", "other", 1),
                                   ("EVAL", "return redis.call('GET', 'x')", 0), ("FCALL", "test_get", 0)])
def test_nothing_else_is_allowed(user, words):
    caller, admin = user.connect_caller(), user.connect()
    admin("FUNCTION", "LOAD", "REPLACE", "#!lua name=test\nredis.register_function('test_get', function() return redis.call('GET', 'x') end)")
    with pytest.raises(RedisError, match="NOPERM|user executing the script can't"):
        caller(*words)
    admin("ACL", "LOG", "RESET")
    caller.close()
    admin.close()


def test_scheduler_worker_and_command_need_no_more(user, servers, fleet, sql):
    """From the put of a job to its end; ACL LOG has what was refused on the way."""
    fleet.settings["redis_url"] = f"unix://{LOGIN}{servers.redis_socket}"
    waiting, bad = fleet.put("image"), fleet.put("mail")
    fleet.start("millrace-scheduler")
    fleet.start("millrace-worker", "mail")
    fleet.ended(bad)
    until(lambda: fleet.state(waiting) == "waiting", "it is in Redis")
    assert fleet.run("cancel", waiting).returncode == 0
    assert fleet.ended(waiting) == "cancelled"
    fleet.put("image")
    for words in (("status",), ("workers",), ("top", "--once"), ("metrics",), ("doctor",), ("doctor", "--repair")):
        assert "could not be looked at" not in fleet.run(*words).output


def test_the_operator_needs_no_more(user, servers, command, mail, sql):
    """Jobs that are put, counted, shown, and mended by the doctor: some run, some wait in a lane, and some stand nowhere."""
    command.settings["redis_url"] = f"unix://{LOGIN}{servers.redis_socket}"
    sql("select queue_set('me', 'mail', 'cap.kind:mail.magic_link', '2')")
    assert '"mended"' in command("doctor", "--json", "--repair", status=1).text, "the setting is told"
    row = '{"kind": "mail.magic_link", "args": {"email": "a@b.example"}, "tenant": "%s"}\n'
    command("put", "--jsonl", "-", text=row % "a" * 8)
    held = mail.reserve(8)
    assert len(held) == 2
    command("put", "--jsonl", "-", text=row % "b" * 2)
    mail.redis("DEL", mail.key("park"), mail.key("r:2:b"))
    mail.redis("HDEL", mail.key("own"), held[0].id)
    said = [one for one in json.loads(command("doctor", "--json", "--repair", status=1).text) if one["state"] == "mended"]
    assert {one["check"] for one in said} == {"lists", "leases", "running", "parked"}
    assert "millrace_queue_open{queue=\"mail\"} 1" in command("metrics").lines
    assert any(line.startswith("mail ") for line in command("top", "--once").lines)


def test_a_wrong_password_is_told_without_telling_it(user, servers, fleet):
    fleet.settings["redis_url"] = f"unix://millrace:wrongpass@{servers.redis_socket}"
    job = fleet.put("image")
    shown = fleet.run("job", job).output
    assert "login refused: WRONGPASS" in shown and "wrongpass" not in shown
    for process in (fleet.start("millrace-scheduler"), fleet.start("millrace-worker", "mail")):
        line = fleet.line(process, "login refused: WRONGPASS")
        assert ".redis " in line and "wrongpass" not in line
    admin = user.connect()
    admin("ACL", "LOG", "RESET")
    admin.close()

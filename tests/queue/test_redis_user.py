# SPDX-License-Identifier: GPL-3.0-or-later
"""The user that docs/operating.md tells to make: no right is missing (test_put, test_reserve, test_lease and test_cancel
run as that user, too), and none is too much."""
import re

import pytest

from engine import LIBRARY, RedisError
from places import LOGIN, AsUser, documented_rules
from servers import until

# What the programs say themselves; AUTH needs no right.
CLIENTS = {"info", "role", "ping", "exists", "hlen", "scan", "fcall", "function|load", "bzpopmin"}


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
    options = {"NX", "XX", "EX", "PX", "LIMIT", "WITHSCORES"}
    return {word.lower() for word in set(re.findall(r"'([A-Z]+)'", LIBRARY.text)) - options}


def test_the_rights_are_those_that_are_needed():
    rights = {word[1:] for word in documented_rules() if word.startswith("+")}
    assert rights == called_by_scripts() | CLIENTS


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

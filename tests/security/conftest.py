# SPDX-License-Identifier: GPL-3.0-or-later
"""Attacks on every row of the front's tables, at the stack that MILLRACE_STACK describes:

    tools/stack run security --fast --set log.level=debug -- /usr/bin/python3 -m pytest tests/security

SECURITY_MUTATIONS: how many a row (100), SECURITY_SEED: which ones.
"""
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "contract"), str(HERE.parent / "api")]
from examples import TEXTER                                            # noqa: E402
from judge import check_log                                           # noqa: E402
from trickle import Trickle                                           # noqa: E402
from world import GUARDED, Tally, World                               # noqa: E402

TALLY = Tally()
WORLDS = []


def the_world():
    """One for the whole run: its rows are the tests' parameters."""
    if not WORLDS:
        try:
            WORLDS.append(World(TALLY))
            WORLDS[0].sql(f"insert into smsagent.person (phone_number) values ('{TEXTER}') on conflict do nothing")
        except KeyError:
            pytest.exit("MILLRACE_STACK is not set: tools/stack run security --fast -- /usr/bin/python3 -m pytest "
                        "tests/security", 2)
    return WORLDS[0]


def name_of(row):
    return f"{row['product']}.{row['name']}"


def pytest_generate_tests(metafunc):
    """`row`: each row; `guarded`: those that want to know who calls; `asking`: those that look at a token."""
    for name, kinds in (("row", ("ANYONE", "OPTIONAL", *GUARDED)), ("guarded", GUARDED), ("asking", ("OPTIONAL", *GUARDED))):
        if name in metafunc.fixturenames:
            rows = [row for row in the_world().rows if row["who"] in kinds]
            metafunc.parametrize(name, rows, ids=map(name_of, rows))


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(TALLY.line())


@pytest.fixture(scope="session")
def world():
    return the_world()


@pytest.fixture(scope="session")
def wire(world):
    kept = world.wire()
    yield kept
    kept.close()


@pytest.fixture(scope="session", autouse=True)
def trickle(world):
    """Slow clients hang on for as long as the others run."""
    slow = Trickle(world.stack["port"])
    yield slow
    TALLY.held_open += slow.end()
    assert TALLY.held_open == 0, f"{TALLY.held_open} stalled connections are still open"


@pytest.fixture(scope="session", autouse=True)
def front_lives(world, trickle):
    """Whatever was thrown at it: the front has never died, and its log is a line an event."""
    before = world.starts()
    yield
    assert world.starts()["front"] == before["front"], "the front has died"
    check_log(world)

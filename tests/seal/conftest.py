# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments that lie sealed, through a whole fleet. Runs against a stack of its own:

    tools/stack run seal --fast --set queue.encrypt=yes --set queue.reconcile=1 --set log.level=debug \\
        -- /usr/bin/python3 -B -m pytest tests/seal
"""
import os
import re
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "fault"), str(TESTS / "queue")]
from world import Artist, World      # noqa: E402

FLEET = ("front", "image", "mail")


@pytest.fixture(scope="session")
def the_world():
    file = os.environ.get("MILLRACE_STACK")
    if not file:
        pytest.exit("MILLRACE_STACK is not set: see tests/seal/conftest.py", 2)
    world = World(file)
    text = Path(world.stack["config"]).read_text()
    if "queue.encrypt = yes" not in text or "log.level = debug" not in text:
        pytest.exit("the stack lacks the settings that tests/seal/conftest.py names", 2)
    return world


@pytest.fixture
def world(the_world):
    yield the_world
    the_world.heal()
    the_world.settled()


@pytest.fixture
def artist(world):
    return Artist(world)


@pytest.fixture
def settings(world):
    """settings({"seal.keys": ...}, "image"): change the configuration and start these services with it, all when none is
    named. All is as it was when the test has ended."""
    file = Path(world.stack["config"])
    before = file.read_text()

    def change(values, *services):
        text = file.read_text()
        for key, value in values.items():
            text = re.sub(rf"^{re.escape(key)} = .*\n", "", text, flags=re.M) + f"{key} = {value}\n"
        file.write_text(text)
        world.ctl("restart", *(services or FLEET))
    yield change
    file.write_text(before)
    world.ctl("restart", *FLEET)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile files and the programs behind the fence, without a fleet:

    HOSTILE_BUILD=build/gcc /usr/bin/python3 -B -m pytest -q tests/hostile

HOSTILE_MUTATIONS (50) says how many of each subject of mutate.py are tried; make fuzz tries a thousand.
"""
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "api")]
import mutate                                                   # noqa: E402


@pytest.fixture(scope="session")
def build():
    return Path(os.environ.get("HOSTILE_BUILD", HERE.parent.parent / "build" / "gcc"))


@pytest.fixture
def attempt(build):
    """attempt(content, (runner, kind, arguments)): how it went; what must hold for every job holds."""
    def give(content, job, name="media", **more):
        ran, trouble = mutate.attempt(build, mutate.Subject("test", None, (job,), file=name), content, job, **more)
        assert trouble is None, (trouble, ran)
        return ran
    return give

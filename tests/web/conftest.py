# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs against the stack that MILLRACE_STACK describes, with what make web has made:

    make web && tools/stack run web --fast -- /usr/bin/python3 -m pytest tests/web
"""
import functools
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "contract"), str(ROOT / "tests" / "api")]
from client import Client, Record, load_stack, standing_still                       # noqa: E402
from description import Description                                                 # noqa: E402

PRODUCTS = ("nutrition", "smsagent", "expenses", "ailice", "figureforge")


@pytest.fixture(scope="session")
def stack():
    try:
        found = load_stack()
    except KeyError:
        pytest.exit("MILLRACE_STACK is not set: tools/stack run web --fast -- /usr/bin/python3 -m pytest tests/web", 2)
    if not (ROOT / "build" / "web" / "made").exists():
        pytest.exit("build/web is not there: make web", 2)
    return found


@pytest.fixture(scope="session")
def front(stack):
    """What the front prints when it serves nothing."""
    def run(*words):
        return subprocess.run([f"{stack['bin']}/millrace-front", *words], capture_output=True, text=True, check=True,
                              timeout=60).stdout
    return run


@pytest.fixture(scope="session")
def rows(front):
    """Those of the products: a realm of operators has no description."""
    return [row for row in json.loads(front("--endpoints")) if row["product"] in PRODUCTS]


@pytest.fixture(scope="session")
def nobody(stack, rows):
    """nobody("expenses"): a client of it who has not signed in."""
    record = Record(rows)
    return lambda product: Client(stack, product, record)


@pytest.fixture(scope="session")
def descriptions(nobody):
    return {product: Description(nobody(product).get("/openapi.json").value) for product in PRODUCTS}


@pytest.fixture
def paused(stack):
    """with paused("postgres"): ...   The service stands still."""
    return functools.partial(standing_still, stack)

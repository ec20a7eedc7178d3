# SPDX-License-Identifier: GPL-3.0-or-later
"""Every row of the front's tables is held against what must hold for all: a new row is covered by being there."""
import re

import pytest

from client import Client


def somewhere(row):
    """A path that the row answers to."""
    return re.sub(r"\{\w+\}", "1", row["path"])


def test_nobody_may_not(stack, record, guarded):
    nobody = Client(stack, guarded["product"], record)
    nobody.call(guarded["method"], somewhere(guarded), 401)


@pytest.mark.parametrize("authorization", ["Bearer garbage", "Basic YTpi", "Bearer eyJhbGciOiJub25lIn0.e30."])
def test_garbage_may_not(stack, record, guarded, authorization):
    nobody = Client(stack, guarded["product"], record)
    nobody.call(guarded["method"], somewhere(guarded), 401, headers={"Authorization": authorization})


def test_a_user_is_no_administrator(account, guarded):
    if guarded["who"] == "ADMIN":
        account(guarded["product"]).call(guarded["method"], somewhere(guarded), 403)


def test_a_token_is_for_one_product(account, stack, record, guarded):
    """One that is right anywhere else, sent in this product's own way."""
    other = "ailice" if guarded["product"] != "ailice" else "expenses"
    stranger = Client(stack, guarded["product"], record)
    stranger.token = account(other).token
    stranger.call(guarded["method"], somewhere(guarded), 401)


@pytest.mark.last
def test_no_service_has_died(starts, starts_before):
    """The supervisor starts them again so fast that no client may notice."""
    assert starts() == starts_before

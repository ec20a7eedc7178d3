# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever must not: nobody, a user where an administrator is asked for, somebody else with the id of another's object, the
same person's account at another product."""
import json
import re

import pytest

from examples import request_of
from judge import check_reply
from objects import Owned, names_of, object_of
from world import REALM


def lasting(seen):
    """Without what a new hour changes: when links to files end, and the proof of that."""
    return re.sub(r":\d+:(inline|attachment)\.[0-9a-f]{64}", "", json.dumps(seen))


def ask(wire, row, caller, values=None):
    reply = wire.ask(request_of(row, caller, values))
    check_reply(row["product"], reply)
    return reply.status_code


@pytest.fixture
def owned(world, row):
    """The row's object, made by alice, with what she sees of it. None where there is no such thing."""
    entry = object_of(row)
    assert entry or not names_of(row), \
        f"{row['product']}.{row['name']} names an object by {', '.join(names_of(row))}: say in tests/security/objects.py whose it is"
    if not isinstance(entry, Owned):
        return None
    alice = world.caller(row)
    values = entry.make(world, alice)
    return entry, alice, values, lasting(entry.look(alice, values))


def test_nobody(wire, guarded):
    assert ask(wire, guarded, None) == 401


def test_who_is_no_administrator(world, wire, row):
    if row["who"] == "ADMIN":
        assert ask(wire, row, world.person(row["product"], "bob")) == 403


def test_a_product_knows_its_own_only(world, wire, asking):
    """A token that is right anywhere else, in this product's own words."""
    for product in world.products:
        if product != asking["product"]:
            stranger = world.nobody(asking["product"])
            stranger.token = world.person(product, "alice").token
            assert ask(wire, asking, stranger) == 401, product


def test_an_account_number_of_another_product(world, wire, asking):
    """Signed by us for this product, but the account is another's."""
    if asking["product"] in ("smsagent", REALM):         # tokens of other kinds
        return
    for product in world.products:
        if product not in (asking["product"], REALM):     # whose people are no accounts
            stranger = world.nobody(asking["product"])
            stranger.token = world.forge.token(world.person(product, "alice").account, aud=asking["product"])
            assert ask(wire, asking, stranger) == 401, product


def test_somebody_elses_object(world, wire, row, owned):
    if not owned:
        return
    entry, alice, values, seen = owned
    bob, other = world.person(row["product"], "bob"), next(name for name in world.products if name != row["product"])
    stranger = world.nobody(row["product"])
    stranger.token = world.person(other, "alice").token
    assert ask(wire, row, bob, values) in entry.refusals
    assert ask(wire, row, None, values) in ((401,) if row["who"] != "OPTIONAL" else entry.refusals)
    assert ask(wire, row, stranger, values) == 401
    assert lasting(entry.look(alice, values)) == seen, "somebody else has changed it"
    assert ask(wire, row, alice, values) == (entry.owner or row["status"]), "not even its owner may"

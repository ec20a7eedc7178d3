# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of the Expense Tracker: founded, shown, changed, and what was done in them."""
import json
import re
import secrets

import pytest
import requests

import album
from circle import GROUPS, JOIN, number
from client import PATIENCE
from waits import until

SEED = ["id", "name", "description", "group_type", "image", "currency", "member_count", "total_expenses", "unsettled_amount", "my_balance",
        "invite_code", "is_admin", "created_at"]
SETTINGS = {"simplify_debts": True, "require_approval": False, "auto_reminder": True}


def names(answer):
    return [group.name for group in answer["data"]]


# -- founding ----------------------------------------------------------------------------------------------------------

def test_who_founds_a_group_is_its_admin(circle, mailbox):
    ann = circle.person()
    others = [f"x-{secrets.token_hex(4)}@example.org" for _ in range(2)]
    made = ann.post(GROUPS, {"name": "Europe Trip 2024", "description": "Summer", "group_type": "trip", "currency": "EUR", "is_private": False,
                             "initial_members": [others[0], ann.email.upper(), others[1], others[0].upper()]}, 201).data
    assert re.fullmatch(r"EURO[A-Z2-7]{4}", made.invite_code) and made.currency == {"code": "EUR", "symbol": "€"}
    assert (made.name, made.description, made.group_type, made.member_count) == ("Europe Trip 2024", "Summer", "trip", 3)
    members = ann.get(f"{GROUPS}{made.id}/members/")["data"]
    assert [(m.user.email, m.role, m.status) for m in members] == \
        [(ann.email, "admin", "active"), (others[0], "member", "invited"), (others[1], "member", "invited")]
    for address in others:
        mail, = mailbox.wait(address)
        assert mail["subject"] == "Ann Doe invites you to Europe Trip 2024"


def test_what_is_left_out_when_founding(circle):
    ann = circle.person()
    ann.call("PATCH", "/api/users/me/", 200, {"preferred_currency": "JPY"})
    made = ann.post(GROUPS, {"name": "水"}, 201).data
    assert made.invite_code.startswith("XXXX") and made.currency == {"code": "JPY", "symbol": "¥"}
    shown = ann.get(f"{GROUPS}{made.id}/").data
    assert (shown.description, shown.group_type, shown.is_private, shown.is_active, shown.settings) == ("", "other", False, True, SETTINGS)
    assert shown.my_balance == shown.total_expenses == "0"


@pytest.mark.parametrize("body, field", [
    ({"name": ""}, "name"), ({"name": " \u2003"}, "name"), ({"name": "x" * 101}, "name"), ({"name": None}, "name"), ({"description": "x" * 1001}, "description"),
    ({"group_type": "gang"}, "group_type"), ({"currency": "XXQ"}, "currency"), ({"is_private": "maybe"}, "is_private"),
    ({"initial_members": ["nobody"]}, "initial_members"), ({"initial_members": "a@b.example"}, "initial_members"),
    ({"initial_members": [f"m{n}@example.org" for n in range(51)]}, "initial_members")], ids=lambda value: json.dumps(value)[:30])
def test_what_is_no_group(circle, body, field):
    ann = circle.person()
    refused = ann.post(GROUPS, {"name": "Roommates", **body}, 422).error
    assert refused.details[0].field.startswith(field)
    assert ann.get(GROUPS)["data"] == []


# -- lists -------------------------------------------------------------------------------------------------------------

def test_the_groups_of_somebody(circle):
    ann, bob = circle.people("Ann", "Bob")
    first = circle.group(ann, bob, name="Roommates", group_type="home", description="Shared apartment")
    circle.group(bob, name="Not hers")
    circle.group(ann, name="100% fun", group_type="trip", is_private=True)
    circle.expense(first, bob, 1000, ann, bob)
    listed = ann.get(GROUPS)
    assert names(listed) == ["100% fun", "Roommates"] and listed["meta"]["pagination"]["total_items"] == 2
    private, open_one = listed["data"]
    assert [key for key in open_one if key in SEED] == SEED
    assert private.invite_code is None and private.is_private
    assert (open_one.member_count, open_one.total_expenses, open_one.unsettled_amount, open_one.my_balance, open_one.is_admin) == \
        (2, "10.00", "5.00", "-5.00", True)
    assert bob.get(GROUPS)["data"][1].my_balance == "5.00" and bob.get(GROUPS)["data"][1].is_admin is False
    ann.call("PATCH", first, 200, {"is_active": False})
    for query, wanted in (("is_active=false", ["Roommates"]), ("is_active=true", ["100% fun"]), ("group_type=home", ["Roommates"]),
                          ("search=APARTMENT", ["Roommates"]), ("search=%25", ["100% fun"]), ("search=_", []), ("search=%25fun", []),
                          ("group_type=home&is_active=true", [])):
        assert names(ann.get(f"{GROUPS}?{query}")) == wanted, query
    ann.get(f"{GROUPS}?group_type=gang", 422)
    bob.post(f"{first}leave/", None, 409)
    ann.get(f"{GROUPS}?page=0", 422)


def test_the_list_is_paged(circle, sql):
    ann = circle.person()
    sql("with g as (insert into expenses.expense_group (name, currency, created_by) select 'No ' || n, 'USD', %s from generate_series(1, 25) n "
        "returning id) insert into expenses.member (group_id, account_id, email, role, status) select id, %s, 'x', 'admin', 'active' from g",
        ann.number, ann.number)
    wanted = [f"No {n}" for n in range(25, 0, -1)]
    page = ann.get(f"{GROUPS}?page_size=10")
    assert names(page) == wanted[:10] and page["meta"]["pagination"]["total_items"] == 25
    second = ann.get(page["links"]["next"].removeprefix("/expenses"))
    third = ann.get(second["links"]["next"].removeprefix("/expenses"))
    assert names(second) == wanted[10:20] and names(third) == wanted[20:] and third["links"]["next"] is None
    assert names(ann.get(third["links"]["previous"].removeprefix("/expenses"))) == wanted[10:20]
    assert names(ann.get(f"{GROUPS}?page_size=10&page=9")) == []


def test_the_members_are_paged(circle, sql):
    ann = circle.person()
    group = circle.group(ann)
    sql("insert into expenses.member (group_id, email, invited_by) select %s, 'm' || n || '@example.org', %s from generate_series(1, 30) n",
        number(group.rstrip("/")), ann.number)
    page = ann.get(f"{group}members/?page_size=20")
    assert page["meta"]["pagination"]["total_items"] == 31
    last = ann.get(page["links"]["next"].removeprefix("/expenses"))
    assert [m.user.email for m in page["data"] + last["data"]] == [ann.email] + [f"m{n}@example.org" for n in range(1, 31)]
    assert len(ann.get(last["links"]["previous"].removeprefix("/expenses"))["data"]) == 20
    assert circle.wrong(group) == ""


def test_a_member_is_shown_with_what_he_paid_and_owes(circle):
    ann, bob = circle.people("Ann", "Bob")
    group = circle.group(ann, bob)
    ann.post(f"{group}invite/", {"email": "who@example.org"}, 201)
    circle.expense(group, ann, 1001, ann, bob)
    founder, member, asked = ann.get(f"{group}members/")["data"]
    assert (founder.balance, founder.total_paid, founder.total_owed, founder.invited_by) == ("5.00", "10.01", "5.01", None)
    assert (member.balance, member.total_paid, member.total_owed, member.role) == ("-5.00", "0.00", "5.00", "member")
    assert member.user == {"id": bob.ref, "name": "Bob Doe", "email": bob.email, "avatar": None} and member.joined_at
    assert asked.user == {"id": None, "name": "who@example.org", "email": "who@example.org", "avatar": None}
    assert (asked.status, asked.joined_at, asked.invited_by) == ("invited", None, {"id": ann.ref, "name": "Ann Doe"})


# -- one group ---------------------------------------------------------------------------------------------------------

def test_the_statistics_of_a_group(circle):
    ann, bob = circle.people("Ann", "Bob")
    group = circle.group(ann, bob)
    circle.expense(group, ann, 1000, ann, bob)
    circle.expense(group, ann, 600, bob, ann)
    circle.settlement(group, bob, ann, 500)
    shown = bob.get(group).data
    assert {**shown.statistics, "created_at": ""} == {"total_expenses": "16.00", "settled_amount": "13.00", "unsettled_amount": "3.00",
                                                      "expense_count": 2, "active_members": 2, "created_at": ""}
    assert shown.my_balance == "-3.00" and shown.is_admin is False


def test_an_admin_changes_a_group(circle):
    ann, bob = circle.people("Ann", "Bob")
    group = circle.group(ann, bob, description="Shared")
    changed = ann.call("PATCH", group, 200, {"name": "Apartment 2B", "settings": {"simplify_debts": False}, "group_type": "home"}).data
    assert (changed.name, changed.description, changed.group_type) == ("Apartment 2B", "Shared", "home")
    assert changed.settings == {**SETTINGS, "simplify_debts": False} and list(changed.settings) == list(SETTINGS)
    assert ann.call("PATCH", group, 200, {"settings": {"auto_reminder": False}}).data.settings.simplify_debts is False
    assert ann.call("PATCH", group, 200, {"description": None}).data.description == ""
    assert ann.get(group).data == ann.call("PATCH", group, 200, {}).data
    bob.call("PATCH", group, 403, {"name": "Mine"})
    circle.person("Eve").call("PATCH", group, 404, {"name": "Mine"})
    for body, field in (({"name": None}, "name"), ({"settings": {"simplify_debts": 7}}, "settings.simplify_debts"), ({"currency": "XX"}, "currency")):
        assert ann.call("PATCH", group, 422, body).error.details[0].field == field
    assert ann.get(group).data.name == "Apartment 2B"


def test_the_currency_stays_once_there_are_expenses(circle, sql):
    ann = circle.person()
    group = circle.group(ann)
    assert ann.call("PATCH", group, 200, {"currency": "EUR"}).data.currency.code == "EUR"
    made = circle.expense(group, ann, 1000, ann)
    refused = ann.call("PATCH", group, 409, {"currency": "USD", "name": "Other"}).error
    assert refused.code == "CONFLICT" and refused.details[0].field == "currency"
    assert ann.get(group).data.name == "Roommates"
    assert ann.call("PATCH", group, 200, {"currency": "EUR"}).data.currency.code == "EUR"
    sql("select expenses.book(%s, -1)", made)
    sql("update expenses.expense set deleted_at = now() where id = %s", made)
    assert ann.call("PATCH", group, 200, {"currency": "USD"}).data.total_expenses == "0.00"


def test_a_code_ends_with_being_private(circle):
    ann, bob, eve = circle.people("Ann", "Bob", "Eve")
    group = circle.group(ann)
    code = ann.get(group).data.invite_code
    assert ann.call("PATCH", group, 200, {"is_private": True}).data.invite_code is None
    bob.post(JOIN, {"invite_code": code}, 404)
    another = ann.call("PATCH", group, 200, {"is_private": False}).data.invite_code
    assert another.startswith("ROOM") and another != code
    eve.post(JOIN, {"invite_code": code}, 404)
    assert eve.post(JOIN, {"invite_code": another}).data.invite_code == another


def test_a_code_that_is_taken_is_drawn_again(circle, sql):
    """In a transaction of its own, where chance gives the taken one every other time; and where it gives nothing else."""
    ann = circle.person()
    taken, group = (circle.group(ann, name="Quiz") for _ in range(2))
    code, mine = ann.get(taken).data.invite_code, number(group.rstrip("/"))
    drawn = sql("begin; create sequence drawn; create or replace function expenses.invite_code(name text) returns text language sql as "
                f"$$ select case when nextval('drawn') %% 2 = 1 then '{code}' else 'QUIZ' || left(md5(random()::text), 4) end $$; "
                "select expenses.invite_code_give(%s), expenses.invite_code_give(%s); "
                "select invite_code || ' ' || currval('drawn') from expenses.expense_group where id = %s; rollback", mine, mine, mine).split()
    assert drawn[-2].startswith("QUIZ") and drawn[-2] != code and drawn[-1] == "4"
    said = sql("begin; create or replace function expenses.invite_code(name text) returns text language sql as "
               f"$$ select '{code}'::text $$; do $$ begin perform expenses.invite_code_give({mine}); exception when sqlstate 'MR503' then "
               "create temporary table refused (); end $$; select to_regclass('refused') is not null; rollback")
    assert said == "t"
    assert len({sql("select expenses.invite_code('Quiz')") for _ in range(20)}) >= 18        # of a million


@pytest.mark.parametrize("method, path", [("GET", ""), ("GET", "members/"), ("GET", "balances/"), ("GET", "activity/"), ("PATCH", ""),
                                          ("POST", "invite/"), ("POST", "leave/"), ("POST", "image/")])
def test_who_is_not_in_a_group_knows_nothing_of_it(circle, method, path):
    ann, former, eve = circle.people("Ann", "Bob", "Eve")
    asked = circle.person("Ina", verified=True)
    group = circle.group(ann, former)
    ann.post(f"{group}invite/", {"email": asked.email}, 201)
    former.post(f"{group}leave/")
    body = {"email": "x@example.org"} if path == "invite/" else {} if method == "PATCH" else None
    for stranger in (eve, former, asked):
        if path == "image/":
            stranger.upload(f"{group}image/", 404, image=("a.png", album.packed(album.flag(8, 8), "PNG")))
        else:
            assert stranger.call(method, f"{group}{path}", 404, body).error.code == "RESOURCE_NOT_FOUND"


# -- what was done -----------------------------------------------------------------------------------------------------

def test_the_activity_of_a_group(circle):
    ann, bob = circle.people("Ann", "Bob")
    group = circle.group(ann, bob)
    ann.call("PATCH", group, 200, {"name": "Flat"})
    for nothing in ({}, {"name": "Flat", "settings": {}}, {"settings": {"simplify_debts": True}, "description": None}):
        ann.call("PATCH", group, 200, nothing)                        # changes nothing, and is not told
    bob.post(f"{group}leave/")
    done = ann.get(f"{group}activity/")
    assert [(a.type, a.user.name, a.description) for a in done["data"]] == [
        ("member_left", "Bob Doe", "Bob Doe left the group"), ("group_updated", "Ann Doe", "Ann Doe changed the group"),
        ("member_joined", "Bob Doe", "Bob Doe joined the group"), ("group_created", "Ann Doe", "Ann Doe created the group")]
    assert list(done["data"][0]) == ["id", "type", "user", "description", "metadata", "created_at"]
    assert re.fullmatch(r"act_\d+", done["data"][0].id) and done["data"][0].metadata == {"user_id": bob.ref}
    assert done["meta"]["pagination"]["total_items"] == 4


def test_the_activity_is_paged(circle, sql):
    ann = circle.person()
    group = circle.group(ann)
    sql("insert into expenses.activity (group_id, account_id, type, description) select %s, %s, 'noted', 'No ' || n from generate_series(1, 30) n",
        number(group.rstrip("/")), ann.number)
    said = []
    page = ann.get(f"{group}activity/?page_size=12")
    while True:
        assert page["meta"]["pagination"]["total_items"] == 31
        said += [a.description for a in page["data"]]
        if not page["links"]["next"]:
            break
        page = ann.get(page["links"]["next"].removeprefix("/expenses"))
    assert said == [f"No {n}" for n in range(30, 0, -1)] + ["Ann Doe created the group"]


# -- the image ---------------------------------------------------------------------------------------------------------

def behind(url):
    return (answer := requests.get(url, timeout=PATIENCE)).status_code == 200 and answer.content


def test_an_image_is_made_of_what_was_sent(circle, paused):
    ann, bob = circle.people("Ann", "Bob")
    group = circle.group(ann, bob)
    sent = album.lying(album.flag(900, 600), 6)
    with paused("image"):
        url = ann.upload(f"{group}image/", image=("us.jpg", sent), prefer="respond-async").data.image
        assert ann.get(group).data.image is None and not behind(url)
    album.is_flag(until(lambda: behind(url), "it is made"), (512, 512))
    assert bob.get(group).data.image == url == bob.get(GROUPS)["data"][0].image
    another = ann.upload(f"{group}image/", image=("us.png", album.packed(album.flag(64, 64), "PNG"))).data.image
    until(lambda: bob.get(group).data.image == another, "the other one is made")
    assert not behind(url)
    bob.upload(f"{group}image/", 403, image=("us.png", album.packed(album.flag(64, 64), "PNG")))
    assert bob.get(group).data.image == another


def test_an_image_that_cannot_be_made_leaves_the_one_before(circle, sql):
    ann = circle.person()
    group = circle.group(ann)
    first = ann.upload(f"{group}image/", image=("us.png", album.packed(album.flag(64, 64), "PNG"))).data.image
    until(lambda: ann.get(group).data.image == first, "it is made")
    broken = album.packed(album.flag(300, 300), "JPEG")[:600]
    refused = ann.upload(f"{group}image/", 422, image=("us.jpg", broken)).error.details[0]
    assert refused.field == "image" and ann.get(group).data.image == first
    assert sql("select image_next_id is null from expenses.expense_group where id = %s", number(group.rstrip("/"))) == "t"
    ann.upload(f"{group}image/", 422, image=("us.txt", b"no picture at all"))
    cut = ann.upload(f"{group}image/", 422, image=("us.png", album.packed(album.flag(64, 64), "PNG")[:40])).error.details[0]
    assert cut.message.startswith("cannot be used: ") and cut.message[-1].isalpha()        # a whole sentence

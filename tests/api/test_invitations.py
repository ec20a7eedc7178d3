# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways into a group of the Expense Tracker: its code, and invitations by mail."""
import json
import re
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from circle import GROUPS, JOIN, accept, invitations, invited, number
from subscriber import Subscriber
from waits import until


@pytest.fixture
def subscriber():
    made = Subscriber()
    yield made
    made.close()


def members(client, group):
    """{address: (role, status)}"""
    return {m.user.email: (m.role, m.status) for m in client.get(f"{group}members/?page_size=100")["data"]}


def told(client, kind):
    return [notice for notice in client.get("/api/notifications/")["data"] if notice.type == kind]


# -- by code -----------------------------------------------------------------------------------------------------------

def test_who_has_the_code_joins(circle, subscriber, sql):
    ann, bob = circle.people("Ann", "Bob")
    group = circle.group(ann)
    ann.post("/api/webhooks/", {"url": subscriber.url, "events": ["group.member_joined"]}, 201)
    joined = bob.post(JOIN, {"invite_code": ann.get(group).data.invite_code.lower()})
    assert joined.message == "Successfully joined the group"
    assert joined.data == bob.get(group).data and joined.data.member_count == 2 and joined.data.is_admin is False
    sent, = subscriber.wait(1)
    assert sent.body["event"] == "group.member_joined" and sent.body["data"] == {
        "group_id": joined.data.id, "group_name": "Roommates", "user": {"id": bob.ref, "name": "Bob Doe"}, "role": "member"}
    until(lambda: told(ann, "member_joined"), "ann is told")
    notice, = told(ann, "member_joined")
    assert notice.message == 'Bob Doe joined the group "Roommates"' and notice.sender == {"id": bob.ref, "name": "Bob Doe"}
    assert notice.action_url == f"/groups/{joined.data.id}" and told(bob, "member_joined") == []
    live = json.loads(sql("select json_build_object('audience', audience, 'data', data) from live_event where type = 'group_activity' "
                          "and data ->> 'group_id' = %s order by id desc limit 1", joined.data.id))
    assert sorted(live["audience"]) == sorted([ann.number, bob.number])
    assert live["data"]["activity"]["type"] == "member_joined" and live["data"]["activity"]["user"] == "Bob Doe"


def test_codes_that_let_nobody_in(circle, sql):
    ann, bob = circle.people("Ann", "Bob")
    group = circle.group(ann, bob)
    code = ann.get(group).data.invite_code
    eve = circle.person("Eve")
    assert bob.post(JOIN, {"invite_code": code}, 409).error.code == "DUPLICATE_RESOURCE"
    unknown = eve.post(JOIN, {"invite_code": "ROOM0001"}, 404).error
    private = circle.group(ann, is_private=True)
    sql("update expenses.expense_group set invite_code = %s where id = %s", kept := "PRIV" + secrets.token_hex(2).upper(), number(private.rstrip("/")))
    sql("update expenses.expense_group set invite_code = null where id = %s", number(private.rstrip("/")))
    assert eve.post(JOIN, {"invite_code": kept}, 404).error == unknown
    ann.call("PATCH", group, 200, {"is_active": False})
    assert eve.post(JOIN, {"invite_code": code}, 409).error.code == "CONFLICT"
    for body in ({}, {"invite_code": ""}, {"invite_code": "x" * 33}, {"invite_code": "A B"}, {"invite_code": None}):
        assert eve.post(JOIN, body, 422).error.details[0].field == "invite_code"
    assert members(ann, group) == {ann.email: ("admin", "active"), bob.email: ("member", "active")}


def test_codes_are_not_guessed(circle):
    ann, eve = circle.people("Ann", "Eve")
    code = ann.get(circle.group(ann)).data.invite_code
    for _ in range(20):
        eve.post(JOIN, {"invite_code": "ROOM0000"}, 404)
    refused = eve.post(JOIN, {"invite_code": code}, 429)
    assert refused.error.code == "RATE_LIMIT_EXCEEDED" and 0 < int(refused.http.headers["Retry-After"]) <= 3600
    circle.person("Bob").post(JOIN, {"invite_code": code})


def test_an_address_that_was_invited_joins_by_code(circle, mailbox):
    """One person, one row; the token stays good for whoever has it."""
    ann, address = circle.person(), f"bob-{secrets.token_hex(4)}@example.org"
    group = circle.group(ann, initial_members=[address])
    assert ann.get(group).data.member_count == 2
    bob = circle.person("Bob", email=address)
    assert bob.get(GROUPS)["data"] == []
    bob.post(JOIN, {"invite_code": ann.get(group).data.invite_code})
    assert members(ann, group) == {ann.email: ("admin", "active"), address: ("member", "active")} and circle.wrong(group) == ""
    token = invited(mailbox, address)
    assert bob.post(accept(token), None, 409).error.code == "DUPLICATE_RESOURCE"
    eve = circle.person("Eve")
    eve.post(accept(token))
    assert members(ann, group) == {ann.email: ("admin", "active"), address: ("member", "active"), eve.email: ("member", "active")}


def test_who_has_left_comes_back(circle):
    ann, bob = circle.people("Ann", "Bob")
    group = circle.group(ann, bob)
    before = {m.user.id: m.id for m in ann.get(f"{group}members/")["data"]}
    ann.post(f"{group}leave/")
    assert bob.get(group).data.is_admin is True
    ann.post(JOIN, {"invite_code": bob.get(group).data.invite_code})
    assert ann.get(group).data.is_admin is False and circle.wrong(group) == ""
    assert {m.user.id: m.id for m in bob.get(f"{group}members/")["data"]} == before


# -- by mail -----------------------------------------------------------------------------------------------------------

def test_an_invitation_is_accepted(circle, mailbox, subscriber):
    ann, bob = circle.people("Ann", "Bob")
    group = circle.group(ann, is_private=True)
    ann.post("/api/webhooks/", {"url": subscriber.url, "events": ["group.member_joined"]}, 201)
    made = ann.post(f"{group}invite/", {"email": bob.email.upper(), "message": "Join <us> {token}!"}, 201).data
    assert re.fullmatch(r"inv_\d+", made.invitation_id) and made.email == bob.email and list(made) == ["invitation_id", "email", "expires_at"]
    mail, = invitations(mailbox, bob.email)
    assert mail["subject"] == "Ann Doe invites you to Roommates" and "Join <us> {token}!" in mail["text"] and "&lt;us&gt;" in mail["html"]
    token = invited(mailbox, bob.email)
    joined = bob.post(accept(token))
    assert joined.data.id in group and joined.data.member_count == 2 and joined.message == "Successfully joined the group"
    assert subscriber.wait(1)[0].body["data"]["user"]["id"] == bob.ref
    bob.post(accept(token), None, 404)
    circle.person("Eve").post(accept(token), None, 404)
    assert members(ann, group) == {ann.email: ("admin", "active"), bob.email: ("member", "active")}


def test_whoever_has_the_token_was_invited(circle, mailbox):
    ann, bob, eve = circle.person(), circle.person("Bob", verified=True), circle.person("Eve")
    group = circle.group(ann)
    ann.post(f"{group}invite/", {"email": bob.email}, 201)
    eve.post(accept(invited(mailbox, bob.email)))
    assert members(ann, group) == {ann.email: ("admin", "active"), eve.email: ("member", "active")}
    bob.get(group, 404)
    assert circle.wrong(group) == "" and ann.get(group).data.member_count == 2


def test_the_token_of_somebody_who_has_been_there(circle, mailbox):
    """He keeps what is his; who uses it gets a row of her own."""
    ann, bob, eve = circle.people("Ann", "Bob", "Eve")
    group = circle.group(ann, bob)
    bob.post(f"{group}leave/")
    ann.post(f"{group}invite/", {"email": bob.email}, 201)
    assert members(ann, group)[bob.email] == ("member", "invited")
    eve.post(accept(invited(mailbox, bob.email)))
    assert members(ann, group) == {ann.email: ("admin", "active"), eve.email: ("member", "active")} and circle.wrong(group) == ""
    bob.post(JOIN, {"invite_code": ann.get(group).data.invite_code})
    assert members(ann, group)[bob.email] == ("member", "active") and circle.wrong(group) == ""


def test_the_same_person_by_two_addresses(circle, mailbox):
    """Who was in, or is invited, under another address is one member all the same."""
    ann, bob = circle.person(), circle.person("Bob", verified=True)
    other = f"bob-too-{secrets.token_hex(4)}@example.org"
    group = circle.group(ann, initial_members=[bob.email, other])
    assert ann.get(group).data.member_count == 3
    bob.post(accept(invited(mailbox, other)))
    assert members(ann, group) == {ann.email: ("admin", "active"), bob.email: ("member", "active")}
    assert circle.wrong(group) == ""
    assert bob.post(accept(invited(mailbox, bob.email)), None, 409).error.code == "DUPLICATE_RESOURCE"


def test_another_token_takes_the_place_of_the_one_before(circle, mailbox):
    ann, bob = circle.people("Ann", "Bob")
    group = circle.group(ann)
    first = ann.post(f"{group}invite/", {"email": bob.email}, 201).data
    old = invited(mailbox, bob.email)
    second = ann.post(f"{group}invite/", {"email": bob.email}, 201).data
    new = invited(mailbox, bob.email, 2)
    assert first.invitation_id != second.invitation_id and ann.get(group).data.member_count == 2
    bob.post(accept(old), None, 404)
    bob.post(accept(new))


def test_invitations_that_let_nobody_in(circle, mailbox, sql):
    ann, bob = circle.people("Ann", "Bob")
    group = circle.group(ann)
    made = ann.post(f"{group}invite/", {"email": bob.email}, 201).data
    token = invited(mailbox, bob.email)
    for wrong in (token[:-1], token + "A", token.swapcase(), "x", "x" * 129):
        bob.post(accept(wrong), None, 404)
    sql("update expenses.invitation set expires_at = now() where id = %s", number(made.invitation_id))
    bob.post(accept(token), None, 404)
    sql("update expenses.invitation set expires_at = now() + interval '1 day' where id = %s", number(made.invitation_id))
    ann.call("PATCH", group, 200, {"is_active": False})
    assert bob.post(accept(token), None, 409).error.code == "CONFLICT"
    ann.call("PATCH", group, 200, {"is_active": True})
    kept = sql("select digest from expenses.invitation where id = %s", number(made.invitation_id))
    assert len(kept) == 64 and token not in kept
    bob.post(accept(token))


def test_two_who_accept_at_once(circle, mailbox, sql):
    ann, bob, eve = circle.people("Ann", "Bob", "Eve")
    group = circle.group(ann)
    ann.post(f"{group}invite/", {"email": "pair-" + bob.email}, 201)
    token = invited(mailbox, "pair-" + bob.email)
    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(lambda client: client._session.post(      # pylint: disable=protected-access
            client.base + accept(token), headers={"Authorization": f"Bearer {client.token}", "X-Forwarded-For": client.address},
            timeout=60).status_code, (bob, eve)))
    assert sorted(statuses) == [200, 404] and ann.get(group).data.statistics.active_members == 2
    assert circle.wrong(group) == "" and sql("select count(*) from expenses.activity where group_id = %s and type = 'member_joined'",
                                             number(group.rstrip("/"))) == "1"


def test_who_may_invite(circle):
    ann, bob = circle.people("Ann", "Bob")
    group = circle.group(ann, bob)
    bob.post(f"{group}invite/", {"email": "one@example.org"}, 201)
    ann.call("PATCH", group, 200, {"is_private": True})
    assert bob.post(f"{group}invite/", {"email": "two@example.org"}, 403).error.code == "PERMISSION_DENIED"
    ann.post(f"{group}invite/", {"email": "two@example.org"}, 201)
    refused = ann.post(f"{group}invite/", {"email": bob.email}, 409).error
    assert refused.code == "DUPLICATE_RESOURCE" and refused.details[0].field == "email"
    assert refused.message == "It is there already" and refused.details[0].message == "is a member already"
    for body, field in (({}, "email"), ({"email": "x"}, "email"), ({"email": "a@example.org", "message": "x" * 501}, "message")):
        assert ann.post(f"{group}invite/", body, 422).error.details[0].field == field
    ann.call("PATCH", group, 200, {"is_active": False})
    assert ann.post(f"{group}invite/", {"email": "three@example.org"}, 409).error.code == "CONFLICT"


def test_who_is_known_by_his_address_is_told(circle, mailbox):
    ann, bob, carl = circle.person(), circle.person("Bob", verified=True), circle.person("Carl")
    group = circle.group(ann, initial_members=[bob.email, carl.email])
    notice, = told(bob, "group_invite")
    assert notice.title == "You are invited to Roommates" and notice.sender == {"id": ann.ref, "name": "Ann Doe"}
    assert told(carl, "group_invite") == []            # nobody knows yet whether it is his
    for one in (bob, carl):
        assert len(invitations(mailbox, one.email)) == 1
        one.post(accept(invited(mailbox, one.email)))
    assert ann.get(group).data.statistics.active_members == 3
    bob.call("PUT", "/api/notifications/preferences/", 200, {"preferences": [{"type": "group_invite", "enabled": False}]})
    circle.group(ann, initial_members=[bob.email])
    assert len(told(bob, "group_invite")) == 1


def test_who_is_invited_is_an_address_until_he_comes(circle, mailbox):
    """Whoever invited an address learned the name, the number and the picture of the account that it is of."""
    ann, bob = circle.person(), circle.person("Bob", verified=True)
    group = circle.group(ann, initial_members=[bob.email])
    shown = lambda: ann.get(f"{group}members/")["data"][1].user
    assert shown() == {"id": None, "name": bob.email, "email": bob.email, "avatar": None}
    bob.post(accept(invited(mailbox, bob.email)))
    assert shown() == {"id": bob.ref, "name": "Bob Doe", "email": bob.email, "avatar": None}
    bob.post(f"{group}leave/")
    ann.post(f"{group}invite/", {"email": bob.email}, 201)
    assert shown().name == "Bob Doe"                   # they know him


def test_nobody_is_invited_too_often(circle, sql):
    ann = circle.person()
    group, mark = circle.group(ann), secrets.token_hex(4)
    busy, calm, free = (f"{word}-{mark}@example.org" for word in ("busy", "calm", "free"))
    for _ in range(5):
        ann.post(f"{group}invite/", {"email": busy}, 201)
    refused = ann.post(f"{group}invite/", {"email": busy}, 429)
    assert refused.error.code == "RATE_LIMIT_EXCEEDED" and int(refused.http.headers["Retry-After"]) > 0
    before = len(ann.get(GROUPS)["data"])
    ann.post(GROUPS, {"name": "Another", "initial_members": [calm, busy]}, 429)
    assert len(ann.get(GROUPS)["data"]) == before
    ann.post(f"{group}invite/", {"email": calm}, 201)
    sql("update throttle set count = 500 where scope = 'invite-account' and subject = %s", ann.number)
    ann.post(f"{group}invite/", {"email": free}, 429)


def test_five_hundred_are_enough(circle, sql):
    ann, eve = circle.people("Ann", "Eve")
    group = circle.group(ann)
    sql("insert into expenses.member (group_id, email, invited_by) select %s, 'm' || n || '@example.org', %s from generate_series(1, 499) n",
        number(group.rstrip("/")), ann.number)
    assert ann.get(group).data.member_count == 500
    assert ann.post(f"{group}invite/", {"email": "m500@example.org"}, 409).error.code == "CONFLICT"
    eve.post(JOIN, {"invite_code": ann.get(group).data.invite_code}, 409)
    ann.post(f"{group}invite/", {"email": "m499@example.org"}, 201)        # who is invited already has his place


def test_an_invitation_that_was_answered_is_not_sent(circle, paused, mailbox, sql):
    ann, bob = circle.people("Ann", "Bob")
    group = circle.group(ann)
    with paused("mail"):
        made = ann.post(f"{group}invite/", {"email": bob.email}, 201).data
        bob.post(JOIN, {"invite_code": ann.get(group).data.invite_code})
    job = sql("select id from job where kind = 'mail.invitation' and args ->> 'invitation' = %s", number(made.invitation_id))
    assert until(lambda: sql("select outcome from job_end where id = %s", job), "it ends") == "done"
    assert [mail for mail in mailbox.ask(list=bob.email) if "invites" in mail["subject"]] == []


def test_a_mail_that_is_refused_for_good(circle, mailbox, sql):
    ann, address = circle.person(), f"gone-{secrets.token_hex(4)}@example.org"
    group = circle.group(ann)
    mailbox.ask(refuse=address, code=550, times=9)
    made = ann.post(f"{group}invite/", {"email": address}, 201).data
    job = sql("select id from job where kind = 'mail.invitation' and args ->> 'invitation' = %s", number(made.invitation_id))
    assert until(lambda: sql("select outcome from job_end where id = %s", job), "it ends") == "buried"
    assert members(ann, group)[address] == ("member", "invited")

# SPDX-License-Identifier: GPL-3.0-or-later
"""Closed accounts that were in groups of the Expense Tracker: their groups keep their books, and whose they were nobody can tell."""
import json
import secrets
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from books import png
from circle import GROUPS, PASSWORD, accept, array, invited, number
from database import Database
from test_house import does                                                  # noqa: F401   pylint: disable=unused-import
from test_house import files_of
from waits import until

EXPENSES, SETTLEMENTS, METHODS = "/api/expenses/", "/api/payments/settlements/", "/api/payments/methods/"
FORMER = "Former member"

# Where what was told of somebody is until its time is over, and what is kept until then is as it was told (docs/kinds.md).
PASSING = {"job", "job_end", "job_try", "batch", "live_event", "hook_delivery", "expenses.digest_item", "throttle", "schedule", "billing.event"}


@pytest.fixture
def words_in(sql):
    """words_in("Zaphod"): where the database has them: each column of any table that can be read as text."""
    columns = json.loads(sql("select json_agg(json_build_array(c.oid::regclass, a.attname)) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                             "join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
                             "where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_|^information_schema$|^sandbox$' "
                             "and a.atttypid in ('text'::regtype, 'varchar'::regtype, 'json'::regtype, 'jsonb'::regtype, 'text[]'::regtype)"))
    assert ["expenses.profile", "bio"] in columns and ["account", "email"] in columns

    def look(*words):
        parts = " union all ".join(f"select '{table}.{column}' where exists (select from {table} where {column}::text ilike any (%s::text[]))"
                                   for table, column in columns if table not in PASSING)
        wanted = array(f'"%{word}%"' for word in words).replace("%", "%%")
        return sql(parts.replace("%s", "'" + wanted + "'")).split()
    return look


@pytest.fixture
def closed(sql, does):        # pylint: disable=redefined-outer-name
    """closed(ann): her account was closed, and what is to be erased of it is."""
    def close(client):
        shut(sql, client)
        assert does("maint.erase", account=client.number) == {"accounts": 1}
    return close


def shut(sql, client):
    sql("update account set deleted_at = now(), tokens_valid_after = now() where id = %s", client.number)   # no schedule looks for an hour


def stands(group, *clients):
    """All balances of a group, as each of these sees them; it is the same for all of them."""
    seen = [client.get(f"{group}balances/").data for client in clients]
    first = [(one.user.id, one.balance) for one in seen[0].balances]
    assert all([(one.user.id, one.balance) for one in other.balances] == first for other in seen)
    return first, [(one["from"].id, one.to.id, one.amount) for one in seen[0].simplified_debts]


def texts(client, group):
    return [(one.type, one.description) for one in client.get(f"{group}activity/?page_size=100").data]


@pytest.fixture
def ended(sql):
    """ended("mail.send"): all jobs of that kind that were put since the test began have ended."""
    since = sql("select job_id_floor(clock_timestamp())")

    def wait(kind):
        until(lambda: sql("select count(*) from job j where kind = %s and j.id >= %s and not exists (select from job_end e where e.id = j.id)",
                          kind, since) == "0", f"{kind} has ended")
    return wait


def test_nothing_tells_who_a_former_member_was(circle, sql, closed, words_in, ended, stack, mailbox, till):
    """Of what groups do not need nothing is left; all that they do says that it is a former member's."""
    word, tel = f"Zaphod{secrets.token_hex(3)}", "+1555" + str(secrets.randbelow(10 ** 7)).zfill(7)
    who, (bob, eve) = circle.person(word, verified=True), circle.people("Bob", "Eve")
    who.call("PATCH", "/api/users/me/", 200, {"bio": f"{word} it is", "phone_number": tel, "profile": {"city": f"{word}ville"}})
    who.upload("/api/users/me/avatar/", avatar=("me.png", png(64, 64)), type="image/png")
    group = circle.group(bob, who, eve)
    eve.call("PUT", "/api/notifications/preferences/", 200, {"preferences": [{"type": "comment_added", "channels": ["in_app"]}]})
    who.post("/api/webhooks/", {"url": "https://hooks.example.org/x", "events": ["expense.created"]}, 201)
    bob.post(f"{group}invite/", {"email": f"{word}-2@example.org".lower()}, 201)          # somebody else: stays invited
    sql("update expenses.member set email = replace(email, %s, 'other') where account_id is null", word.lower())
    shared = who.post(EXPENSES, {"title": "Dinner", "amount": "30.00", "group_id": group.split("/")[-2]}, 201).data
    own = who.post(EXPENSES, {"title": f"Towel for {word}", "amount": "5.00"}, 201).data
    for one in (shared, own):
        who.upload(f"{EXPENSES}{one.id}/receipt/", receipt=("r.png", png(32, 32)), type="image/png", prefer="respond-async")
    who.post(f"{EXPENSES}{own.id}/comments/", {"comment": f"{word} was here"}, 201)
    who.post(f"{EXPENSES}{shared.id}/comments/", {"comment": "It was good"}, 201)
    asked = bob.post(SETTLEMENTS, {"payee_id": who.ref, "amount": "4.00", "group_id": group.split("/")[-2]}, 201).data
    who.post(f"{SETTLEMENTS}{asked.id}/confirm/", {"confirmation_type": "received", "payment_method": "cash"})
    who.post(METHODS, {"method_type": "stripe", "stripe_token": "tok_visa"}, 201)
    sql("update expenses.settlement set due_date = current_date where id = %s", number(asked.id))
    for kind in ("hook.fanout", "image.variant", "ai.ocr", "mail.send"):
        ended(kind)
    other = circle.group(eve)
    eve.post(f"{other}invite/", {"email": who.email}, 201)
    ended("mail.invitation")
    sql("insert into sms (job_id, product, account_id, phone_number, body) values (gen_random_uuid(), 'expenses', %s, %s, 'x')", who.number, tel)
    who.call("PATCH", "/api/users/me/", 200, {"first_name": "Slarti"})                   # whose former name is as telling
    sql("delete from billing.customer where account_id = %s", who.number)                 # Stripe has forgotten him
    places = words_in(word, who.email, tel)
    assert {"account.email", "expenses.profile.bio", "expenses.member.email", "expenses.activity.description", "expenses.expense.title",
            "expenses.notification.message", "sms.phone_number", "expenses.comment.comment"} <= set(places)
    before, files, said = stands(group, bob, eve), files_of(stack, sql, who.number), texts(bob, group)
    receipt = Path(stack["storage"]) / sql("select storage_key from file f join expenses.expense e on e.receipt_id = f.id where e.id = %s", shared.id[4:])
    assert len(files) >= 3 and all(file.exists() for file in files) and receipt in files
    assert any(word in text for _, text in said)

    closed(who)
    assert words_in(word, who.email, tel, "Slarti") == []
    assert [file for file in files if file.exists()] == [receipt]                        # a group's: others see it
    assert stands(group, bob, eve) == before and circle.wrong(group) == ""
    told = texts(bob, group)
    assert [kind for kind, _ in told] == [kind for kind, _ in said] and any(text.startswith(f"{FORMER} added 'Dinner'") for _, text in told)
    assert f"Bob Doe paid {FORMER} $4.00" in [text for _, text in told]
    seen = bob.get(f"{EXPENSES}{shared.id}/").data
    assert (seen.paid_by.name, seen.paid_by.avatar, seen.comments[0].user.name, seen.comments[0].comment) == (FORMER, None, FORMER, "It was good")
    assert bob.get(seen.receipt).http.status_code == 200
    person, = [one for one in bob.get(f"{group}members/").data if one.user.id == who.ref]
    assert (person.user.name, person.user.email, person.role) == (FORMER, f"former-{who.number}@former.invalid", "member")
    assert {one.payee.name for one in bob.get(SETTLEMENTS).data} == {FORMER}
    heard = bob.get("/api/notifications/?page_size=100").data
    assert f"A settlement of $4.00 between Bob Doe and {FORMER}" in [one.message for one in heard]
    assert any(one.message == f"{FORMER} commented on 'Dinner' expense: It was good" for one in heard)
    for path in (GROUPS, group, EXPENSES, "/api/analytics/summary/", f"{other}members/", f"{SETTLEMENTS}{asked.id}/"):
        (eve if path.startswith(other) else bob).get(path)
    assert [one.user.email for one in eve.get(f"{other}members/").data] == [eve.email]
    kept = json.loads(sql("select json_agg(t.name order by t.name) from (values ('session'), ('refresh_token'), ('hook'), ('billing.payment_method'), "
                          "('expenses.notice_choice'), ('idempotency')) as t(name) where (xpath('/row/n/text()', query_to_xml(format("
                          "'select count(*) as n from %%s where account_id = {0}', t.name), false, true, '')))[1]::text <> '0'".format(who.number)) or "[]")
    assert kept == []


def test_nobody_is_a_former_member(circle, sql, closed):
    """He cannot sign in, by no name that he had; somebody else may have his address."""
    who, bob = circle.people("Ann", "Bob")
    circle.expense(group := circle.group(bob, who), bob, 1000, who, bob)
    closed(who)
    who.get("/api/users/me/", 401)
    for address in (who.email, f"former-{who.number}@former.invalid", f"former-{who.number}"):
        status = bob.attempt("/api/auth/login/", {"email": address, "password": PASSWORD})
        assert status in (401, 422)
    again = circle.person("Ann", email=who.email)
    assert again.number != who.number and again.get(GROUPS).data == []
    bob.post(f"{group}invite/", {"email": again.email}, 201)
    assert [one.user.email for one in bob.get(f"{group}members/").data] == [bob.email, f"former-{who.number}@former.invalid", again.email]


def test_who_is_even_leaves_and_who_is_not_stays_until_he_is(circle, sql, closed, does):       # pylint: disable=redefined-outer-name
    """The group settles what is open: by another split, by a settlement, by an expense. Nothing new is his."""
    who, bob, eve = circle.people("Ann", "Bob", "Eve")
    even, owing, owed = circle.group(who, bob, eve), circle.group(who, bob), circle.group(bob, who, eve)
    debt = circle.expense(owing, bob, 3000, who, bob)
    circle.expense(owed, who, 3000, who, bob, eve)
    closed(who)
    admins = lambda group: [one.user.id for one in bob.get(f"{group}members/").data if one.role == "admin"]   # noqa: E731
    assert who.ref not in [one.user.id for one in bob.get(f"{even}members/").data] and admins(even) == [bob.ref] == admins(owing)
    assert ("member_left", f"{FORMER} left the group") in texts(eve, even)
    assert stands(owing, bob)[0] == [(who.ref, "-15.00"), (bob.ref, "15.00")]
    made = bob.post(EXPENSES, {"title": "Soap", "amount": "9.00", "group_id": owing.split("/")[-2]}, 201).data
    assert [one.user_id for one in made.participants] == [bob.ref]
    assert does("maint.erase") is not None and who.ref in [one.user.id for one in bob.get(f"{owing}members/").data]

    bob.post(f"{EXPENSES}exp_{debt}/split/", {"split_type": "equal", "split_data": {"participants": [bob.ref]}})
    for payer in (bob, eve):
        asked = payer.post(SETTLEMENTS, {"payee_id": who.ref, "amount": "10.00", "group_id": owed.split("/")[-2]}, 201).data
        payer.post(f"{SETTLEMENTS}{asked.id}/confirm/", {"confirmation_type": "paid", "payment_method": "cash"})
    does("maint.erase")
    for group in (owing, owed):
        assert who.ref not in [one.user.id for one in bob.get(f"{group}members/").data] and circle.wrong(group) == ""
    assert sql("select count(*) from expenses.member where account_id = %s and status <> 'left'", who.number) == "0"


def test_what_he_owes_may_be_borne_by_others(circle, sql, closed, does):       # pylint: disable=redefined-outer-name
    """An expense that he is said to have paid; and while a payment of his is processed nobody says that he is even."""
    who, bob = circle.people("Ann", "Bob")
    group = circle.group(bob, who)
    circle.expense(group, bob, 3000, who, bob)
    paying = circle.settlement(group, who, bob, 100, "processing")
    closed(who)
    bob.post(EXPENSES, {"title": "Written off", "amount": "15.00", "group_id": group.split("/")[-2], "paid_by": who.ref}, 201)
    inside = lambda: who.ref in [one.user.id for one in bob.get(f"{group}members/").data]   # noqa: E731
    does("maint.erase")
    assert bob.get(group).data.my_balance == "0.00" and inside()
    sql("update expenses.settlement set status = 'failed' where id = %s", paying)
    does("maint.erase")
    assert not inside() and circle.wrong(group) == "" and bob.get(f"{SETTLEMENTS}stl_{paying}/").data.status == "cancelled"


def test_others_go_on_meanwhile(circle, closed, words_in):
    """Who is in the middle of something with him waits for a bite at most, and names nobody afterwards."""
    word = f"Agrajag{secrets.token_hex(3)}"
    who, bob, eve = circle.person(word), *circle.people("Bob", "Eve")
    group = circle.group(bob, who, eve)
    circle.expense(group, bob, 3000, who, bob)
    ref = group.split("/")[-2]

    def spend(client):
        for n in range(12):
            client.post(EXPENSES, {"title": f"No {n}", "amount": "9.00", "group_id": ref,
                                   "split_data": {"participants": [who.ref, bob.ref, eve.ref]}}, 201)
            asked = client.post(SETTLEMENTS, {"payee_id": who.ref, "amount": "1.00", "group_id": ref}, 201).data
            client.post(f"{SETTLEMENTS}{asked.id}/confirm/", {"confirmation_type": "paid", "payment_method": "cash"})
    with ThreadPoolExecutor(2) as pool:
        spending = [pool.submit(spend, client) for client in (bob, eve)]
        closed(who)
    assert [one.result() for one in spending] == [None, None]
    assert circle.wrong(group) == "" and words_in(word, who.email) == []


def test_a_former_member_is_looked_at_once(circle, sql, closed, does):       # pylint: disable=redefined-outer-name
    who, bob = circle.people("Ann", "Bob")
    circle.expense(circle.group(bob, who), bob, 1000, who, bob)
    closed(who)
    rows = sql("select json_build_array(a, p) from account a join expenses.profile p on p.account_id = a.id where a.id = %s", who.number)
    assert does("maint.erase", account=who.number) == {"accounts": 0}
    assert sql("select json_build_array(a, p) from account a join expenses.profile p on p.account_id = a.id where a.id = %s", who.number) == rows
    assert sql("select a.erased_at is not null from account a where id = %s", who.number) == "t"


def test_what_died_in_between_is_gone_on_with(circle, sql, words_in, ended, does):       # pylint: disable=redefined-outer-name
    """After each bite there may be nobody to do the next; then another begins at the beginning."""
    word = f"Trillian{secrets.token_hex(3)}"
    who, bob, eve = circle.person(word), *circle.people("Bob", "Eve")
    group, second = circle.group(who, bob, eve), circle.group(bob, who)
    for amount in (30, 12):
        who.post(EXPENSES, {"title": "Dinner", "amount": f"{amount}.00", "group_id": group.split("/")[-2]}, 201)
        who.post(EXPENSES, {"title": word, "amount": "1.00"}, 201)
    ended("hook.fanout")
    shut(sql, who)
    before, bites = stands(group, bob, eve), 0
    while sql("select erased_at is null from account where id = %s", who.number) == "t":
        sql("begin; select expenses.former_bite(%s, 1), account_erase(%s, 1); rollback", who.number, who.number)
        if sql("select expenses.former_bite(%s, 1)", who.number) == "0":
            sql("select account_erase(%s, 1)", who.number)
        bites += 1
        assert bites < 200 and stands(group, bob, eve) == before and circle.wrong(group) == "" == circle.wrong(second)
    assert bites > 10 and words_in(word, who.email) == []
    assert does("maint.erase", account=who.number) == {"accounts": 0}


def test_a_job_that_fails_is_tried_again(circle, sql, words_in, operator, trouble, by_hand):
    """The database refuses one row in the midst of it: what was done stays, nobody else waits, and the next try ends it."""
    by_hand("house.erase")
    word = f"Marvin{secrets.token_hex(3)}"
    who, bob, eve = circle.person(word), *circle.people("Bob", "Eve")
    circle.expense(group := circle.group(bob, who), bob, 1000, who, bob)
    who.post(EXPENSES, {"title": word, "amount": "1.00"}, 201)
    trouble.refuse("expenses.comment", "delete", f"old.account_id = {who.number}")
    who.post(f"{EXPENSES}{who.get(EXPENSES + '?search=' + word).data[0].id}/comments/", {"comment": "x"}, 201)
    for client, hours in ((who, 3), (eve, 2)):
        sql("update account set deleted_at = now() - make_interval(hours => %s) where id = %s", hours, client.number)
    job = operator("put", "maint.erase").split()[0]
    assert "the rows could not be removed" in trouble.failed(job)
    assert sql("select count(*) from account where id = %s", eve.number) == "0", "it holds up nobody"
    assert bob.get(f"{group}members/").data[1].user.name == FORMER
    assert words_in(word) == ["expenses.expense.title", "expenses.expense.words"]
    trouble.heal()
    assert json.loads(trouble.again(job))["accounts"] >= 1 and words_in(word, who.email) == []


def test_a_group_that_nobody_is_in_any_more_goes(circle, sql, closed, does):       # pylint: disable=redefined-outer-name
    """The books of a group are kept for who has an account; when nobody has, the group goes, and its members do."""
    ann, bob, eve = circle.people("Ann", "Bob", "Eve")
    alone, both, three = circle.group(ann), circle.group(ann, bob), circle.group(ann, bob, eve)
    for group in (both, three):
        ann.post(EXPENSES, {"title": "Dinner", "amount": "30.00", "group_id": group.split("/")[-2]}, 201)
    there = lambda group: sql("select count(*) from expenses.expense_group where id = %s", number(group.rstrip("/"))) == "1"   # noqa: E731
    closed(ann)
    assert (there(alone), there(both), there(three)) == (False, True, True)
    closed(bob)
    assert (there(both), there(three)) == (False, True)
    assert eve.get(f"{three}balances/").data.balances[0].user.name == FORMER and circle.wrong(three) == ""
    assert sql("select count(*) from expenses.share s where not exists (select from expenses.expense_group g where g.id = s.group_id) "
               "and s.account_id in (%s, %s)", ann.number, bob.number) == "0"
    closed(eve)
    for one in (ann, bob):
        assert does("maint.erase", account=one.number) == {"accounts": 1}
    assert sql("select count(*) from account where id in (%s, %s, %s)", ann.number, bob.number, eve.number) == "0" and not there(three)


def test_nobody_comes_into_a_group_that_goes(circle, sql, mailbox):
    ann, eve = circle.people("Ann", "Eve")
    made = ann.post(GROUPS, {"name": "Flat", "currency": "EUR"}, 201).data
    ann.post(f"{GROUPS}{made.id}/invite/", {"email": eve.email}, 201)
    token = invited(mailbox, eve.email)
    for _ in range(2):
        ann.post(EXPENSES, {"title": "Dinner", "amount": "30.00", "group_id": made.id}, 201)
    shut(sql, ann)
    until(lambda: sql("select expenses.former_bite(%s, 1), is_active from expenses.expense_group where id = %s", ann.number,
                      number(made.id)).endswith("f"), "it is closed")
    eve.post(f"{GROUPS}join/", {"invite_code": made.invite_code}, 404)
    eve.post(accept(token), expect=409)


def test_who_spent_alone_goes_whole(circle, sql, closed):
    """What was noted of a personal expense kept its account from being erased: a note is of a group or of an expense."""
    ann = circle.person("Ann")
    one = ann.post(EXPENSES, {"title": "Tea", "amount": "3.00"}, 201).data
    ann.post(f"{EXPENSES}{one.id}/comments/", {"comment": "green"}, 201)
    closed(ann)
    assert sql("select count(*) from account where id = %s", ann.number) == "0"
    assert sql("select count(*) from expenses.expense where id = %s", number(one.id)) == "0"


def test_what_is_kept_of_payments(circle, sql, closed, till):
    """That a settlement was paid by card is in the books of two; by which card is not."""
    who, bob = circle.people("Ann", "Bob")
    circle.expense(group := circle.group(bob, who), bob, 3000, who, bob)
    card = who.post(METHODS, {"method_type": "stripe", "stripe_token": "tok_visa"}, 201).data.id
    asked = who.post(SETTLEMENTS, {"payee_id": bob.ref, "amount": "15.00", "group_id": group.split("/")[-2]}, 201).data
    who.post("/api/payments/process/", {"settlement_id": asked.id, "payment_method_id": card, "amount": "15.00", "currency": "USD"})
    until(lambda: bob.get(f"{SETTLEMENTS}{asked.id}/").data.status == "completed", "it is paid")
    sql("delete from billing.customer where account_id = %s", who.number)
    closed(who)
    assert sql("select status || ' ' || amount || ' ' || coalesce(payment_method, 'none') from billing.payment where account_id = %s",
               who.number) == "succeeded 1500 none"
    assert sql("select count(*) from billing.payment_method where account_id = %s", who.number) == "0"
    assert bob.get(f"{SETTLEMENTS}{asked.id}/").data.payer.name == FORMER
    assert bob.get(group).data.my_balance == "0.00" and who.ref not in [one.user.id for one in bob.get(f"{group}members/").data]


def test_a_group_of_former_members_is_administered_by_who_comes(circle, closed, sql):
    """There were members who have a say, but nobody who had come when the last of them left could become admin."""
    ann, bob, cid, eve = circle.people("Ann", "Bob", "Cid", "Eve")
    group = circle.group(ann, bob, cid)
    code = ann.get(group).data.invite_code
    circle.expense(group, bob, 1000, bob, cid)
    for one in (bob, cid):
        closed(one)
    ann.post(f"{group}leave/")
    eve.post(f"{GROUPS}join/", {"invite_code": code})
    assert eve.get(group).data.is_admin
    ann.post(f"{GROUPS}join/", {"invite_code": code})
    assert not ann.get(group).data.is_admin and eve.get(group).data.is_admin


def test_who_comes_into_a_group_keeps_it(circle, sql, closed, stack):
    """It was to be erased when nobody had come yet: that was done though somebody had, meanwhile."""
    ann, bob, eve = circle.people("Ann", "Bob", "Eve")
    circle.expense(group := circle.group(ann, bob), ann, 1000, ann, bob)
    mine, code = number(group.rstrip("/")), ann.get(group).data.invite_code
    closed(bob)
    shut(sql, ann)
    while sql("select bool_and(former) from expenses.member where group_id = %s", mine) == "f":
        sql("select expenses.former_bite(%s, 1)", ann.number)
    assert sql("select expenses.group_forsaken(%s)", ann.number) == str(mine)
    with subprocess.Popen(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", stack["database_url"]], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as psql, ThreadPoolExecutor(1) as pool:
        psql.stdin.write(f"begin;\nselect message from expenses.group_join({eve.number}, '{code}', 'here', '', '');\n")
        psql.stdin.flush()
        assert "joined" in psql.stdout.readline()
        bite = pool.submit(Database(stack["database_url"]), f"select expenses.former_bite({ann.number}, 1)")
        until(lambda: sql("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like %s", "%%former_bite%%") != "0",
              "it waits")
        psql.stdin.write("commit;\n")
        psql.stdin.close()
        psql.stdout.read()
    assert bite.result() == "1"
    while sql("select expenses.former_bite(%s, 1)", ann.number) != "0":
        pass
    there = eve.get(group).data
    assert (there.is_active, there.is_admin, there.invite_code) == (True, True, code)
    assert "group_created" in [kind for kind, _ in texts(eve, group)] and circle.wrong(group) == ""


def test_a_receipt_goes_when_no_group_shows_it_any_more(circle, sql, closed, does, stack):    # pylint: disable=redefined-outer-name
    """It stayed for ever when its expense was deleted after its owner had been erased."""
    who, bob = circle.people("Ann", "Bob")
    group = circle.group(bob, who)
    shared = who.post(EXPENSES, {"title": "Dinner", "amount": "30.00", "group_id": group.split("/")[-2]}, 201).data
    who.upload(f"{EXPENSES}{shared.id}/receipt/", receipt=("r.png", png(32, 32)), type="image/png")
    closed(who)
    file, = [one for one in files_of(stack, sql, who.number) if one.exists()]
    bob.delete(f"{EXPENSES}{shared.id}/", 204)
    assert does("maint.erase", account=who.number) == {"accounts": 1} and not file.exists()
    assert sql("select count(*) from file where account_id = %s", who.number) == "0"

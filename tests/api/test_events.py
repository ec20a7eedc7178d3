# SPDX-License-Identifier: GPL-3.0-or-later
"""What the calls of the Expense Tracker bring about: webhooks, notifications, and what is told at once, a row each."""
import json
import sys
from pathlib import Path

import pytest

CONTRACT = Path(__file__).parents[1] / "contract"
sys.path.append(str(CONTRACT))
from books import png                                                       # noqa: E402   pylint: disable=wrong-import-position
from shape import troubles                                                  # noqa: E402   pylint: disable=wrong-import-position,import-error
from test_hooks import EVENTS                                               # noqa: E402   pylint: disable=wrong-import-position
from waits import until                                                     # noqa: E402   pylint: disable=wrong-import-position

GROUPS, EXPENSES, SETTLEMENTS = "/api/groups/", "/api/expenses/", "/api/payments/settlements/"
PAY, METHODS, TOLD, CHOICE = "/api/payments/process/", "/api/payments/methods/", "/api/notifications/", "/api/notifications/preferences/"
# The reference's own, by what stands behind "expenses.".
EXAMPLES = {case["id"].removeprefix("expenses."): case for case in json.loads((CONTRACT / "contract.json").read_text())["cases"]
            if case["product"] == "expenses"}
MEMBERS, PARTIES = {"ann", "bob", "carl"}, {"ann", "bob"}


class World:
    """A group of ann, who founded it, bob and carl; gus is in it too, fay was, and eve is not. Each is somebody's name as well."""

    def __init__(self, member, sql):
        self.sql, self.people = sql, {}
        for name in ("ann", "bob", "carl", "gus", "fay", "eve"):
            self.people[name] = member(first_name=name.title())
        self.group = self.ann.post(GROUPS, {"name": "Roommates", "currency": "USD"}, 201).data
        self.ann.upload("/api/users/me/avatar/", avatar=("ann.png", png(64, 64)))
        for name in ("bob", "carl", "gus", "fay"):
            self.join(self.people[name])
        self.people["fay"].post(f"{GROUPS}{self.group.id}/leave/")
        self.settled()

    def __getattr__(self, name):
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None

    def settled(self):
        """All that has happened so far was told."""
        until(lambda: self.sql("select count(*) from job j where j.kind = 'hook.fanout' and not exists "
                               "(select from job_end e where e.id = j.id)") == "0", "all is told")

    # -- what they do --------------------------------------------------------------------------------------------------

    def join(self, client):
        return client.post(f"{GROUPS}join/", {"invite_code": self.group.invite_code})

    def lunch(self, title="Lunch"):
        return self.ann.post(EXPENSES, {"title": title, "amount": "40.00", "group_id": self.group.id, "category_id": "cat_1", "tags": ["noon"],
                                        "vendor": "Luigi's", "location": "123 Main St"}, 201).data

    def owed(self):
        """Bob is to pay ann, until the day after tomorrow."""
        day = self.sql("select (now() at time zone 'UTC')::date + 2")
        return self.bob.post(SETTLEMENTS, {"payee_id": self.ann.id, "amount": "10.00", "currency": "USD", "group_id": self.group.id,
                                           "due_date": day}, 201).data

    def paid(self, card):
        """Bob has a settlement charged to a card."""
        self.lunch()
        settlement = self.owed()
        method = self.bob.post(METHODS, {"method_type": "stripe", "stripe_token": card}, 201).data.id
        self.bob.call("POST", PAY, 200 if card == "tok_visa" else 422, {
            "settlement_id": settlement.id, "payment_method_id": method, "amount": "10.00", "currency": "USD"})
        return settlement


@pytest.fixture
def world(member, sql):
    return World(member, sql)


# -- webhooks ----------------------------------------------------------------------------------------------------------

def expense_created(world):
    return world.lunch().id, MEMBERS


def expense_updated(world):
    made = world.lunch()
    world.ann.call("PUT", f"{EXPENSES}{made.id}/", 200, {"title": "A late lunch"})
    return made.id, MEMBERS


def expense_deleted(world):
    made = world.lunch()
    world.ann.delete(f"{EXPENSES}{made.id}/", 204)
    return made.id, MEMBERS


def payment_completed(world):
    return world.paid("tok_visa").id, PARTIES


def payment_failed(world):
    return world.paid("tok_chargeCustomerFail").id, PARTIES


def settlement_created(world):
    world.lunch()
    return world.owed().id, PARTIES


def settlement_completed(world):
    world.lunch()
    made = world.owed()
    world.ann.post(f"{SETTLEMENTS}{made.id}/confirm/", {"confirmation_type": "received", "payment_method": "cash"})
    return made.id, PARTIES


def member_joined(world):
    world.join(world.eve)
    return world.eve.id, MEMBERS | {"eve"}


def member_left(world):
    """Who leaves hears of it once more."""
    world.carl.post(f"{GROUPS}{world.group.id}/leave/")
    return world.carl.id, MEMBERS


# What causes each event: it gives an id that the event's data name, and who is to hear of it.
CAUSES = {"expense.created": expense_created, "expense.updated": expense_updated, "expense.deleted": expense_deleted,
          "payment.completed": payment_completed, "payment.failed": payment_failed, "settlement.created": settlement_created,
          "settlement.completed": settlement_completed, "group.member_joined": member_joined, "group.member_left": member_left}


def test_each_event_has_a_cause():
    assert list(CAUSES) == EVENTS


def named(data):
    """The id of what an event's data are about."""
    whole = data.get("expense") or data.get("settlement") or data.get("user")
    return whole["id"] if whole else data.get("expense_id") or data.get("settlement_id")


def about(subscriber, event, thing):
    """What a subscriber heard of one thing."""
    return [got for got in subscriber.wait(0) if got.body["event"] == event and named(got.body["data"]) == thing]


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_reaches_who_may_know_and_has_asked(world, subscriber, event):
    hooks = {}
    for name, client in world.people.items():
        wanted = [other for other in EVENTS if other != event] if name == "gus" else EVENTS
        hooks[name] = client.post("/api/webhooks/", {"url": f"{subscriber.url}/{name}", "events": wanted}, 201).data
    thing, audience = CAUSES[event](world)
    until(lambda: len(about(subscriber, event, thing)) >= len(audience), f"they do not hear of {event}")
    world.settled()                                                 # there is a row for each who is to hear of it
    put = json.loads(world.sql("select coalesce(json_agg(json_build_array(h.url, d.body::json -> 'data') order by h.id), '[]') "
                               "from hook_delivery d join hook h on h.id = d.hook_id where d.event = %s and h.url like %s",
                               event, f"{subscriber.url}/%%"))
    assert sorted(url.rsplit("/", 1)[1] for url, data in put if named(data) == thing) == sorted(audience)
    heard = about(subscriber, event, thing)
    assert len(heard) == len(audience)
    for got in heard:
        hook = hooks[got.path.rsplit("/", 1)[1]]
        assert got.signed_with(hook.secret) and got.headers["X-Webhook-Event"] == event
        assert list(troubles(EXAMPLES[f"webhook_out.{event.replace('.', '_')}"]["request"], got.body)) == []
        assert got.body["metadata"] == {"webhook_id": hook.id, "api_version": "1.0", "sequence": int(got.headers["X-Webhook-Sequence"])}


def test_of_a_personal_expense_its_owner_hears(world, subscriber):
    for name, client in world.people.items():
        client.post("/api/webhooks/", {"url": f"{subscriber.url}/{name}", "events": EVENTS}, 201)
    made = world.ann.post(EXPENSES, {"title": "A present for Bob", "amount": 25.5}, 201).data
    world.settled()
    got, = subscriber.wait(1)
    assert (got.path, got.body["event"]) == ("/hook/ann", "expense.created")
    assert (got.body["data"]["expense"]["id"], got.body["data"]["expense"]["group"]) == (made.id, None)


def test_events_of_a_group_come_in_their_order(world, subscriber):
    world.bob.post("/api/webhooks/", {"url": subscriber.url, "events": EVENTS}, 201)
    wanted = []
    for n in range(4):
        made = world.lunch(f"No {n}")
        world.ann.call("PUT", f"{EXPENSES}{made.id}/", 200, {"title": f"No {n} again"})
        world.ann.delete(f"{EXPENSES}{made.id}/", 204)
        wanted += [(f"expense.{word}", made.id) for word in ("created", "updated", "deleted")]
    got = subscriber.wait(len(wanted))
    assert [(one.body["event"], named(one.body["data"])) for one in got] == wanted
    assert [one.body["metadata"]["sequence"] for one in got] == list(range(1, len(wanted) + 1))


def test_long_names_do_not_keep_an_event_back(member, sql, subscriber, outcome):
    ann = member()
    notice = json.dumps({"type": "member_joined", "title": "x" * 300, "message": "y" * 6000})
    job = sql("select event_tell('expenses', 'group.member_joined', 'group/x', array[%s]::bigint[], '{}', %s)", ann.number, notice).split()[1]
    assert outcome(job) == "done"
    told, = ann.get(TOLD)["data"]
    assert (told.title, len(told.message)) == ("x" * 197 + "...", 5000)


# -- notifications -----------------------------------------------------------------------------------------------------

def comment_added(world):
    made = world.lunch()
    world.bob.post(f"{EXPENSES}{made.id}/comments/", {"comment": "Thanks for covering this!"}, 201)


def payment_due(world):
    world.lunch()
    world.sql("update expenses.settlement set remind_at = now() where id = %s", world.owed().id.removeprefix("stl_"))
    world.remind()


def group_invite(world):
    """Who has said that the address is his is known by it."""
    world.sql("update account set verified_at = now() where id = %s", world.eve.number)
    world.ann.post(f"{GROUPS}{world.group.id}/invite/", {"email": world.eve.email}, 201)


def report_ready(world):
    made = world.ann.post("/api/analytics/reports/generate/", {"report_type": "expense_summary", "format": "json"}, 202).data
    until(lambda: world.ann.get(f"/api/analytics/reports/{made.report_id}/").data.status == "completed", "the report is made")


# Who is told of each type, and by what. "expense_updated" is told of what was changed and of what was deleted.
NOTICES = {"expense_added": ("bob", expense_created), "expense_updated": ("bob", expense_updated), "comment_added": ("ann", comment_added),
           "settlement_requested": ("ann", settlement_created), "settlement_completed": ("bob", settlement_completed),
           "payment_due": ("bob", payment_due), "group_invite": ("eve", group_invite), "member_joined": ("ann", member_joined),
           "member_left": ("ann", member_left), "report_ready": ("ann", report_ready)}


@pytest.fixture
def reminded(world, operator):
    """The house reminds of what is due."""
    world.__dict__["remind"] = lambda: operator("put", "maint.remind", "--wait")
    return world


def test_each_type_has_a_cause(world):
    assert list(NOTICES) == [choice.type for choice in world.ann.get(CHOICE).data.preferences]


@pytest.mark.parametrize("kind", NOTICES)
def test_of_each_type_there_is_a_notification_and_a_mail(reminded, mailbox, kind):
    """An invitation is mailed with its token, and leads nowhere without."""
    name, cause = NOTICES[kind]
    client = reminded.people[name]
    before = {one.id for one in client.get(f"{TOLD}?type={kind}")["data"]}
    cause(reminded)
    reminded.settled()
    told = [one for one in client.get(f"{TOLD}?type={kind}")["data"] if one.id not in before]
    assert len(told) == 1, told
    assert told[0].title and told[0].message and not told[0].is_read
    assert (told[0].action_url or "").startswith("/") == (kind != "group_invite")
    subject = "invites you to Roommates" if kind == "group_invite" else told[0].title
    until(lambda: any(subject in mail["subject"] for mail in mailbox.wait(client.email)), "nothing is mailed")


@pytest.mark.parametrize("kind", NOTICES)
def test_who_does_not_want_a_type_is_not_told(reminded, kind):
    name, cause = NOTICES[kind]
    client = reminded.people[name]
    client.call("PUT", CHOICE, 200, {"preferences": [{"type": kind, "enabled": False}]})
    before = client.get(f"{TOLD}?type={kind}").meta.pagination.total_items
    mails = reminded.sql("select count(*) from job where kind = 'mail.send' and account_id = %s", client.number)
    cause(reminded)
    reminded.settled()
    assert client.get(f"{TOLD}?type={kind}").meta.pagination.total_items == before
    others = len([one for one in client.get(TOLD)["data"] if one.type != kind])
    assert int(reminded.sql("select count(*) from job where kind = 'mail.send' and account_id = %s", client.number)) - int(mails) <= others


# -- what is told at once ----------------------------------------------------------------------------------------------

def expense_receipt(world):
    made = world.lunch()
    world.ann.upload(f"{EXPENSES}{made.id}/receipt/", receipt=("receipt.png", png(64, 64)))
    return made.id, MEMBERS


def everybody(world):
    return sorted(world.people[name].number for name in ("ann", "bob", "carl", "gus"))


@pytest.mark.parametrize("action, cause", [("created", expense_created), ("updated", expense_updated), ("deleted", expense_deleted),
                                           ("receipt_processed", expense_receipt)])
def test_an_expense_is_told_at_once(world, action, cause):
    thing, _ = cause(world)
    row = json.loads(until(lambda: world.sql("select row_to_json(l) from live_event l where product = 'expenses' and type = 'expense_update' "
                                             "and data ->> 'expense_id' = %s and data ->> 'action' = %s", thing, action), "it is not told"))
    example = EXAMPLES["ws.expense_update"]["response"]["data"]
    assert list(troubles({**example, "expense": example["expense"] if action != "receipt_processed" else {"id": "exp_1"}}, row["data"])) == []
    assert row["data"]["expense"]["id"] == thing
    assert sorted(row["audience"]) == everybody(world)


def test_what_is_done_in_a_group_is_told_at_once(world):
    thing, _ = member_joined(world)
    row = json.loads(world.sql("select row_to_json(l) from live_event l where type = 'group_activity' and data ->> 'group_id' = %s "
                               "order by id desc limit 1", world.group.id))
    assert list(troubles(EXAMPLES["ws.group_activity"]["response"]["data"], row["data"])) == []
    assert row["data"]["activity"]["type"] == "member_joined" and row["data"]["activity"]["user"] == "Eve Member"
    assert set(row["audience"]) >= set(everybody(world)) and int(thing.removeprefix("usr_")) in row["audience"]


@pytest.mark.parametrize("status, cause", [("pending", settlement_created), ("completed", settlement_completed), ("failed", payment_failed)])
def test_a_settlement_is_told_at_once(world, status, cause):
    thing, _ = cause(world)
    row = json.loads(until(lambda: world.sql("select row_to_json(l) from live_event l where type = 'payment_update' and "
                                             "data ->> 'settlement_id' = %s and data ->> 'status' = %s", thing, status), "it is not told"))
    assert row["data"] == {"settlement_id": thing, "status": status, "payer": "Bob Member", "amount": "10.00"}
    assert {world.ann.number, world.bob.number} <= set(row["audience"]) and world.eve.number not in row["audience"]
